//! Schedule: the order of one model's trials, in interleaved random blocks that the seed alone decides.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::bench::plan::Plan;
use crate::bench::sample::{Trial, VERIFICATION};

/// The stream of the seed's random numbers that shuffles the cases; blocks take the streams below it.
const CASES: u64 = u64::MAX;

/// One model's queue of trials: each round is one block (every variant once on the same case), warm-up rounds first.
///
/// What comes next depends on the seed and on who takes part, never on time. A variant that was left out for a while
/// first makes up the rounds that it missed.
#[derive(Debug)]
pub(crate) struct Schedule {
    model: usize,
    seed: u64,
    /// The id of the first trial; models before this one have the lower ids.
    first_id: u64,
    warmup: u32,
    rounds: u32,
    /// The cases, in the order in which the rounds take them.
    cases: Vec<usize>,
    /// Every variant that is for this model, taking part or not.
    variants: Vec<Place>,
    /// The shuffled order (indices into `variants`) of the round that was asked for last.
    order: (u32, Vec<usize>),
}

#[derive(Debug)]
struct Place {
    variant: usize,
    next_round: u32,
    active: bool,
}

impl Schedule {
    /// The queue of the model at an index of the plan.
    pub(crate) fn new(plan: &Plan, model: usize) -> Self {
        let eligible = |model: usize| (0..plan.variants.len()).filter(move |v| plan.variants[*v].is_for(model));
        let rounds = plan.warmup.saturating_add(plan.trials);
        let first_id = (0..model).map(|m| eligible(m).count() as u64 * u64::from(rounds)).sum();
        let mut cases: Vec<usize> = (0..plan.cases.len()).collect();
        cases.shuffle(&mut stream(plan.seed, CASES));
        let place = |variant| Place { variant, next_round: 0, active: plan.variants[variant].included };
        Self {
            model,
            seed: plan.seed,
            first_id,
            warmup: plan.warmup,
            rounds: if cases.is_empty() { 0 } else { rounds },
            cases,
            variants: eligible(model).map(place).collect(),
            order: (u32::MAX, Vec::new()),
        }
    }

    /// Trials of one variant alone without end, none of them counted; their ids are above those of every plan.
    pub(crate) fn of_one(plan: &Plan, model: usize, variant: usize) -> Self {
        let place = Place { variant, next_round: 0, active: true };
        Self {
            first_id: VERIFICATION + ((model as u64) << 32),
            warmup: u32::MAX,
            rounds: if plan.cases.is_empty() { 0 } else { u32::MAX },
            variants: vec![place],
            ..Self::new(plan, model)
        }
    }

    /// The next trial; `None` when every variant that takes part has had all of its rounds.
    pub(crate) fn next(&mut self) -> Option<Trial> {
        let behind = self.variants.iter().filter(|place| place.active).map(|place| place.next_round);
        let round = behind.min().filter(|round| *round < self.rounds)?;
        self.shuffle(round);
        let (seat, index) = self.order.1.iter().copied().enumerate().find(|(_, index)| {
            let place = &self.variants[*index];
            place.active && place.next_round == round
        })?;
        self.variants[index].next_round += 1;
        let warmup = round < self.warmup;
        Some(Trial {
            id: self.first_id + u64::from(round) * self.variants.len() as u64 + seat as u64,
            model: self.model,
            variant: self.variants[index].variant,
            case: self.cases[round as usize % self.cases.len()],
            block: if warmup { round } else { round - self.warmup },
            warmup,
        })
    }

    /// Takes back a trial that was not begun: the variant's last ones, in any order.
    pub(crate) fn give_back(&mut self, trial: &Trial) {
        let round = if trial.warmup { trial.block } else { trial.block + self.warmup };
        if let Some(place) = self.place(trial.variant) {
            place.next_round = place.next_round.min(round);
        }
    }

    /// Lets a variant take part, or leaves it out; false where nothing changed.
    pub(crate) fn set_active(&mut self, variant: usize, active: bool) -> bool {
        let Some(place) = self.place(variant) else { return false };
        let changed = place.active != active;
        place.active = active;
        changed
    }

    /// Whether there is a next trial.
    pub(crate) fn has_next(&self) -> bool {
        self.variants.iter().any(|place| place.active && place.next_round < self.rounds)
    }

    /// Whether any variant takes part.
    pub(crate) fn any_active(&self) -> bool {
        self.variants.iter().any(|place| place.active)
    }

    /// Nothing comes any more.
    pub(crate) fn end(&mut self) {
        self.rounds = 0;
    }

    fn place(&mut self, variant: usize) -> Option<&mut Place> {
        self.variants.iter_mut().find(|place| place.variant == variant)
    }

    fn shuffle(&mut self, round: u32) {
        if self.order.0 == round {
            return;
        }
        let mut order: Vec<usize> = (0..self.variants.len()).collect();
        // Every eligible variant is shuffled, so that leaving one out does not reorder the others.
        order.shuffle(&mut stream(self.seed, (self.model as u64) << 32 | u64::from(round)));
        self.order = (round, order);
    }
}

/// One of the independent streams of random numbers that a seed has.
pub(crate) fn stream(seed: u64, number: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::bench::model::ModelId;
    use crate::bench::plan::{Case, ModelPlan, Variant};

    fn plan(variants: usize, cases: usize, warmup: u32, trials: u32, seed: u64) -> Plan {
        let case = |id: usize| Case { id: id.to_string(), ..Case::default() };
        let variant = |v: usize| Variant { name: format!("v{v}"), included: true, ..Variant::default() };
        let model = || ModelPlan::of(ModelId::parse("amazon.nova-lite-v1:0"));
        Plan {
            cases: (0..cases).map(case).collect(),
            variants: (0..variants).map(variant).collect(),
            models: vec![model(), model()],
            warmup,
            trials,
            seed,
            ..Plan::default()
        }
    }

    fn all(plan: &Plan, model: usize) -> Vec<Trial> {
        let mut schedule = Schedule::new(plan, model);
        std::iter::from_fn(|| schedule.next()).collect()
    }

    #[test]
    fn the_seed_alone_decides_the_order() {
        let order = |seed| all(&plan(4, 5, 1, 20, seed), 0);
        assert_eq!(order(7), order(7));
        let variants = |seed| order(seed).iter().map(|t| t.variant).collect::<Vec<_>>();
        assert_ne!(variants(7), variants(8));
        let cases = |seed| order(seed).iter().map(|t| t.case).collect::<Vec<_>>();
        assert_ne!(cases(7), cases(9));
    }

    #[test]
    fn a_block_has_every_variant_once_on_one_case_and_warm_up_comes_first() {
        let trials = all(&plan(4, 3, 2, 6, 7), 0);
        assert_eq!(trials.len(), 4 * 8);
        for (round, block) in trials.chunks(4).enumerate() {
            assert_eq!(block.iter().map(|t| t.variant).collect::<HashSet<_>>().len(), 4);
            assert!(block.iter().all(|t| t.case == block[0].case && t.block == block[0].block));
            assert!(block.iter().all(|t| t.warmup == (round < 2)));
        }
        let served: Vec<usize> = trials.iter().filter(|t| !t.warmup).map(|t| t.case).collect();
        assert!((0..3).all(|case| served.iter().filter(|c| **c == case).count() == 8));
        let orders: HashSet<Vec<usize>> =
            trials.chunks(4).map(|block| block.iter().map(|t| t.variant).collect()).collect();
        assert!(orders.len() > 3, "blocks are shuffled each for itself");
    }

    #[test]
    fn ids_are_unique_over_all_models() {
        let plan = plan(3, 2, 1, 4, 7);
        let ids: HashSet<u64> = (0..2).flat_map(|model| all(&plan, model)).map(|t| t.id).collect();
        assert_eq!(ids.len(), 2 * 3 * 5);
    }

    #[test]
    fn a_variant_left_out_makes_up_what_it_missed_and_the_others_keep_their_order() {
        let plan = plan(3, 2, 0, 5, 7);
        let undisturbed = all(&plan, 0);
        let mut schedule = Schedule::new(&plan, 0);
        assert!(schedule.set_active(1, false));
        assert!(!schedule.set_active(1, false), "nothing changed");
        let first: Vec<Trial> = (0..4).filter_map(|_| schedule.next()).collect();
        let expected: Vec<Trial> = undisturbed.iter().filter(|t| t.variant != 1).take(4).copied().collect();
        assert_eq!(first, expected);
        schedule.set_active(1, true);
        let rest: Vec<Trial> = std::iter::from_fn(|| schedule.next()).collect();
        assert_eq!(rest.iter().take(2).map(|t| (t.variant, t.block)).collect::<Vec<_>>(), [(1, 0), (1, 1)]);
        let mut everything: Vec<Trial> = first.into_iter().chain(rest).collect();
        everything.sort_unstable();
        let mut wanted = undisturbed;
        wanted.sort_unstable();
        assert_eq!(everything, wanted);
    }
}
