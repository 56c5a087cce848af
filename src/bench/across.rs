//! Across: what to take of several models' variants at equal quality — the cheapest, the fastest, the one of most capacity.

use serde::{Deserialize, Serialize};

use crate::bench::figures::Figures;
use crate::bench::means::Means;
use crate::bench::number::number;
use crate::bench::sequential::half_width;
use crate::bench::stats::wilson;
use crate::bench::tally::Tally;
use crate::bench::verdict::contest;

/// The best of every model's variants, of those whose answers are good enough.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Across {
    /// What equal quality means here, in a sentence.
    pub quality: String,
    /// Least money per accepted answer; `None` where a price is not known.
    pub cheapest: Option<Best>,
    /// Lowest median E2E.
    pub fastest: Option<Best>,
    /// Most accepted answers a minute inside the quota of its own model.
    pub most_capacity: Option<Best>,
}

/// One of the best.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The model.
    pub model: String,
    /// The variant.
    pub variant: String,
    /// Its value.
    pub value: f64,
    /// In this unit.
    pub unit: String,
    /// Whether it is shown to be better than every other at the run's confidence; else it only leads.
    pub shown: bool,
    /// Why, in a sentence.
    pub reason: String,
}

impl Across {
    /// The three answers, each in a sentence that begins with its question; those that have none are left out.
    pub fn sentences(&self) -> Vec<String> {
        let said = |(question, best): (&str, &Option<Best>)| {
            let Best { model, variant, reason, unit, .. } = best.as_ref()?;
            Some(format!("{question}: {variant} on {model} ({unit}: {reason})"))
        };
        [("cheapest", &self.cheapest), ("fastest", &self.fastest), ("most capacity", &self.most_capacity)]
            .into_iter()
            .filter_map(said)
            .collect()
    }
}

/// A variant on a model that is good enough.
struct Entrant<'a> {
    figures: Figures<'a>,
    means: Means,
}

impl Entrant<'_> {
    fn label(&self) -> String {
        format!("{} on {}", self.figures.name(), self.figures.plan.models[self.figures.model].id)
    }
}

/// The question's unit, and the answer: more is better, its unit turned round where less is.
struct Question {
    unit: &'static str,
    less_is_better: bool,
    value: fn(&Figures<'_>, &Means) -> Option<f64>,
}

const CHEAPEST: Question =
    Question { unit: "USD/accepted", less_is_better: true, value: |_, means| means.per_accepted(means.spent) };
const FASTEST: Question = Question { unit: "ms", less_is_better: true, value: |_, means| Some(means.median * 1_000.0) };
const MOST: Question =
    Question { unit: "accepted/min", less_is_better: false, value: |figures, means| figures.setting().goodput(means) };

/// The verdict across models; `None` with one model, or where nothing was answered.
pub fn across(tally: &Tally) -> Option<Across> {
    if tally.models.len() < 2 {
        return None;
    }
    let all: Vec<Entrant<'_>> = (0..tally.models.len())
        .flat_map(|model| Figures::of_model(tally, model))
        .filter_map(|figures| Some(Entrant { figures, means: figures.means()? }))
        .collect();
    let (quality, good) = good_enough(tally, all);
    Some(Across {
        quality,
        cheapest: best(&good, &CHEAPEST),
        fastest: best(&good, &FASTEST),
        most_capacity: best(&good, &MOST),
    })
}

/// Who passes the gate; without one, who is not shown to be accepted less often than the most accepted.
fn good_enough<'a>(tally: &'a Tally, all: Vec<Entrant<'a>>) -> (String, Vec<Entrant<'a>>) {
    if tally.plan.gate.is_some() {
        let passes = |entrant: &Entrant<'_>| {
            let contest = contest(tally, entrant.figures.model);
            let of = Figures::of_model(tally, entrant.figures.model).count();
            contest.passes(entrant.figures.variant, contest.threshold(of)) == Some(true)
        };
        return ("of those shown to pass the gate".into(), all.into_iter().filter(passes).collect());
    }
    let interval = |entrant: &Entrant<'_>| {
        wilson(entrant.figures.tally.accepted, entrant.figures.tally.ok, tally.plan.confidence).unwrap_or((0.0, 1.0))
    };
    let most = all.iter().map(|entrant| interval(entrant).0).fold(0.0, f64::max);
    let good = all.into_iter().filter(|entrant| interval(entrant).1 >= most).collect();
    ("of those not shown to be accepted less often than the best (there is no gate)".into(), good)
}

fn best(of: &[Entrant<'_>], question: &Question) -> Option<Best> {
    let merit = |entrant: &Entrant<'_>, means: &Means| {
        let value = (question.value)(&entrant.figures, means)?;
        if question.less_is_better { (value > 0.0).then(|| 1.0 / value) } else { Some(value) }
    };
    let mut ranked: Vec<(&Entrant<'_>, f64)> =
        of.iter().filter_map(|entrant| Some((entrant, merit(entrant, &entrant.means)?))).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let ((first, most), others) = ranked.split_first()?;
    let value = (question.value)(&first.figures, &first.means)?;
    let alpha = 2.0 * (1.0 - first.figures.plan.confidence) / (ranked.len().max(2)) as f64;
    // Models are measured side by side on the same cases, but not at the same pace: the two are taken as independent.
    let deviation = |entrant: &Entrant<'_>| entrant.figures.spread(&|means| merit(entrant, means));
    let of_first = deviation(first);
    let apart = |(other, least): &(&Entrant<'_>, f64)| {
        let ((n, one), (m, two)) = of_first.zip(deviation(other))?;
        let fewest = n.min(m);
        let spread = (one * one / n as f64 + two * two / m as f64).sqrt() * (fewest as f64).sqrt();
        Some(most - least > half_width(fewest, spread, alpha))
    };
    let shown = !others.is_empty() && others.iter().all(|other| apart(other) == Some(true));
    let reason = match others.first() {
        None => "nothing to compare it with".into(),
        Some((second, _)) => {
            let next = (question.value)(&second.figures, &second.means)?;
            let but = if shown { "" } else { "; not shown to be better than every other" };
            format!("{} against {} of {}{but}", number(value), number(next), second.label())
        }
    };
    Some(Best {
        model: first.figures.plan.models[first.figures.model].id.to_string(),
        variant: first.figures.name().into(),
        value,
        unit: question.unit.into(),
        shown,
        reason,
    })
}
