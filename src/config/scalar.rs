//! Single values of the configuration and the command line: their ranges, their words, and what was expected.

use std::ops::RangeInclusive;
use std::time::Duration;

use http::Uri;
use jiff::fmt::friendly::SpanParser;

use super::finding::nearest;
use crate::bench::objective::{OBJECTIVES, Rule};
use crate::bench::plan::{Concurrency, Endpoint};
pub(super) use crate::bench::plan::{MAX_TOKENS, TRIALS};
use crate::bench::quota::LimitOverride;

/// Why a value is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    /// What was expected: `a whole number from 1 to 20`.
    pub(super) expected: String,
    /// The known word that was probably meant.
    pub(super) near: Option<String>,
    /// Where exactly, if not the whole value is wrong.
    pub(super) at: Option<std::ops::Range<usize>>,
}

impl Wrong {
    pub(super) fn expected(expected: impl Into<String>) -> Self {
        Self { expected: expected.into(), near: None, at: None }
    }
}

/// Decimal numbers between two bounds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal {
    /// The lower bound.
    least: f64,
    /// The upper bound.
    most: f64,
    /// Whether the lower bound itself is refused.
    above: bool,
}

impl Decimal {
    const fn from(least: f64, most: f64) -> Self {
        Self { least, most, above: false }
    }

    const fn above(least: f64, most: f64) -> Self {
        Self { least, most, above: true }
    }

    /// The number, if it lies between the bounds.
    pub(super) fn check(self, number: f64) -> Result<f64, Wrong> {
        let inside = number <= self.most && if self.above { number > self.least } else { number >= self.least };
        if inside { Ok(number) } else { Err(self.wrong()) }
    }

    /// What was expected.
    pub(super) fn wrong(self) -> Wrong {
        let Self { least, most, above } = self;
        Wrong::expected(if above {
            format!("a number above {least} and at most {}", grouped(&most.to_string()))
        } else {
            format!("a number from {least} to {}", grouped(&most.to_string()))
        })
    }
}

pub(super) const WARMUP: RangeInclusive<u64> = 0..=1_000;
pub(super) const ATTEMPTS: RangeInclusive<u64> = 1..=20;
pub(super) const IN_FLIGHT: RangeInclusive<u64> = 1..=10_000;
pub(super) const SEED: RangeInclusive<u64> = 0..=i64::MAX as u64;
pub(super) const BURNDOWN: RangeInclusive<u64> = 1..=1_000;
pub(super) const LIMIT: Decimal = Decimal::above(0.0, 1e12);
pub(super) const SHARE: Decimal = Decimal::above(0.0, 1.0);
pub(super) const PART: Decimal = Decimal::from(0.0, 1.0);
pub(super) const CONFIDENCE: Decimal = Decimal::from(0.5, 0.9999);
pub(super) const COST: Decimal = Decimal::from(0.0, 1e9);
/// Converse takes 0 to 1; some families' native bodies take more (source: Bedrock user guide, `model-parameters-*`).
pub(super) const TEMPERATURE: Decimal = Decimal::from(0.0, 5.0);

const DAY: Duration = Duration::from_hours(24);
const DURATION: &str = "a duration such as \"90s\", \"10m\" or \"1h30m\"";

/// A whole number between bounds.
pub(super) fn whole(number: i128, bounds: &RangeInclusive<u64>) -> Result<u64, Wrong> {
    let inside = u64::try_from(number).ok().filter(|number| bounds.contains(number));
    inside.ok_or_else(|| whole_wrong(bounds))
}

/// What a whole number between bounds is called.
pub(super) fn whole_wrong(bounds: &RangeInclusive<u64>) -> Wrong {
    Wrong::expected(format!("a whole number from {} to {}", bounds.start(), grouped(&bounds.end().to_string())))
}

/// A number's digits in groups of three; those of a fraction as they are.
fn grouped(number: &str) -> String {
    if number.contains('.') {
        return number.to_owned();
    }
    let mut text = String::new();
    for (index, digit) in number.chars().enumerate() {
        if index > 0 && (number.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One of several words.
pub(super) fn word<'w>(text: &str, words: impl IntoIterator<Item = &'w str>) -> Result<&'w str, Wrong> {
    let words: Vec<&str> = words.into_iter().collect();
    words.iter().copied().find(|word| *word == text).ok_or_else(|| Wrong {
        expected: one_of(&words),
        near: nearest(text, words).map(str::to_owned),
        at: None,
    })
}

/// An objective's name, or several with weights.
pub(super) fn objective(text: &str) -> Result<Rule, Wrong> {
    if text.contains('=') {
        return Rule::parse(text).map_err(|why| Wrong::expected(why.trim_start_matches("expected ")));
    }
    word(text, OBJECTIVES.iter().map(|row| row.name)).map(|name| Rule::parse(name).unwrap_or_default())
}

/// `"a", "b" or "c"`.
pub(super) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Reads a duration as a person writes it: `90s`, `10m`, `1h30m`, `500ms`; more than nothing, at most a day.
/// The error says what was expected.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    duration(text).map_err(|wrong| format!("expected {}", wrong.expected))
}

pub(super) fn duration(text: &str) -> Result<Duration, Wrong> {
    let parsed = SpanParser::new().parse_unsigned_duration(text.trim()).map_err(|_| Wrong::expected(DURATION))?;
    if parsed.is_zero() || parsed > DAY {
        return Err(Wrong::expected(format!("{DURATION}, above 0 and at most 24h")));
    }
    Ok(parsed)
}

/// Reads a limit of the command line: a number above 0, or `none`.
pub fn parse_limit(text: &str) -> Result<LimitOverride, String> {
    let number = text.replace(['_', ','], "").parse();
    none_or(text, number.ok().and_then(|number| LIMIT.check(number).ok()), &LIMIT)
        .map(|limit| limit.map_or(LimitOverride::None, LimitOverride::Value))
}

/// Reads a cap on money of the command line: US dollars, or `none`.
pub fn parse_cost(text: &str) -> Result<Option<f64>, String> {
    let number = text.strip_prefix('$').unwrap_or(text).parse();
    none_or(text, number.ok().and_then(|number| COST.check(number).ok()), &COST)
}

fn none_or(text: &str, number: Option<f64>, range: &Decimal) -> Result<Option<f64>, String> {
    match number {
        Some(number) => Ok(Some(number)),
        None if text == "none" => Ok(None),
        None => Err(format!("expected {}, or \"none\"", range.wrong().expected)),
    }
}

/// Reads a concurrency of the command line: a whole number, or `auto`.
pub fn parse_concurrency(text: &str) -> Result<Concurrency, String> {
    match text.parse().map(|number| whole(number, &IN_FLIGHT)) {
        Ok(Ok(number)) => Ok(Concurrency::Fixed(number as u32)),
        _ if text == "auto" => Ok(Concurrency::Auto),
        _ => Err(format!("expected \"auto\" or {}", whole_wrong(&IN_FLIGHT).expected)),
    }
}

/// Reads a model id, an inference profile or an ARN of the command line, by its shape.
pub fn parse_model_id(text: &str) -> Result<String, String> {
    model_id(text).map_err(|wrong| format!("expected {}", wrong.expected))
}

/// `simulator`, `aws` or a URL without a user's name, a password, a query or a fragment.
pub(super) fn endpoint(text: &str) -> Result<Endpoint, Wrong> {
    match text {
        "simulator" => return Ok(Endpoint::Simulator),
        "aws" => return Ok(Endpoint::Aws),
        _ => {}
    }
    let wrong = |expected: &str| Wrong {
        expected: expected.into(),
        near: nearest(text, ["simulator", "aws"]).map(str::to_owned),
        at: None,
    };
    let any = "\"simulator\", \"aws\" or a URL such as \"http://127.0.0.1:4566\"";
    let uri: Uri = text.parse().map_err(|_| wrong(any))?;
    let authority = uri.authority().ok_or_else(|| wrong(any))?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || authority.host().is_empty() {
        return Err(wrong(any));
    }
    if authority.as_str().contains('@') || uri.query().is_some() || text.contains('#') {
        return Err(wrong("a URL without credentials, query and fragment"));
    }
    Ok(Endpoint::Url(text.to_owned()))
}

/// An AWS region's name, by its shape: new regions must work.
pub(super) fn region(text: &str) -> Result<String, Wrong> {
    let good = text.contains('-')
        && text.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
    if good { Ok(text.to_owned()) } else { Err(Wrong::expected("an AWS region such as \"us-east-1\"")) }
}

/// A model id, an inference profile or an ARN, by its shape (source: Bedrock API reference, `Converse`, `modelId`).
pub(super) fn model_id(text: &str) -> Result<String, Wrong> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-:./_".contains(&byte);
    if !text.is_empty() && text.len() <= 2_048 && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(Wrong::expected("a model id, an inference profile or an ARN (letters, digits and - : . / _)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_people_write_them() {
        for (text, millis) in [("90s", 90_000), ("10m", 600_000), ("1h30m", 5_400_000), ("500ms", 500), ("1.5s", 1_500)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "90", "soon", "-5s", "0s", "25h", "9999999999999999999h", "1mo"] {
            let error = parse_duration(text).expect_err(text);
            assert!(error.starts_with("expected a duration such as \"90s\""), "{text}: {error}");
        }
    }

    #[test]
    fn endpoints_and_where_money_can_be_spent() {
        for (text, local) in [
            ("simulator", true),
            ("aws", false),
            ("http://127.0.0.1:4566", true),
            ("http://localhost:4566/base", true),
            ("http://[::1]:80", true),
            ("https://bedrock.example.com", false),
        ] {
            assert_eq!(endpoint(text).map(|endpoint| endpoint.is_local()), Ok(local), "{text}");
        }
        for text in ["", "AWS", "127.0.0.1:4566", "ftp://x", "http://", "http://me:pw@x", "http://x/?k=1", "http://x y"]
        {
            assert!(endpoint(text).is_err(), "{text}");
        }
        assert_eq!(endpoint("simulater").map_err(|wrong| wrong.near), Err(Some("simulator".into())));
    }

    #[test]
    fn words_of_the_command_line() {
        assert_eq!(parse_limit("none"), Ok(LimitOverride::None));
        assert_eq!(parse_limit("200_000"), Ok(LimitOverride::Value(200_000.0)));
        assert!(parse_limit("0").is_err() && parse_limit("NaN").is_err() && parse_limit("inf").is_err());
        assert_eq!(parse_cost("none"), Ok(None));
        assert_eq!(parse_cost("2.5"), Ok(Some(2.5)));
        assert!(parse_cost("-1").is_err());
        assert_eq!(parse_concurrency("auto"), Ok(Concurrency::Auto));
        assert_eq!(parse_concurrency("8"), Ok(Concurrency::Fixed(8)));
        assert!(parse_concurrency("0").is_err());
    }

    #[test]
    fn regions_and_model_ids_by_shape() {
        assert!(["us-east-1", "us-gov-west-1", "eusc-de-east-1"].iter().all(|text| region(text).is_ok()));
        assert!(["", "us", "US-east-1", "us--1", "us-east-1 "].iter().all(|text| region(text).is_err()));
        assert!(model_id("arn:aws:bedrock:us-east-1:1:inference-profile/us.a.b-v1:0").is_ok());
        assert!(["", "a b", "a\n", "é"].iter().all(|text| model_id(text).is_err()));
    }
}
