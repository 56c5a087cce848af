//! `quotient models`: what this account may call in this region, with access, end of life, quota and price.

use std::collections::{BTreeMap, BTreeSet};

use color_eyre::Result;
use serde_json::{Value, json};

use crate::bedrock::access::{self, Access};
use crate::bedrock::aws::Clients;
use crate::bedrock::catalog::{self, Catalog, Offer};
use crate::bedrock::quotas::Listing;
use crate::bench::fault::Fault;
use crate::bench::model::ModelId;
use crate::bench::number::number;
use crate::bench::plan::{Plan, Price};
use crate::bench::quota::{LimitKind, Quota};
use crate::cli::arguments::{Answer, BenchOptions, QuotasOptions};
use crate::cli::exit::{Exit, Refused};
use crate::cli::session::Setup;
use crate::cli::{output, planning, session};

/// Base models at most whose access is asked for, a call each.
const MOST_ASKED: usize = 20;

/// The column of access.
const ACCESS: usize = 3;

/// One id or profile that may be called.
pub(super) struct Row<'a> {
    pub(super) id: &'a ModelId,
    pub(super) offer: Option<&'a Offer>,
    pub(super) quota: Option<Quota>,
    pub(super) price: Option<Price>,
    access: Option<Access>,
    successor: Option<ModelId>,
    pub(super) advice: Option<String>,
}

/// What was found.
pub(super) struct Found {
    catalog: Catalog,
    pub(super) listing: Result<Listing, Fault>,
    /// By base model, where it was asked for and answered.
    access: BTreeMap<String, Access>,
    notes: Vec<String>,
    simulated: bool,
}

/// Runs the command.
pub fn models(options: &QuotasOptions) -> Result<Exit> {
    let mut planned = planning::plan(&BenchOptions { shared: options.shared.clone(), ..BenchOptions::default() })?;
    let setup = planning::setup(&planned, &options.shared, false)?;
    let mut asked: Vec<ModelId> = Vec::new();
    if !options.shared.models.is_empty() {
        asked.extend(planned.plan.models.iter().map(|model| model.id.clone()));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let found = runtime.block_on(async {
        let clients = session::clients(&mut planned.plan, setup.clone()).await?;
        find(&clients, &setup, &mut asked).await
    })?;
    let today = session::today();
    let rows = rows(&planned.plan, &found, &asked, &today);
    let advice: Vec<(&ModelId, String)> =
        asked.iter().filter_map(|id| Some((id, catalog::advice(&found.catalog, id, &today)?))).collect();
    let mut notes = notes(&found.listing);
    notes.extend(found.notes.iter().cloned());
    if asked.is_empty() {
        notes.push("Access is not asked of every model; --model ID (repeatable) shows it for that model.".into());
    }
    let text = match options.format {
        Answer::Json => output::json(&as_json(&planned.plan, found.simulated, &rows, &advice, &notes))?,
        Answer::Text => {
            notes.splice(0..0, advice.into_iter().map(|(_, says)| says));
            as_text(&planned.plan, found.simulated, &rows, &notes)
        }
    };
    output::answer_to(options.output.as_deref(), &text)?;
    Ok(Exit::Done)
}

/// Lists everything, and asks for access to the models that were named.
pub(super) async fn find(clients: &Clients, setup: &Setup, asked: &mut [ModelId]) -> Result<Found> {
    let catalog = catalog::list(&clients.bedrock, &clients.place).await;
    let catalog = catalog.map_err(|fault| Refused::no_result(output::one_line(&fault.message)))?;
    let listing = session::listing(clients, setup).await;
    let (mut access, mut notes) = (BTreeMap::new(), Vec::new());
    for id in asked.iter_mut() {
        match catalog::resolve(&clients.bedrock, &clients.place, id).await {
            Ok(resolved) => *id = resolved,
            Err(fault) => notes.push(fault.message),
        }
    }
    let bases: BTreeSet<&str> = asked.iter().filter(|id| catalog.offer(id).is_some()).map(ModelId::base).collect();
    for base in bases.into_iter().take(MOST_ASKED) {
        match access::access(&clients.bedrock, &clients.place, &ModelId::parse(base)).await {
            Ok(found) => drop(access.insert(base.to_owned(), found)),
            Err(fault) => {
                notes.push(format!(
                    "Access is unknown, as bedrock:GetFoundationModelAvailability failed: {}",
                    fault.message
                ));
                // What one call is refused, the next would be too.
                break;
            }
        }
    }
    let simulated = clients.gateway.simulated();
    Ok(Found { catalog, listing, access, notes, simulated })
}

/// What may be called, by base model; where models were named, these alone.
pub(super) fn rows<'a>(plan: &Plan, found: &'a Found, asked: &[ModelId], today: &str) -> Vec<Row<'a>> {
    let catalog = &found.catalog;
    let on_demand = catalog.models.iter().filter(|offer| offer.on_demand).map(|offer| &offer.id);
    let profiles = catalog.profiles.iter().filter(|profile| profile.active).map(|profile| &profile.id);
    let is_asked = |id: &&ModelId| asked.is_empty() || asked.iter().any(|asked| asked.base() == id.base());
    let row = |id: &'a ModelId| Row {
        id,
        offer: catalog.offer(id),
        quota: found.listing.as_ref().ok().map(|listing| listing.quota_of(id, plan.latency_optimised())),
        price: plan.model(id.clone()).price,
        access: found.access.get(id.base()).copied(),
        successor: catalog::successor(catalog, id, today),
        advice: catalog::advice(catalog, id, today),
    };
    // A profile of a model that answers with something else than text has no offer and is of no use here.
    let listed = on_demand.chain(profiles).filter(is_asked);
    let mut rows: Vec<Row<'a>> = listed.map(row).filter(|row| row.offer.is_some()).collect();
    rows.sort_by_key(|row| (row.id.base().to_owned(), row.id.scope()));
    rows
}

/// What must be known of the quotas.
pub(super) fn notes(listing: &Result<Listing, Fault>) -> Vec<String> {
    match listing {
        Ok(listing) => listing.notes.clone(),
        Err(fault) => vec![format!("Quotas could not be read: {}", fault.message)],
    }
}

fn as_json(plan: &Plan, simulated: bool, rows: &[Row<'_>], advice: &[(&ModelId, String)], notes: &[String]) -> Value {
    let model = |row: &Row<'_>| {
        json!({
            "id": row.id.as_str(),
            "base_model": row.id.base(),
            "scope": row.id.scope().name(),
            "family": row.id.family().name,
            "streaming": row.offer.and_then(|offer| offer.streaming),
            "lifecycle": row.offer.and_then(|offer| offer.lifecycle.as_deref()),
            "end_of_life": row.offer.and_then(|offer| offer.end_of_life.as_deref()),
            "successor": row.successor.as_ref().map(ModelId::as_str),
            "access": row.access.map(Access::name),
            "advice": row.advice,
            "quota": row.quota,
            "price": row.price,
        })
    };
    json!({
        "schema": 1,
        "region": plan.region,
        "endpoint": plan.endpoint.label(),
        "simulated": simulated,
        "models": rows.iter().map(model).collect::<Vec<_>>(),
        "advice": advice.iter().map(|(id, says)| json!({ "model": id.as_str(), "says": says })).collect::<Vec<_>>(),
        "notes": notes,
    })
}

fn as_text(plan: &Plan, simulated: bool, rows: &[Row<'_>], notes: &[String]) -> String {
    let mark = if simulated { "  SIMULATED" } else { "" };
    let mut text = format!("models in {} on {}{mark}\n\n", plan.region, output::one_line(plan.endpoint.label()));
    let heads = ["id", "called", "streams", "access", "state", "ends", "RPM", "TPM", "$/M in", "$/M out", "successor"];
    let heads = heads.map(str::to_owned);
    let cells: Vec<[String; 11]> = std::iter::once(heads).chain(rows.iter().map(cells)).collect();
    let mut widths = [0; 11];
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    // Access is asked for by --model alone; a column that says nothing takes room.
    let says = |column: &usize| *column != ACCESS || rows.iter().any(|row| row.access.is_some());
    let columns: Vec<usize> = (0..widths.len()).filter(says).collect();
    // A table of no rows would be a head alone; the notes say why.
    for row in cells.iter().filter(|_| !rows.is_empty()) {
        let cell = |&column: &usize| format!("{:<width$}", row[column], width = widths[column]);
        let line: Vec<String> = columns.iter().map(cell).collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    for note in notes {
        text.push_str(&format!("note: {}\n", output::one_line(note)));
    }
    text
}

fn cells(row: &Row<'_>) -> [String; 11] {
    let unknown = || "-".to_owned();
    let offered = |get: fn(&Offer) -> Option<String>| row.offer.and_then(get).unwrap_or_else(unknown);
    let limit = |kind| {
        let limit = row.quota.as_ref().and_then(|quota| quota.get(kind));
        limit.map_or_else(unknown, |limit| format!("{} {}", number(limit.value), limit.source))
    };
    let money =
        |get: fn(&Price) -> f64| row.price.as_ref().map_or("unknown".to_owned(), |price| get(price).to_string());
    [
        output::one_line(row.id.as_str()).into_owned(),
        row.id.scope().name().to_owned(),
        offered(|offer| offer.streaming.map(|yes| if yes { "yes" } else { "no" }.to_owned())),
        row.access.map_or("unknown", Access::name).to_owned(),
        offered(|offer| offer.lifecycle.as_deref().map(|word| output::one_line(word).to_lowercase())),
        offered(|offer| offer.end_of_life.clone()),
        limit(LimitKind::Rpm),
        limit(LimitKind::Tpm),
        money(|price| price.input),
        money(|price| price.output),
        row.successor.as_ref().map(|id| output::one_line(id.as_str()).into_owned()).unwrap_or_default(),
    ]
}
