//! Player: reads a journal back, line by line, and says what is wrong with it.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::bench::event::{Entry, Event};
use crate::bench::tally::Tally;
use crate::journal::format::{self, LineError};

/// Why a journal cannot be read.
#[derive(Debug)]
pub struct JournalError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1; 0 where it is the file as a whole.
    pub line: u64,
    /// What is wrong.
    pub fault: JournalFault,
    /// The program's version that wrote it, as far as its first line tells.
    pub version: Option<String>,
}

/// What is wrong with a journal.
#[derive(Debug)]
pub enum JournalFault {
    /// The file cannot be opened or read.
    Io(io::Error),
    /// It holds no entry at all.
    Empty,
    /// It does not begin with the start of a run.
    NoRun,
    /// A line before the last one is no entry.
    Line(LineError),
    /// An entry is missing or doubled.
    Sequence {
        /// The number that was due.
        due: u64,
        /// The number that stands there.
        found: u64,
    },
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        match &self.fault {
            JournalFault::Io(error) => write!(f, ": {error}")?,
            JournalFault::Empty => f.write_str(": the journal is empty: its run ended before it began")?,
            JournalFault::NoRun => f.write_str(": this is no journal: it does not begin with a run")?,
            JournalFault::Line(error) => write!(f, ": {error}")?,
            JournalFault::Sequence { due, found } => {
                write!(f, ": entry {due} is due, but entry {found} stands there: the journal was changed")?;
            }
        }
        match &self.version {
            Some(version) if matches!(self.fault, JournalFault::Line(LineError::Unknown { .. })) => write!(
                f,
                " (written by quotient {version}, read by {}: a newer version may be able to)",
                env!("CARGO_PKG_VERSION")
            ),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.fault {
            JournalFault::Io(error) => Some(error),
            JournalFault::Line(error) => Some(error),
            _ => None,
        }
    }
}

/// A journal that is being read, an entry at a time. Nothing follows an error.
#[derive(Debug)]
pub struct Player {
    path: PathBuf,
    reader: BufReader<File>,
    line: u64,
    version: Option<String>,
    torn: Option<String>,
    done: bool,
}

impl Player {
    /// Opens a journal.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let file = File::open(path).map_err(|error| JournalError {
            path: path.into(),
            line: 0,
            fault: JournalFault::Io(error),
            version: None,
        })?;
        let reader = BufReader::with_capacity(1 << 16, file);
        Ok(Self { path: path.into(), reader, line: 0, version: None, torn: None, done: false })
    }

    /// What to tell of a last line that was cut off, once the end was read.
    pub fn torn(&self) -> Option<&str> {
        self.torn.as_deref()
    }

    fn error(&self, fault: JournalFault) -> JournalError {
        JournalError { path: self.path.clone(), line: self.line, fault, version: self.version.clone() }
    }

    /// The next entry; `None` at the end.
    fn read(&mut self) -> Result<Option<Entry>, JournalFault> {
        let mut bytes = Vec::new();
        if self.reader.read_until(b'\n', &mut bytes).map_err(JournalFault::Io)? == 0 {
            return if self.line == 0 { Err(JournalFault::Empty) } else { Ok(None) };
        }
        self.line += 1;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        }
        let decoded = std::str::from_utf8(&bytes).map_err(|_| LineError::Damaged).and_then(format::decode);
        let entry = match decoded {
            Ok(entry) => entry,
            Err(LineError::Damaged) if self.is_last()? => return self.drop_torn(),
            Err(error) => return Err(JournalFault::Line(error)),
        };
        let due = self.line - 1;
        if entry.seq != due {
            return Err(JournalFault::Sequence { due, found: entry.seq });
        }
        match &entry.event {
            Event::RunStarted { version, .. } => self.version = Some(version.clone()),
            _ if due == 0 => return Err(JournalFault::NoRun),
            _ => {}
        }
        Ok(Some(entry))
    }

    fn is_last(&mut self) -> Result<bool, JournalFault> {
        Ok(self.reader.fill_buf().map_err(JournalFault::Io)?.is_empty())
    }

    fn drop_torn(&mut self) -> Result<Option<Entry>, JournalFault> {
        if self.line == 1 {
            return Err(JournalFault::NoRun);
        }
        self.torn =
            Some(format!("the journal's last line ({}) was cut off and is left out: the run was killed", self.line));
        Ok(None)
    }
}

impl Iterator for Player {
    type Item = Result<Entry, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        match self.read() {
            Ok(Some(entry)) => Some(Ok(entry)),
            Ok(None) => {
                self.done = true;
                None
            }
            Err(fault) => {
                self.done = true;
                Some(Err(self.error(fault)))
            }
        }
    }
}

/// A whole journal in memory.
#[derive(Debug)]
pub struct Played {
    /// Its entries, in order.
    pub entries: Vec<Entry>,
    /// What to tell of a last line that was cut off.
    pub torn: Option<String>,
}

/// Reads a whole journal.
pub fn read(path: &Path) -> Result<Played, JournalError> {
    let mut player = Player::open(path)?;
    let entries = player.by_ref().collect::<Result<_, _>>()?;
    Ok(Played { entries, torn: player.torn })
}

/// Folds a journal without keeping its entries, and what the user must know of it. A run that was killed counts
/// as interrupted.
pub fn tally(path: &Path) -> Result<(Tally, Vec<String>), JournalError> {
    let mut player = Player::open(path)?;
    let mut tally: Option<Tally> = None;
    for entry in player.by_ref() {
        let entry = entry?;
        if let Event::RunStarted { plan, .. } = &entry.event {
            tally.get_or_insert_with(|| Tally::planned(std::sync::Arc::clone(plan)));
        }
        if let Some(tally) = &mut tally {
            tally.apply(&entry);
        }
    }
    let mut tally = tally.ok_or_else(|| player.error(JournalFault::NoRun))?;
    tally.cut_short();
    Ok((tally, player.torn.into_iter().collect()))
}
