//! The views: a key each, panels between which tab goes, a log that stays where it was left, a verdict that scrolls.

use std::time::Duration;

use crossterm::event::KeyCode;
use quotient::bench::event::{Entry, Event, NoteLevel, RetireCause};
use quotient::bench::fault::{Fault, FaultKind};
use quotient::bench::sample::Trial;
use quotient::tui::message::Msg;
use quotient::tui::model::Model;
use quotient::tui::theme::{Colours, Theme};
use quotient::tui::view::{Panel, VIEWS, View};

use crate::stage;
use crate::tui::{FOUR, SIZES, after, drawn, golden_at, heard, letter, planned, press, text};

fn shown(model: &Model, now: Duration, size: (u16, u16)) -> String {
    text(&drawn(model, now, size))
}

fn told(model: &mut Model, seq: u64, event: Event) {
    model.update(Msg::Entries(vec![Entry { seq, at: stage::START, event }]), stage::START);
}

fn noted(model: &mut Model, seq: u64) {
    told(model, seq, Event::Noted { level: NoteLevel::Info, text: format!("note {seq}") });
}

#[test]
fn every_view_has_its_key_and_its_tab() {
    let (mut model, now) = after(&FOUR, 0.6);
    for (row, key) in VIEWS.iter().zip('1'..) {
        letter(&mut model, key);
        assert_eq!(model.view, row.view);
        let seen = shown(&model, now, (80, 24));
        assert!(seen.contains(&format!("▐{key} {}▌", row.name)), "{seen}");
        assert_eq!(seen.contains("esc back"), row.view != View::Dashboard, "{seen}");
        assert!(shown(&model, now, (40, 16)).contains(&format!("▐{key} {}▌", row.name)), "also where it is narrow");
        // What goes on is said in each of them.
        assert!(seen.contains("in flight"), "{seen}");
    }
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.view, View::Dashboard);
}

#[test]
fn tab_goes_between_panels_and_the_arrows_are_about_the_one_that_is_marked() {
    let (mut model, now) = after(&FOUR, 1.0);
    model.update(Msg::Resize(80, 24), now);
    for (panel, head) in [(Panel::About, "▸ detailed"), (Panel::Ranking, "▸ Verdict"), (Panel::Log, "▸ the run")]
    {
        press(&mut model, KeyCode::Tab);
        assert_eq!(model.panel(), panel);
        assert!(shown(&model, now, (80, 24)).contains(head), "{}", shown(&model, now, (80, 24)));
    }
    press(&mut model, KeyCode::BackTab);
    let before = shown(&model, now, (80, 24));
    press(&mut model, KeyCode::Down);
    assert_ne!(shown(&model, now, (80, 24)), before, "the verdict scrolls");
    assert_eq!(model.cursor, 0, "and the selection stays");
    press(&mut model, KeyCode::End);
    let end = model.scroll;
    press(&mut model, KeyCode::PageDown);
    assert_eq!(model.scroll, end, "not beyond its end");
    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::Down);
    assert_eq!((model.panel(), model.cursor, model.scroll), (Panel::Variants, 1, 0));
}

#[test]
fn the_verdict() {
    let (mut model, now) = after(&FOUR, 0.9);
    let reason = "concise is better by 60 % (20 to 90)".to_owned();
    let retired = Event::VariantRetired { variant: 3, model: Some(0), reason, cause: RetireCause::Lost, by: None };
    heard(&mut model, retired);
    letter(&mut model, '5');
    golden_at("verdict", &model, now, &SIZES);
    model.update(Msg::Resize(80, 24), now);
    press(&mut model, KeyCode::End);
    let seen = shown(&model, now, (80, 24));
    assert!(seen.contains("after 27 trials: concise is better by 60 % (20 to 90)"), "{seen}");
}

#[test]
fn the_log() {
    let (mut model, now) = after(&["detailed", "concise", "broken"], 1.0);
    letter(&mut model, '6');
    golden_at("log", &model, now, &[(80, 24), (120, 36)]);
    model.theme = Theme { colours: Colours::None, ascii: true, ..Theme::DARK };
    assert!(drawn(&model, now, (80, 24)).content.iter().all(|cell| cell.symbol().is_ascii()));
}

#[test]
fn the_log_stays_where_it_was_left() {
    let mut model = planned(|_| {});
    (1..=50).for_each(|seq| noted(&mut model, seq));
    letter(&mut model, '6');
    let top = |model: &Model| shown(model, stage::START, (80, 24)).lines().nth(4).unwrap().to_owned();
    assert!(top(&model).contains("note 50"), "{}", top(&model));
    press(&mut model, KeyCode::Down);
    press(&mut model, KeyCode::Down);
    noted(&mut model, 51);
    noted(&mut model, 52);
    assert!(top(&model).contains("note 48"), "{}", top(&model));
    assert!(shown(&model, stage::START, (80, 24)).contains("4 newer lines above"));
    press(&mut model, KeyCode::Home);
    noted(&mut model, 53);
    assert!(top(&model).contains("note 53"), "at its top it follows");
}

#[test]
fn the_log_is_filtered() {
    let mut model = planned(|_| {});
    (1..=50).for_each(|seq| noted(&mut model, seq));
    letter(&mut model, '6');
    letter(&mut model, '/');
    for typed in "E 4q".chars() {
        letter(&mut model, typed);
    }
    assert_eq!((model.view, model.log.filter.text.as_str()), (View::Log, "E 4q"), "letters are letters");
    assert!(shown(&model, stage::START, (80, 24)).contains("no line has this"));
    press(&mut model, KeyCode::Backspace);
    press(&mut model, KeyCode::Enter);
    let seen = shown(&model, stage::START, (80, 24));
    assert!(seen.contains("Log: E 4 ") && seen.contains("note 49") && !seen.contains("note 50"), "{seen}");
    letter(&mut model, '1');
    letter(&mut model, '6');
    press(&mut model, KeyCode::Esc);
    assert!(shown(&model, stage::START, (80, 24)).contains("note 50"));
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.view, View::Dashboard);
}

#[test]
fn a_storm_of_throttles_is_one_line() {
    let mut model = planned(|_| {});
    noted(&mut model, 1);
    for seq in 2..40 {
        let trial = Trial { id: seq, model: 0, variant: 1, case: 0, block: 0, warmup: false };
        let fault = Fault::new(FaultKind::Throttled, "Too many tokens, please wait");
        let backoff = Some(Duration::from_secs(1));
        told(&mut model, seq, Event::InvocationFailed { trial, attempt: 1, fault, settled: 0, backoff });
    }
    for keys in ["1", "6"] {
        letter(&mut model, keys.chars().next().unwrap());
        let seen = shown(&model, stage::START, (120, 36));
        assert!(seen.contains("38 times, last: concise: Throttled") && seen.contains("note 1"), "{seen}");
        assert_eq!(seen.matches("Throttled").count(), 1, "{seen}");
    }
}

#[test]
fn more_and_fewer_at_once_undo_each_other() {
    use quotient::bench::event::Command;
    use quotient::bench::plan::Concurrency;
    use quotient::tui::message::Effect;
    let (mut model, _) = after(&FOUR, 0.5);
    heard(&mut model, Event::ConcurrencySet { model: 0, concurrency: 4 });
    let mut set = |key: char| match letter(&mut model, key).as_slice() {
        [Effect::Tell(Command::SetConcurrency(Concurrency::Fixed(n)))] => {
            let n = *n;
            heard(&mut model, Event::ConcurrencySet { model: 0, concurrency: n });
            n
        }
        other => panic!("{other:?}"),
    };
    let up: Vec<u32> = (0..50).map(|_| set('+')).collect();
    assert_eq!((&up[..6], up[49]), (&[5, 6, 7, 8, 10, 12][..], 4_096));
    let down: Vec<u32> = (0..60).map(|_| set('-')).collect();
    assert_eq!((down[0], down[59]), (3_584, 1));
    assert!(up.windows(2).all(|pair| pair[0] == pair[1] || down.contains(&pair[0])), "the same rungs: {down:?}");
}

#[test]
fn twenty_variants() {
    let names: Vec<String> = (1..=20).map(|n| format!("variant-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (mut model, now) = after(&names, 1.0);
    golden_at("twenty", &model, now, &[(80, 24), (120, 36)]);
    letter(&mut model, '5');
    golden_at("twenty-verdict", &model, now, &[(80, 24)]);
    let (model, now) = after(&FOUR[..2], 1.0);
    golden_at("two", &model, now, &[(80, 24), (120, 36)]);
}

#[test]
fn the_quota() {
    let (mut model, now) = after(&FOUR, 0.6);
    let effects = letter(&mut model, '4');
    assert_eq!(
        effects,
        [quotient::tui::message::Effect::ListModels],
        "where there is room is read when it is looked at"
    );
    model.update(Msg::Models(Ok(crate::picker::list(12))), now);
    assert_eq!(letter(&mut model, '4'), [], "once");
    golden_at("quota", &model, now, &SIZES);
    model.update(Msg::Resize(80, 24), now);
    press(&mut model, KeyCode::End);
    let seen = shown(&model, now, (80, 24));
    assert!(seen.contains("est: as if they took as many tokens"), "everything can be scrolled to: {seen}");
    model.theme = Theme { colours: Colours::None, ascii: true, ..Theme::DARK };
    let buffer = drawn(&model, now, (80, 24));
    assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()), "{}", text(&buffer));
}

#[test]
fn the_variant() {
    let (mut model, now) = after(&["detailed", "concise", "broken"], 1.0);
    letter(&mut model, '2');
    golden_at("variant", &model, now, &SIZES);
    let seen = shown(&model, now, (200, 50));
    for said in ["max_words 120", "rejected 6 of 30", "131 words, at most 120", "Prompt as it is sent", "p50"] {
        assert!(seen.contains(said), "{said} is missing: {seen}");
    }
    press(&mut model, KeyCode::Right);
    assert!(shown(&model, now, (120, 36)).contains("winner by throughput, 99 % sure"));
    model.update(Msg::Resize(80, 24), now);
    press(&mut model, KeyCode::End);
    assert!(model.scroll > 0, "what does not fit can be scrolled to");
    press(&mut model, KeyCode::Right);
    assert_eq!(model.scroll, 0);
    let seen = shown(&model, now, (120, 36));
    assert!(seen.contains("every trial failed") && seen.contains("Malformed input request"), "{seen}");
    press(&mut model, KeyCode::Right);
    assert_eq!(model.cursor, 0, "after the last comes the first");
    model.theme = Theme { colours: Colours::None, ascii: true, ..Theme::DARK };
    let buffer = drawn(&model, now, (80, 24));
    assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii()), "{}", text(&buffer));
    let mut model = planned(|_| {});
    letter(&mut model, '2');
    assert!(shown(&model, now, (120, 36)).contains("nothing was measured so far"));
}

#[test]
fn rejected_answers_are_a_key_away() {
    let (mut model, now) = after(&FOUR, 1.0);
    for view in ['1', '2', '5'] {
        letter(&mut model, view);
        assert!(shown(&model, now, (200, 50)).contains("d rejected"));
    }
    press(&mut model, KeyCode::Esc);
    press(&mut model, KeyCode::Down);
    letter(&mut model, 'd');
    assert_eq!(model.view, View::Trials);
    assert_eq!(model.trials.filter.text, "outcome:rejected variant=\"concise\"");
    letter(&mut model, '4');
    assert_eq!(letter(&mut model, 'd'), [], "nothing is selected there");
    let (mut model, _) = after(&["broken"], 1.0);
    letter(&mut model, 'd');
    assert_eq!(model.view, View::Dashboard, "there is none");
}

#[test]
fn the_mouse_selects_views_and_variants_and_its_wheel_moves() {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let (mut model, now) = after(&FOUR, 1.0);
    model.update(Msg::Resize(80, 24), now);
    let left = MouseEventKind::Down(MouseButton::Left);
    let mut mouse = |kind, word: &str| {
        let seen = shown(&model, now, (80, 24));
        let (row, line) = seen.lines().enumerate().find(|(_, line)| line.contains(word)).unwrap();
        let column = line[..line.find(word).unwrap()].chars().count();
        let event = MouseEvent { kind, column: column as u16, row: row as u16, modifiers: KeyModifiers::NONE };
        model.update(Msg::Mouse(event), now);
        (model.view, model.cursor)
    };
    assert_eq!(mouse(left, "● structured"), (View::Dashboard, 2));
    assert_eq!(mouse(MouseEventKind::ScrollUp, "● structured"), (View::Dashboard, 1));
    assert_eq!(mouse(left, "RPM"), (View::Dashboard, 1), "nothing is there to click");
    assert_eq!(mouse(left, "Verdict"), (View::Verdict, 1));
    assert_eq!(mouse(left, "1 Dash"), (View::Dashboard, 1));
}

#[test]
fn the_shell_is_a_key_away_but_not_while_something_is_measured() {
    use crossterm::event::{KeyEvent, KeyModifiers};
    use quotient::tui::message::Effect;
    let suspend = Msg::Key(KeyEvent::new(KeyCode::Char('z'), KeyModifiers::CONTROL));
    let mut model = planned(|_| {});
    assert_eq!(model.update(suspend.clone(), stage::START), [Effect::Suspend]);
    let (mut model, now) = after(&FOUR, 0.5);
    assert_eq!(model.update(suspend, now), []);
    assert!(shown(&model, now, (80, 24)).contains("a run is on: it would be measured wrongly"));
}
