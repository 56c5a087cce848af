//! CSV: a row for each variant on each model, every figure a column, no cell a formula.

use crate::bench::quota::LimitKind;
use crate::bench::report::{ModelReport, QuantilesReport, Report, RunReport, VariantReport};
use crate::bench::tally::Tally;
use crate::export::Rendered;
use crate::export::text::line;

/// What a column takes its cell from.
struct Of<'a> {
    run: &'a RunReport,
    model: &'a ModelReport,
    variant: &'a VariantReport,
}

/// A cell before it is written.
enum Cell<'a> {
    Text(&'a str),
    Owned(String),
    Count(u64),
    Number(Option<f64>),
    Truth(bool),
    Nothing,
}

impl<'a> Cell<'a> {
    fn optional(text: Option<&'a String>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Text(text))
    }

    fn write(&self) -> String {
        match self {
            Self::Text(text) => inert(text),
            Self::Owned(text) => inert(text),
            Self::Count(count) => count.to_string(),
            Self::Number(Some(number)) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
            Self::Number(None) | Self::Nothing => String::new(),
        }
    }
}

/// Text that no spreadsheet takes for a formula (<https://owasp.org/www-community/attacks/CSV_Injection>) and that no
/// terminal obeys.
fn inert(text: &str) -> String {
    let formula = |text: &str| text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let clean = line(text);
    if formula(text) || formula(clean.trim_start()) { format!("'{clean}") } else { clean.into_owned() }
}

/// A head with its unit, and the cell.
type Column = (&'static str, for<'a> fn(&Of<'a>) -> Cell<'a>);

const COLUMNS: &[Column] = &[
    ("run", |of| Cell::optional(of.run.id.as_ref())),
    ("started_at", |of| Cell::optional(of.run.started_at.as_ref())),
    ("endpoint", |of| Cell::Text(&of.run.endpoint)),
    ("simulated", |of| Cell::Truth(of.run.simulated)),
    ("region", |of| Cell::Text(&of.run.region)),
    ("model", |of| Cell::Text(&of.model.model)),
    ("variant", |of| Cell::Text(&of.variant.name)),
    ("trials", |of| Cell::Count(of.variant.trials)),
    ("ok", |of| Cell::Count(of.variant.ok)),
    ("failed", |of| Cell::Count(of.variant.failed)),
    ("unfinished", |of| Cell::Count(of.variant.unfinished)),
    ("retries", |of| Cell::Count(of.variant.retries)),
    ("throttles", |of| Cell::Count(of.variant.throttles)),
    ("errors", |of| Cell::Owned(errors(of.variant))),
    ("error", |of| Cell::optional(of.variant.error.as_ref())),
    ("input_tokens", |of| Cell::Number(of.variant.tokens.as_ref().map(|t| t.input))),
    ("output_tokens", |of| Cell::Number(of.variant.tokens.as_ref().map(|t| t.output))),
    ("total_tokens", |of| Cell::Number(of.variant.tokens.as_ref().map(|t| t.total))),
    ("cache_read_tokens", |of| Cell::Number(of.variant.tokens.as_ref().map(|t| t.cache_read))),
    ("cache_write_tokens", |of| Cell::Number(of.variant.tokens.as_ref().map(|t| t.cache_write))),
    ("tokens_source", |of| Cell::optional(of.variant.tokens.as_ref().map(|t| &t.source))),
    ("reserved_quota_tokens", |of| Cell::Number(of.variant.quota_tokens.reserved)),
    ("settled_quota_tokens", |of| Cell::Number(of.variant.quota_tokens.settled)),
    ("wasted_share", |of| Cell::Number(of.variant.quota_tokens.wasted)),
    ("ttft_mean_ms", |of| latency(of.variant.latency_ms.ttft.as_ref(), |q| q.mean)),
    ("ttft_p50_ms", |of| latency(of.variant.latency_ms.ttft.as_ref(), |q| q.p50)),
    ("ttft_p90_ms", |of| latency(of.variant.latency_ms.ttft.as_ref(), |q| q.p90)),
    ("ttft_p95_ms", |of| latency(of.variant.latency_ms.ttft.as_ref(), |q| q.p95)),
    ("ttft_p99_ms", |of| latency(of.variant.latency_ms.ttft.as_ref(), |q| q.p99)),
    ("e2e_mean_ms", |of| latency(of.variant.latency_ms.e2e.as_ref(), |q| q.mean)),
    ("e2e_p50_ms", |of| latency(of.variant.latency_ms.e2e.as_ref(), |q| q.p50)),
    ("e2e_p90_ms", |of| latency(of.variant.latency_ms.e2e.as_ref(), |q| q.p90)),
    ("e2e_p95_ms", |of| latency(of.variant.latency_ms.e2e.as_ref(), |q| q.p95)),
    ("e2e_p99_ms", |of| latency(of.variant.latency_ms.e2e.as_ref(), |q| q.p99)),
    ("tpot_mean_ms", |of| latency(of.variant.latency_ms.tpot.as_ref(), |q| q.mean)),
    ("tpot_p50_ms", |of| latency(of.variant.latency_ms.tpot.as_ref(), |q| q.p50)),
    ("tpot_p90_ms", |of| latency(of.variant.latency_ms.tpot.as_ref(), |q| q.p90)),
    ("tpot_p95_ms", |of| latency(of.variant.latency_ms.tpot.as_ref(), |q| q.p95)),
    ("tpot_p99_ms", |of| latency(of.variant.latency_ms.tpot.as_ref(), |q| q.p99)),
    ("requests_per_minute", |of| Cell::Number(of.variant.requests_per_minute)),
    ("tokens_per_minute", |of| Cell::Number(of.variant.tokens_per_minute)),
    ("tokens_per_second", |of| Cell::Number(of.variant.tokens_per_second)),
    ("theoretical_rpm", |of| Cell::Number(of.variant.theoretical_rpm)),
    ("capacity_rpm", |of| Cell::Number(of.variant.capacity.requests_per_minute)),
    ("capacity_low_rpm", |of| Cell::Number(of.variant.capacity.low)),
    ("capacity_high_rpm", |of| Cell::Number(of.variant.capacity.high)),
    ("capacity_limit", |of| of.variant.capacity.limit.map_or(Cell::Nothing, |limit| Cell::Text(limit.name()))),
    ("capacity_accepted_per_minute", |of| Cell::Number(of.variant.capacity.accepted_per_minute)),
    ("capacity_in_share_rpm", |of| Cell::Number(of.variant.capacity.in_share)),
    ("accepted_rate", |of| Cell::Number(of.variant.accepted.rate)),
    ("accepted_low", |of| Cell::Number(of.variant.accepted.low)),
    ("accepted_high", |of| Cell::Number(of.variant.accepted.high)),
    ("cost_usd_per_request", |of| Cell::Number(of.variant.cost_usd_per_request)),
    ("accepted_per_1000_quota_tokens", |of| Cell::Number(of.variant.accepted_per_1000_quota_tokens)),
    ("accepted_per_usd", |of| Cell::Number(of.variant.accepted_per_usd)),
    ("retired_after", |of| of.variant.retired_after.map_or(Cell::Nothing, Cell::Count)),
    ("quota_rpm", |of| limit(of, LimitKind::Rpm)),
    ("quota_tpm", |of| limit(of, LimitKind::Tpm)),
    ("quota_tpd", |of| limit(of, LimitKind::Tpd)),
    ("burndown", |of| Cell::Count(of.model.burndown.into())),
    ("output_sample", |of| Cell::optional(of.variant.output_sample.as_ref())),
];

fn errors(variant: &VariantReport) -> String {
    variant.errors.iter().map(|(kind, n)| format!("{kind}: {n}")).collect::<Vec<_>>().join("; ")
}

fn latency<'a>(quantiles: Option<&QuantilesReport>, of: impl Fn(&QuantilesReport) -> Option<f64>) -> Cell<'a> {
    Cell::Number(quantiles.and_then(of))
}

fn limit<'a>(of: &Of<'a>, kind: LimitKind) -> Cell<'a> {
    Cell::Number(of.model.limit(kind).map(|limit| limit.value))
}

/// `report.csv`.
pub(crate) fn render(tally: &Tally) -> Vec<Rendered> {
    let report = Report::of(tally);
    let mut lines = vec![COLUMNS.iter().map(|(head, _)| (*head).to_owned()).collect::<Vec<_>>()];
    for model in &report.models {
        for variant in &model.variants {
            let of = Of { run: &report.run, model, variant };
            lines.push(COLUMNS.iter().map(|(_, cell)| cell(&of).write()).collect());
        }
    }
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    for line in &lines {
        // Every line has one cell a column and goes to memory, so that it cannot fail to be written.
        let _ = writer.write_record(line);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    vec![Rendered { name: "report.csv".into(), contents: String::from_utf8_lossy(&bytes).into_owned() }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"] {
            assert!(inert(text).starts_with('\''), "{text:?} became {:?}", inert(text));
        }
        assert_eq!(inert("concise"), "concise");
        assert_eq!(inert("a=1"), "a=1");
        assert_eq!(Cell::Number(Some(-1.5)).write(), "-1.5");
    }
}
