//! The tally, the report and the verdicts of a synthetic run.

use quotient::bench::event::{Entry, Event};
use quotient::bench::objective::Rule;
use quotient::bench::plan::Gate;
use quotient::bench::quota::{LimitKind, Quota};
use quotient::bench::report::Report;
use quotient::bench::sample::Outcome;
use quotient::bench::tally::Phase;
use quotient::bench::usage::Usage;
use quotient::bench::verdict::{efficiency_sentence, verdict};

use crate::stage;

#[test]
fn a_run_folds_into_a_report() {
    let tally = stage::tally(&["one", "two", "broken"], 20);
    assert!(matches!(tally.phase, Phase::Finished(_)));
    assert_eq!(tally.in_flight(), 0);
    let report = Report::of(&tally);
    let variants = &report.models[0].variants;
    assert_eq!((variants[0].ok, variants[0].failed), (20, 0));
    assert_eq!((variants[2].ok, variants[2].failed), (0, 20));
    assert_eq!(variants[2].tokens, None);
    assert_eq!(variants[0].accepted.rate, Some(0.8));
    for (name, verdict) in &report.models[0].verdicts {
        assert_ne!(verdict.leader.as_deref(), Some("broken"), "{name}");
        assert!(verdict.leader.is_some(), "{name}");
    }
    assert_eq!(variants[0].capacity.limit, Some(LimitKind::Tpm));
}

#[test]
fn trials_that_read_from_a_prompt_cache_are_a_population_of_their_own() {
    let mut entries = stage::entries(&["one", "two"], 20);
    let mut nth = 0;
    for entry in &mut entries {
        let Event::TrialFinished { sample } = &mut entry.event else { continue };
        let Outcome::Ok { usage, .. } = &mut sample.outcome else { continue };
        if sample.trial.variant == 0 {
            nth += 1;
            (usage.cache_read, usage.cache_write) = if nth > 3 { (2_000, 0) } else { (0, 2_000) };
            sample.settled = if nth > 3 { 300 } else { 2_300 };
        }
    }
    let mut tally = stage::tally(&["one", "two"], 0);
    for entry in &entries {
        tally.apply(entry);
    }
    let report = Report::of(&tally);
    let [one, two] = &report.models[0].variants[..] else { panic!("two variants") };
    let cache = one.cache.as_ref().expect("a cache was used");
    let cached = cache.cached.as_ref().expect("read from");
    assert_eq!((cached.trials, cache.cold.trials), (17, 3));
    assert_eq!((cached.quota_tokens.settled, cache.cold.quota_tokens.settled), (Some(300.0), Some(2_300.0)));
    assert!((one.quota_tokens.settled.unwrap() - 600.0).abs() < 1e-9, "the mean of all 20 trials");
    assert_eq!(one.tokens.as_ref().map(|tokens| tokens.cache_write), Some(300.0), "tokens are of all 20 trials");
    assert_eq!(two.cache, None);
    let said = report.run.warnings.iter().any(|warning| warning.contains("are of the 17 answers that read from"));
    assert!(said, "{:?}", report.run.warnings);
}

#[test]
fn every_entry_survives_json() {
    for entry in stage::entries(&["one", "broken"], 3) {
        let line = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), entry, "{line}");
    }
}

#[test]
fn a_winner_is_named_as_soon_as_a_difference_shows_and_not_before() {
    let names = ["one", "two", "three"];
    let entries = stage::entries(&names, 40);
    let mut tally = stage::tally(&names, 0);
    let efficiency = &Rule::parse("efficiency").unwrap();
    let mut named_after = None;
    for entry in &entries {
        tally.apply(entry);
        let found = verdict(&tally, 0, efficiency);
        if found.winner.is_some() && named_after.is_none() {
            assert!(matches!(tally.phase, Phase::Running), "while the run is still on");
            assert!(found.confidence.unwrap() >= 0.95, "{found:?}");
            named_after = tally.models[0].variants.iter().map(|variant| variant.ok).min();
        }
    }
    assert!(named_after.is_some_and(|n| n >= 10), "{named_after:?}: fewer blocks than ten decide nothing");
    let after = verdict(&tally, 0, efficiency);
    assert_eq!(after.winner, after.leader);
    assert!(after.ranking[1].behind.is_some_and(|(low, high)| 0.0 < low && low <= high), "{:?}", after.ranking);
    assert!(after.ranking[1].lost.as_ref().is_some_and(|why| why.contains(" less than ")), "{:?}", after.ranking);
}

#[test]
fn the_same_prompt_twice_has_a_leader_and_no_winner() {
    let mut tally = stage::tally(&["a", "b"], 0);
    for mut entry in stage::entries(&["a", "b"], 60) {
        if let Event::TrialFinished { sample } = &mut entry.event
            && let Outcome::Ok { usage, .. } = &mut sample.outcome
        {
            // Lengths that differ from trial to trial, and not from variant to variant.
            *usage = Usage::reported(100, 50 + sample.trial.id * 31 % 47);
        }
        tally.apply(&entry);
    }
    let verdict = verdict(&tally, 0, &Rule::parse("efficiency").unwrap());
    assert_eq!(verdict.winner, None, "{verdict:?}");
    assert!(verdict.leader.is_some());
    let seen = verdict.smallest_difference.expect("sixty blocks tell something");
    assert!((0.005..0.2).contains(&seen) && verdict.reason.contains("no difference is shown"), "{verdict:?}");
}

#[test]
fn where_rpm_binds_capacities_tie_and_the_verdict_says_so() {
    let mut tally = stage::tally(&["one", "two"], 20);
    tally.models[0].quota.as_mut().unwrap().tpm = None;
    let throughput = verdict(&tally, 0, &Rule::parse("throughput").unwrap());
    assert!(throughput.reason.contains("capacities tie"), "{}", throughput.reason);
    // The tie is broken by tokens, not by the order in the file.
    let fewest = verdict(&tally, 0, &Rule::parse("efficiency").unwrap()).leader;
    assert_eq!(throughput.leader, fewest);
    let sentence = efficiency_sentence(&tally, 0).unwrap();
    assert!(sentence.contains("neither"), "{sentence}");
}

#[test]
fn a_variant_below_the_gate_cannot_win_and_one_not_shown_to_pass_does_not_yet() {
    let best = verdict(&stage::tally(&["one", "two"], 40), 0, &Rule::parse("efficiency").unwrap()).leader.unwrap();
    let with = |least: f64, rejects: bool| {
        let mut tally = stage::tally(&["one", "two"], 0);
        for mut entry in stage::entries(&["one", "two"], 40) {
            if let Event::RunStarted { plan, .. } = &mut entry.event {
                std::sync::Arc::make_mut(plan).gate = Some(Gate::MinAccepted(least));
            }
            if let Event::TrialFinished { sample } = &mut entry.event
                && rejects
                && tally.plan.variants[sample.trial.variant].name == best
                && let Outcome::Ok { cut_off, .. } = &mut sample.outcome
            {
                *cut_off = sample.trial.block % 10 != 0;
            }
            tally.apply(&entry);
        }
        verdict(&tally, 0, &Rule::parse("efficiency").unwrap())
    };
    let below = with(0.5, true);
    assert!(below.leader.is_some_and(|leader| leader != best), "a tenth accepted is below a half");
    let open = with(0.8, false);
    assert_eq!((open.winner.clone(), open.leader), (None, Some(best)));
    assert!(open.reason.contains("not shown to pass the gate yet"), "{}", open.reason);
}

#[test]
fn what_the_end_of_a_run_cuts_off_is_unfinished_and_releases_its_hold() {
    let names = ["one", "two"];
    let entries = stage::entries(&names, 5);
    let cut = entries.iter().position(|entry| matches!(entry.event, Event::InvocationStarted { .. })).unwrap() + 1;
    let mut tally = stage::tally(&names, 0);
    for entry in &entries[..cut] {
        tally.apply(entry);
    }
    assert_eq!(tally.in_flight(), 1);
    let at = entries[cut - 1].at;
    assert!(tally.models[0].ledger.taken(at, LimitKind::Tpm).reserved > 0.0);
    tally.cut_short();
    assert_eq!((tally.in_flight(), tally.models[0].variants[0].unfinished), (0, 1));
    assert_eq!(tally.models[0].ledger.taken(at, LimitKind::Tpm).reserved, 0.0);
    assert_eq!(Report::of(&tally).run.ended.as_deref(), Some("interrupted"));
}

#[test]
fn rates_follow_their_definitions() {
    // One variant, one at a time: the mean concurrency is 1, and requests a minute are 60 over the mean time in flight.
    let tally = stage::tally(&["one"], 10);
    assert!((tally.models[0].mean_concurrency().unwrap() - 1.0).abs() < 1e-9);
    let variant = &Report::of(&tally).models[0].variants[0];
    let in_flight = tally.models[0].variants[0].in_flight_seconds / 10.0;
    assert!((variant.requests_per_minute.unwrap() - 60.0 / in_flight).abs() < 1e-9);
    let tokens = variant.tokens.as_ref().unwrap().total;
    assert!((variant.tokens_per_second.unwrap() - tokens / in_flight).abs() < 1e-6);
}

fn report_of(names: &[&str], trials: u32, change: impl FnOnce(&mut quotient::bench::tally::Tally)) -> Report {
    let mut tally = stage::tally(names, trials);
    change(&mut tally);
    Report::of(&tally)
}

#[test]
fn who_has_nobody_left_to_compare_with_does_not_win_by_that() {
    let alone = report_of(&["one"], 20, |_| ());
    let verdict = &alone.models[0].verdicts["throughput"];
    assert_eq!((verdict.leader.as_deref(), verdict.winner.as_deref()), (Some("one"), None));
    // Against one that failed every trial it does win, given enough trials.
    let against =
        |trials| report_of(&["one", "broken"], trials, |_| ()).models[0].verdicts["efficiency"].winner.clone();
    assert_eq!((against(20).as_deref(), against(2)), (Some("one"), None));
}

#[test]
fn the_median_ranks_before_it_may_be_shown_and_no_limit_is_no_reason_for_silence() {
    let few = report_of(&["one", "two"], 4, |_| ());
    assert_eq!(few.models[0].variants[0].latency_ms.e2e.as_ref().unwrap().p50, None);
    assert!(few.models[0].verdicts["latency"].leader.is_some());
    let free = report_of(&["one", "two"], 20, |tally| tally.models[0].quota = Some(Quota::default()));
    let verdict = &free.models[0].verdicts["throughput"];
    assert!(verdict.leader.is_some() && verdict.reason.contains("no limit is known"), "{}", verdict.reason);
}

#[test]
fn five_of_five_against_two_of_five_is_no_proof() {
    let report = report_of(&["one", "two"], 5, |tally| {
        tally.models[0].quota.as_mut().unwrap().tpm = None;
        tally.models[0].variants[0].accepted = 5;
        tally.models[0].variants[1].accepted = 2;
    });
    let verdict = &report.models[0].verdicts["throughput"];
    assert_eq!((verdict.leader.as_deref(), verdict.winner.as_deref()), (Some("one"), None), "{}", verdict.reason);
}

#[test]
fn what_failed_trials_took_counts_for_cost_and_quota_tokens_per_accepted_answer() {
    let score = |wasted: u64| {
        let report = report_of(&["one", "two"], 20, |tally| tally.models[0].variants[0].quota_tokens += wasted);
        let ranking = &report.models[0].verdicts["auto"].ranking;
        ranking.iter().find(|ranked| ranked.name == "one").unwrap().score
    };
    assert!((score(16_000) - score(0) - 1_000.0).abs() < 1e-6, "16 answers of 20 were accepted");
}

#[test]
fn rates_are_right_while_a_run_is_on() {
    let names = ["one", "two"];
    let entries = stage::entries(&names, 20);
    let mut tally = stage::tally(&names, 0);
    for entry in &entries[..entries.len() / 2] {
        tally.apply(entry);
    }
    assert!((tally.models[0].mean_concurrency().unwrap() - 1.0).abs() < 1e-9);
    assert!(Report::of(&tally).models[0].verdicts["speed"].leader.is_some());
}

#[test]
fn a_trial_that_was_about_to_try_again_is_unfinished_when_the_journal_ends() {
    let names = ["one", "two"];
    let entries = stage::entries(&names, 5);
    let failed = entries.iter().position(|entry| matches!(entry.event, Event::InvocationFailed { .. })).unwrap();
    let mut tally = stage::tally(&names, 0);
    for entry in &entries[..=failed] {
        tally.apply(entry);
    }
    tally.cut_short();
    assert_eq!(tally.models[0].variants[1].unfinished, 1);
}

#[test]
fn an_interval_holds_its_middle_even_where_reservations_outlast_a_minute() {
    let report = report_of(&["one", "two"], 20, |tally| {
        for variant in &mut tally.models[0].variants {
            for nth in 0..20_u32 {
                variant.cold.e2e.add(std::time::Duration::from_secs(170 + u64::from(nth)));
                variant.cold.reserved.add(9_000.0);
                variant.cold.settled.add(300.0 + f64::from(nth));
            }
        }
    });
    for variant in &report.models[0].variants {
        let capacity = &variant.capacity;
        let (low, at, high) = (capacity.low.unwrap(), capacity.requests_per_minute.unwrap(), capacity.high.unwrap());
        assert!(low <= at && at <= high, "{low} {at} {high}");
    }
}
