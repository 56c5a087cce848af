//! History: past runs — where they lie, what they are called, how one is named.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use jiff::Timestamp;

use crate::bench::event::Ended;
use crate::bench::tally::Phase;
use crate::bench::verdict::verdict;
use crate::journal::player::{self, JournalError};

/// The name of a run that begins at a time (since the Unix epoch): UTC to the second, and four characters drawn from
/// a random number. Names sort as the runs began.
pub fn run_id(at: Duration, random: u32) -> String {
    const CHARACTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let when = Timestamp::from_second(i64::try_from(at.as_secs()).unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX);
    let suffix: String = (0..4).map(|i| char::from(CHARACTERS[(random >> (5 * i)) as usize % 32])).collect();
    format!("{}-{suffix}", when.strftime("%Y%m%dT%H%M%S"))
}

/// Where runs are kept: `$XDG_DATA_HOME/quotient/runs`, on every system. An error where there is no home directory.
pub fn default_dir() -> io::Result<PathBuf> {
    let base = etcetera::base_strategy::Xdg::new().map_err(|error| io::Error::new(io::ErrorKind::NotFound, error))?;
    Ok(base.data_dir().join("quotient").join("runs"))
}

/// The journal of a run of this name.
pub fn journal(dir: &Path, run: &str) -> PathBuf {
    dir.join(format!("{run}.jsonl"))
}

/// One journal on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRun {
    /// Its name.
    pub id: String,
    /// Its journal.
    pub path: PathBuf,
}

/// Every run of a directory, the newest first; none where the directory is not there.
pub fn list(dir: &Path) -> io::Result<Vec<PastRun>> {
    let found = match fs::read_dir(dir) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut runs = Vec::new();
    for file in found {
        let path = file?.path();
        let Some(id) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".jsonl"))
        else {
            continue;
        };
        runs.push(PastRun { id: id.to_owned(), path });
    }
    runs.sort_unstable_by(|a, b| b.id.cmp(&a.id));
    Ok(runs)
}

/// A past run in one line.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Its name.
    pub id: String,
    /// When it began, since the Unix epoch.
    pub started_at: Option<Duration>,
    /// Its models, as the user named them.
    pub models: Vec<String>,
    /// The names of its variants that took part.
    pub variants: Vec<String>,
    /// Counted trials that ended.
    pub trials: u64,
    /// Why it ended.
    pub ended: Ended,
    /// True where no AWS was behind it.
    pub simulated: bool,
    /// The winner under the plan's objective; with several models only where it is the same for all.
    pub winner: Option<String>,
}

/// Reads a run's journal down to one line.
pub fn summary(run: &PastRun) -> Result<Summary, JournalError> {
    let (tally, _) = player::tally(&run.path)?;
    let ended = match tally.phase {
        Phase::Finished(ended) => ended,
        Phase::Planned | Phase::Running | Phase::Paused => Ended::Interrupted,
    };
    let winner = |model| verdict(&tally, model, &tally.plan.objective).winner;
    let winners: BTreeSet<Option<String>> = (0..tally.models.len()).map(winner).collect();
    let mut winners = winners.into_iter();
    Ok(Summary {
        id: run.id.clone(),
        started_at: tally.started_at,
        models: tally.plan.models.iter().map(|model| model.id.to_string()).collect(),
        variants: tally.plan.variants.iter().filter(|v| v.included).map(|v| v.name.clone()).collect(),
        trials: tally.finished_trials(),
        ended,
        simulated: tally.simulated,
        winner: winners.next().flatten().filter(|_| winners.next().is_none()),
    })
}

/// Why a name names no run.
#[derive(Debug)]
pub enum ResolveError {
    /// The directory cannot be read.
    Io(PathBuf, io::Error),
    /// There is no run at all.
    NoRuns(PathBuf),
    /// No run has this name.
    Unknown {
        /// What was asked for.
        asked: String,
        /// The names of the newest runs.
        newest: Vec<String>,
    },
    /// Several runs begin with it.
    Ambiguous {
        /// What was asked for.
        asked: String,
        /// Their names.
        matching: Vec<String>,
    },
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(dir, error) => write!(f, "{}: {error}", dir.display()),
            Self::NoRuns(dir) => {
                write!(f, "no run is recorded in {}: `quotient bench` or the dashboard records one", dir.display())
            }
            Self::Unknown { asked, newest } => write!(
                f,
                "no run is called {asked:?}; the newest are {} (`quotient runs` lists all, `latest` is the newest, \
                 a path works too)",
                newest.join(", ")
            ),
            Self::Ambiguous { asked, matching } => {
                write!(f, "{asked:?} is the beginning of several runs: {}", matching.join(", "))
            }
        }
    }
}

impl std::error::Error for ResolveError {}

/// The journal that a word names: `latest`, a run's name, the beginning of one name only, or a path.
pub fn resolve(dir: &Path, asked: &str) -> Result<PathBuf, ResolveError> {
    const SHOWN: usize = 5;
    let as_path = Path::new(asked);
    if as_path.is_file() {
        return Ok(as_path.to_owned());
    }
    let runs = list(dir).map_err(|error| ResolveError::Io(dir.to_owned(), error))?;
    let Some(newest) = runs.first() else { return Err(ResolveError::NoRuns(dir.to_owned())) };
    if asked == "latest" {
        return Ok(newest.path.clone());
    }
    if let Some(run) = runs.iter().find(|run| run.id == asked) {
        return Ok(run.path.clone());
    }
    let names = |runs: &mut dyn Iterator<Item = &PastRun>| runs.take(SHOWN).map(|run| run.id.clone()).collect();
    let mut matching = runs.iter().filter(|run| !asked.is_empty() && run.id.starts_with(asked));
    match (matching.next(), matching.next()) {
        (Some(run), None) => Ok(run.path.clone()),
        (Some(_), Some(_)) => {
            let matching = names(&mut runs.iter().filter(|run| run.id.starts_with(asked)));
            Err(ResolveError::Ambiguous { asked: asked.into(), matching })
        }
        (None, _) => Err(ResolveError::Unknown { asked: asked.into(), newest: names(&mut runs.iter()) }),
    }
}
