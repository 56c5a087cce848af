//! Event loop: drain all that waits, fold it, draw if a frame is due, do what the model asks for.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::tui::input::Input;
use crate::tui::message::{Effect, Msg};
use crate::tui::model::Model;
use crate::tui::screen;
use crate::tui::terminal::Terminal;

/// Between two frames while entries stream in.
const STREAMING: Duration = Duration::from_millis(100);
/// Between two frames while only time changes the picture: gauges that drain, the clock of a run.
const DRAINING: Duration = Duration::from_millis(250);
/// Between two looks at whether the terminal is still there, while nothing changes.
const IDLE: Duration = Duration::from_secs(2);
/// Bytes a second that frames may take; wide changes over a slow line make frames rarer, not late.
const BYTES_PER_SECOND: f64 = 20_000.0;
/// Frames are never rarer than this while something changes.
const RAREST: Duration = Duration::from_secs(1);
/// Messages folded before a frame gets its turn.
const MOST_AT_ONCE: usize = 4_096;

/// When the next frame is due. Knows no clock: every moment is passed in.
#[derive(Debug, Default)]
struct Frames {
    last: Option<Duration>,
    bytes: u64,
    changed: bool,
    urgent: bool,
}

impl Frames {
    /// Something is to be shown; `urgent` where a person waits for it.
    fn change(&mut self, urgent: bool) {
        self.changed = true;
        self.urgent |= urgent;
    }

    fn drawn(&mut self, now: Duration, bytes: u64) {
        *self = Self { last: Some(now), bytes, changed: false, urgent: false };
    }

    /// How long until a frame is due; `None` where nothing changes.
    fn due_in(&self, now: Duration, moves: bool) -> Option<Duration> {
        let Some(last) = self.last.filter(|_| !self.urgent) else { return Some(Duration::ZERO) };
        let earned = Duration::from_secs_f64(self.bytes as f64 / BYTES_PER_SECOND).min(RAREST);
        let pause = match (self.changed, moves) {
            (true, _) => STREAMING,
            (false, true) => DRAINING,
            (false, false) => return None,
        };
        Some((last + pause.max(earned)).saturating_sub(now))
    }
}

/// What needs the terminal to itself. It is begun once the terminal is free, goes on beside the dashboard, and ends with
/// [`Msg::Returned`] or [`Msg::Continued`].
pub type Errand = Box<dyn FnOnce()>;

/// Runs the dashboard on this thread until it asks to quit, or nobody can send to it any more; returns its last state.
///
/// `clock` says what time it is since the Unix epoch, by the same base as the engine's stamps. `perform` does what the
/// model asks for; answers come back through the inbox. While an errand has the terminal nothing is drawn and no key is
/// heard, and all else is taken in as ever. An error means that the terminal is gone.
pub fn run(
    terminal: &mut Terminal,
    mut model: Model,
    inbox: &Receiver<Msg>,
    input: &Input,
    clock: impl Fn() -> Duration,
    mut perform: impl FnMut(Effect, &Model) -> Option<Errand>,
) -> io::Result<Model> {
    let mut frames = Frames::default();
    let mut lent = false;
    let (columns, rows) = terminal.size()?;
    model.update(Msg::Resize(columns, rows), clock());
    loop {
        let now = clock();
        match frames.due_in(now, model.moves(now)).filter(|_| !lent) {
            Some(Duration::ZERO) => {
                for effect in model.update(Msg::Tick, now) {
                    perform(effect, &model);
                }
                let bytes = terminal.draw(|frame| screen::draw(&model, now, frame.area(), frame.buffer_mut()))?;
                frames.drawn(now, bytes);
            }
            due => match inbox.recv_timeout(due.unwrap_or(IDLE)) {
                Ok(first) => {
                    let waiting = std::iter::once(first).chain(inbox.try_iter()).take(MOST_AT_ONCE);
                    for message in waiting {
                        if lent && matches!(message, Msg::Returned(_) | Msg::Continued) {
                            let (columns, rows) = terminal.retake()?;
                            input.go_on();
                            (lent, frames) = (false, Frames::default());
                            model.update(Msg::Resize(columns, rows), clock());
                        }
                        if lent && matches!(message, Msg::Key(_)) {
                            continue;
                        }
                        frames.change(is_urgent(&message));
                        for effect in model.update(message, clock()) {
                            let quits = effect == Effect::Quit;
                            if let Some(errand) = perform(effect, &model) {
                                input.step_aside();
                                terminal.lend();
                                lent = true;
                                errand();
                            }
                            if quits {
                                return Ok(model);
                            }
                        }
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(model),
                // A terminal that was closed shows itself here even when no signal came and nothing is drawn.
                Err(RecvTimeoutError::Timeout) if due.is_none() => _ = crossterm::terminal::window_size()?,
                Err(RecvTimeoutError::Timeout) => {}
            },
        }
    }
}

/// Whether a person waits to see what it does.
fn is_urgent(message: &Msg) -> bool {
    match message {
        Msg::Entries(_) | Msg::Tick | Msg::Weighed(_) | Msg::Rows { again: true, .. } => false,
        Msg::Key(_)
        | Msg::Mouse(_)
        | Msg::Resize(..)
        | Msg::Note(..)
        | Msg::Region(_)
        | Msg::Estimate(_)
        | Msg::Models(_)
        | Msg::Taken(_)
        | Msg::Prompt(..)
        | Msg::Saved(..)
        | Msg::Copied(..)
        | Msg::Returned(_)
        | Msg::Continued
        | Msg::Added(_)
        | Msg::Kept(..)
        | Msg::Exported(_)
        | Msg::Rows { again: false, .. }
        | Msg::Trial(..)
        | Msg::Leave => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn drawn_at(now: Duration, bytes: u64) -> Frames {
        let mut frames = Frames::default();
        frames.drawn(now, bytes);
        frames
    }

    #[test]
    fn the_first_frame_is_due_at_once_and_an_idle_screen_is_left_alone() {
        assert_eq!(Frames::default().due_in(ms(5), false), Some(Duration::ZERO));
        assert_eq!(drawn_at(ms(5), 0).due_in(ms(9_000), false), None);
    }

    #[test]
    fn entries_wait_for_their_frame_and_keys_do_not() {
        let mut frames = drawn_at(ms(1_000), 0);
        assert_eq!(frames.due_in(ms(1_010), true), Some(ms(240)));
        frames.change(false);
        assert_eq!(frames.due_in(ms(1_010), true), Some(ms(90)));
        assert_eq!(frames.due_in(ms(1_200), true), Some(Duration::ZERO));
        frames.change(true);
        frames.change(false);
        assert_eq!(frames.due_in(ms(1_010), false), Some(Duration::ZERO));
    }

    #[test]
    fn large_frames_make_frames_rarer_within_the_byte_budget() {
        let mut frames = drawn_at(ms(1_000), 8_000);
        frames.change(false);
        assert_eq!(frames.due_in(ms(1_000), true), Some(ms(400)));
        let mut frames = drawn_at(ms(1_000), 8_000_000);
        frames.change(false);
        assert_eq!(frames.due_in(ms(1_000), true), Some(RAREST));
    }
}
