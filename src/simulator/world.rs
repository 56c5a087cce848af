//! World: who is admitted, what goes wrong and what it all adds up to; pure and seeded, time is an argument.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;

use crate::bench::family;
use crate::bench::ledger::{Hold, Ledger};
use crate::bench::model::{ModelId, Scope};
use crate::bench::quota::LimitKind;
use crate::simulator::account::Account;
use crate::simulator::arn;
use crate::simulator::catalog::Catalog;
use crate::simulator::minutes::{Minute, Minutes};
use crate::simulator::problem::Problem;
use crate::simulator::prompt::{Prefix, Prompt};
use crate::simulator::random;
use crate::simulator::scenario::{Mishap, Neighbours, Scenario};

/// Shorter prefixes are not cached (source: Bedrock user guide, `prompt-caching`: 1,024 for most models).
const LEAST_CACHED: u64 = 1_024;
/// How long a prefix stays cached after its last use (same source).
const CACHE_LIFE: Duration = Duration::from_mins(5);

/// What the simulator counted for one model, by the id that it was called by.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counts {
    /// Invocations that were answered to the end.
    pub ok: u64,
    /// Invocations that were answered 429 `ThrottlingException`.
    pub throttled: u64,
    /// Invocations that were admitted and not answered to the end, by whoever's fault.
    pub failed: u64,
    /// Input tokens of answered invocations, those of a prompt cache included.
    pub input_tokens: u64,
    /// Output tokens of answered invocations.
    pub output_tokens: u64,
    /// Quota tokens settled, failed invocations included.
    pub settled_tokens: u64,
    /// The most quota tokens (settled and reserved) that were ever taken at once of the quota that the model draws on.
    pub peak_tokens: f64,
    /// The same for requests.
    pub peak_requests: f64,
}

/// Input tokens by what the prompt cache did with them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Input {
    /// Neither read from nor written to the cache.
    pub(super) plain: u64,
    /// Read from the cache.
    pub(super) read: u64,
    /// Written to the cache.
    pub(super) write: u64,
}

impl Input {
    pub(super) fn total(self) -> u64 {
        self.plain + self.read + self.write
    }

    /// What counts against a quota: cache reads do not.
    fn charged(self) -> u64 {
        self.plain + self.write
    }
}

/// An invocation as it arrives.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival<'a> {
    /// The region that was called.
    pub(super) region: &'a str,
    /// The model as it was named.
    pub(super) model: &'a ModelId,
    /// What is asked for.
    pub(super) prompt: &'a Prompt,
    /// The body's hash, the model's id included.
    pub(super) body: u64,
    /// The most output tokens that it may have.
    pub(super) max_tokens: u64,
}

/// An invocation that was let in; it holds quota until it is settled.
#[derive(Debug)]
pub(super) struct Admission {
    key: Key,
    called: Arc<str>,
    hold: Hold,
    day: Hold,
    burndown: u64,
    /// Its input tokens.
    pub(super) input: Input,
    /// How often this body was answered before.
    pub(super) nth: u64,
    /// What goes wrong with it.
    pub(super) mishap: Option<Mishap>,
    /// The latency that it has, where it asked for one.
    pub(super) latency: Option<&'static str>,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Answered to the end, with so many output tokens.
    Answered(u64),
    /// Ended early, after so many output tokens.
    Broken(u64),
    /// Never begun: nothing is charged.
    Refused,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    region: String,
    base: String,
    scope: Scope,
    /// Whether it is the quota of latency-optimised inference.
    optimized: bool,
}

#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    arrived: u64,
    admitted: u64,
    answered: u64,
}

/// The state of the simulated account.
#[derive(Debug)]
pub(super) struct World {
    scenario: Arc<Scenario>,
    seed: u64,
    catalog: Arc<Catalog>,
    accounts: HashMap<Key, Account>,
    /// What is taken of each region's account-wide day.
    days: HashMap<String, Ledger>,
    bodies: HashMap<u64, Seen>,
    cached: HashMap<u64, Duration>,
    counts: BTreeMap<String, Counts>,
    /// What CloudWatch counts of this account's own use, by region and `ModelId`.
    minutes: HashMap<(String, String), Minutes>,
    /// Under which `ModelId` an account's neighbours are counted: that by which it was called first.
    named: HashMap<Key, String>,
    requests: u64,
    /// Calls of Service Quotas.
    quota_calls: u64,
}

impl World {
    /// A world in which nothing has happened.
    pub(super) fn new(scenario: Arc<Scenario>, catalog: Arc<Catalog>, seed: u64) -> Self {
        Self {
            scenario,
            seed,
            catalog,
            accounts: HashMap::new(),
            days: HashMap::new(),
            bodies: HashMap::new(),
            cached: HashMap::new(),
            counts: BTreeMap::new(),
            minutes: HashMap::new(),
            named: HashMap::new(),
            requests: 0,
            quota_calls: 0,
        }
    }

    /// What was counted so far, by the id that was called.
    pub(super) fn counts(&self) -> BTreeMap<String, Counts> {
        self.counts.clone()
    }

    /// A request id of its own for each request.
    pub(super) fn request_id(&mut self) -> String {
        self.requests += 1;
        let mut random = random::stream(self.seed, "request id", self.requests, 0);
        let (a, b): (u64, u64) = (random.random(), random.random());
        let (a, b) = (format!("{a:016x}"), format!("{b:016x}"));
        format!("{}-{}-4{}-a{}-{}", &a[..8], &a[8..12], &a[13..], &b[1..4], &b[4..])
    }

    /// Counts a call of Service Quotas; whether it is among the first that the scenario throttles.
    pub(super) fn throttles_quotas(&mut self) -> bool {
        self.quota_calls += 1;
        self.quota_calls <= self.scenario.service_quotas_throttles
    }

    /// What CloudWatch knows by now of the use of a model, the neighbours' included, by the start of the minute.
    pub(super) fn used(&mut self, now: Duration, region: &str, id: &str) -> Vec<(Duration, Minute)> {
        let mut used = self.minutes.get(&(region.to_owned(), id.to_owned())).cloned().unwrap_or_default();
        for (key, _) in self.named.iter().filter(|(key, named)| key.region == region && *named == id) {
            if let Some(account) = self.accounts.get_mut(key) {
                used.merge(&account.others(now));
            }
        }
        used.known(now, Duration::from_secs_f64(self.scenario.metrics_delay_seconds.0))
    }

    /// Lets an invocation in, or refuses it.
    pub(super) fn admit(&mut self, now: Duration, arrival: Arrival<'_>) -> Result<Admission, Problem> {
        let model = arrival.model;
        let standard = Key {
            region: arrival.region.to_owned(),
            base: model.base().to_owned(),
            scope: model.scope(),
            optimized: false,
        };
        let input = self.input(now, arrival.prompt);
        let reservation = input.charged() + arrival.max_tokens;
        let throttle = self.dice(arrival.body);
        let key = self.fastest(now, arrival.prompt, &standard, reservation).unwrap_or(standard);
        let throttle = throttle.or_else(|| self.throttle(now, &key, reservation));
        let scenario = Arc::clone(&self.scenario);
        if !self.named.contains_key(&key) {
            self.named.insert(key.clone(), arn::metric_id(model.as_str()).to_owned());
        }
        let account = self.account(&key);
        if let Some(problem) = throttle {
            if scenario.rejected_count {
                account.count_rejected(now);
            }
            self.count(model.as_str()).throttled += 1;
            self.monitor(now, arrival.region, model.as_str(), Minute::throttled());
            return Err(problem);
        }
        let latency = arrival.prompt.latency.as_ref().map(|_| if key.optimized { "optimized" } else { "standard" });
        let hold = account.reserve(now, reservation);
        let day = self.day(&key.region).reserve(now, reservation);
        self.remember(now, arrival.prompt);
        let (nth, mishap) = self.fate(arrival.body);
        let burndown = u64::from(family::burndown(model.base()));
        Ok(Admission { key, called: model.as_str().into(), hold, day, burndown, input, nth, mishap, latency })
    }

    /// Ends an invocation: what it held is replaced by what it took.
    pub(super) fn settle(&mut self, now: Duration, admission: &Admission, outcome: Outcome) {
        let charge = |output: u64| admission.input.charged() + admission.burndown * output;
        let settled = match outcome {
            Outcome::Answered(output) | Outcome::Broken(output) => charge(output),
            Outcome::Refused => 0,
        };
        let account = self.account(&admission.key);
        account.settle(now, admission.hold, settled);
        let (peak_tokens, peak_requests) = account.peaks();
        self.day(&admission.key.region).settle(now, admission.day, settled);
        let counts = self.count(&admission.called);
        match outcome {
            Outcome::Answered(output) => {
                counts.ok += 1;
                counts.input_tokens += admission.input.total();
                counts.output_tokens += output;
            }
            Outcome::Broken(_) | Outcome::Refused => counts.failed += 1,
        }
        counts.settled_tokens += settled;
        counts.peak_tokens = counts.peak_tokens.max(peak_tokens);
        counts.peak_requests = counts.peak_requests.max(peak_requests);
        let used = match outcome {
            Outcome::Answered(_) => Minute::answered(settled),
            Outcome::Broken(_) | Outcome::Refused => Minute::failed(settled),
        };
        self.monitor(now, &admission.key.region, &admission.called, used);
    }

    /// The throttle that the scenario's dice have for an arrival.
    fn dice(&mut self, body: u64) -> Option<Problem> {
        let seen = self.bodies.entry(body).or_default();
        seen.arrived += 1;
        let point = random::stream(self.seed, "throttle", body, seen.arrived).random();
        self.scenario.faults.throttle_at(point).map(Problem::refusal)
    }

    /// The quota of latency-optimised inference, where that is asked for, exists and has room. All else gets the
    /// standard one (source: facts on scopes: it falls back when exceeded).
    fn fastest(&mut self, now: Duration, prompt: &Prompt, standard: &Key, reservation: u64) -> Option<Key> {
        if prompt.latency.as_deref() != Some("optimized") || !Catalog::optimizes(&standard.base) {
            return None;
        }
        let key = Key { scope: Scope::OnDemand, optimized: true, ..standard.clone() };
        self.account(&key).refuses(now, reservation).is_none().then_some(key)
    }

    /// The limit that throttles an arrival, if one does.
    fn throttle(&mut self, now: Duration, key: &Key, reservation: u64) -> Option<Problem> {
        if let Some(limit) = self.account(key).refuses(now, reservation) {
            return Some(Problem::throttled(limit));
        }
        self.day(&key.region).admits(now, reservation).err().map(|_| Problem::throttled(LimitKind::Tpd))
    }

    /// What happens to an admitted body, and how often it was answered before. Depends on the seed, the body and how
    /// often it was admitted; throttles, which depend on time, leave no trace in it.
    fn fate(&mut self, body: u64) -> (u64, Option<Mishap>) {
        let seen = self.bodies.entry(body).or_default();
        seen.admitted += 1;
        let mishap = self.scenario.faults.at(random::stream(self.seed, "mishap", body, seen.admitted).random());
        let nth = seen.answered;
        if !matches!(mishap, Some(Mishap::Refused(_) | Mishap::Hang)) {
            seen.answered += 1;
        }
        (nth, mishap)
    }

    /// What the prompt cache does with a prompt's tokens.
    fn input(&self, now: Duration, prompt: &Prompt) -> Input {
        let tokens = prompt.tokens();
        let Some(Prefix { key, tokens: prefix }) = prompt.cached.filter(|prefix| prefix.tokens >= LEAST_CACHED) else {
            return Input { plain: tokens, ..Input::default() };
        };
        let plain = tokens.saturating_sub(prefix);
        let warm = self.cached.get(&key).is_some_and(|used| now.saturating_sub(*used) < CACHE_LIFE);
        if warm { Input { plain, read: prefix, write: 0 } } else { Input { plain, read: 0, write: prefix } }
    }

    fn remember(&mut self, now: Duration, prompt: &Prompt) {
        if let Some(prefix) = prompt.cached {
            self.cached.retain(|_, used| now.saturating_sub(*used) < CACHE_LIFE);
            self.cached.insert(prefix.key, now);
        }
    }

    fn account(&mut self, key: &Key) -> &mut Account {
        let new = || {
            let (scenario, catalog) = (&self.scenario, &self.catalog);
            let others = scenario.neighbours;
            let (quota, others) = if key.optimized {
                // A steady rate of neighbours is one on each model, and they have that on the standard quota.
                (catalog.optimized(&key.region, &key.base), Neighbours { share: others.share, ..Neighbours::default() })
            } else {
                (catalog.quota(scenario, &key.region, &key.base, key.scope), others)
            };
            Account::new(&quota, scenario.refill.refill(), others)
        };
        self.accounts.entry(key.clone()).or_insert_with(new)
    }

    fn day(&mut self, region: &str) -> &mut Ledger {
        let new = || Ledger::new(&Catalog::account_day(&self.scenario), self.scenario.refill.refill());
        self.days.entry(region.to_owned()).or_insert_with(new)
    }

    fn monitor(&mut self, now: Duration, region: &str, called: &str, used: Minute) {
        let id = arn::metric_id(called).to_owned();
        self.minutes.entry((region.to_owned(), id)).or_default().add(now, used);
    }

    fn count(&mut self, called: &str) -> &mut Counts {
        self.counts.entry(called.to_owned()).or_default()
    }
}
