//! `quotient models`: what this account may call in this region, with end of life, quota and price.

use color_eyre::Result;
use serde_json::{Value, json};

use crate::bedrock::catalog::{self, Catalog, Offer};
use crate::bedrock::quotas::{self, Listing};
use crate::bench::fault::Fault;
use crate::bench::model::ModelId;
use crate::bench::plan::{Plan, Price};
use crate::bench::price;
use crate::bench::quota::{LimitKind, Quota};
use crate::cli::arguments::{Answer, BenchOptions, QuotasOptions};
use crate::cli::exit::{Exit, Refused};
use crate::cli::{output, planning, session};

/// One id or profile that may be called.
pub(super) struct Row<'a> {
    pub(super) id: &'a ModelId,
    pub(super) offer: Option<&'a Offer>,
    pub(super) quota: Option<Quota>,
    pub(super) price: Option<Price>,
}

/// Runs the command.
pub fn models(options: &QuotasOptions) -> Result<Exit> {
    let mut planned = planning::plan(&BenchOptions { shared: options.shared.clone(), ..BenchOptions::default() })?;
    let setup = planning::setup(&planned, &options.shared, false)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (catalog, listing, simulated) = runtime.block_on(async {
        let clients = session::clients(&mut planned.plan, setup).await?;
        let catalog = catalog::list(&clients.bedrock, &clients.place).await;
        let catalog = catalog.map_err(|fault| Refused::no_result(output::one_line(&fault.message)))?;
        let listing = quotas::list(&clients.quotas, &clients.place).await;
        Ok::<_, color_eyre::Report>((catalog, listing, clients.gateway.simulated()))
    })?;
    let rows = rows(&catalog, listing.as_ref().ok());
    let notes = notes(&listing);
    let text = match options.format {
        Answer::Json => output::json(&as_json(&planned.plan, simulated, &rows, &notes))?,
        Answer::Text => as_text(&planned.plan, simulated, &rows, &notes),
    };
    output::answer_to(options.output.as_deref(), &text)?;
    Ok(Exit::Done)
}

pub(super) fn rows<'a>(catalog: &'a Catalog, listing: Option<&Listing>) -> Vec<Row<'a>> {
    let on_demand = catalog.models.iter().filter(|offer| offer.on_demand).map(|offer| &offer.id);
    let profiles = catalog.profiles.iter().filter(|profile| profile.active).map(|profile| &profile.id);
    let row = |id: &'a ModelId| Row {
        id,
        offer: catalog.offer(id),
        quota: listing.map(|listing| listing.detect(id, false).quota),
        price: price::of(id),
    };
    // A profile of a model that answers with something else than text has no offer and is of no use here.
    let mut rows: Vec<Row<'a>> = on_demand.chain(profiles).map(row).filter(|row| row.offer.is_some()).collect();
    rows.sort_by_key(|row| (row.id.base().to_owned(), row.id.scope()));
    rows
}

pub(super) fn notes(listing: &Result<Listing, Fault>) -> Vec<String> {
    let mut notes = match listing {
        Ok(listing) => listing.notes.clone(),
        Err(fault) => vec![format!("Quotas could not be read: {}", fault.message)],
    };
    notes.push(
        "A model that is listed may still await access; `quotient doctor --call` shows whether it answers.".into(),
    );
    notes
}

fn as_json(plan: &Plan, simulated: bool, rows: &[Row<'_>], notes: &[String]) -> Value {
    let model = |row: &Row<'_>| {
        json!({
            "id": row.id.as_str(),
            "base_model": row.id.base(),
            "scope": row.id.scope().name(),
            "family": row.id.family().name,
            "streaming": row.offer.and_then(|offer| offer.streaming),
            "lifecycle": row.offer.and_then(|offer| offer.lifecycle.as_deref()),
            "end_of_life": row.offer.and_then(|offer| offer.end_of_life.as_deref()),
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
        "notes": notes,
    })
}

fn as_text(plan: &Plan, simulated: bool, rows: &[Row<'_>], notes: &[String]) -> String {
    let mark = if simulated { "  SIMULATED" } else { "" };
    let mut text = format!("models in {} on {}{mark}\n\n", plan.region, output::one_line(plan.endpoint.label()));
    let heads = ["id", "called", "streams", "state", "ends", "RPM", "TPM", "$/M in", "$/M out"].map(str::to_owned);
    let cells: Vec<[String; 9]> = std::iter::once(heads).chain(rows.iter().map(cells)).collect();
    let mut widths = [0; 9];
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in &cells {
        let line: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    for note in notes {
        text.push_str(&format!("note: {}\n", output::one_line(note)));
    }
    text
}

fn cells(row: &Row<'_>) -> [String; 9] {
    let unknown = || "-".to_owned();
    let offered = |get: fn(&Offer) -> Option<String>| row.offer.and_then(get).unwrap_or_else(unknown);
    let limit = |kind| {
        let limit = row.quota.as_ref().and_then(|quota| quota.get(kind));
        limit.map_or_else(unknown, |limit| format!("{} {}", limit.value, limit.source))
    };
    let money =
        |get: fn(&Price) -> f64| row.price.as_ref().map_or("unknown".to_owned(), |price| get(price).to_string());
    [
        output::one_line(row.id.as_str()).into_owned(),
        row.id.scope().name().to_owned(),
        offered(|offer| offer.streaming.map(|yes| if yes { "yes" } else { "no" }.to_owned())),
        offered(|offer| offer.lifecycle.as_deref().map(|word| output::one_line(word).to_lowercase())),
        offered(|offer| offer.end_of_life.clone()),
        limit(LimitKind::Rpm),
        limit(LimitKind::Tpm),
        money(|price| price.input),
        money(|price| price.output),
    ]
}
