//! CHECKS: what makes an answer acceptable; one row a kind.

use serde::{Deserialize, Serialize};

use crate::bench::plan::Case;
use crate::bench::sample::CheckFailure;

/// One check as the configuration states it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The kind: the name of a row of [`CHECKS`].
    pub kind: String,
    /// Its value; what it means is the kind's business.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub value: serde_json::Value,
}

/// What a check may look at beside the answer.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The case that was asked.
    pub case: &'a Case,
    /// The labels of all cases, each once.
    pub labels: &'a [String],
}

/// One row of [`CHECKS`].
#[derive(Debug, Clone, Copy)]
pub struct CheckKind {
    /// The configuration's word.
    pub name: &'static str,
    /// What an answer must do, in half a sentence.
    pub describe: &'static str,
    /// What the value must be; `Err` says what was expected.
    pub validate: fn(&serde_json::Value) -> Result<(), &'static str>,
    /// `Err` says why the answer is not accepted.
    pub accepts: fn(&serde_json::Value, Context<'_>, &str) -> Result<(), String>,
    /// Whether every case needs a label (`expect`).
    pub needs_label: bool,
}

/// Every kind of check.
pub const CHECKS: &[CheckKind] = &[
    CheckKind {
        name: "max_words",
        describe: "has at most this many words",
        validate: |value| match value.as_u64() {
            Some(n) if n > 0 => Ok(()),
            _ => Err("a whole number above 0"),
        },
        accepts: |value, _, answer| {
            let (most, words) = (value.as_u64().unwrap_or(u64::MAX), answer.split_whitespace().count() as u64);
            if words <= most { Ok(()) } else { Err(format!("{words} words, at most {most}")) }
        },
        needs_label: false,
    },
    CheckKind {
        name: "contains",
        describe: "contains this text, upper and lower case alike",
        validate: |value| match value.as_str() {
            Some(text) if !text.is_empty() => Ok(()),
            _ => Err("a text that is not empty"),
        },
        accepts: |value, _, answer| {
            let wanted = value.as_str().unwrap_or_default();
            let found = answer.to_lowercase().contains(&wanted.to_lowercase());
            if found { Ok(()) } else { Err(format!("does not contain {wanted:?}")) }
        },
        needs_label: false,
    },
    CheckKind {
        name: "expected",
        describe: "gives the case's label (`expect`) and no other case's",
        validate: |value| if value.is_null() { Ok(()) } else { Err("no value: the label stands in the case") },
        accepts: |_, context, answer| {
            let Some(label) = context.case.expect.as_deref() else {
                return Err("the case has no label".into());
            };
            gives_label(answer, label, context.labels)
        },
        needs_label: true,
    },
];

/// The row of a kind.
pub fn kind(name: &str) -> Option<&'static CheckKind> {
    CHECKS.iter().find(|kind| kind.name == name)
}

impl Check {
    /// The check in a few words: its kind and its value.
    pub fn label(&self) -> String {
        match &self.value {
            serde_json::Value::Null => self.kind.clone(),
            serde_json::Value::String(text) => format!("{} {text:?}", self.kind),
            value => format!("{} {value}", self.kind),
        }
    }
}

/// The checks that an answer does not pass.
pub fn failures<'a>(
    checks: impl IntoIterator<Item = &'a Check>,
    context: Context<'_>,
    answer: &str,
) -> Vec<CheckFailure> {
    let fails = |check: &Check| {
        let verdict = match kind(&check.kind) {
            Some(kind) => (kind.accepts)(&check.value, context, answer),
            None => Err("this version does not know this check".into()),
        };
        verdict.err().map(|why| CheckFailure { check: check.label(), why })
    };
    checks.into_iter().filter_map(fails).collect()
}

/// Whether an answer gives the label: it is the whole answer, or the only one of all labels that stands in it.
fn gives_label(answer: &str, label: &str, labels: &[String]) -> Result<(), String> {
    let answer = folded(answer);
    let wanted = folded(label);
    if answer == wanted {
        return Ok(());
    }
    let stands = |text: &str| format!(" {answer} ").contains(&format!(" {text} "));
    if !stands(&wanted) {
        return Err(format!("expected {label:?}"));
    }
    // A label that is part of a longer one ("Health" in "Health Care") does not count as another answer.
    match labels.iter().find(|other| {
        let other = folded(other);
        other != wanted && !wanted.contains(&other) && stands(&other)
    }) {
        Some(other) => Err(format!("expected {label:?}, but {other:?} stands there too")),
        None => Ok(()),
    }
}

/// Lower case, and every run of anything but letters and digits one space.
fn folded(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(kind: &str, value: serde_json::Value, answer: &str) -> bool {
        let case = Case { expect: Some("Business".into()), ..Case::default() };
        let labels = ["Business", "Technology", "Other"].map(String::from);
        let check = Check { kind: kind.into(), value };
        failures([&check], Context { case: &case, labels: &labels }, answer).is_empty()
    }

    #[test]
    fn each_kind_accepts_and_refuses() {
        assert!(passes("max_words", 3.into(), "one two three"));
        assert!(!passes("max_words", 2.into(), "one two three"));
        assert!(passes("contains", "bedrock".into(), "About Bedrock."));
        assert!(!passes("contains", "bedrock".into(), "About AWS."));
        assert!(passes("expected", ().into(), "  business.\n"));
        assert!(passes("expected", ().into(), "**Category:** Business"));
        assert!(!passes("expected", ().into(), "Technology"));
        assert!(!passes("expected", ().into(), "Technology, Business, or Other"));
        assert!(!passes("expected", ().into(), "Businesslike"));
    }
}
