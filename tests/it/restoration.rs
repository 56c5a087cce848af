//! The terminal is given back however the dashboard ends, and no size and no key takes it down on the way.

use std::io::{Read, Write};
use std::num::NonZero;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use quotient::tui::terminal::Terminal as Taken;

use crate::journey::{Home, data};
use crate::pty::Terminal;

#[test]
fn a_signal_gives_the_terminal_back() {
    for name in ["TERM", "HUP", "INT"] {
        let home = Home::new();
        let terminal = Terminal::open(&home, &["--scenario", &data("quick.toml")], 24, 80);
        terminal.see("SIMULATED");
        terminal.signal(name);
        assert_eq!(terminal.end(), 130, "{name}");
    }
}

#[test]
fn a_signal_in_the_middle_of_a_run_keeps_what_was_measured() {
    let home = Home::new();
    let mut terminal = Terminal::open(&home, &["--scenario", &data("slow.toml"), "--trials", "50"], 24, 80);
    terminal.see("L-4C35BB2A");
    terminal.press("r");
    terminal.see("in flight");
    terminal.signal("HUP");
    assert_eq!(terminal.end(), 130);
    assert!(home.journal().is_file());
}

#[test]
fn a_terminal_that_is_closed_ends_the_program() {
    let home = Home::new();
    let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, ..PtySize::default() }).unwrap();
    let command = Terminal::command(&home, &["--scenario", &data("slow.toml"), "--trials", "50"]);
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let (mut reader, mut keys) = (pair.master.try_clone_reader().unwrap(), pair.master.take_writer().unwrap());
    let mut parser = vt100::Parser::new(NonZero::new(24).unwrap(), NonZero::new(80).unwrap(), 0);
    let mut see = |words: &str| {
        let mut buffer = [0; 8192];
        while !parser.screen().contents().contains(words) {
            let n = reader.read(&mut buffer).unwrap();
            parser.process(&buffer[..n]);
        }
    };
    see("L-4C35BB2A");
    keys.write_all(b"r").unwrap();
    see("in flight");
    // Every end of it is gone, as when a window is closed.
    drop((reader, keys, pair.master));
    let deadline = Instant::now() + Duration::from_mins(1);
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "it goes on without a terminal");
        std::thread::yield_now();
    }
    assert!(home.journal().is_file());
}

/// What [`a_panic_gives_the_terminal_back`] runs in a terminal of its own.
#[test]
#[ignore = "panics on purpose, in the terminal of another test"]
fn a_panic_with_the_terminal_taken() {
    if std::env::var_os("QUOTIENT_TEST_PANIC").is_none() {
        return;
    }
    let mut terminal = Taken::take(true).unwrap();
    terminal.draw(|frame| frame.buffer_mut().set_string(0, 0, "half a frame", ratatui::style::Style::new())).unwrap();
    panic!("on purpose");
}

#[test]
fn a_panic_gives_the_terminal_back() {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "restoration::a_panic_with_the_terminal_taken", "--ignored", "--nocapture"]);
    command.env("QUOTIENT_TEST_PANIC", "1");
    command.env("TERM", "xterm-256color");
    let terminal = Terminal::of(command, 24, 80);
    // On the screen as it was before, where it can be read.
    terminal.wait("the report of the panic", |screen| {
        !screen.alternate_screen() && screen.contents().contains("on purpose")
    });
    assert_ne!(terminal.end(), 0);
}

#[test]
fn any_size_and_any_key_while_a_run_streams() {
    let home = Home::new();
    let mut terminal = Terminal::open(&home, &["--scenario", &data("quick.toml"), "--trials", "60"], 24, 80);
    terminal.see("L-4C35BB2A");
    terminal.press("r");
    terminal.see("in flight");
    // A small generator of our own (xorshift), so that it is the same every time.
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |n: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % n
    };
    // Nothing that leaves, starts over or writes files; an escape is waited for below.
    let keys = ["1", "2", "3", "4", "5", "6", "j", "k", "G", "g", "\t", "l", "h", "f", "o", "+", "-", "?", " ", "/x"];
    for step in 0..120 {
        let (rows, cols) = match step % 4 {
            0 => (1 + below(3), 1 + below(3)),
            1 => (1 + below(120), 1 + below(400)),
            2 => (8 + below(20), 30 + below(80)),
            _ => (120, 400),
        };
        terminal.resize_program(rows as u16, cols as u16);
        terminal.press(keys[below(keys.len() as u64) as usize]);
        terminal.press("\r");
    }
    terminal.resize(24, 80);
    // Out of whatever was opened, and back to the dashboard.
    for _ in 0..4 {
        terminal.press("\u{1b}");
        terminal.breathe();
    }
    terminal.see("1 Dashboard");
    terminal.signal("TERM");
    assert_eq!(terminal.end(), 130);
}
