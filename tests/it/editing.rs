//! A variant is edited in the user's editor, in a pseudo-terminal: it comes back, runs beside the others, and nothing
//! that was typed is lost or heard by the wrong program.

use std::os::unix::fs::PermissionsExt;

use crate::journey::{Home, data};
use crate::pty::Terminal;

/// The dashboard on the variant `concise`, with a shell script as the editor.
fn open(home: &Home, scenario: &str, script: &str, trials: &str) -> Terminal {
    let path = home.path("editor");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::create_dir_all(home.path("tmp")).unwrap();
    let scenario = data(scenario);
    let mut command =
        Terminal::command(home, &["--scenario", &scenario, "--trials", trials, "--variant", "concise", "--no-racing"]);
    // A name with an argument, as `code --wait` is one.
    command.env("EDITOR", format!("{} --wait", path.display()));
    command.env("TMPDIR", home.path("tmp"));
    let mut terminal = Terminal::of(command, 36, 120);
    terminal.see("L-4C35BB2A");
    terminal.press("j");
    terminal.see("▸ ● concise");
    terminal
}

fn left_in(home: &Home, folder: &str) -> Vec<String> {
    let folder = home.path(folder);
    if !folder.exists() {
        return Vec::new();
    }
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn an_edited_variant_runs_beside_the_others() {
    let home = Home::new();
    let script = "[ \"$1\" = --wait ] || exit 3; shift; stat -c %a \"$1\" > mode; cp \"$1\" opened
        sed -i 's/brief/very brief/' \"$1\"";
    let mut terminal = open(&home, "quick.toml", script, "3");
    terminal.press("r");
    terminal.see("complete");
    terminal.press("E");
    terminal.see("▸ ● concise-2  new");
    terminal.see("concise-2 is in the plan");
    terminal.see("quotient-export/variants/concise-2.toml");
    terminal.press("r");
    terminal.see("6/6 trials");
    terminal.see("complete");
    terminal.press("q");
    terminal.see("variant concise-2: quotient-export/variants/concise-2.toml");
    assert_eq!(terminal.end(), 0);

    assert_eq!(std::fs::read_to_string(home.path("mode")).unwrap(), "600\n", "nobody else reads it");
    let opened = std::fs::read_to_string(home.path("opened")).unwrap();
    assert!(opened.starts_with("# Save and close") && opened.contains("name   = \"concise\""), "{opened}");
    assert_eq!(left_in(&home, "tmp"), Vec::<String>::new());
    let runs = left_in(&home, "data/quotient/runs").into_iter();
    let runs = runs.map(|name| std::fs::read_to_string(home.path("data/quotient/runs").join(name)).unwrap());
    let second: Vec<String> = runs.filter(|journal| journal.contains("concise-2")).collect();
    let sent = |variant: &str| second[0].matches(&format!("\"variant\":{variant},")).count();
    assert!(second.len() == 1 && sent("1") > 3 && sent("4") > 3, "both had their trials in one run");
    let kept = std::fs::read_to_string(home.path("quotient-export/variants/concise-2.toml")).unwrap();
    assert!(kept.starts_with("[[variant]]\nname   = \"concise-2\"") && kept.contains("Be very brief"), "{kept}");
}

#[test]
fn what_is_wrong_is_shown_and_mended() {
    let home = Home::new();
    // Writes a mistake, and mends it the second time.
    let script = "grep -q '^max_token = ' \"$2\" && exec sed -i '/^max_token = /d; s/brief/terse/' \"$2\"
        sed -i 's/^prompt/max_token = 5\\nprompt/' \"$2\"";
    let mut terminal = open(&home, "quick.toml", script, "3");
    terminal.press("E");
    terminal.see("unknown key `max_token` in [[variant]]");
    terminal.see("did you mean `max_tokens`?");
    assert_eq!(left_in(&home, "tmp").len(), 1);
    terminal.press("E");
    terminal.see("▸ ● concise-2");
    terminal.see("saved as quotient-export/variants/concise-2.toml");
    // Once more, and given up: what was typed stays.
    terminal.press("E");
    terminal.see("unknown key `max_token`");
    terminal.press("\u{1b}");
    terminal.see("nothing is added; what was written stays as");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    let left = left_in(&home, "tmp");
    assert!(left.len() == 1 && left[0].starts_with("quotient-concise-2-"), "{left:?}");
}

#[test]
fn keys_and_a_new_size_are_the_editors_while_it_is_open() {
    let home = Home::new();
    let script = "echo what name; read -r name; sed -i \"s/^name .*/name = \\\"$name\\\"/\" \"$2\"";
    let mut terminal = open(&home, "quick.toml", script, "3");
    terminal.press("E");
    terminal.see("what name");
    terminal.resize(24, 80);
    // Each of these does something in the dashboard.
    terminal.press("rqm?\r");
    terminal.see("▸ ● rqm?");
    terminal.see("1 Dashboard");
    terminal.wait("nothing but the dashboard", |screen| !screen.contents().contains("what name"));
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn a_run_goes_on_while_the_editor_is_open() {
    let home = Home::new();
    // The editor is closed once the run is over, which it only can be if it goes on.
    let script = "while ! grep -q run_finished data/quotient/runs/*; do sleep 0.02; done
        sed -i 's/brief/terse/' \"$2\"";
    let mut terminal = open(&home, "slow.toml", script, "8");
    terminal.press("r");
    terminal.see("in flight");
    terminal.press("E");
    terminal.see("▸ ● concise-2  new");
    terminal.see("complete");
    terminal.see("8/8 trials");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn an_editor_that_fails_or_changes_nothing_adds_nothing() {
    let home = Home::new();
    // An argument for each time that it is opened.
    let script = "n=$(cat times 2>/dev/null || echo 0); echo $((n + 1)) > times
        case $n in
        0) exit 0 ;;
        1) sed -i 's/brief/terse/' \"$2\"; exit 7 ;;
        2) stty raw -echo; kill -9 $$ ;;
        esac";
    let mut terminal = open(&home, "quick.toml", script, "3");
    terminal.press("E");
    terminal.see("nothing was changed in the editor, so nothing is added");
    terminal.press("E");
    terminal.see("the editor failed with exit code 7: nothing is added");
    terminal.press("E");
    terminal.wait("the end by a signal", |screen| {
        let shown = screen.contents();
        shown.contains("ended by signal 9") || shown.contains("exit code 137")
    });
    terminal.see("0/3 trials");
    terminal.press("q");
    // Echo and lines are as before, although the editor left them otherwise.
    assert_eq!(terminal.end(), 0);
    assert_eq!(left_in(&home, "tmp").len(), 1, "what was typed before it failed");
}

#[test]
fn an_editor_that_is_not_there_is_said() {
    let home = Home::new();
    let mut command = Terminal::command(&home, &["--scenario", &data("quick.toml")]);
    command.env("VISUAL", "no-such-editor");
    command.env("EDITOR", "true");
    let mut terminal = Terminal::of(command, 24, 80);
    terminal.see("L-4C35BB2A");
    terminal.press("E");
    terminal.see("the editor cannot be run");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn an_interrupt_is_the_editors() {
    let home = Home::new();
    let mut terminal = open(&home, "quick.toml", "echo it is open; exec sleep 60", "3");
    terminal.press("E");
    terminal.see("it is open");
    terminal.press("\u{3}");
    terminal.see("nothing is added");
    terminal.see("1 Dashboard");
    terminal.press("q");
    assert_eq!(terminal.end(), 0, "the dashboard was not meant");
}

#[test]
fn a_signal_while_the_editor_is_open_loses_nothing() {
    let home = Home::new();
    let script = "echo '# half a thought' >> \"$2\"; echo it is open; exec sleep 60";
    let mut terminal = open(&home, "quick.toml", script, "3");
    terminal.press("E");
    terminal.see("it is open");
    terminal.signal("TERM");
    terminal.see("what was written, and is no variant");
    assert_eq!(terminal.end(), 130);
    let left = left_in(&home, "tmp");
    let text = std::fs::read_to_string(home.path("tmp").join(&left[0])).unwrap();
    assert!(left.len() == 1 && text.ends_with("# half a thought\n"), "{text}");
}

#[test]
fn a_past_run_is_not_edited() {
    let home = Home::new();
    let mut terminal = Terminal::open(&home, &["replay", &data("journals/summarize.jsonl")], 36, 120);
    terminal.see("winner");
    terminal.press("E");
    terminal.see("past run");
    terminal.press("p");
    terminal.see("it cannot start: this is a past run");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn the_winner_is_copied_without_opening_anything() {
    let home = Home::new();
    let mut terminal = open(&home, "quick.toml", "true", "3");
    terminal.press("c");
    terminal.see("copied the request of concise (selected");
    terminal.press("r");
    terminal.see("complete");
    terminal.press("c");
    terminal.see("copied the request of concise (leader so far)");
    terminal.press("w");
    terminal.see("saved the request of concise (leader so far)");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}
