//! How checks read a text: its letters and white space folded, and what a message repeats of it.

use unicode_width::UnicodeWidthChar;

use crate::bench::clean::{Lines, clean};

/// How much of a text a message repeats, in characters.
const MOST_SHOWN: usize = 40;

/// A text without what readers do not see in it: upper and lower case alike, white space around it gone and each run
/// inside it one space.
pub(super) fn folded(text: &str) -> String {
    folded_lines(text).replace('\n', " ")
}

/// A text folded likewise, but for a run of white space with a line's end, which is one `\n`.
pub(super) fn folded_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut space = None;
    for c in text.chars() {
        if c.is_whitespace() {
            space = Some(if c == '\n' || space == Some('\n') { '\n' } else { ' ' });
        } else if !is_invisible(c) {
            if let Some(space) = space.take().filter(|_| !out.is_empty()) {
                out.push(space);
            }
            // By way of upper case, so that ß and SS, ς and σ are alike too.
            out.extend(dash(c).to_uppercase().flat_map(char::to_lowercase));
        }
    }
    out
}

/// The beginning of a text in quotes, harmless and on one line.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", shown(text, MOST_SHOWN))
}

/// The beginning of a text, harmless and on one line; what is left out is an ellipsis.
pub(super) fn shown(text: &str, most: usize) -> String {
    let short: String = text.chars().take(most).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{}{more}", clean(&short, Lines::Join))
}

/// The hyphens and the minus sign that models write for the one that a keyboard has.
fn dash(c: char) -> char {
    if matches!(c, '\u{2010}' | '\u{2011}' | '\u{2212}' | '\u{FF0D}') { '-' } else { c }
}

/// Zero-width spaces, joiners, marks of direction, variation selectors, the byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

/// Whether a character continues a word: a letter, a digit, or a mark on one.
pub(super) fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_ascii() && c.width() == Some(0))
}

/// Whether a letter is of a script that sets no spaces between words (Thai to Khmer, Chinese, Japanese), or that sets
/// endings onto them (Korean).
pub(super) fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1100}'..='\u{11FF}' | '\u{1780}'..='\u{17FF}'
        | '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}
