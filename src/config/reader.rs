//! Typed reading of TOML tables: a wrong value or an unknown key becomes a finding, and reading goes on.

use std::cell::RefCell;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::finding::{Finding, Source, nearest, quoted};
use super::scalar::{self, Decimal, Wrong};
use crate::bench::quota::LimitOverride;

/// A value with its place in the file.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// The findings of one file.
#[derive(Debug)]
pub(super) struct Notes {
    pub(super) source: Arc<Source>,
    found: RefCell<Vec<Finding>>,
}

impl Notes {
    pub(super) fn new(source: Arc<Source>) -> Self {
        Self { source, found: RefCell::default() }
    }

    /// Adds a finding.
    pub(super) fn add(&self, finding: Finding) {
        self.found.borrow_mut().push(finding);
    }

    /// Adds a finding at a place of this file.
    pub(super) fn at(&self, span: Range<usize>, what: impl Into<String>, label: impl Into<String>) {
        self.add(Finding::new(what).at(&self.source, span, label));
    }

    /// Everything that was found.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.found.into_inner()
    }
}

/// One table while it is read: remembers which keys it was asked for, so that the others are unknown.
#[derive(Debug)]
pub(super) struct Section<'a> {
    notes: &'a Notes,
    table: Option<&'a DeTable<'a>>,
    name: &'static str,
    span: Range<usize>,
    known: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// A table; `name` is what messages call it, empty for the top of the file.
    pub(super) fn new(notes: &'a Notes, name: &'static str, table: Option<At<&'a DeTable<'a>>>) -> Self {
        let span = table.as_ref().map_or(0..0, |table| table.span.clone());
        Self { notes, table: table.map(|table| table.value), name, span, known: Vec::new() }
    }

    /// Where the table begins.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The value of a key as it stands.
    pub(super) fn raw(&mut self, key: &'static str) -> Option<At<&'a DeValue<'a>>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        let (_, value) = self.table?.get_key_value(key)?;
        Some(At { value: value.get_ref(), span: value.span() })
    }

    /// The value of a key and its place, if it is there and right.
    pub(super) fn get<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&DeValue<'a>) -> Result<T, Wrong>,
    ) -> Option<At<T>> {
        let At { value, span } = self.raw(key)?;
        match read(value) {
            Ok(value) => Some(At { value, span }),
            Err(wrong) => {
                self.refuse(&format!("`{key}`"), value, span, wrong);
                None
            }
        }
    }

    /// The value of a key, if it is there and right.
    pub(super) fn value<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&DeValue<'a>) -> Result<T, Wrong>,
    ) -> Option<T> {
        self.get(key, read).map(|at| at.value)
    }

    /// A list of texts, each read by `read` and called `what`; every wrong element is a finding of its own.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        what: &str,
        may_be_empty: bool,
        read: impl Fn(&str) -> Result<T, Wrong>,
    ) -> Option<Vec<At<T>>> {
        let At { value, span } = self.raw(key)?;
        let elements: Option<Vec<_>> = value.as_array().map(|array| array.iter().collect());
        let Some(elements) = elements.filter(|elements| may_be_empty || !elements.is_empty()) else {
            let expected =
                if may_be_empty { format!("a list of {what}s") } else { format!("a list of at least one {what}") };
            self.refuse(&format!("`{key}`"), value, span, Wrong::expected(expected));
            return None;
        };
        let count = elements.len();
        let one = |element: &Spanned<DeValue<'a>>| {
            let (value, span) = (element.get_ref(), element.span());
            match value.as_str().map_or_else(|| Err(Wrong::expected("a text")), &read) {
                Ok(value) => Some(At { value, span }),
                Err(wrong) => {
                    self.refuse(&format!("each {what} of `{key}`"), value, span, wrong);
                    None
                }
            }
        };
        let good: Vec<At<T>> = elements.into_iter().filter_map(one).collect();
        (good.len() == count).then_some(good)
    }

    /// A table inside this one; one that reads as empty where it is absent or no table.
    pub(super) fn section(&mut self, key: &'static str, name: &'static str) -> Section<'a> {
        let table = self.raw(key).and_then(|At { value, span }| {
            let table = value.as_table();
            if table.is_none() {
                self.refuse(&format!("`{key}`"), value, span.clone(), Wrong::expected(format!("a table, {name}")));
            }
            table.map(|value| At { value, span })
        });
        Section::new(self.notes, name, table)
    }

    /// The tables of an array of tables; none where it is absent or something else.
    pub(super) fn sections(&mut self, key: &'static str, name: &'static str) -> Vec<Section<'a>> {
        let Some(At { value, span }) = self.raw(key) else { return Vec::new() };
        let entries = value.as_array().map(|array| array.iter().collect::<Vec<_>>());
        let Some(entries) = entries else {
            self.refuse(&format!("`{key}`"), value, span, Wrong::expected(format!("a list of tables, {name}")));
            return Vec::new();
        };
        let table = |entry: &'a Spanned<DeValue<'a>>| {
            let (value, span) = (entry.get_ref(), entry.span());
            let Some(table) = value.as_table() else {
                self.refuse(&format!("`{key}`"), value, span, Wrong::expected(format!("a table, {name}")));
                return None;
            };
            Some(Section::new(self.notes, name, Some(At { value: table, span })))
        };
        entries.into_iter().filter_map(table).collect()
    }

    /// Says what a value should have been.
    fn refuse(&self, what: &str, value: &DeValue<'_>, span: Range<usize>, wrong: Wrong) {
        let (span, label) = match wrong.at {
            Some(inner) => (inner, "this one".into()),
            None => (span.clone(), found(value, self.notes.source.text.get(span).unwrap_or_default())),
        };
        let finding = Finding::new(format!("{what} must be {}", wrong.expected))
            .at(&self.notes.source, span, label)
            .maybe_help(wrong.near.map(|near| format!("did you mean \"{near}\"?")));
        self.notes.add(finding);
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(self) {
        for (key, _) in self.table.into_iter().flatten() {
            let name: &str = key.get_ref();
            if !self.known.contains(&name) {
                let place = if self.name.is_empty() { "at the top".into() } else { format!("in {}", self.name) };
                let help = match nearest(name, self.known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", self.known.join(", ")),
                };
                let finding = Finding::new(format!("unknown key {} {place}", quoted(name)))
                    .at(&self.notes.source, key.span(), "")
                    .help(help);
                self.notes.add(finding);
            }
        }
    }
}

/// What stands there, in a few words; `literal` is how the file writes it.
fn found(value: &DeValue<'_>, literal: &str) -> String {
    match value {
        DeValue::String(text) if text.contains('\n') => "found a text of several lines".into(),
        DeValue::String(text) if text.is_empty() => "found an empty string".into(),
        DeValue::String(text) => format!("found the string {}", quoted(text)),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => format!("found {}", quoted(literal)),
        DeValue::Datetime(_) => "found a date".into(),
        DeValue::Array(array) if array.is_empty() => "found an empty list".into(),
        DeValue::Array(_) => "found a list".into(),
        DeValue::Table(_) => "found a table".into(),
    }
}

fn integer(value: &DeValue<'_>) -> Option<i128> {
    let integer = value.as_integer()?;
    i128::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn decimal(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => integer(value).map(|integer| integer as f64),
    }
}

/// A text that is not blank.
pub(super) fn text(value: &DeValue<'_>) -> Result<String, Wrong> {
    match value.as_str() {
        Some(text) if !text.trim().is_empty() => Ok(text.to_owned()),
        _ => Err(Wrong::expected("a text that is not empty")),
    }
}

/// A text, blank or not.
pub(super) fn any_text(value: &DeValue<'_>) -> Result<String, Wrong> {
    value.as_str().map(str::to_owned).ok_or_else(|| Wrong::expected("a text"))
}

/// A text that something else reads.
pub(super) fn text_as<T>(read: impl Fn(&str) -> Result<T, Wrong>) -> impl Fn(&DeValue<'_>) -> Result<T, Wrong> {
    // A value of another type is told the same as a word that is not known.
    move |value| read(value.as_str().unwrap_or_default())
}

/// One of several words.
pub(super) fn word(words: &[&'static str]) -> impl Fn(&DeValue<'_>) -> Result<&'static str, Wrong> {
    text_as(|text| scalar::word(text, words.iter().copied()))
}

/// `true` or `false`.
pub(super) fn flag(value: &DeValue<'_>) -> Result<bool, Wrong> {
    value.as_bool().ok_or_else(|| Wrong::expected("true or false"))
}

/// A whole number between bounds.
pub(super) fn whole(bounds: &RangeInclusive<u64>) -> impl Fn(&DeValue<'_>) -> Result<u64, Wrong> {
    |value| match integer(value) {
        Some(number) => scalar::whole(number, bounds),
        None => Err(scalar::whole_wrong(bounds)),
    }
}

/// A number between bounds.
pub(super) fn number(range: Decimal) -> impl Fn(&DeValue<'_>) -> Result<f64, Wrong> {
    move |value| decimal(value).ok_or_else(|| range.wrong()).and_then(|number| range.check(number))
}

/// A duration as text.
pub(super) fn duration(value: &DeValue<'_>) -> Result<Duration, Wrong> {
    scalar::duration(value.as_str().unwrap_or_default())
}

/// What another reader reads, or one word that means its absence.
pub(super) fn or_word<T>(
    word: &'static str,
    read: impl Fn(&DeValue<'_>) -> Result<T, Wrong>,
) -> impl Fn(&DeValue<'_>) -> Result<Option<T>, Wrong> {
    move |value| {
        if value.as_str() == Some(word) {
            return Ok(None);
        }
        read(value).map(Some).map_err(|wrong| Wrong {
            expected: format!("{}, or \"{word}\"", wrong.expected),
            near: value.as_str().and_then(|text| nearest(text, [word])).map(str::to_owned),
            at: wrong.at,
        })
    }
}

/// A limit of the quota: a number, or `none`.
pub(super) fn limit(value: &DeValue<'_>) -> Result<LimitOverride, Wrong> {
    let limit = or_word("none", number(scalar::LIMIT))(value)?;
    Ok(limit.map_or(LimitOverride::None, LimitOverride::Value))
}

/// A value as JSON; TOML's dates, `inf` and `nan` have none.
pub(super) fn json(value: &DeValue<'_>) -> Result<Json, Wrong> {
    let no_json = || Wrong::expected("a value that JSON has too: write a date as a text, and no inf or nan");
    Ok(match value {
        DeValue::String(text) => Json::String(text.to_string()),
        DeValue::Boolean(flag) => Json::Bool(*flag),
        DeValue::Integer(_) => {
            let number = integer(value).and_then(|number| i64::try_from(number).ok()).ok_or_else(no_json)?;
            Json::Number(number.into())
        }
        DeValue::Float(_) => Json::Number(decimal(value).and_then(serde_json::Number::from_f64).ok_or_else(no_json)?),
        DeValue::Datetime(_) => return Err(no_json()),
        DeValue::Array(array) => {
            let element = |element: &Spanned<DeValue<'_>>| inside(element.span(), json(element.get_ref()));
            Json::Array(array.iter().map(element).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => Json::Object(fields(table)?),
    })
}

/// A table as a JSON object.
pub(super) fn object(value: &DeValue<'_>) -> Result<serde_json::Map<String, Json>, Wrong> {
    value.as_table().ok_or_else(|| Wrong::expected("a table")).and_then(fields)
}

fn fields(table: &DeTable<'_>) -> Result<serde_json::Map<String, Json>, Wrong> {
    let field = |(key, value): (&Spanned<toml::de::DeString<'_>>, &Spanned<DeValue<'_>>)| {
        inside(value.span(), json(value.get_ref())).map(|json| (key.get_ref().to_string(), json))
    };
    table.iter().map(field).collect()
}

/// Points an error of an inner value at that value, unless it points deeper still.
fn inside<T>(span: Range<usize>, read: Result<T, Wrong>) -> Result<T, Wrong> {
    read.map_err(|wrong| Wrong { at: wrong.at.or(Some(span)), ..wrong })
}
