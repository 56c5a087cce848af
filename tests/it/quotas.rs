//! Quota detection: which rows are a model's, over every known model, whatever the order of the listing.

use quotient::bench::label::{self, Found, Match, QuotaRow};
use quotient::bench::model::{ModelId, Scope};
use quotient::bench::quota::LimitSource;
use serde::Deserialize;

/// A model of which the right rows are known (source: facts page, `model_quotas.jsonl`).
#[derive(Deserialize)]
struct Known {
    model: String,
    scope: String,
    rpm: Option<String>,
    tpm: Option<String>,
}

fn known() -> Vec<Known> {
    include_str!("../data/model_quotas.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn row(name: &str, code: Option<&str>) -> QuotaRow {
    QuotaRow {
        name: name.into(),
        code: code.map(Into::into),
        value: 7.0,
        adjustable: true,
        source: LimitSource::Applied,
    }
}

/// Every quota name that is known, with its code where that is known: some 670 of the real listing's rows.
fn listing() -> Vec<QuotaRow> {
    let split = |line: &'static str| line.split_once('\t').unwrap();
    include_str!("../data/quota_names.tsv")
        .lines()
        .map(split)
        .map(|(name, code)| row(name, Some(code).filter(|code| !code.is_empty())))
        .collect()
}

#[derive(Debug, Default, PartialEq)]
struct Score {
    right: usize,
    abstained: usize,
    wrong: Vec<String>,
}

impl Score {
    fn count(&mut self, model: &str, found: &Found, wanted: Option<&str>, rows: &[QuotaRow]) {
        match (found, wanted) {
            (Found::Row(index), Some(wanted)) if rows[*index].name == wanted => self.right += 1,
            (Found::NoSuchLimit, None) => self.right += 1,
            (Found::Unsure(_), _) => self.abstained += 1,
            (Found::Row(index), _) => self.wrong.push(format!("{model}: {} for {wanted:?}", rows[*index].name)),
            (Found::NoSuchLimit, Some(wanted)) => self.wrong.push(format!("{model}: nothing for {wanted}")),
        }
    }
}

fn score(rows: &[QuotaRow], find: impl Fn(&ModelId, Scope, bool, &[QuotaRow]) -> Match) -> Score {
    let mut score = Score::default();
    for known in known() {
        let model = ModelId::parse(&known.model);
        assert_eq!(model.scope().name(), known.scope, "{}", known.model);
        let found = find(&model, model.scope(), false, rows);
        score.count(&known.model, &found.rpm, known.rpm.as_deref(), rows);
        score.count(&known.model, &found.tpm, known.tpm.as_deref(), rows);
    }
    score
}

#[test]
fn with_the_table_every_known_model_gets_its_rows() {
    let score = score(&listing(), label::find);
    assert_eq!(score, Score { right: 2 * known().len(), ..Score::default() });
}

#[test]
fn by_label_alone_the_match_is_right_or_abstains() {
    let score = score(&listing(), label::by_label);
    assert_eq!(score.wrong, Vec::<String>::new());
    // Mistral Large and Small of 2402 and Magistral: names that no rule can derive.
    assert_eq!((score.right, score.abstained), (2 * known().len() - 6, 6));
}

#[test]
fn a_model_whose_rows_are_not_listed_gets_none_of_its_neighbours() {
    let all = listing();
    for known in known() {
        let own = |row: &QuotaRow| [&known.rpm, &known.tpm].into_iter().flatten().any(|name| *name == row.name);
        let rows: Vec<QuotaRow> = all.iter().filter(|row| !own(row)).cloned().collect();
        let model = ModelId::parse(&known.model);
        for find in [label::find, label::by_label] {
            let found = find(&model, model.scope(), false, &rows);
            assert!(found.rpm.row().is_none() && found.tpm.row().is_none(), "{}: {found:?}", known.model);
        }
    }
}

#[test]
fn one_row_of_two_is_a_limit_and_the_absence_of_the_other() {
    let all = listing();
    for known in known() {
        let (Some(rpm), Some(tpm)) = (&known.rpm, &known.tpm) else { continue };
        let model = ModelId::parse(&known.model);
        for gone in [rpm, tpm] {
            let rows: Vec<QuotaRow> = all.iter().filter(|row| row.name != *gone).cloned().collect();
            let found = label::find(&model, model.scope(), false, &rows);
            let (left, missing) = if gone == rpm { (found.tpm, found.rpm) } else { (found.rpm, found.tpm) };
            assert!(left.row().is_some(), "{}: the other row is there", known.model);
            assert_eq!(missing, Found::NoSuchLimit, "{}", known.model);
        }
    }
}

#[test]
fn the_order_of_the_listing_does_not_show() {
    let rows = listing();
    let names = |found: &Found, rows: &[QuotaRow]| match found {
        Found::Row(index) => vec![rows[*index].name.clone()],
        Found::NoSuchLimit => Vec::new(),
        Found::Unsure(indices) => indices.iter().map(|&index| rows[index].name.clone()).collect(),
    };
    for (step, offset) in [(665, 0), (331, 100)] {
        // A step that is prime to the length visits every row once, in an order that is nothing like the first.
        let shuffled: Vec<QuotaRow> =
            (0..rows.len()).map(|index| rows[(offset + index * step) % rows.len()].clone()).collect();
        for known in known() {
            let model = ModelId::parse(&known.model);
            let [a, b] = [&rows, &shuffled].map(|rows| label::by_label(&model, model.scope(), false, rows));
            for (a, b) in [(&a.rpm, &b.rpm), (&a.tpm, &b.tpm)] {
                assert_eq!(names(a, &rows), names(b, &shuffled), "{}", known.model);
            }
        }
    }
}

/// The names of what was found for one model, `-` for a limit that does not exist, `?` where it is unsure.
fn found(model: &str, latency: bool, names: &[&str]) -> [String; 3] {
    let rows: Vec<QuotaRow> = names.iter().map(|name| row(name, None)).collect();
    let model = ModelId::parse(model);
    let found = label::find(&model, model.scope(), latency, &rows);
    [found.rpm, found.tpm, found.tpd].map(|found| match found {
        Found::Row(index) => rows[index].name.clone(),
        Found::NoSuchLimit => "-".into(),
        Found::Unsure(_) => "?".into(),
    })
}

#[test]
fn models_that_are_in_no_table_are_matched_by_their_atoms() {
    let names = [
        "[bedrock-mantle endpoint] Input tokens per minute for Acme Rocket 7.2 90B",
        "Cross-Region model inference requests per minute for Acme AI Rocket 7.2 90B Instruct",
        "Cross-region model inference tokens per minute for Rocket 7.2 90b V1",
        "Cross-region model inference tokens per minute for Acme AI Rocket 7.2 9B Instruct",
        "Cross-region model inference tokens per minute for Acme AI Rocket 7 90B Instruct",
        "Cross-region model inference tokens per minute for Acme AI Rocket 7.2 90B Vision",
        "On-demand model inference tokens per minute for Acme AI Rocket 7.2 90B Instruct",
        "Global cross-region model inference tokens per minute for Acme AI Rocket 7.2 90B Instruct",
        "Model invocation max tokens per day for Acme Rocket 7.2 90B (doubled for cross-region calls)",
        "Cross-Model Max Tokens Per Day",
    ];
    assert_eq!(
        found("us.acme.rocket-7-2-90b-instruct-v1:0", false, &names),
        [names[1].to_string(), names[2].into(), names[8].into()],
    );
    assert_eq!(
        found("global.acme.rocket-7-2-90b-instruct-v1:0", false, &names),
        ["-".to_string(), names[7].into(), names[9].into()],
    );
    assert_eq!(found("us.acme.rocket-7-3-90b-instruct-v1:0", false, &names), ["-", "-", names[9]]);
    assert_eq!(found("acme.rocket-8-90b-instruct-v1:0", false, &names), ["-", "-", names[9]]);
}

#[test]
fn two_rows_that_fit_alike_are_a_doubt() {
    let names = [
        "On-demand model inference requests per minute for Acme Comet 2",
        "On-demand model inference requests per minute for Acme AI Comet 2.0",
        "On-demand model inference tokens per minute for Acme Comet 2",
    ];
    assert_eq!(found("acme.comet-2-v1:0", false, &names), ["?", names[2], "-"]);
}

#[test]
fn a_label_without_a_size_is_nobodys_where_its_sizes_are_listed_too() {
    let plain = "On-demand model inference tokens per minute for Acme Comet 2";
    assert_eq!(found("acme.comet-2-70b-v1:0", false, &[plain])[1], plain);
    let names = [plain, "On-demand model inference tokens per minute for Acme Comet 2 8B"];
    assert_eq!(found("acme.comet-2-70b-v1:0", false, &names)[1], "?");
}

#[test]
fn latency_optimised_rows_are_other_rows() {
    let names = [
        "On-Demand, latency-optimized model inference requests per minute for Amazon Nova Pro V1",
        "On-Demand, latency-optimized model inference tokens per minute for Amazon Nova Pro V1",
        "Model invocation max latency-optimized tokens per day for Amazon Nova Pro V1",
        "Cross-region model inference requests per minute for Amazon Nova Pro",
        "Cross-region model inference tokens per minute for Amazon Nova Pro",
    ];
    assert_eq!(found("us.amazon.nova-pro-v1:0", true, &names), [names[0], names[1], names[2]]);
    assert_eq!(found("us.amazon.nova-pro-v1:0", false, &names), [names[3], names[4], "-"]);
}

#[test]
fn a_bought_throughput_has_no_row() {
    let names = ["On-demand model inference tokens per minute for Abc123", "Cross-Model Max Tokens Per Day"];
    let arn = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc123";
    assert_eq!(found(arn, false, &names), ["-", "-", "-"]);
}
