//! Progress of a headless run on standard error: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::bench::event::{Entry, Event, NoteLevel};
use crate::bench::number::number;
use crate::bench::plan::ModelPlan;
use crate::bench::quota::{LimitKind, Quota};
use crate::bench::tally::Tally;
use crate::cli::output;

/// Without a terminal a line is written at most this often.
const QUIET: Duration = Duration::from_secs(5);

/// The progress of one run.
pub struct Progress {
    bar: Option<ProgressBar>,
    said_at: Duration,
}

impl Progress {
    /// Begins to show the progress of a planned run.
    pub fn new(tally: &Tally) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(tally.plan.planned_trials());
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} trials  {elapsed}  {msg}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar, said_at: Duration::ZERO }
    }

    /// Shows what an entry means; the tally has taken it in.
    pub fn entry(&mut self, tally: &Tally, entry: &Entry) {
        match &entry.event {
            Event::RunStarted { run, simulated, .. } => {
                self.said_at = entry.at;
                let mark = if *simulated { "  SIMULATED" } else { "" };
                self.say(&format!("run {run} on {}{mark}", output::one_line(tally.plan.endpoint.label())));
            }
            Event::QuotaDetected { model, quota, notes } => {
                self.quota("quota", tally.plan.models.get(*model), quota, notes);
            }
            Event::JudgeQuotaDetected { judge, quota, notes } => {
                self.quota("judge's quota", tally.plan.judges.get(*judge), quota, notes);
            }
            Event::Noted { level, text } if *level > NoteLevel::Info => {
                self.say(&format!("warning: {}", output::one_line(text)));
            }
            Event::VariantRetired { variant, reason, .. } => {
                let name = tally.plan.variants.get(*variant).map_or("?", |variant| &variant.name);
                self.say(&format!("{} gets no more trials: {}", output::one_line(name), output::one_line(reason)));
            }
            Event::VerificationStarted { variant, from, until, .. } => {
                let name = tally.plan.variants.get(*variant).map_or("?", |variant| &variant.name);
                let seconds = |length: Duration| length.as_secs();
                self.say(&format!(
                    "{} is driven at the edge of the quota: {} s until nothing else is in it, {} s measured",
                    output::one_line(name),
                    seconds(from.saturating_sub(entry.at)),
                    seconds(until.saturating_sub(*from))
                ));
            }
            Event::Paused { reason, .. } => self.say(&format!("paused: {}", output::one_line(reason))),
            _ => {}
        }
        self.show(tally, entry.at);
    }

    fn quota(&self, what: &str, model: Option<&ModelPlan>, quota: &Quota, notes: &[String]) {
        let id = model.map(|model| model.id.to_string()).unwrap_or_default();
        let limits: Vec<String> = LimitKind::ALL
            .into_iter()
            .filter_map(|kind| quota.get(kind).map(|l| format!("{} {} ({})", kind.name(), number(l.value), l.source)))
            .collect();
        let limits = if limits.is_empty() { "no limits".to_owned() } else { limits.join(", ") };
        self.say(&format!("{what} of {}: {limits}", output::one_line(&id)));
        for note in notes {
            self.say(&format!("warning: {}", output::one_line(note)));
        }
    }

    /// Shows that time goes on although nothing happened.
    pub fn tick(&mut self, tally: &Tally) {
        if let Some(bar) = &self.bar {
            bar.set_message(message(tally));
            bar.tick();
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn show(&mut self, tally: &Tally, at: Duration) {
        if let Some(bar) = &self.bar {
            bar.set_position(tally.finished_trials());
            bar.set_message(message(tally));
        } else if at.saturating_sub(self.said_at) >= QUIET {
            self.said_at = at;
            output::say(&format!(
                "{}/{} trials, {}",
                tally.finished_trials(),
                tally.plan.planned_trials(),
                message(tally)
            ));
        }
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| output::say(text)),
            None => output::say(text),
        }
    }
}

fn message(tally: &Tally) -> String {
    let throttles: u64 = tally.all_variants().map(|variant| variant.throttles).sum();
    let judged = match tally.judging.len() {
        0 => String::new(),
        answers => format!(", {answers} being judged"),
    };
    if let Some(verification) = tally.models.iter().find_map(|model| model.verification.as_ref()) {
        let now = tally.last_at;
        let name = tally.plan.variants.get(verification.variant).map_or("?", |variant| &variant.name);
        let left = |until: Duration| until.saturating_sub(now).as_secs();
        let stage = match verification.verified(now) {
            _ if now < verification.from => format!("settling, {} s", left(verification.from)),
            None => format!("measuring, {} s left", left(verification.until)),
            Some(so_far) => format!(
                "measuring, {} s left; predicted {}/min, so far {}/min",
                left(verification.until),
                number(so_far.predicted),
                number(so_far.measured)
            ),
        };
        return format!("driving {}: {stage}, {throttles} throttled", output::one_line(name));
    }
    format!("{} in flight, {} waiting, {throttles} throttled{judged}", tally.in_flight(), tally.waiting.len())
}
