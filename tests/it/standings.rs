//! The dashboard's verdicts: intervals that close, who is out, the Pareto front, and the winner's proof under load.

use std::time::Duration;

use crossterm::event::KeyCode;
use quotient::bench::event::{Command, Ended, Entry, Event, RetireCause};
use quotient::bench::plan::Endpoint;
use quotient::bench::sample::Trial;
use quotient::bench::verdict::verdict;
use quotient::tui::message::{Effect, Msg};
use quotient::tui::model::Model;
use quotient::tui::theme::{Colours, Theme};
use quotient::tui::view::{Panel, View};

use crate::stage;
use crate::tui::{FOUR, SIZES, after, drawn, golden_at, heard, letter, planned, press, text};

fn at(model: &mut Model, at: Duration, event: Event) {
    model.update(Msg::Entries(vec![Entry { seq: 0, at, event }]), at);
}

fn shown(model: &Model, now: Duration, size: (u16, u16)) -> String {
    text(&drawn(model, now, size))
}

#[test]
fn intervals_are_withheld_then_straddle_the_leader_and_then_leave_it() {
    let rank = |trials: u32| {
        // Lengths that vary from trial to trial, as real ones do.
        let mut entries = stage::entries(&FOUR, 30);
        for entry in &mut entries {
            if let Event::TrialFinished { sample } = &mut entry.event {
                let at = sample.trial;
                sample.settled =
                    sample.settled * (10 + (u64::from(at.block) * 37 + at.variant as u64 * 29) % 101 * 4) / 100;
            }
        }
        let seen = entries.len() * trials as usize / 30;
        let now = entries[seen - 1].at + Duration::from_millis(700);
        let mut model = planned(|_| {});
        model.update(Msg::Entries(entries[..seen].to_vec()), now);
        let seen = shown(&model, now, (120, 36));
        // In the panel at the right.
        let row = seen.lines().find(|line| line.contains("structured    ") && line.contains('│')).unwrap_or_default();
        row.chars().skip(62).collect::<String>()
    };
    let withheld = rank(5);
    assert!(withheld.ends_with("too few") && withheld.contains('│') && !withheld.contains('━'), "{withheld}");
    let all: Vec<String> = (10..=30).map(rank).collect();
    let straddles = all.iter().position(|row| row.contains("━│━")).expect("the mark stands in the bar at first");
    assert!(all[straddles].contains(" to +"), "{all:?}");
    let (open, closed) = (&all[straddles], &all[20]);
    assert!(closed.contains("│ ") && !closed.contains("━│") && closed.contains("out: concise"), "{all:?}");
    let mark = |row: &str| row.chars().position(|c| c == '│');
    assert!(all.iter().all(|row| mark(row) == mark(open)), "and nothing has moved: {all:?}");
}

#[test]
fn who_is_out_is_said_with_when_and_why_and_what_that_saved() {
    let (mut model, now) = after(&FOUR, 0.5);
    let reason = "concise is better by 60 % (20 to 90)".to_owned();
    heard(&mut model, Event::VariantRetired { variant: 3, model: Some(0), reason, cause: RetireCause::Lost, by: None });
    press(&mut model, KeyCode::End);
    let seen = shown(&model, now, (200, 50));
    let row = seen.lines().find(|line| line.contains("▸ ○ minimal")).unwrap();
    assert!(row.contains("minimal    out "), "{seen}");
    assert!(seen.contains("retired   after 14 trials: concise is better by 60 % (20 to 90)"), "{seen}");
    assert!(seen.contains("racing saved 16 calls ($0.0160)"), "{seen}");
    assert!(seen.contains("minimal gets no more trials: concise is better"), "{seen}");
}

#[test]
fn the_front_is_shown_by_tokens_and_by_cost() {
    let mut model = planned(|_| {});
    assert_eq!(letter(&mut model, 'f'), []);
    assert_eq!(model.view, View::Dashboard, "nothing was measured");
    let (mut model, now) = after(&FOUR, 1.0);
    letter(&mut model, 'f');
    golden_at("front", &model, now, &SIZES);
    assert!(shown(&model, now, (80, 24)).lines().last().unwrap().contains("f by cost"));
    press(&mut model, KeyCode::Down);
    assert_eq!(model.cursor, 1, "the selection moves here too");
    letter(&mut model, 'f');
    assert!(model.by_cost);
    assert!(shown(&model, now, (80, 24)).contains("US dollars per 1,000 requests"));
    letter(&mut model, 'f');
    assert!(!model.by_cost);
    model.theme = Theme { colours: Colours::None, ascii: true, ..Theme::DARK };
    let buffer = drawn(&model, now, (80, 24));
    assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()));
    golden_at("front-ascii", &model, now, &[(80, 24)]);
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.panel(), Panel::Ranking);
    letter(&mut model, 'f');
    assert_eq!((model.panel(), model.by_cost), (Panel::Front, false));
    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.view, View::Dashboard);
}

#[test]
fn many_points_have_numbers_and_a_key() {
    let names: Vec<String> = (1..=20).map(|n| format!("variant-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (mut model, now) = after(&names, 1.0);
    letter(&mut model, 'f');
    golden_at("front-twenty", &model, now, &[(80, 24), (200, 50)]);
    let seen = shown(&model, now, (80, 24));
    assert!(names.iter().all(|name| seen.contains(name)), "{seen}");
}

#[test]
fn the_proof_is_asked_for_before_a_run_and_while_it_is_on() {
    let mut model = planned(|_| {});
    assert_eq!(letter(&mut model, 'v'), []);
    let seen = shown(&model, stage::START, (120, 36));
    assert!(seen.matches("the winner will be driven at the quota's edge").count() == 2, "{seen}");
    assert!(seen.contains("v no proof"), "{seen}");
    let started = letter(&mut model, 'r');
    let [Effect::Tell(Command::Start(plan))] = started.as_slice() else { panic!("{started:?}") };
    assert!(plan.verify);
    let (mut model, _) = after(&FOUR, 0.5);
    assert_eq!(letter(&mut model, 'v'), [Effect::Tell(Command::Verify(true))]);
    let seen = shown(&model, stage::START, (200, 50));
    assert!(seen.contains("the winner will be driven at the quota's edge for 3 minutes after the verdict"), "{seen}");
    assert_eq!(letter(&mut model, 'v'), [Effect::Tell(Command::Verify(false))]);
}

#[test]
fn what_was_agreed_to_without_a_proof_gets_none_where_it_costs_money() {
    let (mut model, _) = after(&FOUR, 0.5);
    std::sync::Arc::make_mut(&mut model.tally.plan).endpoint = Endpoint::Aws;
    assert_eq!(letter(&mut model, 'v'), []);
    assert!(model.plan.verify, "the next plan has it");
    let seen = shown(&model, stage::START, (200, 50));
    assert!(seen.contains("this one was agreed to without it"), "{seen}");
}

#[test]
fn a_verification_says_how_far_it_is_and_what_it_came_to() {
    let (mut model, now) = after(&FOUR, 0.99);
    let (from, until) = (now + Duration::from_mins(1), now + Duration::from_mins(3));
    at(&mut model, now, Event::VerificationStarted { model: 0, variant: 1, from, until });
    let settling = now + Duration::from_secs(18);
    let seen = shown(&model, settling, (120, 36));
    assert!(seen.contains("● verifying") && seen.contains("verifying concise: settling, 42 s"), "{seen}");

    let answer = stage::entries(&FOUR, 2).into_iter().find_map(|entry| match entry.event {
        Event::TrialFinished { sample } if sample.trial.variant == 1 => Some(sample),
        _ => None,
    });
    let mut answer = answer.unwrap();
    answer.to_success = Duration::ZERO;
    for n in 0..110_u64 {
        answer.trial = Trial { id: 10_000 + n, warmup: true, ..answer.trial };
        at(&mut model, from + Duration::from_secs(n), Event::TrialFinished { sample: answer.clone() });
        if n == 23 {
            let measuring = from + Duration::from_secs(23);
            let seen = shown(&model, measuring, (200, 50));
            let told = "verifying concise: measuring, 1:37 left; predicted 61.8/min (";
            assert!(seen.contains(told) && seen.contains("so far 62.6/min"), "{seen}");
            golden_at("verifying", &model, measuring, &[(80, 24), (120, 36)]);
        }
    }
    assert_eq!(letter(&mut model, 'v'), [], "it cannot be taken back once it is on");
    at(&mut model, until, Event::RunFinished { ended: Ended::Complete, reason: None });
    let seen = shown(&model, until + Duration::from_mins(15), (200, 50));
    assert!(seen.contains("concise verified: predicted 61.8/min ("), "{seen}");
    assert!(seen.contains("measured 55/min, "), "{seen}");
}

#[test]
fn a_verification_that_was_cut_short_says_so() {
    let (mut model, now) = after(&FOUR, 0.99);
    let (from, until) = (now + Duration::from_mins(1), now + Duration::from_mins(3));
    at(&mut model, now, Event::VerificationStarted { model: 0, variant: 1, from, until });
    let stopped = Event::RunFinished { ended: Ended::Interrupted, reason: None };
    at(&mut model, now + Duration::from_secs(5), stopped);
    assert!(shown(&model, until, (120, 36)).contains("the verification of concise was cut short"));
}

#[test]
fn what_is_remembered_is_what_would_be_worked_out() {
    let (mut model, now) = after(&FOUR, 0.3);
    let anew = |model: &Model| verdict(&model.tally, model.model, &model.objective);
    model.update(Msg::Tick, now);
    assert_eq!(model.judged().verdict, anew(&model));
    letter(&mut model, 'o');
    assert_eq!(model.judged().verdict, anew(&model), "another objective");
    model.update(Msg::Tick, now);
    let entries = stage::entries(&FOUR, 30);
    let seen = entries.len() * 3 / 10;
    model.update(Msg::Entries(entries[seen..seen + 40].to_vec()), now);
    assert_eq!(model.judged().verdict, anew(&model), "more trials");
    model.update(Msg::Tick, now);
    let reason = "by the user".to_owned();
    heard(&mut model, Event::VariantRetired { variant: 0, model: None, reason, cause: RetireCause::User, by: None });
    assert_eq!(model.judged().verdict, anew(&model), "one less");
}
