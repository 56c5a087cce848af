//! CHECKS: what makes an answer acceptable; one row a kind.

mod document;
mod expected;
mod similar;
mod text;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use regex::RegexBuilder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bench::judge;
use crate::bench::plan::{Case, Plan};
use crate::bench::sample::{CheckFailure, Trial};
pub use expected::Labels;
use text::{folded, quoted, shown};

/// The likeness that `similar_to` asks for where the configuration does not say.
const DEFAULT_THRESHOLD: f64 = 0.8;
/// The largest that a compiled regular expression may be, in bytes.
const LARGEST_REGEX: usize = 4 << 20;
/// How much of a value a check's label shows, in characters.
const MOST_OF_VALUE: usize = 24;

/// How much of a parser's reason is shown, in characters.
const MOST_OF_REASON: usize = 120;

/// One check as the configuration states it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The kind: the name of a row of [`CHECKS`].
    pub kind: String,
    /// Its value; what it means is the kind's business.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
    /// How much of it has to hold, a share; for the kinds that take one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The model that is asked, as the user named it; for the kind that asks one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Most output tokens of its reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
}

/// What a check may look at beside the answer.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The case that was asked.
    pub case: &'a Case,
    /// The labels of all cases.
    pub labels: &'a Labels,
}

/// A check made ready: whether an answer is accepted; `Err` says why not, shortly.
pub type Accepts = Box<dyn Fn(Context<'_>, &str) -> Result<(), String> + Send + Sync>;

/// Why a check's value cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// What was expected: `a whole number above 0`.
    pub expected: &'static str,
    /// What is wrong with what is there, where more can be said than that it is something else.
    pub why: Option<String>,
}

impl Wrong {
    fn expected<T>(expected: &'static str) -> Result<T, Self> {
        Err(Self { expected, why: None })
    }
}

/// One row of [`CHECKS`].
#[derive(Debug, Clone, Copy)]
pub struct CheckKind {
    /// The configuration's word.
    pub name: &'static str,
    /// What an answer must do, in half a sentence.
    pub describe: &'static str,
    /// Reads the value and makes the check ready: once a run, not once an answer.
    pub ready: fn(&Check) -> Result<Accepts, Wrong>,
    /// What the check asks of a case's label (`expect`); `Err` continues "the case …".
    pub label: fn(&Check, Option<&str>) -> Result<(), String>,
    /// Whether it takes a `threshold`.
    pub threshold: bool,
    /// Whether a text as its value names a file that holds the value as JSON.
    pub from_file: bool,
    /// Whether another model is asked: it takes a `model` and `max_tokens`, and `ready` accepts every answer, for what
    /// that model says comes later.
    pub asks: bool,
}

/// A row that only has to be told what it looks for.
const fn row(name: &'static str, describe: &'static str, ready: fn(&Check) -> Result<Accepts, Wrong>) -> CheckKind {
    CheckKind { name, describe, ready, label: |_, _| Ok(()), threshold: false, from_file: false, asks: false }
}

/// Every kind of check.
pub const CHECKS: &[CheckKind] = &[
    row("contains", "contains this text, upper and lower case alike", |check| {
        let (wanted, text) = wanted(check)?;
        let why = format!("does not contain {}", quoted(text));
        Ok(Box::new(move |_, answer| held(folded(answer).contains(&wanted), || why.clone())))
    }),
    row("not_contains", "does not contain this text, upper and lower case alike", |check| {
        let (wanted, text) = wanted(check)?;
        let why = format!("contains {}", quoted(text));
        Ok(Box::new(move |_, answer| held(!folded(answer).contains(&wanted), || why.clone())))
    }),
    row("equals", "is this text, upper and lower case and white space alike", |check| {
        let (wanted, text) = wanted(check)?;
        let why = format!("is not {}", quoted(text));
        Ok(Box::new(move |_, answer| held(folded(answer) == wanted, || why.clone())))
    }),
    row("regex", "has a part that this regular expression matches", |check| {
        const EXPECTED: &str = "a regular expression";
        let Some(pattern) = check.value.as_str().filter(|pattern| !pattern.is_empty()) else {
            return Wrong::expected(EXPECTED);
        };
        let regex = RegexBuilder::new(pattern).size_limit(LARGEST_REGEX).build();
        let regex = regex.map_err(|error| Wrong { expected: EXPECTED, why: Some(syntax(&error)) })?;
        Ok(Box::new(move |_, answer| held(regex.is_match(answer), || "nothing matches".into())))
    }),
    row("json", "is a JSON document, alone or in one code fence", |check| {
        let accepts = |_: Context<'_>, answer: &str| document::document(answer).map(|_| ());
        if check.value.is_null() { Ok(Box::new(accepts)) } else { Wrong::expected("left out: `json` takes none") }
    }),
    CheckKind {
        from_file: true,
        ..row("json_schema", "is a JSON document, alone or in one code fence, that this schema holds for", |check| {
            const EXPECTED: &str = "a JSON schema: a table, or the path of a .json file";
            if !check.value.is_object() {
                return Wrong::expected(EXPECTED);
            }
            let schema = document::schema(&check.value);
            let schema = schema.map_err(|why| Wrong { expected: EXPECTED, why: Some(why) })?;
            Ok(Box::new(move |_, answer| document::holds(&schema, &document::document(answer)?)))
        })
    },
    row("max_words", "has at most this many words", |check| {
        let most = words(check)?;
        Ok(Box::new(move |_, answer| {
            let words = answer.split_whitespace().count() as u64;
            held(words <= most, || format!("{words} words, at most {most}"))
        }))
    }),
    row("min_words", "has at least this many words", |check| {
        let least = words(check)?;
        Ok(Box::new(move |_, answer| {
            let words = answer.split_whitespace().count() as u64;
            held(words >= least, || format!("{words} words, at least {least}"))
        }))
    }),
    CheckKind {
        label: labelled,
        ..row("expected", "gives the case's label (`expect`), and not merely among the others", |check| {
            let accepts = |context: Context<'_>, answer: &str| match context.case.expect.as_deref() {
                Some(label) => expected::gives(answer, label, context.labels),
                None => Err("the case has no label".into()),
            };
            if check.value.is_null() {
                Ok(Box::new(accepts))
            } else {
                Wrong::expected("left out: the label stands in the case")
            }
        })
    },
    CheckKind {
        label: |check, label| {
            if !check.value.is_null() {
                return Ok(());
            }
            labelled(check, label)?;
            let words = label.unwrap_or_default().split_whitespace().count();
            let most = similar::MOST_WORDS;
            held(words <= most, || {
                format!("has an `expect` of {words} words, and the check `similar_to` compares with {most} at most")
            })
        },
        threshold: true,
        ..row("similar_to", "is like this text, or the case's `expect`, by at least the `threshold`", |check| {
            const EXPECTED: &str = "a text of at most 2,000 words, or left out: the case's `expect` is meant then";
            let text = match &check.value {
                Value::Null => None,
                Value::String(text) if is_comparable(text) => Some(text.clone()),
                _ => return Wrong::expected(EXPECTED),
            };
            let least = check.threshold.unwrap_or(DEFAULT_THRESHOLD);
            Ok(Box::new(move |context, answer| {
                let Some(text) = text.as_ref().or(context.case.expect.as_ref()) else {
                    return Err("the case has no `expect`".into());
                };
                let alike = similar::similarity(text, answer);
                // Rounded down, so that it never looks like enough.
                held(alike >= least, || format!("{:.2} alike, at least {least}", (alike * 100.0).floor() / 100.0))
            }))
        })
    },
    CheckKind {
        asks: true,
        ..row(judge::KIND, "is accepted by another model, which judges by this rubric", |check| {
            let is_rubric = check.value.as_str().is_some_and(|rubric| !rubric.trim().is_empty());
            let accepts = |_: Context<'_>, _: &str| Ok(());
            if is_rubric { Ok(Box::new(accepts)) } else { Wrong::expected("a text that is not empty: the rubric") }
        })
    },
];

/// The row of a kind.
pub fn kind(name: &str) -> Option<&'static CheckKind> {
    CHECKS.iter().find(|kind| kind.name == name)
}

/// The text that a check looks for, folded and as it stands.
fn wanted(check: &Check) -> Result<(String, &str), Wrong> {
    let text = check.value.as_str().map(|text| (folded(text), text)).filter(|(folded, _)| !folded.is_empty());
    text.map_or_else(|| Wrong::expected("a text that is not empty"), Ok)
}

fn words(check: &Check) -> Result<u64, Wrong> {
    check.value.as_u64().filter(|n| *n > 0).map_or_else(|| Wrong::expected("a whole number above 0"), Ok)
}

fn is_comparable(text: &str) -> bool {
    (1..=similar::MOST_WORDS).contains(&text.split_whitespace().count())
}

fn labelled(check: &Check, label: Option<&str>) -> Result<(), String> {
    let there = label.is_some_and(|label| !label.trim().is_empty());
    held(there, || format!("has no `expect`, which the check `{}` needs", check.kind))
}

fn held(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

/// What is wrong with a regular expression, on one line.
fn syntax(error: &regex::Error) -> String {
    if matches!(error, regex::Error::CompiledTooBig(_)) {
        return "it is too large when compiled".into();
    }
    let text = error.to_string();
    shown(text.rsplit_once("error: ").map_or(&*text, |(_, why)| why).trim(), MOST_OF_REASON)
}

impl Check {
    /// The check in a few words: its kind, and the beginning of its value.
    pub fn label(&self) -> String {
        let value = match &self.value {
            Value::Null => None,
            Value::String(text) => Some(format!("\"{}\"", shown(text, MOST_OF_VALUE))),
            Value::Object(schema) => schema.get("title").and_then(Value::as_str).map(|t| shown(t, MOST_OF_VALUE)),
            value => Some(shown(&value.to_string(), MOST_OF_VALUE)),
        };
        let threshold = self.threshold.map(|threshold| threshold.to_string());
        [Some(self.kind.clone()), value, threshold].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

/// A check made ready for many answers.
pub struct Ready {
    label: String,
    accepts: Accepts,
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ready").field(&self.label).finish()
    }
}

/// Makes checks ready, equal ones once: every case may bring the same.
#[derive(Debug, Default)]
pub struct Readying(HashMap<String, Arc<Ready>>);

impl Readying {
    /// The check, ready. `Err` says what is wrong with its value.
    pub fn ready(&mut self, check: &Check) -> Result<Arc<Ready>, Wrong> {
        let key = serde_json::to_string(check).unwrap_or_default();
        if let Some(ready) = self.0.get(&key) {
            return Ok(Arc::clone(ready));
        }
        let accepts = match kind(&check.kind) {
            Some(kind) => (kind.ready)(check)?,
            None => return Wrong::expected("one that this version knows"),
        };
        let ready = Arc::new(Ready { label: check.label(), accepts });
        self.0.insert(key, Arc::clone(&ready));
        Ok(ready)
    }

    /// The check, ready; one that cannot be used accepts nothing and says so.
    fn ready_or_refusing(&mut self, check: &Check) -> Arc<Ready> {
        self.ready(check).unwrap_or_else(|_| {
            let accepts = Box::new(|_: Context<'_>, _: &str| Err("this version cannot make this check".into()));
            Arc::new(Ready { label: check.label(), accepts })
        })
    }
}

/// All checks of a plan, ready.
#[derive(Debug)]
pub struct Checks {
    of_all: Vec<Arc<Ready>>,
    of_variants: Vec<Vec<Arc<Ready>>>,
    of_cases: Vec<Vec<Arc<Ready>>>,
    labels: Labels,
}

impl Checks {
    /// The checks of a plan: those of all answers, of each variant's, of each case's.
    pub fn of(plan: &Plan) -> Self {
        let mut readying = Readying::default();
        let mut ready = |checks: &Vec<Check>| checks.iter().map(|check| readying.ready_or_refusing(check)).collect();
        Self {
            of_all: ready(&plan.checks),
            of_variants: plan.variants.iter().map(|variant| ready(&variant.checks)).collect(),
            of_cases: plan.cases.iter().map(|case| ready(&case.checks)).collect(),
            labels: Labels::of(plan.cases.iter().filter_map(|case| case.expect.as_deref())),
        }
    }

    /// The checks that a trial's answer does not pass, of all that apply to it. The answer is hostile text.
    pub fn failures(&self, plan: &Plan, trial: &Trial, answer: &str) -> Vec<CheckFailure> {
        let context = Context { case: &plan.cases[trial.case], labels: &self.labels };
        let fails = |ready: &Arc<Ready>| {
            let why = (ready.accepts)(context, answer).err()?;
            Some(CheckFailure { check: ready.label.clone(), why })
        };
        let checks = [&self.of_all, &self.of_variants[trial.variant], &self.of_cases[trial.case]];
        checks.into_iter().flatten().filter_map(fails).collect()
    }
}

#[cfg(test)]
mod tests;
