//! Whether an answer gives a case's label, and not merely names it among the others.

use std::ops::Range;

use super::text::{folded_lines, is_letter, is_unspaced, quoted};

/// How far around a label its line or sentence is looked at, in characters.
const AROUND: usize = 60;

/// The labels of all cases, each once, longer ones first.
#[derive(Debug, Clone, Default)]
pub struct Labels(Vec<(String, Reading)>);

impl Labels {
    /// The labels of some cases.
    pub fn of<'a>(labels: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all: Vec<_> = labels.into_iter().map(|label| (label.to_owned(), Reading::of(label))).collect();
        all.retain(|(_, reading)| !reading.plain.is_empty());
        all.sort_by(|(_, a), (_, b)| b.plain.len().cmp(&a.plain.len()).then_with(|| a.plain.cmp(&b.plain)));
        all.dedup_by(|(_, a), (_, b)| a.plain == b.plain);
        Self(all)
    }
}

/// A text as labels are looked for in it. Both strings are of one length.
#[derive(Debug, Clone)]
struct Reading {
    /// Folded, with its lines.
    lines: String,
    /// Folded further: one line, and a hyphen or underscore inside a word is a space.
    plain: String,
}

impl Reading {
    fn of(text: &str) -> Self {
        let lines = folded_lines(text);
        let mut plain = String::with_capacity(lines.len());
        let (mut before, mut rest) = (None, lines.chars().peekable());
        while let Some(c) = rest.next() {
            let mut inside = || before.is_some_and(is_letter) && rest.peek().copied().is_some_and(is_letter);
            plain.push(if c == '\n' || (matches!(c, '-' | '_') && inside()) { ' ' } else { c });
            before = Some(c);
        }
        Self { lines, plain }
    }

    /// Where a label stands as words of its own.
    fn places<'a>(&'a self, label: &'a Self) -> impl Iterator<Item = Range<usize>> + 'a {
        let found = self.plain.match_indices(&label.plain).map(|(at, text)| at..at + text.len());
        found.filter(|place| self.is_free(place))
    }

    fn is_free(&self, place: &Range<usize>) -> bool {
        let (before, inside, after) =
            (&self.lines[..place.start], &self.lines[place.clone()], &self.lines[place.end..]);
        let (first, last) = (inside.chars().next().unwrap_or(' '), inside.chars().next_back().unwrap_or(' '));
        let mut outwards = before.chars().rev();
        let minus = first.is_ascii_digit() && outwards.clone().next() == Some('-');
        !minus && !joins(first, &mut outwards) && !after.starts_with(['+', '#']) && !joins(last, &mut after.chars())
    }

    /// Whether what stands at a place is said on its own: it is its line or sentence, but for ornaments, the number of
    /// a list, or an announcement that ends with a colon.
    fn is_stated(&self, place: &Range<usize>) -> bool {
        let mut after = self.lines[place.end..].chars().take(AROUND).peekable();
        while let Some(c) = after.next() {
            let ends = matches!(c, '.' | '!' | '?') && after.peek().is_none_or(|next| !is_letter(*next));
            if c == '\n' || ends || matches!(c, '。' | '！' | '？') {
                break;
            }
            if is_letter(c) {
                return false;
            }
        }
        let mut announced = false;
        let mut later = ' ';
        for (index, c) in self.lines[..place.start].chars().rev().enumerate() {
            let ends = matches!(c, '.' | '!' | '?') && matches!(later, ' ' | '*' | '_' | '"');
            if c == '\n' || ends || matches!(c, '。' | '！' | '？') {
                return true;
            }
            announced |= matches!(c, ':' | '：');
            if (is_letter(c) && !announced && !c.is_ascii_digit()) || index == AROUND {
                return false;
            }
            later = c;
        }
        true
    }
}

/// Whether what follows a label's edge, given outwards, makes it part of a longer word or number.
fn joins(edge: char, outwards: &mut impl Iterator<Item = char>) -> bool {
    let Some(next) = outwards.next() else { return false };
    if is_letter(next) {
        return !is_unspaced(edge) && !is_unspaced(next);
    }
    let beyond = outwards.next().unwrap_or(' ');
    match next {
        // Not "spam" in "non-spam", not "A" in "N/A", not "can" in "can't".
        '-' | '_' | '/' | '&' | '@' | '\'' | '’' => is_letter(edge) && is_letter(beyond),
        // Not "1" in "1.5".
        '.' | ',' | ':' => edge.is_ascii_digit() && beyond.is_ascii_digit(),
        _ => false,
    }
}

/// Whether an answer gives a label: the label stands in it as words of its own, and no other label does; or others do,
/// but this is the only one that a line or a sentence consists of. A label that is part of a longer one ("Health" in
/// "Health Care") does not count where the longer one stands. `Err` says why not.
pub(super) fn gives(answer: &str, label: &str, labels: &Labels) -> Result<(), String> {
    let (answer, wanted) = (Reading::of(answer), Reading::of(label));
    let missing = || Err(format!("expected {}", quoted(label)));
    if wanted.plain.is_empty() || answer.places(&wanted).next().is_none() {
        return missing();
    }
    let mut taken = vec![false; answer.plain.len()];
    let (mut named, mut stated, mut other, mut other_stated) = (false, false, None, false);
    let own = std::iter::once(("", &wanted)).filter(|_| !labels.0.iter().any(|(_, each)| each.plain == wanted.plain));
    for (text, each) in labels.0.iter().map(|(text, each)| (text.as_str(), each)).chain(own) {
        for place in answer.places(each) {
            let places = &mut taken[place.clone()];
            if places.iter().all(|taken| *taken) {
                continue;
            }
            places.fill(true);
            if each.plain == wanted.plain {
                named = true;
                stated |= answer.is_stated(&place);
            } else {
                other = other.or(Some(text));
                other_stated |= answer.is_stated(&place);
            }
        }
    }
    match other {
        _ if !named => missing(),
        Some(other) if !stated || other_stated => {
            Err(format!("expected {}, but {} stands there too", quoted(label), quoted(other)))
        }
        _ => Ok(()),
    }
}
