//! Input: keys and resizes, read on a thread that steps aside while another program has the terminal.

use std::io;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crossterm::event::{self, Event, MouseEventKind};
use rustix::process::{Signal, getpid, kill_process};

use crate::tui::message::Msg;

/// The longest wait for the reading thread to step aside: it is asleep, and woken at once.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whose the keys are.
#[derive(Debug, Default)]
struct Turn {
    /// Another program's.
    lent: bool,
    /// The reading thread reads nothing now.
    aside: bool,
}

#[derive(Debug, Default)]
struct Gate {
    turn: Mutex<Turn>,
    changed: Condvar,
}

impl Gate {
    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while the keys are another program's.
    fn pass(&self) {
        if !self.turn().lent {
            return;
        }
        // What was typed until now was typed blindly, and shall not act when the dashboard is back.
        while event::poll(Duration::from_millis(1)).unwrap_or(false) && event::read().is_ok() {}
        let mut turn = self.turn();
        turn.aside = true;
        self.changed.notify_all();
        while turn.lent {
            turn = self.changed.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
        turn.aside = false;
    }
}

/// The reading thread's reins.
#[derive(Debug)]
pub struct Input(Arc<Gate>);

impl Input {
    /// Reads keys and resizes from now on, and sends them to the inbox; ends when the inbox is gone or the terminal
    /// cannot be read any more, which it tells.
    pub fn read(inbox: Sender<Msg>) -> io::Result<Self> {
        let gate = Arc::new(Gate::default());
        let shared = Arc::clone(&gate);
        let read = move || {
            loop {
                shared.pass();
                let message = match event::read() {
                    Ok(Event::Key(key)) => Msg::Key(key),
                    Ok(Event::Resize(columns, rows)) => Msg::Resize(columns, rows),
                    // Moving alone means nothing, and comes often.
                    Ok(Event::Mouse(mouse)) if mouse.kind != MouseEventKind::Moved => Msg::Mouse(mouse),
                    Ok(Event::Paste(_) | Event::Mouse(_) | Event::FocusGained | Event::FocusLost) => continue,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(_) => Msg::Leave,
                };
                let last = message == Msg::Leave;
                if inbox.send(message).is_err() || last {
                    return;
                }
            }
        };
        thread::Builder::new().name("input".into()).spawn(read)?;
        Ok(Self(gate))
    }

    /// Returns once no key is read any more, until [`Self::go_on`].
    pub fn step_aside(&self) {
        self.0.turn().lent = true;
        // The thread sleeps in a read that nothing else ends: a size that may have changed wakes it, and costs nothing
        // where it has not.
        _ = kill_process(getpid(), Signal::WINCH);
        let turn = self.0.turn();
        drop(self.0.changed.wait_timeout_while(turn, PATIENCE, |turn| !turn.aside));
    }

    /// Reads again.
    pub fn go_on(&self) {
        self.0.turn().lent = false;
        self.0.changed.notify_all();
    }
}
