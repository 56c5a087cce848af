//! The pictures under `screenshots/` are golden files, made from a recorded run: `BLESS=1 cargo test` rewrites them.

use std::path::Path;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use quotient::bench::event::Event;
use quotient::bench::tally::Tally;
use quotient::cli::desk;
use quotient::export::dashboard::picture;
use quotient::journal::pages::Pages;
use quotient::journal::player;
use quotient::tui::message::{Effect, Msg};
use quotient::tui::model::Model;
use quotient::tui::theme::{Colours, Theme};
use quotient::tui::view::{VIEWS, View};

use crate::journey::{Home, data, ok};

/// A whole run of the shipped configuration against the simulator, as it was recorded.
fn recorded() -> player::Played {
    player::read(Path::new(&data("journals/summarize.jsonl"))).unwrap()
}

fn golden(name: &str, contents: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, contents).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == contents, "{name} is not what the program draws now: look at it, then BLESS=1 cargo test");
}

#[test]
fn the_charts() {
    let (tally, _) = player::tally(Path::new(&data("journals/summarize.jsonl"))).unwrap();
    let files = (quotient::export::format("svg").unwrap().render)(&tally);
    assert!(files.len() >= 10);
    for file in files.iter().filter(|file| !file.name.starts_with("screen")) {
        golden(&file.name, &file.contents);
    }
}

/// The dashboard after this share of the recorded run.
fn after(share: f64) -> Model {
    let entries = recorded().entries;
    let plan = entries.iter().find_map(|entry| match &entry.event {
        Event::RunStarted { plan, .. } => Some(plan.clone()),
        _ => None,
    });
    let mut tally = Tally::planned(plan.unwrap());
    let upto = (entries.len() as f64 * share) as usize;
    entries[..upto].iter().for_each(|entry| tally.apply(entry));
    Model::over(tally, Theme::DARK)
}

/// Every view, as the run stood then, in several sizes and looks; what stands in the README is among them.
#[test]
fn every_view() {
    let (half, whole) = (after(0.6), after(1.0));
    for (row, key) in VIEWS.iter().zip('1'..) {
        // Gauges and timelines are of a run that is on, the rest is of its end.
        let mut model = if row.view == View::Quota { half.clone() } else { whole.clone() };
        let now = model.tally.last_at;
        model.update(Msg::Key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)), now);
        assert_eq!(model.view, row.view);
        let name = row.name.to_lowercase();
        let ascii = Theme { colours: Colours::None, ascii: true, ..Theme::DARK };
        for (suffix, size, dark, theme) in [
            ("", (120, 36), true, Theme::DARK),
            ("-light", (120, 36), false, Theme::LIGHT),
            ("-80x24", (80, 24), true, Theme::DARK),
            ("-200x50", (200, 50), true, Theme::DARK),
            ("-16", (100, 30), true, Theme { colours: Colours::Ansi16, ..Theme::DARK }),
            ("-256-light", (100, 30), false, Theme { colours: Colours::Ansi256, ..Theme::LIGHT }),
            ("-ascii", (80, 24), true, ascii),
        ] {
            golden(&format!("views/{name}{suffix}.svg"), &picture(&model, size, dark, theme));
        }
    }
}

#[test]
fn the_dashboard_while_a_run_is_on() {
    golden("views/dashboard-running.svg", &picture(&after(0.5), (120, 36), true, Theme::DARK));
}

#[test]
fn the_trials_and_one_of_them() {
    let mut trials = after(1.0);
    trials.update(Msg::Resize(120, 36), trials.tally.last_at);
    pressed(&mut trials, "3/e2e>4s\n>>>>>>>>>gjj");
    golden("trials.svg", &picture(&trials, (120, 36), true, Theme::DARK));
    pressed(&mut trials, "\n");
    golden("trial.svg", &picture(&trials, (120, 36), false, Theme::LIGHT));
}

/// Presses keys, and answers from the journal what they ask for.
fn pressed(model: &mut Model, keys: &str) {
    let mut pages = Pages::open(Path::new(&data("journals/summarize.jsonl"))).unwrap();
    pages.read().unwrap();
    for key in keys.chars() {
        let code = if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) };
        let mut effects = model.update(Msg::Key(code.into()), model.tally.last_at);
        while let Some(effect) = effects.pop() {
            let answer = match effect {
                Effect::Page(ask) => Msg::Rows { number: ask.number, again: ask.again, page: Ok(pages.page(&ask)) },
                Effect::Trial(id) => Msg::Trial(id, Ok(pages.trial(id).unwrap())),
                other => panic!("{other:?}"),
            };
            effects.extend(model.update(answer, model.tally.last_at));
        }
    }
}

#[test]
fn the_plan() {
    let entries = recorded().entries;
    let mut model = Model::new(after(0.0).plan, Theme::DARK);
    model.update(Msg::Resize(120, 36), Duration::ZERO);
    let detected = entries.into_iter().filter(|entry| matches!(entry.event, Event::QuotaDetected { .. }));
    model.update(Msg::Entries(detected.collect()), Duration::ZERO);
    let effects = model.update(Msg::Key(KeyCode::Char('p').into()), Duration::ZERO);
    let [Effect::Estimate(asked)] = effects.as_slice() else { panic!("{effects:?}") };
    let quotas: Vec<_> = model.tally.models.iter().map(|of| of.quota.clone()).collect();
    let estimate = desk::estimated((**asked).clone(), &quotas, None);
    model.update(Msg::Estimate(estimate), Duration::ZERO);
    golden("plan.svg", &picture(&model, (120, 36), true, Theme::DARK));
    model.update(Msg::Resize(80, 24), Duration::ZERO);
    golden("views/plan-80x24.svg", &picture(&model, (80, 24), true, Theme::DARK));
    golden("views/plan-light.svg", &picture(&model, (120, 36), false, Theme::LIGHT));
}

#[test]
fn the_replay() {
    let keys = "start=r,35%=4,55%=1,end=5,end=1,end=b,end=esc";
    let journal = data("journals/summarize.jsonl");
    let svg = ok(&Home::new().run(&["replay", &journal, "--svg", "-", "--keys", keys]));
    // It is loaded with the README.
    assert!(svg.len() < 400_000, "{} bytes", svg.len());
    golden("replay.svg", &svg);
}
