//! Recorder: numbers what the engine says, writes it, and only then passes it on.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::bench::event::{Entry, Event, NoteLevel, Stamped};
use crate::journal::format;
use crate::journal::history;

/// How long written lines may wait for the disk to have them: what a loss of power can take.
const SYNC_WITHIN: Duration = Duration::from_millis(500);
/// Between the beginnings of two batches at least. Where entries come by the thousand a second, waking this thread and
/// the face for each one costs more than the entry; no screen shows a delay as short as this.
const REST: Duration = Duration::from_millis(5);
/// Bytes of a line, for a first guess at the length of a batch.
const USUAL_LINE: usize = 512;
/// Most entries of one batch, so that a flood reaches the face in pieces.
const LARGEST_BATCH: usize = 4_096;

/// A run that is being recorded.
#[derive(Debug)]
pub struct Recording {
    /// The journal; `None` where the run is not recorded.
    pub path: Option<PathBuf>,
    thread: JoinHandle<()>,
}

impl Recording {
    /// Waits until the stream has ended and everything of it is on disk. Blocks.
    pub fn finish(self) {
        // A panic of the recorder has already been reported by the panic hook; there is nothing left to save.
        let _ = self.thread.join();
    }
}

/// Records a run into a new file `DIR/RUN.jsonl` (mode 0600), or only numbers its entries where there is no directory.
///
/// Works on a thread of its own until the engine's stream ends: takes what waits, numbers and writes it, passes it on.
/// A write that fails becomes a note in the stream; the run goes on unrecorded. An error here means that the file
/// could not even be made.
pub fn record(
    dir: Option<&Path>,
    run: &str,
    from: UnboundedReceiver<Stamped>,
    to: UnboundedSender<Vec<Entry>>,
) -> io::Result<Recording> {
    let path = dir.map(|dir| history::journal(dir, run));
    let file = path.as_deref().map(create).transpose()?;
    let thread = thread::Builder::new().name("recorder".into()).spawn(move || match file {
        Some(file) => {
            let synced = Synced::new(&file);
            tee(from, &to, Some(Sink { out: file, whole: 0 }), || synced.mark());
            synced.finish();
        }
        None => tee(from, &to, None::<Sink<File>>, || {}),
    })?;
    Ok(Recording { path, thread })
}

fn create(path: &Path) -> io::Result<File> {
    let mut dirs = DirBuilder::new();
    dirs.recursive(true);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        dirs.mode(0o700);
        options.mode(0o600);
    }
    if let Some(dir) = path.parent() {
        dirs.create(dir)?;
    }
    options.open(path)
}

/// Where lines are written, and how much of it is whole batches.
struct Sink<W> {
    out: W,
    whole: u64,
}

/// What a journal is written to: a file, or what a test puts in its place.
trait Out: Write {
    /// Cuts off what a failed write left behind.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl Out for File {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.seek(io::SeekFrom::Start(length)).map(|_| ())
    }
}

impl<W: Out> Sink<W> {
    /// Writes a batch; what fails leaves no half a line behind, if the disk still allows that.
    fn write(&mut self, batch: &[Entry]) -> io::Result<()> {
        let mut lines = Vec::with_capacity(batch.len() * USUAL_LINE);
        for entry in batch {
            format::encode_to(entry, &mut lines)?;
            lines.push(b'\n');
        }
        let written = self.out.write_all(&lines).and_then(|()| self.out.flush());
        match written {
            Ok(()) => self.whole += lines.len() as u64,
            Err(_) => self.out.cut(self.whole)?,
        }
        written
    }
}

fn tee<W: Out>(
    mut from: UnboundedReceiver<Stamped>,
    to: &UnboundedSender<Vec<Entry>>,
    mut sink: Option<Sink<W>>,
    written: impl Fn(),
) {
    let mut seq = 0;
    let mut began: Option<Instant> = None;
    while let Some(first) = from.blocking_recv() {
        if let Some(rest) = began.and_then(|began| REST.checked_sub(began.elapsed())) {
            thread::sleep(rest);
        }
        began = Some(Instant::now());
        let mut batch = Vec::new();
        let mut next = Some(first);
        while let Some(Stamped { at, event }) = next {
            batch.push(Entry { seq, at, event });
            seq += 1;
            next = if batch.len() < LARGEST_BATCH { from.try_recv().ok() } else { None };
        }
        if let Some(open) = &mut sink {
            match open.write(&batch) {
                Ok(()) => written(),
                Err(error) => {
                    sink = None;
                    batch.push(unrecorded(seq, batch.last().map_or(Duration::ZERO, |entry| entry.at), &error));
                    seq += 1;
                }
            }
        }
        // A face that has gone away does not stop the recording.
        let _ = to.send(batch);
    }
}

fn unrecorded(seq: u64, at: Duration, error: &io::Error) -> Entry {
    let text = format!("the journal cannot be written ({error}): this run is not recorded from here on");
    Entry { seq, at, event: Event::Noted { level: NoteLevel::Error, text } }
}

/// Lets the disk have what was written, grouped, on a thread of its own: a slow disk delays nobody.
struct Synced {
    marks: SyncSender<()>,
    thread: Option<JoinHandle<()>>,
}

impl Synced {
    /// Begins; where the file or the thread cannot be doubled the system syncs when it likes.
    fn new(file: &File) -> Self {
        let (marks, marked) = sync_channel(1);
        let thread = file.try_clone().ok().and_then(|file| {
            thread::Builder::new().name("journal sync".into()).spawn(move || sync_marked(&file, &marked)).ok()
        });
        Self { marks, thread }
    }

    /// Something was written.
    fn mark(&self) {
        let _ = self.marks.try_send(());
    }

    /// Waits for the last sync.
    fn finish(self) {
        drop(self.marks);
        if let Some(thread) = self.thread {
            let _ = thread.join();
        }
    }
}

/// Syncs at most [`SYNC_WITHIN`] after each mark, and once at the end.
fn sync_marked(file: &File, marked: &Receiver<()>) {
    while marked.recv().is_ok() {
        let due = Instant::now() + SYNC_WITHIN;
        let mut ended = false;
        while !ended {
            match marked.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => ended = true,
            }
        }
        // A failed sync is the same loss as a loss of power; the lines are in the system's hands.
        let _ = file.sync_data();
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    /// A disk with room for so many bytes.
    struct SmallDisk {
        room: usize,
        data: std::sync::Arc<std::sync::Mutex<Vec<u8>>>,
    }

    impl Write for SmallDisk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut data = self.data.lock().expect("one thread");
            let fits = bytes.len().min(self.room - data.len());
            if fits == 0 {
                return Err(io::Error::from(io::ErrorKind::StorageFull));
            }
            data.extend_from_slice(&bytes[..fits]);
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Out for SmallDisk {
        fn cut(&mut self, length: u64) -> io::Result<()> {
            self.data.lock().expect("one thread").truncate(length as usize);
            Ok(())
        }
    }

    fn stamped(n: u64) -> Stamped {
        Stamped { at: Duration::from_secs(n), event: Event::Noted { level: NoteLevel::Info, text: "x".repeat(100) } }
    }

    #[test]
    fn a_full_disk_is_told_once_and_everything_is_passed_on() {
        let data = std::sync::Arc::default();
        let disk = SmallDisk { room: 500, data: std::sync::Arc::clone(&data) };
        let (say, from) = unbounded_channel();
        let (to, mut heard) = unbounded_channel();
        let teller = thread::spawn(move || tee(from, &to, Some(Sink { out: disk, whole: 0 }), || {}));
        let mut entries: Vec<Entry> = Vec::new();
        for n in 0..10 {
            say.send(stamped(n)).expect("listens");
            entries.extend(heard.blocking_recv().expect("passes on"));
        }
        drop(say);
        teller.join().expect("ends");
        let seqs: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, (0..11).collect::<Vec<_>>(), "ten and one note");
        let notes: Vec<&Entry> = entries
            .iter()
            .filter(|entry| matches!(&entry.event, Event::Noted { level: NoteLevel::Error, text } if text.contains("not recorded")))
            .collect();
        assert_eq!(notes.len(), 1);
        let written = String::from_utf8(data.lock().expect("one thread").clone()).expect("text");
        assert!(written.ends_with('\n'), "no half a line stays behind");
        let kept: Vec<Entry> = written.lines().map(|line| format::decode(line).expect("whole")).collect();
        assert!(!kept.is_empty());
        assert_eq!(kept[..], entries[..kept.len()]);
        assert_eq!(notes[0].seq as usize, kept.len() + 1, "told with the first batch that was not written");
    }
}
