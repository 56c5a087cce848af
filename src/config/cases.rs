//! The inputs: one content from the configuration, or a JSON Lines file with a case a line.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::checks::Checking;
use super::file;
use super::finding::{Finding, Source, quoted};
use super::reader::At;
use crate::bench::check::Check;
use crate::bench::plan::Case;

/// Names that a case cannot give to its own variables.
const RESERVED: [&str; 1] = ["task"];

/// The cases of a plan and where they stand.
#[derive(Debug, Clone, Default)]
pub(super) struct Cases {
    /// The cases.
    pub(super) list: Vec<Case>,
    /// Where each stands; empty for the one case that the configuration itself makes.
    pub(super) places: Vec<Place>,
}

/// Where a case stands.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The file.
    pub(super) source: Arc<Source>,
    /// The line's first byte.
    pub(super) span: Range<usize>,
    /// Whether the case has a `content`, be it an empty one.
    pub(super) has_content: bool,
}

impl Cases {
    /// The one case of a configuration without a file of cases.
    pub(super) fn single(content: &str) -> Self {
        // White space alone is no content: templates shall see the same as without any.
        let content = if content.trim().is_empty() { "" } else { content };
        let case = Case { id: "1".into(), content: content.into(), ..Case::default() };
        Self { list: vec![case], places: Vec::new() }
    }

    /// The cases of a file; blank lines do not count.
    pub(super) fn read(path: &Path, checking: &Checking<'_>) -> Result<Self, Vec<Finding>> {
        let source = file::load(path, &path.display().to_string()).map_err(|finding| vec![finding])?;
        let mut reader = Reader { source, checking, findings: Vec::new() };
        let cases = reader.all();
        if reader.findings.is_empty() { Ok(cases) } else { Err(reader.findings) }
    }
}

struct Reader<'a> {
    source: Arc<Source>,
    checking: &'a Checking<'a>,
    findings: Vec<Finding>,
}

impl Reader<'_> {
    fn all(&mut self) -> Cases {
        let source = Arc::clone(&self.source);
        let mut cases = Cases::default();
        let mut seen: HashMap<String, Range<usize>> = HashMap::new();
        let mut start = 0;
        for (index, line) in source.text.split('\n').enumerate() {
            let whole = start..start + line.len();
            start = whole.end + 1;
            if line.trim().is_empty() {
                continue;
            }
            let first = whole.start + (line.len() - line.trim_start().len());
            let Some((case, has_content)) = self.case(index + 1, line, first) else { continue };
            let span = first..first + 1;
            if let Some(earlier) = seen.insert(case.id.clone(), span.clone()) {
                let finding = Finding::new(format!("two cases have the id {}", quoted(&case.id)))
                    .at(&source, span.clone(), "again here")
                    .at(&source, earlier, "first here");
                self.findings.push(finding);
            }
            cases.list.push(case);
            cases.places.push(Place { source: Arc::clone(&source), span, has_content });
        }
        if cases.list.is_empty() && self.findings.is_empty() {
            self.findings.push(Finding::new(format!("{} has no cases", source.name)).help(SHAPE));
        }
        cases
    }

    fn case(&mut self, number: usize, line: &str, first: usize) -> Option<(Case, bool)> {
        let mut object = match serde_json::from_str(line) {
            Ok(Value::Object(object)) => object,
            Ok(_) => {
                self.refuse(first, "a case must be a JSON object", "this is none");
                return None;
            }
            Err(error) => {
                self.malformed(first - (line.len() - line.trim_start().len()), &error);
                return None;
            }
        };
        for name in RESERVED.into_iter().filter(|name| object.contains_key(*name)) {
            self.refuse(first, &format!("a case cannot have its own `{name}`: it is the configuration's"), "");
        }
        let id = match object.shift_remove("id") {
            None | Some(Value::Null) => Some(number.to_string()),
            Some(Value::String(id)) if !id.trim().is_empty() => Some(id),
            Some(Value::Number(id)) => Some(id.to_string()),
            Some(_) => {
                self.refuse(first, "`id` must be a text that is not empty, or a number", "in this case");
                None
            }
        };
        let content = self.text(&mut object, "content", first);
        let expect = self.text(&mut object, "expect", first);
        let has_content = content.is_some();
        let id = id?;
        let checks = self.checks(&mut object, &id, expect.as_deref(), line, first);
        let content = content.unwrap_or_default();
        Some((Case { id, content, expect, variables: object.into_iter().collect(), checks }, has_content))
    }

    /// The case's own checks; what is wrong with them is shown at their key.
    fn checks(
        &mut self,
        object: &mut Map<String, Value>,
        id: &str,
        expect: Option<&str>,
        line: &str,
        first: usize,
    ) -> Vec<Check> {
        const KEY: &str = "\"checks\"";
        let checks = object.shift_remove("checks").unwrap_or_default();
        if checks.is_null() {
            return Vec::new();
        }
        let is_key = |at: &usize| line[at + KEY.len()..].trim_start().starts_with(':');
        let at = line.match_indices(KEY).map(|(at, _)| at).find(is_key);
        let span = at.map_or(first..first + 1, |at| {
            let at = first - (line.len() - line.trim_start().len()) + at;
            at..at + KEY.len()
        });
        let place = At { value: Arc::clone(&self.source), span };
        self.checking.of_case(checks, id, expect, &place).unwrap_or_else(|findings| {
            self.findings.extend(findings);
            Vec::new()
        })
    }

    fn text(&mut self, object: &mut Map<String, Value>, key: &str, first: usize) -> Option<String> {
        match object.shift_remove(key)? {
            Value::Null => None,
            Value::String(text) => Some(text),
            _ => {
                self.refuse(first, &format!("`{key}` must be a text"), "in this case");
                None
            }
        }
    }

    fn malformed(&mut self, line_start: usize, error: &serde_json::Error) {
        let message = error.to_string();
        let what = message.split(" at line ").next().unwrap_or(&message).to_owned();
        let at = (line_start + error.column().saturating_sub(1)).min(self.source.text.len());
        self.refuse(at, &format!("this line is not JSON: {what}"), "");
    }

    fn refuse(&mut self, at: usize, what: &str, label: &str) {
        let finding = Finding::new(what).at(&self.source, at..at + 1, label);
        // The file's shape is explained once.
        let finding = if self.findings.is_empty() { finding.help(SHAPE) } else { finding };
        self.findings.push(finding);
    }
}

const SHAPE: &str = "each line of a cases file is one object: {\"id\": …, \"content\": …, \"expect\": …, \"checks\": […], any other variable}";
