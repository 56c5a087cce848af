//! Verdict: the ranking under one rule, who wins, and how sure that is, in words.

use serde::{Deserialize, Serialize};

use crate::bench::contest::{Comparison, Contest, EQUAL, FEWEST_BLOCKS, Lost, Standing};
use crate::bench::event::RetireCause;
use crate::bench::figures::Figures;
use crate::bench::means::Means;
use crate::bench::number::number;
use crate::bench::objective::{Objective, Rule};
use crate::bench::pairs::Pairs;
use crate::bench::quota::LimitKind;
use crate::bench::tally::{Phase, Tally};

/// The ranking under one rule, and how sure it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
    /// The unit of the scores: that of the objective which answers the rule's question under the limit that binds.
    #[serde(default)]
    pub unit: String,
    /// Every variant that can be scored and does not fail the gate, best first.
    #[serde(default)]
    pub ranking: Vec<Ranked>,
    /// The smallest difference between the leader and the runner-up, a share of the better score, that this sample
    /// would have shown with a probability of 80 %; `None` where n is too small.
    #[serde(default)]
    pub smallest_difference: Option<f64>,
    /// The limit that binds every variant; `None` where they differ, or none is known.
    #[serde(default)]
    pub limit: Option<LimitKind>,
}

/// One place of a ranking.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// The variant.
    pub name: String,
    /// Its score in the objective's unit.
    pub score: f64,
    /// By how much it is worse than the leader, a share of the leader's score: the ends of the interval. `None` for the
    /// leader, and where n is too small.
    #[serde(default)]
    pub behind: Option<(f64, f64)>,
    /// Why it cannot win, where that is shown.
    #[serde(default)]
    pub lost: Option<String>,
    /// Who is shown to be better, where that is why.
    #[serde(default)]
    pub lost_to: Option<String>,
}

/// What stands behind a verdict.
struct Case<'a> {
    tally: &'a Tally,
    pairs: Pairs<'a>,
    rule: &'a Rule,
    /// What they are compared by: where the limit that binds is known, the objective that answers the rule's question.
    by: Vec<&'static Objective>,
    all: Vec<Figures<'a>>,
    standings: Vec<Standing>,
}

struct Place<'a> {
    figures: Figures<'a>,
    means: Means,
    score: f64,
    standing: Standing,
}

/// The contest of a model's variants.
pub fn contest(tally: &Tally, model: usize) -> Contest<'_> {
    let of = &tally.models[model];
    Contest { plan: &tally.plan, model, blocks: &of.blocks, quota: of.within() }
}

/// The verdict under a rule for one model.
pub fn verdict(tally: &Tally, model: usize, rule: &Rule) -> Verdict {
    let all: Vec<Figures<'_>> = Figures::of_model(tally, model).collect();
    let variants: Vec<usize> = all.iter().map(|figures| figures.variant).collect();
    let raced = *rule == tally.plan.objective;
    let out = |figures: &Figures<'_>| {
        let (of, over) = (figures.tally, figures.is_whole());
        let lost = match of.retired.as_ref().map(|retired| retired.cause) {
            Some(RetireCause::User) => Some(Lost::LeftOut),
            Some(RetireCause::Failed) => Some(Lost::Failed),
            Some(RetireCause::Lost) if raced => Some(Lost::Raced),
            _ => (of.ok == 0 && of.failed > 0 && over).then_some(Lost::Failed),
        };
        Some((figures.variant, lost?))
    };
    let pairs = contest(tally, model).under(rule, &variants);
    let standings = pairs.standings(&all.iter().filter_map(out).collect::<Vec<_>>());
    let by = pairs.objectives().collect();
    Case { tally, pairs, rule, by, all, standings }.verdict()
}

impl<'a> Case<'a> {
    fn verdict(&self) -> Verdict {
        let places = self.places();
        let limit = self.pairs.bound;
        let Some(leader) = places.first() else {
            return Verdict { reason: self.nobody().into(), limit, ..Verdict::default() };
        };
        let second = places.get(1);
        let against = second.and_then(|second| self.compare(leader, second));
        let withheld = self.withheld(&places, against);
        let mut reason = self.reason(leader, second, against);
        if let Some(why) = &withheld {
            reason = format!("{reason}; not shown to win: {why}");
        }
        Verdict {
            winner: withheld.is_none().then(|| leader.figures.name().to_owned()),
            leader: Some(leader.figures.name().to_owned()),
            confidence: self.confidence(&places),
            runner_up: second.map(|second| second.figures.name().to_owned()),
            reason,
            unit: self.unit().into(),
            ranking: places.iter().map(|place| self.ranked(leader, place)).collect(),
            smallest_difference: against.map(|found| found.visible).filter(|visible| visible.is_finite()),
            limit,
        }
    }

    /// Who can be scored and does not fail the gate: who is not shown to have lost first, then by score.
    fn places(&self) -> Vec<Place<'a>> {
        let place = |(figures, standing): (&Figures<'a>, &Standing)| {
            let means = figures.means()?;
            let score = self.score(figures, &means)?;
            let out = standing.passes == Some(false) || (standing.lost == Some(Lost::Failed) && figures.tally.ok == 0);
            (!out).then_some(Place { figures: *figures, means, score, standing: *standing })
        };
        let mut places: Vec<Place<'a>> = self.all.iter().zip(&self.standings).filter_map(place).collect();
        places.sort_by(|a, b| {
            let lost = |place: &Place<'_>| place.standing.lost.is_some();
            lost(a).cmp(&lost(b)).then_with(|| self.order(a, b))
        });
        places
    }

    fn score(&self, figures: &Figures<'_>, means: &Means) -> Option<f64> {
        match self.by.first() {
            Some(row) => (row.score)(means, &figures.setting()),
            None => self.rule.merit(means, &figures.setting()),
        }
        .filter(|score| score.is_finite())
    }

    /// By merit; where that ties, by what breaks ties.
    fn order(&self, a: &Place<'_>, b: &Place<'_>) -> std::cmp::Ordering {
        if self.by.is_empty() {
            return b.score.total_cmp(&a.score);
        }
        let merit =
            |place: &Place<'_>, row: &Objective| row.merit(&place.means, &place.figures.setting()).unwrap_or_default();
        let differ = |row: &&Objective| {
            let (a, b) = (merit(a, row), merit(b, row));
            (a - b).abs() > 1e-9 * a.max(b)
        };
        self.by
            .iter()
            .copied()
            .find(differ)
            .map_or(std::cmp::Ordering::Equal, |row| merit(b, row).total_cmp(&merit(a, row)))
    }

    fn compare(&self, a: &Place<'_>, b: &Place<'_>) -> Option<Comparison> {
        self.pairs.compare(a.figures.variant, b.figures.variant)
    }

    fn nobody(&self) -> &'static str {
        let gate = |standing: &Standing| standing.passes == Some(false);
        if !self.all.iter().any(|f| f.tally.ok > 0) {
            "no trial succeeded"
        } else if self.rule.parts().any(|(row, _)| row.name == "cost")
            && self.all.iter().all(|f| f.population().cost.n() == 0)
        {
            "no price is known"
        } else if self.standings.iter().any(gate) {
            "no variant passes the gate"
        } else {
            "no variant can be scored: no answer was accepted, or what it is scored by is not known"
        }
    }

    /// The evidence against the one who is hardest to tell from the leader, as a share of certainty.
    fn confidence(&self, places: &[Place<'_>]) -> Option<f64> {
        let (leader, others) = places.split_first()?;
        let enough = self.pairs.enough() * (1.0 - self.tally.plan.confidence);
        let mut doubt: Option<f64> = None;
        for other in others.iter().filter(|other| other.standing.lost != Some(Lost::LeftOut)) {
            let found = match other.standing.lost {
                Some(Lost::To(_, found)) => Some(found),
                _ => self.compare(leader, other).filter(|found| found.blocks >= FEWEST_BLOCKS),
            };
            let against = found.map(|found| if found.gap > 0.0 { (enough / found.evidence).min(1.0) } else { 1.0 });
            // What was shown while the race was on stays shown, whoever showed it.
            let against = match other.standing.lost {
                Some(Lost::Raced | Lost::Failed) => against.unwrap_or(1.0).min(1.0 - self.tally.plan.confidence),
                _ => against?,
            };
            doubt = Some(doubt.map_or(against, |most| most.max(against)));
        }
        // Never more than 99.9 %: a handful of equal numbers is no proof of a law.
        doubt.map(|doubt| (1.0 - doubt).clamp(0.0, 0.999))
    }

    fn withheld(&self, places: &[Place<'_>], against: Option<Comparison>) -> Option<String> {
        let leader = &places[0];
        if self.tally.phase == Phase::Planned {
            return Some("nothing was measured".into());
        }
        if self.all.len() == 1 {
            return Some("there is nothing to compare it with".into());
        }
        if let Some(lost) = leader.standing.lost {
            return Some(self.lost(lost));
        }
        if leader.standing.passes.is_none() {
            return Some("its acceptance is not shown to pass the gate yet".into());
        }
        let open = |standing: &&Standing| standing.variant != leader.figures.variant && standing.lost.is_none();
        let Some(open) = self.standings.iter().find(open) else {
            let few = self.pairs.contest.blocks.of(leader.figures.variant).len() < FEWEST_BLOCKS;
            return few.then(|| "too few trials to tell".into());
        };
        if !places.iter().any(|place| place.figures.variant == open.variant) {
            return Some("another variant has too few answers to compare".into());
        }
        match against.filter(|found| found.blocks >= FEWEST_BLOCKS && found.visible.is_finite()) {
            None => Some("too few trials to tell".into()),
            Some(found) if found.gap.abs() + found.half_width <= EQUAL => {
                Some(format!("the two are equal within {} %", number(EQUAL * 100.0)))
            }
            Some(found) => Some(format!(
                "no difference is shown at {} %, and one of {} % would have been",
                number(self.tally.plan.confidence * 100.0),
                whole(found.visible)
            )),
        }
    }

    fn reason(&self, leader: &Place<'_>, second: Option<&Place<'_>>, against: Option<Comparison>) -> String {
        let unit = self.unit();
        let est = |place: &Place<'_>| if place.figures.tally.estimated() { " est" } else { "" };
        let score = format!("{}{} {unit}", number(leader.score), est(leader));
        let Some(second) = second else {
            return format!("{}: {score}; no other variant can be compared", leader.figures.name());
        };
        let mut text = format!(
            "{}: {score} against {}{} of {}",
            leader.figures.name(),
            number(second.score),
            est(second),
            second.figures.name()
        );
        let bound = |place: &Place<'_>| {
            place.figures.setting().capacity(&place.means).is_none_or(|capacity| capacity.limit == LimitKind::Rpm)
        };
        if self.by.len() > 1 && bound(leader) && bound(second) {
            let why = if self.pairs.contest.quota.is_some_and(|quota| quota.rpm.is_some()) {
                "RPM binds both, so their capacities tie: acceptance, then fewest tokens, then cost decide"
            } else {
                "no limit is known: acceptance, then fewest tokens, then cost decide"
            };
            text = format!("{text}; {why}");
        }
        if let Some(found) = against.filter(|found| found.gap > 0.0 && found.half_width.is_finite()) {
            let names = (leader.figures.name(), second.figures.name());
            text = if found.by.1 {
                format!("{text}; {} ({})", less(names, found), row_words(found.by.0))
            } else {
                // The two scores that stand there, whatever the blocks of the pair alone come to.
                let (a, b) = (leader.score, second.score);
                let gap = 1.0 - a.min(b) / a.max(b);
                format!("{text}; {}", less(names, Comparison { gap, ..found }))
            };
        }
        match self.by.first().map(|row| row.caveat) {
            None | Some("") => text,
            Some(caveat) => format!("{text}; {caveat}"),
        }
    }

    fn unit(&self) -> &'static str {
        self.by.first().map_or("weighted", |row| row.unit)
    }

    fn ranked(&self, leader: &Place<'_>, place: &Place<'_>) -> Ranked {
        let behind = (place.figures.variant != leader.figures.variant)
            .then(|| self.compare(leader, place))
            .flatten()
            .filter(|found| found.half_width.is_finite() && !found.by.1)
            .map(|found| (found.gap - found.half_width, found.gap + found.half_width));
        Ranked {
            name: place.figures.name().to_owned(),
            score: place.score,
            behind,
            lost: place.standing.lost.map(|lost| match (lost, &place.figures.tally.retired) {
                (Lost::Raced, Some(retired)) => retired.reason.clone(),
                _ => self.lost(lost),
            }),
            lost_to: match place.standing.lost {
                Some(Lost::To(other, _)) => Some(other),
                Some(Lost::Raced) => place.figures.tally.retired.as_ref().and_then(|retired| retired.by),
                _ => None,
            }
            .and_then(|other| self.tally.plan.variants.get(other))
            .map(|variant| variant.name.clone()),
        }
    }

    fn lost(&self, lost: Lost) -> String {
        why(&self.tally.plan.variants.iter().map(|v| v.name.as_str()).collect::<Vec<_>>(), lost)
    }
}

/// Why a variant cannot win, in a sentence; `names` are those of all variants.
pub fn why(names: &[&str], lost: Lost) -> String {
    match lost {
        Lost::To(other, found) => {
            let unit = row_words(found.by.0);
            format!("{} ({unit}), after {} blocks", less((names.get(other).unwrap_or(&"?"), "it"), found), found.blocks)
        }
        Lost::Raced => "it was shown to be worse while the race was on".into(),
        Lost::Gate => "its acceptance is shown to be below the gate".into(),
        Lost::Failed => "every trial failed".into(),
        Lost::LeftOut => "left out by the user".into(),
    }
}

fn row_words(name: &str) -> &str {
    crate::bench::objective::row(name).map_or(name, |row| row.unit)
}

/// How much less one of two has than the other, by whichever of them has less: who gets more is better under some
/// objectives, who takes less under others.
fn less((better, worse): (&str, &str), found: Comparison) -> String {
    let share = share_with_interval((found.gap - found.half_width, found.gap + found.half_width));
    if crate::bench::objective::row(found.by.0).is_none_or(|row| row.higher_is_better) {
        format!("{worse} gets {share} less than {better}")
    } else {
        format!("{better} takes {share} less than {worse}")
    }
}

/// A share in the middle of its interval, in per cent: `42 % (30 to 55)`.
pub fn share_with_interval((low, high): (f64, f64)) -> String {
    format!("{} % ({} to {})", whole(f64::midpoint(low, high)), whole(low), whole(high.min(1.0)))
}

/// What the limit that binds means for a prompt, where the verdict is about requests inside a quota; `None` where the
/// variants differ in it.
pub fn binding_sentence(verdict: &Verdict) -> Option<String> {
    if !["accepted/min", "quota tokens/accepted"].contains(&verdict.unit.as_str()) {
        return None;
    }
    let limit = verdict.limit?;
    let meaning = match limit {
        LimitKind::Tpm | LimitKind::Tpd => "fewest quota tokens per accepted answer wins",
        LimitKind::Rpm => "tokens buy no requests, so put more work into one request",
    };
    Some(format!("{} binds: {meaning}", limit.name()))
}

/// A share in per cent, whole from 10 on.
fn whole(share: f64) -> String {
    let percent = share * 100.0;
    if percent.abs() < 9.95 { format!("{percent:.1}") } else { format!("{percent:.0}") }
}

/// The tutorial's sentence: how many more requests a minute the most token-efficient variant allows than the least, or
/// that neither allows more, by the theoretical maximum; then the same by capacity. `None` with fewer than two measured
/// variants or without a quota.
pub fn efficiency_sentence(tally: &Tally, model: usize) -> Option<String> {
    let mut measured: Vec<(f64, f64, Figures<'_>)> =
        Figures::of_model(tally, model).filter_map(|f| Some((f.means()?.total, f.theoretical_rpm()?, f))).collect();
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
    if let Some((most, least)) = frugal.capacity_at().zip(other.capacity_at()) {
        let (most, least) = (number(most.rpm), number(least.rpm));
        text.push_str(&format!("; by capacity, burndown and reservations counted, {most} against {least}"));
    }
    Some(text)
}
