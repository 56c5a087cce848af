//! The plan of the next run: its view, the numbers and variants that keys change in it, and what leaves by clipboard.

use std::sync::Arc;

use crossterm::event::KeyCode;
use quotient::bench::event::{Command, Ended, Event};
use quotient::bench::plan::{Concurrency, Endpoint, Plan, Variant};
use quotient::cli::desk;
use quotient::tui::message::{Added, Effect, Msg, Picked, PlanEstimate};
use quotient::tui::model::{Model, Overlay};
use quotient::tui::picker::Taken;

use crate::stage;
use crate::tui::{FOUR, after, drawn, golden_at, heard, letter, planned, press, text};

/// What the desk would answer.
fn answer(model: &mut Model, effects: &[Effect]) {
    for effect in effects {
        if let Effect::Estimate(plan) = effect {
            let estimate = desk::estimated((**plan).clone(), &[Some(stage::quota())], None);
            assert_eq!(model.update(Msg::Estimate(estimate), stage::START), []);
        }
    }
}

fn press_and_answer(model: &mut Model, code: char) -> Vec<Effect> {
    let effects = letter(model, code);
    answer(model, &effects);
    effects
}

fn write(model: &mut Model, letters: &str) {
    for c in letters.chars() {
        assert_eq!(letter(model, c), []);
    }
}

/// Screens with what scrolls in each size.
fn golden(name: &str, model: &Model, sizes: &[(u16, u16)]) {
    for size in sizes {
        let mut model = model.clone();
        model.update(Msg::Resize(size.0, size.1), stage::START);
        golden_at(name, &model, stage::START, &[*size]);
    }
}

fn shown(model: &Model) -> String {
    text(&drawn(model, stage::START, (80, 24)))
}

/// What the last key came to.
fn told(model: &Model) -> &str {
    &model.status.as_ref().unwrap().text
}

fn at_512(plan: &mut Plan) {
    plan.variants.iter_mut().for_each(|variant| variant.parameters.max_tokens = Some(512));
}

fn max_tokens(plan: &Plan) -> Vec<Option<u32>> {
    plan.variants.iter().map(|variant| variant.parameters.max_tokens).collect()
}

fn begin(model: &mut Model) {
    let plan = Arc::clone(&model.plan);
    heard(model, Event::RunStarted { run: "r".into(), plan, simulated: true, version: "0".into() });
}

#[test]
fn screens_of_the_plan() {
    let mut model = planned(at_512);
    press_and_answer(&mut model, 'p');
    golden("plan-of-simulator", &model, &[(80, 24), (120, 36), (40, 10)]);
    press(&mut model, KeyCode::End);
    golden("plan-of-simulator-end", &model, &[(80, 24)]);
    let mut model = planned(|plan| {
        at_512(plan);
        plan.endpoint = Endpoint::Aws;
        plan.share = 0.25;
        plan.max_cost_usd = Some(1.0);
    });
    press_and_answer(&mut model, 'r');
    golden("plan-of-aws", &model, &[(80, 24), (120, 36)]);
}

#[test]
fn the_plan_starts_a_run_wherever_one_can_start() {
    let mut model = planned(at_512);
    assert!(matches!(press_and_answer(&mut model, 'p').as_slice(), [Effect::Estimate(_)]));
    assert_eq!(letter(&mut model, 'p'), [], "the same key takes it away");
    assert_eq!(model.overlay, None);
    press_and_answer(&mut model, 'p');
    assert!(matches!(letter(&mut model, 'y').as_slice(), [Effect::Tell(Command::Start(_))]));
    assert!(model.starting);

    let mut nobody = planned(|plan| plan.variants.iter_mut().for_each(|variant| variant.included = false));
    press_and_answer(&mut nobody, 'p');
    assert!(shown(&nobody).contains("no variant is included"), "{}", shown(&nobody));
    assert_eq!(letter(&mut nobody, 'y'), []);
}

#[test]
fn while_a_run_is_on_the_plan_is_of_the_next_and_starts_nothing() {
    let (mut model, now) = after(&FOUR, 0.5);
    press_and_answer(&mut model, 'p');
    let shown = text(&drawn(&model, now, (80, 24)));
    assert!(shown.contains("Plan of the next run") && shown.contains("A run is on"), "{shown}");
    assert!(!shown.contains("start"), "{shown}");
    assert_eq!((letter(&mut model, 'y'), press(&mut model, KeyCode::Enter)), (vec![], vec![]));
    heard(&mut model, Event::RunFinished { ended: Ended::Complete, reason: None });
    assert!(matches!(letter(&mut model, 'y').as_slice(), [Effect::Tell(Command::Start(_))]), "and then it does");
}

#[test]
fn what_changes_the_plan_is_estimated_anew_and_not_agreed_to_before() {
    let mut model = planned(|plan| {
        at_512(plan);
        plan.endpoint = Endpoint::Aws;
        plan.max_cost_usd = None;
    });
    press_and_answer(&mut model, 'r');
    let asked = |effects: &[Effect]| matches!(effects, [Effect::Estimate(_)]);
    for key in ['+', 'a', 'o', 'v'] {
        let effects = letter(&mut model, key);
        assert!(asked(&effects), "{key}: {effects:?}");
        assert!(shown(&model).contains("estimating"), "{key}");
        assert_eq!(letter(&mut model, 'y'), [], "{key}: the old numbers are not agreed to");
        answer(&mut model, &effects);
    }
    // Two questions, and only the first answer yet.
    let (first, second) = (letter(&mut model, '+'), letter(&mut model, '+'));
    answer(&mut model, &first);
    assert_eq!(letter(&mut model, 'y'), []);
    answer(&mut model, &second);
    assert_eq!(letter(&mut model, 'T'), []);
    write(&mut model, "7");
    let effects = press(&mut model, KeyCode::Enter);
    assert!(asked(&effects) && model.is_plan_shown(), "back to the plan: {effects:?}");
    answer(&mut model, &effects);
    assert!(shown(&model).contains("trials              32 (warm-up included)"), "{}", shown(&model));
    let started = letter(&mut model, 'y');
    let [Effect::Tell(Command::Start(plan))] = started.as_slice() else { panic!("{started:?}") };
    assert_eq!((plan.trials, plan.trials_named, plan.verify), (7, true, true));
    assert_eq!(plan.objective.name(), "efficiency");
    assert!(matches!(plan.concurrency, Concurrency::Fixed(_)));
}

#[test]
fn max_tokens_is_set_for_one_or_for_all_in_the_next_run() {
    let mut model = planned(at_512);
    press(&mut model, KeyCode::Down);
    letter(&mut model, 'x');
    golden("max-tokens", &model, &[(80, 24)]);
    assert!(shown(&model).contains("max_tokens of concise") && shown(&model).contains("512▏"), "{}", shown(&model));
    write(&mut model, "30");
    press(&mut model, KeyCode::Backspace);
    write(&mut model, "00");
    assert!(shown(&model).contains("300▏"), "{}", shown(&model));
    press(&mut model, KeyCode::Enter);
    assert_eq!(max_tokens(&model.plan), [Some(512), Some(300), Some(512), Some(512)]);
    assert_eq!(max_tokens(&model.tally.plan), max_tokens(&model.plan), "nothing was run yet");
    assert!(shown(&model).contains("max_tokens 300 for concise in the next run"), "{}", shown(&model));

    letter(&mut model, 'x');
    press(&mut model, KeyCode::Tab);
    assert!(
        shown(&model).contains("all 4 variants") && shown(&model).contains("512; concise 300"),
        "{}",
        shown(&model)
    );
    write(&mut model, "model");
    press(&mut model, KeyCode::Enter);
    assert_eq!(max_tokens(&model.plan), [None; 4]);

    letter(&mut model, 'x');
    write(&mut model, "0");
    press(&mut model, KeyCode::Enter);
    assert!(shown(&model).contains("it must be 1 to 10,000,000, or model to leave it unset"), "{}", shown(&model));
    press(&mut model, KeyCode::Esc);
    assert_eq!((max_tokens(&model.plan), &model.overlay), (vec![None; 4], &None));

    letter(&mut model, 'x');
    write(&mut model, "9000");
    assert!(
        shown(&model).contains("4096 output tokens that the model is known to give: it may be refused"),
        "{}",
        shown(&model)
    );
}

#[test]
fn what_is_advised_is_offered_and_a_run_that_is_on_keeps_its_own() {
    // A model whose answers take no more quota than they have tokens, so that what is reserved binds.
    let mut entries = crate::tui::entries(&FOUR, 30);
    for entry in &mut entries {
        if let Event::RunStarted { plan, .. } = &mut entry.event {
            let plan = Arc::make_mut(plan);
            plan.models[0].burndown = 1;
            at_512(plan);
        }
        if let Event::TrialFinished { sample } = &mut entry.event {
            sample.settled /= 5;
        }
    }
    let (mut model, now) = after(&FOUR, 0.0);
    model.update(Msg::Entries(entries), now);
    letter(&mut model, 'x');
    let shown = text(&drawn(&model, now, (120, 36)));
    let advised = model.judged().advice[&0].max_tokens;
    assert!(shown.contains(&format!("{advised}▏")) && shown.contains("more requests a minute"), "{shown}");
    press(&mut model, KeyCode::Esc);

    let (mut model, now) = after(&FOUR, 0.5);
    letter(&mut model, 'x');
    write(&mut model, "200");
    assert!(text(&drawn(&model, now, (80, 24))).contains("the one that is on keeps its own"));
    press(&mut model, KeyCode::Enter);
    assert_eq!((max_tokens(&model.plan)[0], max_tokens(&model.tally.plan)[0]), (Some(200), None));
    for view in ['1', '2'] {
        letter(&mut model, view);
        let shown = text(&drawn(&model, now, (120, 36)));
        assert!(shown.contains("next run  max_tokens 200 in place of model"), "{shown}");
    }
}

/// What the desk would make of what was written.
fn written(model: &Model, name: &str) -> Added {
    let variant = Variant { name: name.into(), prompt: "shorter".into(), ..model.plan.variants[0].clone() };
    Added { variant: Box::new(variant), toml: format!("[[variant]]\nname = \"{name}\"\n") }
}

#[test]
fn an_edited_variant_stands_beside_the_others() {
    let mut model = planned(|_| {});
    assert_eq!(letter(&mut model, 'E'), [Effect::Edit { variant: 0, again: false }]);
    let text_of = b"[[variant]]".to_vec();
    assert_eq!(model.update(Msg::Returned(Ok(Some(text_of.clone()))), stage::START), [Effect::Add(text_of)]);
    let added = written(&model, "detailed-2");
    assert_eq!(model.update(Msg::Added(Ok(added.clone())), stage::START), [Effect::Keep(added)]);
    model.update(Msg::Kept("detailed-2".into(), Ok("out/detailed-2.toml".into())), stage::START);
    assert_eq!(model.cursor, 4);
    let shown = text(&drawn(&model, stage::START, (120, 36)));
    assert!(shown.contains("▸ ● detailed-2") && shown.contains("0/150 trials"), "{shown}");
    let words = "detailed-2 is in the plan: r runs it beside the others; saved as out/detailed-2.toml";
    assert_eq!(told(&model), words);
    assert!(shown.contains("saved as out/detailed-2.toml"), "its end is seen too: {shown}");
    let started = letter(&mut model, 'r');
    let [Effect::Tell(Command::Start(plan))] = started.as_slice() else { panic!("{started:?}") };
    assert_eq!(
        plan.variants.iter().map(|variant| variant.name.as_str()).collect::<Vec<_>>()[3..],
        ["minimal", "detailed-2"]
    );
    assert!(plan.variants[4].included);
}

#[test]
fn while_a_run_is_on_an_edited_variant_is_in_the_next() {
    let (mut model, now) = after(&FOUR, 0.5);
    let before = text(&drawn(&model, now, (120, 36)));
    let trials = before.split_whitespace().find(|word| word.ends_with("/120")).unwrap().to_owned();
    let added = written(&model, "detailed-2");
    model.update(Msg::Added(Ok(added)), now);
    let shown = text(&drawn(&model, now, (120, 36)));
    assert!(shown.contains("▸ ● detailed-2 new") && shown.contains(&trials), "{shown}");
    assert_eq!(letter(&mut model, ' '), [], "this run knows nothing of it");
    assert!(text(&drawn(&model, now, (120, 36))).contains("○ detailed-2 off"));
    letter(&mut model, ' ');
    // The run ends, and its report does not have it.
    let rest = crate::tui::entries(&FOUR, 30);
    let half = rest.len() / 2;
    model.update(Msg::Entries(rest[half..].to_vec()), now);
    let report = quotient::bench::report::Report::of(&model.tally);
    assert_eq!(report.models[0].variants.len(), 4);
    let started = letter(&mut model, 'r');
    let [Effect::Tell(Command::Start(plan))] = started.as_slice() else { panic!("{started:?}") };
    let plan = Arc::clone(plan);
    assert_eq!(plan.variants.len(), 5);
    heard(&mut model, Event::RunStarted { run: "s".into(), plan, simulated: true, version: "0".into() });
    assert!(!model.is_new(4) && text(&drawn(&model, now, (120, 36))).contains("0/150 trials"));
}

#[test]
fn a_variant_that_comes_while_a_run_starts_is_for_the_next() {
    let mut model = planned(|_| {});
    letter(&mut model, 'r');
    let plan = Arc::clone(&model.plan);
    let added = written(&model, "late");
    model.update(Msg::Added(Ok(added)), stage::START);
    heard(&mut model, Event::RunStarted { run: "r".into(), plan, simulated: true, version: "0".into() });
    assert_eq!((model.plan.variants.len(), model.tally.plan.variants.len()), (5, 5));
    assert!(model.is_new(4) && !model.tally.plan.variants[4].included);
}

#[test]
fn what_is_no_variant_can_be_mended_or_given_up() {
    let mut model = planned(|_| {});
    let why = "error: unknown key `max_token` in [[variant]]\n --> quotient-x.toml:9:1\n  |\n9 | max_token = 5\n  | ^^^^^^^^^";
    assert_eq!(model.update(Msg::Added(Err(why.into())), stage::START), []);
    golden("mend", &model, &[(80, 24)]);
    assert_eq!(letter(&mut model, 'E'), [Effect::Edit { variant: 0, again: true }]);
    model.update(Msg::Returned(Ok(None)), stage::START);
    assert!(shown(&model).contains("nothing was changed"), "{}", shown(&model));
    assert!(matches!(model.overlay, Some(Overlay::Mend(_))), "it can be mended still");
    let added = written(&model, "mended");
    assert_eq!(model.update(Msg::Added(Ok(added.clone())), stage::START), [Effect::Keep(added)]);
    assert_eq!(model.overlay, None);

    model.update(Msg::Added(Err(why.into())), stage::START);
    assert_eq!(press(&mut model, KeyCode::Esc), [Effect::GiveUp]);
    assert_eq!((&model.overlay, model.plan.variants.len()), (&None, 5));
    model.update(Msg::Returned(Err("the editor failed with exit code 1: nothing is added".into())), stage::START);
    assert!(shown(&model).contains("exit code 1"), "{}", shown(&model));
}

#[test]
fn what_was_chosen_holds_on_other_models() {
    let mut model = planned(at_512);
    letter(&mut model, 'x');
    write(&mut model, "200");
    press(&mut model, KeyCode::Enter);
    letter(&mut model, 'T');
    write(&mut model, "12");
    press(&mut model, KeyCode::Enter);
    letter(&mut model, '+');
    letter(&mut model, 'v');
    let chosen = (model.plan.concurrency, model.plan.verify);
    let mut fresh = crate::tui::plan(&FOUR, 30);
    at_512(&mut fresh);
    model.update(Msg::Taken(Ok(Taken { plan: Arc::new(fresh), said: "another".into() })), stage::START);
    assert_eq!(max_tokens(&model.plan), [Some(200), Some(512), Some(512), Some(512)]);
    assert_eq!((model.plan.trials, model.plan.concurrency, model.plan.verify), (12, chosen.0, chosen.1));
}

#[test]
fn a_request_is_copied_and_saved_from_everywhere_and_whose_is_said() {
    let of = |variant| Picked { model: 0, variant };
    let said = |model: &mut Model, expected: Picked, words: &str| {
        assert_eq!(letter(model, 'c'), [Effect::CopyPrompt(expected)], "{words}");
        assert_eq!(letter(model, 'w'), [Effect::SavePrompt(expected)], "{words}");
        model.update(Msg::Copied(expected, Ok(())), stage::START);
        assert!(told(model).starts_with(&format!("copied the request of {words};")), "{words}: {}", told(model));
    };
    let mut model = planned(|_| {});
    press(&mut model, KeyCode::Down);
    said(&mut model, of(1), "concise (selected, nothing was measured)");
    let (mut model, _) = after(&FOUR, 1.0);
    said(&mut model, of(1), "concise (winner)");
    letter(&mut model, '3');
    assert_eq!(letter(&mut model, 'c'), [Effect::CopyPrompt(of(1))], "in every view");
    letter(&mut model, '1');
    let (mut early, _) = after(&FOUR, 0.15);
    let leader = early.judged().verdict.leader.clone().unwrap();
    let at = FOUR.iter().position(|name| *name == leader).unwrap();
    said(&mut early, of(at), &format!("{leader} (leader so far)"));
    press(&mut model, KeyCode::End);
    press(&mut model, KeyCode::Enter);
    said(&mut model, of(3), "minimal (picked)");
    press(&mut model, KeyCode::Esc);
    said(&mut model, of(3), "minimal (picked)");
    model.update(Msg::Copied(of(3), Err("the template fails".into())), stage::START);
    assert!(shown(&model).contains("the template fails"));
}

#[test]
fn a_plan_that_is_refused_says_why_however_small_the_terminal_is() {
    let mut model = planned(|plan| plan.endpoint = Endpoint::Aws);
    letter(&mut model, 'r');
    let rows = (0..30).map(|n| (format!("row {n}"), "value".to_owned())).collect();
    let refusal = Some("it would cost about $3.00, above the cap of $1.00".into());
    model.update(Msg::Estimate(PlanEstimate { rows, warnings: vec!["a warning".into()], refusal }), stage::START);
    for size in [(80, 24), (40, 10), (60, 12)] {
        model.update(Msg::Resize(size.0, size.1), stage::START);
        let shown = text(&drawn(&model, stage::START, size));
        assert!(shown.contains("it cannot start: it would cost"), "{shown}");
        press(&mut model, KeyCode::End);
        let shown = text(&drawn(&model, stage::START, size));
        assert!(shown.contains("a warning") && shown.contains("it cannot start"), "{shown}");
        press(&mut model, KeyCode::Home);
    }
    begin(&mut model);
    assert!(!model.can_start());
}
