//! Answer: what the simulated model says, a pure function of seed, body and how often that body came.

mod classify;
mod grade;
mod hostile;
mod reading;
mod summary;

use crate::bench::model::ModelId;
use crate::simulator::prompt::Prompt;
use crate::simulator::random;
use crate::simulator::tokens;

/// How far replies to the same prompt differ in length (spread of the logarithm).
const SPREAD: f64 = 0.18;
/// Families that think before they speak, and whose thoughts are part of the reply.
const THINKERS: [&str; 2] = ["deepseek-r1", "gpt-oss"];

/// Why a reply ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// The model had said all.
    EndTurn,
    /// `max_tokens` cut it off.
    MaxTokens,
    /// A stop sequence cut it off.
    Sequence(String),
}

/// What the model says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    /// Its thoughts; empty for most models.
    pub(super) thoughts: String,
    /// Its text.
    pub(super) text: String,
    /// Why it ends.
    pub(super) stop: Stop,
}

/// Which of all possible answers is given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turnout {
    /// The simulator's seed.
    pub(super) seed: u64,
    /// The body's hash.
    pub(super) body: u64,
    /// How often that body was answered before.
    pub(super) nth: u64,
    /// Whether the reply is hostile.
    pub(super) hostile: bool,
}

/// A text with all in it that could do harm if it were shown as it is.
pub(super) fn taint(text: &str) -> String {
    hostile::taint(text)
}

/// Answers a prompt with at most `max_tokens` tokens.
pub(super) fn compose(turnout: Turnout, model: &ModelId, prompt: &Prompt, max_tokens: u64) -> Answer {
    let mut random = random::stream(turnout.seed, "answer", turnout.body, turnout.nth);
    let reading = reading::read(prompt);
    let length = random::lognormal(&mut random, reading.length, SPREAD).max(1.0) as u64;
    let mut text = if reading.grades {
        grade::write(&mut random)
    } else if reading.labels.is_empty() {
        summary::write(&mut random, &reading, length)
    } else {
        classify::write(&mut random, &reading, length)
    };
    if turnout.hostile {
        text = hostile::taint(&text);
    }
    let thoughts = if THINKERS.contains(&model.family().name) { summary::think(&reading) } else { String::new() };
    let (text, stop) = stopped(text, &prompt.stop);
    cut(thoughts, text, stop, max_tokens)
}

/// Ends a text before the first stop sequence.
fn stopped(mut text: String, sequences: &[String]) -> (String, Stop) {
    let found = sequences.iter().filter(|sequence| !sequence.is_empty());
    let first = found.filter_map(|sequence| Some((text.find(sequence.as_str())?, sequence))).min();
    match first {
        Some((at, sequence)) => {
            text.truncate(at);
            (text, Stop::Sequence(sequence.clone()))
        }
        None => (text, Stop::EndTurn),
    }
}

/// Cuts thoughts and text off at a number of tokens.
fn cut(thoughts: String, text: String, stop: Stop, max_tokens: u64) -> Answer {
    let thinking = tokens::count(&thoughts);
    if thinking + tokens::count(&text) <= max_tokens {
        return Answer { thoughts, text, stop };
    }
    let first = |text: &str, n: u64| tokens::pieces(text).take(n as usize).collect::<String>();
    let left = max_tokens.saturating_sub(thinking);
    Answer { thoughts: first(&thoughts, max_tokens), text: first(&text, left), stop: Stop::MaxTokens }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::request::{Role, Turn};

    const CONTENT: &str = "Amazon Bedrock is a fully managed service that offers a choice of foundation models from \
        leading companies through a single API. Customers can privately customize models with their own data, build \
        agents that call enterprise systems, and need not manage any infrastructure. Security, privacy and \
        responsible AI are part of the service.";
    const SUMMARISE: &str = "Summarize the following text in a concise way";

    fn prompt(system: Option<&str>, text: &str) -> Prompt {
        Prompt::new(system.map(Into::into), vec![Turn { role: Role::User, text: text.into() }])
    }

    fn answer(prompt: &Prompt, nth: u64) -> Answer {
        let turnout = Turnout { seed: 7, body: 42, nth, hostile: false };
        compose(turnout, &ModelId::parse("anthropic.claude-3-sonnet-20240229-v1:0"), prompt, 4_096)
    }

    fn mean_tokens(prompt: &Prompt) -> f64 {
        (0..20).map(|nth| tokens::count(&answer(prompt, nth).text) as f64).sum::<f64>() / 20.0
    }

    fn tutorial() -> [Prompt; 4] {
        let structured = "Follow these steps:\n1. Understand this task: ";
        [
            prompt(
                Some("You are a helpful assistant that provides comprehensive responses."),
                &format!(
                    "Please perform the following task: {SUMMARISE}. Provide a detailed and thorough response that \
                     covers all aspects of the question.\n\n{CONTENT}"
                ),
            ),
            prompt(
                Some("Provide concise, to-the-point responses."),
                &format!("Task: {SUMMARISE}\nBe brief and direct.\n\n{CONTENT}"),
            ),
            prompt(
                Some("You are an assistant that provides well-structured, organized responses."),
                &format!(
                    "{structured}{SUMMARISE}\n2. Analyze the key components\n3. Provide a structured response with \
                     clear headings\n\n{CONTENT}"
                ),
            ),
            prompt(None, &format!("{SUMMARISE}\n\n{CONTENT}")),
        ]
    }

    #[test]
    fn length_follows_the_instructions() {
        let [detailed, concise, structured, minimal] = tutorial().map(|prompt| mean_tokens(&prompt));
        assert!((150.0..320.0).contains(&detailed), "detailed {detailed}");
        assert!((80.0..200.0).contains(&structured), "structured {structured}");
        assert!((50.0..120.0).contains(&minimal), "minimal {minimal}");
        assert!((20.0..60.0).contains(&concise), "concise {concise}");
        assert!(detailed > structured && structured > minimal && minimal > concise);
    }

    #[test]
    fn structure_follows_the_instructions_and_words_come_from_the_text() {
        let [detailed, _, structured, minimal] = tutorial().map(|prompt| answer(&prompt, 0).text);
        assert!(structured.contains("## ") && structured.contains("\n- "), "{structured}");
        assert!(!minimal.contains("## ") && !minimal.contains("\n- "), "{minimal}");
        for text in [detailed, structured, minimal] {
            assert!(text.contains("Bedrock") || text.contains("models"), "{text}");
        }
    }

    #[test]
    fn the_same_turnout_is_the_same_answer_and_another_one_is_not() {
        let [detailed, ..] = tutorial();
        assert_eq!(answer(&detailed, 3), answer(&detailed, 3));
        assert_ne!(answer(&detailed, 3), answer(&detailed, 4));
    }

    #[test]
    fn max_tokens_and_stop_sequences_end_it() {
        let [detailed, ..] = tutorial();
        let model = ModelId::parse("anthropic.claude-3-sonnet-20240229-v1:0");
        let turnout = Turnout { seed: 7, body: 42, nth: 0, hostile: false };
        let short = compose(turnout, &model, &detailed, 12);
        assert_eq!((tokens::count(&short.text), short.stop), (12, Stop::MaxTokens));
        let stopping = Prompt { stop: vec!["nowhere".into(), ".".into()], ..detailed.clone() };
        let stopped = compose(turnout, &model, &stopping, 4_096);
        assert_eq!(stopped.stop, Stop::Sequence(".".into()));
        assert!(!stopped.text.contains('.') && !stopped.text.is_empty());
    }

    #[test]
    fn thinkers_think_first_and_a_small_limit_may_leave_nothing_but_thoughts() {
        let [detailed, ..] = tutorial();
        let model = ModelId::parse("deepseek.r1-v1:0");
        let turnout = Turnout { seed: 7, body: 42, nth: 0, hostile: false };
        let whole = compose(turnout, &model, &detailed, 4_096);
        assert!(!whole.thoughts.is_empty() && !whole.text.is_empty());
        let cut = compose(turnout, &model, &detailed, 5);
        assert_eq!((tokens::count(&cut.thoughts), cut.text.as_str(), cut.stop), (5, "", Stop::MaxTokens));
    }

    #[test]
    fn a_verdict_is_given_where_one_is_asked_for() {
        let system = "You grade summaries. Reply with exactly one line: ACCEPT, or REJECT: and the reason.";
        let prompt = prompt(Some(system), &format!("The summary:\n\n{CONTENT}"));
        let replies: Vec<String> = (0..200).map(|nth| answer(&prompt, nth).text).collect();
        let good = replies.iter().filter(|reply| *reply == "ACCEPT").count();
        assert!((150..190).contains(&good), "{good} of 200");
        assert!(replies.iter().all(|reply| reply == "ACCEPT" || reply.starts_with("REJECT: ")));
        assert_eq!(answer(&prompt, 3), answer(&prompt, 3));
    }

    const CLASSIFY: &str = "Classify this text into one of these categories: Technology, Business, Health, \
        Entertainment, or Other";

    #[test]
    fn classification_answers_with_a_category_mostly_the_right_one() {
        for (content, label) in [
            (
                "The startup released a new processor chip that runs machine learning software twice as fast.",
                "Technology",
            ),
            ("Shares fell after the company cut its profit forecast and the bank lowered its rating.", "Business"),
            ("Doctors found that patients who sleep well recover faster from the disease.", "Health"),
            ("The film's director and its star actress thanked the audience at the festival.", "Entertainment"),
            ("The path leads over a small wooden bridge and past two old oaks.", "Other"),
        ] {
            let prompt = prompt(None, &format!("{CLASSIFY}\n\n{content}"));
            let right = (0..40).filter(|nth| answer(&prompt, *nth).text.contains(label)).count();
            assert!((28..=40).contains(&right), "{label}: {right} of 40");
        }
    }

    #[test]
    fn styles_show_in_classifications_too() {
        let content = "The hospital treats patients with a new drug.";
        let terse = prompt(Some("Provide concise responses. Answer briefly."), &format!("{CLASSIFY}\n\n{content}"));
        let detailed = prompt(
            Some("Provide comprehensive responses."),
            &format!("{CLASSIFY}. Give a detailed and thorough explanation.\n\n{content}"),
        );
        assert!(mean_tokens(&terse) <= 4.0, "{}", mean_tokens(&terse));
        assert!(mean_tokens(&detailed) > 40.0, "{}", mean_tokens(&detailed));
    }

    #[test]
    fn a_hostile_answer_carries_all_that_could_do_harm() {
        let [detailed, ..] = tutorial();
        let turnout = Turnout { seed: 7, body: 42, nth: 0, hostile: true };
        let model = ModelId::parse("anthropic.claude-3-sonnet-20240229-v1:0");
        let text = compose(turnout, &model, &detailed, 4_096).text;
        for harm in ["\u{1b}[", "\u{1b}]", "\u{9b}", "\u{0}", "\u{7}", "\r", "<script>", "\u{202e}", "\u{200b}"] {
            assert!(text.contains(harm), "{harm:?} is missing");
        }
    }
}
