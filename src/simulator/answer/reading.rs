//! Reading: what a prompt asks for, as far as words give it away.

use crate::simulator::prompt::Prompt;

/// Tokens of an answer to a prompt that says nothing about its length.
const PLAIN_LENGTH: f64 = 105.0;
/// How much each word about length lengthens or shortens an answer.
const STEP: f64 = 1.3;
/// Tokens that headings and bullets add.
const STRUCTURE: f64 = 1.6;
/// Tokens of a word, roughly.
const PER_WORD: f64 = 1.25;

const LONG: [&str; 9] = [
    "detailed",
    "thorough",
    "comprehensive",
    "all aspects",
    "in depth",
    "in-depth",
    "explain",
    "elaborate",
    "exhaustive",
];
const SHORT: [&str; 11] = [
    "concise",
    "brief",
    "direct",
    "to-the-point",
    "to the point",
    "short",
    "terse",
    "one word",
    "one sentence",
    "only the",
    "minimal",
];
const STRUCTURED: [&str; 7] =
    ["structured", "organized", "organised", "headings", "bullet", "follow these steps", "sections"];

/// What a prompt asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// Median tokens of the answer.
    pub(super) length: f64,
    /// More words that lengthen than such that shorten, or the other way round.
    pub(super) leaning: i32,
    /// Whether headings and bullets are wanted.
    pub(super) structured: bool,
    /// Whether a verdict of one word is wanted, ACCEPT or REJECT.
    pub(super) grades: bool,
    /// Categories to choose from; empty where it is not about that.
    pub(super) labels: Vec<String>,
    /// The text that it is about.
    pub(super) content: String,
}

/// Reads a prompt.
pub(super) fn read(prompt: &Prompt) -> Reading {
    let (task, content) = split(prompt.question());
    let instructions = format!("{}\n{task}", prompt.system.as_deref().unwrap_or_default());
    let lower = instructions.to_lowercase();
    let said = |words: &[&str]| words.iter().map(|word| lower.matches(word).count()).sum::<usize>();
    let leaning = i32::try_from(said(&LONG)).unwrap_or(0) - i32::try_from(said(&SHORT)).unwrap_or(0);
    let leaning = leaning.clamp(-4, 4);
    let structured = said(&STRUCTURED) >= 2;
    let form = if structured { STRUCTURE } else { 1.0 };
    let length = PLAIN_LENGTH * STEP.powi(leaning) * form;
    let length = asked_words(&lower).map_or(length, |words| (words * PER_WORD * 0.85).min(length));
    let grades = grades(&instructions);
    Reading { length, leaning, structured, grades, labels: labels(task), content: content.to_owned() }
}

/// The task and the text that it is about: the first paragraph with those behind it that still give instructions (as
/// where a system prompt was put before the task), and the rest.
fn split(question: &str) -> (&str, &str) {
    let question = question.trim();
    let mut task = 0;
    while let Some(at) = question[task..].find("\n\n") {
        let next = question[task + at..].trim_start();
        task = question.len() - next.len();
        let paragraph = next.split("\n\n").next().unwrap_or_default();
        if paragraph.len() == next.len() || !instructs(paragraph) {
            return (question[..task].trim_end(), next);
        }
    }
    (question, question)
}

fn instructs(paragraph: &str) -> bool {
    const TASKS: [&str; 8] =
        ["task", "summarize", "summarise", "classify", "categories:", "labels:", "respond", "following text"];
    let lower = paragraph.to_lowercase();
    TASKS.iter().chain(&STRUCTURED).any(|word| lower.contains(word))
}

/// A number of words that the prompt names ("in 50 words", "at most 120 words").
fn asked_words(lower: &str) -> Option<f64> {
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.windows(2).filter(|pair| pair[1] == "words" || pair[1] == "word").find_map(|pair| pair[0].parse().ok())
}

/// Whether one sentence asks for a reply that is ACCEPT or REJECT: told by both words in capitals behind a word that
/// asks for a reply.
fn grades(instructions: &str) -> bool {
    const ASKS: [&str; 5] = ["reply", "respond", "answer", "write", "say"];
    instructions.split(['\n', '.']).any(|sentence| {
        let words = || sentence.split(|c: char| !c.is_alphanumeric());
        let said = |word: &str| words().position(|other| other == word);
        let asks = words().position(|word| ASKS.contains(&word.to_lowercase().as_str()));
        matches!((asks, said("ACCEPT"), said("REJECT")), (Some(asks), Some(one), Some(other)) if asks < one.min(other))
    })
}

/// The categories that a task lists behind "categories:" (or "labels:", "classes:").
fn labels(task: &str) -> Vec<String> {
    // ASCII only, so that places in it are places in the task.
    let lower = task.to_ascii_lowercase();
    let heads = ["categories:", "labels:", "classes:"];
    let Some(start) = heads.iter().find_map(|head| lower.find(head).map(|at| at + head.len())) else {
        return Vec::new();
    };
    let list = task[start..].split(['\n', '.']).next().unwrap_or_default();
    let list = list.replace(" or ", ", ").replace(" and ", ", ");
    let clean = |label: &str| label.trim().trim_matches(['"', '\'', '*', '`']).to_owned();
    let found: Vec<String> = list.split(',').map(clean).filter(|label| !label.is_empty()).collect();
    if found.len() < 2 { Vec::new() } else { found }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::request::{Role, Turn};

    #[test]
    fn labels_are_found_where_they_are_listed() {
        let tutorial = "Classify this text into one of these categories: Technology, Business, Health, or Other. Go.";
        assert_eq!(labels(tutorial), ["Technology", "Business", "Health", "Other"]);
        assert_eq!(labels("Labels: 'spam' or 'ham'\nText:"), ["spam", "ham"]);
        assert!(labels("Summarize the following text in a concise way").is_empty());
    }

    #[test]
    fn a_verdict_is_asked_for_in_capitals() {
        assert!(grades("Be strict.\nAnswer with one word: ACCEPT or REJECT."));
        assert!(grades("Reply REJECT: and why, or ACCEPT"));
        assert!(!grades("Say whether we accept or reject it."));
        assert!(!grades("ACCEPT. Reply in French. REJECT"));
    }

    #[test]
    fn a_system_prompt_before_the_task_is_read_too() {
        let text = "Provide concise responses.\n\nClassify it. Categories: A, B\n\nThe text.\n\nMore of it.";
        assert_eq!(
            split(text),
            ("Provide concise responses.\n\nClassify it. Categories: A, B", "The text.\n\nMore of it.")
        );
        assert_eq!(split("Only this."), ("Only this.", "Only this."));
        assert_eq!(split("Do.\n\nClassify"), ("Do.", "Classify"));
    }

    #[test]
    fn a_number_of_words_is_heard_unless_the_answer_is_shorter_anyway() {
        let read = |text: &str| {
            let turns = vec![Turn { role: Role::User, text: text.into() }];
            read(&Prompt::new(None, turns)).length
        };
        assert!((read("Say it in 20 words.") - 21.25).abs() < 1e-9);
        assert!((read("Say it in at most 9000 words.") - PLAIN_LENGTH).abs() < 1e-9);
    }
}
