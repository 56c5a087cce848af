//! Columns: the figures of a variant as every table for people shows them, units in the heads.

use crate::bench::number::number;
use crate::bench::objective::OBJECTIVES;
use crate::bench::report::{JudgeReport, ModelReport, QuantilesReport, Report, RunReport, VariantReport, shortened};

/// One column of a table for people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    /// The head, with the unit.
    pub head: &'static str,
    /// Whether it is worth its place on a terminal.
    pub narrow: bool,
    /// A variant's cell; empty where there is no value.
    pub cell: fn(&VariantReport) -> String,
}

/// The columns after the name.
pub(crate) const COLUMNS: &[Column] = &[
    Column { head: "ok/trials", narrow: true, cell: |v| format!("{}/{}", v.ok, v.trials) },
    Column { head: "input tokens", narrow: true, cell: |v| tokens(v, v.tokens.as_ref().map(|t| t.input)) },
    Column { head: "output tokens", narrow: true, cell: |v| tokens(v, v.tokens.as_ref().map(|t| t.output)) },
    Column { head: "total tokens", narrow: true, cell: |v| tokens(v, v.tokens.as_ref().map(|t| t.total)) },
    Column { head: "quota tokens", narrow: false, cell: |v| tokens(v, v.quota_tokens.settled) },
    Column { head: "p50 ms", narrow: true, cell: |v| quantile(v, |q| q.p50, "n<10") },
    Column { head: "p95 ms", narrow: false, cell: |v| quantile(v, |q| q.p95, "n<100") },
    Column { head: "tokens/s", narrow: true, cell: |v| tokens(v, v.tokens_per_second) },
    Column { head: "accepted %", narrow: true, cell: |v| plain(v.accepted.rate.map(|rate| rate * 100.0)) },
    Column { head: "capacity req/min", narrow: true, cell: |v| tokens(v, v.capacity.requests_per_minute) },
    Column { head: "interval req/min", narrow: true, cell: interval },
    Column {
        head: "binds",
        narrow: true,
        cell: |v| v.capacity.limit.map_or_else(String::new, |limit| limit.name().into()),
    },
    Column { head: "theoretical req/min", narrow: true, cell: |v| tokens(v, v.theoretical_rpm) },
    Column { head: "wasted %", narrow: true, cell: |v| plain(v.quota_tokens.wasted.map(|share| share * 100.0)) },
    Column {
        head: "accepted/1,000 quota tokens",
        narrow: false,
        cell: |v| tokens(v, v.accepted_per_1000_quota_tokens),
    },
    Column { head: "accepted/USD", narrow: false, cell: |v| tokens(v, v.accepted_per_usd) },
    Column { head: "USD/1,000 req", narrow: false, cell: |v| plain(v.cost_usd_per_request.map(|usd| usd * 1_000.0)) },
];

/// A quantile of E2E; where it is withheld, of how few trials nothing can be said.
fn quantile(variant: &VariantReport, of: impl Fn(&QuantilesReport) -> Option<f64>, withheld: &str) -> String {
    let e2e = variant.latency_ms.e2e.as_ref();
    e2e.map(|e2e| of(e2e).map_or_else(|| withheld.into(), number)).unwrap_or_default()
}

fn plain(value: Option<f64>) -> String {
    value.map(number).unwrap_or_default()
}

fn tokens(variant: &VariantReport, value: Option<f64>) -> String {
    value.map(|value| estimated(variant, number(value))).unwrap_or_default()
}

fn interval(variant: &VariantReport) -> String {
    match (variant.capacity.low, variant.capacity.high) {
        (Some(low), Some(high)) => format!("{}–{}", number(low), number(high)),
        _ => String::new(),
    }
}

/// The mark of what rests on tokens that nobody counted.
pub(crate) fn estimated(variant: &VariantReport, text: String) -> String {
    if is_estimated(variant) { format!("{text} est") } else { text }
}

/// Whether any of its tokens is an estimate.
pub(crate) fn is_estimated(variant: &VariantReport) -> bool {
    let source = variant.tokens.as_ref().map(|tokens| tokens.source.as_str());
    matches!(source, Some("estimated" | "mixed"))
}

/// What must be said wherever a number of this run is shown: that no AWS made it, or that some other server did.
pub(crate) fn origin(run: &RunReport) -> Option<String> {
    match run.endpoint.as_str() {
        "simulator" if run.simulated => Some("SIMULATED: no measurement of AWS".into()),
        url if run.simulated => Some(format!("SIMULATED by {url}: no measurement of AWS")),
        "aws" => None,
        url => Some(format!("ENDPOINT {url}")),
    }
}

/// The run in a line: its name, times, region, endpoint, end and cost.
pub(crate) fn run_line(run: &RunReport) -> String {
    let mut parts = Vec::new();
    parts.extend(run.id.as_ref().map(|id| format!("run {id}")));
    parts.extend(run.started_at.as_ref().map(|at| format!("started {at}")));
    parts.push(match &run.ended {
        Some(ended) => match &run.ended_reason {
            Some(reason) => format!("ended: {ended}, {reason}"),
            None => format!("ended: {ended}"),
        },
        None => "not ended".into(),
    });
    parts.push(format!("endpoint {}", run.endpoint));
    parts.push(run.region.clone());
    parts.push(run.cost_usd.map_or_else(|| "cost unknown".into(), |usd| format!("cost {usd:.4} USD")));
    parts.push(format!("seed {}", run.seed));
    parts.push(format!("quotient {}", run.version));
    parts.join(" · ")
}

/// The quota of a model in a line: each limit with its source and code, or that there is none.
pub(crate) fn quota_line(model: &ModelReport) -> String {
    let limits = crate::bench::quota::LimitKind::ALL.into_iter().filter_map(|kind| {
        let limit = model.limit(kind)?;
        let code = limit.code.as_ref().map(|code| format!(", {code}")).unwrap_or_default();
        Some(format!("{} {} ({}{code})", number(limit.value), kind.name(), limit.source))
    });
    let limits: Vec<String> = limits.collect();
    let limits = if limits.is_empty() { "no limit known".into() } else { limits.join(", ") };
    format!("Quota: {limits}; {} quota tokens per output token", model.burndown)
}

/// A judge in a line: what it was asked, what it said, what it took.
pub(crate) fn judge_line(judge: &JudgeReport) -> String {
    let JudgeReport { invocations, failed, accepted, rejected, unjudged, throttles, tokens, .. } = judge;
    let estimated = if matches!(tokens.source.as_str(), "estimated" | "mixed") { " est" } else { "" };
    let cost = judge.cost_usd.map_or_else(|| "cost unknown".into(), |usd| format!("cost {usd:.4} USD"));
    format!(
        "Judge {}: {invocations} invocations ({failed} failed, {throttles} throttled), {accepted} accepted, {rejected} \
         rejected, {unjudged} not judged, {} input and {} output tokens{estimated}, {cost}; apart from every variant",
        judge.model,
        number(tokens.input as f64),
        number(tokens.output as f64),
    )
}

/// One verdict for people.
#[derive(Debug)]
pub(crate) struct VerdictLine<'a> {
    /// The objective.
    pub objective: &'a str,
    /// `winner`, `leader` or `none`.
    pub standing: &'static str,
    /// The winner or leader.
    pub name: Option<&'a str>,
    /// How sure, in per cent.
    pub confidence: Option<String>,
    /// Why.
    pub reason: &'a str,
}

/// A model's verdicts in the order of the objectives.
pub(crate) fn verdicts(model: &ModelReport) -> impl Iterator<Item = VerdictLine<'_>> {
    let place = |name: &str| OBJECTIVES.iter().position(|row| row.name == name).unwrap_or(OBJECTIVES.len());
    let mut known: Vec<_> = model.verdicts.iter().collect();
    known.sort_by_key(|(name, _)| place(name));
    // A variant alone has nothing to be compared with, whatever the objective: said once.
    known.truncate(if model.variants.len() == 1 { 1 } else { known.len() });
    known.into_iter().map(|(objective, verdict)| {
        let (standing, name) = match (&verdict.winner, &verdict.leader) {
            (Some(winner), _) => ("winner", Some(winner.as_str())),
            (None, Some(leader)) => ("leader", Some(leader.as_str())),
            (None, None) => ("none", None),
        };
        VerdictLine {
            objective,
            standing,
            name,
            confidence: verdict
                .confidence
                // Below a half it says nothing in anyone's favour.
                .map(|share| if share < 0.5 { "–".into() } else { format!("{:.1} %", share * 100.0) }),
            reason: &verdict.reason,
        }
    })
}

/// What went wrong, a line a variant that had any fault.
pub(crate) fn faults(model: &ModelReport) -> impl Iterator<Item = (&str, String)> {
    model.variants.iter().filter(|v| !v.errors.is_empty() || v.error.is_some()).map(|v| {
        let counts: Vec<String> = v.errors.iter().map(|(kind, n)| format!("{kind} × {n}")).collect();
        let last = v.error.as_ref().map(|error| format!("last: {}", shortened(error, 300)));
        (v.name.as_str(), counts.into_iter().chain(last).collect::<Vec<_>>().join("; "))
    })
}

/// The heading of a whole report.
pub(crate) fn title(report: &Report) -> String {
    let models: Vec<&str> = report.models.iter().map(|model| model.model.as_str()).collect();
    format!("Prompt variants on {}", models.join(", "))
}
