//! OBJECTIVES: the rules for picking a variant; one row each.

use serde::{Deserialize, Serialize};

use crate::bench::event::Ended;
use crate::bench::figures::{Estimate, FEWEST, Figures};
use crate::bench::number::number;
use crate::bench::quota::LimitKind;
use crate::bench::stats::{normal_cdf, normal_equivalent};
use crate::bench::tally::{Phase, Tally};

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
    /// A variant's score; `None` where its data allows none.
    pub score: fn(&Figures<'_>) -> Option<Estimate>,
}

/// Every objective.
pub const OBJECTIVES: &[Objective] = &[
    Objective {
        name: "throughput",
        describe: "most accepted answers a minute inside the quota",
        unit: "accepted/min",
        higher_is_better: true,
        score: |figures| figures.goodput(),
    },
    Objective {
        name: "efficiency",
        describe: "fewest total tokens per request",
        unit: "tokens/request",
        higher_is_better: false,
        score: |figures| figures.total_tokens(),
    },
    Objective {
        name: "speed",
        describe: "most tokens a second",
        unit: "tokens/s",
        higher_is_better: true,
        score: |figures| figures.tokens_per_second(),
    },
    Objective {
        name: "latency",
        describe: "lowest median E2E",
        unit: "ms",
        higher_is_better: false,
        score: |figures| figures.median_latency_ms(),
    },
    Objective {
        name: "cost",
        describe: "least money per accepted answer",
        unit: "USD/accepted",
        higher_is_better: false,
        score: |figures| figures.cost_per_accepted(),
    },
    Objective {
        name: "auto",
        describe: "fewest settled quota tokens per accepted answer; where RPM binds, as throughput",
        unit: "quota tokens/accepted",
        higher_is_better: false,
        score: |figures| figures.quota_tokens_per_accepted(),
    },
];

/// The row of a name.
pub fn objective(name: &str) -> Option<&'static Objective> {
    OBJECTIVES.iter().find(|objective| objective.name == name)
}

/// The ranking under one objective, and how sure it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The variant shown to be best; `None` where no difference is shown.
    pub winner: Option<String>,
    /// The best so far.
    pub leader: Option<String>,
    /// How sure it is that the leader is better than every other, a share; `None` where n is too small.
    pub confidence: Option<f64>,
    /// The second.
    pub runner_up: Option<String>,
    /// Why, in a sentence.
    pub reason: String,
    /// Every variant that can win, best first, with its score.
    #[serde(default)]
    pub ranking: Vec<Ranked>,
}

/// One place of a ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// The variant.
    pub name: String,
    /// Its score in the objective's unit.
    pub score: f64,
}

struct Candidate<'a> {
    figures: Figures<'a>,
    score: Estimate,
    passes: Option<bool>,
}

/// Takes the place of `throughput` where no limit is known, so that nothing can be divided by it.
const WITHOUT_LIMITS: Objective = Objective {
    name: "throughput",
    describe: "no limit is known: acceptance, then fewest tokens, then cost decide",
    unit: "of answers accepted",
    higher_is_better: true,
    score: |figures| figures.acceptance(),
};

/// The rule that answers an objective's question for this model's limits.
fn rule_for(objective: &'static Objective, all: &[Figures<'_>]) -> &'static Objective {
    let measured: Vec<_> = all.iter().filter(|f| f.tally.ok > 0).map(Figures::capacity).collect();
    let throughput = &OBJECTIVES[0];
    let all_by_rpm =
        !measured.is_empty() && measured.iter().all(|c| c.is_some_and(|range| range.at.limit == LimitKind::Rpm));
    match objective.name {
        // Where RPM binds every capacity, tokens do not buy requests: `auto` then asks what `throughput` asks.
        "auto" if all_by_rpm => throughput,
        "throughput" if measured.iter().all(Option::is_none) => &WITHOUT_LIMITS,
        _ => objective,
    }
}

/// The verdict under an objective for one model.
pub fn verdict(tally: &Tally, model: usize, objective: &'static Objective) -> Verdict {
    let all: Vec<Figures<'_>> = Figures::of_model(tally, model).collect();
    let rule = rule_for(objective, &all);
    let mut candidates: Vec<Candidate<'_>> = all
        .iter()
        .filter(|f| f.tally.ok > 0)
        .filter_map(|f| Some(Candidate { figures: *f, score: (rule.score)(f)?, passes: f.passes_gate(&all) }))
        .collect();
    candidates.retain(|c| c.passes != Some(false));
    candidates.sort_by(|a, b| order(a, b, rule));
    let Some(leader) = candidates.first() else {
        let any_ok = all.iter().any(|f| f.tally.ok > 0);
        let reason = match objective.name {
            _ if !any_ok => "no trial succeeded",
            "cost" if all.iter().all(|f| f.population().cost.n() == 0) => "no price is known",
            _ if all.iter().any(|f| f.passes_gate(&all) == Some(false)) => "no variant passes the gate",
            _ => "no variant can be scored: no answer was accepted, or what it is scored by is not known",
        };
        return Verdict {
            winner: None,
            leader: None,
            confidence: None,
            runner_up: None,
            reason: reason.into(),
            ranking: Vec::new(),
        };
    };
    let confidence = confidence(&candidates, rule);
    let withheld = withheld(tally, &all, &candidates, confidence);
    let mut reason = reason(&candidates, rule);
    if let Some(why) = withheld {
        reason = format!("{reason}; not shown to win: {why}");
    }
    Verdict {
        winner: withheld.is_none().then(|| leader.figures.name().to_owned()),
        leader: Some(leader.figures.name().to_owned()),
        confidence,
        runner_up: candidates.get(1).map(|c| c.figures.name().to_owned()),
        reason,
        ranking: candidates
            .iter()
            .map(|c| Ranked { name: c.figures.name().to_owned(), score: c.score.value })
            .collect(),
    }
}

/// Whether two scores tie by construction: both capacities are the same RPM quota, or there is no limit at all.
/// Acceptance has then been weighed already (it is in the score); fewest tokens decide, then cost.
fn ties(a: &Candidate<'_>, b: &Candidate<'_>, rule: &Objective) -> bool {
    let by_tokens = |c: &Candidate<'_>| c.figures.capacity().is_some_and(|range| range.at.limit != LimitKind::Rpm);
    rule.name == "throughput" && (a.score.value - b.score.value).abs() < 1e-9 && !by_tokens(a) && !by_tokens(b)
}

fn order(a: &Candidate<'_>, b: &Candidate<'_>, rule: &Objective) -> std::cmp::Ordering {
    if ties(a, b, rule) {
        let tokens = |c: &Candidate<'_>| c.figures.population().total.mean().unwrap_or(f64::INFINITY);
        let cost = |c: &Candidate<'_>| c.figures.population().cost.mean().unwrap_or(f64::INFINITY);
        return tokens(a).total_cmp(&tokens(b)).then(cost(a).total_cmp(&cost(b)));
    }
    let by_score = a.score.value.total_cmp(&b.score.value);
    if rule.higher_is_better { by_score.reverse() } else { by_score }
}

/// Two-sided test of the leader's mean against each other variant's by Student's t with the smaller sample's degrees
/// of freedom, corrected for the number of comparisons (Bonferroni). It holds for a sample whose size did not depend
/// on what was seen, so a winner is named only at the end of a run.
fn confidence(candidates: &[Candidate<'_>], rule: &Objective) -> Option<f64> {
    let (leader, others) = candidates.split_first()?;
    let mut surely: Option<f64> = None;
    for other in others {
        let n = leader.figures.tally.ok.min(other.figures.tally.ok);
        if n < FEWEST {
            return None;
        }
        // Scores that tie by construction are compared by what breaks the tie.
        let (best, next) = if ties(leader, other, rule) {
            (leader.figures.total_tokens()?, other.figures.total_tokens()?)
        } else {
            (leader.score, other.score)
        };
        let t = standard_errors_apart(best.value - next.value, best.error?.hypot(next.error?));
        let sure = 1.0 - 2.0 * (1.0 - normal_cdf(normal_equivalent(t, n - 1))) * others.len() as f64;
        surely = Some(surely.map_or(sure, |least: f64| least.min(sure)));
    }
    // Never more than 99.9 %: a handful of equal numbers is no proof of a law.
    surely.map(|sure| sure.clamp(0.0, 0.999))
}

fn standard_errors_apart(difference: f64, error: f64) -> f64 {
    const FAR: f64 = 50.0;
    match difference.abs() {
        0.0 => 0.0,
        difference if error > 0.0 => (difference / error).min(FAR),
        _ => FAR,
    }
}

fn withheld(
    tally: &Tally,
    all: &[Figures<'_>],
    candidates: &[Candidate<'_>],
    confidence: Option<f64>,
) -> Option<&'static str> {
    match tally.phase {
        Phase::Planned => return Some("nothing was measured"),
        Phase::Running | Phase::Paused => return Some("the run is still on"),
        Phase::Finished(Ended::Interrupted | Ended::Errors | Ended::Throttled)
            if !all.iter().all(Figures::is_whole) =>
        {
            return Some("the run was stopped before its end");
        }
        Phase::Finished(_) => {}
    }
    let leader = &candidates[0];
    if leader.passes.is_none() {
        return Some("its acceptance is not shown to pass the gate yet");
    }
    // Who is no candidate must have lost: failed every trial, or been shown to fail the gate.
    let lost = |f: &&Figures<'_>| (f.tally.ok == 0 && f.tally.failed > 0) || f.passes_gate(all) == Some(false);
    let unheard = all.iter().filter(|f| candidates.iter().all(|c| c.figures.variant != f.variant)).any(|f| !lost(&f));
    if unheard {
        return Some("another variant has too few answers to compare");
    }
    if all.len() == 1 {
        return Some("there is nothing to compare it with");
    }
    if candidates.len() == 1 {
        return (leader.figures.tally.ok < FEWEST).then_some("too few trials to tell");
    }
    match confidence {
        None => Some("too few trials to tell"),
        Some(sure) if sure < tally.plan.confidence => Some("no difference is shown at the asked confidence"),
        Some(_) => None,
    }
}

fn reason(candidates: &[Candidate<'_>], rule: &Objective) -> String {
    let leader = &candidates[0];
    let est = |c: &Candidate<'_>| if c.figures.tally.estimated() { " est" } else { "" };
    let score = |c: &Candidate<'_>| format!("{}{} {}", number(c.score.value), est(c), rule.unit);
    let Some(second) = candidates.get(1) else {
        return format!("{}: {}; no other variant to compare", leader.figures.name(), score(leader));
    };
    let mut text = format!(
        "{}: {} against {}{} of {}",
        leader.figures.name(),
        score(leader),
        number(second.score.value),
        est(second),
        second.figures.name()
    );
    if rule.describe == WITHOUT_LIMITS.describe {
        text = format!("{text}; {}", rule.describe);
    } else if ties(leader, second, rule) {
        text.push_str("; RPM binds both, so their capacities tie: acceptance, then fewest tokens, then cost decide");
    }
    text
}

/// The tutorial's sentence: how many more requests a minute the most token-efficient variant allows than the least, or
/// that neither allows more, by the theoretical maximum; then the same by capacity. `None` with fewer than two measured
/// variants or without a quota.
pub fn efficiency_sentence(tally: &Tally, model: usize) -> Option<String> {
    let mut measured: Vec<(f64, f64, Figures<'_>)> = Figures::of_model(tally, model)
        .filter_map(|f| Some((f.total_tokens()?.value, f.theoretical_rpm()?, f)))
        .collect();
    measured.sort_by(|a, b| a.0.total_cmp(&b.0));
    let ((few, more_rpm, frugal), (many, less_rpm, other)) = (measured.first()?, measured.last()?);
    if measured.len() < 2 {
        return None;
    }
    let gained = more_rpm - less_rpm;
    let (efficient, wasteful) = (frugal.name(), other.name());
    let est = if frugal.tally.estimated() || other.tally.estimated() { " est" } else { "" };
    let mut text = if gained >= 0.05 {
        format!(
            "the more token-efficient {efficient} allows {}{est} more requests a minute than {wasteful} by the \
             theoretical maximum min(RPM, TPM / tokens), {} against {}",
            number(gained),
            number(*more_rpm),
            number(*less_rpm)
        )
    } else {
        format!(
            "by the theoretical maximum min(RPM, TPM / tokens) neither {efficient} ({}{est} tokens) nor {wasteful} \
             ({}{est}) allows more requests a minute: both reach {}",
            number(*few),
            number(*many),
            number(*more_rpm)
        )
    };
    if let Some((most, least)) = frugal.capacity().zip(other.capacity()) {
        let (most, least) = (number(most.at.rpm), number(least.at.rpm));
        text.push_str(&format!("; by capacity, burndown and reservations counted, {most} against {least}"));
    }
    Some(text)
}
