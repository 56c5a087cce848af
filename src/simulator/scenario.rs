//! Scenario: the world that the simulator plays, as a TOML file.

mod faults;

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

use crate::bench::ledger::Refill;
use crate::bench::model::{ModelId, Scope};
pub use crate::simulator::scenario::faults::{FaultRates, InStreamRates};
pub(super) use crate::simulator::scenario::faults::{InStream, Mishap, Refusal};

/// Everything about the simulated account and service. What a file leaves out is as in the default scenario.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// What replies, tempo, faults and the order of quota rows follow from, unless a seed is given elsewhere.
    pub seed: u64,
    /// How quotas refill.
    pub refill: RefillRule,
    /// Whether a throttled request is taken from the requests per minute all the same.
    pub rejected_count: bool,
    /// The account-wide limit over all models, in quota tokens.
    pub tokens_per_day: Amount,
    /// How Service Quotas answers.
    pub service_quotas: Access,
    /// How many calls of Service Quotas are throttled before it answers.
    pub service_quotas_throttles: u64,
    /// How CloudWatch answers; it knows no defaults.
    pub cloudwatch: Access,
    /// How long after its end CloudWatch knows of a minute.
    pub metrics_delay_seconds: Quantity,
    /// Whether replies, headers and streams leave their token counts out.
    pub withhold_usage: bool,
    /// Whether replies carry terminal escapes, control characters, markup and right-to-left marks.
    pub hostile: bool,
    /// Models that this account may not call.
    pub denied: Vec<Pattern>,
    /// Models that can be called by an inference profile alone.
    pub profile_only: Vec<Pattern>,
    /// Models whose end of life is past.
    pub retired: Vec<Pattern>,
    /// Further models that this region serves, by base id and by every profile.
    pub models: Vec<Pattern>,
    /// The account's own inference profiles.
    #[serde(rename = "profile")]
    pub profiles: Vec<ApplicationProfile>,
    /// Quotas of this account; the first entry that fits counts.
    #[serde(rename = "quota")]
    pub quotas: Vec<AccountQuota>,
    /// Others who draw on the same quotas.
    pub neighbours: Neighbours,
    /// How often something goes wrong.
    pub faults: FaultRates,
    /// Tempo by model; the first entry that fits counts.
    pub tempo: Vec<TempoOverride>,
}

/// Each request of the neighbours is played, so their rate has an end.
const MOST_NEIGHBOURS: f64 = 100_000.0;

impl Scenario {
    /// The default scenario as a commented file to start from.
    pub const COMMENTED: &str = include_str!("data/scenario.toml");

    /// Reads a scenario; the error says line, column and what was expected.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let scenario: Self = toml::from_str(text)?;
        if scenario.neighbours.requests_per_minute.0 > MOST_NEIGHBOURS {
            let message = format!("neighbours.requests_per_minute is at most {MOST_NEIGHBOURS}");
            return Err(de::Error::custom(message));
        }
        if scenario.cloudwatch == Access::DefaultsDenied {
            return Err(de::Error::custom("cloudwatch is \"open\", \"denied\" or \"throttled\": it knows no defaults"));
        }
        for (at, profile) in scenario.profiles.iter().enumerate() {
            profile.check(&scenario.profiles[..at]).map_err(de::Error::custom)?;
        }
        let sum: f64 = scenario.faults.rates().iter().map(|(_, rate)| rate).sum();
        if sum > 1.0 + 1e-9 {
            return Err(de::Error::custom(format!("the rates of [faults] add up to {sum}, at most 1 is possible")));
        }
        Ok(scenario)
    }

    /// The entry for a model's quota, if there is one.
    pub(super) fn quota(&self, base: &str, scope: Scope) -> Option<&AccountQuota> {
        self.quotas.iter().find(|entry| entry.model.fits(base) && entry.scope.is_none_or(|only| only == scope))
    }

    /// The entry for a model's tempo, if there is one.
    pub(super) fn tempo(&self, model: &ModelId) -> Option<&TempoOverride> {
        self.tempo.iter().find(|entry| entry.model.fits(model.base()) || entry.model.0 == model.family().name)
    }
}

impl Default for Scenario {
    fn default() -> Self {
        let pattern = |text: &&str| Pattern((*text).to_owned());
        let profile = |name: &str, id: &str, wraps: &str| ApplicationProfile {
            name: name.to_owned(),
            id: id.to_owned(),
            wraps: wraps.to_owned(),
            description: None,
        };
        let on_demand = |model: &str, rpm, tpm| AccountQuota {
            model: Pattern(model.into()),
            scope: Some(Scope::OnDemand),
            rpm: Some(Amount::Of(rpm)),
            tpm: Some(Amount::Of(tpm)),
            ..AccountQuota::default()
        };
        Self {
            seed: 7,
            refill: RefillRule::Rolling,
            rejected_count: false,
            tokens_per_day: Amount::Of(700_000_000.0),
            service_quotas: Access::Open,
            service_quotas_throttles: 0,
            cloudwatch: Access::Open,
            metrics_delay_seconds: Quantity(120.0),
            withhold_usage: false,
            hostile: false,
            denied: Vec::new(),
            profile_only: PROFILE_ONLY.iter().map(pattern).collect(),
            retired: RETIRED.iter().map(pattern).collect(),
            models: Vec::new(),
            profiles: vec![
                profile("search-team", "abcdefgh1234", "anthropic.claude-3-sonnet-20240229-v1:0"),
                profile("support-team", "mnopqrst5678", "us.anthropic.claude-sonnet-5"),
            ],
            quotas: vec![
                on_demand("anthropic.claude-3-sonnet-20240229-v1:0", 150.0, 90_000.0),
                on_demand("meta.llama2-13b-chat-v1", 180.0, 100_000.0),
                AccountQuota {
                    model: Pattern("amazon.nova-*".into()),
                    listed: Listed::Default,
                    ..AccountQuota::default()
                },
            ],
            neighbours: Neighbours::default(),
            faults: FaultRates::default(),
            tempo: Vec::new(),
        }
    }
}

/// Models that Bedrock serves by inference profiles alone (source: scopes of the quota rows that exist for them).
const PROFILE_ONLY: [&str; 19] = [
    "anthropic.claude-haiku-4*",
    "anthropic.claude-sonnet-4-2*",
    "anthropic.claude-sonnet-4-5*",
    "anthropic.claude-opus-4-1*",
    "anthropic.claude-opus-4-2*",
    "anthropic.claude-opus-4-5*",
    "anthropic.claude-opus-4-7*",
    "anthropic.claude-opus-4-8*",
    "anthropic.claude-opus-5*",
    "anthropic.claude-sonnet-5*",
    "anthropic.claude-fable-5*",
    "amazon.nova-premier*",
    "amazon.nova-2-lite*",
    "deepseek.r1*",
    "meta.llama4*",
    "openai.gpt-5*",
    "openai.gpt-6*",
    "xai.*",
    "writer.palmyra-x*",
];

/// Models whose end of life was past when the price table was read (source: `bench::price::end_of_life`). The list and
/// not the date decides, or else a scenario would be another one next year; Claude 3 Sonnet and Llama 2, which the
/// examples use, live on here.
const RETIRED: [&str; 3] = ["anthropic.claude-sonnet-4-2*", "meta.llama3-1-405b*", "meta.llama3-2-*"];

/// An inference profile of the account's own, made to tell the use of one model apart.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationProfile {
    /// The name that its maker gave it.
    pub name: String,
    /// The opaque id that its ARN ends with: 12 small letters and digits.
    pub id: String,
    /// What it wraps: a base model's id, or the id of a system-defined profile.
    pub wraps: String,
    /// What its maker says of it.
    #[serde(default)]
    pub description: Option<String>,
}

impl ApplicationProfile {
    /// The model that an invocation of it is answered by, and on whose quota it draws.
    pub fn target(&self) -> ModelId {
        ModelId::parse(&self.wraps)
    }

    fn check(&self, before: &[Self]) -> Result<(), String> {
        let opaque = self.id.len() == 12 && self.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if !opaque {
            return Err(format!("profile.id {:?} is not made of 12 small letters and digits", self.id));
        }
        if before.iter().any(|other| other.id == self.id || other.name == self.name) {
            return Err(format!("the profile {:?} ({}) stands twice", self.name, self.id));
        }
        if self.wraps.starts_with("arn:") || !self.wraps.contains('.') {
            return Err(format!("profile.wraps {:?} is no id of a model or of a system-defined profile", self.wraps));
        }
        Ok(())
    }
}

/// A base model id; a trailing `*` stands for any ending.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Pattern(pub String);

impl Pattern {
    /// Whether a base model id fits.
    pub fn fits(&self, base: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => base.starts_with(start),
            None => base == self.0,
        }
    }
}

/// How quotas refill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RefillRule {
    /// Any 60 seconds count.
    Rolling,
    /// A bucket of one minute's quota that refills all the time.
    Continuous,
    /// The count starts again at each full minute.
    Clock,
}

impl RefillRule {
    /// The ledger's rule.
    pub fn refill(self) -> Refill {
        match self {
            Self::Rolling => Refill::ROLLING,
            Self::Continuous => Refill::Bucket { burst: 1.0 },
            Self::Clock => Refill::Clock,
        }
    }
}

/// How Service Quotas or CloudWatch answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// It answers.
    Open,
    /// `AccessDeniedException`.
    Denied,
    /// The same, but for the values that are applied.
    DefaultsDenied,
    /// `TooManyRequestsException`, CloudWatch's `Throttling`.
    Throttled,
}

/// A limit in a scenario: an amount, or `"none"` for no limit at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// There is no such limit.
    None,
    /// Requests or quota tokens per minute or day.
    Of(f64),
}

impl Amount {
    /// The limit's value, if there is a limit.
    pub fn value(self) -> Option<f64> {
        match self {
            Self::None => None,
            Self::Of(value) => Some(value),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Amount;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number from 0, or \"none\"")
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Amount, E> {
                self.visit_f64(value as f64)
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Amount, E> {
                let wrong = || E::invalid_value(de::Unexpected::Float(value), &self);
                if value >= 0.0 && value.is_finite() { Ok(Amount::Of(value)) } else { Err(wrong()) }
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
                let wrong = || E::invalid_value(de::Unexpected::Str(text), &self);
                if text == "none" { Ok(Amount::None) } else { Err(wrong()) }
            }
        }
        input.deserialize_any(Reader)
    }
}

/// Where Service Quotas has a model's rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Listed {
    /// In both lists.
    #[default]
    Applied,
    /// Only in `ListAWSDefaultServiceQuotas`.
    Default,
    /// In neither.
    Absent,
}

/// What this account has of one model, or of all that fit the pattern.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountQuota {
    /// For which base models.
    pub model: Pattern,
    /// For which scope alone.
    #[serde(default)]
    pub scope: Option<Scope>,
    /// The model's label in quota names, for models that AWS's list does not have.
    #[serde(default)]
    pub label: Option<String>,
    /// Listed requests per minute.
    #[serde(default)]
    pub rpm: Option<Amount>,
    /// Listed quota tokens per minute.
    #[serde(default)]
    pub tpm: Option<Amount>,
    /// Listed quota tokens per day.
    #[serde(default)]
    pub tpd: Option<Amount>,
    /// Enforced requests per minute, where that differs from what is listed.
    #[serde(default)]
    pub true_rpm: Option<Amount>,
    /// Enforced quota tokens per minute, where that differs from what is listed.
    #[serde(default)]
    pub true_tpm: Option<Amount>,
    /// Enforced quota tokens per day, where that differs from what is listed.
    #[serde(default)]
    pub true_tpd: Option<Amount>,
    /// Which of the two lists has the rows.
    #[serde(default)]
    pub listed: Listed,
}

/// Others in the account who draw on the same quotas.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Neighbours {
    /// The share of every limit that they hold all the time.
    pub share: Rate,
    /// Their steady rate on each model; they too are throttled.
    pub requests_per_minute: Quantity,
    /// Quota tokens that those requests take together.
    pub tokens_per_minute: Quantity,
}

/// A share between 0 and 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rate(pub f64);

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(input)?;
        if (0.0..=1.0).contains(&value) {
            return Ok(Self(value));
        }
        Err(de::Error::invalid_value(de::Unexpected::Float(value), &"a share from 0.0 to 1.0"))
    }
}

/// A number from 0 to a thousand million.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Quantity(pub f64);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(input)?;
        if (0.0..=1e9).contains(&value) {
            return Ok(Self(value));
        }
        Err(de::Error::invalid_value(de::Unexpected::Float(value), &"a number from 0 to 1e9"))
    }
}

/// How fast some models answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TempoOverride {
    /// For which base models, or a family's name.
    pub model: Pattern,
    /// Median time to first token, in milliseconds.
    #[serde(default)]
    pub ttft_ms: Option<Quantity>,
    /// Spread of the time to first token (lognormal).
    #[serde(default)]
    pub sigma: Option<Quantity>,
    /// Median output tokens a second once it flows.
    #[serde(default)]
    pub tokens_per_second: Option<Quantity>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commented_file_is_the_default_and_an_empty_one_is_too() {
        assert_eq!(Scenario::parse(Scenario::COMMENTED).expect("parses"), Scenario::default());
        assert_eq!(Scenario::parse("").expect("parses"), Scenario::default());
    }

    #[test]
    fn the_commented_tempo_is_right_when_uncommented() {
        let (_, tempo) = Scenario::COMMENTED.split_once("# [[tempo]]").expect("there");
        let tempo = format!("[[tempo]]{}", tempo.replace("\n# ", "\n"));
        assert_eq!(Scenario::parse(&tempo).expect("parses").tempo[0].tokens_per_second, Some(Quantity(120.0)));
    }

    #[test]
    fn wrong_files_say_where_and_what() {
        for (text, line, says) in [
            ("seed = 1\nsede = 2", "line 2", "unknown field `sede`"),
            ("[faults]\n\nreset = 1.5", "line 3", "a share from 0.0 to 1.0"),
            ("[[quota]]\nmodel = \"a.b\"\nrpm = -1", "line 3", "a number from 0, or \"none\""),
            ("refill = \"tidal\"", "line 1", "unknown variant `tidal`"),
            ("[[tempo]]\nmodel = \"*\"\nttft_ms = nan", "line 3", "a number from 0 to 1e9"),
            ("[neighbours]\nrequests_per_minute = 1e6", "", "at most 100000"),
            ("[faults]\nreset = 0.7\nhang = 0.4", "", "add up to 1.1"),
            ("service_quotas = \"shut\"", "line 1", "unknown variant `shut`"),
            ("cloudwatch = \"defaults-denied\"", "", "knows no defaults"),
            ("metrics_delay_seconds = -1", "line 1", "a number from 0 to 1e9"),
            ("[[profile]]\nname = \"a\"\nid = \"A\"\nwraps = \"a.b\"", "", "12 small letters and digits"),
            ("[[profile]]\nname = \"a\"\nid = \"abcdefgh1234\"\nwraps = \"b\"", "", "no id of a model"),
            ("[[profile]]\nname = \"a\"\nid = \"abcdefgh1234\"", "line 1", "missing field `wraps`"),
        ] {
            let error = Scenario::parse(text).expect_err(text).to_string();
            assert!(error.contains(line) && error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn the_first_quota_entry_that_fits_counts() {
        let scenario = Scenario::parse(
            "[[quota]]\nmodel = \"a.b*\"\nscope = \"global\"\nrpm = \"none\"\n[[quota]]\nmodel = \"a.*\"\nrpm = 5",
        )
        .expect("parses");
        let rpm = |base, scope| scenario.quota(base, scope).and_then(|entry| entry.rpm);
        assert_eq!(rpm("a.b-1", Scope::Global), Some(Amount::None));
        assert_eq!(rpm("a.b-1", Scope::OnDemand), Some(Amount::Of(5.0)));
        assert_eq!(rpm("c.d", Scope::OnDemand), None);
    }
}
