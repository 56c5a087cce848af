//! Summary: sentences made of the content's own words, until the answer is as long as it should be.

use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::reading::Reading;
use crate::simulator::random;
use crate::simulator::tokens;

/// How long the phrases are that an answer quotes, in words.
const PHRASE: std::ops::RangeInclusive<usize> = 2..=9;
/// A sentence is not shortened below this.
const LEAST_TOKENS: u64 = 8;
const OPENINGS: [&str; 6] = [
    "In short, ",
    "The text explains that ",
    "The main point: ",
    "To sum up, ",
    "The passage says that ",
    "Essentially, ",
];
const LINKS: [&str; 6] = ["It adds that ", "Moreover, ", "Beyond that, ", "It also notes that ", "In addition, ", ""];
/// Sentences about phrases of the content (`{a}`, `{b}`), for answers that are longer than it.
const COMMENTS: [&str; 10] = [
    "The words \"{a}\" show what this means in practice.",
    "Particularly important is the point \"{a}\".",
    "Between \"{a}\" and \"{b}\" there is a clear connection.",
    "With \"{a}\" the text makes more than a side remark.",
    "From \"{a}\" one may conclude that \"{b}\" matters as well.",
    "The remark on \"{a}\" supports what was said before.",
    "It is worth comparing \"{a}\" with \"{b}\".",
    "Readers will remember \"{a}\" above all.",
    "What \"{a}\" adds is context.",
    "Both \"{a}\" and \"{b}\" describe what sets the subject apart.",
];
const HEADINGS: [&str; 4] = ["Overview", "Key points", "Details", "Conclusion"];

/// A summary of about `length` tokens.
pub(super) fn write(random: &mut ChaCha8Rng, reading: &Reading, length: u64) -> String {
    let mut source = Source::new(random, reading);
    if !reading.structured {
        return source.paragraph(random, length, true);
    }
    let [overview, points, details, conclusion] = HEADINGS;
    let part = length.saturating_sub(12) / 6;
    format!(
        "## {overview}\n{}\n\n## {points}\n{}\n\n## {details}\n{}\n\n## {conclusion}\n{}",
        source.paragraph(random, part, true),
        source.list(2 * part),
        source.paragraph(random, 2 * part, false),
        source.paragraph(random, part, false),
    )
}

/// Reasons for a classification, of about `length` tokens.
pub(super) fn reasons(random: &mut ChaCha8Rng, reading: &Reading, length: u64) -> String {
    Source::new(random, reading).paragraph(random, length, false)
}

/// The same as a list.
pub(super) fn bullets(random: &mut ChaCha8Rng, reading: &Reading, length: u64) -> String {
    Source::new(random, reading).list(length)
}

/// What a model that thinks aloud thinks.
pub(super) fn think(reading: &Reading) -> String {
    let first = sentences(&reading.content).next().unwrap_or("nothing that I know").trim_end_matches('.').to_owned();
    format!(
        "The user gives a task about a text. It begins: {first}. I should answer it in the form that was asked for."
    )
}

/// Sentences to draw from: the content's own, then comments on its phrases.
struct Source {
    own: Vec<String>,
    phrases: Vec<String>,
    comments: [&'static str; COMMENTS.len()],
    next: usize,
}

impl Source {
    fn new(random: &mut ChaCha8Rng, reading: &Reading) -> Self {
        let stopped = |sentence: &str| {
            let open = !sentence.ends_with(['.', '!', '?', ':']);
            if open { format!("{sentence}.") } else { sentence.to_owned() }
        };
        let mut own: Vec<String> = sentences(&reading.content).map(stopped).collect();
        // The first sentence usually says what it is about; the others come in any order.
        if let Some((_, rest)) = own.split_first_mut() {
            rest.shuffle(random);
        }
        let (mut phrases, mut comments) = (phrases(&reading.content), COMMENTS);
        phrases.shuffle(random);
        comments.shuffle(random);
        Self { own, phrases, comments, next: 0 }
    }

    /// Sentences until the length is reached; the last one is shortened if it would go far beyond.
    fn paragraph(&mut self, random: &mut ChaCha8Rng, length: u64, opening: bool) -> String {
        let (mut text, mut taken) = (String::new(), 0);
        while text.is_empty() || taken < length {
            let left = length.saturating_sub(taken);
            let (sentence, own) = self.sentence();
            let link = match (text.is_empty(), own) {
                (true, true) if opening => random::pick(random, &OPENINGS),
                (false, true) => random::pick(random, &LINKS),
                _ => None,
            };
            let sentence = if own { shortened(&sentence, left) } else { sentence };
            let sentence = joined(link.copied().unwrap_or_default(), &sentence);
            if !text.is_empty() {
                text.push(' ');
            }
            taken += tokens::count(&sentence);
            text += &sentence;
        }
        text
    }

    fn list(&mut self, length: u64) -> String {
        let mut items: Vec<String> = Vec::new();
        let mut taken = 0;
        while items.len() < 2 || taken < length {
            let (sentence, own) = self.sentence();
            let sentence = if own { shortened(&sentence, (length / 3).max(LEAST_TOKENS)) } else { sentence };
            let item = format!("- {sentence}");
            taken += tokens::count(&item);
            items.push(item);
        }
        items.join("\n")
    }

    /// The next sentence, and whether it is the content's own.
    fn sentence(&mut self) -> (String, bool) {
        let at = self.next;
        self.next += 1;
        if let Some(sentence) = self.own.get(at) {
            return (sentence.clone(), true);
        }
        let turn = at - self.own.len();
        // Two phrases a comment, so that the next comment brings new ones.
        let phrase = |nth: usize| match self.phrases.len() {
            0 => "it",
            n => self.phrases[(2 * turn + nth) % n].as_str(),
        };
        let comment = self.comments[turn % self.comments.len()];
        (comment.replace("{a}", phrase(0)).replace("{b}", phrase(1)), false)
    }
}

/// A text's sentences, without the blanks around them. A full stop inside a number or a name ends nothing.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text.trim();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let ends = |(at, c): (usize, char)| {
            let end = at + c.len_utf8();
            let stop = matches!(c, '.' | '!' | '?') && rest[end..].chars().next().is_none_or(char::is_whitespace);
            (stop || c == '\n').then_some(end)
        };
        let end = rest.char_indices().find_map(ends).unwrap_or(rest.len());
        let (sentence, behind) = rest.split_at(end);
        rest = behind.trim_start();
        Some(sentence.trim_end())
    })
}

/// A text's phrases: what stands between signs and joining words, in its own words.
fn phrases(text: &str) -> Vec<String> {
    let joints = [" that ", " which ", " and ", " with ", " because "];
    let marked = joints.iter().fold(text.to_owned(), |text, joint| text.replace(joint, "\n"));
    let parts = marked.split(['\n', ',', '.', ';', ':', '!', '?', '"', '(', ')']).map(str::trim);
    let fits = |part: &&str| PHRASE.contains(&part.split_whitespace().count());
    let mut phrases: Vec<String> = parts.filter(fits).map(str::to_owned).collect();
    if phrases.is_empty() {
        phrases.extend(text.split_whitespace().take(*PHRASE.end()).map(str::to_owned));
    }
    phrases
}

/// A sentence cut at a comma where it would be more than half again as long as what is left; whole where it has none.
fn shortened(sentence: &str, left: u64) -> String {
    if tokens::count(sentence) * 2 <= left * 3 {
        return sentence.to_owned();
    }
    let fits = |at: &usize| (LEAST_TOKENS..=left.max(LEAST_TOKENS)).contains(&tokens::count(&sentence[..*at]));
    match sentence.match_indices(", ").map(|(at, _)| at).filter(fits).last() {
        Some(at) => format!("{}.", &sentence[..at]),
        None => sentence.to_owned(),
    }
}

/// A sentence behind a link, without its capital; behind a name or another unusual beginning only openings fit.
fn joined(link: &str, sentence: &str) -> String {
    const ORDINARY: [&str; 12] =
        ["The", "A", "An", "It", "This", "These", "They", "In", "Customers", "With", "For", "Its"];
    let first = sentence.split(' ').next().unwrap_or_default();
    if ORDINARY.contains(&first) && !link.is_empty() {
        return format!("{link}{}{}", first.to_lowercase(), &sentence[first.len()..]);
    }
    if OPENINGS.contains(&link) { format!("{link}{sentence}") } else { sentence.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_they_end() {
        let text = "Claude 3.5 is out. Is it good? Yes!\nA line without a stop";
        let all: Vec<_> = sentences(text).collect();
        assert_eq!(all, ["Claude 3.5 is out.", "Is it good?", "Yes!", "A line without a stop"]);
        assert_eq!(sentences("").count(), 0);
    }

    #[test]
    fn phrases_are_parts_of_the_text() {
        let text = "A managed service that offers a choice of models, security and one API.";
        assert_eq!(phrases(text), ["A managed service", "offers a choice of models", "one API"]);
        assert_eq!(phrases("Hello"), ["Hello"]);
        assert!(phrases("").is_empty());
    }

    #[test]
    fn sentences_are_shortened_at_a_comma_but_not_to_nothing() {
        let long = "Customers can customize models with their own data, build agents, and more besides.";
        assert_eq!(shortened(long, 10), "Customers can customize models with their own data.");
        assert_eq!(
            shortened("Security, privacy and responsible AI are part of it.", 3),
            "Security, privacy and responsible AI are part of it."
        );
    }
}
