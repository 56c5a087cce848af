//! Quota rows under attack: models and listings that no table of ours has seen get their own row or none.

use super::*;

type Find = fn(&ModelId, Scope, bool, &[QuotaRow]) -> Match;
const BOTH: [Find; 2] = [label::find, label::by_label];

/// Every base model that has a price, called plainly and by a geographic and a global profile.
fn priced() -> Vec<ModelId> {
    let id = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        ModelId::parse(row["model_id"].as_str().unwrap()).base().to_owned()
    };
    let mut bases: Vec<String> = include_str!("../../../src/bench/data/prices.jsonl").lines().map(id).collect();
    bases.sort();
    bases.dedup();
    let forms = |base: &String| ["", "us.", "global."].map(|prefix| ModelId::parse(&format!("{prefix}{base}")));
    bases.iter().flat_map(forms).collect()
}

fn name<'a>(found: &Found, rows: &'a [QuotaRow]) -> Option<&'a str> {
    found.row().map(|index| rows[index].name.as_str())
}

fn minute_rows<'a>(found: &Match, rows: &'a [QuotaRow]) -> [Option<&'a str>; 2] {
    [name(&found.rpm, rows), name(&found.tpm, rows)]
}

#[test]
fn every_priced_model_gets_its_own_rows_and_without_them_none() {
    let all = listing();
    let (mut matched, mut doubts, mut absent) = (0, 0, 0);
    for model in priced() {
        let [table, labels] = BOTH.map(|find| find(&model, model.scope(), false, &all));
        for (table, label) in [(&table.rpm, &labels.rpm), (&table.tpm, &labels.tpm)] {
            match label {
                Found::Row(_) => matched += 1,
                Found::Unsure(_) => doubts += 1,
                Found::NoSuchLimit => absent += 1,
            }
            let agree = name(label, &all) == name(table, &all);
            assert!(agree || matches!(label, Found::Unsure(_)), "{model}: {label:?} for {table:?}");
        }
        let own = minute_rows(&table, &all);
        if own == [None, None] {
            continue;
        }
        let rows: Vec<QuotaRow> = all.iter().filter(|row| !own.contains(&Some(&row.name))).cloned().collect();
        let found = label::find(&model, model.scope(), false, &rows);
        assert_eq!(minute_rows(&found, &rows), [None, None], "{model}");
    }
    // Each row that is found here was compared by hand with the labels that the service lists. The doubts: Mistral
    // Large and Small of 2402, Magistral, both Voxtral and Nemotron Nano 9B, whose names no rule derives.
    assert_eq!((matched, doubts, absent), (256, 12, 470));
}

/// Models that AWS might release, the label that it would give them, and models beside them that have no row.
const STRANGERS: [(&str, &str); 59] = [
    ("anthropic.claude-opus-5-5", "Anthropic Claude Opus 5.5"),
    ("anthropic.claude-opus-5-6", ""),
    ("anthropic.claude-opus-6-v1", "Anthropic Claude Opus 6 V1"),
    ("anthropic.claude-sonnet-5-1", "Anthropic Claude Sonnet 5.1"),
    ("anthropic.claude-sonnet-5-10", ""),
    ("anthropic.claude-sonnet-6-20270101-v1:0", "Anthropic Claude Sonnet 6 V1"),
    ("anthropic.claude-sonnet-6-20270601-v2:0", "Anthropic Claude Sonnet 6 V2"),
    ("anthropic.claude-haiku-5", "Claude Haiku 5"),
    ("anthropic.claude-haiku-5-5", ""),
    ("anthropic.claude-mythos-5-1", ""),
    ("anthropic.claude-sonnet-4-7", ""),
    ("amazon.nova-3-lite-v1:0", "Amazon Nova 3 Lite"),
    ("amazon.nova-3-pro-v1:0", ""),
    ("amazon.nova-2-pro-v1:0", ""),
    ("amazon.nova-lite-v2:0", ""),
    ("amazon.nova-premier-v2:0", ""),
    ("meta.llama5-70b-instruct-v1:0", "Meta Llama 5 70B Instruct"),
    ("meta.llama5-8b-instruct-v1:0", ""),
    ("meta.llama5-1-70b-instruct-v1:0", ""),
    ("meta.llama4-behemoth-288b-instruct-v1:0", "Meta Llama 4 Behemoth V1"),
    ("meta.llama3-1-70b-chat-v1:0", ""),
    ("qwen.qwen4-235b-a22b-v1:0", "Qwen4 235B A22B V1"),
    ("qwen.qwen4-32b-v1:0", "Qwen4 32B"),
    ("qwen.qwen4-14b-v1:0", ""),
    ("qwen.qwen4-coder-480b-a35b-v1:0", "Qwen4 Coder 480B a35b V1"),
    ("qwen.qwen4-coder-480b-a70b-v1:0", ""),
    ("qwen.qwen4-coder-30b-a3b-v1:0", ""),
    ("qwen.qwen4-vl-235b-a22b", ""),
    ("qwen.qwen3-5-32b-v1:0", ""),
    ("deepseek.v4", "DeepSeek V4"),
    ("deepseek.v4.1", ""),
    ("deepseek.v4-flash", ""),
    ("deepseek.v3.1", ""),
    ("deepseek.r2-v1:0", "DeepSeek R2 V1"),
    ("mistral.mistral-large-4-700b-instruct", "Mistral Large 4"),
    ("mistral.mistral-large-2411-v1:0", "Mistral AI Mistral Large 24.11"),
    ("mistral.mistral-medium-3-5", "Mistral AI Mistral Medium 3.5"),
    ("mistral.mistral-medium-3", ""),
    ("mistral.ministral-4-8b-instruct", "Ministral 8B 4.0"),
    ("mistral.ministral-4-3b-instruct", ""),
    ("mistral.devstral-3-123b", ""),
    ("openai.gpt-6-sol", "GPT-6 Sol"),
    ("openai.gpt-6-luna", ""),
    ("openai.gpt-6.1-sol", ""),
    ("openai.gpt-oss-2-120b-1:0", ""),
    ("openai.gpt-oss-240b-1:0", "OpenAI GPT OSS 240B"),
    ("xai.grok-5", "xAI Grok 5"),
    ("xai.grok-4.7", "Grok 4.7"),
    ("xai.grok-4-fast", ""),
    ("zai.glm-5.3", "Z.ai GLM 5.3"),
    ("zai.glm-5.3-flash", ""),
    ("moonshotai.kimi-k3", "Moonshot AI Kimi K3"),
    ("moonshotai.kimi-k3-thinking", ""),
    ("minimax.minimax-m3", "MiniMax M3"),
    ("cohere.command-a-v1:0", "Cohere Command A"),
    ("cohere.command-a-plus-v1:0", ""),
    ("google.gemma-4-27b-it", "Gemma 4 27B Instruct"),
    ("nvidia.nemotron-ultra-4-500b", "NVIDIA Nemotron 4 Ultra 500B A50B"),
    ("acme.rocket-7-2-90b-instruct-v1:0", "Acme Labs Rocket 7.2 90B"),
];

/// The titles of the three scopes, and what calls them.
const SCOPES: [(&str, &str); 3] = [
    ("", "On-demand model inference"),
    ("zz.", "Cross-Region model inference"),
    ("global.", "Global cross-region model inference"),
];

#[test]
fn models_of_tomorrow_get_their_own_rows_or_none() {
    let mut rows = listing();
    for (_, label) in STRANGERS.iter().filter(|(_, label)| !label.is_empty()) {
        for (_, title) in SCOPES {
            rows.extend(
                ["requests", "tokens"].map(|what| row(&format!("{title} {what} per minute for {label}"), None)),
            );
        }
    }
    for (base, label) in STRANGERS {
        for (prefix, title) in SCOPES {
            let model = ModelId::parse(&format!("{prefix}{base}"));
            let wanted = ["requests", "tokens"].map(|what| format!("{title} {what} per minute for {label}"));
            let found = label::find(&model, model.scope(), false, &rows);
            let found = minute_rows(&found, &rows).map(|name| name.map(str::to_owned));
            assert_eq!(found, wanted.map(|name| Some(name).filter(|_| !label.is_empty())), "{model}");
        }
    }
}

type Spell = fn(&QuotaRow) -> QuotaRow;

#[test]
fn a_listing_spelled_otherwise_is_the_same_listing() {
    let spelled: [(&str, Spell); 5] = [
        ("upper case", |row| QuotaRow { name: row.name.to_uppercase(), ..row.clone() }),
        ("Cross-Region", |row| QuotaRow { name: row.name.replace("ross-region", "ross-Region"), ..row.clone() }),
        ("spaces", |row| QuotaRow { name: format!(" {} ", row.name.replace(' ', "  ")), ..row.clone() }),
        ("no codes", |row| QuotaRow { code: None, ..row.clone() }),
        ("other codes", |row| QuotaRow { code: Some(format!("L-{:08X}", row.name.len())), ..row.clone() }),
    ];
    let found = |rows: &[QuotaRow]| {
        let of = |known: Known| {
            let model = ModelId::parse(&known.model);
            let found = label::by_label(&model, model.scope(), false, rows);
            (known.model, found.rpm.row(), found.tpm.row())
        };
        known().into_iter().map(of).collect::<Vec<_>>()
    };
    let plain = listing();
    let wanted = found(&plain);
    for (what, spell) in spelled {
        assert_eq!(found(&plain.iter().map(spell).collect::<Vec<_>>()), wanted, "{what}");
    }
}

#[test]
fn a_quota_listed_twice_is_one_and_what_is_applied_is_taken() {
    let name = "On-demand model inference tokens per minute for Amazon Nova Lite";
    let of = |name: &str, code: Option<&str>, source, value| QuotaRow { value, source, ..row(name, code) };
    let own = Some("L-70423BF8");
    let rows = [
        of(name, own, LimitSource::Default, 4e6),
        of(&name.to_uppercase(), None, LimitSource::Applied, 9.0),
        of(name, own, LimitSource::Applied, 0.0),
    ];
    let model = ModelId::parse("amazon.nova-lite-v1:0");
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let rows = order.map(|index| rows[index].clone());
        for find in BOTH {
            let row = find(&model, model.scope(), false, &rows).tpm.row().unwrap();
            assert_eq!((rows[row].value, rows[row].source), (0.0, LimitSource::Applied));
        }
    }
    // Two codes under one name are two quotas.
    let rows = [of(name, Some("L-1"), LimitSource::Applied, 1.0), of(name, Some("L-2"), LimitSource::Applied, 2.0)];
    assert_eq!(label::find(&model, model.scope(), false, &rows).tpm, Found::Unsure(vec![0, 1]));
}

#[test]
fn a_known_code_is_believed_unless_its_rows_name_denies_it() {
    let model = ModelId::parse("anthropic.claude-3-sonnet-20240229-v1:0");
    for (name, believed) in [
        ("On-demand model inference tokens per minute for Anthropic Claude 3 Sonnet", true),
        ("On-demand InvokeModel tokens per minute for Sonnet 3", true),
        ("Tokens each minute, Claude 3 Sonnet", true),
        ("On-demand model inference tokens per minute for Anthropic Claude 3 Haiku", false),
        ("On-demand model inference tokens per minute for Anthropic Claude Sonnet 4.6", false),
        ("On-demand model inference requests per minute for Anthropic Claude 3 Sonnet", false),
        ("Cross-region model inference tokens per minute for Anthropic Claude 3 Sonnet", false),
        ("On-demand latency-optimized model inference tokens per minute for Anthropic Claude 3 Sonnet", false),
    ] {
        let rows = [row(name, Some("L-4C35BB2A"))];
        assert_eq!(label::find(&model, model.scope(), false, &rows).tpm.row().is_some(), believed, "{name}");
    }
}

#[test]
fn rows_of_other_things_are_no_limits() {
    let label = "Amazon Nova Lite";
    for title in [
        "[bedrock-mantle endpoint] Input tokens per minute",
        "[bedrock-mantle endpoint] Output tokens per minute",
        "On-demand InvokeModel concurrent requests",
        "On-demand model inference requests per second",
        "Custom model on-demand inference tokens per minute",
        "On-demand priority model inference tokens per minute",
        "Provisioned model inference tokens per minute",
        "Batch inference tokens per day",
        "Records per batch inference job",
        "Model units per provisioned model",
        "Tokens per minute",
    ] {
        let rows = [row(&format!("{title} for {label}"), None)];
        for form in ["", "us.", "global."] {
            let model = ModelId::parse(&format!("{form}amazon.nova-lite-v1:0"));
            let found = label::find(&model, model.scope(), false, &rows);
            assert_eq!((found.rpm, found.tpm), (Found::NoSuchLimit, Found::NoSuchLimit), "{form} {title}");
        }
    }
}

#[test]
fn a_row_spelled_otherwise_beside_a_found_one_is_a_doubt_and_not_the_absence_of_a_limit() {
    let rpm = "On-demand model inference requests per minute for Acme Comet 2509";
    let names = [rpm, "On-demand model inference tokens per minute for Acme Comet 1.2"];
    assert_eq!(found("acme.comet-2509", false, &names), [rpm, "?", "-"]);
}

#[test]
fn words_that_may_be_left_out_may_not_be_others() {
    let names = ["On-demand model inference tokens per minute for Acme Comet Text"];
    assert_eq!(found("acme.comet-instruct-v1:0", false, &names)[1], "?");
    assert_eq!(found("acme.comet-text-v1:0", false, &names)[1], names[0]);
    assert_eq!(found("acme.comet-v1:0", false, &names)[1], names[0]);
}

#[test]
fn every_geography_is_cross_region_and_the_day_is_the_models_or_the_accounts() {
    let day = "Model invocation max tokens per day for Amazon Nova 2 Lite (doubled for cross-region calls)";
    let rows = [
        "Cross-region model inference tokens per minute for Amazon Nova 2 Lite",
        "On-demand model inference tokens per minute for Amazon Nova 2 Lite",
        "Global cross-region model inference tokens per minute for Amazon Nova 2 Lite",
        day,
        "Cross-Model Max Tokens Per Day",
    ];
    for geography in ["us", "us-gov", "eu", "apac", "jp", "au", "ca", "sa", "in", "emea", "zz"] {
        let [_, tpm, tpd] = found(&format!("{geography}.amazon.nova-2-lite-v1:0"), false, &rows);
        assert_eq!((tpm.as_str(), tpd.as_str()), (rows[0], day), "{geography}");
    }
    assert_eq!(found("amazon.nova-2-lite-v1:0", false, &rows), ["-", rows[1], day]);
    assert_eq!(found("global.amazon.nova-2-lite-v1:0", false, &rows), ["-", rows[2], rows[4]]);
    // The account's row under its code, its other name, and where it is all there is.
    for rows in [
        [row("Cross-Model Account-Level Tokens Per Day", None), row("noise", None)],
        [row("noise", None), row("Tokens a day of this account", Some("L-E3F10727"))],
    ] {
        let model = ModelId::parse("us.somebody.new-model-v1:0");
        assert!(label::find(&model, model.scope(), false, &rows).tpd.row().is_some());
    }
}
