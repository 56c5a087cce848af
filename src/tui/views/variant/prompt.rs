//! Prompt: what is sent for the first case, as it is sent.

use crate::bench::clean::{Lines, clean};
use crate::bench::request::{CacheAfter, Parameters, Request, Role};
use crate::tui::format::plural;
use crate::tui::model::Model;
use crate::tui::prompts::Prompts;
use crate::tui::theme::Ink;
use crate::tui::views::variant::LABEL;
use crate::tui::widgets::sheet::{Line, heading, labelled, prose};

/// The request of the selected variant.
pub(super) fn lines(model: &Model, columns: u16) -> Vec<Line> {
    let plan = &model.tally.plan;
    let head = match plan.cases.as_slice() {
        [] | [_] => "Prompt as it is sent".to_owned(),
        [first, ..] => {
            let cases = plural(plan.cases.len() as u64, "case");
            format!("Prompt as it is sent for case {}, the first of {cases}", clean(&first.id, Lines::Join))
        }
    };
    let mut lines = vec![Vec::new(), heading(&head)];
    match Prompts::of(model, model.cursor).as_deref() {
        Some(Ok(request)) => {
            let most = plan.max_tokens(model.model, model.cursor);
            lines.extend(sent(request, most, columns));
        }
        Some(Err(why)) => lines.extend(prose(&clean(why, Lines::Keep), columns, Ink::Error)),
        None => {}
    }
    if let Some(changed) = model.changed_max_tokens(model.cursor) {
        lines.extend(labelled("next run", LABEL, Ink::Title, &changed, columns));
    }
    lines
}

fn sent(request: &Request, most: u64, columns: u16) -> Vec<Line> {
    let mut lines = labelled("sends", LABEL, Ink::Muted, &parameters(&request.parameters, most), columns);
    let cached = |lines: &mut Vec<Line>, after: CacheAfter| {
        if request.cache_after == Some(after) {
            lines.push(vec![("a cache point".into(), 0, Ink::Title)]);
        }
    };
    if let Some(system) = &request.system {
        lines.extend(labelled("system", LABEL, Ink::Muted, &clean(system, Lines::Keep), columns));
    }
    cached(&mut lines, CacheAfter::System);
    for (index, turn) in request.turns.iter().enumerate() {
        if index + 1 == request.turns.len() {
            cached(&mut lines, CacheAfter::Messages);
        }
        let who = match turn.role {
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        lines.extend(labelled(who, LABEL, Ink::Muted, &clean(&turn.text, Lines::Keep), columns));
    }
    lines
}

/// The inference parameters in a line.
fn parameters(of: &Parameters, most: u64) -> String {
    let Parameters { max_tokens, temperature, top_p, stop, service_tier, latency, extra } = of;
    let unset = if max_tokens.is_none() { " (the model's own)" } else { "" };
    let mut parts = vec![format!("max_tokens {most}{unset}")];
    parts.extend(temperature.map(|value| format!("temperature {value}")));
    parts.extend(top_p.map(|value| format!("top_p {value}")));
    if !stop.is_empty() {
        parts.push(format!("stop {stop:?}"));
    }
    parts.extend(service_tier.as_ref().map(|tier| format!("service tier {tier}")));
    parts.extend(latency.as_ref().map(|latency| format!("latency {latency}")));
    if !extra.is_empty() {
        parts.push(format!("extra {}", serde_json::Value::Object(extra.clone())));
    }
    clean(&parts.join(", "), Lines::Join).into_owned()
}
