//! JSON: the report of schema 1, pretty, with nothing in it that acts on a terminal.

use std::fmt::Write;

use crate::bench::clean::{Lines, clean};
use crate::bench::report::Report;
use crate::bench::tally::Tally;
use crate::export::Rendered;

/// `report.json`.
pub(crate) fn render(tally: &Tally) -> Vec<Rendered> {
    // A report has string keys and plain values, so that it cannot fail to be written.
    let json = serde_json::to_string_pretty(&Report::of(tally)).unwrap_or_default();
    vec![Rendered { name: "report.json".into(), contents: inert(&json) + "\n" }]
}

/// The same JSON with what could act on a terminal or turn the reading direction as `\u` escapes. Such characters can
/// only stand inside strings, where the escape means the same.
pub fn inert(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut bytes, mut units) = ([0; 4], [0; 2]);
    for c in json.chars() {
        let same: &str = c.encode_utf8(&mut bytes);
        if c.is_ascii_graphic() || clean(same, Lines::Keep) == same {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut units) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_escaped_and_means_the_same() {
        let hostile = "a\u{1b}[31m\u{9b}\u{202e}\u{7f}\u{e0041}\n\"é漢";
        let json = inert(&serde_json::to_string_pretty(&[hostile]).expect("written"));
        assert!(json.chars().all(|c| c == '\n' || clean(&c.to_string(), Lines::Keep) == c.to_string()), "{json}");
        assert!(json.contains("é漢"));
        assert_eq!(serde_json::from_str::<[String; 1]>(&json).expect("read"), [hostile]);
    }
}
