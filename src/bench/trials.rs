//! Trials: the rows of the table of trials, and its columns, by which it is filtered and sorted as well.

mod filter;
mod page;
mod recent;

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

pub use self::filter::{EXAMPLES, Filter, quoted};
pub use self::page::{Anchor, Ask, NoPage, Order, Page, Query};
pub use self::recent::{entries, recent};
use crate::bench::fault::Fault;
use crate::bench::plan::Plan;
use crate::bench::sample::{Outcome, Sample, Trial};
use crate::bench::usage::{Usage, UsageSource};

/// How a trial ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// The answer was accepted.
    Accepted,
    /// The answer did not pass a check.
    Rejected,
    /// The answer was cut off by `max_tokens`, and no check rejected it.
    CutOff,
    /// There was no answer.
    Failed,
    /// The run ended before it did.
    Unfinished,
}

impl Ending {
    /// Every ending, the best first.
    pub const ALL: [Self; 5] = [Self::Accepted, Self::Rejected, Self::CutOff, Self::Failed, Self::Unfinished];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "ok",
            Self::Rejected => "rejected",
            Self::CutOff => "cut off",
            Self::Failed => "failed",
            Self::Unfinished => "unfinished",
        }
    }

    fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Ok { failed_checks, .. } if !failed_checks.is_empty() => Self::Rejected,
            Outcome::Ok { cut_off: true, .. } => Self::CutOff,
            Outcome::Ok { .. } => Self::Accepted,
            Outcome::Failed { .. } => Self::Failed,
            Outcome::Unfinished => Self::Unfinished,
        }
    }
}

/// One trial that ended, in little memory: what its row shows and is found by.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialRow {
    /// The trial.
    pub trial: Trial,
    /// When it ended, since the Unix epoch.
    pub at: Duration,
    /// How.
    pub ending: Ending,
    /// Tokens of the answer.
    pub usage: Option<Usage>,
    /// TTFT.
    pub ttft: Option<Duration>,
    /// E2E.
    pub e2e: Option<Duration>,
    /// Quota tokens that all its invocations took.
    pub quota: u64,
    /// Time that it waited for the quota.
    pub waited: Duration,
    /// Invocations made.
    pub attempts: u32,
    /// US dollars, where a price is known.
    pub cost: Option<f64>,
    /// The checks that it did not pass, or its faults. Hostile text.
    pub why: Arc<str>,
    /// Why the model stopped; empty where it did not answer. Hostile text.
    pub stop: Arc<str>,
}

impl TrialRow {
    /// The row of a sample that came at a time, after earlier attempts with these faults.
    pub fn of(at: Duration, sample: &Sample, faults: &[String], texts: &mut Texts) -> Self {
        let (usage, timing, stop) = match &sample.outcome {
            Outcome::Ok { usage, timing, stop_reason, .. } => (Some(*usage), Some(timing), stop_reason.as_str()),
            Outcome::Failed { .. } | Outcome::Unfinished => (None, None, ""),
        };
        Self {
            trial: sample.trial,
            at,
            ending: Ending::of(&sample.outcome),
            usage,
            ttft: timing.and_then(|timing| timing.ttft),
            e2e: timing.map(|timing| timing.e2e),
            quota: sample.settled + sample.wasted,
            waited: sample.waited,
            attempts: sample.attempts,
            cost: sample.cost_usd,
            why: texts.shared(&why(&sample.outcome, faults)),
            stop: texts.shared(stop),
        }
    }

    /// Whether its tokens are an estimate.
    pub fn is_estimated(&self) -> bool {
        self.usage.is_some_and(|usage| usage.source == UsageSource::Estimated)
    }
}

/// Texts that many rows share, each once.
#[derive(Debug, Clone, Default)]
pub struct Texts(HashSet<Arc<str>>);

impl Texts {
    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.0.insert(Arc::clone(&text));
        text
    }
}

/// A fault's kind, and its name on the wire where it has one.
pub fn fault_name(fault: &Fault) -> String {
    let kind = fault.kind.name();
    fault.code.as_ref().map_or_else(|| kind.to_owned(), |code| format!("{kind} ({code})"))
}

fn why<'a>(outcome: &'a Outcome, faults: &[String]) -> Cow<'a, str> {
    let own: Cow<'_, str> = match outcome {
        Outcome::Ok { failed_checks, .. } => match failed_checks.as_slice() {
            [] => "".into(),
            [only] => only.check.as_str().into(),
            several => several.iter().map(|failed| failed.check.as_str()).collect::<Vec<_>>().join("; ").into(),
        },
        Outcome::Failed { fault } => fault_name(fault).into(),
        Outcome::Unfinished => "".into(),
    };
    // The last fault of a trial that failed is its own already.
    let earlier = match outcome {
        Outcome::Failed { .. } => faults.split_last().map_or(faults, |(_, earlier)| earlier),
        Outcome::Ok { .. } | Outcome::Unfinished => faults,
    };
    let mut earlier: Vec<&str> = earlier.iter().map(String::as_str).collect();
    earlier.dedup();
    match (earlier.is_empty(), own.is_empty()) {
        (true, _) => own,
        (false, true) => format!("after {}", earlier.join(", ")).into(),
        (false, false) => format!("{own} after {}", earlier.join(", ")).into(),
    }
}

/// What a number of a column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The number of a trial.
    Id,
    /// So many.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// US dollars.
    Usd,
    /// A moment: seconds since the Unix epoch.
    Moment,
}

/// What a column says of a row.
#[derive(Debug, Clone, Copy)]
pub enum Says {
    /// A number.
    Number(Unit),
    /// A text. Hostile text.
    Text(for<'a> fn(&'a TrialRow, &'a Plan) -> &'a str),
}

/// One row of [`COLUMNS`].
#[derive(Debug)]
pub struct Column {
    /// Its word in a filter.
    pub name: &'static str,
    /// Its head, with the unit.
    pub head: &'static str,
    /// Columns of the screen for its cells, the space before them included; a text may have more.
    pub width: u16,
    /// The higher, the sooner it is left out where there is no room; 0 stays.
    pub rank: u8,
    /// What it says.
    pub says: Says,
    /// What it is sorted by, and the number that it says.
    pub key: Option<Key>,
}

/// What rows are sorted by; a row without it comes last, whatever the direction.
pub type Key = fn(&TrialRow) -> Option<f64>;

const fn number((name, head): (&'static str, &'static str), (width, rank): (u16, u8), unit: Unit, key: Key) -> Column {
    Column { name, head, width, rank, says: Says::Number(unit), key: Some(key) }
}

const fn text(
    (name, head): (&'static str, &'static str),
    (width, rank): (u16, u8),
    text: for<'a> fn(&'a TrialRow, &'a Plan) -> &'a str,
    key: Option<Key>,
) -> Column {
    Column { name, head, width, rank, says: Says::Text(text), key }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn tokens(row: &TrialRow, of: fn(&Usage) -> u64) -> Option<f64> {
    row.usage.as_ref().map(|usage| of(usage) as f64)
}

/// Every column, in the order of the screen. Texts are sorted as the plan has them; those that no plan has, not at all.
pub const COLUMNS: [Column; 18] = [
    number(("trial", "trial"), (7, 4), Unit::Id, |row| Some(row.trial.id as f64)),
    number(("ended", "ended UTC"), (11, 6), Unit::Moment, |row| Some(row.at.as_secs_f64())),
    text(
        ("model", "model"),
        (16, 9),
        |row, plan| plan.models.get(row.trial.model).map_or("?", |model| model.id.as_str()),
        Some(|row| Some(row.trial.model as f64)),
    ),
    text(
        ("variant", "variant"),
        (10, 0),
        |row, plan| plan.variants.get(row.trial.variant).map_or("?", |variant| variant.name.as_str()),
        Some(|row| Some(row.trial.variant as f64)),
    ),
    text(
        ("case", "case"),
        (6, 8),
        |row, plan| plan.cases.get(row.trial.case).map_or("?", |case| case.id.as_str()),
        Some(|row| Some(row.trial.case as f64)),
    ),
    text(
        ("outcome", "outcome"),
        (12, 0),
        |row, _| row.ending.word(),
        Some(|row| Ending::ALL.iter().position(|ending| *ending == row.ending).map(|at| at as f64)),
    ),
    number(("in", "in"), (8, 7), Unit::Count, |row| tokens(row, |u| u.input + u.cache_read + u.cache_write)),
    number(("out", "out"), (8, 3), Unit::Count, |row| tokens(row, |usage| usage.output)),
    text(("est", ""), (4, 3), |row, _| if row.is_estimated() { "est" } else { "" }, None),
    number(("total", "total"), (8, 14), Unit::Count, |row| tokens(row, Usage::total)),
    number(("ttft", "TTFT ms"), (9, 10), Unit::Milliseconds, |row| row.ttft.map(ms)),
    number(("e2e", "E2E ms"), (8, 2), Unit::Milliseconds, |row| row.e2e.map(ms)),
    number(("quota", "quota tokens"), (14, 11), Unit::Count, |row| Some(row.quota as f64)),
    number(("waited", "waited ms"), (11, 12), Unit::Milliseconds, |row| Some(ms(row.waited))),
    number(("attempts", "attempts"), (10, 13), Unit::Count, |row| Some(f64::from(row.attempts))),
    number(("cost", "USD"), (11, 16), Unit::Usd, |row| row.cost),
    text(("stop", "stop reason"), (14, 15), |row, _| &row.stop, None),
    text(("why", "why"), (14, 5), |row, _| &row.why, None),
];

/// The column by which the table is sorted at first, and which follows the newest.
pub const ENDED: usize = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::fault::FaultKind;
    use crate::bench::sample::{CheckFailure, Timing};

    fn sample(outcome: Outcome) -> Sample {
        Sample {
            trial: Trial { id: 7, model: 0, variant: 1, case: 2, block: 3, warmup: false },
            outcome,
            attempts: 2,
            reserved: 900,
            settled: 300,
            wasted: 50,
            waited: Duration::from_millis(1_500),
            to_success: Duration::from_secs(3),
            cost_usd: Some(0.25),
        }
    }

    fn answered(cut_off: bool, checks: &[&str]) -> Outcome {
        let failed = |check: &&str| CheckFailure { check: (*check).into(), why: "so".into() };
        Outcome::Ok {
            usage: Usage::estimated(100, 40),
            timing: Timing { ttft: Some(Duration::from_millis(400)), e2e: Duration::from_secs(2), ..Timing::default() },
            stop_reason: "end_turn".into(),
            cut_off,
            failed_checks: checks.iter().map(failed).collect(),
            text: Some("a text that no row keeps".into()),
        }
    }

    fn row(outcome: Outcome, faults: &[&str]) -> TrialRow {
        let faults: Vec<String> = faults.iter().map(|fault| (*fault).to_owned()).collect();
        TrialRow::of(Duration::from_secs(9), &sample(outcome), &faults, &mut Texts::default())
    }

    #[test]
    fn a_row_says_how_it_ended_and_why() {
        let said = |row: &TrialRow| (row.ending.word(), row.why.to_string());
        assert_eq!(said(&row(answered(false, &[]), &[])), ("ok", String::new()));
        assert_eq!(said(&row(answered(true, &[]), &[])), ("cut off", String::new()));
        assert_eq!(said(&row(answered(true, &["a", "b 1"]), &[])), ("rejected", "a; b 1".into()));
        let retried = row(answered(false, &["a"]), &["Throttled (X)", "Throttled (X)", "TimedOut"]);
        assert_eq!(said(&retried), ("rejected", "a after Throttled (X), TimedOut".into()));
        assert_eq!(said(&row(answered(false, &[]), &["Other"])), ("ok", "after Other".into()));
        let fault = Fault { code: Some("ValidationException".into()), ..Fault::new(FaultKind::Invalid, "no") };
        let failed = Outcome::Failed { fault };
        assert_eq!(said(&row(failed.clone(), &["Invalid (V)"])), ("failed", "Invalid (ValidationException)".into()));
        let twice = row(failed, &["TimedOut", "Invalid (V)"]);
        assert_eq!(said(&twice), ("failed", "Invalid (ValidationException) after TimedOut".into()));
        assert_eq!(said(&row(Outcome::Unfinished, &[])), ("unfinished", String::new()));
    }

    #[test]
    fn columns_say_numbers_in_the_units_of_their_heads() {
        let row = row(answered(false, &[]), &[]);
        let numbers: Vec<(&str, Option<f64>)> = COLUMNS
            .iter()
            .filter(|column| matches!(column.says, Says::Number(_)))
            .map(|column| (column.name, column.key.and_then(|key| key(&row))))
            .collect();
        let expected = [
            ("trial", 7.0),
            ("ended", 9.0),
            ("in", 100.0),
            ("out", 40.0),
            ("total", 140.0),
            ("ttft", 400.0),
            ("e2e", 2_000.0),
            ("quota", 350.0),
            ("waited", 1_500.0),
            ("attempts", 2.0),
            ("cost", 0.25),
        ];
        assert_eq!(numbers, expected.map(|(name, value)| (name, Some(value))));
        assert_eq!(COLUMNS[ENDED].name, "ended");
    }

    #[test]
    fn every_column_has_a_word_of_its_own_that_a_filter_can_name() {
        for (index, column) in COLUMNS.iter().enumerate() {
            assert!(COLUMNS[..index].iter().all(|other| other.name != column.name), "{} twice", column.name);
            assert!(column.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{}", column.name);
            assert!(usize::from(column.width) > column.head.len(), "{} has no room for its head", column.name);
        }
    }
}
