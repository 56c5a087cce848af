//! OBJECTIVES: the rules for picking a variant; one row each, and weighted combinations of them.

use serde::{Deserialize, Serialize};

use crate::bench::means::{Means, Setting};

/// One row of [`OBJECTIVES`].
#[derive(Debug, Clone, Copy)]
pub struct Objective {
    /// The configuration's word.
    pub name: &'static str,
    /// What wins, in half a sentence.
    pub describe: &'static str,
    /// The unit of the score.
    pub unit: &'static str,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// What the score does not mean; empty where it means what it says.
    pub caveat: &'static str,
    /// What is taken per accepted answer, where that is the score: merit is then accepted answers by what was taken, which
    /// is 0 and not unknown where none was accepted.
    pub taken: Option<fn(&Means) -> f64>,
    /// A variant's score; `None` where its data allows none.
    pub score: fn(&Means, &Setting<'_>) -> Option<f64>,
}

/// Every objective.
pub const OBJECTIVES: &[Objective] = &[
    Objective {
        name: "throughput",
        describe: "most accepted answers a minute inside the quota",
        unit: "accepted/min",
        higher_is_better: true,
        caveat: "",
        taken: None,
        score: |means, setting| setting.goodput(means),
    },
    Objective {
        name: "efficiency",
        describe: "fewest total tokens per request",
        unit: "tokens/request",
        higher_is_better: false,
        caveat: "",
        taken: None,
        score: |means, _| Some(means.total),
    },
    Objective {
        name: "speed",
        describe: "most tokens a second",
        unit: "tokens/s",
        higher_is_better: true,
        caveat: "input tokens count, so a longer prompt looks faster",
        taken: None,
        score: |means, setting| (means.busy > 0.0).then(|| means.total * setting.concurrency / means.busy),
    },
    Objective {
        name: "latency",
        describe: "lowest median E2E",
        unit: "ms",
        higher_is_better: false,
        caveat: "",
        taken: None,
        score: |means, _| Some(means.median * 1_000.0),
    },
    Objective {
        name: "cost",
        describe: "least money per accepted answer",
        unit: "USD/accepted",
        higher_is_better: false,
        caveat: "",
        taken: Some(|means| means.spent),
        score: |means, _| means.per_accepted(means.spent),
    },
    Objective {
        name: "auto",
        describe: "fewest settled quota tokens per accepted answer; where RPM binds, as throughput",
        unit: "quota tokens/accepted",
        higher_is_better: false,
        caveat: "",
        taken: Some(|means| means.took),
        score: |means, _| means.per_accepted(means.took),
    },
];

/// Where no limit is known, nothing can be divided by one: it takes the place of `throughput`.
pub const WITHOUT_LIMITS: Objective = Objective {
    name: "throughput",
    describe: "no limit is known: acceptance, then fewest tokens, then cost decide",
    unit: "of answers accepted",
    higher_is_better: true,
    caveat: "",
    taken: None,
    score: |means, _| means.accepted_rate(),
};

/// The row of a name.
pub fn row(name: &str) -> Option<&'static Objective> {
    OBJECTIVES.iter().find(|objective| objective.name == name)
}

impl Objective {
    /// The score the other way round where less is better: more merit is better under every objective.
    pub fn merit(&self, means: &Means, setting: &Setting<'_>) -> Option<f64> {
        if let Some(taken) = self.taken.map(|taken| taken(means)) {
            return (taken > 0.0).then(|| means.accepted / taken);
        }
        let score = (self.score)(means, setting).filter(|score| score.is_finite())?;
        if self.higher_is_better { Some(score) } else { (score > 0.0).then(|| 1.0 / score) }
    }
}

/// One objective, or several with weights.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Rule {
    /// The weight of each row, by its place; they add up to 1.
    weights: [f64; OBJECTIVES.len()],
}

impl Default for Rule {
    fn default() -> Self {
        Self::at(0)
    }
}

impl Rule {
    fn at(place: usize) -> Self {
        let mut weights = [0.0; OBJECTIVES.len()];
        weights[place] = 1.0;
        Self { weights }
    }

    /// Every objective by itself.
    pub fn each() -> impl Iterator<Item = Self> {
        (0..OBJECTIVES.len()).map(Self::at)
    }

    /// The rule that a name or a combination like `throughput=0.7,cost=0.3` means. The error says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let places = || OBJECTIVES.iter().map(|row| row.name).collect::<Vec<_>>().join(", ");
        let place = |name: &str| {
            let found = OBJECTIVES.iter().position(|row| row.name == name.trim());
            found.ok_or_else(|| format!("expected {} or weights like throughput=0.7,cost=0.3", places()))
        };
        if !text.contains('=') {
            return place(text).map(Self::at);
        }
        let mut weights = [0.0; OBJECTIVES.len()];
        for part in text.split(',') {
            let (name, weight) = part.split_once('=').unwrap_or((part, ""));
            let value = weight.trim().parse::<f64>().ok().filter(|weight| weight.is_finite() && *weight > 0.0);
            let value = value.ok_or_else(|| format!("expected a weight above 0 for {}", name.trim()))?;
            let place = place(name)?;
            if OBJECTIVES[place].name == "auto" {
                return Err("auto cannot be weighted: what it means depends on the limit that binds".into());
            }
            if weights[place] > 0.0 {
                return Err(format!("{} has two weights", name.trim()));
            }
            weights[place] = value;
        }
        let all: f64 = weights.iter().sum();
        Ok(Self { weights: weights.map(|weight| weight / all) })
    }

    /// The rows with a weight, and it.
    pub fn parts(&self) -> impl Iterator<Item = (&'static Objective, f64)> + '_ {
        OBJECTIVES.iter().zip(self.weights).filter(|(_, weight)| *weight > 0.0)
    }

    /// The merit of some means: the product of its rows' merits, with the weights as exponents, so that units do not
    /// matter.
    pub fn merit(&self, means: &Means, setting: &Setting<'_>) -> Option<f64> {
        self.parts().map(|(row, weight)| Some(row.merit(means, setting)?.powf(weight))).product()
    }

    /// Its only row; `None` for a combination.
    pub fn only(&self) -> Option<&'static Objective> {
        let mut parts = self.parts();
        parts.next().filter(|_| parts.next().is_none()).map(|(row, _)| row)
    }

    /// The one after it: each row in turn, and then a combination where the plan has one.
    #[must_use]
    pub fn next(&self, planned: &Self) -> Self {
        let mut all: Vec<Self> = Self::each().collect();
        all.extend(planned.only().is_none().then_some(*planned));
        let place = all.iter().position(|rule| rule == self).map_or(0, |place| place + 1);
        all[place % all.len()]
    }

    /// What wins, in half a sentence.
    pub fn describe(&self) -> String {
        if let Some(row) = self.only() {
            return row.describe.into();
        }
        let part = |(row, weight): (&Objective, f64)| format!("{:.0} % {}", weight * 100.0, row.name);
        format!("relative scores, weighted {}", self.parts().map(part).collect::<Vec<_>>().join(", "))
    }

    /// The configuration's word.
    pub fn name(&self) -> String {
        match self.only() {
            Some(row) => row.name.into(),
            None => self.parts().map(|(row, weight)| format!("{}={weight}", row.name)).collect::<Vec<_>>().join(","),
        }
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.name()
    }
}

impl TryFrom<String> for Rule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_weights_are_read_and_written() {
        for row in OBJECTIVES {
            let rule = Rule::parse(row.name).expect("a row's name");
            assert_eq!(rule.only().map(|only| only.name), Some(row.name));
            assert_eq!(rule.name(), row.name);
        }
        let rule = Rule::parse("cost=1, throughput=3").expect("weights");
        assert_eq!((rule.name().as_str(), rule.only().is_none()), ("throughput=0.75,cost=0.25", true));
        assert_eq!(Rule::parse(&rule.name()), Ok(rule));
        for (wrong, why) in [
            ("fastest", "expected throughput"),
            ("cost=0", "above 0"),
            ("cost=x", "above 0"),
            ("cost=1,cost=2", "two weights"),
            ("auto=1", "cannot be weighted"),
            ("cost=1,speed", "above 0"),
        ] {
            let found = Rule::parse(wrong).expect_err(wrong);
            assert!(found.contains(why), "{wrong}: {found}");
        }
    }
}
