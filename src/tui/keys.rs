//! Keys: which keys mean what here — those of [`KEYMAP`], and what a `[keys]` table says in their place.

use std::collections::BTreeSet;

use crossterm::event::KeyCode;

use crate::tui::keymap::{Action, Binding, KEYMAP, Key};

/// How alike two names must be to be meant for each other.
const LIKELY: f64 = 0.8;
/// Keys that have a name, beside the letters and `f1` to `f12`.
const NAMED: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("page up", KeyCode::PageUp),
    ("page down", KeyCode::PageDown),
];

/// The keys of every row of [`KEYMAP`], in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys(Vec<Vec<Key>>);

/// What is wrong with an entry of a `[keys]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misbound {
    /// Which entry.
    pub entry: usize,
    /// Which of its keys; `None` where it is the action.
    pub key: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What could be meant.
    pub help: String,
}

impl Default for Keys {
    fn default() -> Self {
        Self(KEYMAP.iter().map(|row| row.keys.to_vec()).collect())
    }
}

/// The name of an action in a `[keys]` table: `page_down`.
pub fn name(action: Action) -> String {
    let mut name = String::new();
    for letter in format!("{action:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// The key with a name.
pub(super) fn named(text: &str) -> Option<Key> {
    let (ctrl, text) = text.strip_prefix("ctrl-").map_or((false, text), |rest| (true, rest));
    let mut letters = text.chars();
    let code = if let (Some(letter), None) = (letters.next(), letters.next()) {
        Some(KeyCode::Char(letter)).filter(|_| !letter.is_control() && !letter.is_whitespace())
    } else {
        let function = text.strip_prefix('f').and_then(|number| number.parse().ok());
        let function = function.filter(|n| (1..=12).contains(n)).map(KeyCode::F);
        function.or_else(|| NAMED.iter().find(|(name, _)| *name == text).map(|(_, code)| *code))
    };
    code.map(|code| Key { code, ctrl })
}

fn nearest(word: &str, known: impl Iterator<Item = String>) -> Option<String> {
    known
        .map(|candidate| (strsim::jaro_winkler(word, &candidate), candidate))
        .filter(|(likeness, _)| *likeness > LIKELY)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Whether two rows may share a key: they do so by default, because they never mean something at the same time.
fn may_share(a: &Binding, b: &Binding) -> bool {
    a.keys.iter().any(|key| b.keys.contains(key))
}

impl Keys {
    /// The keys with entries of a `[keys]` table laid over them: an action by its name, and its keys by theirs. An action
    /// without keys is unbound; Ctrl-C leaves in any case.
    pub fn with(mut self, entries: &[(String, Vec<String>)]) -> Result<Self, Vec<Misbound>> {
        let mut wrong = Vec::new();
        let mut set: Vec<Option<usize>> = vec![None; KEYMAP.len()];
        for (entry, (action, keys)) in entries.iter().enumerate() {
            let Some(row) = KEYMAP.iter().position(|row| name(row.action) == *action) else {
                let near = nearest(action, KEYMAP.iter().map(|row| name(row.action)));
                let help = near.map_or_else(
                    || format!("known: {}", KEYMAP.iter().map(|row| name(row.action)).collect::<Vec<_>>().join(", ")),
                    |near| format!("did you mean `{near}`?"),
                );
                wrong.push(Misbound { entry, key: None, what: format!("there is no action `{action}`"), help });
                continue;
            };
            set[row] = Some(entry);
            let mut bound = Vec::new();
            for (index, text) in keys.iter().enumerate() {
                match named(text) {
                    Some(key) => bound.push(key),
                    None => wrong.push(unnamed(entry, index, text)),
                }
            }
            if KEYMAP[row].action == Action::Interrupt {
                bound.extend(KEYMAP[row].keys);
            }
            self.0[row] = bound;
        }
        if wrong.is_empty() {
            wrong.extend(self.conflicts(&set, entries));
        }
        if wrong.is_empty() { Ok(self) } else { Err(wrong) }
    }

    /// Keys that would mean two things at the same time, each at the entry that brings it.
    fn conflicts(&self, set: &[Option<usize>], entries: &[(String, Vec<String>)]) -> Vec<Misbound> {
        let mut wrong = Vec::new();
        let mut said = BTreeSet::new();
        for (row, entry) in set.iter().enumerate().filter_map(|(row, entry)| Some((row, (*entry)?))) {
            for (index, text) in entries[entry].1.iter().enumerate() {
                let Some(key) = named(text) else { continue };
                let other = (0..KEYMAP.len()).find(|other| {
                    *other != row && self.0[*other].contains(&key) && !may_share(&KEYMAP[row], &KEYMAP[*other])
                });
                if let Some(other) = other.filter(|other| said.insert((row.min(*other), row.max(*other)))) {
                    let (of, action) = (name(KEYMAP[other].action), name(KEYMAP[row].action));
                    let what = format!("`{text}` would mean `{action}` and `{of}` at the same time");
                    let help = format!("give `{of}` another key, or none: {of} = []");
                    wrong.push(Misbound { entry, key: Some(index), what, help });
                }
            }
        }
        wrong
    }

    /// The rows with their keys.
    pub fn rows(&self) -> impl Iterator<Item = (&'static Binding, &[Key])> {
        KEYMAP.iter().zip(self.0.iter().map(Vec::as_slice))
    }

    /// The keys of an action, the one that is shown first.
    pub fn of(&self, action: Action) -> &[Key] {
        self.rows().find(|(row, _)| row.action == action).map_or(&[], |(_, keys)| keys)
    }
}

fn unnamed(entry: usize, index: usize, text: &str) -> Misbound {
    let near = nearest(text, NAMED.iter().map(|(name, _)| (*name).to_owned()));
    let help = near.map_or_else(
        || {
            "a key is a letter or sign, space, enter, esc, tab, up, page down, f1 …, with ctrl- before it or without"
                .into()
        },
        |near| format!("did you mean \"{near}\"?"),
    );
    Misbound { entry, key: Some(index), what: format!("there is no key \"{text}\""), help }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(entries: &[(&str, &[&str])]) -> Result<Keys, Vec<Misbound>> {
        let owned = |(action, keys): &(&str, &[&str])| {
            ((*action).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>())
        };
        Keys::default().with(&entries.iter().map(owned).collect::<Vec<_>>())
    }

    #[test]
    fn every_default_key_has_a_name_that_means_it() {
        let signs = ["up", "down", "enter"];
        for (row, keys) in Keys::default().rows() {
            for key in keys {
                let text = match key.code {
                    KeyCode::BackTab => "shift-tab".to_owned(),
                    _ => key.name(signs),
                };
                assert_eq!(named(&text), Some(*key), "{:?}: {text}", row.action);
            }
            assert!(name(row.action).chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        }
        assert_eq!(name(Action::PageDown), "page_down");
    }

    #[test]
    fn keys_are_bound_and_unbound() {
        let keys = with(&[("run", &["R", "f5"]), ("export", &[]), ("page_down", &["ctrl-f"])]).unwrap();
        assert_eq!(keys.of(Action::Run).len(), 2);
        assert_eq!(keys.of(Action::Run)[1].code, KeyCode::F(5));
        assert!(keys.of(Action::Export).is_empty() && keys.of(Action::PageDown)[0].ctrl);
        assert_eq!(with(&[]).unwrap(), Keys::default());
        let keys = with(&[("interrupt", &["z"])]);
        assert!(keys.is_err() || keys.unwrap().of(Action::Interrupt).len() == 2, "ctrl-c leaves in any case");
    }

    #[test]
    fn what_cannot_be_is_said() {
        let wrong = with(&[("rum", &["x"]), ("stop", &["ctrl-shift-x", "spcae"])]).unwrap_err();
        assert_eq!(wrong.len(), 3);
        assert_eq!((wrong[0].entry, wrong[0].key, wrong[0].help.as_str()), (0, None, "did you mean `run`?"));
        assert_eq!((wrong[2].entry, wrong[2].key, wrong[2].help.as_str()), (1, Some(1), "did you mean \"space\"?"));
        let wrong = with(&[("run", &["q"])]).unwrap_err();
        assert_eq!(wrong[0].what, "`q` would mean `run` and `quit` at the same time");
        assert!(with(&[("run", &["q"]), ("quit", &["Q"])]).is_ok());
        assert!(with(&[("pick", &["enter"]), ("toggle", &["space"])]).is_ok(), "as they share them by default");
        assert_eq!(with(&[("up", &["z"]), ("down", &["z"])]).unwrap_err().len(), 1);
    }
}
