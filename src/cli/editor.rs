//! Editor: a variant in the user's own editor, in a terminal that was made free for it; nothing that is written is lost.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tempfile::TempPath;

use crate::cli::desk::Inbox;
use crate::tui::event_loop::Errand;
use crate::tui::message::Msg;

/// The largest that is read back, in bytes: what is larger is no prompt.
const LARGEST: u64 = 16 << 20;
/// How long an editor that is asked to end may take for it.
const PATIENCE: Duration = Duration::from_secs(2);
/// A key that interrupts the editor comes to this program too, perhaps a little later.
const GRACE: Duration = Duration::from_millis(200);

/// The editor, the file in it, and whether it is open.
pub struct Editor {
    inbox: Inbox,
    /// Whether an editor has the terminal: what is typed there is not meant for this program.
    open: Arc<AtomicBool>,
    running: Running,
    draft: Option<Draft>,
}

/// The editor's process, until it is reaped.
type Running = Arc<Mutex<Option<Child>>>;

/// A file that is or was edited.
struct Draft {
    file: TempPath,
    /// What was put there at first.
    began_as: String,
}

impl Draft {
    /// Away with the file, unless somebody wrote something into it: then it stays, and this is where.
    fn put_away(self) -> Option<PathBuf> {
        let changed = read(&self.file).is_ok_and(|now| now != self.began_as.as_bytes());
        changed.then(|| self.file.keep().ok()).flatten()
    }
}

impl Editor {
    /// An editor that is not open; `open` becomes true while it is.
    pub fn new(inbox: Inbox, open: Arc<AtomicBool>) -> Self {
        Self { inbox, open, running: Running::default(), draft: None }
    }

    /// Opens a text as a file for this user alone, whose name begins as given.
    pub fn open(&mut self, name: &str, text: String) -> Result<Errand, String> {
        drop(self.give_up());
        let file = tempfile::Builder::new().prefix(&format!("quotient-{name}-")).suffix(".toml").tempfile();
        let mut file = file.map_err(|error| format!("no file to edit can be made: {error}"))?;
        file.write_all(text.as_bytes()).map_err(|error| format!("the file to edit cannot be written: {error}"))?;
        self.draft = Some(Draft { file: file.into_temp_path(), began_as: text });
        self.again()
    }

    /// Opens the same file once more.
    pub fn again(&mut self) -> Result<Errand, String> {
        let draft = self.draft.as_ref().ok_or("there is nothing to mend")?;
        let path = draft.file.to_path_buf();
        let before = read(&path).unwrap_or_default();
        let (inbox, open, running) = (self.inbox.clone(), Arc::clone(&self.open), Arc::clone(&self.running));
        Ok(Box::new(move || {
            open.store(true, Ordering::SeqCst);
            let fails = |inbox: &Inbox, why: String| drop(inbox.send(Msg::Returned(Err(why))));
            match command(&path).spawn() {
                Ok(child) => {
                    let waiting = inbox.clone();
                    let pid = Pid::from_child(&child);
                    *lock(&running) = Some(child);
                    let wait = move || {
                        let ended = ended(pid, &running);
                        open.store(false, Ordering::SeqCst);
                        drop(waiting.send(Msg::Returned(ended.and_then(|()| written(&path, &before)))));
                    };
                    if let Err(error) = std::thread::Builder::new().name("editor".into()).spawn(wait) {
                        fails(&inbox, format!("cannot wait for the editor: {error}"));
                    }
                }
                Err(error) => {
                    open.store(false, Ordering::SeqCst);
                    fails(&inbox, format!("the editor cannot be run: {error}"));
                }
            }
        }))
    }

    /// What errors call the file.
    pub fn name(&self) -> String {
        let name = self.draft.as_ref().and_then(|draft| draft.file.file_name());
        name.map_or_else(|| "what was written".into(), |name| name.to_string_lossy().into_owned())
    }

    /// What was written is good and kept elsewhere: away with the file.
    pub fn done(&mut self) {
        self.draft = None;
    }

    /// It is not wanted any more; where something was written, the file stays, and this is where.
    pub fn give_up(&mut self) -> Option<PathBuf> {
        self.draft.take().and_then(Draft::put_away)
    }

    /// The program ends: so does the editor, if it is open.
    pub fn end(&mut self) -> Option<PathBuf> {
        if let Some(child) = &mut *lock(&self.running) {
            // It is not reaped before the lock is free, so the number is still its own.
            _ = kill_process(Pid::from_child(child), Signal::TERM);
        }
        let begun = Instant::now();
        while lock(&self.running).is_some() && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(20));
        }
        self.give_up()
    }
}

fn lock(running: &Running) -> MutexGuard<'_, Option<Child>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The user's editor on a file. Its name may have arguments, so a shell reads it, as git's does.
fn command(path: &Path) -> Command {
    let named = |name: &str| std::env::var(name).ok().filter(|editor| !editor.trim().is_empty());
    let editor = named("VISUAL").or_else(|| named("EDITOR")).unwrap_or_else(|| "vi".into());
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{editor} \"$@\"")).arg(editor).arg(path);
    command
}

/// Waits until the editor has ended; an error says how, where it did not end well.
fn ended(pid: Pid, running: &Running) -> Result<(), String> {
    // It is reaped under the lock only, so that nobody signals a process of the same number.
    let look = || waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
    while look().is_err_and(|error| error == rustix::io::Errno::INTR) {}
    let mut running = lock(running);
    let status = running.as_mut().map(Child::wait);
    *running = None;
    drop(running);
    let status = status.transpose().ok().flatten().ok_or("it is unknown how the editor ended: nothing is added")?;
    if interrupted(status) {
        std::thread::sleep(GRACE);
    }
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        (Some(126 | 127), _) => Err("the editor cannot be run: $VISUAL or $EDITOR names it, else it is vi".into()),
        (Some(code), _) => Err(format!("the editor failed with exit code {code}: nothing is added")),
        (None, signal) => Err(format!("the editor was ended by signal {}: nothing is added", signal.unwrap_or(0))),
    }
}

/// Whether the user interrupted it: by signal 2, or a shell that saw that.
fn interrupted(status: ExitStatus) -> bool {
    status.signal() == Some(Signal::INT.as_raw()) || status.code() == Some(128 + Signal::INT.as_raw())
}

/// What stands in the file now; `None` where that is what stood there before.
fn written(path: &Path, before: &[u8]) -> Result<Option<Vec<u8>>, String> {
    let now = read(path).map_err(|error| format!("what was written cannot be read, so nothing is added: {error}"))?;
    Ok(Some(now).filter(|now| now != before))
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    let fits = bytes.len() as u64 <= LARGEST;
    fits.then_some(bytes).ok_or_else(|| std::io::Error::from(std::io::ErrorKind::FileTooLarge))
}
