//! Line: which models are versions of one another, told from their ids alone.

use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Words that ids of one line have or leave out at will.
const SOFT_WORDS: [&str; 3] = ["instruct", "it", "text"];

/// A base model id taken apart: the line that it belongs to, and where in that line it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    provider: String,
    /// `claude` and `sonnet`; a model with one word more or less is of another line.
    words: BTreeSet<String>,
    /// Parameter counts (`70b`): another size is another line.
    sizes: BTreeSet<String>,
    /// `3-5` → 3, 5; empty where the id counts no versions.
    version: Vec<u32>,
    /// A release date, year and month first (`20240620`, `2407`).
    date: String,
    /// The number behind the name's `v` (`v2:1` → 2, 1).
    revision: Vec<u32>,
}

impl Line {
    pub(super) fn of(base: &str) -> Self {
        let (provider, model) = base.split_once('.').unwrap_or(("", base));
        let mut line = Self {
            provider: provider.to_lowercase(),
            words: BTreeSet::new(),
            sizes: BTreeSet::new(),
            version: Vec::new(),
            date: String::new(),
            revision: Vec::new(),
        };
        let mut version_goes_on = false;
        for atom in model.to_lowercase().split(['-', '_', '@']).filter(|atom| !atom.is_empty()) {
            version_goes_on = line.take(atom, version_goes_on);
        }
        line
    }

    /// Takes one atom in; says whether a number behind it belongs to the same version.
    fn take(&mut self, atom: &str, version_goes_on: bool) -> bool {
        let numbers = |text: &str| -> Option<Vec<u32>> { text.split(['.', ':']).map(|n| n.parse().ok()).collect() };
        let named = !self.words.is_empty();
        if let Some(revision) = atom.strip_prefix('v').and_then(numbers).filter(|_| named) {
            self.revision = revision;
        } else if atom.contains(':') && numbers(atom).is_some() {
            self.revision = numbers(atom).unwrap_or_default();
        } else if is_size(atom) {
            self.sizes.insert(atom.to_owned());
        } else if atom.len() >= 4 && atom.chars().all(|c| c.is_ascii_digit()) {
            atom.clone_into(&mut self.date);
        } else if let Some(mut version) = numbers(atom) {
            if version_goes_on || self.version.is_empty() {
                self.version.append(&mut version);
                return true;
            }
            self.words.insert(atom.to_owned());
        } else {
            let word = atom.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
            let version = if self.version.is_empty() { numbers(&atom[word.len()..]) } else { None };
            let word = if version.is_some() { word } else { atom };
            if !SOFT_WORDS.contains(&word) {
                self.words.insert(word.to_owned());
            }
            if let Some(version) = version {
                self.version = version;
                return true;
            }
        }
        false
    }

    /// Whether both are versions of one model. A name that is nothing but a provider's belongs to no line.
    pub(super) fn is_of(&self, other: &Self) -> bool {
        !self.words.is_empty()
            && self.provider == other.provider
            && self.words == other.words
            && self.sizes == other.sizes
    }

    /// Whether another name means this very version, its provider or date left out.
    pub(super) fn is_meant_by(&self, other: &Self) -> bool {
        !self.words.is_empty()
            && self.words == other.words
            && self.sizes == other.sizes
            && self.version == other.version
            && (other.provider.is_empty() || other.provider == self.provider)
    }

    /// Which of two models of one line is the later one.
    pub(super) fn later(&self, other: &Self) -> Ordering {
        let year_first = |date: &str| if date.len() == 4 { format!("20{date}") } else { date.to_owned() };
        self.version
            .cmp(&other.version)
            .then_with(|| year_first(&self.date).cmp(&year_first(&other.date)))
            .then_with(|| self.revision.cmp(&other.revision))
    }
}

/// `70b`, `8x7b`, `1.5b`; active parameters (`a35b`) too, which only ever stand beside the whole.
fn is_size(atom: &str) -> bool {
    let digits = atom.strip_suffix('b').map(|rest| rest.trim_start_matches('a'));
    digits.is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_digit() || c == '.' || c == 'x')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(a: &str, b: &str) -> Option<Ordering> {
        let (a, b) = (Line::of(a), Line::of(b));
        a.is_of(&b).then(|| a.later(&b))
    }

    #[test]
    fn versions_of_one_line_are_in_order() {
        for line in [
            &[
                "anthropic.claude-3-sonnet-20240229-v1:0",
                "anthropic.claude-3-5-sonnet-20240620-v1:0",
                "anthropic.claude-3-5-sonnet-20241022-v2:0",
                "anthropic.claude-3-7-sonnet-20250219-v1:0",
                "anthropic.claude-sonnet-4-20250514-v1:0",
                "anthropic.claude-sonnet-4-5-20250929-v1:0",
                "anthropic.claude-sonnet-4-6",
                "anthropic.claude-sonnet-5",
                "anthropic.claude-sonnet-5-5",
            ][..],
            &[
                "anthropic.claude-opus-4-1-20250805-v1:0",
                "anthropic.claude-opus-4-6-v1",
                "anthropic.claude-opus-4-7",
                "anthropic.claude-opus-5",
            ],
            &["amazon.nova-lite-v1:0", "amazon.nova-2-lite-v1:0"],
            &["meta.llama3-70b-instruct-v1:0", "meta.llama3-1-70b-instruct-v1:0", "meta.llama3-3-70b-instruct-v1:0"],
            &["mistral.mistral-large-2402-v1:0", "mistral.mistral-large-2407-v1:0"],
            &["deepseek.v3-v1:0", "deepseek.v3.2"],
            &["zai.glm-4.7", "zai.glm-5"],
            &["minimax.minimax-m2", "minimax.minimax-m2.1", "minimax.minimax-m2.5"],
            &["moonshotai.kimi-k2.5", "moonshotai.kimi-k3"],
            &["openai.gpt-5.6-luna", "openai.gpt-6-luna"],
            &["writer.palmyra-x4-v1:0", "writer.palmyra-x5-v1:0"],
            &["anthropic.claude-v1", "anthropic.claude-v2:1"],
        ] {
            for pair in line.windows(2) {
                assert_eq!(order(pair[0], pair[1]), Some(Ordering::Less), "{pair:?}");
            }
        }
    }

    #[test]
    fn a_neighbour_is_of_another_line() {
        for (a, b) in [
            ("anthropic.claude-3-sonnet-20240229-v1:0", "anthropic.claude-opus-5"),
            ("anthropic.claude-instant-v1", "anthropic.claude-haiku-5"),
            ("anthropic.claude-v2:1", "anthropic.claude-sonnet-5"),
            ("amazon.nova-pro-v1:0", "amazon.nova-2-lite-v1:0"),
            ("amazon.nova-pro-v1:0", "amazon.nova-2-pro-preview-20251202-v1:0"),
            ("meta.llama3-1-8b-instruct-v1:0", "meta.llama3-3-70b-instruct-v1:0"),
            ("meta.llama3-1-70b-instruct-v1:0", "meta.llama4-scout-17b-instruct-v1:0"),
            ("mistral.mistral-large-2407-v1:0", "mistral.mistral-large-3-675b-instruct"),
            ("deepseek.r1-v1:0", "deepseek.v3.2"),
            ("zai.glm-4.7-flash", "zai.glm-5"),
            ("cohere.command-text-v14", "cohere.command-r-v1:0"),
            ("qwen.qwen3-coder-480b-a35b-v1:0", "qwen.qwen3-coder-30b-a3b-v1:0"),
            ("openai.gpt-oss-120b-1:0", "openai.gpt-oss-safeguard-120b"),
            ("openai.gpt-6-sol", "openai.gpt-6-luna"),
            ("ai21.jamba-instruct-v1:0", "ai21.jamba-1-5-large-v1:0"),
            ("somebody.4", "somebody.5"),
        ] {
            assert_eq!(order(a, b), None, "{a} and {b}");
        }
    }
}
