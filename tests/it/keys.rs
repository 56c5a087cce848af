//! The `[keys]` table: it binds, its errors point at their place, and the screen names the keys in force.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use quotient::bench::event::Command;
use quotient::tui::keys::Keys;
use quotient::tui::message::{Effect, Msg};
use quotient::tui::model::Model;
use quotient::tui::theme::{Ground, Theme};

use crate::journey::Home;
use crate::pty::Terminal;
use crate::stage;
use crate::tui::{drawn, letter, planned, text};

fn bound(model: &mut Model, entries: &[(&str, &[&str])]) {
    let owned = |(action, keys): &(&str, &[&str])| {
        ((*action).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>())
    };
    let entries: Vec<_> = entries.iter().map(owned).collect();
    model.keys = Arc::new(Keys::default().with(&entries).unwrap());
}

#[test]
fn what_is_bound_works_and_is_what_the_screen_names() {
    let mut model = planned(|_| {});
    bound(&mut model, &[("run", &["R"]), ("help", &["ctrl-h"]), ("trials", &["Z"]), ("models", &[])]);
    assert_eq!(letter(&mut model, 'r'), []);
    let seen = text(&drawn(&model, stage::START, (120, 36)));
    for said in ["R run ", "ctrl-h help", "Z Trials", "nothing was sent yet; R runs"] {
        assert!(seen.contains(said), "{said}: {seen}");
    }
    assert!(!seen.contains("m models"));
    assert!(matches!(letter(&mut model, 'R').as_slice(), [Effect::Tell(Command::Start(_))]));
    letter(&mut model, 'Z');
    assert_eq!(model.view, quotient::tui::view::View::Trials);
    model.update(Msg::Key(KeyEvent::new(KeyCode::Char('h'), KeyModifiers::CONTROL)), stage::START);
    let seen = text(&drawn(&model, stage::START, (120, 60)));
    assert!(seen.contains("ctrl-h") && seen.contains("the models that may be called here"), "{seen}");
}

#[test]
fn nothing_is_bound_so_nothing_is_named() {
    let mut model = planned(|_| {});
    bound(&mut model, &[("run", &[])]);
    assert!(text(&drawn(&model, stage::START, (80, 24))).contains("nothing was sent yet"));
    assert!(!text(&drawn(&model, stage::START, (80, 24))).contains("r run"));
}

#[test]
fn light_and_dark_are_a_key_apart() {
    let mut model = planned(|_| {});
    letter(&mut model, 't');
    assert_eq!(model.theme, Theme { ground: Ground::Light, ..Theme::DARK });
    letter(&mut model, 't');
    assert_eq!(model.theme, Theme::DARK);
}

#[test]
fn errors_point_at_file_line_and_key() {
    let home = Home::new();
    let wrong = "[keys]\nrum = \"x\"\nstop = [\"s\", \"spcae\"]\nexport = 3\n";
    std::fs::write(home.path("variants.toml"), format!("{}\n{wrong}", quotient::config::BUILT_IN)).unwrap();
    let output = home.run(&["check"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("an action has a key") && said.contains("export = 3"), "{said}");
    std::fs::write(
        home.path("variants.toml"),
        format!("{}\n{}", quotient::config::BUILT_IN, wrong.replace("export = 3\n", "")),
    )
    .unwrap();
    let output = home.run(&["check"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    for part in
        ["there is no action `rum`", "did you mean `run`?", "there is no key \"spcae\"", "did you mean \"space\"?"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.contains("variants.toml:"), "{said}");
}

#[test]
fn a_users_own_keys_hold_for_every_plan_and_a_plans_go_over_them() {
    let home = Home::new();
    let own = home.path(".config/quotient");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("keys.toml"), "[keys]\nquit = \"Q\"\nhelp = \"H\"\n").unwrap();
    std::fs::write(home.path("variants.toml"), format!("{}\n[keys]\nhelp = \"f1\"\n", quotient::config::BUILT_IN))
        .unwrap();
    let mut terminal = Terminal::open(&home, &["--theme", "light", "--colours", "16", "--ascii"], 24, 80);
    terminal.see("Q quit");
    terminal.see("f1 help");
    terminal.press("q");
    terminal.press("Q");
    assert_eq!(terminal.end(), 0);
}
