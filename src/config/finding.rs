//! What is wrong with a configuration: findings that point into the files, rendered as rustc renders its own.

use std::fmt::{self, Write as _};
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// How many findings are shown; what is left is counted.
const MOST_SHOWN: usize = 20;
/// How much of a source text is shown on either side of a finding within one line, in bytes.
const AROUND: usize = 2_000;
/// How much of a value a message repeats, in characters.
const MOST_QUOTED: usize = 60;

/// A file (or other text) that findings point into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    /// Its name as the user knows it: the path that was given.
    pub(super) name: String,
    /// Its text, without a byte order mark and with `\n` at the ends of lines.
    pub(super) text: String,
}

/// A place in a source, and what is to be said about it.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    source: Arc<Source>,
    span: Range<usize>,
    label: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    what: String,
    marks: Vec<Mark>,
    help: Vec<String>,
}

impl Finding {
    /// A finding without a place: about the command line or a file as a whole.
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), marks: Vec::new(), help: Vec::new() }
    }

    /// Points at bytes of a source; the first place is the finding's own, others explain it.
    pub(super) fn at(mut self, source: &Arc<Source>, span: Range<usize>, label: impl Into<String>) -> Self {
        let text = source.text.as_str();
        let end = (span.end..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        let span = boundary(text, span.start)..end.max(boundary(text, span.start));
        self.marks.push(Mark { source: Arc::clone(source), span, label: label.into() });
        self
    }

    /// Adds advice.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds advice where there is some.
    pub(super) fn maybe_help(self, help: Option<String>) -> Self {
        match help {
            Some(help) => self.help(help),
            None => self,
        }
    }

    /// Whether it points at a place.
    pub(super) fn has_place(&self) -> bool {
        !self.marks.is_empty()
    }

    /// Where it stands, for sorting.
    fn position(&self) -> (&str, usize) {
        self.marks.first().map_or(("", 0), |mark| (mark.source.name.as_str(), mark.span.start))
    }
}

/// Why there is no plan: everything that was found wrong. `Display` is the plain rendering.
#[derive(Debug, Clone)]
pub struct ConfigError {
    findings: Vec<Finding>,
}

impl ConfigError {
    pub(super) fn one(finding: Finding) -> Self {
        Self { findings: vec![finding] }
    }

    /// All findings, in the order of the files' lines.
    pub(super) fn of(mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|a, b| a.position().cmp(&b.position()));
        Self { findings }
    }

    /// `Err` with all findings; `Ok` where there are none.
    pub(super) fn unless_empty(findings: Vec<Finding>) -> Result<(), Self> {
        if findings.is_empty() { Ok(()) } else { Err(Self::of(findings)) }
    }

    /// How many things are wrong.
    pub fn count(&self) -> usize {
        self.findings.len()
    }

    /// The text for a person: each finding with its file, line and caret, coloured for a terminal or plain.
    /// Control characters of the files are made visible and harmless.
    pub fn render(&self, colour: bool) -> String {
        self.rendered(&if colour { Renderer::styled() } else { Renderer::plain() })
    }

    /// The same, plain, for so many columns: what is longer is shown around the place that is meant.
    pub fn render_within(&self, columns: usize) -> String {
        self.rendered(&Renderer::plain().term_width(columns))
    }

    fn rendered(&self, renderer: &Renderer) -> String {
        let shown: Vec<String> =
            self.findings.iter().take(MOST_SHOWN).map(|finding| rendered(finding, renderer)).collect();
        let mut text = shown.join("\n\n");
        if self.findings.len() > MOST_SHOWN {
            let _ = write!(text, "\n\n… and {} more", self.findings.len() - MOST_SHOWN);
        }
        text
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for ConfigError {}

/// A value as a message repeats it: on one line, harmless, not too long.
pub(super) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(MOST_QUOTED).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST_QUOTED).is_some() {
        shown.push('…');
    }
    // Only what could act on a terminal has to be escaped; quotes are read more easily as they are.
    format!("`{}`", shown.replace("\\'", "'").replace("\\\"", "\""))
}

/// `1 case`, `2 cases`.
pub(super) fn counted(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// The known word that a misspelt one probably means.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

fn rendered(finding: &Finding, renderer: &Renderer) -> String {
    let mut group = Group::with_title(Level::ERROR.primary_title(harmless(&finding.what)));
    let mut own = true;
    for marks in finding.marks.chunk_by(|a, b| a.source.name == b.source.name) {
        group = group.element(snippet(marks, own));
        own = false;
    }
    group = group.elements(finding.help.iter().map(|help| Level::HELP.message(harmless(help))));
    renderer.render(&[group])
}

/// The lines of one source that are marked, and no more of it: files may be huge.
fn snippet(marks: &[Mark], own: bool) -> Snippet<'static, annotate_snippets::Annotation<'static>> {
    let source = &marks[0].source;
    let text = source.text.as_str();
    let first = marks.iter().map(|mark| mark.span.start).min().unwrap_or(0).min(text.len());
    let last = marks.iter().map(|mark| mark.span.end).max().unwrap_or(0).clamp(first, text.len());
    let line_start = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[last..].find('\n').map_or(text.len(), |at| last + at);
    let from = boundary(text, line_start.max(first.saturating_sub(AROUND)));
    let to = boundary(text, line_end.min(last + AROUND));
    let annotations = marks.iter().enumerate().map(|(index, mark)| {
        let kind = if own && index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let span = mark.span.start.clamp(from, to) - from..mark.span.end.clamp(from, to) - from;
        kind.span(span).label((!mark.label.is_empty()).then(|| harmless(&mark.label)))
    });
    Snippet::source(same_length(&text[from..to]))
        .path(harmless(&source.name))
        .line_start(text[..from].matches('\n').count() + 1)
        .annotations(annotations)
}

fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// A file's text whose C1 controls, which some terminals obey, are replaced by a character of the same length; the
/// renderer does it for all other controls of a source and for marks of direction.
fn same_length(text: &str) -> String {
    text.chars().map(|c| if ('\u{80}'..='\u{9f}').contains(&c) { '¿' } else { c }).collect()
}

/// A message's text without anything that acts on a terminal.
fn harmless(text: &str) -> String {
    let acts =
        |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if acts(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names_a_likely_word_only() {
        let known = ["trials", "timeout", "warmup"];
        assert_eq!(nearest("trails", known), Some("trials"));
        assert_eq!(nearest("Time_out", known), Some("timeout"));
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn nothing_in_a_source_acts_on_the_terminal() {
        let text = "a = \"\u{1b}[31m\u{9b}31m\u{202e}\u{7}\"".to_owned();
        let source = Arc::new(Source { name: "x\u{1b}[0m.toml".into(), text: text.clone() });
        let finding = Finding::new(format!("bad {text}")).at(&source, 4..text.len(), &text).help(&text);
        let shown = ConfigError::one(finding).render(false);
        assert!(!shown.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{shown:?}");
    }

    #[test]
    fn a_huge_line_is_shown_in_part() {
        let text = format!("{}X{}", "ä".repeat(1_000_000), "ö".repeat(1_000_000));
        let source = Arc::new(Source { name: "f".into(), text });
        let shown = ConfigError::one(Finding::new("w").at(&source, 2_000_000..2_000_001, "")).render(false);
        assert!(shown.contains('X') && shown.len() < 2_000, "{}", shown.len());
    }

    #[test]
    fn quoted_values_are_short_and_on_one_line() {
        assert_eq!(quoted("it's\n\u{1b}"), "`it's\\n\\u{1b}`");
        assert_eq!(quoted(&"x".repeat(61)), format!("`{}…`", "x".repeat(60)));
    }
}
