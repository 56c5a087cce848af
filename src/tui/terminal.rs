//! Terminal: raw mode and the alternate screen, given back on every way out.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Once};

use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    SetTitle, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use ratatui::backend::CrosstermBackend;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// A frame of 200×50 fits, so that it goes out in one write and does not tear.
const BUFFER: usize = 64 << 10;

/// Whether the terminal is ours now; the panic hook and the guard may both want to give it back.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Whether the mouse is ours then, too.
static MOUSE: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Standard output behind a buffer that counts what goes through it. Unlike `BufWriter` it writes nothing when it is
/// dropped, nor after the terminal was given back: half a frame must not land behind a panic's report.
#[derive(Debug)]
struct Output {
    pending: Vec<u8>,
    bytes: Arc<AtomicU64>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.pending.len() + bytes.len() > BUFFER {
            self.flush()?;
        }
        self.pending.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        if TAKEN.load(Ordering::SeqCst) {
            let mut out = io::stdout().lock();
            out.write_all(&pending)?;
            out.flush()?;
            self.bytes.fetch_add(pending.len() as u64, Ordering::Relaxed);
        }
        self.pending = pending;
        self.pending.clear();
        Ok(())
    }
}

/// The terminal while the dashboard has it. Dropping it gives it back, and so does a panic.
#[derive(Debug)]
pub struct Terminal {
    screen: ratatui::Terminal<CrosstermBackend<Output>>,
    bytes: Arc<AtomicU64>,
    /// How the terminal was before it was taken, where that can be told.
    before: Option<Termios>,
}

impl Terminal {
    /// Takes the terminal. Whatever panic hook is installed by now runs after the terminal was given back,
    /// so a hook that prints a report must be installed before. With `mouse` the mouse is taken, too, and the terminal
    /// does not select text with it meanwhile.
    pub fn take(mouse: bool) -> io::Result<Self> {
        MOUSE.store(mouse, Ordering::SeqCst);
        HOOK.call_once(|| {
            let next = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                next(panic);
            }));
        });
        let before = tcgetattr(io::stdin()).ok();
        let bytes = Arc::new(AtomicU64::new(0));
        let screen = Self::enter(&bytes).inspect_err(|_| give_back())?;
        Ok(Self { screen, bytes, before })
    }

    fn enter(bytes: &Arc<AtomicU64>) -> io::Result<ratatui::Terminal<CrosstermBackend<Output>>> {
        enable_raw_mode()?;
        TAKEN.store(true, Ordering::SeqCst);
        // Cleared here: ratatui's own `clear` first asks the terminal where its cursor is, which not every one answers.
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            Clear(ClearType::All),
            EnableBracketedPaste,
            SetTitle("quotient"),
            cursor::Hide
        )?;
        if MOUSE.load(Ordering::SeqCst) {
            execute!(io::stdout(), EnableMouseCapture)?;
        }
        let output = Output { pending: Vec::with_capacity(BUFFER), bytes: Arc::clone(bytes) };
        ratatui::Terminal::new(CrosstermBackend::new(output))
    }

    /// Gives the terminal to another program, until [`Self::retake`].
    pub fn lend(&mut self) {
        give_back();
    }

    /// Takes it again, whatever it was left like; returns its columns and rows.
    pub fn retake(&mut self) -> io::Result<(u16, u16)> {
        self.restore();
        self.screen = Self::enter(&self.bytes).inspect_err(|_| give_back())?;
        self.size()
    }

    /// An editor that was killed leaves the terminal as it had it, and that must not become what is given back.
    fn restore(&self) {
        if let Some(before) = self.before.as_ref().filter(|_| !TAKEN.load(Ordering::SeqCst)) {
            _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }

    /// Columns and rows.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        self.screen.size().map(|size| (size.width, size.height))
    }

    /// Draws one frame in one synchronised update; returns the bytes that it took.
    pub fn draw(&mut self, paint: impl FnOnce(&mut ratatui::Frame<'_>)) -> io::Result<u64> {
        let before = self.bytes.load(Ordering::Relaxed);
        queue!(self.screen.backend_mut(), BeginSynchronizedUpdate)?;
        self.screen.draw(paint)?;
        execute!(self.screen.backend_mut(), EndSynchronizedUpdate)?;
        Ok(self.bytes.load(Ordering::Relaxed) - before)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
        self.restore();
    }
}

/// Gives the terminal back, once. Errors are of no use here: the terminal may be gone.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        if MOUSE.load(Ordering::SeqCst) {
            let _ = execute!(io::stdout(), DisableMouseCapture);
        }
        let _ =
            execute!(io::stdout(), EndSynchronizedUpdate, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
    }
}
