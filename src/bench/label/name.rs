//! A model's name as a set of atoms, from an id or from a quota's label, so that the two can be compared exactly.

use std::collections::BTreeSet;

/// Words of a label that belong to a provider's name and tell no model from another.
const PROVIDER_WORDS: [&str; 2] = ["ai", "labs"];
/// Words that ids and labels add or leave out at will.
const SOFT_WORDS: [&str; 4] = ["instruct", "text", "context", "length"];
/// Atoms of ids that labels spell out.
const SPELLED_OUT: [(&str, &[&str]); 2] = [("j2", &["jurassic", "2"]), ("it", &["instruct"])];

/// Models whose label no rule derives from their id and whose codes are not in the shipped table.
const OTHER_NAMES: [(&str, &str); 1] = [("nvidia.nemotron-nano-12b-v2", "Nemotron Nano 2 VL")];

/// The atoms of a model's name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Name {
    /// Words and versions; both sides must have the same.
    strong: BTreeSet<String>,
    /// Words of the provider's name in a label: the id may have them in its model part or not.
    provider: BTreeSet<String>,
    /// Parameter counts (`70b`, `8x7b`).
    sizes: BTreeSet<String>,
    /// Active parameters (`a35b`), often left out.
    active: BTreeSet<String>,
    /// What may differ; counted only to prefer the closer of two rows.
    soft: BTreeSet<String>,
}

/// How far a label that fits is from a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Distance {
    /// Atoms that only one side has.
    pub(super) differences: u32,
    /// Whether the name has a size and the label has none.
    pub(super) unsized_label: bool,
}

/// The provider of a base model id (`anthropic`).
pub(super) fn provider(base: &str) -> &str {
    base.split_once('.').map_or("", |(provider, _)| provider)
}

impl Name {
    /// The name in a base model id, its provider left out.
    pub(super) fn of_id(base: &str) -> Self {
        if let Some((_, label)) = OTHER_NAMES.iter().find(|(model, _)| *model == base) {
            return Self::of(atoms(label));
        }
        let model = base.split_once('.').map_or(base, |(_, model)| model);
        Self::of(join_versions(atoms(model)))
    }

    /// The name in a quota's label, which may begin with the provider's name.
    pub(super) fn of_label(label: &str, provider: &str) -> Self {
        let atoms = join_versions(atoms(label));
        let leading = leading_provider(&atoms, provider);
        let is_provider = |word: &String| PROVIDER_WORDS.contains(&word.as_str()) || atoms[..leading].contains(word);
        let provider_words = atoms.iter().filter(|word| is_provider(word)).cloned().collect();
        let name = Self::of(atoms.iter().filter(|word| !is_provider(word)).cloned());
        Self { provider: provider_words, ..name }
    }

    fn of(atoms: impl IntoIterator<Item = String>) -> Self {
        let mut name = Self::default();
        for atom in atoms {
            match class(&atom) {
                Class::Strong => name.strong.insert(atom),
                Class::Size => name.sizes.insert(atom),
                Class::Active => name.active.insert(atom),
                Class::Soft => name.soft.insert(atom),
                Class::Nothing => false,
            };
        }
        name
    }

    /// The longest of its words, empty where it has none: no label without it can be this model's.
    pub(super) fn longest_word(&self) -> &str {
        let words = self.strong.iter().filter(|atom| is_word(atom));
        words.max_by_key(|atom| atom.len()).map_or("", String::as_str)
    }

    /// How far a label is; `None` where it is another model's.
    pub(super) fn distance(&self, label: &Self) -> Option<Distance> {
        let unsized_label = label.sizes.is_empty() && !self.sizes.is_empty();
        let either_leaves_active_out = self.active.is_empty() || label.active.is_empty();
        let same = !self.strong.is_empty()
            && self.strong.iter().all(|atom| label.strong.contains(atom) || label.provider.contains(atom))
            && label.strong.iter().all(|atom| self.strong.contains(atom) || self.provider.contains(atom))
            && (unsized_label || self.sizes == label.sizes)
            && (either_leaves_active_out || self.active == label.active)
            && !self.softly_denies(label);
        let differing = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.symmetric_difference(b).count() as u32;
        same.then(|| Distance {
            differences: differing(&self.sizes, &label.sizes)
                + differing(&self.active, &label.active)
                + differing(&self.soft, &label.soft),
            unsized_label,
        })
    }

    /// Whether both have such words, or such versions, and none in common: a text model is no instruct model.
    fn softly_denies(&self, label: &Self) -> bool {
        let of = |name: &Self, version: bool| {
            name.soft.iter().filter(|atom| is_v(atom) == version).cloned().collect::<BTreeSet<_>>()
        };
        [true, false].into_iter().any(|version| {
            let (mine, theirs) = (of(self, version), of(label, version));
            !mine.is_empty() && !theirs.is_empty() && mine.is_disjoint(&theirs)
        })
    }

    /// Whether a label surely names another model: each side has a word or version that the other lacks, or the sizes
    /// differ. A label that only leaves something out ("Mistral Large" of 2402) denies nothing.
    pub(super) fn is_denied_by(&self, label: &Self) -> bool {
        let lacks = |name: &Self, other: &Self| {
            name.strong.iter().any(|atom| !other.strong.contains(atom) && !other.provider.contains(atom))
        };
        let sizes_differ = !self.sizes.is_empty() && !label.sizes.is_empty() && self.sizes != label.sizes;
        sizes_differ || (lacks(self, label) && lacks(label, self) && !self.could_be(label))
    }

    /// Whether this is the same name with a size where the other has none.
    pub(super) fn is_sized_sibling_of(&self, other: &Self) -> bool {
        other.sizes.is_empty() && !self.sizes.is_empty() && self.strong == other.strong
    }

    /// Whether a label that does not fit could still be this model's under another way of counting versions:
    /// the same words, no size or version of the id denied, and where the label counts a version that the id does
    /// not have, the id has a date or a `v2` that may stand for it (`magistral-small-2509` is "Magistral Small 1.2").
    pub(super) fn could_be(&self, label: &Self) -> bool {
        let stands_in = |atom: &&String| is_date(atom) || is_v(atom);
        let has = |name: &Self, atom: &String| name.strong.contains(atom) || name.provider.contains(atom);
        let foreign = |atom: &&String| !has(self, atom);
        let words_agree = self.strong.iter().any(|atom| is_word(atom))
            && self.strong.iter().filter(|atom| !stands_in(atom)).all(|atom| has(label, atom))
            && !label.strong.iter().any(|atom| is_word(atom) && foreign(&atom));
        let sizes_agree = self.sizes.is_empty() || label.sizes.is_empty() || self.sizes == label.sizes;
        let dates_agree =
            !self.strong.iter().any(|atom| is_date(atom)) || !label.strong.iter().any(|atom| is_date(atom));
        let versions_agree =
            self.strong.iter().any(|atom| stands_in(&atom)) || !label.strong.iter().any(|atom| foreign(&atom));
        words_agree && sizes_agree && dates_agree && versions_agree
    }
}

fn is_word(atom: &str) -> bool {
    atom.chars().all(char::is_alphabetic)
}

/// Year and month of a release (`2507`).
fn is_date(atom: &str) -> bool {
    atom.len() == 4 && atom.chars().all(|c| c.is_ascii_digit())
}

fn is_v(atom: &str) -> bool {
    atom.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()))
}

/// What an atom is worth in a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Strong,
    Size,
    Active,
    Soft,
    Nothing,
}

fn class(atom: &str) -> Class {
    let digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if let Some(version) = atom.strip_prefix('v').filter(|rest| digits(rest)) {
        // A first version goes without saying, `v0` was before it, two digits are a build (`command-text-v14`).
        return if version == "1" || version.starts_with('0') || version.len() > 1 {
            Class::Soft
        } else {
            Class::Strong
        };
    }
    if digits(atom) && atom.len() == 8 {
        return Class::Nothing; // the day of release, which no label has
    }
    if let Some(size) = atom.strip_suffix('b') {
        let count = |text: &str| text.split('.').all(digits);
        if size.split('x').all(count) {
            return Class::Size;
        }
        if size.strip_prefix('a').is_some_and(count) {
            return Class::Active;
        }
    }
    if SOFT_WORDS.contains(&atom) { Class::Soft } else { Class::Strong }
}

/// The atoms of an id or a label, in order: lower case, versions whole (`3.5`, `v2`, `k2.5`), spelled one way.
fn atoms(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let chars: Vec<char> = lower.chars().collect();
    let digit_at = |index: usize| chars.get(index).is_some_and(char::is_ascii_digit);
    let mut words = vec![String::new()];
    for (index, &c) in chars.iter().enumerate() {
        let joins = matches!(c, '.' | ':') && index > 0 && digit_at(index - 1) && digit_at(index + 1);
        match words.last_mut() {
            Some(word) if c.is_alphanumeric() || joins => word.push(c),
            _ => words.push(String::new()),
        }
    }
    words.iter().filter(|word| !word.is_empty()).flat_map(|word| split(word)).map(|atom| spell(&atom)).collect()
}

/// Parts a word from the version that is written to it (`llama3`, `reel1.0`); `k2`, `v3`, `r1` and `j2` are names.
fn split(word: &str) -> Vec<String> {
    if let Some((_, spelled)) = SPELLED_OUT.iter().find(|(atom, _)| *atom == word) {
        return spelled.iter().map(ToString::to_string).collect();
    }
    let letters = word.chars().take_while(char::is_ascii_alphabetic).count();
    let (name, version) = word.split_at(letters);
    let parted = letters >= 3 && !version.is_empty() && version.chars().all(|c| c.is_ascii_digit() || c == '.');
    if parted { vec![name.into(), version.into()] } else { vec![word.into()] }
}

/// One spelling of an atom: `v1:0` → `v1`, `1:0` → `v1`, `3.0` → `3`, `24.07` → `2407`, `8x7bb` → `8x7b`.
fn spell(atom: &str) -> String {
    if let Some((version, revision)) = atom.split_once(':') {
        let version = version.trim_start_matches('v');
        return if revision == "0" || version == "0" {
            format!("v{version}")
        } else {
            format!("v{version}.{revision}")
        };
    }
    if let Some((year, month)) = atom.split_once('.') {
        let two = |text: &str, range: std::ops::RangeInclusive<u32>| {
            text.len() == 2 && text.parse().is_ok_and(|number| range.contains(&number))
        };
        if two(year, 20..=40) && two(month, 1..=12) {
            return format!("{year}{month}");
        }
    }
    if let Some(twice) = atom.strip_suffix("bb").filter(|rest| rest.ends_with(|c: char| c.is_ascii_digit())) {
        return format!("{twice}b");
    }
    atom.strip_suffix(".0").unwrap_or(atom).to_string()
}

/// Ids write `3.5` as `3-5`: joins a number of one or two digits to the version before it.
fn join_versions(atoms: Vec<String>) -> Vec<String> {
    let short_number = |atom: &str| {
        (1..=2).contains(&atom.len()) && atom.chars().all(|c| c.is_ascii_digit()) && !atom.starts_with('0')
    };
    let is_version = |atom: &str| {
        let number = atom.trim_start_matches(|c: char| c.is_ascii_lowercase());
        atom.len() - number.len() <= 1 && number.split('.').all(short_number)
    };
    let mut joined: Vec<String> = Vec::new();
    for atom in atoms {
        match joined.last_mut() {
            Some(before) if is_version(before) && (short_number(&atom) || atom == "0") => {
                *before = spell(&format!("{before}.{atom}"));
            }
            _ => joined.push(atom),
        }
    }
    joined
}

/// How many atoms at a label's head spell the provider's name (`Z.ai` for `zai`, `Moonshot AI` for `moonshot`).
fn leading_provider(atoms: &[String], provider: &str) -> usize {
    let bare = |name: &str| PROVIDER_WORDS.iter().find_map(|word| name.strip_suffix(word)).unwrap_or(name).to_string();
    let provider = bare(provider);
    let spells = |count: &usize| !provider.is_empty() && bare(&atoms[..*count].concat()) == provider;
    (1..=atoms.len().min(3)).rev().find(spells).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(base: &str, label: &str) -> bool {
        Name::of_id(base).distance(&Name::of_label(label, provider(base))).is_some()
    }

    #[test]
    fn an_id_and_its_label_are_one_name() {
        for (base, label) in [
            ("anthropic.claude-3-5-sonnet-20240620-v1:0", "Anthropic Claude 3.5 Sonnet"),
            ("anthropic.claude-3-5-sonnet-20241022-v2:0", "Anthropic Claude 3.5 Sonnet V2"),
            ("anthropic.claude-opus-4-6-v1", "Anthropic Claude Opus 4.6 V1"),
            ("anthropic.claude-fable-5-1", "Claude Fable 5.1"),
            ("meta.llama2-13b-chat-v1", "Meta Llama 2 Chat 13B"),
            ("meta.llama3-1-70b-instruct-v1:0", "Meta Llama 3.1 70B Instruct"),
            ("meta.llama4-scout-17b-instruct-v1:0", "Meta Llama 4 Scout V1"),
            ("mistral.mixtral-8x7b-instruct-v0:1", "Mistral AI Mixtral 8X7BB Instruct"),
            ("mistral.ministral-3-8b-instruct", "Ministral 8B 3.0"),
            ("mistral.pixtral-large-2502-v1:0", "Mistral Pixtral Large 25.02 V1"),
            ("qwen.qwen3-coder-480b-a35b-v1:0", "Qwen3 Coder 480B a35b V1"),
            ("nvidia.nemotron-super-3-120b", "NVIDIA Nemotron 3 Super 120B A12B"),
            ("openai.gpt-oss-120b-1:0", "OpenAI GPT OSS 120B"),
            ("deepseek.v3-v1:0", "DeepSeek V3 V1"),
            ("deepseek.v3.2", "DeepSeek V3.2"),
            ("ai21.j2-mid-v1", "AI21 Labs Jurassic-2 Mid"),
            ("zai.glm-4.7-flash", "Z.ai GLM-4.7 Flash"),
            ("moonshotai.kimi-k2.5", "Moonshot AI Kimi K2.5"),
            ("acme.rocket-7-2-90b-instruct-v1:0", "Acme Labs Rocket 7.2 90B Instruct"),
        ] {
            assert!(fits(base, label), "{base} is {label}: {:?}", Name::of_id(base));
        }
    }

    #[test]
    fn a_neighbour_is_another_name() {
        for (base, label) in [
            ("anthropic.claude-3-5-sonnet-20240620-v1:0", "Anthropic Claude 3.5 Sonnet V2"),
            ("anthropic.claude-3-5-sonnet-20241022-v2:0", "Anthropic Claude 3.5 Sonnet"),
            ("anthropic.claude-sonnet-4-20250514-v1:0", "Anthropic Claude Sonnet 4.5 V1"),
            ("anthropic.claude-sonnet-4-20250514-v1:0", "Anthropic Claude Sonnet 4 V1 1M Context Length"),
            ("anthropic.claude-opus-5", "Anthropic Claude Opus 5.5"),
            ("amazon.nova-lite-v1:0", "Amazon Nova 2 Lite"),
            ("amazon.nova-2-lite-v1:0", "Amazon Nova Lite"),
            ("cohere.command-r-v1:0", "Cohere Command R Plus"),
            ("cohere.command-text-v14", "Cohere Command Light"),
            ("meta.llama2-13b-chat-v1", "Meta Llama 2 13B"),
            ("meta.llama3-2-11b-instruct-v1:0", "Meta Llama 3.2 90B Instruct"),
            ("mistral.mistral-large-2407-v1:0", "Mistral Large"),
            ("mistral.mistral-large-2402-v1:0", "Mistral Large 3"),
            ("openai.gpt-oss-120b-1:0", "GPT OSS Safeguard 120B"),
            ("qwen.qwen3-235b-a22b-2507-v1:0", "Qwen3 VL 235B A22B"),
            ("qwen.qwen3-coder-30b-a3b-v1:0", "Qwen3 Coder 480B a35b V1"),
            ("minimax.minimax-m2", "Minimax M2.1"),
            ("nvidia.nemotron-nano-12b-v2", "NVIDIA Nemotron Nano 2"),
            ("writer.palmyra-x4-v1:0", "Writer Palmyra Vision 7B"),
            ("anthropic.claude-haiku-5", "Meta Claude Haiku 5"),
        ] {
            assert!(!fits(base, label), "{base} is not {label}");
        }
    }
}
