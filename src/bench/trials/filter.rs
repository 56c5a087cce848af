//! Filter: the words by which trials are found, all of which must fit; what cannot be understood is said.

use crate::bench::plan::Plan;
use crate::bench::trials::{COLUMNS, Column, Says, TrialRow, Unit};

/// What filters look like.
pub const EXAMPLES: &str = "rejected   e2e>2000   out>=300   variant:concise   attempts>1   -ok   warmup";

/// The words for trials that run and are not counted.
const WARMUP: &str = "warmup";
const VERIFICATION: &str = "verification";

/// Words that all must fit; none fits every trial.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    terms: Vec<Term>,
}

/// One word, and whether it must not fit.
#[derive(Debug, Clone, PartialEq)]
struct Term {
    not: bool,
    fits: Fits,
}

#[derive(Debug, Clone, PartialEq)]
enum Fits {
    /// Warm-up trials.
    Warmup,
    /// Trials of a verification.
    Verification,
    /// This is in a text of the row, in lower case.
    Any(String),
    /// This is in one column's text, or is all of it.
    Text { column: usize, wanted: String, whole: bool },
    /// One column's number compares so.
    Number { column: usize, compares: Compares, with: f64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compares {
    Is,
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// Signs between a column and its value; the longer ones first.
const SIGNS: [(&str, Compares); 6] = [
    (">=", Compares::AtLeast),
    ("<=", Compares::AtMost),
    (">", Compares::Above),
    ("<", Compares::Below),
    (":", Compares::Is),
    ("=", Compares::Is),
];

impl Filter {
    /// Reads a filter: words apart by spaces, which quotes keep together, each of the form `text`, `column:text`,
    /// `column="whole text"` or `column>number`, with `-` before it for what must not fit. Beside it what cannot be
    /// understood, in a sentence; the filter is then of the other words.
    pub fn read(text: &str) -> (Self, Option<String>) {
        let (mut terms, mut trouble) = (Vec::new(), None);
        for term in words(text).into_iter().map(Term::parse) {
            match term {
                Ok(term) => terms.push(term),
                Err(why) => trouble = trouble.or(Some(why)),
            }
        }
        (Self { terms }, trouble)
    }

    /// Whether every trial fits.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a trial fits.
    pub fn fits(&self, row: &TrialRow, plan: &Plan) -> bool {
        self.terms.iter().all(|term| term.fits.fits(row, plan) != term.not)
    }
}

/// A text as one word of a filter, whatever is in it: a quote between quotes is written twice.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A word with its quotes taken away, how much of it stood before the first quote, and whether one is open.
struct Word {
    text: String,
    bare: usize,
    open: bool,
}

fn words(text: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let (mut quoted, mut begun) = (false, false);
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        if c.is_whitespace() && !quoted {
            begun = false;
            continue;
        }
        if !begun {
            words.push(Word { text: String::new(), bare: usize::MAX, open: false });
            begun = true;
        }
        let Some(word) = words.last_mut() else { continue };
        if c == '"' && !(quoted && letters.next_if_eq(&'"').is_some()) {
            quoted = !quoted;
            word.open = quoted;
            word.bare = word.bare.min(word.text.len());
        } else {
            word.text.push(c);
        }
    }
    words
}

impl Term {
    fn parse(word: Word) -> Result<Self, String> {
        let Word { text, bare, open } = word;
        if open {
            return Err("a quote is open: close it with \"".into());
        }
        let not = text.starts_with('-') && bare > 0;
        let (text, bare) = if not { (&text[1..], bare.saturating_sub(1)) } else { (text.as_str(), bare) };
        if text.is_empty() && not {
            return Err("- stands before a word that must not fit: -ok".into());
        }
        Fits::parse(text, bare).map(|fits| Self { not, fits })
    }
}

impl Fits {
    fn parse(text: &str, bare: usize) -> Result<Self, String> {
        let sign = text.find([':', '=', '<', '>']).filter(|at| *at < bare);
        let Some((at, (sign, compares))) = sign.and_then(|at| {
            let rest = &text[at..];
            SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)).map(|found| (at, *found))
        }) else {
            return Ok(match text.to_lowercase() {
                wanted if wanted == WARMUP && bare > 0 => Self::Warmup,
                wanted if wanted == VERIFICATION && bare > 0 => Self::Verification,
                wanted => Self::Any(wanted),
            });
        };
        let (name, value) = (&text[..at], &text[at + sign.len()..]);
        let (index, column) = column(name)?;
        match column.says {
            Says::Text(_) if compares != Compares::Is || value.is_empty() => {
                Err(format!("{} is a text: {0}:part of it, or {0}=\"all of it\"", column.name))
            }
            Says::Text(_) => Ok(Self::Text { column: index, wanted: value.to_lowercase(), whole: sign == "=" }),
            Says::Number(unit) => match number(value, unit) {
                Some(with) => Ok(Self::Number { column: index, compares, with }),
                None => Err(format!("{} is compared with {}", column.name, example(column.name, unit))),
            },
        }
    }

    fn fits(&self, row: &TrialRow, plan: &Plan) -> bool {
        match self {
            Self::Warmup => row.trial.warmup && !row.trial.verifies(),
            Self::Verification => row.trial.verifies(),
            Self::Any(wanted) => COLUMNS.iter().any(|column| match column.says {
                Says::Text(text) => contains(text(row, plan), wanted),
                Says::Number(_) => false,
            }),
            Self::Text { column, wanted, whole } => match COLUMNS[*column].says {
                Says::Text(text) if *whole => is(text(row, plan), wanted),
                Says::Text(text) => contains(text(row, plan), wanted),
                Says::Number(_) => false,
            },
            Self::Number { column, compares, with } => {
                let column = &COLUMNS[*column];
                let Says::Number(unit) = column.says else { return false };
                let value = column.key.and_then(|key| key(row));
                // As it is shown: whole numbers, a time of day, money to the millionth.
                let (value, scale) = match unit {
                    Unit::Moment => (value.map(|value| value % DAY), 1.0),
                    Unit::Usd => (value, 1e6),
                    Unit::Id | Unit::Count | Unit::Milliseconds => (value, 1.0),
                };
                value.is_some_and(|value| match compares {
                    Compares::Is => (value * scale).round() == (with * scale).round(),
                    Compares::Above => value > *with,
                    Compares::AtLeast => value >= *with,
                    Compares::Below => value < *with,
                    Compares::AtMost => value <= *with,
                })
            }
        }
    }
}

fn column(name: &str) -> Result<(usize, &'static Column), String> {
    let name = name.to_lowercase();
    if let Some(found) = COLUMNS.iter().enumerate().find(|(_, column)| column.name == name) {
        return Ok(found);
    }
    let near = |column: &&Column| strsim::damerau_levenshtein(column.name, &name);
    let nearest = COLUMNS.iter().min_by_key(near).filter(|column| near(column) <= 2);
    let names = || COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
    Err(match nearest {
        Some(column) => format!("no column is called \"{name}\": {}?", column.name),
        None => format!("no column is called \"{name}\": {} (or quote the word)", names()),
    })
}

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// A number as it is shown (`2,000`), of milliseconds also `2s`, of a moment the time of day in UTC.
fn number(text: &str, unit: Unit) -> Option<f64> {
    let plain = |text: &str| {
        let number: f64 = text.replace([',', '_'], "").parse().ok()?;
        Some(number).filter(|number| number.is_finite())
    };
    match unit {
        Unit::Id | Unit::Count => plain(text),
        Unit::Usd => plain(text.strip_prefix('$').unwrap_or(text)),
        Unit::Milliseconds => match text.strip_suffix("ms") {
            Some(ms) => plain(ms),
            None => text.strip_suffix('s').map_or_else(|| plain(text), |s| plain(s).map(|s| s * 1_000.0)),
        },
        Unit::Moment => {
            let mut seconds = 0.0;
            let mut parts = 0;
            for (part, weight) in text.split(':').zip([3_600.0, 60.0, 1.0]) {
                seconds += plain(part)? * weight;
                parts += 1;
            }
            (parts >= 2 && text.split(':').count() == parts).then_some(seconds)
        }
    }
}

fn example(name: &str, unit: Unit) -> String {
    match unit {
        Unit::Id | Unit::Count => format!("a number: {name}>=300"),
        Unit::Milliseconds => format!("a time in ms: {name}>2000 or {name}>2s"),
        Unit::Usd => format!("US dollars: {name}>0.01"),
        Unit::Moment => format!("a time of day in UTC: {name}>08:15"),
    }
}

/// Whether a text has this in it, small or capital letters; `wanted` is in lower case.
fn contains(text: &str, wanted: &str) -> bool {
    let (text_bytes, wanted_bytes) = (text.as_bytes(), wanted.as_bytes());
    let Some((first, rest)) = wanted_bytes.split_first() else { return true };
    if !text.is_ascii() {
        return text.to_lowercase().contains(wanted);
    }
    let Some(last) = text_bytes.len().checked_sub(wanted_bytes.len()) else { return false };
    (0..=last).any(|at| {
        text_bytes[at].to_ascii_lowercase() == *first
            && text_bytes[at + 1..].iter().zip(rest).all(|(byte, wanted)| byte.to_ascii_lowercase() == *wanted)
    })
}

fn is(text: &str, wanted: &str) -> bool {
    text.len() == wanted.len() && contains(text, wanted) || text.to_lowercase() == wanted
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::bench::plan::{Case, Variant};
    use crate::bench::sample::Trial;
    use crate::bench::trials::Ending;
    use crate::bench::usage::Usage;

    fn plan() -> Plan {
        let variant = |name: &str| Variant { name: name.into(), ..Variant::default() };
        let case = |id: &str| Case { id: id.into(), ..Case::default() };
        Plan {
            variants: vec![variant("Concise"), variant("concise 2"), variant("日本語ÄÖ")],
            cases: vec![case("a-1"), case("b:2")],
            ..Plan::default()
        }
    }

    fn row(variant: usize, case: usize) -> TrialRow {
        TrialRow {
            trial: Trial { id: 12, model: 0, variant, case, block: 0, warmup: case == 1 },
            at: Duration::from_hours(500_000) + Duration::from_secs(15 * 60 + 1),
            ending: Ending::Rejected,
            usage: Some(Usage::reported(100, 300)),
            ttft: None,
            e2e: Some(Duration::from_millis(2_100)),
            quota: 1_600,
            waited: Duration::ZERO,
            attempts: 2,
            cost: Some(0.002),
            why: Arc::from("max_words 120 after Throttled (ThrottlingException)"),
            stop: Arc::from("end_turn"),
        }
    }

    fn read(filter: &str) -> Filter {
        let (read, trouble) = Filter::read(filter);
        assert_eq!(trouble, None, "{filter}");
        read
    }

    fn fits(filter: &str, row: &TrialRow) -> bool {
        read(filter).fits(row, &plan())
    }

    #[test]
    fn words_are_found_in_every_text_and_all_must_fit() {
        let row = row(0, 0);
        for filter in
            ["", "  ", "CONC", "a-1", "rejected", "throttl", "max_words", "turn", "conc rej", "\"max_words 120\""]
        {
            assert!(fits(filter, &row), "{filter}");
        }
        for filter in ["conc ok", "-conc", "-rejected", "warmup", "\"max_words  120\"", "2100"] {
            assert!(!fits(filter, &row), "{filter}");
        }
        assert!(fits("äö", &self::row(2, 0)) && fits("日本", &self::row(2, 0)));
        assert!(fits("warmup", &self::row(0, 1)) && !fits("-warmup", &self::row(0, 1)));
    }

    #[test]
    fn columns_hold_texts_and_numbers() {
        let row = row(0, 0);
        for filter in [
            "variant:conc",
            "variant=\"concise\"",
            "variant=CONCISE",
            "-variant:structured",
            "outcome:rejected variant:concise",
            "case:a",
            "why:throttled",
            "stop=end_turn",
            "e2e>2000",
            "e2e>2s",
            "e2e<2.5s",
            "e2e:2,100",
            "e2e<=2100ms",
            "out>=300",
            "out<=300",
            "out:300",
            "in=100",
            "attempts>1",
            "-attempts>2",
            "quota>1_000",
            "cost>$0.001",
            "cost=0.002",
            "ended>08:15",
            "ended<08:15:02",
        ] {
            assert!(fits(filter, &row), "{filter}");
        }
        for filter in [
            "variant=conc",
            "variant=\"concise 2\"",
            "out>300",
            "out<300",
            "ttft<5",
            "ttft>5",
            "ended>9:00",
            "e2e:2",
            "cost=0",
        ] {
            assert!(!fits(filter, &row), "{filter}");
        }
        let second = self::row(1, 1);
        assert!(fits("variant=\"concise 2\"", &second) && !fits("variant=concise", &second));
        assert!(fits("\"b:2\"", &second) && fits("case:b:2", &second), "quotes make a sign a letter");
        assert!(fits(&format!("case={}", quoted("b:2")), &second));
    }

    #[test]
    fn what_cannot_be_understood_is_said() {
        let why = |filter: &str| Filter::read(filter).1.expect("is not understood");
        assert_eq!(why("e2d>5"), "no column is called \"e2d\": e2e?");
        assert!(why("colour:red").starts_with("no column is called \"colour\": trial, ended, model"));
        assert_eq!(why("ok e2e>"), "e2e is compared with a time in ms: e2e>2000 or e2e>2s");
        assert_eq!(why("out>many"), "out is compared with a number: out>=300");
        assert_eq!(why("cost<x"), "cost is compared with US dollars: cost>0.01");
        assert_eq!(why("ended>8"), "ended is compared with a time of day in UTC: ended>08:15");
        assert_eq!(why("variant>3"), "variant is a text: variant:part of it, or variant=\"all of it\"");
        assert!(why("variant:").starts_with("variant is a text"));
        assert!(why("case:\"a b").starts_with("a quote is open"));
        assert!(why("ok -").starts_with("- stands before"));
        assert!(why(">5").starts_with("no column is called \"\""));
        assert_eq!(Filter::read("out> concise why:\"x").0, read("concise"), "the other words hold");
    }

    #[test]
    fn every_example_is_understood() {
        let words: Vec<&str> = EXAMPLES.split_whitespace().collect();
        assert!(words.len() > 5);
        for word in words {
            assert!(!read(word).is_empty());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_understood_or_said_not_to_be(text in "[ -~äß日\"]{0,24}") {
            let (filter, trouble) = Filter::read(&text);
            filter.fits(&row(0, 0), &plan());
            prop_assert!(trouble.is_none_or(|why| !why.is_empty()));
            prop_assert_eq!(Filter::read(&text.replace(' ', "  ")).0.is_empty(), filter.is_empty());
        }

        #[test]
        fn quoted_words_are_looked_for_as_they_are(name in "[a-zA-Z0-9 :<>=\"ÄÖ-]{1,16}") {
            prop_assume!(!name.trim().is_empty());
            let mut plan = plan();
            plan.variants[0].name.clone_from(&name);
            plan.variants[1].name = format!("{name}x");
            let filter = read(&format!("variant={}", quoted(&name)));
            prop_assert!(filter.fits(&row(0, 0), &plan));
            prop_assert!(!filter.fits(&row(1, 0), &plan));
        }

        #[test]
        fn a_word_and_its_opposite_part_the_trials(word in "[a-z0-9]{1,8}", variant in 0..3_usize, case in 0..2_usize) {
            let row = row(variant, case);
            prop_assert_ne!(fits(&word, &row), fits(&format!("-{word}"), &row));
        }

        #[test]
        fn words_are_found_as_the_plain_search_finds_them(text in "[a-cA-C]{0,12}", wanted in "[a-c]{0,3}") {
            prop_assert_eq!(contains(&text, &wanted), text.to_lowercase().contains(&wanted));
        }
    }
}
