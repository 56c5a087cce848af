//! Service Quotas: every page of what this account has and of what AWS gives by default, and a model's limits among them.

use std::collections::HashSet;

use aws_sdk_servicequotas::Client;
use aws_sdk_servicequotas::types::ServiceQuota;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use serde::{Deserialize, Serialize};

use crate::bedrock::fault::{self, Exception, Place};
use crate::bench::fault::Fault;
use crate::bench::label::{self, Found, Match, QuotaRow};
use crate::bench::model::{ModelId, Scope};
use crate::bench::number::number;
use crate::bench::quota::{Limit, LimitKind, LimitSource, Quota, QuotaOverrides};

/// Service Quotas' word for Bedrock.
pub(super) const SERVICE: &str = "bedrock";
/// Rows a page: the most that the service gives (source: service model of service-quotas).
const PAGE: i32 = 100;
/// Rows read of one call at most. Bedrock has some 1,500; a server that never ends its pages must not hold us.
const MOST_ROWS: usize = 20_000;

/// What was found of a model's limits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Detected {
    /// The limits in force.
    pub quota: Quota,
    /// What the user should know of them, a sentence each.
    pub notes: Vec<String>,
    /// The greater of two daily limits, where the account's and the model's own are both listed: the smaller is in
    /// force.
    pub other_day: Option<Limit>,
    /// The same model's limits at other scopes, where it has any.
    pub elsewhere: Vec<(Scope, Quota)>,
}

/// Every quota of Bedrock in one account and region: applied values, and AWS's defaults where none is applied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    /// A row a quota.
    pub rows: Vec<QuotaRow>,
    /// What could not be read, a sentence each.
    pub notes: Vec<String>,
    /// Whether a quota that has no row here surely does not exist.
    pub complete: bool,
}

/// Reads every page of `ListServiceQuotas` and `ListAWSDefaultServiceQuotas`. What one of them fails to say is noted
/// and the rest is used; the fault is of both failing with nothing read.
pub async fn list(client: &Client, place: &Place) -> Result<Listing, Fault> {
    let applied = async {
        let pages = client.list_service_quotas().service_code(SERVICE).max_results(PAGE);
        let mut items = pages.into_paginator().items().send();
        collect(async || items.next().await, place).await
    };
    let default = async {
        let pages = client.list_aws_default_service_quotas().service_code(SERVICE).max_results(PAGE);
        let mut items = pages.into_paginator().items().send();
        collect(async || items.next().await, place).await
    };
    let ((applied, applied_fault), (default, default_fault)) = futures_util::future::join(applied, default).await;
    match applied_fault.as_ref().or(default_fault.as_ref()) {
        Some(fault) if applied.is_empty() && default.is_empty() => Err(fault.clone()),
        _ => Ok(Listing::of(&applied, applied_fault.as_ref(), &default, default_fault.as_ref())),
    }
}

/// Everything up to the end or the first fault.
async fn collect<E: Exception>(
    mut next: impl AsyncFnMut() -> Option<Result<ServiceQuota, SdkError<E, HttpResponse>>>,
    place: &Place,
) -> (Vec<ServiceQuota>, Option<Fault>) {
    let mut quotas = Vec::new();
    while quotas.len() < MOST_ROWS {
        match next().await {
            Some(Ok(quota)) => quotas.push(quota),
            Some(Err(error)) => return (quotas, Some(fault::of_sdk_error(&error, place, None))),
            None => break,
        }
    }
    (quotas, None)
}

fn row(quota: &ServiceQuota, source: LimitSource) -> Option<QuotaRow> {
    Some(QuotaRow {
        name: quota.quota_name()?.to_owned(),
        code: quota.quota_code().map(str::to_owned),
        value: quota.value()?,
        adjustable: quota.adjustable(),
        source,
    })
}

impl Listing {
    fn of(
        applied: &[ServiceQuota],
        applied_fault: Option<&Fault>,
        default: &[ServiceQuota],
        default_fault: Option<&Fault>,
    ) -> Self {
        let mut seen = HashSet::new();
        let applied = applied.iter().filter_map(|quota| row(quota, LimitSource::Applied));
        let default = default.iter().filter_map(|quota| row(quota, LimitSource::Default));
        let key = |row: &QuotaRow| row.code.clone().unwrap_or_else(|| row.name.clone());
        let rows = applied.chain(default).filter(|row| seen.insert(key(row))).collect();
        let note = |what: &str, fault: Option<&Fault>| {
            fault.map(|fault| format!("{what} could not be read to the end: {}", fault.message))
        };
        let notes = [note("Applied quotas", applied_fault), note("AWS's default quotas", default_fault)];
        // Applied quotas leave out what has no applied value, so only the defaults show every quota that exists.
        Self { rows, notes: notes.into_iter().flatten().collect(), complete: default_fault.is_none() }
    }

    /// A model's limits at the scope at which it is called, and at its other scopes.
    /// `latency_optimised` asks for the rows of latency-optimised inference.
    pub fn detect(&self, model: &ModelId, latency_optimised: bool) -> Detected {
        self.detect_with(model, latency_optimised, &[])
    }

    /// The limits alone at the scope at which a model is called.
    pub fn quota_of(&self, model: &ModelId, latency_optimised: bool) -> Quota {
        self.quota(&label::find(model, model.scope(), latency_optimised, &self.rows), model.scope())
    }

    /// The rows of these codes, each with the limit that it sets by what its name says. An error is a sentence that
    /// names the code that is not listed or sets no such limit.
    pub fn by_code(&self, codes: &[String]) -> Result<Vec<(LimitKind, usize)>, String> {
        let row = |code: &String| {
            let row = self.rows.iter().position(|row| row.code.as_deref() == Some(code));
            let row = row.ok_or_else(|| format!("--quota-code {code}: Service Quotas lists no such quota here"))?;
            let name = &self.rows[row].name;
            let kind = label::kind_of(name)
                .ok_or_else(|| format!("--quota-code {code}: \"{name}\" is no limit of requests or tokens"))?;
            Ok((kind, row))
        };
        codes.iter().map(row).collect()
    }

    /// The same, with rows of [`Self::by_code`] in the place of those that would be found.
    pub fn detect_with(&self, model: &ModelId, latency_optimised: bool, chosen: &[(LimitKind, usize)]) -> Detected {
        let scope = model.scope();
        let mut notes = self.notes.clone();
        let mut found = label::find(model, scope, latency_optimised, &self.rows);
        if latency_optimised && found.rpm.row().is_none() && found.tpm.row().is_none() {
            notes.push(format!("{model} has no latency-optimised quota here: its standard quota holds."));
            found = label::find(model, scope, false, &self.rows);
        }
        for (kind, row) in chosen {
            found.put(*kind, *row);
        }
        let quota = self.quota(&found, scope);
        let elsewhere = self.elsewhere(model);
        notes.extend(self.explain(model, &found, &quota, &elsewhere));
        let other_day = found.other_day.map(|index| self.rows[index].limit_at(scope));
        Detected { quota, notes, other_day, elsewhere }
    }

    fn quota(&self, found: &Match, scope: Scope) -> Quota {
        let mut quota = Quota::default();
        for kind in LimitKind::ALL {
            *quota.slot(kind) = found.get(kind).row().map(|index| self.rows[index].limit_at(scope));
        }
        quota
    }

    fn elsewhere(&self, model: &ModelId) -> Vec<(Scope, Quota)> {
        [Scope::OnDemand, Scope::CrossRegion, Scope::Global]
            .into_iter()
            .filter(|scope| *scope != model.scope())
            .map(|scope| (scope, self.quota(&label::find(model, scope, false, &self.rows), scope)))
            .filter(|(_, quota)| quota.rpm.is_some() || quota.tpm.is_some())
            .collect()
    }

    fn explain(&self, model: &ModelId, found: &Match, quota: &Quota, elsewhere: &[(Scope, Quota)]) -> Vec<String> {
        let mut notes = Vec::new();
        let of = |wanted: &dyn Fn(&Limit) -> bool| {
            let kinds = LimitKind::ALL.into_iter().filter(|kind| quota.get(*kind).is_some_and(wanted));
            kinds.map(LimitKind::name).collect::<Vec<_>>().join(", ")
        };
        let defaults = of(&|limit| limit.source == LimitSource::Default);
        if !defaults.is_empty() {
            notes.push(format!(
                "{defaults}: AWS's default; what is applied to this account is not listed and may be lower."
            ));
        }
        let zeros = of(&|limit| limit.value <= 0.0);
        if !zeros.is_empty() {
            let room = more_room(elsewhere).join(" or ");
            let other = if room.is_empty() { room } else { format!(", or call it {room}") };
            notes.push(format!(
                "{zeros}: the quota is 0, so this account may not call {model} at this scope; Bedrock says so as \
                 AccessDenied or as \"Too many tokens per day\". Ask AWS for an increase{other}."
            ));
        }
        let daily = quota.tpd.as_ref().and_then(|limit| limit.name.as_deref());
        if daily.is_some_and(|name| label::is_doubled(name, model.scope())) {
            notes.push("TPD: the listed value is doubled, as its name says of cross-region calls.".into());
        }
        for kind in LimitKind::ALL {
            if let Found::Unsure(candidates) = found.get(kind) {
                notes.push(self.doubt(kind, candidates));
            }
        }
        if quota.rpm.is_none() && quota.tpm.is_none() {
            notes.push(no_row(model, elsewhere));
        } else if !self.complete && (quota.rpm.is_none() || quota.tpm.is_none()) {
            notes.push("The listing is not complete: a limit that has no row here may exist all the same.".into());
        }
        notes
    }

    /// Says between which rows it cannot be decided.
    fn doubt(&self, kind: LimitKind, candidates: &[usize]) -> String {
        const SHOWN: usize = 3;
        let name = |&index: &usize| {
            let row = &self.rows[index];
            format!("\"{}\" ({}, {})", row.name, row.code.as_deref().unwrap_or("no code"), number(row.value))
        };
        let mut names: Vec<String> = candidates.iter().take(SHOWN).map(name).collect();
        if candidates.len() > SHOWN {
            names.push(format!("{} more", candidates.len() - SHOWN));
        }
        format!(
            "{}: it cannot be told which row is this model's: {}. Give --{}.",
            kind.name(),
            names.join(", "),
            kind.name().to_lowercase()
        )
    }
}

/// Why a model has no per-minute row.
fn no_row(model: &ModelId, elsewhere: &[(Scope, Quota)]) -> String {
    match model.scope() {
        Scope::Dedicated => {
            format!(
                "{model} is bought, custom or imported: no per-minute quota is listed for it. Give --rpm and --tpm."
            )
        }
        Scope::Unresolved => {
            format!("{model} does not say which model it calls, so its quota is not known. Give --rpm and --tpm.")
        }
        scope => {
            let lead = format!("No per-minute row of Service Quotas is surely that of {model}, {}", scope.name());
            match more_room(elsewhere) {
                room if room.is_empty() => format!("{lead}."),
                room => format!("{lead}; it has one {}.", room.join(" and ")),
            }
        }
    }
}

/// `global (12 RPM, 4,000 TPM)`: scopes with a quota above zero.
fn more_room(elsewhere: &[(Scope, Quota)]) -> Vec<String> {
    let open =
        |(_, quota): &&(Scope, Quota)| [&quota.rpm, &quota.tpm].into_iter().flatten().all(|limit| limit.value > 0.0);
    let room = |(scope, quota): &(Scope, Quota)| {
        let limit = |kind| quota.value(kind).map(|value| format!("{} {}", number(value), LimitKind::name(kind)));
        let limits: Vec<String> = [LimitKind::Rpm, LimitKind::Tpm].into_iter().filter_map(limit).collect();
        format!("{} ({})", scope.name(), limits.join(", "))
    };
    elsewhere.iter().filter(open).map(room).collect()
}

/// The limits in force: the user's over the detected ones, and assumed ones only where no per-minute limit at all was
/// detected. A limit that was found never makes a missing one assumed: then there is no such limit.
pub fn merge(overrides: &QuotaOverrides, detected: Result<Detected, Fault>) -> Detected {
    let (mut detected, failed) = match detected {
        Ok(detected) => {
            let failed = detected.quota.rpm.is_none() && detected.quota.tpm.is_none();
            (detected, failed)
        }
        Err(fault) => {
            let note = format!("Quotas could not be read: {}", fault.message);
            (Detected { notes: vec![note], ..Detected::default() }, true)
        }
    };
    if failed {
        let assumed = Quota::assumed();
        detected.quota = Quota { tpd: detected.quota.tpd.take(), ..assumed };
    }
    detected.quota = overrides.apply(detected.quota);
    let guessed = LimitKind::ALL.into_iter().filter_map(|kind| {
        let limit = detected.quota.get(kind).filter(|limit| limit.source == LimitSource::Assumed)?;
        Some(format!("{} {}", number(limit.value), kind.name()))
    });
    let guessed = guessed.collect::<Vec<_>>().join(" and ");
    if !guessed.is_empty() {
        detected.notes.push(format!("ASSUMED, NOT YOUR QUOTA: {guessed}. Give the real limits with --rpm and --tpm."));
    }
    detected
}
