//! Joins gateway, engine, recorder and a face: one session per program, one river per run.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use color_eyre::Result;
use color_eyre::eyre::{WrapErr, eyre};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::bedrock::aws::{Clients, Connection, connect};
use crate::bedrock::cache;
use crate::bedrock::catalog;
use crate::bedrock::metrics::account_use;
use crate::bedrock::quotas::{Detected, Listing, list, merge};
use crate::bench::event::{Command, Entry, Event};
use crate::bench::family;
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::model::ModelId;
use crate::bench::plan::{Endpoint, ModelPlan, Plan};
use crate::bench::quota::{Quota, QuotaOverrides};
use crate::bench::report::timestamp;
use crate::cli::exit::Refused;
use crate::cli::output;
use crate::engine::dispatcher::{AccountUse, Engine, Memory, run};
use crate::engine::watch::Watch;
use crate::journal::history::run_id;
use crate::journal::recorder::{Recording, record};
use crate::simulator::Simulator;
use crate::simulator::scenario::Scenario;

/// The longest wait for the list of models, which is for advice alone.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two readings of the account's use: it is counted by the minute, and each reading costs a little.
const READ_EVERY: Duration = Duration::from_mins(1);

/// What a session is opened with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The AWS profile, where one is named.
    pub profile: Option<String>,
    /// The region, where one is named; otherwise the AWS environment's.
    pub region: Option<String>,
    /// The folder for what Service Quotas listed; `None` keeps nothing.
    pub cache: Option<PathBuf>,
    /// Codes of the rows that hold, whatever would be found.
    pub quota_codes: Vec<String>,
    /// Whether the quotas are read again, though they are kept.
    pub refresh_quotas: bool,
    /// The simulator's scenario.
    pub scenario: Scenario,
    /// The folder for journals; `None` keeps none.
    pub journals: Option<PathBuf>,
    /// The client's look at itself.
    pub watch: Watch,
}

/// Connected clients and what was detected with them.
pub struct Session {
    clients: Clients,
    detected: Vec<Detected>,
    models: Vec<ModelId>,
    journals: Option<PathBuf>,
    watch: Watch,
    memory: Memory,
}

/// A run that is on.
pub struct River {
    /// What can be asked of the engine.
    pub commands: UnboundedSender<Command>,
    /// What happened, in batches, each already on disk.
    pub entries: UnboundedReceiver<Vec<Entry>>,
    /// What writes it down.
    pub recording: Recording,
    engine: JoinHandle<Memory>,
}

impl Session {
    /// Starts the simulator where the plan asks for it, connects, and detects the quota of each model.
    /// The plan's region becomes the one that the clients really use, and an application inference profile becomes
    /// what it wraps.
    pub async fn open(plan: &mut Plan, setup: Setup) -> Result<Self> {
        Self::over(clients(plan, setup.clone()).await?, plan, &setup).await
    }

    /// The same over clients that are connected already.
    pub async fn over(clients: Clients, plan: &mut Plan, setup: &Setup) -> Result<Self> {
        plan.region.clone_from(&clients.place.region);
        let unresolved = resolve(&clients, plan).await;
        let catalog = tokio::time::timeout(PATIENCE, catalog::list(&clients.bedrock, &clients.place));
        let (listing, catalog) = futures_util::future::join(listing(&clients, setup), catalog).await;
        // Who may not list models, or cannot reach what lists them, may still invoke them.
        let catalog = catalog.ok().and_then(Result::ok);
        // A bearer token cannot read quotas but can invoke; without any credentials nothing else can work either.
        if let Err(fault) = &listing
            && fault.kind == FaultKind::Denied
            && fault.code.is_none()
            && !clients.place.bearer
        {
            return Err(Refused::no_result(output::one_line(&fault.message)));
        }
        let chosen = match &listing {
            Ok(listing) => listing.by_code(&setup.quota_codes).map_err(Refused::usage)?,
            Err(fault) if !setup.quota_codes.is_empty() => {
                return Err(Refused::no_result(format!(
                    "--quota-code needs the quotas: {}",
                    output::one_line(&fault.message)
                )));
            }
            Err(_) => Vec::new(),
        };
        if let Some((_, why)) = plan.partial_judge() {
            return Err(Refused::usage(why));
        }
        let mut detected = Vec::new();
        for (index, model) in plan.models.iter().chain(&plan.judges).enumerate() {
            let is_judge = index >= plan.models.len();
            let optimised = plan.latency_optimised() && !is_judge;
            let found = listing.as_ref();
            let found = found.map(|listing| listing.detect_with(&model.id, optimised, &chosen));
            // What the user set is the quota of the models under test.
            let set = if is_judge { &QuotaOverrides::default() } else { &plan.quota };
            let mut found = merge(set, found.map_err(Clone::clone));
            found
                .notes
                .extend(unresolved.iter().filter(|(at, _)| *at == index).map(|(_, fault)| fault.message.clone()));
            found.notes.extend(catalog.as_ref().and_then(|listed| catalog::advice(listed, &model.id, &today())));
            found.notes.extend(reading(model, set.burndown.is_none().then_some(!is_judge)));
            detected.push(found);
        }
        let models = plan.models.iter().map(|model| model.id.clone()).collect();
        Ok(Self {
            clients,
            detected,
            models,
            journals: setup.journals.clone(),
            watch: setup.watch.clone(),
            memory: Memory::default(),
        })
    }

    /// The same session, with what the runs of the one before it took of the quotas.
    #[must_use]
    pub fn after(self, before: Option<Self>) -> Self {
        let memory = before.map(|before| before.memory).unwrap_or_default();
        Self { memory, ..self }
    }

    /// What was detected, in the order of the plan's models, then of its judges.
    pub fn detected(&self) -> &[Detected] {
        &self.detected
    }

    /// The quotas alone.
    pub fn quotas(&self) -> Vec<Option<Quota>> {
        self.detected.iter().map(|detected| Some(detected.quota.clone())).collect()
    }

    /// Whether a simulator answers.
    pub fn simulated(&self) -> bool {
        self.clients.gateway.simulated()
    }

    /// The detection as entries, for a face that shows it before any run.
    pub fn detection(&self) -> Vec<Entry> {
        let models = self.models.len();
        let event = |(index, detected): (usize, &Detected)| {
            let (quota, notes) = (detected.quota.clone(), detected.notes.clone());
            match index.checked_sub(models) {
                Some(judge) => Event::JudgeQuotaDetected { judge, quota, notes },
                None => Event::QuotaDetected { model: index, quota, notes },
            }
        };
        let entry = |event| Entry { seq: 0, at: now(), event };
        self.detected.iter().enumerate().map(event).map(entry).collect()
    }

    /// Starts a run: engine → recorder → whoever takes the entries.
    pub fn start(&mut self, plan: Arc<Plan>) -> Result<River> {
        let (commands, asked) = unbounded_channel();
        let (tell, told) = unbounded_channel();
        let (pass_on, entries) = unbounded_channel();
        let run_id = run_id(now(), suffix());
        let recording = record(self.journals.as_deref(), &run_id, told, pass_on)
            .wrap_err("cannot begin the run's journal; --no-record runs without one")?;
        let engine = Engine {
            plan,
            run: run_id,
            gateway: self.clients.gateway.clone(),
            quotas: self.detected.iter().map(|d| (d.quota.clone(), d.notes.clone())).collect(),
            simulated: self.simulated(),
            watch: Some(self.watch.clone()),
            memory: std::mem::take(&mut self.memory),
            account: Some(self.keep_reading()),
        };
        let engine = tokio::spawn(run(engine, asked, tell));
        Ok(River { commands, entries, recording, engine })
    }

    /// Waits until a run that ran dry is whole on disk, and remembers for the next one what it took of the quotas.
    pub async fn finish(&mut self, river: River) {
        river.recording.finish();
        // A panic of the engine has already been reported; then nothing is remembered.
        self.memory = river.engine.await.unwrap_or_default();
    }
}

impl Session {
    /// Reads the account's use once a minute for as long as somebody wants to know. Where the first reading fails (no
    /// permission, no such service) none follows, and the gauges say that this program's own use is all that is known.
    fn keep_reading(&self) -> UnboundedReceiver<AccountUse> {
        let (tell, told) = unbounded_channel();
        let (clients, models) = (self.clients.clone(), self.models.clone());
        tokio::spawn(async move {
            let models: Vec<&ModelId> = models.iter().collect();
            let mut ever = false;
            loop {
                let read = account_use(&clients.cloudwatch, &clients.place, &models, now()).await;
                ever |= read.is_ok();
                // What could be read once may be read again a minute later.
                if !ever || read.is_ok_and(|used| tell.send(used).is_err()) {
                    return;
                }
                tokio::select! {
                    () = tell.closed() => return,
                    () = tokio::time::sleep(READ_EVERY) => {}
                }
            }
        });
        told
    }
}

/// Starts the simulator where the plan asks for it, and connects; sends nothing.
/// The plan's region becomes the one that the clients really use.
pub async fn clients(plan: &mut Plan, setup: Setup) -> Result<Clients> {
    let simulator = match plan.endpoint {
        Endpoint::Simulator => Some(host(Simulator::new(setup.scenario, plan.seed), setup.watch)?),
        Endpoint::Aws | Endpoint::Url(_) => None,
    };
    let connection = Connection {
        endpoint: plan.endpoint.clone(),
        region: setup.region,
        profile: setup.profile,
        connect_timeout: plan.timeouts.connect,
    };
    let clients = connect(&connection, simulator.as_deref())
        .await
        .map_err(|fault| Refused::no_result(output::one_line(&fault.message)))?;
    plan.region.clone_from(&clients.place.region);
    Ok(clients)
}

/// Puts what each application inference profile wraps into the plan; what could not be read stays as it is, with the
/// fault and the index of the model; judges come behind the models.
async fn resolve(clients: &Clients, plan: &mut Plan) -> Vec<(usize, Fault)> {
    let mut faults = Vec::new();
    for index in 0..plan.judges.len() {
        match catalog::resolve(&clients.bedrock, &clients.place, &plan.judges[index].id).await {
            Ok(id) if id != plan.judges[index].id => plan.judges[index] = plan.judge(id),
            Ok(_) => {}
            Err(fault) => faults.push((plan.models.len() + index, fault)),
        }
    }
    for index in 0..plan.models.len() {
        match catalog::resolve(&clients.bedrock, &clients.place, &plan.models[index].id).await {
            Ok(id) if id != plan.models[index].id => plan.models[index] = plan.model(id),
            Ok(_) => {}
            Err(fault) => faults.push((index, fault)),
        }
    }
    faults
}

/// What is read rather than known of a model, in a sentence; `read` is given where its burndown is read from the table,
/// and says whether the user may set it.
fn reading(model: &ModelPlan, read: Option<bool>) -> Option<String> {
    let base = model.id.base();
    if let Some(may_be_set) = read.filter(|_| !family::burndown_is_listed(base)) {
        let how = if may_be_set { "; --burndown sets it" } else { "" };
        return Some(format!(
            "The table of burndown rates (as of {}) does not name {base}: {} is the cautious reading{how}.",
            family::BURNDOWN_READ_IN,
            model.burndown
        ));
    }
    (model.id.family().name == family::UNKNOWN.name)
        .then(|| format!("{base} is of no family that is known here: neutral settings are used."))
}

/// The day, `YYYY-MM-DD`.
pub fn today() -> String {
    timestamp(now()).chars().take(10).collect()
}

/// What Service Quotas lists: as kept on disk, or read now and kept.
pub(super) async fn listing(clients: &Clients, setup: &Setup) -> Result<Listing, Fault> {
    let place = setup.cache.as_deref().zip(clients.cache_key().await);
    let kept =
        place.as_ref().filter(|_| !setup.refresh_quotas).and_then(|(folder, key)| cache::read(folder, key, now()));
    if let Some(kept) = kept {
        return Ok(kept);
    }
    let listing = list(&clients.quotas, &clients.place).await?;
    if let Some((folder, key)) = place.filter(|_| !clients.gateway.simulated())
        && let Err(error) = cache::write(folder, &key, &listing, now())
    {
        tracing::warn!(%error, "the quotas are not kept");
    }
    Ok(listing)
}

/// Serves the simulator on a loopback port of its own, on a thread of its own, so that it does not share
/// the runtime whose latencies are measured.
fn host(simulator: Simulator, watch: Watch) -> Result<String> {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).wrap_err("cannot open a loopback port")?;
    listener.set_nonblocking(true).wrap_err("cannot use the loopback port")?;
    let address = listener.local_addr().wrap_err("cannot read the loopback port")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .wrap_err("cannot start the simulator's runtime")?;
    std::thread::Builder::new()
        .name("simulator".into())
        .spawn(move || {
            runtime.block_on(async {
                tokio::spawn(watch.leave_this_thread_out());
                match tokio::net::TcpListener::from_std(listener) {
                    Ok(listener) => {
                        drop(crate::simulator::serve(listener, simulator, std::future::pending::<()>()).await);
                    }
                    Err(error) => tracing::error!(%error, "the simulator's port is unusable"),
                }
            });
        })
        .map_err(|error| eyre!("cannot start the simulator: {error}"))?;
    Ok(format!("http://{address}"))
}

/// The time since the Unix epoch, for stamps outside a run.
pub fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn suffix() -> u32 {
    // Two programs started in the same second must not share a journal.
    std::process::id() ^ now().subsec_nanos()
}
