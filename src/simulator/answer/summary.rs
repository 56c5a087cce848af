//! Summary: sentences made of the content's own words, until the answer is as long as it should be.

use std::collections::HashMap;

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::reading::Reading;
use crate::simulator::random;
use crate::simulator::tokens;

/// How many key words an answer plays with.
const KEY_WORDS: usize = 12;
/// Words that carry no subject.
const EMPTY: [&str; 24] = [
    "about",
    "after",
    "their",
    "there",
    "these",
    "those",
    "which",
    "where",
    "while",
    "would",
    "could",
    "should",
    "being",
    "through",
    "other",
    "every",
    "under",
    "above",
    "below",
    "between",
    "because",
    "without",
    "within",
    "following",
];
const OPENINGS: [&str; 6] = [
    "In short, ",
    "The text explains that ",
    "The main point: ",
    "To sum up, ",
    "The passage says that ",
    "Essentially, ",
];
const LINKS: [&str; 6] = ["It adds that ", "Moreover, ", "Beyond that, ", "It also notes that ", "In addition, ", ""];
/// Sentences about two key words, for answers that are longer than their content.
const COMMENTS: [(&str, &str, &str); 8] = [
    ("Here ", " matters as much as ", "."),
    ("The connection between ", " and ", " runs through the whole text."),
    ("What is said about ", " has to be read together with what is said about ", "."),
    ("For readers who care about ", ", the remarks on ", " are the most useful part."),
    ("Both ", " and ", " are named as reasons, not as afterthoughts."),
    ("Taken together, ", " and ", " describe what sets the subject apart."),
    ("The emphasis lies on ", " rather than on ", " alone."),
    ("In practice, ", " depends on ", " to a considerable degree."),
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
        source.list(random, 2 * part),
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
    Source::new(random, reading).list(random, length)
}

/// What a model that thinks aloud thinks.
pub(super) fn think(reading: &Reading) -> String {
    let first = sentences(&reading.content).next().unwrap_or("nothing that I know").trim_end_matches('.').to_owned();
    format!(
        "The user gives a task about a text. It begins: {first}. I should answer it in the form that was asked for."
    )
}

/// Sentences to draw from: the content's own, then comments on its key words.
struct Source {
    own: Vec<String>,
    words: Vec<String>,
    next: usize,
}

impl Source {
    fn new(random: &mut ChaCha8Rng, reading: &Reading) -> Self {
        let mut own: Vec<String> = sentences(&reading.content).map(str::to_owned).collect();
        // The first sentence usually says what it is about; the others come in any order.
        if let Some((_, rest)) = own.split_first_mut() {
            rest.shuffle(random);
        }
        Self { own, words: key_words(&reading.content), next: 0 }
    }

    /// Sentences until the length is reached; the last one is shortened if it would go far beyond.
    fn paragraph(&mut self, random: &mut ChaCha8Rng, length: u64, opening: bool) -> String {
        let mut text = String::new();
        while text.is_empty() || tokens::count(&text) < length {
            let left = length.saturating_sub(tokens::count(&text));
            let (sentence, own) = self.sentence(random);
            let link = match (text.is_empty(), own) {
                (true, true) if opening => random::pick(random, &OPENINGS),
                (false, true) => random::pick(random, &LINKS),
                _ => None,
            };
            let sentence = joined(link.copied().unwrap_or_default(), &shortened(&sentence, left));
            if !text.is_empty() {
                text.push(' ');
            }
            text += &sentence;
        }
        text
    }

    fn list(&mut self, random: &mut ChaCha8Rng, length: u64) -> String {
        let mut items: Vec<String> = Vec::new();
        let mut taken = 0;
        while items.len() < 2 || taken < length {
            let (sentence, _) = self.sentence(random);
            let item = format!("- {}", shortened(&sentence, (length / 3).max(10)));
            taken += tokens::count(&item);
            items.push(item);
        }
        items.join("\n")
    }

    /// The next sentence, and whether it is the content's own.
    fn sentence(&mut self, random: &mut ChaCha8Rng) -> (String, bool) {
        let at = self.next;
        self.next += 1;
        if let Some(sentence) = self.own.get(at) {
            return (sentence.clone(), true);
        }
        let (before, between, behind) = random::pick(random, &COMMENTS).copied().unwrap_or_default();
        let a = self.word(random, "");
        let b = self.word(random, &a);
        (format!("{before}{a}{between}{b}{behind}"), false)
    }

    fn word(&self, random: &mut ChaCha8Rng, but: &str) -> String {
        let others: Vec<&String> = self.words.iter().filter(|word| *word != but).collect();
        match others.len() {
            0 => "the subject".to_owned(),
            n => others[random.random_range(0..n)].clone(),
        }
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

/// The content's most frequent longer words, in the order of their first appearance where they are equally frequent.
fn key_words(text: &str) -> Vec<String> {
    let mut counted: HashMap<String, (usize, usize)> = HashMap::new();
    for (at, word) in text.split(|c: char| !c.is_alphanumeric()).enumerate() {
        let word = word.to_lowercase();
        if word.chars().count() >= 5 && !EMPTY.contains(&word.as_str()) {
            counted.entry(word).or_insert((0, at)).0 += 1;
        }
    }
    let mut words: Vec<_> = counted.into_iter().collect();
    words.sort_by_key(|(_, (count, at))| (std::cmp::Reverse(*count), *at));
    words.into_iter().take(KEY_WORDS).map(|(word, _)| word).collect()
}

/// A sentence cut at a comma where it would be more than half again as long as what is left; whole where it has none.
fn shortened(sentence: &str, left: u64) -> String {
    if tokens::count(sentence) * 2 <= left * 3 {
        return sentence.to_owned();
    }
    let fits = |at: &usize| tokens::count(&sentence[..*at]) <= left.max(6);
    match sentence.match_indices(", ").map(|(at, _)| at).filter(fits).last() {
        Some(at) => format!("{}.", &sentence[..at]),
        None => sentence.to_owned(),
    }
}

/// A link before a sentence whose first word loses its capital, unless that is a name's.
fn joined(link: &str, sentence: &str) -> String {
    const ORDINARY: [&str; 12] =
        ["The", "A", "An", "It", "This", "These", "They", "In", "Customers", "With", "For", "Its"];
    let first = sentence.split(' ').next().unwrap_or_default();
    if link.is_empty() || !ORDINARY.contains(&first) {
        return format!("{link}{sentence}");
    }
    format!("{link}{}{}", first.to_lowercase(), &sentence[first.len()..])
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
    fn key_words_are_the_frequent_ones() {
        assert_eq!(key_words("models and Models for every model; agents, models"), ["models", "model", "agents"]);
    }
}
