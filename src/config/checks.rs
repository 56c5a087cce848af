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
use super::reader::{At, Notes, Section, json, number, text_as, whole, word};
use super::scalar::{self, Wrong, one_of};
use crate::bench::check::{self, CHECKS, Check, CheckKind, Readying};

/// Reads checks: each kind of value is made ready once, each schema file is read once.
#[derive(Debug)]
pub(super) struct Checking<'a> {
    /// Where the paths of schema files begin.
    base: &'a Path,
    readying: RefCell<Readying>,
    schemas: RefCell<HashMap<String, Result<Value, Finding>>>,
    judges: RefCell<Vec<Judge>>,
}

/// A judge where it is named.
#[derive(Debug, Clone)]
pub(super) struct Judge {
    /// The model as the file names it.
    pub(super) name: String,
    /// The file.
    pub(super) source: Arc<Source>,
    /// The place in it.
    pub(super) span: Range<usize>,
}

/// What is said of a judge's check that names no model.
const LACKS_MODEL: &str = "a judge needs a `model`: another one than those under test";

impl<'a> Checking<'a> {
    pub(super) fn new(base: &'a Path) -> Self {
        Self { base, readying: RefCell::default(), schemas: RefCell::default(), judges: RefCell::default() }
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
        let row = section.value("kind", word(&known())).and_then(check::kind);
        let has_value = section.raw("value").is_some();
        let value = section.get("value", json);
        // A kind that is not known may take one.
        let threshold = row.is_none_or(|row| row.threshold).then(|| section.get("threshold", number(scalar::SHARE)));
        let asked = row.is_none_or(|row| row.asks).then(|| {
            let has_model = section.raw("model").is_some();
            let model = section.get("model", text_as(scalar::model_id));
            let most = section.value("max_tokens", whole(&scalar::MAX_TOKENS)).map(|most| most as u32);
            (has_model, model, most)
        });
        let span = value.as_ref().map_or(section.span(), |value| value.span.clone());
        section.finish();
        let row = row?;
        if has_value && value.is_none() {
            return None;
        }
        let (has_model, model, max_tokens) = asked.unwrap_or_default();
        if row.asks && !has_model {
            notes.at(kind.span, LACKS_MODEL, "no model is named");
            return None;
        }
        let check = Check {
            kind: row.name.to_owned(),
            value: value.map(|value| value.value).unwrap_or_default(),
            threshold: threshold.flatten().map(|threshold| threshold.value),
            model: model.as_ref().map(|model| model.value.clone()),
            max_tokens,
        };
        self.judge(&check, &notes.source, model.map(|model| model.span));
        match self.check(row, check) {
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
        let (mut model, mut max_tokens) = (None, None);
        if row.asks {
            let mut refuse = |key, Wrong { expected, .. }: Wrong| {
                wrong.push(says(format!("`{key}` of {whose} must be {expected}"), ""));
            };
            match object.shift_remove("model").map(|model| scalar::model_id(model.as_str().unwrap_or_default())) {
                Some(Ok(name)) => model = Some(name),
                Some(Err(why)) => refuse("model", why),
                None => refuse("model", Wrong::expected("there: another model than those under test")),
            }
            let most = object.shift_remove("max_tokens").filter(|most| !most.is_null());
            match most.map(|most| scalar::whole(most.as_i64().unwrap_or(0).into(), &scalar::MAX_TOKENS)) {
                Some(Ok(most)) => max_tokens = Some(most as u32),
                Some(Err(why)) => refuse("max_tokens", why),
                None => {}
            }
        }
        wrong.extend(
            unknown(&object, row)
                .map(|(key, help)| says(format!("unknown key {} in {whose}", quoted(key)), "").help(help)),
        );
        let check = Check { kind, value, threshold, model, max_tokens };
        self.judge(&check, &place.value, Some(place.span.clone()));
        match self.check(row, check) {
            Ok(check) if wrong.is_empty() => Ok((row, check)),
            Ok(_) => Err(wrong),
            Err(refused) => {
                let whose = format!("check {number} (`{}`) of case {}", row.name, quoted(id));
                wrong.push(refused.at(&place.value, place.span.clone(), &whose));
                Err(wrong)
            }
        }
    }

    /// Remembers where a judge is named.
    fn judge(&self, check: &Check, source: &Arc<Source>, span: Option<Range<usize>>) {
        if let (Some(name), Some(span)) = (check.judge(), span) {
            self.judges.borrow_mut().push(Judge { name: name.to_owned(), source: Arc::clone(source), span });
        }
    }

    /// Where judges are named.
    pub(super) fn into_judges(self) -> Vec<Judge> {
        self.judges.into_inner()
    }

    /// A check whose value was tried; a schema file's content is its value.
    fn check(&self, row: &'static CheckKind, check: Check) -> Result<Check, Refused> {
        let is_none = check.value.is_null();
        let value = match check.value {
            Value::String(path) if row.from_file && is_json(&path) => self.schema(&path).map_err(Refused::File)?,
            value => value,
        };
        let check = Check { value, ..check };
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

fn is_json(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

/// Keys that a check of a case does not have, each with advice.
fn unknown<'a>(object: &'a Map<String, Value>, row: &CheckKind) -> impl Iterator<Item = (&'a str, String)> {
    let mut known = vec!["kind", "value"];
    known.extend(row.threshold.then_some("threshold"));
    known.extend(row.asks.then_some(["model", "max_tokens"]).into_iter().flatten());
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
