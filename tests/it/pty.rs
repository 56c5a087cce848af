//! The dashboard in a pseudo-terminal: it starts, runs, picks, exports and quits; the terminal is as it was.

use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::journey::{Home, data};

/// Nothing that is waited for takes this long; it only ends a test that has failed.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct Terminal {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    screen: Arc<(Mutex<vt100::Parser>, Condvar)>,
    /// How the terminal was set before: raw mode, echo.
    before: String,
}

impl Terminal {
    pub(crate) fn command(home: &Home, arguments: &[&str]) -> CommandBuilder {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_quotient"));
        command.args(arguments);
        command.cwd(home.dir.path());
        for (name, value) in home.quotient(&[]).get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command
    }

    pub(crate) fn open(home: &Home, arguments: &[&str], rows: u16, cols: u16) -> Self {
        Self::of(Self::command(home, arguments), rows, cols)
    }

    pub(crate) fn of(command: CommandBuilder, rows: u16, cols: u16) -> Self {
        let pair = native_pty_system().openpty(PtySize { rows, cols, ..PtySize::default() }).unwrap();
        let before = format!("{:?}", pair.master.get_termios());
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let parser = vt100::Parser::new(rows.try_into().unwrap(), cols.try_into().unwrap(), 0);
        let screen = Arc::new((Mutex::new(parser), Condvar::new()));
        let shared = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            loop {
                match reader.read(&mut buffer) {
                    Ok(n @ 1..) => shared.0.lock().unwrap().process(&buffer[..n]),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Ok(_) | Err(_) => break,
                }
                shared.1.notify_all();
            }
            shared.1.notify_all();
        });
        Self { keys: pair.master.take_writer().unwrap(), master: pair.master, child, screen, before }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until the screen satisfies a predicate.
    pub(crate) fn wait(&self, what: &str, holds: impl Fn(&vt100::Screen) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut parser = self.screen.0.lock().unwrap();
        while !holds(parser.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited for {what}; the screen:\n{}", parser.screen().contents());
            parser = self.screen.1.wait_timeout(parser, left).unwrap().0;
        }
        parser.screen().contents()
    }

    pub(crate) fn see(&self, words: &str) -> String {
        self.wait(words, |screen| screen.contents().contains(words))
    }

    pub(crate) fn resize(&self, rows: u16, cols: u16) {
        self.screen.0.lock().unwrap().screen_mut().set_size(rows.try_into().unwrap(), cols.try_into().unwrap());
        self.master.resize(PtySize { rows, cols, ..PtySize::default() }).unwrap();
    }

    /// The program's size alone: the emulator of these tests does not go as far as 1x1.
    pub(crate) fn resize_program(&self, rows: u16, cols: u16) {
        self.master.resize(PtySize { rows, cols, ..PtySize::default() }).unwrap();
    }

    /// Until the next bytes come, or a moment passes.
    pub(crate) fn breathe(&self) {
        drop(self.screen.1.wait_timeout(self.screen.0.lock().unwrap(), Duration::from_millis(50)).unwrap());
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// The exit code, once the terminal is as it was before.
    pub(crate) fn end(mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > deadline {
                drop(self.child.kill());
                panic!("it did not end; the screen:\n{}", self.screen.0.lock().unwrap().screen().contents());
            }
            // Until the next bytes come, or a moment passes: the exit itself wakes nobody.
            drop(self.screen.1.wait_timeout(self.screen.0.lock().unwrap(), Duration::from_millis(20)).unwrap());
        };
        self.wait("the terminal as it was", |screen| !screen.alternate_screen() && !screen.hide_cursor());
        assert_eq!(format!("{:?}", self.master.get_termios()), self.before, "echo and lines as before");
        status.exit_code()
    }
}

#[test]
fn run_pick_export_quit() {
    let home = Home::new();
    let quick = data("quick.toml");
    let mut terminal = Terminal::open(&home, &["--scenario", &quick, "--trials", "5"], 36, 120);
    terminal.see("SIMULATED");
    terminal.see("L-4C35BB2A");
    for name in ["detailed", "concise", "structured", "minimal"] {
        terminal.see(name);
    }
    terminal.press("r");
    terminal.see("complete");
    terminal.press("b");
    terminal.see("inferenceConfig");
    terminal.press("\u{1b}");
    terminal.wait("the picked request is closed", |screen| !screen.contents().contains("inferenceConfig"));
    terminal.press("?");
    terminal.see("Keys and figures");
    terminal.press("\u{1b}");
    // Escape and a letter in one read would be Alt and the letter.
    terminal.wait("the help is closed", |screen| !screen.contents().contains("Keys and figures"));
    terminal.press("e");
    terminal.see("wrote");
    let charts = walk(home.dir.path()).into_iter().filter(|path| path.ends_with("tokens.svg")).count();
    assert_eq!(charts, 1);
    assert!(walk(home.dir.path()).iter().any(|path| path.ends_with("screen.svg")));
    terminal.resize(24, 80);
    terminal.see("concise");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn other_models_are_picked_and_run() {
    let home = Home::new();
    let quick = data("quick.toml");
    let mut terminal = Terminal::open(&home, &["--scenario", &quick, "--trials", "2", "--variant", "concise"], 24, 80);
    terminal.see("L-4C35BB2A");
    terminal.press("r");
    terminal.see("complete");
    terminal.press("m");
    terminal.see("what may be called here");
    terminal.press("/llama2-13b");
    terminal.see("▸   meta.llama2-13b-chat-v1");
    terminal.press(" ");
    terminal.see("1 marked");
    terminal.press("\u{1b}");
    terminal.see("1 marked, 1");
    terminal.wait("the filter is gone", |screen| !screen.contents().contains("/llama2"));
    terminal.press("\r");
    terminal.see("meta.llama2-13b-chat-v1; the last run is in its journal");
    // Its quota was detected, and nothing of the last run is left.
    terminal.see("0/2 trials");
    terminal.see("60,000");
    terminal.press("r");
    terminal.see("complete");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    let runs: Vec<String> = walk(&home.path("data/quotient/runs"))
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .filter(|journal| journal.contains("run_finished"))
        .collect();
    assert_eq!(runs.len(), 2);
    let on = |model: &str| runs.iter().filter(|journal| journal.contains(model)).count();
    assert_eq!((on("anthropic.claude-3-sonnet-20240229-v1:0"), on("meta.llama2-13b-chat-v1")), (1, 1));
}

#[test]
fn trials_are_read_back_from_the_journal_of_the_run() {
    let home = Home::new();
    let quick = data("quick.toml");
    let mut terminal = Terminal::open(&home, &["--scenario", &quick, "--trials", "5"], 24, 80);
    terminal.see("L-4C35BB2A");
    terminal.press("r");
    terminal.see("complete");
    terminal.press("3/concise -warmup");
    terminal.see("1 of 5, 24 in all, newest first");
    terminal.press("\r");
    terminal.wait("the filter is kept", |screen| !screen.contents().contains("▏"));
    terminal.press("\r");
    terminal.see("1 of 5 ─");
    terminal.press("G");
    // What only the journal tells, and the request as it was sent.
    terminal.see("Amazon and from other companies");
    terminal.press("g");
    terminal.press("\u{1b}[C");
    terminal.see("2 of 5 ─");
    terminal.resize(50, 80);
    terminal.see("attempt 1 is sent");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);

    let mut terminal = Terminal::open(&home, &["--scenario", &quick, "--trials", "2", "--no-record"], 50, 80);
    terminal.see("L-4C35BB2A");
    terminal.press("r");
    terminal.see("complete");
    terminal.press("3");
    terminal.see("1 of 12, newest first");
    terminal.press("\r");
    terminal.see("told by the journal alone");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn quitting_asks_while_a_run_is_on() {
    let home = Home::new();
    let slow = data("slow.toml");
    let mut terminal = Terminal::open(&home, &["--scenario", &slow, "--trials", "50"], 24, 80);
    terminal.see("L-4C35BB2A");
    terminal.press("r");
    terminal.see("in flight");
    terminal.press("q");
    terminal.see("quit");
    terminal.press("y");
    assert_eq!(terminal.end(), 0);
    assert!(home.journal().is_file(), "what was measured is kept");
}

#[test]
fn a_past_run_is_shown_and_a_signal_gives_the_terminal_back() {
    let home = Home::new();
    let journal = data("journals/summarize.jsonl");
    let mut terminal = Terminal::open(&home, &["replay", &journal], 36, 120);
    terminal.see("winner");
    terminal.press("r");
    terminal.see("past run");
    terminal.press("m");
    terminal.see("the list cannot be read");
    terminal.signal("TERM");
    assert_eq!(terminal.end(), 0);
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(walk(&path)) } else { found.push(path) }
    }
    found
}
