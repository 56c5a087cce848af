//! Worlds whose best variant is known: how often the verdict is right, and how many calls it takes.

use quotient::bench::blocks::{Blocks, Taken};
use quotient::bench::contest::{Contest, Lost};
use quotient::bench::objective::Rule;
use quotient::bench::plan::{Plan, Variant};
use quotient::bench::quota::{Limit, LimitSource, Quota};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

/// What one variant is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nature {
    /// Mean output tokens.
    pub(crate) output: f64,
    /// Share of answers that are accepted.
    pub(crate) accepted: f64,
}

/// What a kind of world is like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// Its name in the table.
    pub(crate) name: &'static str,
    /// Input tokens.
    pub(crate) input: f64,
    /// Coefficient of variation of an answer's length on one case.
    pub(crate) spread: f64,
    /// The same of the cases, which all variants share.
    pub(crate) cases: f64,
    /// The shape of an answer's length: lognormal, or two lengths far apart.
    pub(crate) two_lengths: bool,
    /// Whether answers are judged.
    pub(crate) judged: bool,
    /// The objective.
    pub(crate) objective: &'static str,
}

/// The end of one race.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// The winner's index, where one was named.
    pub(crate) winner: Option<usize>,
    /// Calls used.
    pub(crate) calls: u64,
}

fn lognormal(rng: &mut ChaCha8Rng, cv: f64) -> f64 {
    let sigma2 = (1.0 + cv * cv).ln();
    let z: f64 = StandardNormal.sample(rng);
    (sigma2.sqrt() * z - sigma2 / 2.0).exp()
}

fn taken(rng: &mut ChaCha8Rng, kind: &Kind, nature: Nature, case: f64) -> Taken {
    let factor = if kind.two_lengths {
        // One answer in five is long: the same mean, and the skew that means are slowest to forget.
        let long = (1.0 + 4.0 * kind.spread) / 1.0;
        if rng.random_bool(0.2) { long } else { (1.0 - 0.2 * long) / 0.8 }
    } else {
        lognormal(rng, kind.spread)
    };
    let output = (nature.output * case * factor).max(1.0).round();
    let settled = kind.input + 5.0 * output;
    let accepted = !kind.judged || rng.random_bool(nature.accepted);
    Taken {
        answered: true,
        accepted,
        cached: false,
        settled: settled as f32,
        reserved: (kind.input + 2_048.0) as f32,
        latency: (0.4 * lognormal(rng, 0.4) + output / 60.0 * lognormal(rng, 0.1)) as f32,
        total: (kind.input + output) as f32,
        took: settled as f32,
        spent: ((3.0 * kind.input + 15.0 * output) / 1e6) as f32,
    }
}

/// The plan of so many variants and blocks at most.
pub(crate) fn plan(kind: &Kind, variants: usize, trials: u32) -> Plan {
    let judged = |plan: &mut Plan| {
        if kind.judged {
            plan.checks = vec![quotient::bench::check::Check {
                kind: "expected".into(),
                ..quotient::bench::check::Check::default()
            }];
        }
    };
    let variant = |v: usize| Variant { name: format!("v{v}"), included: true, ..Variant::default() };
    let mut plan = Plan {
        variants: (0..variants).map(variant).collect(),
        trials,
        objective: Rule::parse(kind.objective).expect("an objective"),
        ..Plan::default()
    };
    judged(&mut plan);
    plan
}

/// A quota under which tokens bind.
pub(crate) fn quota() -> Quota {
    let limit = |value| Some(Limit::unlisted(value, LimitSource::Applied));
    Quota { rpm: limit(10_000.0), tpm: limit(400_000.0), tpd: None }
}

/// Races variants of these natures as the engine does: block by block, until one is left or the trials are used up.
pub(crate) fn race(kind: &Kind, natures: &[Nature], trials: u32, racing: bool, seed: u64) -> Outcome {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (plan, quota) = (plan(kind, natures.len(), trials), quota());
    let rule = plan.objective;
    let mut blocks = Blocks::new(natures.len());
    let all: Vec<usize> = (0..natures.len()).collect();
    let mut active = all.clone();
    let mut lost: Vec<(usize, Lost)> = Vec::new();
    let mut calls = 0;
    for block in 0..trials {
        let case = lognormal(&mut rng, kind.cases);
        for variant in &active {
            blocks.take(*variant, block, taken(&mut rng, kind, natures[*variant], case));
            calls += 1;
        }
        let contest = Contest { plan: &plan, model: 0, blocks: &blocks, quota: Some(&quota) };
        let standings = contest.standings(&rule, &all, if racing { &lost } else { &[] });
        let left: Vec<_> = standings.iter().filter(|s| s.lost.is_none()).collect();
        if let [one] = left.as_slice()
            && one.passes == Some(true)
        {
            return Outcome { winner: Some(one.variant), calls };
        }
        if racing {
            // As the engine does: who has lost once has lost.
            let news = standings.iter().filter(|s| lost.iter().all(|(known, _)| *known != s.variant));
            let news: Vec<(usize, Lost)> = news.filter_map(|s| Some((s.variant, s.lost?))).collect();
            lost.extend(news);
            active.retain(|v| lost.iter().all(|(known, _)| known != v));
        }
    }
    Outcome { winner: None, calls }
}

/// What a variant's score truly is, more being better.
pub(crate) fn merit(kind: &Kind, nature: Nature) -> f64 {
    let settled = kind.input + 5.0 * nature.output;
    let rate = if kind.judged { nature.accepted } else { 1.0 };
    match kind.objective {
        "efficiency" => 1.0 / (kind.input + nature.output),
        "cost" => rate / (3.0 * kind.input + 15.0 * nature.output),
        "latency" => 1.0 / (0.4 / (1.16_f64).sqrt() + nature.output / 60.0),
        "throughput" => {
            let latency = 0.4 + nature.output / 60.0;
            let reserved = kind.input + 2_048.0;
            400_000.0 / (settled + latency / 60.0 * (reserved - settled).max(0.0)) * rate
        }
        _ => rate / settled,
    }
}

/// The nature of a variant that is worse than another by a gap (a share) under the kind's objective, by length alone.
pub(crate) fn worse(kind: &Kind, than: Nature, gap: f64) -> Nature {
    let wanted = merit(kind, than) * (1.0 - gap);
    let (mut low, mut high) = (than.output, than.output * 60.0);
    for _ in 0..80 {
        let middle = f64::midpoint(low, high);
        if merit(kind, Nature { output: middle, ..than }) > wanted { low = middle } else { high = middle }
    }
    Nature { output: low, ..than }
}

const BEST: Nature = Nature { output: 120.0, accepted: 0.9 };

/// The kinds of worlds.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "plain",
        input: 200.0,
        spread: 0.35,
        cases: 0.0,
        two_lengths: false,
        judged: false,
        objective: "auto",
    },
    Kind {
        name: "many cases",
        input: 200.0,
        spread: 0.25,
        cases: 0.5,
        two_lengths: false,
        judged: false,
        objective: "throughput",
    },
    Kind {
        name: "judged",
        input: 200.0,
        spread: 0.35,
        cases: 0.2,
        two_lengths: false,
        judged: true,
        objective: "auto",
    },
    Kind {
        name: "heavy tail",
        input: 100.0,
        spread: 0.9,
        cases: 0.3,
        two_lengths: false,
        judged: false,
        objective: "cost",
    },
    Kind {
        name: "two lengths",
        input: 100.0,
        spread: 0.4,
        cases: 0.0,
        two_lengths: true,
        judged: false,
        objective: "efficiency",
    },
    Kind {
        name: "latency",
        input: 200.0,
        spread: 0.35,
        cases: 0.2,
        two_lengths: false,
        judged: false,
        objective: "latency",
    },
];

/// What a set of worlds came to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    /// Worlds.
    pub(crate) worlds: u64,
    /// Of these: a winner was named.
    pub(crate) named: u64,
    /// Of these: it is within 2 % of the true best.
    pub(crate) right: u64,
    /// Calls used.
    pub(crate) calls: u64,
}

/// A set of worlds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Set {
    /// How many.
    pub(crate) worlds: u64,
    /// Variants in each.
    pub(crate) variants: usize,
    /// How far the others are behind the best, a share; `None` where all are equal.
    pub(crate) gaps: Option<(f64, f64)>,
    /// Trials per variant, at most.
    pub(crate) trials: u32,
    /// Whether who has lost is retired.
    pub(crate) racing: bool,
    /// What they follow from.
    pub(crate) seed: u64,
}

/// Races a set of worlds.
pub(crate) fn worlds(kind: &Kind, set: Set) -> Sum {
    let Set { worlds, variants, gaps, trials, racing, seed } = set;
    let mut sum = Sum::default();
    for world in 0..worlds {
        let seed = seed.wrapping_mul(1_000_003).wrapping_add(world);
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5eed);
        let mut natures = vec![BEST];
        for _ in 1..variants {
            natures.push(gaps.map_or(BEST, |(low, high)| {
                worse(kind, BEST, if low < high { rng.random_range(low..high) } else { low })
            }));
        }
        let place = rng.random_range(0..variants);
        natures.swap(0, place);
        let outcome = race(kind, &natures, trials, racing, seed);
        sum.worlds += 1;
        sum.calls += outcome.calls;
        if let Some(winner) = outcome.winner {
            sum.named += 1;
            sum.right += u64::from(gaps.is_some() && merit(kind, natures[winner]) >= 0.98 * merit(kind, BEST));
        }
    }
    sum
}

/// The sample size per variant that shows a gap of 10 % with a power of 80 % at 95 % (two-sided, one comparison), by
/// the spread of 4,000 pairs.
pub(crate) fn fixed_sample(kind: &Kind) -> u32 {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let other = worse(kind, BEST, 0.1);
    let (plan, quota) = (plan(kind, 2, 4_000), quota());
    let mut blocks = Blocks::new(2);
    for block in 0..4_000 {
        let case = lognormal(&mut rng, kind.cases);
        blocks.take(0, block, taken(&mut rng, kind, BEST, case));
        blocks.take(1, block, taken(&mut rng, kind, other, case));
    }
    let contest = Contest { plan: &plan, model: 0, blocks: &blocks, quota: Some(&quota) };
    let found = contest.compare(&plan.objective, &[0, 1], 0, 1).expect("both answered");
    let error = (found.visible - found.half_width) / 0.841_6;
    (((1.96 + 0.841_6) * error * (4_000.0_f64).sqrt() / 0.1).powi(2)).ceil() as u32
}

/// The worlds of `cargo bench --bench verdicts`, fewer of them: the promise holds with room to spare.
#[test]
fn verdicts_are_right_and_cheap() {
    let (mut worlds, mut named, mut right, mut without, mut named_without) = (0, 0, 0, 0, 0);
    for kind in KINDS {
        // The dearest kinds take thousands of calls a world; the bench has them whole.
        let fixed = fixed_sample(kind).min(120);
        let gaps = self::worlds(
            kind,
            Set { worlds: 40, variants: 4, gaps: Some((0.1, 0.5)), trials: fixed, racing: true, seed: 21 },
        );
        (worlds, named, right) = (worlds + gaps.worlds, named + gaps.named, right + gaps.right);
        let none = self::worlds(kind, Set { worlds: 40, variants: 2, gaps: None, trials: 60, racing: false, seed: 22 });
        (without, named_without) = (without + none.worlds, named_without + none.named);
        let share = gaps.calls as f64 / gaps.worlds as f64 / (4.0 * f64::from(fixed_sample(kind)));
        assert!(share <= 0.5, "{}: {share:.2} of the fixed sample", kind.name);
    }
    assert!(right as f64 >= 0.97 * named as f64, "{right} of {named} in {worlds}");
    assert!(named_without as f64 <= 0.05 * without as f64, "{named_without} of {without}");
    assert!(named > worlds / 3, "{named} of {worlds}");
}
