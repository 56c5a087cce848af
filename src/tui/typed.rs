//! Typed: a line of text that keys go into.

/// The longest that can be typed, in bytes.
const LONGEST: usize = 2_048;

/// What was typed, and whether keys still go into it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// The text.
    pub text: String,
    /// Whether letters go into it.
    pub on: bool,
}

impl Typed {
    /// Puts a letter at the end.
    pub fn push(&mut self, letter: char) {
        if self.text.len() < LONGEST {
            self.text.push(letter);
        }
    }

    /// Takes the last letter away.
    pub fn erase(&mut self) {
        self.text.pop();
    }

    /// Away with all of it; says whether there was anything.
    pub fn clear(&mut self) -> bool {
        let was = self.on || !self.text.is_empty();
        *self = Self::default();
        was
    }
}
