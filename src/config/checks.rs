//! Checks wherever they stand: in the file, in a variant, in a case; and the schema files that they name.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::cases::Cases;
use super::file;
use super::finding::{Finding, Source, counted, nearest, quoted};
use super::reader::{At, Notes, Section, json, number, word};
use super::scalar::{self, Wrong, one_of};
use crate::bench::check::{self, CHECKS, Check, CheckKind, Readying};

/// Checks of the schema that a later version brings.
const LATER_CHECKS: [&str; 1] = ["judge"];

/// Reads checks: each kind of value is made ready once, each schema file is read once.
#[derive(Debug)]
pub(super) struct Checking<'a> {
    /// Where the paths of schema files begin.
    base: &'a Path,
    readying: RefCell<Readying>,
    schemas: RefCell<HashMap<String, Result<Value, Finding>>>,
}

impl<'a> Checking<'a> {
    pub(super) fn new(base: &'a Path) -> Self {
        Self { base, readying: RefCell::default(), schemas: RefCell::default() }
    }

    /// The checks of an array of tables.
    pub(super) fn tables(&self, sections: Vec<Section<'_>>, cases: &Cases, notes: &Notes) -> Vec<Check> {
        sections.into_iter().filter_map(|section| self.table(section, cases, notes)).collect()
    }

    fn table(&self, mut section: Section<'_>, cases: &Cases, notes: &Notes) -> Option<Check> {
        let Some(kind) = section.raw("kind") else {
            notes.at(section.span(), "a check needs a `kind`", format!("one of {}", known().join(", ")));
            return None;
        };
        if let Some(later) = kind.value.as_str().and_then(later) {
            notes.add(later.at(&notes.source, kind.span, "comes with a later version"));
            return None;
        }
        let row = section.value("kind", word(&known())).and_then(check::kind);
        let has_value = section.raw("value").is_some();
        let value = section.get("value", json);
        // A kind that is not known may take one.
        let threshold = row.is_none_or(|row| row.threshold).then(|| section.get("threshold", number(scalar::SHARE)));
        let span = value.as_ref().map_or(section.span(), |value| value.span.clone());
        section.finish();
        let row = row?;
        if has_value && value.is_none() {
            return None;
        }
        let threshold = threshold.flatten().map(|threshold| threshold.value);
        match self.check(row, value.map(|value| value.value).unwrap_or_default(), threshold) {
            Ok(check) => {
                unlabelled(row, &check, kind.span, cases, notes);
                Some(check)
            }
            Err(refused) => {
                notes.add(refused.at(&notes.source, span, &format!("the check `{}`", row.name)));
                None
            }
        }
    }

    /// The checks of a case, each an object; what is wrong with them is said at the `place` of their key.
    pub(super) fn of_case(
        &self,
        checks: Value,
        id: &str,
        expect: Option<&str>,
        place: &At<Arc<Source>>,
    ) -> Result<Vec<Check>, Vec<Finding>> {
        let at = |finding: Finding, label: &str| finding.at(&place.value, place.span.clone(), label);
        let Value::Array(list) = checks else {
            let what = "`checks` of a case must be a list of objects: [{\"kind\": …, \"value\": …}, …]";
            return Err(vec![at(Finding::new(what), "no list")]);
        };
        let (mut good, mut wrong) = (Vec::new(), Vec::new());
        for (index, value) in list.into_iter().enumerate() {
            match self.object(value, (index + 1, id), place) {
                Ok((row, check)) => match (row.label)(&check, expect) {
                    Ok(()) => good.push(check),
                    Err(why) => wrong.push(at(Finding::new(format!("case {} {why}", quoted(id))), "asked for here")),
                },
                Err(findings) => wrong.extend(findings),
            }
        }
        if wrong.is_empty() { Ok(good) } else { Err(wrong) }
    }

    /// One check of a case by its number and the case's id.
    fn object(
        &self,
        value: Value,
        (number, id): (usize, &str),
        place: &At<Arc<Source>>,
    ) -> Result<(&'static CheckKind, Check), Vec<Finding>> {
        let whose = format!("check {number} of case {}", quoted(id));
        let says = |what: String, label: &str| Finding::new(what).at(&place.value, place.span.clone(), label);
        let refuse = |what: String, label: &str| Err(vec![says(what, label)]);
        let Value::Object(mut object) = value else {
            return refuse(format!("{whose} must be an object: {{\"kind\": …, \"value\": …}}"), "");
        };
        let kind = match object.shift_remove("kind") {
            Some(Value::String(kind)) => kind,
            Some(_) => return refuse(format!("`kind` of {whose} must be a text"), ""),
            None => return refuse(format!("{whose} needs a `kind`"), &format!("one of {}", known().join(", "))),
        };
        if let Some(later) = later(&kind) {
            return Err(vec![later.at(&place.value, place.span.clone(), "comes with a later version")]);
        }
        let Some(row) = check::kind(&kind) else {
            let help = nearest(&kind, known()).map(|near| format!("did you mean \"{near}\"?"));
            let what = format!("`kind` of {whose} must be {}", one_of(&known()));
            return Err(vec![says(what, &format!("found the string {}", quoted(&kind))).maybe_help(help)]);
        };
        let value = object.shift_remove("value").unwrap_or_default();
        let mut wrong = Vec::new();
        let threshold = if row.threshold { object.shift_remove("threshold") } else { None };
        let threshold = threshold.filter(|threshold| !threshold.is_null()).and_then(|threshold| {
            let number = threshold.as_f64().ok_or_else(|| scalar::SHARE.wrong());
            let share = number.and_then(|number| scalar::SHARE.check(number));
            let refuse = |Wrong { expected, .. }| says(format!("`threshold` of {whose} must be {expected}"), "");
            share.map_err(|why| wrong.push(refuse(why))).ok()
        });
        wrong.extend(
            unknown(&object, row)
                .map(|(key, help)| says(format!("unknown key {} in {whose}", quoted(key)), "").help(help)),
        );
        let check = self.check(row, value, threshold);
        match check {
            Ok(check) if wrong.is_empty() => Ok((row, check)),
            Ok(_) => Err(wrong),
            Err(refused) => {
                let whose = format!("check {number} (`{}`) of case {}", row.name, quoted(id));
                wrong.push(refused.at(&place.value, place.span.clone(), &whose));
                Err(wrong)
            }
        }
    }

    /// A check whose value was tried; a schema file's content is its value.
    fn check(&self, row: &'static CheckKind, value: Value, threshold: Option<f64>) -> Result<Check, Refused> {
        let is_none = value.is_null();
        let value = match value {
            Value::String(path) if row.from_file && is_json(&path) => self.schema(&path).map_err(Refused::File)?,
            value => value,
        };
        let check = Check { kind: row.name.to_owned(), value, threshold };
        match self.readying.borrow_mut().ready(&check) {
            Ok(_) => Ok(check),
            Err(check::Wrong { expected, why }) => {
                let label = why.unwrap_or_else(|| if is_none { "there is none" } else { "not this" }.to_owned());
                Err(Refused::Value { expected, label })
            }
        }
    }

    fn schema(&self, path: &str) -> Result<Value, Finding> {
        let read = || {
            let path = self.base.join(path);
            let source = file::load(&path, &path.display().to_string())?;
            serde_json::from_str(&source.text).map_err(|error| malformed(&source, &error))
        };
        self.schemas.borrow_mut().entry(path.to_owned()).or_insert_with(read).clone()
    }
}

/// Why a check is not taken.
enum Refused {
    /// Its value is wrong.
    Value { expected: &'static str, label: String },
    /// The file that it names.
    File(Finding),
}

impl Refused {
    /// The finding, at the place of the value.
    fn at(self, source: &Arc<Source>, span: Range<usize>, whose: &str) -> Finding {
        match self {
            Self::Value { expected, label } => {
                Finding::new(format!("the `value` of {whose} must be {expected}")).at(source, span, label)
            }
            Self::File(finding) => finding.at(source, span, "named here"),
        }
    }
}

fn known() -> Vec<&'static str> {
    CHECKS.iter().map(|kind| kind.name).collect()
}

/// What is said of a kind that a later version brings, without its place.
fn later(kind: &str) -> Option<Finding> {
    let what = format!("this version does not know the check `{kind}` yet");
    LATER_CHECKS.contains(&kind).then(|| Finding::new(what).help(format!("it knows {}", known().join(", "))))
}

fn is_json(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// Keys that a check of a case does not have, each with advice.
fn unknown<'a>(object: &'a Map<String, Value>, row: &CheckKind) -> impl Iterator<Item = (&'a str, String)> {
    let mut known = vec!["kind", "value"];
    known.extend(row.threshold.then_some("threshold"));
    object.keys().map(move |key| {
        let near = nearest(key, known.iter().copied());
        let help =
            near.map_or_else(|| format!("known here: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
        (key.as_str(), help)
    })
}

/// A check that compares with labels needs one in every case.
fn unlabelled(row: &CheckKind, check: &Check, span: Range<usize>, cases: &Cases, notes: &Notes) {
    let lack = |case: usize| (row.label)(check, cases.list[case].expect.as_deref()).err().map(|why| (case, why));
    let lacking: Vec<(usize, String)> = (0..cases.list.len()).filter_map(lack).collect();
    let Some((first, why)) = lacking.first() else { return };
    let Some(place) = cases.places.get(*first) else {
        let what = format!("the check `{}` needs `cases` with a label (`expect`) each", row.name);
        // Some kinds take a text in its stead.
        let text = Check { value: "text".into(), ..check.clone() };
        let instead = (row.ready)(&text).is_ok().then(|| "or give the check a `value`".to_owned());
        notes.add(Finding::new(what).at(&notes.source, span, "there are none").maybe_help(instead));
        return;
    };
    let finding = Finding::new(format!("case {} {why}", quoted(&cases.list[*first].id)))
        .at(&place.source, place.span.clone(), "this case")
        .at(&notes.source, span, "asked for here");
    let count = format!("{} in all", counted(lacking.len(), "case"));
    notes.add(finding.maybe_help((lacking.len() > 1).then_some(count)));
}

/// Where a file is no JSON.
fn malformed(source: &Arc<Source>, error: &serde_json::Error) -> Finding {
    let message = error.to_string();
    let what = message.split(" at line ").next().unwrap_or(&message);
    let start: usize = source.text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = (start + error.column().saturating_sub(1)).min(source.text.len());
    Finding::new(format!("{} is not JSON: {what}", source.name)).at(source, at..at + 1, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_check_is_both_known_and_later() {
        assert!(LATER_CHECKS.iter().all(|kind| check::kind(kind).is_none()));
    }
}
