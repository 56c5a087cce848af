//! The reader of trials: what the dashboard asks of a journal, answered on a thread of its own while it is looked at.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use crate::bench::event::Entry;
use crate::bench::trials::{Ask, NoPage, Page};
use crate::cli::desk::Inbox;
use crate::journal::history;
use crate::journal::pages::Pages;
use crate::tui::message::Msg;

/// Where the journal of a run lies.
#[derive(Debug, Clone)]
pub enum Journals {
    /// Here, under the run's name.
    In(PathBuf),
    /// It is this file.
    File(PathBuf),
    /// Nowhere: no run is recorded.
    Nowhere,
}

impl Journals {
    fn of(&self, run: &str) -> Option<PathBuf> {
        match self {
            Self::In(folder) => Some(history::journal(folder, run)),
            Self::File(path) => Some(path.clone()),
            Self::Nowhere => None,
        }
    }
}

/// What is wanted of a journal.
#[derive(Debug)]
enum Wanted {
    Page(Ask),
    Trial(u64),
}

/// A reader that begins when something is asked for, and ends, with its index, when nobody looks any more.
#[derive(Debug)]
pub struct Reader {
    journals: Journals,
    inbox: Inbox,
    asks: Option<Sender<(PathBuf, Wanted)>>,
}

impl Reader {
    /// A reader of these journals, which answers into an inbox.
    pub fn new(journals: Journals, inbox: Inbox) -> Self {
        Self { journals, inbox, asks: None }
    }

    /// Reads a page of a run's trials; the answer is [`Msg::Rows`].
    pub fn page(&mut self, run: &str, ask: Ask) {
        match self.journals.of(run) {
            Some(path) => self.ask(path, Wanted::Page(ask)),
            None => drop(self.inbox.send(rows(&ask, Err(NoPage::NotRecorded)))),
        }
    }

    /// Reads all about a trial of a run; the answer is [`Msg::Trial`].
    pub fn trial(&mut self, run: &str, id: u64) {
        match self.journals.of(run) {
            Some(path) => self.ask(path, Wanted::Trial(id)),
            None => drop(self.inbox.send(Msg::Trial(id, Ok(Vec::new())))),
        }
    }

    /// Nobody looks any more: the thread ends, and the index with it.
    pub fn leave(&mut self) {
        self.asks = None;
    }

    fn ask(&mut self, path: PathBuf, wanted: Wanted) {
        let begun = match self.asks.take() {
            Some(asks) => Ok(asks),
            None => begin(self.inbox.clone()),
        };
        match begun {
            // A reader that panicked has been reported by the panic hook; its asks go nowhere.
            Ok(asks) => {
                drop(asks.send((path, wanted)));
                self.asks = Some(asks);
            }
            Err(error) => drop(self.inbox.send(unread(&wanted, &format!("cannot read the journal: {error}")))),
        }
    }
}

fn begin(inbox: Inbox) -> std::io::Result<Sender<(PathBuf, Wanted)>> {
    let (asks, asked) = mpsc::channel();
    thread::Builder::new().name("trials".into()).spawn(move || answer(&asked, &inbox))?;
    Ok(asks)
}

/// Answers until nobody asks any more. Of several pages that are asked for, the newest is read alone.
fn answer(asked: &Receiver<(PathBuf, Wanted)>, inbox: &Inbox) {
    let mut open: Option<Pages> = None;
    while let Ok(first) = asked.recv() {
        let (mut page, mut trial) = (None, None);
        for (path, wanted) in std::iter::once(first).chain(asked.try_iter()) {
            match wanted {
                Wanted::Page(_) => page = Some((path, wanted)),
                Wanted::Trial(_) => trial = Some((path, wanted)),
            }
        }
        for (path, wanted) in page.into_iter().chain(trial) {
            let message = answered(&mut open, &path, wanted);
            if inbox.send(message).is_err() {
                return;
            }
        }
    }
}

/// The answer. A journal that could not be read is opened again the next time.
fn answered(open: &mut Option<Pages>, path: &Path, wanted: Wanted) -> Msg {
    match wanted {
        Wanted::Page(ask) => {
            let page = read(open, path).map(|pages| pages.page(&ask));
            rows(&ask, page.map_err(NoPage::Unreadable))
        }
        Wanted::Trial(id) => {
            let entries: Result<Vec<Entry>, String> =
                read(open, path).and_then(|pages| pages.trial(id).map_err(|error| error.to_string()));
            Msg::Trial(id, entries)
        }
    }
}

fn read<'a>(open: &'a mut Option<Pages>, path: &Path) -> Result<&'a mut Pages, String> {
    let known = open.take().filter(|pages| pages.path() == path);
    let mut pages = match known {
        Some(pages) => pages,
        None => Pages::open(path).map_err(|error| error.to_string())?,
    };
    pages.read().map_err(|error| error.to_string())?;
    Ok(open.insert(pages))
}

fn rows(ask: &Ask, page: Result<Page, NoPage>) -> Msg {
    Msg::Rows { number: ask.number, again: ask.again, page }
}

fn unread(wanted: &Wanted, why: &str) -> Msg {
    match wanted {
        Wanted::Page(ask) => rows(ask, Err(NoPage::Unreadable(why.into()))),
        Wanted::Trial(id) => Msg::Trial(*id, Err(why.into())),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bench::trials::{Anchor, Query};

    fn ask(number: u64) -> Ask {
        Ask { number, query: Query::default(), anchor: Anchor::First, rows: 9, upto: None, again: false }
    }

    fn recorded() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/journals/verified.jsonl")
    }

    #[test]
    fn pages_and_trials_are_answered_and_the_newest_page_alone() {
        let (inbox, messages) = mpsc::channel();
        let (asks, asked) = mpsc::channel();
        for number in 1..=3 {
            asks.send((recorded(), Wanted::Page(ask(number)))).expect("is kept");
        }
        asks.send((recorded(), Wanted::Trial(0))).expect("is kept");
        drop(asks);
        answer(&asked, &inbox);
        drop(inbox);
        let messages: Vec<Msg> = messages.iter().collect();
        let [Msg::Rows { number: 3, again: false, page: Ok(page) }, Msg::Trial(0, Ok(entries))] = &messages[..] else {
            panic!("{messages:?}")
        };
        assert!(page.total > 20 && page.rows.len() == 9);
        assert!(entries.len() >= 2);
    }

    #[test]
    fn what_is_not_recorded_or_cannot_be_read_is_said() {
        let (inbox, messages) = mpsc::channel();
        let next = || messages.recv_timeout(Duration::from_mins(1)).expect("is answered");
        let mut reader = Reader::new(Journals::Nowhere, inbox.clone());
        reader.page("run", ask(1));
        assert_eq!(next(), rows(&ask(1), Err(NoPage::NotRecorded)));
        reader.trial("run", 7);
        assert_eq!(next(), Msg::Trial(7, Ok(Vec::new())));
        let mut reader = Reader::new(Journals::In("/nowhere".into()), inbox);
        reader.page("run", ask(2));
        let Msg::Rows { number: 2, page: Err(NoPage::Unreadable(why)), .. } = next() else { panic!("was read") };
        assert!(why.contains("/nowhere/run.jsonl"), "{why}");
        reader.journals = Journals::File(recorded());
        reader.page("whatever its name is", ask(3));
        assert!(matches!(next(), Msg::Rows { number: 3, page: Ok(_), .. }), "and later it can");
        reader.leave();
        reader.page("run", ask(4));
        assert!(matches!(next(), Msg::Rows { number: 4, page: Ok(_), .. }), "looked at again");
    }
}
