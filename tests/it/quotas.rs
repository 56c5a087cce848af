//! Quota detection: which rows are a model's, over every known model, whatever the order of the listing.

use quotient::bench::label::{self, Found, Match, QuotaRow};
use quotient::bench::model::{ModelId, Scope};
use quotient::bench::quota::LimitSource;
use serde::Deserialize;

mod strangers;

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
fn one_row_of_two_is_a_limit_and_the_other_stays_missing() {
    let all = listing();
    for known in known() {
        let (Some(rpm), Some(tpm)) = (&known.rpm, &known.tpm) else { continue };
        let model = ModelId::parse(&known.model);
        for gone in [rpm, tpm] {
            let rows: Vec<QuotaRow> = all.iter().filter(|row| row.name != *gone).cloned().collect();
            let found = label::find(&model, model.scope(), false, &rows);
            let (left, missing) = if gone == rpm { (found.tpm, found.rpm) } else { (found.rpm, found.tpm) };
            assert!(left.row().is_some(), "{}: the other row is there", known.model);
            assert!(missing.row().is_none(), "{}: {missing:?}", known.model);
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
    let roomy = |name: &str| if name.starts_with("Cross-Model") { 1e12 } else { 1.0 };
    let rows: Vec<QuotaRow> = names.iter().map(|name| QuotaRow { value: roomy(name), ..row(name, None) }).collect();
    let model = ModelId::parse(model);
    let found = label::find(&model, model.scope(), latency, &rows);
    [found.rpm, found.tpm, found.tpd].map(|found| match found {
        Found::Row(index) => rows[index].name.clone(),
        Found::NoSuchLimit => "-".into(),
        Found::Unsure(_) => "?".into(),
    })
}

#[test]
fn of_two_daily_rows_the_smaller_holds() {
    let own = "Model invocation max tokens per day for Amazon Nova Lite (doubled for cross-region calls)";
    let at = |model: &str, own_value: f64, account: f64| {
        let rows = [(own, own_value), ("Cross-Model Max Tokens Per Day", account)];
        let rows = rows.map(|(name, value)| QuotaRow { value, ..row(name, None) });
        let model = ModelId::parse(model);
        let found = label::find(&model, model.scope(), false, &rows);
        (found.tpd.row(), found.other_day)
    };
    assert_eq!(at("amazon.nova-lite-v1:0", 100.0, 150.0), (Some(0), Some(1)));
    assert_eq!(at("amazon.nova-lite-v1:0", 200.0, 150.0), (Some(1), Some(0)));
    assert_eq!(at("us.amazon.nova-lite-v1:0", 100.0, 150.0), (Some(1), Some(0)), "its own is doubled to 200");
    assert_eq!(at("amazon.nova-micro-v1:0", 100.0, 150.0), (Some(1), None));
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

mod detection {
    //! Detection through the real SDK client, over pages written by hand.

    use std::convert::Infallible;
    use std::sync::Arc;

    use aws_smithy_types::body::SdkBody;
    use quotient::bedrock::aws;
    use quotient::bedrock::quotas::{self, Detected, Listing};
    use quotient::bench::fault::{Fault, FaultKind};
    use quotient::bench::model::{ModelId, Scope};
    use quotient::bench::quota::{LimitOverride, LimitSource, Quota, QuotaOverrides};
    use serde_json::{Value, json};

    const SONNET: &str = "anthropic.claude-3-sonnet-20240229-v1:0";
    const RPM: &str = "On-demand model inference requests per minute for Anthropic Claude 3 Sonnet";
    const TPM: &str = "On-demand model inference tokens per minute for Anthropic Claude 3 Sonnet";

    /// What one of the two calls answers.
    #[derive(Clone)]
    enum Answers {
        /// These rows, a hundred a page.
        Rows(Vec<Value>),
        /// This many pages of rows, then an error.
        Breaks(Vec<Value>, usize, &'static str),
    }

    /// A service that knows the two list calls and their pages, and nothing else.
    #[derive(Clone)]
    struct Account {
        applied: Answers,
        default: Answers,
    }

    impl Account {
        fn answer(&self, target: &str, body: &Value) -> http::Response<SdkBody> {
            assert_eq!(body["ServiceCode"], "bedrock");
            assert_eq!(body["MaxResults"], 100);
            let answers = match target {
                "ServiceQuotasV20190624.ListServiceQuotas" => &self.applied,
                "ServiceQuotasV20190624.ListAWSDefaultServiceQuotas" => &self.default,
                other => panic!("{other} is not asked"),
            };
            let page = match body["NextToken"].as_str() {
                None => 0,
                Some(token) => token.strip_prefix("page-").unwrap().parse::<usize>().unwrap(),
            };
            let rows = match answers {
                Answers::Breaks(_, pages, exception) if page >= *pages => return error(exception),
                Answers::Rows(rows) | Answers::Breaks(rows, ..) => rows,
            };
            let pages: Vec<&[Value]> = rows.chunks(100).collect();
            let mut out = json!({ "Quotas": pages.get(page).copied().unwrap_or_default() });
            if page + 1 < pages.len() {
                out["NextToken"] = json!(format!("page-{}", page + 1));
            }
            response(200, &out)
        }

        async fn list(self) -> Result<Listing, Fault> {
            let account = Arc::new(self);
            let service = tower::service_fn(move |request: http::Request<SdkBody>| {
                let target = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
                let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
                let account = Arc::clone(&account);
                async move { Ok::<_, Infallible>(account.answer(&target, &body)) }
            });
            let clients = aws::in_process(service, "us-east-1");
            quotas::list(&clients.quotas, &clients.place).await
        }

        async fn detect(self, model: &str) -> Detected {
            self.list().await.unwrap().detect(&ModelId::parse(model), false)
        }
    }

    fn response(status: u16, body: &Value) -> http::Response<SdkBody> {
        let builder = http::Response::builder().status(status).header("content-type", "application/x-amz-json-1.1");
        builder.body(SdkBody::from(body.to_string())).unwrap()
    }

    fn error(exception: &str) -> http::Response<SdkBody> {
        let message = match exception {
            "AccessDeniedException" => {
                "User: arn:aws:iam::123456789012:user/x is not authorized to perform: servicequotas:ListServiceQuotas"
            }
            _ => "Rate exceeded",
        };
        response(400, &json!({ "__type": exception, "message": message }))
    }

    fn quota(name: &str, code: &str, value: f64) -> Value {
        json!({ "ServiceCode": "bedrock", "QuotaName": name, "QuotaCode": code, "Value": value, "Unit": "None",
                "Adjustable": true, "GlobalQuota": false })
    }

    /// Thirteen pages of other rows, with these put in far from each other.
    fn pages(own: &[Value]) -> Vec<Value> {
        let mut rows: Vec<Value> = super::listing()
            .iter()
            .chain(&super::listing())
            .filter(|row| !row.name.contains("Claude 3 Sonnet") && !row.name.starts_with("Cross-Model"))
            .enumerate()
            .map(|(index, row)| quota(&row.name, &format!("L-{index:08X}"), 1.0))
            .collect();
        for (index, row) in own.iter().enumerate() {
            rows.insert(rows.len() - 450 * index, row.clone());
        }
        assert!(rows.len() > 1_200, "{} rows are too few for 13 pages", rows.len());
        rows
    }

    fn both() -> [Value; 2] {
        [quota(RPM, "L-F406804E", 100.0), quota(TPM, "L-4C35BB2A", 200_000.0)]
    }

    fn values(quota: &Quota) -> [Option<(f64, LimitSource)>; 3] {
        [&quota.rpm, &quota.tpm, &quota.tpd].map(|limit| limit.as_ref().map(|limit| (limit.value, limit.source)))
    }

    #[tokio::test(start_paused = true)]
    async fn rows_of_a_model_are_found_on_whichever_page_they_are() {
        let account = Account { applied: Answers::Rows(pages(&both())), default: Answers::Rows(Vec::new()) };
        let detected = account.detect(SONNET).await;
        let rpm = detected.quota.rpm.clone().unwrap();
        assert_eq!(rpm.code.as_deref(), Some("L-F406804E"));
        assert_eq!(rpm.name.as_deref(), Some(RPM));
        assert_eq!(rpm.adjustable, Some(true));
        let applied = |value| Some((value, LimitSource::Applied));
        assert_eq!(values(&detected.quota), [applied(100.0), applied(200_000.0), None]);
        assert_eq!(detected.notes, Vec::<String>::new());
    }

    #[tokio::test(start_paused = true)]
    async fn applied_goes_over_default_and_a_default_says_so() {
        let [rpm, tpm] = both();
        let day = quota("Cross-Model Max Tokens Per Day", "L-E3F10727", 7e8);
        let account = Account {
            applied: Answers::Rows(pages(&[quota(RPM, "L-F406804E", 4.0), day.clone()])),
            default: Answers::Rows(pages(&[rpm, tpm, day])),
        };
        let detected = account.detect(SONNET).await;
        assert_eq!(
            values(&detected.quota),
            [
                Some((4.0, LimitSource::Applied)),
                Some((200_000.0, LimitSource::Default)),
                Some((7e8, LimitSource::Applied))
            ],
        );
        assert_eq!(detected.notes.len(), 1);
        assert!(detected.notes[0].starts_with("TPM: AWS's default"), "{:?}", detected.notes);
    }

    #[tokio::test(start_paused = true)]
    async fn one_limit_found_never_makes_the_other_assumed() {
        let [rpm, tpm] = both();
        for (own, wanted) in [
            (vec![rpm], [Some((100.0, LimitSource::Applied)), None, None]),
            (vec![tpm], [None, Some((200_000.0, LimitSource::Applied)), None]),
            (vec![], [Some((100.0, LimitSource::Assumed)), Some((10_000.0, LimitSource::Assumed)), None]),
        ] {
            let account = Account { applied: Answers::Rows(pages(&own)), default: Answers::Rows(Vec::new()) };
            let detected = account.detect(SONNET).await;
            let merged = quotas::merge(&QuotaOverrides::default(), Ok(detected));
            assert_eq!(values(&merged.quota), wanted);
            let loud = merged.notes.iter().any(|note| note.starts_with("ASSUMED"));
            assert_eq!(loud, own.is_empty(), "{:?}", merged.notes);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_denied_or_throttled_reading_says_so_and_leads_to_assumed_limits() {
        for (exception, kind, says) in [
            ("AccessDeniedException", FaultKind::Denied, "servicequotas:ListServiceQuotas"),
            ("TooManyRequestsException", FaultKind::Throttled, "Rate exceeded"),
        ] {
            let fails = || Answers::Breaks(Vec::new(), 0, exception);
            let fault = Account { applied: fails(), default: fails() }.list().await.unwrap_err();
            assert_eq!(fault.kind, kind);
            let merged = quotas::merge(&QuotaOverrides::default(), Err(fault));
            assert_eq!(
                values(&merged.quota).map(|limit| limit.map(|(_, source)| source)),
                [Some(LimitSource::Assumed), Some(LimitSource::Assumed), None]
            );
            assert!(merged.notes[0].contains(says) && merged.notes[1].contains("--rpm"), "{:?}", merged.notes);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_one_call_fails_to_say_is_noted_and_the_rest_is_used() {
        let account = Account {
            applied: Answers::Breaks(pages(&both()), 3, "TooManyRequestsException"),
            default: Answers::Rows(pages(&both())),
        };
        let listing = account.list().await.unwrap();
        assert!(listing.complete);
        let detected = listing.detect(&ModelId::parse(SONNET), false);
        let default = |value| Some((value, LimitSource::Default));
        assert_eq!(values(&detected.quota), [default(100.0), default(200_000.0), None]);
        assert!(detected.notes[0].starts_with("Applied quotas could not be read"), "{:?}", detected.notes);

        let [_, tpm] = both();
        let denied = Answers::Breaks(Vec::new(), 0, "AccessDeniedException");
        let account = Account { applied: Answers::Rows(pages(&[tpm])), default: denied };
        let detected = account.detect(SONNET).await;
        assert_eq!(values(&detected.quota), [None, Some((200_000.0, LimitSource::Applied)), None]);
        assert!(detected.notes.iter().any(|note| note.contains("not complete")), "{:?}", detected.notes);
    }

    fn listed(rows: &[(&str, f64)]) -> Listing {
        let row = |(name, value): &(&str, f64)| super::QuotaRow { value: *value, ..super::row(name, None) };
        Listing { rows: rows.iter().map(row).collect(), notes: Vec::new(), complete: true }
    }

    #[test]
    fn a_row_named_by_its_code_goes_over_what_is_found() {
        let mut listing =
            listed(&[(TPM, 1.0), (RPM, 2.0), ("Cross-Model Max Tokens Per Day", 3.0), ("Model units", 4.0)]);
        for (row, code) in listing.rows.iter_mut().zip(["L-A", "L-B", "L-C", "L-D"]) {
            row.code = Some(code.into());
        }
        let codes = |codes: &[&str]| listing.by_code(&codes.iter().map(ToString::to_string).collect::<Vec<_>>());
        let chosen = codes(&["L-A", "L-B", "L-C"]).unwrap();
        let detected = listing.detect_with(&ModelId::parse("acme.comet-2-v1:0"), false, &chosen);
        let applied = |value| Some((value, LimitSource::Applied));
        assert_eq!(values(&detected.quota), [applied(2.0), applied(1.0), applied(3.0)]);
        assert_eq!(detected.notes, Vec::<String>::new());
        for code in ["L-D", "L-E"] {
            assert!(codes(&["L-A", code]).unwrap_err().contains(code));
        }
    }

    #[test]
    fn a_zero_quota_is_explained_and_other_scopes_are_named() {
        let listing = listed(&[
            ("Cross-region model inference requests per minute for Amazon Nova Lite", 0.0),
            ("Cross-region model inference tokens per minute for Amazon Nova Lite", 0.0),
            ("On-demand model inference requests per minute for Amazon Nova Lite", 20.0),
            ("On-demand model inference tokens per minute for Amazon Nova Lite", 4_000.0),
        ]);
        let detected = listing.detect(&ModelId::parse("us.amazon.nova-lite-v1:0"), false);
        assert_eq!(detected.elsewhere.iter().map(|(scope, _)| *scope).collect::<Vec<_>>(), [Scope::OnDemand]);
        assert_eq!(detected.elsewhere[0].1.value(quotient::bench::quota::LimitKind::Rpm), Some(20.0));
        assert_eq!(detected.notes.len(), 1);
        assert!(detected.notes[0].starts_with("RPM, TPM: the quota is 0"), "{:?}", detected.notes);
        assert!(detected.notes[0].contains("call it on-demand (20 RPM, 4,000 TPM)"), "{:?}", detected.notes);
    }

    #[test]
    fn a_models_daily_row_holds_twice_as_much_across_regions() {
        let day = "Model invocation max tokens per day for Amazon Nova Lite (doubled for cross-region calls)";
        let listing = listed(&[
            ("On-demand model inference tokens per minute for Amazon Nova Lite", 4_000.0),
            ("Cross-region model inference tokens per minute for Amazon Nova Lite", 8_000.0),
            (day, 1_000_000.0),
            ("Cross-Model Max Tokens Per Day", 7e8),
        ]);
        for (model, tpd) in [("amazon.nova-lite-v1:0", 1e6), ("us.amazon.nova-lite-v1:0", 2e6)] {
            let limit = listing.detect(&ModelId::parse(model), false).quota.tpd.unwrap();
            assert_eq!((limit.value, limit.name.as_deref()), (tpd, Some(day)));
        }
    }

    #[test]
    fn without_a_latency_optimised_row_the_standard_one_holds() {
        let listing = listed(&[("Cross-region model inference tokens per minute for Amazon Nova Lite", 8_000.0)]);
        let detected = listing.detect(&ModelId::parse("us.amazon.nova-lite-v1:0"), true);
        assert_eq!(values(&detected.quota)[1], Some((8_000.0, LimitSource::Applied)));
        assert!(detected.notes[0].contains("no latency-optimised quota"), "{:?}", detected.notes);
    }

    #[test]
    fn a_doubt_names_its_rows_and_is_no_limit() {
        let listing = listed(&[
            ("On-demand model inference tokens per minute for Acme Comet 2", 1.0),
            ("On-demand model inference tokens per minute for Acme AI Comet 2.0", 2.0),
        ]);
        let detected = listing.detect(&ModelId::parse("acme.comet-2-v1:0"), false);
        assert_eq!(detected.quota, Quota::default());
        assert!(detected.notes[0].contains("Acme AI Comet 2.0") && detected.notes[0].contains("--tpm"));
        for (model, says) in [
            ("arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc", "bought"),
            ("arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc", "which model it calls"),
            ("arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/meta.llama:1", "which model it calls"),
        ] {
            let detected = listing.detect(&ModelId::parse(model), false);
            assert!(detected.notes.len() == 1 && detected.notes[0].contains(says), "{:?}", detected.notes);
        }
    }

    #[test]
    fn the_users_limits_go_over_everything_one_by_one() {
        let set = |rpm, tpm| QuotaOverrides { rpm, tpm, ..QuotaOverrides::default() };
        let (unlimited, nine) = (Some(LimitOverride::None), Some(LimitOverride::Value(9.0)));
        let detected = || {
            let rows = [("On-demand model inference tokens per minute for Amazon Nova Lite", 4_000.0)];
            Ok(listed(&rows).detect(&ModelId::parse("amazon.nova-lite-v1:0"), false))
        };
        let failed = || Err(Fault::new(FaultKind::Denied, "no"));
        let (config, applied) = (Some((9.0, LimitSource::Config)), Some((4_000.0, LimitSource::Applied)));
        let assumed = [Some((100.0, LimitSource::Assumed)), Some((10_000.0, LimitSource::Assumed))];
        for (overrides, detected, wanted, loud) in [
            (set(nine, None), detected(), [config, applied], false),
            (set(None, nine), detected(), [None, config], false),
            (set(None, unlimited), detected(), [None, None], false),
            (set(nine, None), failed(), [config, assumed[1]], true),
            (set(unlimited, None), failed(), [None, assumed[1]], true),
            (set(nine, unlimited), failed(), [config, None], false),
        ] {
            let merged = quotas::merge(&overrides, detected);
            assert_eq!(values(&merged.quota)[..2], wanted, "{overrides:?}");
            assert_eq!(merged.notes.iter().any(|note| note.starts_with("ASSUMED")), loud, "{overrides:?}");
        }
    }
}
