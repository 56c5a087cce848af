//! Guess: the variant that the tutorial names for a model's family, and whether the measurement bears it out.

use crate::bench::figures::Figures;
use crate::bench::plan::Plan;
use crate::bench::tally::Tally;
use crate::bench::verdict::{Verdict, share_with_interval};

/// The variant that is usually guessed to be best for a model, before anything was measured; `None` where no variant of
/// that name takes part, or no family is known.
pub fn guessed(plan: &Plan, model: usize) -> Option<usize> {
    let family = plan.models.get(model)?.id.family();
    let named = |variant: &usize| plan.variants[*variant].name == family.first_guess;
    (0..plan.variants.len())
        .filter(|variant| plan.variants[*variant].included && plan.variants[*variant].is_for(model))
        .find(|variant| named(variant) && family.name != crate::bench::family::UNKNOWN.name)
}

/// Whom one guesses before a measurement, or what became of that guess under a verdict, in a sentence.
pub fn sentence(tally: &Tally, model: usize, verdict: &Verdict) -> Option<String> {
    let plan = &tally.plan;
    let variant = guessed(plan, model)?;
    let (name, family) = (plan.variants[variant].name.as_str(), plan.models[model].id.family().name);
    let Some(leader) = &verdict.leader else {
        let measured = Figures::of_model(tally, model).any(|figures| figures.tally.finished_trials() > 0);
        return (!measured).then(|| format!("before any measurement the usual guess for {family} models is {name}"));
    };
    let outcome = match &verdict.winner {
        Some(winner) if winner == name => "is borne out".into(),
        None if leader == name => "is not decided: it leads so far".into(),
        winner => outcome(verdict, name, winner.is_some()),
    };
    Some(format!("the usual guess for {family} models, {name}, {outcome}"))
}

/// What became of a guess that does not lead.
fn outcome(verdict: &Verdict, name: &str, decided: bool) -> String {
    let Some(ranked) = verdict.ranking.iter().find(|ranked| ranked.name == name) else {
        return "is not borne out: it cannot be scored, or is below the gate".into();
    };
    match (&ranked.lost, ranked.behind) {
        (None, _) if !decided => "is not decided".into(),
        (_, Some(behind)) if behind.0 > 0.0 => {
            format!("is not borne out: it is {} behind", share_with_interval(behind))
        }
        // Another than the leader beats it.
        (Some(why), _) => format!("is not borne out: {why}"),
        (None, _) => "is not borne out".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::bench::model::ModelId;
    use crate::bench::plan::{ModelPlan, Variant};
    use crate::bench::verdict::Ranked;

    fn tally(model: &str, names: &[&str]) -> Tally {
        let variant = |name: &&str| Variant { name: (*name).into(), included: true, ..Variant::default() };
        let models = vec![ModelPlan::of(ModelId::parse(model))];
        Tally::planned(Arc::new(Plan { models, variants: names.iter().map(variant).collect(), ..Plan::default() }))
    }

    fn said(winner: Option<&str>, leader: &str, behind: Option<(f64, f64)>, lost: Option<&str>) -> String {
        let ranked = Ranked { name: "structured".into(), behind, lost: lost.map(Into::into), ..Ranked::default() };
        let verdict = Verdict {
            winner: winner.map(Into::into),
            leader: Some(leader.into()),
            ranking: vec![ranked],
            ..Verdict::default()
        };
        let tally = tally("anthropic.claude-3-sonnet-20240229-v1:0", &["concise", "structured"]);
        let said = sentence(&tally, 0, &verdict).expect("a guess is in the plan");
        said.strip_prefix("the usual guess for claude models, structured, ").expect(&said).to_owned()
    }

    #[test]
    fn before_a_measurement_the_guess_is_told_where_it_takes_part() {
        let told = |model: &str, names: &[&str]| sentence(&tally(model, names), 0, &Verdict::default());
        let before = |family: &str, name: &str| {
            Some(format!("before any measurement the usual guess for {family} models is {name}"))
        };
        let claude = "anthropic.claude-3-sonnet-20240229-v1:0";
        assert_eq!(told(claude, &["concise", "structured"]), before("claude", "structured"));
        assert_eq!(told("meta.llama2-13b-chat-v1", &["minimal"]), before("llama2", "minimal"));
        assert_eq!(told("amazon.titan-text-express-v1", &["concise"]), before("titan", "concise"));
        assert_eq!(told(claude, &["concise"]), None);
        assert_eq!(
            told("somebody.new-model-v1:0", &["minimal"]),
            None,
            "nobody guesses for a family that is not known"
        );
        let mut off = tally(claude, &["concise", "structured"]);
        Arc::make_mut(&mut off.plan).variants[1].included = false;
        assert_eq!(sentence(&off, 0, &Verdict::default()), None);
    }

    #[test]
    fn a_verdict_says_what_became_of_it() {
        let interval = Some((0.30, 0.55));
        assert_eq!(said(Some("structured"), "structured", None, None), "is borne out");
        assert_eq!(said(None, "structured", None, None), "is not decided: it leads so far");
        assert_eq!(said(None, "concise", interval, None), "is not decided");
        let behind = "is not borne out: it is 42 % (30 to 55) behind";
        assert_eq!(said(Some("concise"), "concise", Some((0.295, 0.55)), Some("concise is better")), behind);
        assert_eq!(
            said(None, "concise", interval, Some("lost")),
            "is not borne out: it is 43 % (30 to 55) behind",
            "who has lost is out before another has won"
        );
        assert_eq!(
            said(None, "concise", Some((-0.02, 1.0)), Some("minimal is better")),
            "is not borne out: minimal is better",
            "by another than the leader"
        );
        assert_eq!(
            said(Some("concise"), "concise", None, Some("every trial failed")),
            "is not borne out: every trial failed"
        );
    }
}
