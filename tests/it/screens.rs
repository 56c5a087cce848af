//! The pictures under `screenshots/` are golden files, made from a recorded run: `BLESS=1 cargo test` rewrites them.

use std::path::Path;

use crossterm::event::KeyCode;
use quotient::bench::event::Event;
use quotient::bench::tally::Tally;
use quotient::export::dashboard::picture;
use quotient::journal::pages::Pages;
use quotient::journal::player;
use quotient::tui::message::{Effect, Msg};
use quotient::tui::model::Model;
use quotient::tui::theme::Theme;

use crate::journey::data;

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

#[test]
fn the_dashboard() {
    let entries = recorded().entries;
    let plan = entries.iter().find_map(|entry| match &entry.event {
        Event::RunStarted { plan, .. } => Some(plan.clone()),
        _ => None,
    });
    let fold = |upto: usize| {
        let mut tally = Tally::planned(plan.clone().unwrap());
        entries[..upto].iter().for_each(|entry| tally.apply(entry));
        Model::over(tally, Theme::DARK)
    };
    let (whole, half) = (fold(entries.len()), fold(entries.len() / 2));
    golden("dashboard.svg", &picture(&whole, (120, 36), true, Theme::DARK));
    golden("dashboard-light.svg", &picture(&whole, (120, 36), false, Theme::LIGHT));
    golden("dashboard-80x24.svg", &picture(&whole, (80, 24), true, Theme::DARK));
    golden("dashboard-200x50.svg", &picture(&whole, (200, 50), true, Theme::DARK));
    golden("dashboard-running.svg", &picture(&half, (120, 36), true, Theme::DARK));

    let mut trials = whole;
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
