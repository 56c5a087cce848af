//! The dashboard's desk: performs what the screen's model asks for and brings it what happened.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use color_eyre::Result;
use futures_util::future::LocalBoxFuture;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::bedrock::aws::Clients;
use crate::bench::event::{Command, Entry, NoteLevel, Stop};
use crate::bench::plan::{Endpoint, Plan};
use crate::bench::quota::{LimitKind, Quota};
use crate::cli::bench::refusal;
use crate::cli::fit::{self, Fit};
use crate::cli::planning::Recipe;
use crate::cli::session::{River, Session, Setup, clients, today};
use crate::cli::signals::{Interrupt, Interrupts};
use crate::cli::{check, models, output};
use crate::tui::format::plural;
use crate::tui::message::{Added, Msg, PlanEstimate};
use crate::tui::picker::{ModelList, ModelRow, Taken};

/// What the desk is asked for.
#[derive(Debug)]
pub enum Ask {
    /// Say this to the engine.
    Tell(Command),
    /// Estimate this plan.
    Estimate(Arc<Plan>),
    /// List what may be called.
    List,
    /// Put the plan on the models with these ids.
    Take(Vec<String>),
    /// Put what was written beside the variants; errors call it by this name.
    Add(String, Vec<u8>),
    /// End the run that is on, and then everything.
    Close,
}

/// Where messages to the screen go.
pub type Inbox = std::sync::mpsc::Sender<Msg>;

/// The desk of one dashboard.
pub struct Desk {
    plan: Plan,
    recipe: Recipe,
    setup: Setup,
    /// The clients of every session: one pool, and one simulator whose quotas remember what was sent.
    clients: Option<Clients>,
    session: Option<Session>,
    river: Option<River>,
    /// Whether a run was started since the plan is on these models.
    has_run: bool,
    /// Why there is no session.
    trouble: Option<String>,
    inbox: Inbox,
    signalled: Arc<AtomicBool>,
    editing: Arc<AtomicBool>,
}

/// Columns of what is wrong with a variant that was written: what a small terminal shows.
const COLUMNS: usize = 70;

/// What the desk leaves behind.
#[derive(Debug, Default)]
pub struct Left {
    /// The journal of the last run.
    pub journal: Option<PathBuf>,
}

impl Desk {
    /// A desk over a plan, and what that can be made of again; nothing is opened yet. `signalled` becomes true when a
    /// signal ends the program; while `editing` is, the keys are an editor's, the one that interrupts among them.
    pub fn new(
        plan: Plan,
        recipe: Recipe,
        setup: Setup,
        inbox: Inbox,
        signalled: Arc<AtomicBool>,
        editing: Arc<AtomicBool>,
    ) -> Self {
        let (clients, session, river, trouble) = (None, None, None, None);
        Self { plan, recipe, setup, clients, session, river, has_run: false, trouble, inbox, signalled, editing }
    }

    /// Works until it is asked to close.
    pub async fn work(mut self, mut asks: UnboundedReceiver<Ask>, mut interrupts: Interrupts) -> Left {
        let mut left = Left::default();
        let mut list = None;
        self.open().await;
        loop {
            tokio::select! {
                ask = asks.recv() => match ask {
                    Some(Ask::Tell(Command::Start(plan))) => self.start(plan, &mut left).await,
                    Some(Ask::Tell(command)) => self.tell(command),
                    Some(Ask::Estimate(plan)) => self.estimate(plan).await,
                    Some(Ask::List) => list = Some(self.list()),
                    Some(Ask::Take(ids)) => self.take(&ids, &left).await,
                    Some(Ask::Add(name, bytes)) => self.add(&name, bytes),
                    Some(Ask::Close) | None => break,
                },
                batch = next(&mut self.river) => match batch {
                    Some(batch) => self.send(Msg::Entries(batch)),
                    None => self.finish().await,
                },
                message = answer(&mut list) => {
                    list = None;
                    self.send(message);
                }
                who = interrupts.next() => {
                    if who == Interrupt::Key && self.editing.load(Ordering::SeqCst) {
                        continue;
                    }
                    self.signalled.store(true, Ordering::Relaxed);
                    self.send(Msg::Leave);
                }
            }
        }
        self.tell(Command::Stop(Stop::Now));
        // The recorder ends by itself when the engine does; what was in flight is dropped, so this is soon.
        while self.river.is_some() && next(&mut self.river).await.is_some() {}
        self.finish().await;
        left
    }

    async fn open(&mut self) {
        let mut plan = self.plan.clone();
        match self.session(&mut plan).await {
            Ok(session) => {
                self.send(Msg::Region(plan.region.clone()));
                self.hold(plan, session);
            }
            Err(error) => {
                self.trouble = Some(error.to_string());
                self.send(Msg::Note(NoteLevel::Error, error.to_string()));
            }
        }
    }

    /// A session for a plan. Clients with which none could be opened are made anew the next time: what was wrong with
    /// them (credentials, a profile) may be mended by then.
    async fn session(&mut self, plan: &mut Plan) -> Result<Session> {
        let clients = match self.clients.take() {
            Some(clients) => clients,
            None => clients(plan, self.setup.clone()).await?,
        };
        let opened = Session::over(clients.clone(), plan, &self.setup).await;
        if opened.is_ok() || plan.endpoint == Endpoint::Simulator {
            self.clients = Some(clients);
        }
        // What was asked to be read again was, and is kept now.
        self.setup.refresh_quotas &= opened.is_err();
        opened
    }

    /// From now on works with this session, and tells the quotas that it detected.
    fn hold(&mut self, plan: Plan, session: Session) {
        self.trouble = None;
        self.send(Msg::Entries(session.detection()));
        let session = session.after(self.session.take());
        (self.plan, self.session) = (plan, Some(session));
    }

    /// Lists what may be called: several calls, which the desk makes beside its other work.
    fn list(&self) -> LocalBoxFuture<'static, Msg> {
        let (connected, setup, mut plan) = (self.clients.clone(), self.setup.clone(), self.plan.clone());
        Box::pin(async move {
            let clients = match connected {
                Some(clients) => Ok(clients),
                None => clients(&mut plan, setup.clone()).await,
            };
            Msg::Models(match clients {
                Ok(clients) => listed(&clients, &setup, plan).await,
                Err(error) => Err(error.to_string()),
            })
        })
    }

    /// Puts the plan on other models, with a session of their own; what cannot be leaves all as it was.
    async fn take(&mut self, ids: &[String], left: &Left) {
        if self.is_running() {
            return self.send(Msg::Taken(Err("a run is on: models wait for its end".into())));
        }
        // What the last run still has to tell belongs to its own plan.
        while let Some(River { entries, .. }) = &mut self.river
            && let Some(batch) = entries.recv().await
        {
            self.send(Msg::Entries(batch));
        }
        self.finish().await;
        let taken = match self.recipe.on(ids, &self.plan.region) {
            Ok(mut plan) => self.session(&mut plan).await.map(|session| (plan, session)).map_err(|e| e.to_string()),
            Err(why) => Err(why),
        };
        match taken {
            Ok((plan, session)) => {
                let said = self.said(&plan, left);
                self.has_run = false;
                self.send(Msg::Taken(Ok(Taken { plan: Arc::new(plan.clone()), said })));
                self.hold(plan, session);
            }
            Err(why) => self.send(Msg::Taken(Err(output::one_line(&why).into_owned()))),
        }
    }

    /// Puts what was written beside the variants, if it is good.
    fn add(&mut self, name: &str, bytes: Vec<u8>) {
        let beside = self.recipe.put_beside(name, bytes, &self.plan, COLUMNS);
        self.send(Msg::Added(beside.map(|beside| Added { variant: Box::new(beside.variant), toml: beside.toml })));
    }

    /// What a plan on other models means, as a sentence.
    fn said(&self, plan: &Plan, left: &Left) -> String {
        let mut said = match plan.models.as_slice() {
            [only] => output::one_line(only.id.as_str()).into_owned(),
            models => plural(models.len() as u64, "model"),
        };
        let is_in = |name: &str| plan.variants.iter().any(|variant| variant.name == name);
        let out: Vec<&str> = self.recipe.variants().filter(|name| !is_in(name)).collect();
        if !out.is_empty() {
            said = format!("{said}, without {}: for other models alone", out.join(", "));
        }
        match (self.has_run, &left.journal) {
            (false, _) => said,
            (true, Some(_)) => format!("{said}; the last run is in its journal"),
            (true, None) => format!("{said}; the last run was not recorded"),
        }
    }

    /// Whether an engine is at work. When it has ended, its last entries may still be in the river.
    fn is_running(&self) -> bool {
        self.river.as_ref().is_some_and(|river| !river.commands.is_closed())
    }

    async fn start(&mut self, plan: Arc<Plan>, left: &mut Left) {
        if self.river.is_some() {
            return;
        }
        if self.session.is_none() {
            // What went wrong before (expired credentials, no network) may be mended by now.
            self.open().await;
        }
        let mut plan = self.as_opened(plan);
        let Some(session) = &mut self.session else { return };
        match fit::fit(&mut plan, &session.quotas()) {
            Ok(Fit::Run(notes)) => {
                for note in notes {
                    drop(self.inbox.send(Msg::Note(NoteLevel::Info, note)));
                }
            }
            Ok(Fit::Reckoned { sentence, .. }) => return self.send(Msg::Note(NoteLevel::Warning, sentence)),
            Err(error) => return self.send(Msg::Note(NoteLevel::Error, format!("{error:#}"))),
        }
        match session.start(Arc::new(plan)) {
            Ok(river) => {
                left.journal.clone_from(&river.recording.path);
                self.has_run = true;
                self.river = Some(river);
            }
            Err(error) => self.send(Msg::Note(NoteLevel::Error, format!("{error:#}"))),
        }
    }

    /// The river ran dry: its journal is whole once the recorder has ended, which it is about to.
    async fn finish(&mut self) {
        let Some(river) = self.river.take() else { return };
        match &mut self.session {
            Some(session) => session.finish(river).await,
            None => river.recording.finish(),
        }
    }

    fn tell(&self, command: Command) {
        if let Some(river) = &self.river {
            // A closed channel means that the run has just ended by itself.
            drop(river.commands.send(command));
        }
    }

    /// The screen's plan with the region and the models as the session found them: its quotas are of these.
    fn as_opened(&self, plan: Arc<Plan>) -> Plan {
        let (models, judges) = (self.plan.models.clone(), self.plan.judges.clone());
        Plan { models, judges, region: self.plan.region.clone(), ..Arc::unwrap_or_clone(plan) }
    }

    async fn estimate(&mut self, plan: Arc<Plan>) {
        if self.session.is_none() {
            // What went wrong before (expired credentials, no network) may be mended by now.
            self.open().await;
        }
        let quotas = self.session.as_ref().map(Session::quotas).unwrap_or_default();
        self.send(Msg::Estimate(estimated(self.as_opened(plan), &quotas, self.trouble.clone())));
    }

    fn send(&self, message: Msg) {
        // A closed inbox means that the screen has gone; the next ask is `Close`.
        drop(self.inbox.send(message));
    }
}

/// What a plan will take, under the quotas of its models and then of its judges; `trouble` says why it cannot start.
pub fn estimated(mut plan: Plan, quotas: &[Option<Quota>], trouble: Option<String>) -> PlanEstimate {
    let fitted = fit::fit(&mut plan, quotas);
    match fitted.and_then(|fitted| Ok((fitted, check::estimated(&plan, quotas)?))) {
        Ok((fitted, estimated)) => {
            let (notes, reckoned) = match fitted {
                Fit::Run(notes) => (notes, None),
                Fit::Reckoned { sentence, .. } => (Vec::new(), Some(sentence)),
            };
            // Where nothing is spent, the cap is the engine's to keep.
            let dear = || refusal(&plan, &estimated).filter(|_| !plan.endpoint.is_local());
            PlanEstimate {
                rows: check::rows(&plan, &estimated),
                refusal: trouble.or(reckoned).or_else(dear),
                warnings: notes.into_iter().chain(estimated.warnings.iter().cloned()).collect(),
            }
        }
        Err(error) => PlanEstimate { refusal: Some(error.to_string()), ..PlanEstimate::default() },
    }
}

/// What these clients may call, as the screen shows it.
async fn listed(clients: &Clients, setup: &Setup, plan: Plan) -> Result<ModelList, String> {
    let found = models::find(clients, setup, &mut []).await.map_err(|error| error.to_string())?;
    let list = move || {
        let rows = models::rows(&plan, &found, &[], &today());
        ModelList { rows: rows.iter().map(shown).collect(), notes: models::notes(&found.listing) }
    };
    // To find the quotas of some hundred models among some thousand rows takes a moment, in which a run goes on.
    tokio::task::spawn_blocking(list).await.map_err(|_| "the list cannot be made".into())
}

/// A row as the screen shows it.
fn shown(row: &models::Row<'_>) -> ModelRow {
    let limit = |kind| row.quota.as_ref().and_then(|quota| quota.get(kind)).map(|limit| (limit.value, limit.source));
    ModelRow {
        id: row.id.as_str().to_owned(),
        base: row.id.base().to_owned(),
        scope: row.id.scope().name(),
        streams: row.offer.and_then(|offer| offer.streaming),
        state: row.offer.and_then(|offer| offer.lifecycle.as_deref().map(str::to_lowercase)),
        ends: row.offer.and_then(|offer| offer.end_of_life.clone()),
        rpm: limit(LimitKind::Rpm),
        tpm: limit(LimitKind::Tpm),
        price: row.price.map(|price| (price.input, price.output)),
        advice: row.advice.clone(),
    }
}

/// The next batch of the river; waits for ever where there is none.
async fn next(river: &mut Option<River>) -> Option<Vec<Entry>> {
    match river {
        Some(river) => river.entries.recv().await,
        None => std::future::pending().await,
    }
}

/// The list, once it is read; waits for ever where none is being read.
async fn answer(list: &mut Option<LocalBoxFuture<'static, Msg>>) -> Msg {
    match list {
        Some(list) => list.await,
        None => std::future::pending().await,
    }
}

/// The other end of the desk's asks.
pub type Asks = UnboundedSender<Ask>;
