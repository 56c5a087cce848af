//! Clean: hostile text made harmless, so that it can act neither on a terminal nor on the reading direction.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

/// What becomes of line breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// They stay, each as one `\n`: the text will be shown on several lines.
    Keep,
    /// Each becomes one space: the text will be shown on one line.
    Join,
}

/// What stands for a character that cannot be shown as what it is.
const REPLACEMENT: char = '\u{FFFD}';

/// More marks than this on one base character are dropped: they would paint over the neighbouring lines.
const MOST_MARKS: usize = 4;

/// Text of a model, a service or a file in a form that is safe to show.
///
/// Control characters become their pictures (`␛`) or `�`, directional overrides, isolates and marks and invisible
/// characters become `�`, tabs become a space, joiners and variation selectors vanish (so every glyph keeps the
/// columns that it has alone), and marks stacked on one character are limited. Clean text is returned as it is.
pub fn clean(text: &str, lines: Lines) -> Cow<'_, str> {
    if is_clean(text, lines) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut marks = 0;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\r' && rest.peek() == Some(&'\n') {
            continue;
        }
        match Fate::of(c, lines) {
            Fate::Stay => {
                marks = if is_mark(c) { marks + 1 } else { 0 };
                if marks <= MOST_MARKS {
                    out.push(c);
                }
            }
            Fate::Become(other) => {
                marks = 0;
                out.push(other);
            }
            Fate::Vanish => {}
        }
    }
    Cow::Owned(out)
}

/// What happens to one character.
enum Fate {
    Stay,
    Become(char),
    Vanish,
}

impl Fate {
    fn of(c: char, lines: Lines) -> Self {
        match c {
            // The bulk of all text.
            ' '..='~' => Self::Stay,
            // Line feed, next line, line and paragraph separator.
            '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' => match (lines, c) {
                (Lines::Keep, '\n') => Self::Stay,
                (Lines::Keep, _) => Self::Become('\n'),
                (Lines::Join, _) => Self::Become(' '),
            },
            '\t' => Self::Become(' '),
            '\0'..='\u{1F}' => Self::Become(char::from_u32(0x2400 + u32::from(c)).unwrap_or(REPLACEMENT)),
            '\u{7F}' => Self::Become('\u{2421}'),
            // C1 controls: some terminals take U+009B for `ESC [`.
            '\u{80}'..='\u{9F}' => Self::Become(REPLACEMENT),
            // Joiners and variation selectors change how many columns a sequence takes, terminal by terminal.
            '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => Self::Vanish,
            _ if turns_or_hides(c) => Self::Become(REPLACEMENT),
            _ => Self::Stay,
        }
    }
}

/// Whether a character changes the reading direction of what follows, or takes no place at all and so hides.
fn turns_or_hides(c: char) -> bool {
    matches!(c,
        // Arabic letter mark, left-to-right and right-to-left mark, embeddings and overrides, isolates.
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
        // Soft hyphen, combining grapheme joiner, Hangul fillers, vowel separator, zero-width space,
        // word joiner and invisible operators, deprecated format characters, byte order mark.
        | '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}' | '\u{200B}'
        | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
        // Interlinear annotation, shorthand and musical format controls, tags, noncharacters.
        | '\u{FFF9}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E007F}')
}

/// Whether a character is painted over the one before it.
fn is_mark(c: char) -> bool {
    !c.is_ascii() && c.width() == Some(0)
}

fn is_clean(text: &str, lines: Lines) -> bool {
    let mut marks = 0;
    text.chars().all(|c| {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        marks <= MOST_MARKS && matches!(Fate::of(c, lines), Fate::Stay)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> String {
        clean(text, Lines::Join).into_owned()
    }

    #[test]
    fn ordinary_text_of_any_script_is_borrowed() {
        for text in ["", "plain", "für §5 — “naïve”", "日本語 한국어", "नमस्ते", "سلام", "שלום", "🦀 e\u{301}"]
        {
            assert!(matches!(clean(text, Lines::Keep), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }

    #[test]
    fn no_escape_sequence_survives() {
        assert_eq!(joined("\u{1b}[31mred\u{1b}[0m"), "␛[31mred␛[0m");
        assert_eq!(joined("\u{1b}]0;title\u{7}"), "␛]0;title␇");
        assert_eq!(joined("a\u{9b}2Jb"), "a�2Jb");
        assert_eq!(joined("over\rwrite\u{8}\u{7f}\0"), "over␍write␈␡␀");
    }

    #[test]
    fn line_breaks_stay_or_become_spaces() {
        let text = "one\r\ntwo\nthree\u{2028}four\u{85}five\tsix";
        assert_eq!(clean(text, Lines::Keep), "one\ntwo\nthree\nfour\nfive six");
        assert_eq!(clean(text, Lines::Join), "one two three four five six");
    }

    #[test]
    fn direction_and_invisible_characters_are_made_visible() {
        let mut hidden: Vec<char> = ('\u{202A}'..='\u{202E}').chain('\u{2066}'..='\u{2069}').collect();
        hidden.extend(['\u{200E}', '\u{200F}', '\u{61C}', '\u{200B}', '\u{FEFF}', '\u{2060}', '\u{AD}', '\u{E0041}']);
        for c in hidden {
            assert_eq!(joined(&format!("a{c}b")), "a�b", "{c:?}");
        }
    }

    #[test]
    fn every_glyph_keeps_its_own_columns() {
        assert_eq!(joined("👨\u{200d}👩\u{200d}👧"), "👨👩👧");
        assert_eq!(joined("❤\u{fe0f}"), "❤");
        let towers = format!("Z{}algo", "\u{301}".repeat(50));
        assert_eq!(joined(&towers), format!("Z{}algo", "\u{301}".repeat(4)));
    }

    #[test]
    fn cleaning_is_idempotent_and_leaves_nothing_that_acts() {
        let every: String = ('\0'..='\u{2FFFF}').chain('\u{E0000}'..='\u{E01FF}').collect();
        let once = joined(&every);
        assert_eq!(joined(&once), once);
        assert!(once.chars().all(|c| !c.is_control() && !turns_or_hides(c)));
    }
}
