//! Pages: the trials of a journal page by page, also while the journal grows.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;

use crate::bench::event::{Entry, Event};
use crate::bench::fault::Fault;
use crate::bench::micros;
use crate::bench::plan::Plan;
use crate::bench::sample::Sample;
use crate::bench::trials::{Ask, Order, Page, Texts, TrialRow, fault_name};
use crate::journal::format::{self, LineError};
use crate::journal::player::{JournalError, JournalFault};

/// Bytes that are read at a time.
const BUFFER: usize = 1 << 18;
/// Entries about one trial at most: nobody reads more.
const MOST_OF_ONE: usize = 2_000;

/// A journal with an index of its trials: a row each, and where in the file its entries lie.
#[derive(Debug)]
pub struct Pages {
    path: PathBuf,
    reader: BufReader<File>,
    /// Where the first line begins that was not read, and its number from 0.
    offset: u64,
    due: u64,
    plan: Option<Arc<Plan>>,
    version: Option<String>,
    rows: Vec<TrialRow>,
    places: Vec<Place>,
    /// Trials that have not ended.
    begun: HashMap<u64, Begun>,
    texts: Texts,
    order: Order,
}

/// Where the entries of a trial lie in the file, among those of others, and the number of the last.
#[derive(Debug, Clone, Copy)]
struct Place {
    from: u64,
    to: u64,
    seq: u64,
}

/// A trial that has not ended: where its first entry lies, and what went wrong so far.
#[derive(Debug, Default)]
struct Begun {
    from: u64,
    faults: Vec<String>,
}

/// What the index takes of the end of a trial.
#[derive(Deserialize)]
struct Finished {
    #[serde(with = "micros")]
    at: Duration,
    sample: Sample,
}

/// And of a fault.
#[derive(Deserialize)]
struct Failed {
    fault: Fault,
}

impl Pages {
    /// Opens a journal; nothing is read yet.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let io = |error| JournalError { path: path.into(), line: 0, fault: JournalFault::Io(error), version: None };
        let file = File::open(path).map_err(io)?;
        Ok(Self {
            path: path.into(),
            reader: BufReader::with_capacity(BUFFER, file),
            offset: 0,
            due: 0,
            plan: None,
            version: None,
            rows: Vec::new(),
            places: Vec::new(),
            begun: HashMap::new(),
            texts: Texts::default(),
            order: Order::default(),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what was written since the last time. A last line that is not whole yet is left for the next time.
    pub fn read(&mut self) -> Result<(), JournalError> {
        self.read_on().map_err(|fault| JournalError {
            path: self.path.clone(),
            line: self.due + 1,
            fault,
            version: self.version.clone(),
        })
    }

    fn read_on(&mut self) -> Result<(), JournalFault> {
        let length = self.reader.get_ref().metadata().map_err(JournalFault::Io)?.len();
        if length < self.offset {
            // A batch that could not be written whole was cut off again: what was read of it does not count.
            let again = Self::open(&self.path).map_err(|error| error.fault)?;
            *self = again;
        }
        self.reader.seek(SeekFrom::Start(self.offset)).map_err(JournalFault::Io)?;
        let mut bytes = Vec::new();
        while next_line(&mut self.reader, &mut bytes).map_err(JournalFault::Io)? {
            let end = self.offset + bytes.len() as u64;
            match text(&bytes).and_then(|line| self.take(line, end)) {
                Ok(seq) if seq == self.due => {}
                Ok(seq) => return Err(JournalFault::Sequence { due: self.due, found: seq }),
                // The player leaves out a damaged line if it is the last.
                Err(LineError::Damaged) if self.reader.fill_buf().map_err(JournalFault::Io)?.is_empty() => break,
                Err(error) => return Err(JournalFault::Line(error)),
            }
            if self.plan.is_none() {
                return Err(JournalFault::NoRun);
            }
            (self.offset, self.due) = (end, self.due + 1);
        }
        Ok(())
    }

    /// Takes a line into the index; its number.
    fn take(&mut self, line: &str, end: u64) -> Result<u64, LineError> {
        let fields = format::fields(line).ok_or(LineError::Damaged)?;
        let Some(head) = Head::of(fields) else {
            // Not written as we write, which is no reason not to understand it.
            let entry = format::decode(line)?;
            self.apply(&entry, end);
            return Ok(entry.seq);
        };
        let begun =
            head.trial.map(|id| self.begun.entry(id).or_insert(Begun { from: self.offset, faults: Vec::new() }));
        match (head.event, begun) {
            ("trial_finished", _) => {
                let Finished { at, sample } = part(line)?;
                self.finished(head.seq, at, &sample, end);
            }
            ("invocation_failed", Some(begun)) => {
                let Failed { fault } = part(line)?;
                begun.faults.push(fault_name(&fault));
            }
            ("run_started", _) => self.apply(&format::decode(line)?, end),
            _ => {}
        }
        Ok(head.seq)
    }

    fn apply(&mut self, entry: &Entry, end: u64) {
        let from = self.offset;
        if let Some(trial) = entry.event.trial() {
            self.begun.entry(trial.id).or_insert(Begun { from, faults: Vec::new() });
        }
        match &entry.event {
            Event::RunStarted { plan, version, .. } => {
                (self.plan, self.version) = (Some(Arc::clone(plan)), Some(version.clone()));
            }
            Event::TrialFinished { sample } => self.finished(entry.seq, entry.at, sample, end),
            Event::InvocationFailed { trial, fault, .. } => {
                self.begun.entry(trial.id).or_default().faults.push(fault_name(fault));
            }
            _ => {}
        }
    }

    fn finished(&mut self, seq: u64, at: Duration, sample: &Sample, to: u64) {
        let Begun { from, faults } = self.begun.remove(&sample.trial.id).unwrap_or_default();
        self.rows.push(TrialRow::of(at, sample, &faults, &mut self.texts));
        self.places.push(Place { from, to, seq });
    }

    /// The page that is asked for, of what was read.
    pub fn page(&mut self, ask: &Ask) -> Page {
        let count = ask.upto.map_or(self.rows.len(), |upto| self.places.partition_point(|place| place.seq <= upto));
        let Some(plan) = &self.plan else { return Page::default() };
        let rows = &self.rows[..count];
        self.order.renew(&ask.query, rows, plan);
        let incomplete = ask.upto.is_some_and(|upto| self.due <= upto);
        Page { incomplete, ..self.order.page(ask.anchor, ask.rows, rows) }
    }

    /// Every entry about a trial that ended, its progress left out; none where no such trial was read.
    pub fn trial(&mut self, id: u64) -> Result<Vec<Entry>, JournalError> {
        let place = self.rows.iter().position(|row| row.trial.id == id).map(|at| self.places[at]);
        let found = place.map_or(Ok(Vec::new()), |place| self.entries(id, place));
        found.map_err(|fault| JournalError { path: self.path.clone(), line: 0, fault, version: self.version.clone() })
    }

    fn entries(&mut self, id: u64, Place { from, to, .. }: Place) -> Result<Vec<Entry>, JournalFault> {
        self.reader.seek(SeekFrom::Start(from)).map_err(JournalFault::Io)?;
        let (mut entries, mut bytes, mut at) = (Vec::new(), Vec::new(), from);
        while at < to
            && entries.len() < MOST_OF_ONE
            && next_line(&mut self.reader, &mut bytes).map_err(JournalFault::Io)?
        {
            at += bytes.len() as u64;
            let line = text(&bytes).map_err(JournalFault::Line)?;
            let head = format::fields(line).and_then(Head::of);
            if head.is_some_and(|head| head.event == "progress" || head.trial != Some(id)) {
                continue;
            }
            let entry = format::decode(line).map_err(JournalFault::Line)?;
            let progress = matches!(entry.event, Event::Progress { .. });
            if !progress && entry.event.trial().is_some_and(|trial| trial.id == id) {
                entries.push(entry);
            }
        }
        Ok(entries)
    }
}

/// Reads the next line with its end; false where it has none yet.
fn next_line(reader: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<bool> {
    bytes.clear();
    reader.read_until(b'\n', bytes)?;
    Ok(bytes.ends_with(b"\n"))
}

/// A line without its end.
fn text(bytes: &[u8]) -> Result<&str, LineError> {
    std::str::from_utf8(bytes).map(|line| line.trim_end_matches('\n')).map_err(|_| LineError::Damaged)
}

/// The fields that the index needs, of a line whose checksum was looked at.
fn part<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, LineError> {
    serde_json::from_str(line).map_err(|error| LineError::Unknown { event: None, why: error.to_string() })
}

/// The beginning of a line as this program writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Head<'a> {
    seq: u64,
    event: &'a str,
    /// The trial that it is about.
    trial: Option<u64>,
}

impl<'a> Head<'a> {
    /// `None` where a line begins otherwise.
    fn of(fields: &'a str) -> Option<Self> {
        let (seq, rest) = number(fields.strip_prefix("{\"seq\":")?)?;
        let (_, rest) = number(rest.strip_prefix(",\"at\":")?)?;
        let (event, rest) = rest.strip_prefix(",\"event\":\"")?.split_once('"')?;
        // What is about a trial names it first, or behind its judge.
        let rest = rest.strip_prefix(",\"judge\":").and_then(number).map_or(rest, |(_, rest)| rest);
        let rest = rest.strip_prefix(",\"sample\":{").or_else(|| rest.strip_prefix(',')).unwrap_or(rest);
        let trial = rest.strip_prefix("\"trial\":{\"id\":").and_then(number);
        Some(Self { seq, event, trial: trial.map(|(id, _)| id) })
    }
}

/// A whole number at the beginning of a text, and what follows it.
fn number(text: &str) -> Option<(u64, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit())?;
    let (digits, rest) = text.split_at(end);
    digits.parse().ok().map(|number| (number, rest))
}
