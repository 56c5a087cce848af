//! Script: an answer laid out in time, chunk by chunk, with the mishap that interrupts it.

use std::ops::Range;
use std::time::Duration;

use rand::Rng;

use crate::bench::model::ModelId;
use crate::simulator::answer::Answer;
use crate::simulator::random;
use crate::simulator::scenario::{InStream, Mishap, Scenario};
use crate::simulator::tokens;

/// Spread of the time to first token (the ratio of P95 to median that `LLMPerf` measured, 1.56, is this sigma).
const SIGMA: f64 = 0.27;
/// Spread of the token rate (same source).
const RATE_SIGMA: f64 = 0.2;
/// What an input token adds to the time to first token.
const PER_INPUT_TOKEN: f64 = 0.000_1;
/// How often the first token takes three times as long.
const TAIL: f64 = 0.01;
/// The largest chunk, in tokens.
const MOST_PER_CHUNK: u64 = 8;
/// When a stream opens, as a share of the time to first token.
const OPENING: f64 = 0.8;

/// Some tokens that go out together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chunk {
    /// Whether it is of the thoughts.
    pub(super) thought: bool,
    /// Which bytes of the thoughts or of the text.
    pub(super) bytes: Range<usize>,
    /// Tokens up to and with this chunk.
    pub(super) tokens: u64,
    /// When it goes out, from the invocation's arrival.
    pub(super) at: Duration,
}

/// How a reply breaks in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    /// The connection is reset.
    Reset,
    /// Nothing more comes.
    Stall,
    /// The same comes over and over.
    Endless,
    /// Bytes that mean nothing.
    Garbage,
    /// It is over, as if that were the end.
    Unfinished,
    /// An exception, in streams alone.
    Exception(InStream),
}

/// An answer laid out in time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Script {
    /// What is said.
    pub(super) answer: Answer,
    /// In which chunks.
    pub(super) chunks: Vec<Chunk>,
    /// When the stream opens.
    pub(super) opens: Duration,
    /// After how many chunks it breaks, and how.
    pub(super) breaks: Option<(usize, Break)>,
}

impl Script {
    /// A chunk's text.
    pub(super) fn text(&self, chunk: &Chunk) -> &str {
        let whole = if chunk.thought { &self.answer.thoughts } else { &self.answer.text };
        whole.get(chunk.bytes.clone()).unwrap_or_default()
    }

    /// All output tokens.
    pub(super) fn tokens(&self) -> u64 {
        self.chunks.last().map_or(0, |chunk| chunk.tokens)
    }

    /// Output tokens that were generated after some time.
    pub(super) fn tokens_after(&self, elapsed: Duration) -> u64 {
        let reachable = self.breaks.map_or(self.chunks.len(), |(after, _)| after.min(self.chunks.len()));
        let out = self.chunks[..reachable].partition_point(|chunk| chunk.at <= elapsed);
        out.checked_sub(1).map_or(0, |last| self.chunks[last].tokens)
    }

    /// When the last chunk goes out.
    pub(super) fn ends(&self) -> Duration {
        self.chunks.last().map_or(self.opens, |chunk| chunk.at)
    }
}

/// What the lay-out of an answer depends on beside the answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) seed: u64,
    pub(super) body: u64,
    pub(super) nth: u64,
    pub(super) model: &'a ModelId,
    pub(super) input_tokens: u64,
    pub(super) mishap: Option<Mishap>,
}

/// Lays an answer out in time.
pub(super) fn lay_out(stage: Stage<'_>, answer: Answer) -> Script {
    let mut random = random::stream(stage.seed, "tempo", stage.body, stage.nth);
    let family = stage.model.family().tempo;
    let own = stage.scenario.tempo(stage.model);
    let median = own.and_then(|own| own.ttft_ms).map_or(family.ttft.as_secs_f64(), |ms| ms.0 / 1_000.0);
    let sigma = own.and_then(|own| own.sigma).map_or(SIGMA, |sigma| sigma.0);
    let rate = own.and_then(|own| own.tokens_per_second).map_or(family.tokens_per_second, |rate| rate.0);
    let slow = if stage.mishap == Some(Mishap::Slow) { 10.0 } else { 1.0 };
    let tail = if random::chance(&mut random, TAIL) { 3.0 } else { 1.0 };
    let first = random::lognormal(&mut random, median, sigma) * tail * slow;
    let ttft = first + stage.input_tokens as f64 * PER_INPUT_TOKEN;
    let per_token = slow / random::lognormal(&mut random, rate, RATE_SIGMA).max(0.001);

    let mut chunks = Vec::new();
    let mut so_far = 0;
    for (thought, text) in [(true, &answer.thoughts), (false, &answer.text)] {
        let mut from = 0;
        let mut pieces = tokens::pieces(text).map(str::len);
        loop {
            let size = random.random_range(1..=MOST_PER_CHUNK);
            let (taken, length) = pieces.by_ref().take(size as usize).fold((0, 0), |(n, sum), len| (n + 1, sum + len));
            if taken == 0 {
                break;
            }
            let before: u64 = chunks.first().map_or(so_far + taken, |chunk: &Chunk| chunk.tokens);
            so_far += taken;
            let at = seconds(ttft + (so_far - before) as f64 * per_token);
            chunks.push(Chunk { thought, bytes: from..from + length, tokens: so_far, at });
            from += length;
        }
    }
    let breaks = breaking(stage.mishap).map(|how| (random.random_range(0..=chunks.len().saturating_sub(1)), how));
    Script { answer, chunks, opens: seconds(ttft * OPENING), breaks }
}

fn breaking(mishap: Option<Mishap>) -> Option<Break> {
    match mishap? {
        Mishap::Reset => Some(Break::Reset),
        Mishap::Stall => Some(Break::Stall),
        Mishap::Endless => Some(Break::Endless),
        Mishap::Garbage => Some(Break::Garbage),
        Mishap::Unfinished => Some(Break::Unfinished),
        Mishap::InStream(exception) => Some(Break::Exception(exception)),
        Mishap::Refused(_) | Mishap::Hang | Mishap::Slow | Mishap::NoMetadata => None,
    }
}

fn seconds(seconds: f64) -> Duration {
    const DAY: f64 = 86_400.0;
    Duration::from_secs_f64(if seconds.is_finite() { seconds.clamp(0.0, DAY) } else { DAY })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::answer::Stop;

    fn script(mishap: Option<Mishap>, tempo: &str) -> Script {
        let scenario = Scenario::parse(tempo).expect("parses");
        let model = ModelId::parse("anthropic.claude-3-sonnet-20240229-v1:0");
        let text = "One two three four. ".repeat(20);
        let answer = Answer { thoughts: "Let me think about it.".into(), text, stop: Stop::EndTurn };
        let stage = Stage { scenario: &scenario, seed: 7, body: 1, nth: 0, model: &model, input_tokens: 100, mishap };
        lay_out(stage, answer)
    }

    #[test]
    fn chunks_are_the_answer_in_order_and_in_time() {
        let script = script(None, "");
        let said = |thought| {
            let mine = script.chunks.iter().filter(|chunk| chunk.thought == thought);
            mine.map(|chunk| script.text(chunk)).collect::<String>()
        };
        assert_eq!((said(true), said(false)), (script.answer.thoughts.clone(), script.answer.text.clone()));
        assert!(script.chunks.is_sorted_by(|a, b| a.at < b.at && a.tokens < b.tokens));
        assert_eq!(script.tokens(), tokens::count(&script.answer.thoughts) + tokens::count(&script.answer.text));
        assert!(script.opens < script.chunks[0].at);
        assert_eq!(script.tokens_after(script.opens), 0);
        assert_eq!(script.tokens_after(script.chunks[2].at), script.chunks[2].tokens);
        assert_eq!(script.tokens_after(script.ends()), script.tokens());
    }

    #[test]
    fn the_scenario_sets_the_tempo() {
        let tempo = "[[tempo]]\nmodel = \"claude\"\nttft_ms = 500\nsigma = 0.0\ntokens_per_second = 100";
        let script = script(None, tempo);
        let ttft = script.chunks[0].at.as_secs_f64();
        assert!((ttft - 0.51).abs() < 1e-9 || (ttft - 1.51).abs() < 1e-9, "{ttft}");
        let rate = (script.tokens() - script.chunks[0].tokens) as f64 / (script.ends().as_secs_f64() - ttft);
        assert!((50.0..200.0).contains(&rate), "{rate}");
    }

    #[test]
    fn a_slow_one_is_ten_times_as_slow_and_a_broken_one_ends_early() {
        let tempo = "[[tempo]]\nmodel = \"*\"\nsigma = 0.0";
        let (normal, slow) = (script(None, tempo), script(Some(Mishap::Slow), tempo));
        let flow = |script: &Script| script.ends().saturating_sub(script.chunks[0].at).as_secs_f64();
        assert!((flow(&slow) / flow(&normal) - 10.0).abs() < 1e-3);
        let broken = script(Some(Mishap::Reset), tempo);
        let (after, how) = broken.breaks.expect("breaks");
        assert_eq!(how, Break::Reset);
        assert!(after < broken.chunks.len());
        assert!(broken.tokens_after(Duration::from_hours(1)) < broken.tokens());
    }
}
