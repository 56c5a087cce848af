//! Pressed: a key as a script names it, and what pressing it does.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::tui::keymap::{self, KEYMAP};
use crate::tui::message::Msg;
use crate::tui::model::Model;
use crate::tui::view::View;

/// The keys that are no character, by their names.
const NAMED: &[(&str, KeyCode)] = &[
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("page up", KeyCode::PageUp),
    ("page down", KeyCode::PageDown),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
];

/// A key that is pressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pressed {
    /// Its name: a character, `enter`, `page down`, `ctrl-d`.
    pub name: String,
    event: KeyEvent,
}

impl Pressed {
    /// The key of a name; `None` where no key has it.
    pub fn parse(name: &str) -> Option<Self> {
        let (modifiers, bare) = match name.strip_prefix("ctrl-") {
            Some(bare) => (KeyModifiers::CONTROL, bare),
            None => (KeyModifiers::NONE, name),
        };
        let mut characters = bare.chars();
        let code = match (characters.next(), characters.next()) {
            (Some(letter), None) if !letter.is_control() && letter != ' ' => KeyCode::Char(letter),
            _ => NAMED.iter().find(|(name, _)| *name == bare)?.1,
        };
        Some(Self { name: name.into(), event: KeyEvent::new(code, modifiers) })
    }

    /// What the model hears.
    pub fn message(&self) -> Msg {
        Msg::Key(self.event)
    }

    /// What it means now, in a word; empty where that has none.
    pub fn word(&self, model: &Model) -> &'static str {
        let Some(action) = keymap::action(self.event, model) else { return "" };
        let label = KEYMAP.iter().find(|row| row.action == action).map_or("", |row| (row.label)(model));
        View::of(action).map_or(label, |view| view.row().name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_by_their_names() {
        let code = |name: &str| Pressed::parse(name).map(|key| (key.event.code, key.event.modifiers));
        assert_eq!(code("b"), Some((KeyCode::Char('b'), KeyModifiers::NONE)));
        assert_eq!(code("="), Some((KeyCode::Char('='), KeyModifiers::NONE)));
        assert_eq!(code("space"), Some((KeyCode::Char(' '), KeyModifiers::NONE)));
        assert_eq!(code("page down"), Some((KeyCode::PageDown, KeyModifiers::NONE)));
        assert_eq!(code("ctrl-d"), Some((KeyCode::Char('d'), KeyModifiers::CONTROL)));
        for none in ["", " ", "ctrl-", "bb", "hyper", "\u{1b}"] {
            assert_eq!(code(none), None, "{none:?}");
        }
    }
}
