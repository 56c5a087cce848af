//! What varies in a request that somebody sends already: its placeholders, or else its input, found and marked.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::bench::request::Request;

/// A variable that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variable {
    /// What templates call it.
    pub(super) name: String,
    /// What the request has in its place.
    pub(super) value: String,
}

/// A request's texts as templates, and what they need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marked {
    pub(super) system: Option<String>,
    /// The turns, the prompt last.
    pub(super) turns: Vec<String>,
    pub(super) variables: Vec<Variable>,
    /// What was taken for the input, for a person; `None` where placeholders were found.
    pub(super) input: Option<&'static str>,
}

/// Names that templates cannot use or that mean something else, in lower case: the template language's words, and
/// the case's own id, label and checks.
const TAKEN: [&str; 23] = [
    "and",
    "block",
    "caller",
    "checks",
    "dict",
    "debug",
    "else",
    "expect",
    "false",
    "id",
    "if",
    "in",
    "is",
    "loop",
    "namespace",
    "none",
    "not",
    "or",
    "range",
    "recursive",
    "self",
    "super",
    "true",
];
/// Tags around what a prompt is about.
const INPUT_TAGS: [&str; 20] = [
    "article",
    "code",
    "content",
    "context",
    "data",
    "document",
    "documents",
    "email",
    "input",
    "message",
    "passage",
    "question",
    "query",
    "report",
    "review",
    "source",
    "text",
    "ticket",
    "transcript",
    "user_input",
];
/// Tags around what a prompt says of itself.
const OWN_TAGS: [&str; 14] = [
    "answer",
    "example",
    "examples",
    "format",
    "guidelines",
    "instruction",
    "instructions",
    "output",
    "persona",
    "role",
    "rules",
    "system",
    "task",
    "thinking",
];
/// The longest name in a placeholder, and the longest opening tag, in bytes: what is longer is text.
const LONGEST_NAME: usize = 60;
const LONGEST_TAG: usize = 200;

/// Marks what varies. Rendered with the variables' values the templates give back the request's texts.
pub(super) fn mark(request: &Request) -> Marked {
    let turns: Vec<&str> = request.turns.iter().map(|turn| turn.text.as_str()).collect();
    let texts: Vec<&str> = request.system.as_deref().into_iter().chain(turns.iter().copied()).collect();
    let mut holes: Vec<Vec<Range<usize>>> = texts.iter().map(|text| placeholders(text)).collect();
    let mut input = None;
    if holes.iter().all(Vec::is_empty)
        && let (Some(prompt), Some(hole)) = (texts.last(), holes.last_mut())
    {
        let (range, what) = found_input(prompt);
        hole.push(range);
        input = Some(what);
    }
    let names = names(&texts, &holes, input.is_some());
    let mut templates: Vec<String> =
        texts.iter().zip(&holes).map(|(text, holes)| template(text, holes, &names)).collect();
    let system = request.system.is_some().then(|| templates.remove(0));
    let variables =
        ordered(&texts, &holes).map(|value| Variable { name: names[value].clone(), value: value.to_owned() }).collect();
    Marked { system, turns: templates, variables, input }
}

/// The distinct texts in the holes, in the order in which they come.
fn ordered<'t>(texts: &[&'t str], holes: &[Vec<Range<usize>>]) -> impl Iterator<Item = &'t str> {
    let mut seen: Vec<&str> = Vec::new();
    for (text, holes) in texts.iter().zip(holes) {
        for hole in holes {
            let value = &text[hole.clone()];
            if !seen.contains(&value) {
                seen.push(value);
            }
        }
    }
    seen.into_iter()
}

/// A name for the text of each hole. One placeholder alone is the content, whatever it is called, unless it is the
/// task; so an option can fill it.
fn names<'t>(texts: &[&'t str], holes: &[Vec<Range<usize>>], input: bool) -> BTreeMap<&'t str, String> {
    let values: Vec<&str> = ordered(texts, holes).collect();
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    for value in &values {
        let word = value.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let word =
            if word.contains(|c: char| c.is_ascii_lowercase()) { word.into() } else { word.to_ascii_lowercase() };
        let plain = if input { "content".into() } else { word };
        let plain = if TAKEN.contains(&&*plain.to_ascii_lowercase()) { format!("{plain}_value") } else { plain };
        let mut name = plain.clone();
        let mut number = 1;
        while names.values().any(|other| *other == name) {
            number += 1;
            name = format!("{plain}_{number}");
        }
        names.insert(value, name);
    }
    let others: Vec<&str> = values.iter().copied().filter(|value| names[value] != "task").collect();
    if let [only] = others[..] {
        names.insert(only, "content".into());
    }
    names
}

/// A text as a template: holes become variables, and what the template language would read is kept from it.
fn template(text: &str, holes: &[Range<usize>], names: &BTreeMap<&str, String>) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut at = 0;
    for hole in holes {
        literal(&text[at..hole.start], true, &mut out);
        out.push_str(&format!("{{{{ {} }}}}", names[&text[hole.clone()]]));
        at = hole.end;
    }
    literal(&text[at..], false, &mut out);
    out
}

/// A text that stands for itself in a template. Before a tag its last brace would open one with the tag's own.
fn literal(text: &str, before_tag: bool, out: &mut String) {
    let mut rest = text;
    let mut from = 0;
    while let Some(at) = rest[from..].find('{').map(|at| from + at) {
        if rest[at + 1..].starts_with(['{', '%', '#']) {
            out.push_str(&format!("{}{{{{ \"{}\" }}}}", &rest[..at], &rest[at..at + 2]));
            (rest, from) = (&rest[at + 2..], 0);
        } else {
            from = at + 1;
        }
    }
    match rest.strip_suffix('{').filter(|_| before_tag) {
        Some(rest) => out.push_str(&format!("{rest}{{{{ \"{{\" }}}}")),
        None => out.push_str(rest),
    }
}

/// Where a text has placeholders: `{{ x }}`, `${x}`, `{x}`, and `<X>` at the end of a line without a closing tag.
/// In code (a fenced block, `<code>`) only one that fills it counts: code has braces of its own.
fn placeholders(text: &str) -> Vec<Range<usize>> {
    let code = tags(text).into_iter().filter(|(tag, _)| *tag == "code").map(|(_, range)| range);
    let fences: Vec<Range<usize>> = fences(text).into_iter().chain(code).collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].find(['{', '$', '<']).map(|next| at + next) {
        match placeholder(text, next) {
            Some(end) => {
                let free = fences.iter().all(|fence| {
                    !(fence.start <= next && end <= fence.end) || text[fence.clone()].trim() == &text[next..end]
                });
                if free {
                    found.push(next..end);
                }
                at = end;
            }
            None => at = next + run(&text[next..]),
        }
    }
    found
}

/// How many bytes are passed over where no placeholder begins: braces in a row are not looked at one by one.
fn run(rest: &str) -> usize {
    if rest.starts_with('{') { rest.len() - rest.trim_start_matches('{').len() } else { 1 }
}

/// Where the placeholder ends that begins here.
fn placeholder(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let inner = |open: &str, close: &str, spaced: bool| {
        let behind = rest.strip_prefix(open)?;
        let last = close.as_bytes().first()?;
        let end = behind.bytes().take(LONGEST_NAME + 10).position(|byte| byte == *last)?;
        behind[end..].strip_prefix(close)?;
        let word = if spaced { behind[..end].trim_matches(' ') } else { &behind[..end] };
        identifier(word).then_some(at + open.len() + end + close.len())
    };
    let single = |end: usize| {
        // `\frac{a}`, `x^{n}`, `f{x}` and `{{x}` are no placeholders.
        let before = text[..at].chars().next_back();
        let glued = before.is_some_and(|c| c.is_alphanumeric() || "\\^_{}$%#".contains(c));
        (!glued && !text[end..].starts_with(['{', '}'])).then_some(end)
    };
    let capitals = |end: usize| {
        let word = &text[at + 1..end - 1];
        let line_ends = text[end..].lines().next().is_none_or(|line| line.trim().is_empty());
        let capital = word.len() > 2 && !word.bytes().any(|byte| byte.is_ascii_lowercase());
        (capital && line_ends && !text.contains(&format!("</{word}>"))).then_some(end)
    };
    if rest.starts_with("{{") {
        return inner("{{", "}}", true).filter(|end| !text[*end..].starts_with('}'));
    }
    match rest.as_bytes().first() {
        Some(b'$') => inner("${", "}", false),
        Some(b'{') => inner("{", "}", false).and_then(single),
        _ => inner("<", ">", false).and_then(capitals),
    }
}

fn identifier(word: &str) -> bool {
    let start = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let named = word.bytes().any(|byte| byte.is_ascii_alphanumeric());
    named
        && word.len() <= LONGEST_NAME
        && word.bytes().next().is_some_and(start)
        && word.bytes().all(|b| start(b) || b.is_ascii_digit())
}

/// The insides of blocks in triple backticks, without the word behind the opening.
fn fences(text: &str) -> Vec<Range<usize>> {
    quoted(text, "```")
        .map(|range| {
            let line = text[range.clone()].find('\n').filter(|at| !text[range.start..range.start + at].contains(' '));
            range.start + line.map_or(0, |at| at + 1)..range.end
        })
        .collect()
}

/// What stands between the first and second, the third and fourth … of a mark.
fn quoted<'t>(text: &'t str, mark: &'static str) -> impl Iterator<Item = Range<usize>> + use<'t> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(mark)? + mark.len();
        let end = start + text[start..].find(mark)?;
        at = end + mark.len();
        Some(start..end)
    })
}

/// The part of a prompt that is most likely its input, without white space around it, and what it was told by.
fn found_input(prompt: &str) -> (Range<usize>, &'static str) {
    let longest = |ranges: Vec<Range<usize>>| {
        let ranges = ranges.into_iter().map(|range| tight(prompt, range)).filter(|range| !range.is_empty());
        // Of equals the first.
        ranges.rev().max_by_key(ExactSizeIterator::len)
    };
    let tagged = |wanted: &dyn Fn(&str) -> bool| {
        let pairs = tags(prompt).into_iter().filter(|(tag, _)| wanted(&tag.to_ascii_lowercase()));
        longest(pairs.map(|(_, range)| range).collect())
    };
    let named = || tagged(&|tag| INPUT_TAGS.contains(&tag));
    let any = || tagged(&|tag| !OWN_TAGS.contains(&tag));
    if let Some(range) = named().or_else(any) {
        return (range, "the text between tags");
    }
    if let Some(range) = longest(fences(prompt)) {
        return (range, "the text between triple backticks");
    }
    if let Some(range) = longest(["\"\"\"", "'''"].iter().flat_map(|mark| quoted(prompt, mark)).collect()) {
        return (range, "the text between triple quotes");
    }
    let paragraphs = paragraphs(prompt);
    let listed = |text: &str| text.starts_with(|c: char| "-*•#".contains(c) || c.is_ascii_digit());
    let introduced = paragraphs.windows(2).find_map(|pair| {
        let follows = prompt[pair[0].clone()].ends_with(':') && !listed(&prompt[pair[1].clone()]);
        follows.then_some(pair[1].start)
    });
    if let Some(start) = introduced {
        return (tight(prompt, start..prompt.len()), "what follows the paragraph that ends with a colon");
    }
    match (paragraphs.len(), longest(paragraphs)) {
        (2.., Some(range)) => (range, "the longest paragraph"),
        _ => (tight(prompt, 0..prompt.len()), "the whole of it"),
    }
}

/// A range without the white space at its ends.
fn tight(text: &str, range: Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let start = range.start + (inner.len() - inner.trim_start().len());
    start..start + inner.trim().len()
}

/// Pairs of tags as XML has them, and what stands between; a pair inside another counts too.
fn tags(text: &str) -> Vec<(&str, Range<usize>)> {
    /// How many opening tags are looked at: closing ones are searched for each.
    const MOST: usize = 1_000;
    let open = text.match_indices('<').filter_map(|(at, _)| {
        let behind = &text[at + 1..];
        let end = behind.bytes().take(LONGEST_TAG).position(|byte| byte == b'>')?;
        let name = behind[..end].split([' ', '\t', '\n']).next()?;
        let good = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
            && name.starts_with(|c: char| c.is_ascii_alphabetic());
        good.then_some((name, at + 1 + end + 1))
    });
    open.take(MOST)
        .filter_map(|(name, start)| Some((name, start..start + text[start..].find(&format!("</{name}>"))?)))
        .collect()
}

/// The blocks between blank lines.
fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let (mut found, mut start, mut at): (Vec<Range<usize>>, Option<usize>, usize) = (Vec::new(), None, 0);
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            found.extend(start.take().map(|start| tight(text, start..at)));
        } else {
            start.get_or_insert(at);
        }
        at += line.len();
    }
    found.extend(start.map(|start| tight(text, start..at)));
    found
}
