//! All that can happen (Event, Entry) and all that can be asked (Command).

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bench::fault::Fault;
use crate::bench::judge::Verdict;
use crate::bench::micros;
use crate::bench::minute::AccountMinute;
use crate::bench::plan::{Concurrency, Plan};
use crate::bench::quota::{LimitKind, Quota};
use crate::bench::sample::{Sample, Trial};
use crate::bench::usage::Usage;

/// One line of a run: what happened and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 0; the recorder numbers.
    pub seq: u64,
    /// When, since the Unix epoch; the engine stamps from one monotonic base.
    #[serde(with = "micros")]
    pub at: Duration,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened, before the recorder has numbered it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamped {
    /// When, since the Unix epoch.
    pub at: Duration,
    /// What.
    pub event: Event,
}

/// Everything that can happen in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run began.
    RunStarted {
        /// Its name on disk.
        run: String,
        /// What it does.
        plan: Arc<Plan>,
        /// True where no AWS is behind the endpoint; everything made of this run says so.
        simulated: bool,
        /// The program's version.
        version: String,
    },
    /// The quota of a model is known (or known to be unknown).
    QuotaDetected {
        /// Index of the model.
        model: usize,
        /// The whole quota, of which the plan's share is taken.
        quota: Quota,
        /// What the user must know: what could not be detected and why.
        #[serde(default)]
        notes: Vec<String>,
    },
    /// Throttles or quiet time changed the working estimate of a limit.
    LimitLearned {
        /// Index of the model.
        model: usize,
        /// The limit.
        limit: LimitKind,
        /// What this program can take a minute, as it seems now; the whole listed limit where that holds again.
        value: f64,
    },
    /// What the whole account used of a model was read from its monitoring.
    AccountUseRead {
        /// Index of the model.
        model: usize,
        /// The last minutes, oldest first, as far as they are counted.
        minutes: Vec<AccountMinute>,
    },
    /// The client looked at itself, about once a second.
    ClientMeasured {
        /// Microseconds by which the event loop came late to each of the looks since the last time.
        lags: Vec<u32>,
        /// CPU time of this program since the run began, an embedded simulator left out; `None` where it is unknown.
        #[serde(default, with = "micros::option")]
        cpu: Option<Duration>,
        /// Processors that it may use.
        cores: u32,
    },
    /// The number of invocations that may be out at once changed.
    ConcurrencySet {
        /// Index of the model.
        model: usize,
        /// The number now.
        concurrency: u32,
    },
    /// A trial waits for the quota; said once a wait, when it begins.
    TrialWaited {
        /// The trial.
        trial: Trial,
        /// The limit that has no room.
        limit: LimitKind,
        /// When enough comes free by itself, since the Unix epoch.
        #[serde(default, with = "micros::option")]
        until: Option<Duration>,
    },
    /// An invocation was sent.
    InvocationStarted {
        /// The trial.
        trial: Trial,
        /// 1 for the first.
        attempt: u32,
        /// Quota tokens held for it.
        reserved: u64,
    },
    /// Text that streams in; the only event that may be coalesced.
    Progress {
        /// The trial.
        trial: Trial,
        /// Text chunks so far.
        chunks: u32,
        /// Bytes of text so far.
        bytes: u64,
    },
    /// An invocation failed; the trial may try again.
    InvocationFailed {
        /// The trial.
        trial: Trial,
        /// 1 for the first.
        attempt: u32,
        /// What went wrong.
        fault: Fault,
        /// Quota tokens that it took all the same.
        settled: u64,
        /// The wait before the next attempt; `None` where there is none.
        #[serde(default, with = "micros::option")]
        backoff: Option<Duration>,
    },
    /// The model has answered, and judges are asked about the answer: the trial is not finished before they have spoken.
    TrialAnswered {
        /// The trial.
        trial: Trial,
        /// Quota tokens that the answer took.
        settled: u64,
    },
    /// The quota of a judge is known (or known to be unknown).
    JudgeQuotaDetected {
        /// Index of the judge.
        judge: usize,
        /// The whole quota, of which the plan's share is taken.
        quota: Quota,
        /// What the user must know: what could not be detected and why.
        #[serde(default)]
        notes: Vec<String>,
    },
    /// Throttles or quiet time changed the working estimate of a judge's limit.
    JudgeLimitLearned {
        /// Index of the judge.
        judge: usize,
        /// The limit.
        limit: LimitKind,
        /// What this program can take a minute, as it seems now; the whole listed limit where that holds again.
        value: f64,
    },
    /// A judge was asked about a trial's answer.
    JudgeAsked {
        /// Index of the judge.
        judge: usize,
        /// The trial.
        trial: Trial,
        /// 1 for the first time that it is asked about this answer.
        attempt: u32,
        /// Quota tokens held for it.
        reserved: u64,
    },
    /// A judge replied.
    JudgeReplied {
        /// Index of the judge.
        judge: usize,
        /// The trial.
        trial: Trial,
        /// 1 for the first.
        attempt: u32,
        /// Tokens of this invocation.
        usage: Usage,
        /// Quota tokens that it took.
        settled: u64,
        /// US dollars, where a price is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_usd: Option<f64>,
        /// What it says.
        verdict: Verdict,
        /// Whether it is asked again.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// An invocation of a judge failed, or none can be made.
    JudgeFailed {
        /// Index of the judge.
        judge: usize,
        /// The trial.
        trial: Trial,
        /// 1 for the first, 0 where none can be made.
        attempt: u32,
        /// What went wrong.
        fault: Fault,
        /// Quota tokens that it took all the same.
        settled: u64,
        /// US dollars that it cost all the same, as far as is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost_usd: Option<f64>,
        /// The wait before the next attempt; `None` where there is none.
        #[serde(default, with = "micros::option")]
        backoff: Option<Duration>,
    },
    /// A trial ended.
    TrialFinished {
        /// Its measurement.
        sample: Sample,
    },
    /// A variant takes part again.
    VariantIncluded {
        /// Index of the variant.
        variant: usize,
    },
    /// A variant gets no more trials.
    VariantRetired {
        /// Index of the variant.
        variant: usize,
        /// Index of the model, or `None` for all.
        #[serde(default)]
        model: Option<usize>,
        /// Why.
        reason: String,
        /// On what account.
        #[serde(default)]
        cause: RetireCause,
        /// Index of the variant that was shown to be better, where one was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<usize>,
    },
    /// The winner is driven at the edge of the quota; its trials are counted like warm-up, apart from the others.
    VerificationStarted {
        /// Index of the model.
        model: usize,
        /// Index of the variant.
        variant: usize,
        /// When measuring begins, since the Unix epoch.
        #[serde(with = "micros")]
        from: Duration,
        /// When it ends.
        #[serde(with = "micros")]
        until: Duration,
    },
    /// A bulk job changed the variant it uses.
    PolicySwitched {
        /// Index of the variant now.
        variant: usize,
        /// Why.
        reason: String,
    },
    /// No new invocation is sent until resumed.
    Paused {
        /// Why.
        reason: String,
        /// On whose account.
        #[serde(default)]
        cause: PauseCause,
    },
    /// Invocations are sent again.
    Resumed,
    /// Something that the user should read.
    Noted {
        /// How much it matters.
        level: NoteLevel,
        /// The sentence.
        text: String,
    },
    /// The run ended; nothing follows.
    RunFinished {
        /// Why.
        ended: Ended,
        /// The rule that ended it, in a sentence; `None` where everything planned was done.
        #[serde(default)]
        reason: Option<String>,
    },
}

impl Event {
    /// The trial that it is about.
    pub fn trial(&self) -> Option<&Trial> {
        match self {
            Self::TrialWaited { trial, .. }
            | Self::InvocationStarted { trial, .. }
            | Self::Progress { trial, .. }
            | Self::InvocationFailed { trial, .. }
            | Self::TrialAnswered { trial, .. }
            | Self::JudgeAsked { trial, .. }
            | Self::JudgeReplied { trial, .. }
            | Self::JudgeFailed { trial, .. } => Some(trial),
            Self::TrialFinished { sample } => Some(&sample.trial),
            Self::RunStarted { .. }
            | Self::QuotaDetected { .. }
            | Self::LimitLearned { .. }
            | Self::AccountUseRead { .. }
            | Self::ClientMeasured { .. }
            | Self::ConcurrencySet { .. }
            | Self::JudgeQuotaDetected { .. }
            | Self::JudgeLimitLearned { .. }
            | Self::VariantIncluded { .. }
            | Self::VariantRetired { .. }
            | Self::VerificationStarted { .. }
            | Self::PolicySwitched { .. }
            | Self::Paused { .. }
            | Self::Resumed
            | Self::Noted { .. }
            | Self::RunFinished { .. } => None,
        }
    }
}

/// On whose account a run pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PauseCause {
    /// The user's.
    #[default]
    User,
    /// Throttles: others may be affected, so somebody has to say that the run may go on.
    Throttles,
}

/// On what account a variant is retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RetireCause {
    /// Its trials failed.
    #[default]
    Failed,
    /// It cannot win any more.
    Lost,
    /// The user's.
    User,
}

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoteLevel {
    /// Good to know.
    Info,
    /// A number on the screen means less than it seems.
    Warning,
    /// Something does not work.
    Error,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// Every trial was made.
    Complete,
    /// The winner was shown before all trials were made.
    Decided,
    /// The time was up.
    Duration,
    /// A cap on money or tokens.
    Budget,
    /// Too many errors.
    Errors,
    /// Throttles that others may have felt too.
    Throttled,
    /// The user, or a signal.
    Interrupted,
}

impl Ended {
    /// The report's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Decided => "decided",
            Self::Duration => "duration",
            Self::Budget => "budget",
            Self::Errors => "errors",
            Self::Throttled => "throttled",
            Self::Interrupted => "interrupted",
        }
    }
}

/// How a run is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// What is in flight is finished first.
    InFlight,
    /// What is in flight is dropped and counts as unfinished.
    Now,
}

/// Everything that can be asked of the engine.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Begin this plan.
    Start(Arc<Plan>),
    /// Send nothing more for now.
    Pause,
    /// Send again.
    Resume,
    /// End the run.
    Stop(Stop),
    /// So many invocations at once from now on, or as many as are needed.
    SetConcurrency(Concurrency),
    /// Whether the winner is driven at the edge of the quota once the trials are over.
    Verify(bool),
    /// No more trials for this variant.
    Retire(usize),
    /// Trials for this variant again.
    Include(usize),
}
