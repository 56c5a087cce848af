//! Trial: one trial with all that is known of it — outcome, timings, what happened, answer, request.

use std::borrow::Cow;
use std::time::Duration;

use crate::bench::clean::{Lines, clean};
use crate::bench::event::{Entry, Event};
use crate::bench::judge::Verdict;
use crate::bench::number::number;
use crate::bench::plan::{Keep, Plan};
use crate::bench::request::{CacheAfter, Parameters, Request, Role};
use crate::bench::sample::{Outcome, Sample, Timing};
use crate::bench::trials::{Ending, TrialRow, fault_name};
use crate::bench::usage::{Usage, UsageSource};
use crate::tui::format::{clock, count, plural, seconds, usd};
use crate::tui::model::Model;
use crate::tui::theme::{Glyphs, Ink};
use crate::tui::trials::{One, Source};
use crate::tui::views::Content;
use crate::tui::widgets::sheet::{Line, beside, heading, labelled, prose};
use crate::tui::widgets::trials::ink_of;

/// Columns of a label, and of a moment in what happened.
const LABEL: u16 = 10;
const MOMENT: u16 = 11;
/// Columns of the name of a phase, and most of its bar.
const PHASE: u16 = 20;
const BAR: u16 = 60;
/// From this width on, figures and texts stand beside each other.
const BESIDE: u16 = 110;

/// The sheet of the trial that is shown alone.
pub(super) fn content(model: &Model, columns: u16) -> Content<'_> {
    let Some(one) = &model.trials.one else {
        return Content { title: "".into(), aside: "".into(), lines: Vec::new() };
    };
    let plan = &model.tally.plan;
    let sample = one.entries.iter().rev().find_map(|entry| match &entry.event {
        Event::TrialFinished { sample } => Some(sample),
        _ => None,
    });
    let facts = |columns| facts(plan, one, sample, columns);
    let course = |columns| {
        let timings = sample.map(|sample| timings(one, sample, columns, model.theme.glyphs()));
        timings.into_iter().flatten().chain(happened(model, one, columns))
    };
    let answer = |columns| answer(plan, sample, columns);
    let request = |columns| request(&one.request, columns);
    let lines = if columns >= BESIDE {
        let half = columns / 2 - 1;
        let rest = columns - half - 2;
        // Without the blank line above it.
        let right = answer(rest).into_iter().chain(request(rest)).skip(1);
        beside(facts(half).into_iter().chain(course(half)).collect(), half + 2, right.collect())
    } else {
        facts(columns).into_iter().chain(answer(columns)).chain(course(columns)).chain(request(columns)).collect()
    };
    let row = &one.row;
    let title = format!("Trial {}: {}", row.trial.number(), row.ending.word());
    let aside = match model.trials.page.matching {
        0 => String::new(),
        matching => format!("{} of {}", count(model.trials.position() as f64 + 1.0), count(matching as f64)),
    };
    Content { title: title.into(), aside: aside.into(), lines }
}

/// What the trial was, and what came of it.
fn facts(plan: &Plan, one: &One, sample: Option<&Sample>, columns: u16) -> Vec<Line> {
    let TrialRow { trial, at, ending, .. } = &one.row;
    let mut lines = Vec::new();
    let mut add = |label: &str, ink, text: &str| {
        lines.extend(labelled(label, LABEL, ink, &clean(text, Lines::Keep), columns));
    };
    let variant = plan.variants.get(trial.variant).map_or("?", |variant| variant.name.as_str());
    let model = plan.models.get(trial.model).map_or("?", |model| model.id.as_str());
    add("variant", Ink::Muted, &format!("{variant} on {model}"));
    let case = plan.cases.get(trial.case).map_or("?", |case| case.id.as_str());
    let counted = match (trial.verifies(), trial.warmup) {
        (true, _) => "; of the verification, not counted",
        (false, true) => "; warm-up, not counted",
        (false, false) => "",
    };
    add(
        "case",
        Ink::Muted,
        &format!("{case}, {} of {}; ended {} UTC{counted}", trial.case + 1, plan.cases.len(), clock(*at)),
    );
    let Some(sample) = sample else {
        add("outcome", ink_of(*ending), ending.word());
        return lines;
    };
    match &sample.outcome {
        Outcome::Ok { usage, stop_reason, cut_off, failed_checks, .. } => {
            let stopped = format!("{}; stop reason {stop_reason}", ending.word());
            add("outcome", ink_of(*ending), if stop_reason.is_empty() { ending.word() } else { &stopped });
            for failed in failed_checks {
                add("rejected", Ink::Warning, &format!("{}: {}", failed.check, failed.why));
            }
            if *cut_off {
                add("cut off", Ink::Warning, &format!("by max_tokens after {} output tokens", usage.output));
            }
            add("tokens", Ink::Muted, &tokens(usage));
        }
        Outcome::Failed { fault } => {
            add("fault", Ink::Error, &format!("{}: {}", fault_name(fault), fault.message));
        }
        Outcome::Unfinished => add("outcome", ink_of(*ending), "the run ended before the trial did"),
    }
    add("quota", Ink::Muted, &quota(sample));
    if let Some(cost) = sample.cost_usd {
        add("cost", Ink::Muted, &usd(cost));
    }
    lines
}

fn tokens(usage: &Usage) -> String {
    let mut text = format!("{} in, {} out", count(usage.input as f64), count(usage.output as f64));
    for (n, what) in [(usage.cache_read, "read from the cache"), (usage.cache_write, "written to the cache")] {
        if n > 0 {
            text = format!("{text}, {} {what}", count(n as f64));
        }
    }
    match usage.source {
        UsageSource::Reported => text,
        UsageSource::Counted => format!("{text} (counted)"),
        UsageSource::Estimated => format!("{text} (est: from the length of the text)"),
    }
}

fn quota(sample: &Sample) -> String {
    let tokens = |n: u64| count(n as f64);
    let mut text = format!("{} tokens settled, {} reserved", tokens(sample.settled), tokens(sample.reserved));
    if sample.wasted > 0 {
        text = format!("{text}; {} more by attempts that failed", tokens(sample.wasted));
    }
    text
}

/// One phase of a trial.
struct Phase {
    name: &'static str,
    took: Duration,
    glyph: &'static str,
    ink: Ink,
}

/// What took how long, in the order in which it happens; what took nothing is left out.
fn phases(one: &One, sample: &Sample, glyphs: &Glyphs) -> Vec<Phase> {
    let (mut failed, mut backoff, mut judged) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let (mut sent, mut answered) = (None, None);
    for entry in &one.entries {
        match &entry.event {
            Event::InvocationStarted { .. } => sent = Some(entry.at),
            Event::InvocationFailed { backoff: wait, .. } => {
                failed += sent.take().map_or(Duration::ZERO, |sent| entry.at.saturating_sub(sent));
                backoff += wait.unwrap_or_default();
            }
            Event::TrialAnswered { .. } => answered = Some(entry.at),
            Event::TrialFinished { .. } => {
                judged = answered.map_or(Duration::ZERO, |answered| entry.at.saturating_sub(answered));
            }
            _ => {}
        }
    }
    let (first, text) = match &sample.outcome {
        Outcome::Ok { timing: Timing { ttft: Some(ttft), e2e, .. }, .. } => (*ttft, e2e.saturating_sub(*ttft)),
        Outcome::Ok { timing, .. } => (timing.e2e, Duration::ZERO),
        Outcome::Failed { .. } | Outcome::Unfinished => (Duration::ZERO, Duration::ZERO),
    };
    let streams = text > Duration::ZERO;
    let phase = |name, took, glyph, ink| Phase { name, took, glyph, ink };
    let mut phases = vec![
        phase("waits for the quota", sample.waited, glyphs.free, Ink::Free),
        phase("attempts that fail", failed, glyphs.others, Ink::Error),
        phase("backs off", backoff, glyphs.to_do, Ink::Warning),
        phase(if streams { "until the first text" } else { "answers" }, first, glyphs.half, Ink::Input),
        phase("text comes", text, glyphs.full, Ink::Output),
        phase("is judged", judged, glyphs.mark, Ink::Reserved),
    ];
    phases.retain(|phase| phase.took > Duration::ZERO);
    phases
}

fn timings(one: &One, sample: &Sample, columns: u16, glyphs: &Glyphs) -> Vec<Line> {
    let phases = phases(one, sample, glyphs);
    let whole: f64 = phases.iter().map(|phase| phase.took.as_secs_f64()).sum();
    let mut lines = vec![Vec::new(), heading("Timings")];
    if whole > 0.0 {
        let room = columns.saturating_sub(1).min(BAR);
        let (mut bar, mut drawn, mut sum) = (Vec::new(), 0, 0.0);
        for phase in &phases {
            sum += phase.took.as_secs_f64() / whole;
            // What took any time takes at least a cell.
            let end = ((sum * f64::from(room)).round() as u16).max(drawn + 1).min(room);
            let cells = end.saturating_sub(drawn);
            bar.push((phase.glyph.repeat(cells.into()), cells.max(1), phase.ink));
            drawn = end.max(drawn);
        }
        lines.push(bar);
        for phase in &phases {
            let share = phase.took.as_secs_f64() / whole * 100.0;
            let figures = format!("{:>9} ms {share:>4.0} %", count(phase.took.as_secs_f64() * 1_000.0));
            lines.push(vec![
                (phase.glyph.into(), 2, phase.ink),
                (phase.name.into(), PHASE + 1, Ink::Text),
                (figures, 0, Ink::Text),
            ]);
        }
    }
    if let Outcome::Ok { timing, usage, .. } = &sample.outcome {
        lines.extend(prose(&stopwatch(timing, usage), columns, Ink::Muted));
    }
    lines
}

/// Every reading of the stopwatch, in milliseconds.
fn stopwatch(timing: &Timing, usage: &Usage) -> String {
    let ms = |time: Duration| format!("{} ms", number(time.as_secs_f64() * 1_000.0));
    let readings = [
        ("TTFT", timing.ttft),
        ("E2E", Some(timing.e2e)),
        ("TPOT", timing.tpot(usage.output)),
        ("longest gap", timing.longest_gap),
        ("first event", timing.first_event),
        ("the service says", timing.service),
        ("the client's own delay", timing.dispatch),
    ];
    let known = readings.iter().filter_map(|(name, time)| time.map(|time| format!("{name} {}", ms(time))));
    let chunks = (timing.chunks > 0).then(|| plural(timing.chunks.into(), "chunk"));
    known.chain(chunks).collect::<Vec<_>>().join(", ")
}

/// What happened, with the time since the first of it.
fn happened(model: &Model, one: &One, columns: u16) -> Vec<Line> {
    let mut lines = vec![Vec::new(), heading("What happened")];
    let begun = one.entries.first().map(|entry| entry.at).unwrap_or_default();
    for entry in &one.entries {
        let Some((text, ink)) = line(&model.tally.plan, &one.row, entry) else { continue };
        let moment = format!("+{:.3} s", entry.at.saturating_sub(begun).as_secs_f64());
        let text = clean(&text, Lines::Join);
        for (index, part) in prose(&text, columns.saturating_sub(MOMENT), ink).into_iter().enumerate() {
            let moment = if index == 0 { moment.clone() } else { String::new() };
            lines.push([(moment, MOMENT, Ink::Muted)].into_iter().chain(part).collect());
        }
    }
    let missing: Cow<'_, str> = match (&one.trouble, &model.trials.source) {
        _ if one.complete => return lines,
        (Some(why), _) => clean(why, Lines::Join),
        (None, Source::Recent(_)) => "the attempts themselves are told by the journal alone, which is not there".into(),
        (None, _) => "reading the journal".into(),
    };
    lines.extend(prose(&missing, columns, Ink::Muted));
    lines
}

/// An entry about a trial as a line.
fn line(plan: &Plan, row: &TrialRow, entry: &Entry) -> Option<(String, Ink)> {
    let tokens = |n: u64| format!("{} quota tokens", count(n as f64));
    let judge = |index: usize| plan.judges.get(index).map_or("a judge", |judge| judge.id.as_str());
    let again = |wait: &Option<Duration>| wait.map_or_else(String::new, |wait| format!(", again in {}", seconds(wait)));
    Some(match &entry.event {
        Event::TrialWaited { limit, until, .. } => {
            let until = until.map_or_else(String::new, |until| format!(", which has room at {} UTC", clock(until)));
            (format!("waits for {}{until}", limit.name()), Ink::Muted)
        }
        Event::InvocationStarted { attempt, reserved, .. } => {
            (format!("attempt {attempt} is sent, {} reserved", tokens(*reserved)), Ink::Text)
        }
        Event::InvocationFailed { attempt, fault, settled, backoff, .. } => {
            let took = if *settled > 0 { format!(", took {}", tokens(*settled)) } else { String::new() };
            let text =
                format!("attempt {attempt} fails{took}{}: {}: {}", again(backoff), fault_name(fault), fault.message);
            (text, if backoff.is_some() { Ink::Warning } else { Ink::Error })
        }
        Event::TrialAnswered { settled, .. } => (format!("answered, {} settled", tokens(*settled)), Ink::Text),
        Event::JudgeAsked { judge: of, attempt, .. } => {
            let attempt = if *attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
            (format!("{} is asked{attempt}", judge(*of)), Ink::Text)
        }
        Event::JudgeReplied { judge: of, verdict, again, .. } => {
            let again = if *again { "; it is asked again" } else { "" };
            let (said, ink) = match verdict {
                Verdict::Accepted => ("accepts".to_owned(), Ink::Good),
                Verdict::Rejected { reason } => (format!("rejects: {reason}"), Ink::Warning),
                Verdict::Unclear { why } => (format!("is unclear: {why}"), Ink::Warning),
            };
            (format!("{} {said}{again}", judge(*of)), ink)
        }
        Event::JudgeFailed { judge: of, fault, backoff, .. } => {
            let text = format!("{} fails{}: {}: {}", judge(*of), again(backoff), fault_name(fault), fault.message);
            (text, if backoff.is_some() { Ink::Warning } else { Ink::Error })
        }
        Event::TrialFinished { sample } => {
            let text = match row.ending {
                Ending::Accepted | Ending::Rejected | Ending::CutOff => {
                    format!("ended: {}, {} settled", row.ending.word(), tokens(sample.settled))
                }
                Ending::Failed | Ending::Unfinished => format!("ended: {}", row.ending.word()),
            };
            (text, ink_of(row.ending))
        }
        _ => return None,
    })
}

fn answer(plan: &Plan, sample: Option<&Sample>, columns: u16) -> Vec<Line> {
    let mut lines = vec![Vec::new(), heading("Answer")];
    let (text, ink): (Cow<'_, str>, Ink) = match sample.map(|sample| &sample.outcome) {
        Some(Outcome::Ok { text: Some(text), .. }) if !text.trim().is_empty() => (clean(text, Lines::Keep), Ink::Text),
        Some(Outcome::Ok { text: Some(_), .. }) => ("the answer is empty".into(), Ink::Muted),
        Some(Outcome::Ok { text: None, .. }) => (not_kept(plan.keep).into(), Ink::Muted),
        Some(Outcome::Failed { .. }) => ("there is none: every attempt failed".into(), Ink::Muted),
        Some(Outcome::Unfinished) => ("there is none: the run ended first".into(), Ink::Muted),
        None => ("not known here".into(), Ink::Muted),
    };
    lines.extend(prose(&text, columns, ink));
    lines
}

fn not_kept(keep: Keep) -> &'static str {
    match keep {
        Keep::Samples => {
            "not kept: keep = \"samples\" keeps each variant's first accepted answer and the first that each check rejected, which its own view shows; keep = \"all\" keeps every one"
        }
        Keep::None => "not kept: keep = \"none\"; \"samples\" keeps a few, \"all\" every one",
        Keep::All => "not kept",
    }
}

fn request(request: &Result<Request, String>, columns: u16) -> Vec<Line> {
    let mut lines = vec![Vec::new(), heading("Request")];
    let Request { system, turns, parameters, cache_after } = match request {
        Ok(request) => request,
        Err(why) => {
            lines.extend(prose(&clean(why, Lines::Join), columns, Ink::Error));
            return lines;
        }
    };
    let label = |text: &str| vec![(text.to_owned(), 0, Ink::Muted)];
    let cached = || label("the prompt cache ends here");
    lines.extend(labelled(
        "parameters",
        LABEL + 1,
        Ink::Muted,
        &clean(&parameters_of(parameters), Lines::Join),
        columns,
    ));
    if let Some(system) = system {
        lines.push(label("system"));
        lines.extend(prose(&clean(system, Lines::Keep), columns, Ink::Text));
        if *cache_after == Some(CacheAfter::System) {
            lines.push(cached());
        }
    }
    for (index, turn) in turns.iter().enumerate() {
        if *cache_after == Some(CacheAfter::Messages) && index + 1 == turns.len() {
            lines.push(cached());
        }
        lines.push(label(match turn.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        }));
        lines.extend(prose(&clean(&turn.text, Lines::Keep), columns, Ink::Text));
    }
    lines
}

/// Every parameter that is set.
fn parameters_of(parameters: &Parameters) -> String {
    let Parameters { max_tokens, temperature, top_p, stop, service_tier, latency, extra } = parameters;
    let stop = (!stop.is_empty()).then(|| format!("stop {stop:?}"));
    let set = [
        Some(max_tokens.map_or_else(|| "max_tokens unset".into(), |n| format!("max_tokens {n}"))),
        temperature.map(|t| format!("temperature {t}")),
        top_p.map(|p| format!("top_p {p}")),
        stop,
        service_tier.as_ref().map(|tier| format!("service_tier {tier}")),
        latency.as_ref().map(|latency| format!("latency {latency}")),
    ];
    let extra = extra.iter().map(|(name, value)| format!("{name} {value}"));
    set.into_iter().flatten().chain(extra).collect::<Vec<_>>().join(", ")
}
