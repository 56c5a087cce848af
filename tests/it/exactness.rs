//! Bedrock exactly, from outside: application profiles, prompt caches, latency-optimised rows, configured prices.

use serde_json::Value;

use crate::journey::{Home, data};

fn json(home: &Home, arguments: &[&str]) -> Value {
    let output = home.run(&[arguments, &["--format", "json", "-o", "-"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

#[test]
fn an_application_profile_draws_on_what_it_wraps() {
    let home = Home::new();
    let listed = json(&home, &["models"]);
    let listed = listed["models"].as_array().unwrap().iter();
    let arns: Vec<&str> =
        listed.filter_map(|model| model["id"].as_str()).filter(|id| id.contains(":application-")).collect();
    assert_eq!(arns.len(), 2, "{arns:?}");
    for arn in arns {
        let quotas = json(&home, &["quotas", "--model", arn]);
        let model = &quotas["models"][0];
        let (base, scope) = (model["base_model"].as_str().unwrap(), model["scope"].as_str().unwrap());
        let plain = if scope == "on-demand" { base.to_owned() } else { format!("us.{base}") };
        let wrapped = json(&home, &["quotas", "--model", &plain]);
        for limit in ["rpm", "tpm", "tpd"] {
            assert_eq!(model["quota"][limit], wrapped["models"][0]["quota"][limit], "{arn} {limit}");
        }
        assert_eq!(model["burndown"], wrapped["models"][0]["burndown"]);
        for api in ["invoke", "converse-stream"] {
            let config = format!(
                "task = \"Summarize\"\ncontent = \"A text.\"\n[bedrock]\nmodels = [\"{arn}\"]\n\
                 [bench]\ntrials = 2\nwarmup = 0\n[[variant]]\nname = \"v\"\nsystem = \"S\"\nprompt = \"{{{{ task }}}}: {{{{ content }}}}\"\n"
            );
            std::fs::write(home.path("variants.toml"), config).unwrap();
            let report = json(&home, &["bench", "--api", api, "--scenario", &data("quick.toml"), "--no-record"]);
            let variant = &report["models"][0]["variants"][0];
            assert_eq!((&variant["ok"], &report["models"][0]["base_model"]), (&2.into(), &base.into()), "{arn} {api}");
        }
    }
}

#[test]
fn cached_and_cold_trials_are_told_apart() {
    let home = Home::new();
    let rules = "Be exact and never invent a figure. ".repeat(150);
    let variant = |name: &str, more: &str| {
        format!(
            "[[variant]]\nname = \"{name}\"\nsystem = \"{rules}\"\nprompt = \"{{{{ task }}}}: {{{{ content }}}}\"\n{more}\n"
        )
    };
    let config = format!(
        "task = \"Summarize\"\ncontent = \"A text.\"\n[bedrock]\nmodels = [\"us.anthropic.claude-sonnet-4-5-20250929-v1:0\"]\n\
         [bench]\ntrials = 6\nwarmup = 0\nconcurrency = 1\n{}{}",
        variant("cached", "cache_after = \"system\""),
        variant("plain", "")
    );
    std::fs::write(home.path("variants.toml"), config).unwrap();
    let report = json(&home, &["bench", "--scenario", &data("quick.toml"), "--no-record"]);
    let of = |at: usize| &report["models"][0]["variants"][at];
    let cache = &of(0)["cache"];
    assert_eq!((&cache["cached"]["trials"], &cache["cold"]["trials"]), (&5.into(), &1.into()), "{cache}");
    let settled = |value: &Value| value["quota_tokens"]["settled"].as_f64().unwrap();
    assert!(settled(&cache["cached"]) * 2.0 < settled(&cache["cold"]), "{cache}");
    let mean = (5.0 * settled(&cache["cached"]) + settled(&cache["cold"])) / 6.0;
    assert!((settled(of(0)) - mean).abs() < 1e-6, "quota tokens are of all six trials");
    let capacity = |at: usize| of(at)["capacity"]["requests_per_minute"].as_f64().unwrap();
    assert!(capacity(0) > 2.0 * capacity(1), "capacity is that of the cached trials");
    assert_eq!(of(1)["cache"], Value::Null);
    let warnings = report["run"]["warnings"].to_string();
    assert!(warnings.contains("of the 5 answers that read from the prompt cache"), "{warnings}");
}

#[test]
fn latency_optimised_plans_are_paced_by_their_own_rows() {
    let home = Home::new();
    let config = "task = \"Summarize\"\n[bedrock]\nmodels = [\"us.amazon.nova-pro-v1:0\"]\nlatency = \"optimized\"\n\
                  [[variant]]\nname = \"v\"\nprompt = \"{{ task }}\"\n";
    std::fs::write(home.path("variants.toml"), config).unwrap();
    let quotas = json(&home, &["quotas"]);
    let row = |limit: &str| quotas["models"][0]["quota"][limit]["name"].as_str().unwrap_or_default().to_lowercase();
    assert!(row("rpm").contains("latency-optimized") && row("tpm").contains("latency-optimized"), "{quotas}");
    let standard =
        json(&home, &["quotas", "--config", &data("../../variants.toml"), "--model", "us.amazon.nova-pro-v1:0"]);
    assert_ne!(standard["models"][0]["quota"]["rpm"], quotas["models"][0]["quota"]["rpm"]);
}

#[test]
fn a_model_without_a_price_is_priced_by_the_configuration() {
    let home = Home::new();
    let config = |price: &str| {
        let text = format!(
            "task = \"t\"\n[bedrock]\nmodels = [\"acme.rocket-1\"]\n[[variant]]\nname = \"v\"\nprompt = \"{{{{ task }}}}\"\n{price}"
        );
        std::fs::write(home.path("variants.toml"), text).unwrap();
        json(&home, &["check"])
    };
    let unknown = config("");
    assert_eq!(unknown["estimated"]["cost_usd"], Value::Null, "unknown is never zero");
    assert!(unknown["warnings"].to_string().contains("price is unknown"), "{unknown}");
    let priced = config("[[price]]\nmodel = \"acme.rocket-1\"\ninput = 1\noutput = 2\n");
    assert!(priced["estimated"]["cost_usd"].as_f64().unwrap() > 0.0);
    // On aws neither is sent without consent; with it, the unknown price alone is refused before anything is sent.
    let refused = home.run(&["check", "--endpoint", "aws", "--region", "us-east-1", "--model", "acme.rocket-2"]);
    let said = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(
        said.contains("will be refused: the price of acme.rocket-2 is unknown") && said.contains("[[price]]"),
        "{said}"
    );
}

#[test]
fn a_model_that_cannot_stream_is_called_without_a_stream() {
    let home = Home::new();
    let arguments = ["bench", "--model", "ai21.j2-mid-v1", "--trials", "2", "--warmup", "0", "--variant", "concise"];
    let report = json(&home, &arguments);
    let variant = &report["models"][0]["variants"][0];
    assert_eq!((&variant["ok"], &variant["latency_ms"]["ttft"]), (&2.into(), &Value::Null), "{variant}");
}

#[test]
fn of_two_daily_rows_the_smaller_holds_and_both_are_shown() {
    let quotas = json(&Home::new(), &["quotas", "--model", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"]);
    let model = &quotas["models"][0];
    assert_eq!(
        (&model["quota"]["tpd"]["code"], &model["other_tpd"]["code"]),
        (&"L-E3F10727".into(), &"L-381AD9EE".into())
    );
    assert!(model["quota"]["tpd"]["value"].as_f64() < model["other_tpd"]["value"].as_f64());
}
