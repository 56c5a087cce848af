//! Text: hostile words made fit for XML, their widths, and their shortening.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::bench::clean::{Lines, clean};

/// One line of hostile text, harmless but not yet escaped for any format.
pub fn line(text: &str) -> Cow<'_, str> {
    clean(text, Lines::Join)
}

/// One line of hostile text for an XML text or a quoted attribute.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if is_xml(c) => out.push(c),
            _ => {}
        }
    }
    out
}

/// Whether a character may stand in XML 1.0 (<https://www.w3.org/TR/xml/#charsets>).
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Advance widths of ASCII from the space on, in hundredths of an em, of `DejaVu Sans`: the widest of the fonts that
/// the charts ask for, so what fits by this table fits in each of them.
const ADVANCES: [u8; 95] = [
    32, 41, 46, 84, 64, 96, 78, 28, 40, 40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84,
    84, 84, 54, 100, 69, 69, 70, 78, 64, 58, 78, 76, 30, 30, 66, 56, 87, 75, 79, 61, 79, 70, 64, 62, 74, 69, 99, 69,
    62, 69, 40, 34, 40, 84, 50, 50, 62, 64, 55, 64, 62, 36, 64, 64, 28, 28, 58, 28, 98, 64, 62, 64, 64, 42, 53, 40, 64,
    60, 82, 60, 60, 53, 64, 34, 64, 84,
];

/// The width of a clean line in pixels, in the charts' font at a size.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(advance).sum::<f64>() * size / 100.0
}

fn advance(c: char) -> f64 {
    let ascii = (c as usize).checked_sub(32).and_then(|at| ADVANCES.get(at));
    match (ascii, c.width()) {
        (Some(hundredths), _) => f64::from(*hundredths),
        (None, None | Some(0)) => 0.0,
        (None, Some(1)) => 75.0,
        (None, Some(_)) => 105.0,
    }
}

/// A clean line that is at most so many pixels wide; one that was longer ends in `…`.
pub(crate) fn fitted(text: &str, size: f64, most: f64) -> Cow<'_, str> {
    shortened(text, |text| width(text, size) <= most)
}

/// The columns of a terminal that a clean line takes.
pub(crate) fn columns(text: &str) -> u32 {
    text.width() as u32
}

/// A clean line that takes at most so many columns of a terminal; one that was longer ends in `…`.
pub fn in_columns(text: &str, most: usize) -> Cow<'_, str> {
    shortened(text, |text| text.width() <= most)
}

fn shortened(text: &str, fits: impl Fn(&str) -> bool) -> Cow<'_, str> {
    if fits(text) {
        return Cow::Borrowed(text);
    }
    let mut short = text.to_owned();
    while short.pop().is_some() {
        let candidate = format!("{}…", short.trim_end());
        if fits(&candidate) {
            return Cow::Owned(candidate);
        }
    }
    Cow::Borrowed("…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hostile_passes_into_xml() {
        assert_eq!(xml("<a b=\"c\" d='e'>&]]>"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;]]&gt;");
        assert_eq!(xml("a\0\u{1b}[1mb\n\u{FFFF}\u{202e}"), "a␀␛[1mb ��");
        let every: String = ('\0'..=char::MAX).collect();
        assert!(xml(&every).chars().all(is_xml));
    }

    #[test]
    fn widths_and_shortening() {
        assert!((width("Wi", 10.0) - 12.7).abs() < 1e-9);
        assert!(width("漢字", 10.0) >= 20.0);
        assert_eq!(fitted("short", 12.0, 100.0), "short");
        let long = fitted("a name that is far too long for its place", 12.0, 100.0);
        assert!(long.ends_with('…') && width(&long, 12.0) <= 100.0 && width(&long, 12.0) > 80.0, "{long}");
        assert_eq!(in_columns("漢字漢字", 5), "漢字…");
        assert_eq!(fitted("x", 12.0, 0.0), "…");
    }
}
