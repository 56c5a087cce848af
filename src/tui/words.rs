//! Words: the sentences of the dashboard — what goes on, what happened, what a question asks, what help says.

use std::borrow::Cow;
use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::bench::clean::{Lines, clean};
use crate::bench::event::{Entry, Event, NoteLevel, PauseCause, Stop};
use crate::bench::plan::Plan;
use crate::bench::tally::{Phase, Tally};
use crate::tui::format::{clock, count, plural, seconds, wrap};
use crate::tui::keymap::{Action, Key};
use crate::tui::model::{Mending, Model, Overlay};
use crate::tui::props::progress;
use crate::tui::theme::Ink;
use crate::tui::views::plan;
use crate::tui::widgets::activity::ActivityLine;
use crate::tui::widgets::sheet::{Line, prose};

/// After so long without a request, why is said.
const QUIET: Duration = Duration::from_secs(2);

/// How a note is inked.
pub fn ink_of(level: NoteLevel) -> Ink {
    match level {
        NoteLevel::Info => Ink::Text,
        NoteLevel::Warning => Ink::Warning,
        NoteLevel::Error => Ink::Error,
    }
}

/// What goes on right now; what the dashboard has just been told comes first.
pub fn now_line(model: &Model, now: Duration) -> (Cow<'_, str>, Ink) {
    if let Some(status) = model.status.as_ref().filter(|status| now < status.until) {
        return (clean(&status.text, Lines::Join), ink_of(status.level));
    }
    let tally = &model.tally;
    match tally.phase {
        Phase::Planned if model.starting => ("starting the run".into(), Ink::Text),
        Phase::Planned => (planned(model).into(), Ink::Text),
        _ if model.stopping == Some(Stop::InFlight) && tally.is_active() => {
            let out = plural(tally.in_flight() as u64, "request");
            let hint = model.hints("; ", &[(Action::Stop, "drops them")]);
            (format!("stopping: {out} in flight will be finished{hint}").into(), Ink::Warning)
        }
        Phase::Paused => (paused(model).into(), Ink::Warning),
        Phase::Running => (running(tally, now).into(), Ink::Text),
        Phase::Finished(ended) => {
            let done = plural(progress(model).0, "trial");
            let keys =
                [(Action::Best, "picks the best"), (Action::Copy, "copies its request"), (Action::Export, "exports")];
            let hint = model.hints(": ", &keys);
            let text = format!("the run is over ({}) after {done}{hint}", ended.name());
            (text.into(), Ink::Good)
        }
    }
}

fn planned(model: &Model) -> String {
    let plan = &model.plan;
    let variants = plan.variants.iter().filter(|variant| variant.included).count() as u64;
    let models = plan.models.len() as u64;
    let on = if models > 1 { format!(" on {}", plural(models, "model")) } else { String::new() };
    let what = format!("{} of {}{on}", plural(plan.planned_trials(), "trial"), plural(variants, "variant"));
    format!("nothing was sent yet{}", model.hints("; ", &[(Action::Run, &format!("runs {what}"))]))
}

fn paused(model: &Model) -> String {
    let why = model.tally.lines.iter().rev().find_map(|entry| match &entry.event {
        Event::Paused { reason, cause } if !reason.is_empty() => Some((clean(reason, Lines::Join), *cause)),
        _ => None,
    });
    let resumes = model.hints("; ", &[(Action::Run, "resumes")]);
    match why {
        Some((why, PauseCause::Throttles)) => {
            let hint = model.hints("; ", &[(Action::Run, "goes on all the same"), (Action::Stop, "stops")]);
            format!("paused: {why}{hint}")
        }
        Some((why, PauseCause::User)) => format!("paused: {why}{resumes}"),
        None => format!("paused{resumes}"),
    }
}

fn running(tally: &Tally, now: Duration) -> String {
    let out = plural(tally.in_flight() as u64, "request");
    let quiet = tally.last_sent.or(tally.started_at).map_or(Duration::ZERO, |last| now.saturating_sub(last));
    let waiting = waiting(tally, now).or_else(|| backing_off(tally, now)).or_else(|| judging(tally));
    match (quiet >= QUIET, waiting) {
        (true, Some(why)) => format!("no request sent for {}: {why}; {out} in flight", seconds(quiet)),
        (true, None) if tally.in_flight() > 0 => {
            format!("no request sent for {}: waiting for {out} in flight", seconds(quiet))
        }
        (true, None) => format!("no request sent for {}", seconds(quiet)),
        (false, Some(why)) => format!("{out} in flight; {why}"),
        (false, None) => format!("{out} in flight"),
    }
}

/// Which limit most waiting trials wait for, and when the first of them may go.
fn waiting(tally: &Tally, now: Duration) -> Option<String> {
    let (limit, _) = tally.waiting.values().next()?;
    let trials = tally.waiting.values().filter(|(of, _)| of == limit).count() as u64;
    let until = tally.waiting.values().filter_map(|(_, until)| *until).filter(|until| *until > now).min();
    let until = until.map_or_else(String::new, |until| format!(" until {} UTC", clock(until)));
    Some(format!(
        "{} for {}{until}",
        if trials == 1 { "a trial waits".into() } else { format!("{trials} trials wait") },
        limit.name()
    ))
}

fn judging(tally: &Tally) -> Option<String> {
    let answers = tally.judging.len() as u64;
    (answers > 0)
        .then(|| if answers == 1 { "an answer is judged".into() } else { format!("{answers} answers are judged") })
}

fn backing_off(tally: &Tally, now: Duration) -> Option<String> {
    tally.lines.iter().rev().take(16).find_map(|entry| match &entry.event {
        Event::InvocationFailed { fault, backoff: Some(backoff), .. } if entry.at + *backoff > now => {
            let left = seconds((entry.at + *backoff).saturating_sub(now));
            Some(format!("backing off {left} after {}", fault.kind.name()))
        }
        _ => None,
    })
}

/// An event as a line.
pub fn line<'a>(plan: &'a Plan, entry: &'a Entry) -> ActivityLine<'a> {
    let name = |variant: usize| plan.variants.get(variant).map_or("?", |variant| variant.name.as_str());
    let (text, ink): (Cow<'_, str>, Ink) = match &entry.event {
        Event::RunStarted { run, .. } => (format!("run {run} began").into(), Ink::Text),
        Event::InvocationFailed { trial, attempt, fault, backoff, .. } => {
            let next = backoff.map_or_else(|| "given up".into(), |wait| format!("again in {}", seconds(wait)));
            let text = format!(
                "{}: {} (attempt {attempt}, {next}): {}",
                name(trial.variant),
                fault.kind.name(),
                fault.message
            );
            (text.into(), if backoff.is_some() { Ink::Warning } else { Ink::Error })
        }
        Event::JudgeFailed { trial, attempt, fault, backoff, .. } => {
            let next = backoff.map_or_else(|| "not judged".into(), |wait| format!("again in {}", seconds(wait)));
            let (variant, kind) = (name(trial.variant), fault.kind.name());
            let text = format!("judge of {variant}: {kind} (attempt {attempt}, {next}): {}", fault.message);
            (text.into(), if backoff.is_some() { Ink::Warning } else { Ink::Error })
        }
        Event::VariantIncluded { variant } => (format!("{} takes part again", name(*variant)).into(), Ink::Text),
        Event::VariantRetired { variant, reason, .. } => {
            (format!("{} gets no more trials: {reason}", name(*variant)).into(), Ink::Text)
        }
        Event::VerificationStarted { variant, .. } => {
            (format!("{} is driven at the edge of the quota", name(*variant)).into(), Ink::Text)
        }
        Event::PolicySwitched { variant, reason } => {
            (format!("now with {}: {reason}", name(*variant)).into(), Ink::Text)
        }
        Event::Paused { reason, .. } => (format!("paused: {reason}").into(), Ink::Warning),
        Event::Resumed => ("resumed".into(), Ink::Text),
        Event::Noted { level, text } => (text.as_str().into(), ink_of(*level)),
        Event::RunFinished { ended, reason } => {
            let why = reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            (format!("the run ended: {}{why}", ended.name()).into(), Ink::Good)
        }
        Event::LimitLearned { model, limit, value } => {
            let of = plan.models.get(*model).filter(|_| plan.models.len() > 1);
            let of = of.map_or_else(String::new, |model| format!(" of {}", model.id));
            (format!("{}{of}: about {} can be taken", limit.name(), count(*value)).into(), Ink::Text)
        }
        // The tally keeps no line of these.
        Event::QuotaDetected { .. }
        | Event::AccountUseRead { .. }
        | Event::ClientMeasured { .. }
        | Event::ConcurrencySet { .. }
        | Event::TrialWaited { .. }
        | Event::InvocationStarted { .. }
        | Event::Progress { .. }
        | Event::TrialAnswered { .. }
        | Event::JudgeQuotaDetected { .. }
        | Event::JudgeLimitLearned { .. }
        | Event::JudgeAsked { .. }
        | Event::JudgeReplied { .. }
        | Event::TrialFinished { .. } => ("".into(), Ink::Muted),
    };
    ActivityLine { at: clock(entry.at), text: clean(&text, Lines::Join).into_owned().into(), ink }
}

/// What lies over the view.
#[derive(Debug, Default)]
pub struct Laid {
    /// Its title.
    pub title: String,
    /// Its lines, which scroll.
    pub lines: Vec<Line>,
    /// What stands below them and does not.
    pub foot: Vec<Line>,
    /// How many of the lines are scrolled away.
    pub scroll: usize,
}

/// What lies over the view, for so many columns.
pub fn overlay(model: &Model, columns: u16) -> Option<Laid> {
    let laid = |title: &str, lines, scroll| Laid { title: title.to_owned(), lines, foot: Vec::new(), scroll };
    Some(match model.overlay.as_ref()? {
        // It draws itself.
        Overlay::Models(_) => return None,
        Overlay::Help { scroll } => laid("Keys and figures", help(model, columns), *scroll),
        Overlay::ConfirmQuit => laid("Quit?", confirm_quit(model), 0),
        Overlay::Plan { scroll } => Laid {
            title: plan::title(model),
            lines: plan::lines(model, columns),
            foot: plan::foot(model, columns),
            scroll: *scroll,
        },
        Overlay::Adjust(adjusting) => {
            let (title, lines, foot) = model.adjusting_lines(adjusting, columns);
            Laid { title, lines, foot, scroll: 0 }
        }
        Overlay::Mend(mending) => mend(model, mending, columns),
        Overlay::Prompt(view) => {
            let name = model.tally.plan.variants.get(view.of.variant).map_or("", |variant| variant.name.as_str());
            let lines = match &view.text {
                Ok(text) => prose(&clean(text, Lines::Keep), columns, Ink::Text),
                Err(why) => prose(&clean(why, Lines::Keep), columns, Ink::Warning),
            };
            laid(&format!("Ready request: {}", clean(name, Lines::Join)), lines, view.scroll)
        }
    })
}

/// What is wrong with what was written: carets stand under what they mean, so no line is broken.
fn mend(model: &Model, mending: &Mending, columns: u16) -> Laid {
    let why = clean(&mending.why, Lines::Keep);
    let line = |line: &str| vec![(line.to_owned(), 0, if line.starts_with("error") { Ink::Error } else { Ink::Text })];
    let key = |action, text: &str| {
        vec![(model.key(action).unwrap_or_default(), 5, Ink::Key), (text.to_owned(), 0, Ink::Text)]
    };
    let foot = vec![
        Vec::new(),
        key(Action::Edit, "mend it in the editor"),
        key(Action::Close, "give it up; what was written is kept"),
    ];
    let mut lines = prose("Nothing is added yet: this is no variant that can be sent.", columns, Ink::Muted);
    lines.push(Vec::new());
    lines.extend(why.lines().map(line));
    Laid { title: "What was written".into(), lines, foot, scroll: mending.scroll }
}

/// How to read the figures: what the heads are too short to say.
const FIGURES: &[(&str, &str)] = &[
    ("ok, fail", "trials that were answered, and that failed for good; only answered ones enter the means"),
    ("in, out", "mean tokens a request: the bar is as long as the largest total"),
    ("E2E, TTFT", "median time to the last and to the first text; withheld below 10 trials"),
    ("fit/min", "requests a minute that the whole quota has room for, and the limit that binds"),
    ("theory/min", "min(RPM, TPM / tokens): what the arithmetic without reservations promises"),
    ("reserved", "held for requests in flight at max_tokens, given back when they are answered"),
    ("est", "tokens were estimated from the length of the text"),
    ("/ in trials", "words that all fit: part of a text, column:part, column=\"all\", column>number, -word for not"),
    ("winner", "shown to be best at the asked confidence; leader: best so far"),
    ("worse by", "the interval of how much worse than the leader: while it holds the leader's mark, none is shown"),
    ("out", "retired by the race: another is shown to be better, so it gets no more calls"),
];

fn help(model: &Model, columns: u16) -> Vec<Line> {
    let glyphs = model.theme.glyphs();
    let named = |keys: &[Key]| keys.iter().map(|key| key.name(glyphs.keys)).collect::<Vec<_>>().join(" ");
    let rows: Vec<(String, &str)> = model.keys.rows().map(|(row, keys)| (named(keys), row.help)).collect();
    let figures: Vec<(String, &str)> = FIGURES.iter().map(|(head, text)| ((*head).to_owned(), *text)).collect();
    let label = rows.iter().chain(&figures).map(|(key, _)| key.width()).max().unwrap_or(0) as u16 + 2;
    let mut lines = two_columns(&rows, label, columns, Ink::Key);
    lines.push(Vec::new());
    lines.extend(two_columns(&figures, label, columns, Ink::Strong));
    let signs = format!(
        "{} selected  {} picked  {} takes part  {} does not  {} too few trials",
        glyphs.selected, glyphs.picked, glyphs.included, glyphs.excluded, glyphs.withheld
    );
    lines.push(vec![("signs".into(), label, Ink::Strong), (signs, 0, Ink::Text)]);
    let gauge = format!("{} share in force  {} learned limit  {} others", glyphs.mark, glyphs.learned, glyphs.others);
    lines.push(vec![("gauges".into(), label, Ink::Strong), (gauge, 0, Ink::Text)]);
    lines
}

fn two_columns(rows: &[(String, &str)], label: u16, columns: u16, ink: Ink) -> Vec<Line> {
    let mut lines = Vec::new();
    for (key, text) in rows {
        for (index, part) in wrap(text, columns.saturating_sub(label).into(), 4).0.into_iter().enumerate() {
            let key = if index == 0 { key.clone() } else { String::new() };
            lines.push(vec![(key, label, ink), (part.to_owned(), 0, Ink::Text)]);
        }
    }
    lines
}

fn confirm_quit(model: &Model) -> Vec<Line> {
    let out = plural(model.tally.in_flight() as u64, "request");
    let key = |action: Action, text: &str| {
        vec![(model.key(action).unwrap_or_default(), 6, Ink::Key), (text.to_owned(), 0, Ink::Text)]
    };
    vec![
        vec![("A run is on.".into(), 0, Ink::Strong)],
        vec![(format!("What was measured is kept; {out} in flight would be dropped."), 0, Ink::Text)],
        Vec::new(),
        key(Action::Confirm, "stop the run and quit"),
        key(Action::Stop, "stop the run, finish what is in flight, and stay"),
        key(Action::Close, "go on"),
    ]
}
