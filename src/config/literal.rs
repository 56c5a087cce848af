//! Where the characters of a TOML string stand in the file, so that an error inside a template can be pointed at.

use std::ops::Range;

/// The bytes of a string's literal (quotes included) that a range of its value came from.
pub(super) fn locate(literal: &str, value: Range<usize>) -> Range<usize> {
    let offsets = offsets(literal);
    let at = |index: usize| offsets.get(index).copied().unwrap_or(literal.len());
    at(value.start)..at(value.end).max(at(value.start))
}

/// For each byte of the value its place in the literal, and the place of the value's end.
fn offsets(literal: &str) -> Vec<usize> {
    let quote = if literal.starts_with('\'') { '\'' } else { '"' };
    let many = literal.starts_with(&quote.to_string().repeat(3)) && literal.len() >= 6;
    let width = if many { 3 } else { 1 };
    let end = literal.len().saturating_sub(width);
    let mut at = width.min(end);
    if many && literal[at..].starts_with('\n') {
        at += 1;
    }
    let mut offsets = Vec::with_capacity(literal.len());
    while at < end {
        let rest = &literal[at..end];
        let (taken, gives) = match rest.strip_prefix('\\') {
            Some(escape) if quote == '"' => escaped(escape),
            _ => plain(rest),
        };
        offsets
            .extend(std::iter::repeat_n(at, gives).enumerate().map(|(n, at)| if taken == gives { at + n } else { at }));
        at += taken;
    }
    offsets.push(end);
    offsets
}

/// Bytes taken from the literal and bytes given to the value, for a character that stands for itself.
fn plain(rest: &str) -> (usize, usize) {
    let length = rest.chars().next().map_or(1, char::len_utf8);
    (length, length)
}

/// The same for what follows a backslash.
fn escaped(escape: &str) -> (usize, usize) {
    let digits = match escape.as_bytes().first() {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        Some(b' ' | b'\t' | b'\n') => return (1 + escape.len() - escape.trim_start().len(), 0),
        _ => return (1 + plain(escape).0, 1),
    };
    let code = escape.get(1..=digits).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    (2 + digits, code.and_then(char::from_u32).map_or(1, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_of_a_value_is_found_in_its_literal() {
        for literal in [
            "\"plain {{ X }}\"",
            "'literal \\n {{ X }}'",
            "\"\\\"tab\\t, \\u00e9 \\U0001F600 \\x41 {{ X }} ü\"",
            "\"\"\"\nfirst\n\nthird {{ X }}\n\"\"\"",
            "\"\"\"joined \\\n   \n   with {{ X }} \"quotes\" inside\"\"\"",
            "'''\n\\ raw 'quotes' {{ X }}'''",
            "\"\"\"{{ X }}\"\"\"\"",
            "\"\"",
        ] {
            let document = format!("k = {literal}");
            let table: toml::Table = document.parse().expect(literal);
            let value = table["k"].as_str().expect("a string");
            assert_eq!(offsets(literal).len(), value.len() + 1, "{literal}");
            if let Some(at) = value.find('X') {
                assert_eq!(&literal[locate(literal, at..at + 1)], "X", "{literal}");
            }
        }
    }
}
