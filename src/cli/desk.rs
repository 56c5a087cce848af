//! The dashboard's desk: performs what the screen's model asks for and brings it what happened.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::bench::event::{Command, Entry, NoteLevel, Stop};
use crate::bench::plan::Plan;
use crate::cli::bench::refusal;
use crate::cli::check;
use crate::cli::session::{River, Session, Setup};
use crate::cli::signals::Interrupts;
use crate::tui::model::{Msg, PlanEstimate};

/// What the desk is asked for.
#[derive(Debug)]
pub enum Ask {
    /// Say this to the engine.
    Tell(Command),
    /// Estimate this plan.
    Estimate(Arc<Plan>),
    /// End the run that is on, and then everything.
    Close,
}

/// Where messages to the screen go.
pub type Inbox = std::sync::mpsc::Sender<Msg>;

/// The desk of one dashboard.
pub struct Desk {
    plan: Plan,
    setup: Setup,
    session: Option<Session>,
    river: Option<River>,
    /// Why there is no session.
    trouble: Option<String>,
    inbox: Inbox,
    signalled: Arc<AtomicBool>,
}

/// What the desk leaves behind.
#[derive(Debug, Default)]
pub struct Left {
    /// The journal of the last run.
    pub journal: Option<PathBuf>,
}

impl Desk {
    /// A desk over a plan; nothing is opened yet. `signalled` becomes true when a signal ends the program.
    pub fn new(plan: Plan, setup: Setup, inbox: Inbox, signalled: Arc<AtomicBool>) -> Self {
        Self { plan, setup, session: None, river: None, trouble: None, inbox, signalled }
    }

    /// Works until it is asked to close.
    pub async fn work(mut self, mut asks: UnboundedReceiver<Ask>, mut interrupts: Interrupts) -> Left {
        let mut left = Left::default();
        self.open().await;
        loop {
            tokio::select! {
                ask = asks.recv() => match ask {
                    Some(Ask::Tell(Command::Start(plan))) => self.start(plan, &mut left).await,
                    Some(Ask::Tell(command)) => self.tell(command),
                    Some(Ask::Estimate(plan)) => self.estimate(&plan).await,
                    Some(Ask::Close) | None => break,
                },
                batch = next(&mut self.river) => match batch {
                    Some(batch) => self.send(Msg::Entries(batch)),
                    None => self.finish(),
                },
                () = interrupts.next() => {
                    self.signalled.store(true, Ordering::Relaxed);
                    self.send(Msg::Leave);
                }
            }
        }
        self.tell(Command::Stop(Stop::Now));
        // The recorder ends by itself when the engine does; what was in flight is dropped, so this is soon.
        while self.river.is_some() && next(&mut self.river).await.is_some() {}
        self.finish();
        left
    }

    async fn open(&mut self) {
        match Session::open(&mut self.plan, self.setup.clone()).await {
            Ok(session) => {
                self.trouble = None;
                self.send(Msg::Region(self.plan.region.clone()));
                self.send(Msg::Entries(session.detection()));
                self.session = Some(session);
            }
            Err(error) => {
                self.trouble = Some(error.to_string());
                self.send(Msg::Note(NoteLevel::Error, error.to_string()));
            }
        }
    }

    async fn start(&mut self, plan: Arc<Plan>, left: &mut Left) {
        if self.river.is_some() {
            return;
        }
        if self.session.is_none() {
            // What went wrong before (expired credentials, no network) may be mended by now.
            self.open().await;
        }
        let Some(session) = &self.session else { return };
        let mut plan = Arc::unwrap_or_clone(plan);
        plan.region.clone_from(&self.plan.region);
        match session.start(Arc::new(plan)) {
            Ok(river) => {
                left.journal.clone_from(&river.recording.path);
                self.river = Some(river);
            }
            Err(error) => self.send(Msg::Note(NoteLevel::Error, format!("{error:#}"))),
        }
    }

    /// The river ran dry: its journal is whole once the recorder has ended, which it is about to.
    fn finish(&mut self) {
        if let Some(river) = self.river.take() {
            river.recording.finish();
        }
    }

    fn tell(&self, command: Command) {
        if let Some(river) = &self.river {
            // A closed channel means that the run has just ended by itself.
            drop(river.commands.send(command));
        }
    }

    async fn estimate(&mut self, plan: &Plan) {
        if self.session.is_none() {
            // What went wrong before (expired credentials, no network) may be mended by now.
            self.open().await;
        }
        let quotas = self.session.as_ref().map(Session::quotas).unwrap_or_default();
        let estimate = match check::estimated(plan, &quotas) {
            Ok(estimated) => PlanEstimate {
                rows: check::rows(plan, &estimated),
                refusal: self.trouble.clone().or_else(|| refusal(plan, &estimated)),
                warnings: estimated.warnings,
            },
            Err(error) => PlanEstimate { refusal: Some(error.to_string()), ..PlanEstimate::default() },
        };
        self.send(Msg::Estimate(estimate));
    }

    fn send(&self, message: Msg) {
        // A closed inbox means that the screen has gone; the next ask is `Close`.
        drop(self.inbox.send(message));
    }
}

/// The next batch of the river; waits for ever where there is none.
async fn next(river: &mut Option<River>) -> Option<Vec<Entry>> {
    match river {
        Some(river) => river.entries.recv().await,
        None => std::future::pending().await,
    }
}

/// The other end of the desk's asks.
pub type Asks = UnboundedSender<Ask>;
