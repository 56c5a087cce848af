//! The table `[keys]`: which keys mean what in the dashboard, read as it stands; what it may say is the dashboard's business.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::file;
use super::finding::{ConfigError, Finding, Source};
use super::reader::{At, Notes, Section};

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongKey {
    /// Which entry.
    pub entry: usize,
    /// Which of its keys; `None` where it is the action.
    pub key: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What could be meant.
    pub help: String,
}

/// The table, with the places of its parts.
#[derive(Debug, Clone)]
pub struct KeyTable {
    source: Arc<Source>,
    /// Actions with their keys, by their names, in the order of the file.
    pub entries: Vec<(String, Vec<String>)>,
    places: Vec<(Range<usize>, Vec<Range<usize>>)>,
}

impl KeyTable {
    /// The error that points at what is wrong.
    pub fn error(&self, wrong: &[WrongKey]) -> ConfigError {
        let finding = |wrong: &WrongKey| {
            let place = self
                .places
                .get(wrong.entry)
                .map_or(0..0, |(action, keys)| wrong.key.and_then(|key| keys.get(key)).unwrap_or(action).clone());
            Finding::new(wrong.what.clone()).at(&self.source, place, "").help(wrong.help.clone())
        };
        ConfigError::of(wrong.iter().map(finding).collect())
    }
}

/// Reads the table of a file; `None` where it has none.
pub(super) fn read(root: &mut Section<'_>, notes: &Notes) -> Option<KeyTable> {
    let At { value, span } = root.raw("keys")?;
    let Some(table) = value.as_table() else {
        notes.at(span, "`keys` must be a table of actions with their keys", "expected [keys]");
        return None;
    };
    let mut read = KeyTable { source: Arc::clone(&notes.source), entries: Vec::new(), places: Vec::new() };
    let mut rows: Vec<_> = table.iter().collect();
    rows.sort_by_key(|(action, _)| action.span().start);
    for (action, keys) in rows {
        let texts: Option<Vec<(String, Range<usize>)>> = match keys.get_ref() {
            DeValue::String(key) => Some(vec![(key.to_string(), keys.span())]),
            DeValue::Array(list) => {
                list.iter().map(|key| Some((key.get_ref().as_str()?.to_owned(), key.span()))).collect()
            }
            _ => None,
        };
        let Some(texts) = texts else {
            let what = "an action has a key (\"r\"), several ([\"r\", \"f5\"]) or none ([])";
            notes.at(keys.span(), what, "expected a string or a list of strings");
            continue;
        };
        let (names, places) = texts.into_iter().unzip();
        read.entries.push((action.get_ref().to_string(), names));
        read.places.push((action.span(), places));
    }
    Some(read)
}

/// Reads a file that has nothing but a `[keys]` table: a user's own, for every plan. `None` where there is no such file.
pub fn read_keys(path: &Path) -> Result<Option<KeyTable>, ConfigError> {
    if !path.exists() {
        return Ok(None);
    }
    let source = file::load(path, &path.display().to_string()).map_err(ConfigError::one)?;
    let (root, errors) = DeTable::parse_recoverable(&source.text);
    let finding = |error: &toml::de::Error| {
        Finding::new(error.message().to_owned()).at(&source, error.span().unwrap_or(0..0), "not TOML")
    };
    ConfigError::unless_empty(errors.iter().take(1).map(finding).collect())?;
    let notes = Notes::new(Arc::clone(&source));
    let mut section = Section::new(&notes, "", Some(At { value: root.get_ref(), span: root.span() }));
    let keys = read(&mut section, &notes);
    section.finish();
    ConfigError::unless_empty(notes.into_findings())?;
    Ok(keys)
}
