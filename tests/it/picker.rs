//! The dashboard's list of models: what its keys ask for, what it shows, and what becomes of the plan.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use quotient::bench::event::{Ended, Event};
use quotient::bench::model::ModelId;
use quotient::bench::plan::ModelPlan;
use quotient::bench::quota::LimitSource;
use quotient::bench::tally::Phase;
use quotient::tui::message::{Effect, Msg};
use quotient::tui::model::{Model, Overlay};
use quotient::tui::picker::{ModelList, ModelRow, Picker, Taken};
use quotient::tui::theme::{Colours, Theme};

use crate::stage;
use crate::tui::{FOUR, SIZES, after, drawn, golden_at, heard, letter, planned, press, text};

/// So many made-up models, before them some that are like real ones.
pub(crate) fn list(made_up: usize) -> ModelList {
    let row = |id: &str, state: &str, ends: Option<&str>, rpm: Option<f64>, tpm: f64, price| ModelRow {
        id: id.into(),
        base: ModelId::parse(id).base().into(),
        scope: ModelId::parse(id).scope().name(),
        streams: Some(!id.starts_with("ai21")),
        state: Some(state.into()),
        ends: ends.map(Into::into),
        rpm: rpm.map(|rpm| (rpm, LimitSource::Applied)),
        tpm: Some((tpm, LimitSource::Default)),
        price,
        advice: ends.map(|day| format!("It ends on {day}; its successor here is ai21.jamba-1-5-mini-v1:0.")),
    };
    let mut rows = vec![
        row("ai21.j2-mid-v1", "legacy", Some("2026-12-31"), Some(400.0), 300_000.0, None),
        row("amazon.nova-lite-v1:0", "active", None, Some(2_000.0), 4_000_000.0, Some((0.06, 0.24))),
        row("us.amazon.nova-lite-v1:0", "active", None, Some(4_000.0), 8e6, Some((0.06, 0.24))),
        row("anthropic.claude-3-sonnet-20240229-v1:0", "active", None, Some(150.0), 90_000.0, Some((3.0, 15.0))),
        row("global.anthropic.claude-sonnet-5", "active", None, None, 60e6, Some((2.0, 10.0))),
    ];
    rows.push(ModelRow {
        base: "amazon.nova-pro-v1:0".into(),
        ..row(
            "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
            "active",
            None,
            Some(250.0),
            1e6,
            Some((0.8, 3.2)),
        )
    });
    rows.extend((0..made_up).map(|n| row(&format!("maker.model-{n:03}"), "active", None, Some(10.0), 1e3, None)));
    ModelList { rows, notes: vec!["A model that is listed may still await access.".into()] }
}

/// The model's plan on the models with these ids.
pub(crate) fn taken(model: &Model, ids: &[String]) -> Taken {
    let mut plan = (*model.plan).clone();
    plan.models = ids.iter().map(|id| ModelPlan::of(ModelId::parse(id))).collect();
    plan.variants.iter_mut().for_each(|variant| variant.included = true);
    Taken { plan: Arc::new(plan), said: format!("{} models", ids.len()) }
}

fn hear(model: &mut Model, message: Msg) {
    assert_eq!(model.update(message, stage::START), []);
}

fn open(made_up: usize) -> Model {
    let mut model = planned(|_| {});
    assert_eq!(letter(&mut model, 'm'), [Effect::ListModels]);
    hear(&mut model, Msg::Models(Ok(list(made_up))));
    model
}

fn write(model: &mut Model, letters: &str) {
    for c in letters.chars() {
        assert_eq!(letter(model, c), []);
    }
}

fn picker(model: &Model) -> &Picker {
    model.picker().expect("the picker is open")
}

fn takes(ids: &[&str]) -> Vec<Effect> {
    vec![Effect::TakeModels(ids.iter().map(|id| (*id).to_owned()).collect())]
}

fn shown(model: &Model) -> String {
    text(&drawn(model, stage::START, (80, 24)))
}

#[test]
fn screens_of_the_list() {
    let mut model = open(40);
    write(&mut model, "j  ");
    write(&mut model, "k ");
    golden_at("models", &model, stage::START, &[(80, 24), (120, 36), (200, 50), (40, 10)]);
    write(&mut model, "/NOVA");
    golden_at("models-filter", &model, stage::START, &[(80, 24)]);
    model.theme = Theme { colours: Colours::None, ascii: true, ..Theme::DARK };
    write(&mut model, "-x");
    let buffer = drawn(&model, stage::START, (80, 24));
    assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii() && cell.fg == Default::default()));
    assert!(text(&buffer).contains(">   use \"NOVA-x\" as the model id"), "{}", text(&buffer));
}

#[test]
fn the_list_is_read_once_and_again_where_it_could_not_be() {
    let mut model = planned(|_| {});
    assert_eq!(letter(&mut model, 'm'), [Effect::ListModels]);
    assert!(shown(&model).contains("reading which models"), "{}", shown(&model));
    assert_eq!(press(&mut model, KeyCode::Enter), [], "there is nothing to take yet");
    write(&mut model, "/nova");
    assert!(!shown(&model).contains("use «nova»"), "the list may have it");
    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.overlay, None);
    assert_eq!(letter(&mut model, 'm'), [], "it is being read already");

    hear(&mut model, Msg::Models(Err("AccessDenied: bedrock:ListFoundationModels is not allowed.".into())));
    let text = shown(&model);
    assert!(text.contains("cannot be read") && text.contains("bedrock:ListFoundationModels is not allowed"), "{text}");
    write(&mut model, "/us.maker.new");
    assert!(shown(&model).contains("use «us.maker.new» as the model id"), "{}", shown(&model));
    assert_eq!(press(&mut model.clone(), KeyCode::Enter), takes(&["us.maker.new"]));

    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::Esc);
    assert_eq!(letter(&mut model, 'm'), [Effect::ListModels], "once more");
    hear(&mut model, Msg::Models(Ok(list(0))));
    press(&mut model, KeyCode::Esc);
    assert_eq!(letter(&mut model, 'm'), [], "now it is known");
    assert!(shown(&model).contains("6 ids"), "{}", shown(&model));
}

#[test]
fn the_selection_begins_at_the_plans_model_and_never_leaves_the_list() {
    let mut model = open(300);
    assert_eq!(picker(&model).cursor, 3);
    let page = 13;
    for (code, cursor) in [
        (KeyCode::Down, 4),
        (KeyCode::Char('j'), 5),
        (KeyCode::Char('k'), 4),
        (KeyCode::Up, 3),
        (KeyCode::Home, 0),
        (KeyCode::Up, 0),
        (KeyCode::PageDown, page),
        (KeyCode::PageUp, 0),
        (KeyCode::End, 305),
        (KeyCode::Down, 305),
        (KeyCode::Char('g'), 0),
        (KeyCode::Char('G'), 305),
    ] {
        press(&mut model, code);
        assert_eq!(picker(&model).cursor, cursor, "after {code:?}");
    }
    assert!(shown(&model).contains("▸   maker.model-299"), "{}", shown(&model));
    press(&mut model, KeyCode::Home);
    assert!(shown(&model).contains("its successor here is ai21.jamba-1-5-mini-v1:0"), "{}", shown(&model));
    assert_eq!(model.cursor, 0, "the variants' selection stays");
}

#[test]
fn a_filter_is_typed_cleared_and_closed() {
    let mut model = open(20);
    write(&mut model, "/gj");
    assert_eq!(picker(&model).filter, "gj", "letters are letters while one types");
    press(&mut model, KeyCode::Backspace);
    press(&mut model, KeyCode::Backspace);
    press(&mut model, KeyCode::Backspace);
    write(&mut model, "Nova");
    assert_eq!(picker(&model).found, [1, 2, 5], "capital letters or not; a profile by what it wraps");
    press(&mut model, KeyCode::Down);
    assert_eq!(press(&mut model.clone(), KeyCode::Enter), takes(&["us.amazon.nova-lite-v1:0"]));
    write(&mut model, "/q?");
    assert_eq!((picker(&model).found.len(), picker(&model).filter.as_str()), (0, "Nova/q?"));
    assert_eq!(
        press(&mut model.clone(), KeyCode::Enter),
        takes(&["Nova/q?"]),
        "whether it is an id is not ours to say"
    );
    press(&mut model, KeyCode::Esc);
    assert_eq!((picker(&model).found.len(), picker(&model).cursor), (26, 3));
    assert_eq!(letter(&mut model.clone(), 'q'), [Effect::Quit], "and keys are keys again");
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.overlay, None);
    let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    let mut typing = open(0);
    write(&mut typing, "/a");
    assert_eq!(typing.update(Msg::Key(ctrl_c), stage::START), [Effect::Quit]);
}

#[test]
fn several_are_marked_in_order_and_typed_ones_too() {
    let mut model = open(3);
    press(&mut model, KeyCode::End);
    write(&mut model, " g j j ");
    assert_eq!(picker(&model).marked.len(), 4);
    write(&mut model, "k ");
    assert_eq!(picker(&model).marked.len(), 3, "a second time takes the mark away");
    write(&mut model, "/eu.maker.hidden ");
    assert!(shown(&model).contains("4 marked, 0 of 9"), "{}", shown(&model));
    press(&mut model, KeyCode::Esc);
    let ids = ["maker.model-002", "ai21.j2-mid-v1", "us.amazon.nova-lite-v1:0", "eu.maker.hidden"];
    assert_eq!(press(&mut model, KeyCode::Enter), takes(&ids));
}

#[test]
fn a_plan_on_other_models_takes_the_place_of_the_old_one() {
    let (mut model, _) = after(&FOUR, 1.0);
    press(&mut model, KeyCode::Down);
    letter(&mut model, ' ');
    letter(&mut model, 'b');
    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::Home);
    press(&mut model, KeyCode::Down);
    let cursor = model.cursor;
    letter(&mut model, 'm');
    hear(&mut model, Msg::Models(Ok(list(0))));
    let ids = ["us.amazon.nova-lite-v1:0".to_owned(), "ai21.j2-mid-v1".to_owned()];
    write(&mut model, "/nova-l");
    press(&mut model, KeyCode::Down);
    write(&mut model, " ");
    press(&mut model, KeyCode::Esc);
    write(&mut model, "g ");
    assert_eq!(press(&mut model, KeyCode::Enter), [Effect::TakeModels(ids.to_vec())]);
    assert!(shown(&model).contains("detecting the quota"), "{}", shown(&model));
    assert_eq!(press(&mut model, KeyCode::Enter), [], "once is enough");
    assert!(matches!(model.tally.phase, Phase::Finished(_)), "until there is a plan, the results stay");
    let mut closed = model.clone();
    press(&mut closed, KeyCode::Esc);
    assert_eq!(letter(&mut closed, 'r'), [], "no run of the old plan in the session of the new one");
    assert_eq!(letter(&mut closed, 'm'), []);

    let said = taken(&model, &ids);
    hear(&mut model, Msg::Taken(Ok(said)));
    assert_eq!((model.overlay.as_ref(), model.tally.phase, model.tally.run.as_ref()), (None, Phase::Planned, None));
    assert_eq!((model.tally.models.len(), model.picked, model.cursor), (2, None, cursor));
    assert!(!model.plan.variants[1].included, "what was excluded stays excluded");
    let text = shown(&model);
    assert!(text.contains("us.amazon.nova-lite-v1:0 (1 of 2)") && text.contains("▸ 2 models"), "{text}");
    heard(&mut model, Event::QuotaDetected { model: 1, quota: stage::quota(), notes: Vec::new() });
    letter(&mut model, 'n');
    assert!(shown(&model).contains("L-4C35BB2A applied"), "{}", shown(&model));
    let started = letter(&mut model, 'r');
    assert!(matches!(started.as_slice(), [Effect::Tell(_)]), "{started:?}");
}

#[test]
fn what_cannot_be_taken_leaves_all_as_it_was_and_says_why() {
    let mut model = open(0);
    assert_eq!(press(&mut model, KeyCode::Enter).len(), 1);
    let before = Arc::clone(&model.plan);
    hear(&mut model, Msg::Taken(Err("no variant is for ai21.j2-mid-v1".into())));
    assert!(shown(&model).contains("no variant is for ai21.j2-mid-v1"), "{}", shown(&model));
    assert_eq!(model.plan, before);
    press(&mut model, KeyCode::Down);
    assert!(!shown(&model).contains("no variant is for"), "it was about the choice before");
    assert_eq!(press(&mut model, KeyCode::Enter).len(), 1, "and can be tried again");
    press(&mut model, KeyCode::Esc);
    hear(&mut model, Msg::Taken(Err("the region is unknown".into())));
    assert!(shown(&model).contains("the region is unknown"), "{}", shown(&model));
    assert!(matches!(letter(&mut model, 'r').as_slice(), [Effect::Tell(_)]));
}

#[test]
fn while_a_run_is_on_the_list_is_only_read() {
    let (mut model, _) = after(&FOUR, 0.5);
    letter(&mut model, 'm');
    hear(&mut model, Msg::Models(Ok(list(0))));
    assert_eq!(press(&mut model, KeyCode::Enter), []);
    assert!(shown(&model).contains("a run is on: models wait for its end"), "{}", shown(&model));
    heard(&mut model, Event::RunFinished { ended: Ended::Complete, reason: None });
    assert_eq!(press(&mut model, KeyCode::Enter).len(), 1);
}

#[test]
fn hostile_lists_cannot_act_on_the_terminal() {
    let mut model = planned(|_| {});
    letter(&mut model, 'm');
    let mut hostile = list(0);
    hostile.rows[0].id = "\u{1b}[2J\u{202e}evil\u{9b}31m".into();
    hostile.rows[0].state = Some("\u{1b}]0;x\u{7}".into());
    hostile.rows[0].ends = Some("\u{9b}1m".into());
    hostile.rows[0].advice = Some("\u{1b}]8;;x\u{7}".into());
    hostile.rows[0].rpm = Some((f64::NAN, LimitSource::Assumed));
    hostile.rows[0].tpm = Some((f64::INFINITY, LimitSource::Assumed));
    hostile.notes = vec!["\u{1b}c".into()];
    hear(&mut model, Msg::Models(Ok(hostile)));
    press(&mut model, KeyCode::Home);
    for trouble in [false, true] {
        if trouble {
            hear(&mut model, Msg::Taken(Err("\u{1b}[1m".into())));
            write(&mut model, "/\u{202e}");
        }
        for size in SIZES {
            let buffer = drawn(&model, stage::START, size);
            let bad = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}');
            assert!(buffer.content.iter().all(|cell| !cell.symbol().chars().any(bad)), "{}", text(&buffer));
        }
    }
    assert!(matches!(model.overlay, Some(Overlay::Models(_))));
}
