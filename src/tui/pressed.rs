//! Pressed: a key as a script names it, and what pressing it does.

use crossterm::event::{KeyEvent, KeyModifiers};

use crate::tui::keymap::{self, KEYMAP};
use crate::tui::keys;
use crate::tui::message::Msg;
use crate::tui::model::Model;
use crate::tui::view::View;

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
        let key = keys::named(name)?;
        let modifiers = if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
        Some(Self { name: name.into(), event: KeyEvent::new(key.code, modifiers) })
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
    use crossterm::event::KeyCode;

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
