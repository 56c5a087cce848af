//! Classify: one of the prompt's categories, mostly the right one, in the style that the prompt asks for.

use rand_chacha::ChaCha8Rng;

use super::reading::Reading;
use super::summary;
use crate::simulator::random;

/// Words that speak for a category; a category that is not here is recognised by its own name alone.
const KEYWORDS: [(&str, &[&str]); 8] = [
    (
        "technology",
        &[
            "software",
            "chip",
            "processor",
            "computer",
            "cloud",
            "ai",
            "robot",
            "app",
            "data",
            "digital",
            "internet",
            "smartphone",
            "device",
            "algorithm",
            "machine",
            "developer",
            "startup",
            "battery",
            "code",
            "cyber",
            "encryption",
            "server",
            "satellite",
            "quantum",
            "browser",
            "api",
            "programming",
            "technology",
            "tech",
            "network",
            "laptop",
            "update",
            "silicon",
            "semiconductor",
            "drone",
            "gadget",
        ],
    ),
    (
        "business",
        &[
            "company",
            "market",
            "shares",
            "profit",
            "revenue",
            "bank",
            "investor",
            "ceo",
            "merger",
            "earnings",
            "stock",
            "quarter",
            "trade",
            "economy",
            "inflation",
            "sales",
            "retailer",
            "deal",
            "acquisition",
            "rating",
            "forecast",
            "dividend",
            "supplier",
            "tariff",
            "budget",
            "business",
            "price",
            "factory",
            "export",
            "employer",
            "loan",
            "currency",
        ],
    ),
    (
        "health",
        &[
            "doctor",
            "patient",
            "hospital",
            "disease",
            "vaccine",
            "drug",
            "clinical",
            "medicine",
            "medical",
            "virus",
            "diet",
            "sleep",
            "cancer",
            "health",
            "surgery",
            "therapy",
            "nurse",
            "symptom",
            "blood",
            "exercise",
            "heart",
            "mental",
            "infection",
            "treatment",
            "nutrition",
            "vitamin",
            "diabetes",
            "allergy",
            "asthma",
        ],
    ),
    (
        "entertainment",
        &[
            "film",
            "movie",
            "music",
            "actor",
            "actress",
            "album",
            "concert",
            "festival",
            "series",
            "singer",
            "star",
            "director",
            "audience",
            "theatre",
            "theater",
            "band",
            "show",
            "celebrity",
            "television",
            "stage",
            "premiere",
            "song",
            "award",
            "comedy",
            "drama",
            "streaming",
            "box",
            "tour",
            "novel",
            "game",
            "sequel",
        ],
    ),
    (
        "sports",
        &["team", "match", "league", "coach", "player", "goal", "tournament", "season", "championship", "athlete"],
    ),
    ("politics", &["government", "minister", "election", "parliament", "senate", "vote", "president", "policy", "law"]),
    ("positive", &["good", "great", "excellent", "love", "happy", "best", "wonderful", "perfect", "enjoyed"]),
    ("negative", &["bad", "terrible", "hate", "poor", "worst", "awful", "broken", "disappointed", "refund"]),
];

/// Chooses a category and says so in about `length` tokens.
pub(super) fn write(random: &mut ChaCha8Rng, reading: &Reading, length: u64) -> String {
    let scored = score(reading);
    let best = scored.first().map_or("", |(label, _)| *label);
    // The longer a model thinks about it, the rarer its mistakes.
    let mistakes = if reading.structured { 0.06 } else { 0.10 - 0.01 * f64::from(reading.leaning) };
    let others: Vec<&str> = scored.iter().map(|(label, _)| *label).filter(|label| *label != best).collect();
    let wrong = random::chance(random, mistakes);
    let label = if wrong { random::pick(random, &others).copied().unwrap_or(best) } else { best };
    if reading.structured {
        return structured(random, reading, label, length);
    }
    match reading.leaning {
        ..=-2 => label.to_owned(),
        -1..=1 => plain(random, label),
        _ => detailed(random, reading, label, &others, length),
    }
}

/// Labels by how many words of the content speak for them; without any, `Other` leads where it is a choice.
fn score(reading: &Reading) -> Vec<(&str, usize)> {
    let content = reading.content.to_lowercase();
    let words: Vec<&str> = content.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let hits = |label: &str| {
        let label = label.to_lowercase();
        let known = KEYWORDS.iter().find(|(name, _)| *name == label).map_or(&[][..], |(_, keywords)| *keywords);
        let speaks = |word: &&&str| {
            let singular = word.strip_suffix('s').unwrap_or(word);
            **word == label || known.contains(*word) || known.contains(&singular)
        };
        words.iter().filter(speaks).count()
    };
    let mut scored: Vec<(&str, usize)> = reading.labels.iter().map(|label| (label.as_str(), hits(label))).collect();
    let rest = |label: &str| ["other", "none", "neutral", "unknown"].contains(&label.to_lowercase().as_str());
    scored.sort_by_key(|(label, hits)| std::cmp::Reverse((*hits, rest(label))));
    scored
}

fn plain(random: &mut ChaCha8Rng, label: &str) -> String {
    const FORMS: [(&str, &str); 4] = [
        ("", ""),
        ("Category: ", ""),
        ("This text belongs to the category ", "."),
        ("The text is best classified as ", "."),
    ];
    let (before, behind) = random::pick(random, &FORMS).copied().unwrap_or_default();
    format!("{before}{label}{behind}")
}

fn detailed(random: &mut ChaCha8Rng, reading: &Reading, label: &str, others: &[&str], length: u64) -> String {
    let reasons = summary::reasons(random, reading, length / 3);
    let mut text = format!("The text is best classified as **{label}**.\n\n{reasons}");
    if random::chance(random, 0.35)
        && let Some(other) = random::pick(random, others)
    {
        text = format!("{text} Although one could also think of {other}, that is not what the text is mainly about.");
    }
    format!("{text}\n\nTherefore the category is {label}.")
}

fn structured(random: &mut ChaCha8Rng, reading: &Reading, label: &str, length: u64) -> String {
    format!("## Analysis\n{}\n\n## Classification\n**{label}**", summary::bullets(random, reading, length / 2))
}
