//! Catalog: every quota row of the account, listed and enforced, from AWS's real names and codes and the scenario.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use rand::seq::SliceRandom;
use serde::Deserialize;

use crate::bench::model::Scope;
use crate::bench::quota::{Limit, LimitKind, LimitSource, Quota};
use crate::simulator::random;
use crate::simulator::scenario::{AccountQuota, Amount, Listed, Scenario};

/// Names, codes and defaults by region as AWS publishes them (`*` = every region that is not named).
const NAMES: &str = include_str!("data/quotas.jsonl");
/// Which rows hold for which model.
const MODELS: &str = include_str!("data/models.tsv");
/// The account-wide limit over all models.
const ACCOUNT_TPD: &str = "Cross-Model Max Tokens Per Day";

/// Models with rows of their own for latency-optimised inference: how those rows begin and which label they have.
const OPTIMIZED: [(&str, &str, &str); 4] = [
    ("anthropic.claude-3-5-haiku-20241022-v1:0", "On-demand latency-optimized", "Anthropic Claude 3.5 Haiku"),
    ("amazon.nova-pro-v1:0", "On-Demand, latency-optimized", "Amazon Nova Pro V1"),
    ("meta.llama3-1-70b-instruct-v1:0", "On-Demand, latency-optimized", "Meta Llama 3.1 70B Instruct"),
    ("meta.llama3-1-405b-instruct-v1:0", "On-Demand, latency-optimized", "Meta Llama 3.1 405B Instruct"),
];

/// Values by region.
type Values = BTreeMap<String, f64>;

#[derive(Deserialize)]
struct Published {
    name: String,
    code: Option<String>,
    #[serde(default)]
    adjustable: bool,
    #[serde(default)]
    values: Values,
}

struct ModelRow {
    base: &'static str,
    scope: Scope,
    rpm: &'static str,
    tpm: &'static str,
}

static PUBLISHED: LazyLock<Vec<Published>> =
    LazyLock::new(|| NAMES.lines().filter_map(|line| serde_json::from_str(line).ok()).collect());

static MODEL_ROWS: LazyLock<Vec<ModelRow>> = LazyLock::new(|| MODELS.lines().filter_map(model_row).collect());

fn model_row(line: &'static str) -> Option<ModelRow> {
    let mut cells = line.split('\t');
    let (base, scope) = (cells.next()?, cells.next()?);
    let scope = [Scope::OnDemand, Scope::CrossRegion, Scope::Global].into_iter().find(|s| s.name() == scope)?;
    Some(ModelRow { base, scope, rpm: cells.next()?, tpm: cells.next()? })
}

/// One quota row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// `L-…`.
    pub(super) code: String,
    /// As the service lists it.
    pub(super) name: String,
    /// Whether AWS lets it be raised.
    pub(super) adjustable: bool,
    defaults: Values,
    /// This account's own value.
    own: Option<f64>,
    /// Whether `ListServiceQuotas` has it.
    pub(super) applied: bool,
}

impl Row {
    /// AWS's default in a region.
    pub(super) fn default_in(&self, region: &str) -> f64 {
        self.defaults.get(region).or_else(|| self.defaults.get("*")).copied().unwrap_or_else(|| assumed(&self.name))
    }

    /// The account's value in a region.
    pub(super) fn value_in(&self, region: &str) -> f64 {
        self.own.unwrap_or_else(|| self.default_in(region))
    }
}

/// The simulator's own default for rows whose default AWS no longer publishes (mostly models at their end of life).
fn assumed(name: &str) -> f64 {
    let says = |words: &str| name.contains(words);
    if says("requests per minute") {
        400.0
    } else if says("tokens per minute") {
        300_000.0
    } else if says("tokens per day") {
        432_000_000.0
    } else if says("Model units") {
        0.0
    } else {
        10.0
    }
}

/// Every row in a seeded order, and what is enforced.
#[derive(Debug)]
pub(super) struct Catalog {
    rows: Vec<Row>,
    by_name: HashMap<String, usize>,
    limits: HashMap<(String, Scope), [Option<String>; 3]>,
    /// The models that the account knows, with the scopes that have rows.
    models: BTreeMap<String, Vec<Scope>>,
}

impl Catalog {
    /// The rows of a scenario's account.
    pub(super) fn new(scenario: &Scenario, seed: u64) -> Self {
        let mut draft = Draft::new();
        for model in MODEL_ROWS.iter() {
            draft.model(scenario, model.base, model.scope, [model.rpm, model.tpm]);
        }
        for entry in &scenario.quotas {
            draft.labelled(scenario, entry);
        }
        if let Some(row) = draft.row(ACCOUNT_TPD) {
            row.own = scenario.tokens_per_day.value();
        }
        if scenario.tokens_per_day == Amount::None {
            draft.gone.push(ACCOUNT_TPD.into());
        }
        draft.noise();
        draft.finish(seed)
    }

    /// Every row, in an order that nothing may rely upon.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The models that the account knows, by name.
    pub(super) fn models(&self) -> impl Iterator<Item = &str> {
        self.models.keys().map(String::as_str)
    }

    /// The scopes of a model that have rows; none of a model that is not known.
    pub(super) fn scopes(&self, base: &str) -> &[Scope] {
        self.models.get(base).map_or(&[], Vec::as_slice)
    }

    /// What is enforced for a model in a region.
    pub(super) fn quota(&self, scenario: &Scenario, region: &str, base: &str, scope: Scope) -> Quota {
        let names = self.limits.get(&(base.to_owned(), scope));
        let entry = scenario.quota(base, scope);
        let mut quota = Quota::default();
        for (index, kind) in LimitKind::ALL.into_iter().enumerate() {
            let (listed, truth) = entry.map_or((None, None), |entry| amounts(entry, kind));
            let row = || {
                let name = names.and_then(|names| names[index].as_ref())?;
                // Per-model days are listed but bind nothing by themselves: since September 2026 the account's day does.
                (kind != LimitKind::Tpd).then(|| self.by_name.get(name).map(|at| self.rows[*at].value_in(region)))?
            };
            let value = match truth.or(listed) {
                Some(amount) => amount.value(),
                None => row(),
            };
            *quota.slot(kind) = value.map(|value| Limit::unlisted(value, LimitSource::Applied));
        }
        quota
    }

    /// Whether a model has latency-optimised inference.
    pub(super) fn optimizes(base: &str) -> bool {
        OPTIMIZED.iter().any(|(model, ..)| *model == base)
    }

    /// What is enforced for a model's latency-optimised inference in a region; nothing where it has none.
    pub(super) fn optimized(&self, region: &str, base: &str) -> Quota {
        let mut quota = Quota::default();
        let Some((_, start, label)) = OPTIMIZED.iter().find(|(model, ..)| *model == base) else { return quota };
        for (kind, what) in [(LimitKind::Rpm, "requests"), (LimitKind::Tpm, "tokens")] {
            let row = self.by_name.get(&format!("{start} model inference {what} per minute for {label}"));
            let value = row.map(|at| self.rows[*at].value_in(region));
            *quota.slot(kind) = value.map(|value| Limit::unlisted(value, LimitSource::Applied));
        }
        quota
    }

    /// The account-wide limit over all models.
    pub(super) fn account_day(scenario: &Scenario) -> Quota {
        let limit = scenario.tokens_per_day.value().map(|value| Limit::unlisted(value, LimitSource::Applied));
        Quota { tpd: limit, ..Quota::default() }
    }
}

/// What an entry lists and what it truly enforces.
fn amounts(entry: &AccountQuota, kind: LimitKind) -> (Option<Amount>, Option<Amount>) {
    match kind {
        LimitKind::Rpm => (entry.rpm, entry.true_rpm),
        LimitKind::Tpm => (entry.tpm, entry.true_tpm),
        LimitKind::Tpd => (entry.tpd, entry.true_tpd),
    }
}

/// A catalog while it is put together.
struct Draft {
    rows: Vec<Row>,
    by_name: HashMap<String, usize>,
    limits: HashMap<(String, Scope), [Option<String>; 3]>,
    /// Names that this account does not have at all.
    gone: Vec<String>,
    synthetic: u32,
}

impl Draft {
    fn new() -> Self {
        let mut draft =
            Self { rows: Vec::new(), by_name: HashMap::new(), limits: HashMap::new(), gone: Vec::new(), synthetic: 0 };
        for row in PUBLISHED.iter() {
            draft.add(&row.name, row.code.clone(), row.adjustable, row.values.clone());
        }
        draft
    }

    /// Adds a row unless there is one of that name. Without a code it gets one of an obviously made-up shape: AWS's
    /// are random, and none that is known begins like these.
    fn add(&mut self, name: &str, code: Option<String>, adjustable: bool, defaults: Values) {
        if self.by_name.contains_key(name) {
            return;
        }
        let code = code.unwrap_or_else(|| {
            self.synthetic += 1;
            format!("L-{:08}", self.synthetic)
        });
        self.by_name.insert(name.to_owned(), self.rows.len());
        self.rows.push(Row { code, name: name.to_owned(), adjustable, defaults, own: None, applied: true });
    }

    fn row(&mut self, name: &str) -> Option<&mut Row> {
        self.by_name.get(name).and_then(|at| self.rows.get_mut(*at))
    }

    /// Puts what the scenario says of a model on the model's rows.
    fn model(&mut self, scenario: &Scenario, base: &str, scope: Scope, minute: [&str; 2]) {
        let label = |name: &str| name.split_once(" for ").map(|(_, label)| label.to_owned());
        let day = label(minute[1]).map(|label| day_name(&label));
        let day = day.filter(|name| self.by_name.contains_key(name));
        let filled = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        let names = [filled(minute[0]), filled(minute[1]), day];
        if let Some(entry) = scenario.quota(base, scope) {
            for (name, kind) in names.iter().zip(LimitKind::ALL) {
                let Some(name) = name else { continue };
                self.list(name, entry, amounts(entry, kind).0);
            }
        }
        self.limits.insert((base.to_owned(), scope), names);
    }

    /// Adds the rows of an entry that brings its own label.
    fn labelled(&mut self, scenario: &Scenario, entry: &AccountQuota) {
        let Some(label) = &entry.label else { return };
        let scopes = [Scope::OnDemand, Scope::CrossRegion, Scope::Global];
        for scope in scopes.into_iter().filter(|scope| entry.scope.is_none_or(|only| only == *scope)) {
            let first = match scope {
                Scope::CrossRegion => "Cross-region",
                Scope::Global => "Global cross-region",
                _ => "On-demand",
            };
            let minute = |what: &str| format!("{first} model inference {what} per minute for {label}");
            let (rpm, tpm) = (minute("requests"), minute("tokens"));
            for name in [&rpm, &tpm, &day_name(label)] {
                self.add(name, None, true, Values::new());
            }
            self.model(scenario, &entry.model.0, scope, [&rpm, &tpm]);
        }
    }

    fn list(&mut self, name: &str, entry: &AccountQuota, amount: Option<Amount>) {
        if entry.listed == Listed::Absent || amount == Some(Amount::None) {
            self.gone.push(name.to_owned());
        }
        if let Some(row) = self.row(name) {
            row.applied = entry.listed == Listed::Applied;
            if row.applied {
                row.own = amount.and_then(Amount::value).or(row.own);
            }
        }
    }

    /// AWS lists more than a thousand rows; fewer than 700 names are known. The rest is filled up with patterns that are
    /// real, for labels that are real, but none of which limits an invocation; their codes are made up.
    fn noise(&mut self) {
        const PATTERNS: [&str; 5] = [
            "Batch inference input file size (in GB) for",
            "Batch inference job size (in GB) for",
            "Records per batch inference job for",
            "Records per input file per batch inference job for",
            "Sum of in-progress and submitted batch inference jobs using a base model for",
        ];
        const ON_DEMAND: &str = "On-demand model inference tokens per minute for ";
        let labels: Vec<String> =
            self.rows.iter().filter_map(|row| row.name.strip_prefix(ON_DEMAND)).map(str::to_owned).collect();
        for label in labels {
            for pattern in PATTERNS {
                self.add(&format!("{pattern} {label}"), None, false, Values::new());
            }
        }
    }

    fn finish(mut self, seed: u64) -> Catalog {
        self.rows.retain(|row| !self.gone.contains(&row.name));
        self.rows.shuffle(&mut random::stream(seed, "quota rows", 0, 0));
        let by_name = self.rows.iter().enumerate().map(|(at, row)| (row.name.clone(), at)).collect();
        let mut models: BTreeMap<String, Vec<Scope>> = BTreeMap::new();
        // An entry for a whole group of models names none of them.
        for (base, scope) in self.limits.keys().filter(|(base, _)| !base.ends_with('*')) {
            models.entry(base.clone()).or_default().push(*scope);
        }
        Catalog { rows: self.rows, by_name, limits: self.limits, models }
    }
}

fn day_name(label: &str) -> String {
    format!("Model invocation max tokens per day for {label} (doubled for cross-region calls)")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const SONNET: &str = "anthropic.claude-3-sonnet-20240229-v1:0";

    fn values(text: &str, base: &str, scope: Scope) -> [Option<f64>; 3] {
        let scenario = Scenario::parse(text).expect("parses");
        let quota = Catalog::new(&scenario, 1).quota(&scenario, "us-east-1", base, scope);
        LimitKind::ALL.map(|kind| quota.value(kind))
    }

    #[test]
    fn all_the_data_is_read_and_every_model_row_exists() {
        assert_eq!(PUBLISHED.len(), NAMES.lines().count());
        assert_eq!(MODEL_ROWS.len(), MODELS.lines().count() - 1, "one line is the heading");
        let names: HashSet<_> = PUBLISHED.iter().map(|row| row.name.as_str()).collect();
        for row in MODEL_ROWS.iter() {
            for name in [row.rpm, row.tpm].into_iter().filter(|name| !name.is_empty()) {
                assert!(names.contains(name), "{name}");
            }
        }
    }

    #[test]
    fn names_and_codes_are_unique_and_made_up_codes_meet_no_real_one() {
        let catalog = Catalog::new(&Scenario::default(), 1);
        assert!(catalog.rows().len() > 1_000, "{}", catalog.rows().len());
        let codes: HashSet<_> = catalog.rows().iter().map(|row| &row.code).collect();
        let names: HashSet<_> = catalog.rows().iter().map(|row| &row.name).collect();
        assert_eq!((codes.len(), names.len()), (catalog.rows().len(), catalog.rows().len()));
        assert!(PUBLISHED.iter().filter_map(|row| row.code.as_ref()).all(|code| !code.starts_with("L-0000")));
    }

    #[test]
    fn the_default_scenario_has_values_for_both_examples() {
        assert_eq!(values("", SONNET, Scope::OnDemand), [Some(150.0), Some(90_000.0), None]);
        assert_eq!(values("", "meta.llama2-13b-chat-v1", Scope::OnDemand), [Some(180.0), Some(100_000.0), None]);
        assert_eq!(values("", SONNET, Scope::CrossRegion), [Some(200.0), Some(400_000.0), None]);
        // Tokens only: no row for requests, so no limit.
        assert_eq!(values("", "anthropic.claude-opus-4-8", Scope::CrossRegion), [None, Some(30_000_000.0), None]);
        assert_eq!(values("", "somebody.new-model", Scope::OnDemand), [None, None, None]);
    }

    #[test]
    fn latency_optimised_inference_has_rows_of_its_own() {
        let catalog = Catalog::new(&Scenario::default(), 1);
        let row = |base| {
            let quota = catalog.optimized("us-east-2", base);
            [quota.value(LimitKind::Rpm), quota.value(LimitKind::Tpm)]
        };
        assert_eq!(row("anthropic.claude-3-5-haiku-20241022-v1:0"), [Some(100.0), Some(500_000.0)]);
        assert_eq!(row("amazon.nova-pro-v1:0"), [Some(10.0), Some(40_000.0)]);
        for (base, ..) in OPTIMIZED {
            assert!(row(base).iter().all(Option::is_some), "{base}");
        }
        assert_eq!(row(SONNET), [None, None]);
    }

    #[test]
    fn truth_may_differ_from_the_list_and_rows_may_be_missing() {
        let text = format!("[[quota]]\nmodel = \"{SONNET}\"\nrpm = 10\ntrue_rpm = 4\ntpm = \"none\"\ntpd = 9000");
        assert_eq!(values(&text, SONNET, Scope::OnDemand), [Some(4.0), None, Some(9_000.0)]);
        let scenario = Scenario::parse(&text).expect("parses");
        let catalog = Catalog::new(&scenario, 1);
        let row = |what: &str| {
            let name = format!("On-demand model inference {what} per minute for Anthropic Claude 3 Sonnet");
            catalog.rows().iter().find(|row| row.name == name)
        };
        assert_eq!(row("requests").map(|row| row.value_in("us-east-1")), Some(10.0));
        assert_eq!(row("requests").map(|row| row.default_in("us-east-1")), Some(100.0));
        assert_eq!(row("tokens"), None);
    }

    #[test]
    fn an_entry_with_a_label_brings_its_own_rows() {
        let text =
            "[[quota]]\nmodel = \"acme.one-v1\"\nscope = \"on-demand\"\nlabel = \"Acme One\"\nrpm = 7\ntpm = 700";
        let scenario = Scenario::parse(text).expect("parses");
        let catalog = Catalog::new(&scenario, 1);
        let named: Vec<_> = catalog.rows().iter().filter(|row| row.name.ends_with("for Acme One")).collect();
        let minute = named.iter().filter(|row| row.name.contains("per minute")).count();
        assert_eq!(minute, 2, "{named:?}");
        assert_eq!(values(text, "acme.one-v1", Scope::OnDemand), [Some(7.0), Some(700.0), None]);
    }
}
