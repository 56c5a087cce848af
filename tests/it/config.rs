//! variants.toml from outside: what is refused and how it is said, what becomes of the defaults, and the prompts that
//! the shipped files send.

use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::{Just, Strategy as _};
use quotient::bench::plan::{Api, Concurrency, Endpoint, Gate, Keep, Plan, Timeouts};
use quotient::bench::quota::{LimitOverride, QuotaOverrides};
use quotient::bench::request::{CacheAfter, Request, Role, Turn};
use quotient::bench::template::Templates;
use quotient::config::{self, BUILT_IN, BUILT_IN_NAME, Overrides, STARTER};

fn data() -> PathBuf {
    PathBuf::from("tests/data/config")
}

fn errors(extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(data().join("errors")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    paths.sort();
    paths
}

fn plan_of(text: &str, overrides: &Overrides) -> Result<Plan, String> {
    let config = config::parse("test.toml", text, &data()).map_err(|error| error.to_string())?;
    config.plan(overrides).map_err(|error| error.to_string())
}

/// A small configuration with more lines at its end.
fn small(more: &str) -> String {
    format!(
        "task = \"t\"\n[bedrock]\nmodels = [\"a.b\"]\n[[variant]]\nname = \"concise\"\nprompt = \"{{{{ task }}}}\"\n{more}"
    )
}

fn requests(plan: &Plan) -> Vec<Request> {
    let templates = Templates::new(plan).unwrap();
    (0..plan.variants.len()).map(|variant| templates.render(variant, &plan.cases[0]).unwrap()).collect()
}

/// The error texts are golden files; `BLESS=1` writes them anew.
#[test]
fn every_wrong_file_is_refused_with_these_words() {
    let bless = std::env::var_os("BLESS").is_some();
    let (files, mut differing) = (errors("toml"), Vec::new());
    assert!(files.len() >= 30, "{}", files.len());
    for path in files {
        let error = config::read(&path).and_then(|config| config.plan(&Overrides::default())).unwrap_err();
        let (text, golden) = (format!("{error}\n"), path.with_extension("txt"));
        if bless {
            std::fs::write(&golden, &text).unwrap();
        }
        if std::fs::read_to_string(&golden).ok().as_ref() != Some(&text) {
            differing.push(format!("{}\n{text}", path.display()));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

#[test]
fn nothing_of_a_file_reaches_the_terminal_raw() {
    for path in errors("toml") {
        let error = config::read(&path).and_then(|config| config.plan(&Overrides::default())).unwrap_err();
        let acts = |c: char| c.is_control() && c != '\n';
        assert!(!error.render(false).contains(acts), "{}", path.display());
        let coloured = error.render(true);
        assert!(coloured.contains("\u{1b}["));
        // Colour comes from the renderer alone: what the files hold are sequences that it never writes.
        assert!(!["\u{1b}[2J", "\u{1b}]0;", "\u{7}", "\u{9b}"].iter().any(|bad| coloured.contains(bad)));
    }
}

#[test]
fn what_is_no_text_is_refused_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        config::read(&path).unwrap_err().to_string()
    };
    let latin = refused("latin.toml", b"# one\ntask = \"\xe9t\xe9\"\n");
    assert!(latin.contains("is not UTF-8: byte 0xE9 at offset 14"), "{latin}");
    assert!(latin.contains("latin.toml:2:9"), "{latin}");
    assert!(refused("utf16.toml", b"\xff\xfet\0").contains("UTF-16"));
    let missing = config::read(&folder.path().join("none.toml")).unwrap_err().to_string();
    assert!(missing.starts_with("error: cannot read ") && missing.ends_with("No such file or directory"), "{missing}");
    assert!(config::read(folder.path()).unwrap_err().to_string().contains("Is a directory"));
    assert!(config::read(Path::new("/dev/zero")).unwrap_err().to_string().contains("larger than 256 MiB"));
}

#[test]
fn byte_order_mark_and_windows_line_ends_change_nothing() {
    let text = std::fs::read_to_string("variants.toml").unwrap();
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(plan_of(&windows, &Overrides::default()), plan_of(&text, &Overrides::default()));
    let error = plan_of(&small("surprise = 1").replace('\n', "\r\n"), &Overrides::default()).unwrap_err();
    assert!(error.contains("test.toml:7:1"), "{error}");
}

#[test]
fn a_huge_file_is_read_and_its_errors_stay_short() {
    let text = small(&format!("system = \"\"\"\n{}{{{{ nobody }}}}\"\"\"", "long line\n".repeat(200_000)));
    let error = plan_of(&text, &Overrides::default()).unwrap_err();
    assert!(error.contains("nothing supplies `nobody`") && error.contains("200008 |"), "{error}");
    assert!(error.len() < 1_000);
}

#[test]
fn many_errors_are_all_counted_and_the_first_are_shown() {
    let text = (0..30).fold(String::new(), |text, n| format!("{text}surprise{n} = 1\n"));
    let error = config::parse("test.toml", &small(&text), Path::new("")).unwrap_err();
    assert_eq!(error.count(), 30);
    assert!(error.to_string().ends_with("… and 10 more"), "{error}");
}

#[test]
fn defaults_are_the_contracts() {
    let plan = plan_of(&small(""), &Overrides::default()).unwrap();
    assert_eq!(
        (plan.endpoint, plan.region.as_str(), plan.api),
        (Endpoint::Simulator, "us-east-1", Api::ConverseStream)
    );
    assert_eq!((plan.trials, plan.warmup, plan.attempts, plan.seed), (50, 1, 5, 7));
    assert_eq!((plan.concurrency, plan.racing, plan.keep), (Concurrency::Auto, true, Keep::Samples));
    assert_eq!((plan.objective.name().as_str(), plan.confidence), ("throughput", 0.95));
    assert_eq!((plan.timeouts, plan.duration, plan.max_cost_usd), (Timeouts::default(), None, None));
    assert_eq!(plan.timeouts.total, Duration::from_mins(2));
    assert_eq!(plan.quota, QuotaOverrides::default());
    assert_eq!((plan.share, plan.burst, plan.active), (0.9, 0.1, Duration::from_hours(24)));
    assert_eq!((plan.checks.len(), plan.gate), (0, None));
    assert_eq!(plan.models[0].burndown, 1);
    assert_eq!((plan.cases.len(), plan.cases[0].id.as_str(), plan.cases[0].content.as_str()), (1, "1", ""));
    let parameters = &plan.variants[0].parameters;
    assert_eq!((parameters.max_tokens, parameters.temperature, parameters.stop.len()), (Some(512), None, 0));
}

#[test]
fn a_configured_price_goes_before_the_table_and_an_exact_id_before_its_base() {
    let price = |model: &str, input: f64| format!("[[price]]\nmodel = \"{model}\"\ninput = {input}\noutput = 2\n");
    let model = |more: &str, model: &str| {
        let overrides = Overrides { models: vec![model.into()], burndown: Some(3), ..Overrides::default() };
        plan_of(&small(more), &overrides).unwrap().models[0].clone()
    };
    let of = |more: &str, id: &str| model(more, id).price.map(|price| price.input);
    let (profile, base) = ("us.anthropic.claude-sonnet-5", "anthropic.claude-sonnet-5");
    assert_eq!(of("", profile), Some(2.2));
    assert_eq!(of(&price(base, 7.0), profile), Some(7.0));
    assert_eq!(of(&(price(base, 7.0) + &price(profile, 8.0)), profile), Some(8.0));
    assert_eq!(of(&price(profile, 8.0), base), of("", base), "a profile's price is not its base's");
    assert_eq!(of("", "acme.rocket-1"), None);
    let rocket = model(&price("acme.rocket-1", 0.5), "acme.rocket-1");
    assert_eq!(rocket.price.map(|price| (price.cache_read, price.cache_write)), Some((0.5, 0.5)));
    assert_eq!(rocket.burndown, 3);
}

#[test]
fn share_and_cap_follow_the_endpoint() {
    let at = |endpoint: &str| {
        let overrides = Overrides { endpoint: Some(endpoint.into()), ..Overrides::default() };
        let plan = plan_of(&small(""), &overrides).unwrap();
        (plan.share, plan.max_cost_usd)
    };
    assert_eq!(at("simulator"), (0.9, None));
    assert_eq!(at("aws"), (0.25, Some(1.0)));
    assert_eq!(at("http://localhost:4566"), (0.9, None));
    assert_eq!(at("https://bedrock.example.com"), (0.9, Some(1.0)));
    let set = small("[quota]\nshare = 0.5\n[bench]\nmax_cost_usd = \"none\"");
    let plan = plan_of(&set, &Overrides { endpoint: Some("aws".into()), ..Overrides::default() }).unwrap();
    assert_eq!((plan.share, plan.max_cost_usd), (0.5, None));
}

#[test]
fn the_schema_of_the_contract_is_read() {
    let plan = config::read(&data().join("schema.toml")).unwrap().plan(&Overrides::default()).unwrap();
    assert_eq!(plan.checks[0].label(), "max_words 120");
    assert_eq!(plan.gate, Some(Gate::MinAccepted(0.9)));
    assert_eq!(plan.max_cost_usd, Some(1.0));
}

#[test]
fn every_key_arrives_in_the_plan() {
    let plan = config::read(&data().join("every_key.toml")).unwrap().plan(&Overrides::default()).unwrap();
    assert_eq!(plan.endpoint, Endpoint::Url("http://127.0.0.1:4566".into()));
    assert_eq!((plan.region.as_str(), plan.api), ("eu-central-1", Api::InvokeStream));
    let (rpm, tpm) = (LimitOverride::Value(900.0), LimitOverride::Value(200_000.0));
    let quota = QuotaOverrides { rpm: Some(rpm), tpm: Some(tpm), tpd: Some(LimitOverride::None), burndown: Some(5) };
    assert_eq!(plan.quota, quota);
    assert_eq!(plan.models.iter().map(|model| model.burndown).collect::<Vec<_>>(), [5, 5]);
    assert_eq!((plan.share, plan.burst, plan.active), (0.5, 1.0, Duration::from_hours(8)));
    assert_eq!((plan.trials, plan.warmup, plan.attempts, plan.seed), (1_000, 0, 1, 0));
    assert_eq!((plan.concurrency, plan.racing, plan.keep), (Concurrency::Fixed(16), false, Keep::All));
    assert_eq!((plan.objective.name().as_str(), plan.confidence, plan.max_cost_usd), ("auto", 0.99, None));
    let Timeouts { connect, first_text, stall, total } = plan.timeouts;
    assert_eq!([connect, first_text, stall, total], [500, 10_000, 20_000, 90_000].map(Duration::from_millis));
    assert_eq!(plan.gate, Some(Gate::NotWorseThan { variant: 1, by: 0.1 }));
    assert_eq!(
        plan.checks.iter().map(|check| check.kind.as_str()).collect::<Vec<_>>(),
        [
            "max_words",
            "contains",
            "not_contains",
            "equals",
            "regex",
            "json",
            "json_schema",
            "json_schema",
            "min_words",
            "expected",
            "similar_to",
            "similar_to",
            "judge"
        ]
    );
    let of_file = quotient::bench::check::CHECKS.iter().all(|kind| plan.checks.iter().any(|c| c.kind == kind.name));
    assert!(of_file, "every kind is in the file");
    assert_eq!(plan.checks[6].value, serde_json::json!({"type": "object", "required": ["a"]}));
    assert_eq!((plan.checks[7].label().as_str(), plan.checks[10].threshold), ("json_schema An order", Some(0.9)));
    let judge = &plan.checks[12];
    assert_eq!((judge.judge(), judge.max_tokens), (Some("us.amazon.nova-pro-v1:0"), Some(80)));
    let judges: Vec<_> = plan.judges.iter().map(|judge| (judge.id.as_str(), judge.burndown)).collect();
    assert_eq!(judges, [("us.amazon.nova-pro-v1:0", 1)], "the burndown that is set is the tested models'");
    assert_eq!(plan.variants[0].checks[0].label(), "not_contains \"translation\"");
    assert!(plan.variants[1].checks.is_empty() && plan.cases[0].checks.is_empty());
    let of_case: Vec<String> = plan.cases[1].checks.iter().map(quotient::bench::check::Check::label).collect();
    assert_eq!(of_case, ["equals \"zwei\"", "similar_to 1", "json_schema An order"]);
    assert!(!plan.cases[1].variables.contains_key("checks"));
    assert_eq!(plan.cases[1].id, "3");
    assert_eq!(plan.cases[1].variables["score"], 5);

    let full = &plan.variants[0];
    assert_eq!((full.models.as_slice(), full.cache_after), ([1].as_slice(), Some(CacheAfter::Messages)));
    let own = &full.parameters;
    assert_eq!((own.max_tokens, own.temperature, own.top_p, own.stop.len()), (Some(64), Some(0.0), Some(0.1), 0));
    assert_eq!((own.service_tier.as_deref(), own.latency.as_deref()), (Some("priority"), Some("optimized")));
    let extra = serde_json::json!({"top_k": 5, "more": true, "nested": {"list": [1, 2.5, true, "x"]}});
    assert_eq!(serde_json::Value::Object(own.extra.clone()), extra);
    let inherited = &plan.variants[1].parameters;
    assert_eq!((inherited.max_tokens, inherited.temperature, inherited.top_p), (None, Some(0.5), Some(1.0)));
    assert_eq!((inherited.stop.len(), inherited.service_tier.as_deref()), (2, Some("flex")));

    let [first, second] = requests(&plan).try_into().unwrap();
    let turn = |role, text: &str| Turn { role, text: text.into() };
    assert_eq!(first.system.as_deref(), Some("Into German."));
    assert_eq!(
        first.turns,
        [turn(Role::User, "Translate: one"), turn(Role::Assistant, "eins"), turn(Role::User, "Translate: two")]
    );
    assert_eq!((first.parameters, first.cache_after), (own.clone(), Some(CacheAfter::Messages)));
    assert_eq!(second.turns, [turn(Role::User, "a: two")]);
}

#[test]
fn the_starter_holds_the_defaults() {
    let starter = plan_of(STARTER, &Overrides::default()).unwrap();
    let own = Plan { variants: Vec::new(), cases: Vec::new(), task: String::new(), models: Vec::new(), ..starter };
    let usual = plan_of(&small(""), &Overrides::default()).unwrap();
    let usual = Plan { variants: Vec::new(), cases: Vec::new(), task: String::new(), models: Vec::new(), ..usual };
    assert_eq!(own, usual);
    // What it shows as a comment is right too: without the comment signs it is still read.
    let keys = STARTER
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(key) if !key.starts_with('`') && key.split_whitespace().nth(1) == Some("=") => key,
            Some(table) if table.starts_with('[') => table,
            _ => line,
        })
        // A file of cases would have to be there, and excludes `content`.
        .filter(|line| !line.starts_with("cases "))
        .fold(String::new(), |text, line| text + line + "\n");
    let plan = plan_of(&keys, &Overrides::default()).unwrap();
    assert_eq!((plan.quota.burndown, plan.max_cost_usd, plan.gate), (Some(5), Some(1.0), Some(Gate::MinAccepted(0.9))));
}

const TASK: &str = "Summarize the following text in a concise way";

/// The tutorial's four variants: name, system prompt, prompt without content.
fn four(task: &str) -> [(&'static str, Option<&'static str>, String); 4] {
    [
        (
            "detailed",
            Some("You are a helpful assistant that provides comprehensive responses."),
            format!(
                "Please perform the following task: {task}. Provide a detailed and thorough response that covers all \
                 aspects of the question."
            ),
        ),
        ("concise", Some("Provide concise, to-the-point responses."), format!("Task: {task}\nBe brief and direct.")),
        (
            "structured",
            Some("You provide well-structured, organized responses."),
            format!(
                "Follow these steps:\n1. Understand this task: {task}\n2. Analyze the key components\n3. Provide a \
                 structured response with clear headings"
            ),
        ),
        ("minimal", None, task.to_owned()),
    ]
}

fn assert_four(plan: &Plan, task: &str, after: &str) {
    let requests = requests(plan);
    assert_eq!(requests.len(), 4);
    for ((variant, request), (name, system, prompt)) in plan.variants.iter().zip(&requests).zip(four(task)) {
        assert_eq!(variant.name, name);
        assert_eq!(request.system.as_deref(), system, "{name}");
        assert_eq!(request.turns, [Turn { role: Role::User, text: format!("{prompt}{after}") }], "{name}");
    }
}

#[test]
fn the_shipped_variants_work_with_and_without_content() {
    let config = config::read(Path::new("variants.toml")).unwrap();
    let shipped = config.plan(&Overrides::default()).unwrap();
    assert_eq!(shipped.models[0].id.as_str(), "anthropic.claude-3-sonnet-20240229-v1:0");
    assert_eq!(shipped.variants[0].parameters.max_tokens, Some(512));
    let content = &shipped.cases[0].content;
    assert!(content.starts_with("Amazon Bedrock is") && content.matches('\n').count() == 1);
    assert_four(&shipped, TASK, &format!("\n\n{}", content.trim_end()));

    let with = |content: &str| Overrides { content: Some(content.into()), ..Overrides::default() };
    // What users write is not a template, is not escaped and keeps its own lines.
    let own = "One {{ task }} <b>&amp;</b>\n\n\nTwo {% if %}";
    assert_four(&config.plan(&with(own)).unwrap(), TASK, &format!("\n\n{own}"));
    for nothing in ["", "\n", "  \n "] {
        assert_four(&config.plan(&with(nothing)).unwrap(), TASK, "");
    }
    let mut table: toml::Table = BUILT_IN.parse().unwrap();
    table.remove("content");
    assert_four(&plan_of(&table.to_string(), &Overrides::default()).unwrap(), TASK, "");
    let task = Overrides { task: Some("Translate {{ content }}".into()), ..with("x") };
    assert_four(&config.plan(&task).unwrap(), "Translate {{ content }}", "\n\nx");
}

#[test]
fn the_built_in_configuration_is_the_shipped_file() {
    let built_in = config::parse(BUILT_IN_NAME, BUILT_IN, Path::new("")).unwrap();
    let shipped = config::read(Path::new("variants.toml")).unwrap();
    assert_eq!(built_in.plan(&Overrides::default()).unwrap(), shipped.plan(&Overrides::default()).unwrap());
    assert_eq!(built_in.variants().collect::<Vec<_>>(), ["detailed", "concise", "structured", "minimal"]);
}

#[test]
fn the_classification_example_is_balanced_and_labelled() {
    let plan = config::read(Path::new("examples/classification.toml")).unwrap().plan(&Overrides::default()).unwrap();
    let task = "Classify this text into one of these categories: Technology, Business, Health, Entertainment, or Other";
    assert_eq!(plan.models[0].id.as_str(), "meta.llama2-13b-chat-v1");
    assert!(plan.cases.len() >= 30);
    assert_eq!(plan.checks[0].kind, "expected");
    for label in ["Technology", "Business", "Health", "Entertainment", "Other"] {
        let labelled = plan.cases.iter().filter(|case| case.expect.as_deref() == Some(label)).count();
        assert_eq!(labelled, plan.cases.len() / 5, "{label}");
        // No text says its own label, so that an echo is no answer.
        assert!(plan.cases.iter().all(|case| !case.content.contains(label)), "{label}");
    }
    assert_four(&plan, task, &format!("\n\n{}", plan.cases[0].content));
}

#[test]
fn options_go_before_the_file() {
    let text = small("[bench]\ntrials = 5\nseed = 1\n[quota]\nrpm = 10\ntpm = 20");
    let overrides = Overrides {
        region: Some("eu-west-1".into()),
        fallback_region: Some("us-west-2".into()),
        models: vec!["c.d".into(), "a.b".into(), "c.d".into()],
        rpm: Some(LimitOverride::None),
        tpd: Some(LimitOverride::Value(1e6)),
        burndown: Some(3),
        seed: Some(9),
        trials: Some(1),
        warmup: Some(0),
        concurrency: Some(Concurrency::Fixed(4)),
        objective: Some("cost".into()),
        duration: Some(Duration::from_secs(90)),
        max_cost: Some(Some(2.0)),
        racing: Some(false),
        ..Overrides::default()
    };
    let plan = plan_of(&text, &overrides).unwrap();
    assert_eq!(plan.region, "eu-west-1");
    assert_eq!(plan.models.iter().map(|m| (m.id.as_str(), m.burndown)).collect::<Vec<_>>(), [("c.d", 3), ("a.b", 3)]);
    let tpd = Some(LimitOverride::Value(1e6));
    let quota = QuotaOverrides {
        rpm: Some(LimitOverride::None),
        tpm: Some(LimitOverride::Value(20.0)),
        tpd,
        burndown: Some(3),
    };
    assert_eq!(plan.quota, quota);
    assert_eq!((plan.seed, plan.trials, plan.warmup, plan.racing), (9, 1, 0, false));
    assert_eq!((plan.concurrency, plan.objective.name().as_str()), (Concurrency::Fixed(4), "cost"));
    assert_eq!((plan.duration, plan.max_cost_usd), (Some(Duration::from_secs(90)), Some(2.0)));
    let environment = Overrides { fallback_region: Some("us-west-2".into()), ..Overrides::default() };
    assert_eq!(plan_of(&text, &environment).unwrap().region, "us-west-2");
    let named = text.replace("[bedrock]", "[bedrock]\nregion = \"us-east-2\"");
    assert_eq!(plan_of(&named, &environment).unwrap().region, "us-east-2");
}

#[test]
fn options_bring_what_the_file_lacks() {
    let text = "[[variant]]\nname = \"one\"\nprompt = \"{{ task }}\"";
    let overrides = Overrides { task: Some("T".into()), models: vec!["a.b".into()], ..Overrides::default() };
    assert_eq!(requests(&plan_of(text, &overrides).unwrap())[0].turns[0].text, "T");
}

#[test]
fn variants_that_are_not_asked_for_stay_and_are_not_included() {
    let config = config::parse(BUILT_IN_NAME, BUILT_IN, Path::new("")).unwrap();
    let overrides = Overrides { variants: vec!["minimal".into(), "concise".into()], ..Overrides::default() };
    let plan = config.plan(&overrides).unwrap();
    assert_eq!(
        plan.variants_for(0).map(|index| plan.variants[index].name.as_str()).collect::<Vec<_>>(),
        ["concise", "minimal"]
    );
    assert_eq!(plan.variants.len(), 4);
}

#[test]
fn a_variant_for_other_models_only_is_left_out_and_the_gate_moves_along() {
    let text =
        small("models = [\"a.b\"]\n[[variant]]\nname = \"two\"\nprompt = \"p\"\n[gate]\nnot_worse_than = \"two\"");
    let other = Overrides { models: vec!["c.d".into()], ..Overrides::default() };
    let plan = plan_of(&text, &other).unwrap();
    assert_eq!(plan.variants.iter().map(|variant| variant.name.as_str()).collect::<Vec<_>>(), ["two"]);
    assert_eq!(plan.gate, Some(Gate::NotWorseThan { variant: 0, by: 0.05 }));
    let error = plan_of(&text.replace("not_worse_than = \"two\"", "not_worse_than = \"concise\""), &other).unwrap_err();
    assert!(error.contains("--model leaves out `concise`, which the gate compares with"), "{error}");
    let none = small("models = [\"a.b\"]");
    assert!(plan_of(&none, &other).unwrap_err().contains("no variant is for \"c.d\""));
}

#[test]
fn wrong_options_are_named() {
    let usual = Overrides::default;
    for (overrides, words) in [
        (
            Overrides { variants: vec!["concize".into()], ..usual() },
            "--variant concize: no such variant; did you mean concise?",
        ),
        (Overrides { variants: vec!["xyz".into()], ..usual() }, "--variant xyz: no such variant; there are concise"),
        (
            Overrides { models: vec![String::new()], ..usual() },
            "--model : expected a model id, an inference profile or an ARN",
        ),
        (
            Overrides { endpoint: Some("asw".into()), ..usual() },
            "--endpoint asw: expected \"simulator\", \"aws\" or a URL",
        ),
        (
            Overrides { region: Some("Ohio".into()), ..usual() },
            "--region Ohio: expected an AWS region such as \"us-east-1\"",
        ),
        (Overrides { objective: Some("thruput".into()), ..usual() }, "--objective thruput: expected \"throughput\", "),
        (Overrides { objective: Some("thruput".into()), ..usual() }, "; did you mean throughput?"),
        (Overrides { trials: Some(0), ..usual() }, "--trials 0: expected a whole number from 1 to 1,000,000"),
        (Overrides { burndown: Some(0), ..usual() }, "--burndown 0: expected a whole number from 1 to 1,000"),
        (
            Overrides { concurrency: Some(Concurrency::Fixed(0)), ..usual() },
            "--concurrency 0: expected a whole number from 1 to 10,000",
        ),
        (Overrides { rpm: Some(LimitOverride::Value(-1.0)), ..usual() }, "--rpm -1: expected a number above 0"),
        (Overrides { max_cost: Some(Some(f64::NAN)), ..usual() }, "--max-cost NaN: expected a number from 0"),
        (Overrides { task: Some(" ".into()), ..usual() }, "--task  : expected a text that is not empty"),
    ] {
        let error = plan_of(&small(""), &overrides).unwrap_err();
        assert!(error.starts_with("error: ") && error.contains(words), "{error}\nlacks: {words}");
    }
    let gated = small("[[variant]]\nname = \"two\"\nprompt = \"p\"\n[gate]\nnot_worse_than = \"two\"");
    let error = plan_of(&gated, &Overrides { variants: vec!["concise".into()], ..usual() }).unwrap_err();
    assert!(error.contains("add --variant two"), "{error}");
    let no_model = small("").replace("models = [\"a.b\"]", "");
    assert!(plan_of(&no_model, &usual()).unwrap_err().contains("there is no model to benchmark"));
}

#[test]
fn content_of_the_command_line_brings_no_other_variable() {
    let text = std::fs::read_to_string(data().join("every_key.toml")).unwrap();
    let error = plan_of(&text, &Overrides { content: Some("x".into()), ..Overrides::default() }).unwrap_err();
    assert!(error.contains("nothing supplies `language`"), "{error}");
}

proptest::proptest! {
    /// Whatever a file holds, it is taken or refused in words: spans of any finding can be shown.
    #[test]
    fn no_file_makes_it_panic(
        (text, at) in proptest::sample::select(vec!["schema.toml", "every_key.toml", "errors/missing_variable.toml"])
            .prop_map(|name| std::fs::read_to_string(data().join(name)).unwrap())
            .prop_flat_map(|text| { let length = text.chars().count(); (Just(text), 0..length) }),
        cut in 0_usize..40,
        put in "[\"'{}%#\\[\\]=.,\\\\\n\t\u{1b}\u{9b}é😀a-z0-9 ]{0,12}",
    ) {
        let mangled: String =
            text.chars().take(at).chain(put.chars()).chain(text.chars().skip(at + cut)).collect();
        let plan = config::parse("mangled.toml", &mangled, &data()).and_then(|config| config.plan(&Overrides::default()));
        if let Err(error) = plan {
            proptest::prop_assert!(error.render(true).contains("error"));
            proptest::prop_assert!(!error.to_string().contains(|c: char| c.is_control() && c != '\n'));
        }
    }

    /// The same for a file of cases.
    #[test]
    fn no_cases_file_makes_it_panic(lines in "([{}\\[\\]\":,a-z0-9é😀\u{1b}\\\\ \n\r\t]|\"id\": |\"content\": \"x\"){0,60}") {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("c.jsonl"), lines).unwrap();
        let text = small("").replace("task =", "cases = \"c.jsonl\"\ntask =");
        if let Err(error) = config::parse("test.toml", &text, folder.path()) {
            proptest::prop_assert!(!error.to_string().contains(|c: char| c.is_control() && c != '\n'));
        }
    }
}
