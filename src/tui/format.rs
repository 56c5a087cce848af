//! Format: numbers, moments and texts as the cells of the dashboard show them; units stand in the heads.

use std::borrow::Cow;
use std::time::Duration;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::bench::number::grouped;

/// A whole number with thousands separators: `12,300`; from ten million on shortened: `28.8M`.
pub fn count(value: f64) -> String {
    let value = value.max(0.0);
    match value {
        v if v >= 999.5e9 => format!("{:.0}T", v / 1e12),
        v if v >= 10e9 => format!("{:.1}G", v / 1e9),
        v if v >= 10e6 => format!("{:.1}M", v / 1e6),
        v => grouped(&(v.round() as u64).to_string()),
    }
}

/// A rate: one decimal below a thousand, thousands separators above.
pub fn rate(value: f64) -> String {
    if value < 999.95 { format!("{value:.1}") } else { count(value) }
}

/// A share as whole percent, without the sign.
pub fn percent(share: f64) -> String {
    format!("{:.0}", (share * 100.0).min(99_999.0))
}

/// US dollars; more digits the smaller the sum.
pub fn usd(value: f64) -> String {
    match value {
        v if v >= 1_000.0 => format!("${}", count(v)),
        v if v >= 1.0 => format!("${v:.2}"),
        v if v >= 0.01 || v == 0.0 => format!("${v:.4}"),
        v => format!("${v:.6}"),
    }
}

/// A moment since the Unix epoch as time of day in UTC: `08:00:42`.
pub fn clock(at: Duration) -> String {
    let second = at.as_secs() % 86_400;
    format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
}

/// A length of time: `0:42`, `1:02:03`.
pub fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds / 3_600 {
        0 => format!("{}:{:02}", seconds / 60, seconds % 60),
        hours => format!("{hours}:{:02}:{:02}", seconds / 60 % 60, seconds % 60),
    }
}

/// A short wait with its unit: `0.4 s`, `12 s`.
pub fn seconds(length: Duration) -> String {
    let seconds = length.as_secs_f64();
    if seconds < 9.95 { format!("{seconds:.1} s") } else { format!("{seconds:.0} s") }
}

/// `one trial`, `3 trials`.
pub fn plural(n: u64, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(n as f64)) }
}

/// A text cut to so many columns, with `ellipsis` where something is missing.
pub fn fit<'a>(text: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    if text.len() <= columns || text.width() <= columns {
        return Cow::Borrowed(text);
    }
    let room = columns.saturating_sub(ellipsis.width());
    let mut used = 0;
    let end = text
        .char_indices()
        .find(|(_, c)| {
            used += c.width().unwrap_or(0);
            used > room
        })
        .map_or(text.len(), |(at, _)| at);
    let mark = if columns >= ellipsis.width() { ellipsis } else { "" };
    Cow::Owned(format!("{}{mark}", &text[..end]))
}

/// Text broken at spaces into lines of so many columns, at most `most` of them; longer words are broken anywhere.
/// The flag says whether something did not fit.
pub fn wrap(text: &str, columns: usize, most: usize) -> (Vec<&str>, bool) {
    let columns = columns.max(2);
    let mut lines = Vec::new();
    for paragraph in text.trim_end_matches('\n').split('\n') {
        let mut rest = paragraph.trim_end();
        loop {
            if lines.len() == most {
                return (lines, true);
            }
            let (line, behind) = break_line(rest, columns);
            lines.push(line);
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
    }
    (lines, false)
}

/// The same, but the last line holds as much of the rest as it can, its line breaks gone, and says if that is not all.
pub fn paragraph<'a>(text: &'a str, columns: usize, most: usize, ellipsis: &str) -> Vec<Cow<'a, str>> {
    let (lines, cut) = wrap(text, columns, most);
    let mut lines: Vec<Cow<'_, str>> = lines.into_iter().map(Cow::Borrowed).collect();
    if let Some(Cow::Borrowed(last)) = lines.last().filter(|_| cut).cloned() {
        let from = last.as_ptr().addr() - text.as_ptr().addr();
        let rest: Vec<&str> = text[from..].lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.pop();
        lines.push(Cow::Owned(fit(&rest.join(" "), columns, ellipsis).into_owned()));
    }
    lines
}

/// The first line of a text that has no line breaks, and what follows it.
fn break_line(text: &str, columns: usize) -> (&str, &str) {
    let mut used = 0;
    let mut space = None;
    for (at, c) in text.char_indices() {
        used += c.width().unwrap_or(0);
        if used > columns {
            // The indentation of a line is no place to break it.
            return match space.filter(|at| !text[..*at].trim_start().is_empty()) {
                _ if c == ' ' => (text[..at].trim_end(), text[at..].trim_start()),
                Some(space) => (text[..space].trim_end(), text[space..].trim_start()),
                None => text.split_at(at),
            };
        }
        if c == ' ' {
            space = Some(at);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_columns() {
        assert_eq!(count(0.0), "0");
        assert_eq!(count(999.6), "1,000");
        assert_eq!(count(1_234_567.0), "1,234,567");
        assert_eq!(count(288e6), "288.0M");
        assert_eq!(count(1e12), "1T");
        assert_eq!(rate(27.349), "27.3");
        assert_eq!(rate(999.96), "1,000");
        assert_eq!(percent(0.364), "36");
        assert_eq!([usd(0.0), usd(0.004_25), usd(0.5), usd(12.0)], ["$0.0000", "$0.004250", "$0.5000", "$12.00"]);
    }

    #[test]
    fn times() {
        assert_eq!(clock(Duration::from_secs(1_800_000_042)), "08:00:42");
        assert_eq!(span(Duration::from_secs(42)), "0:42");
        assert_eq!(span(Duration::from_secs(3_723)), "1:02:03");
        assert_eq!(seconds(Duration::from_millis(400)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(12)), "12 s");
    }

    #[test]
    fn texts_are_cut_by_columns_not_by_characters() {
        assert_eq!(fit("abcdef", 6, "…"), "abcdef");
        assert_eq!(fit("abcdefg", 6, "…"), "abcde…");
        assert_eq!(fit("日本語です", 6, "…"), "日本…");
        assert_eq!(fit("abc", 0, "…"), "");
        assert_eq!(fit("abcdefg", 6, "..."), "abc...");
    }

    #[test]
    fn wrapping_breaks_at_spaces_and_says_what_is_missing() {
        let (lines, more) = wrap("one two three\n\n  indented", 8, 10);
        assert_eq!(lines, ["one two", "three", "", "  indent", "ed"]);
        assert!(!more);
        let (lines, more) = wrap("one two three", 7, 1);
        assert_eq!((lines, more), (vec!["one two"], true));
        assert_eq!(wrap("日本語です", 4, 9).0, ["日本", "語で", "す"]);
        assert_eq!(wrap("", 4, 9).0, [""]);
        assert_eq!(paragraph("one two three four", 8, 2, "…"), ["one two", "three f…"]);
        assert_eq!(paragraph("one\n\ntwo\n", 9, 1, "…"), ["one two"]);
        assert_eq!(paragraph("one\ntwo", 9, 2, "…"), ["one", "two"]);
    }
}
