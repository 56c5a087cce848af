//! `quotient init --from`: requests that exist already become configurations that send the same.

use std::io::Write as _;
use std::process::{Output, Stdio};

use proptest::prelude::*;
use quotient::bench::family::{FAMILIES, NativeFormat};
use quotient::bench::model::ModelId;
use quotient::bench::native::{Imported, body, converse_body, import};
use quotient::bench::plan::{Api, ModelPlan};
use quotient::bench::request::{CacheAfter, Parameters, Request, Role, Turn};
use quotient::bench::template::Templates;
use quotient::config::{self, Draft, Overrides};
use serde_json::{Value, json};

use crate::journey::Home;

/// A model of each family.
fn models() -> Vec<ModelPlan> {
    let id = |start: &str| if start.ends_with('.') { format!("{start}some-v1:0") } else { format!("{start}-v1:0") };
    FAMILIES.iter().map(|family| ModelPlan::of(ModelId::parse(&id(family.starts[0])))).collect()
}

/// What a configuration made of this body renders to.
fn rewritten(read: &Imported, model: &str) -> Request {
    let draft = Draft {
        from: "body.json",
        model,
        api: read.api,
        request: &read.request,
        notes: &read.notes,
        cases: "v-cases.jsonl",
    };
    let written = config::write(&draft).unwrap();
    let folder = tempfile::tempdir().unwrap();
    if let Some(cases) = &written.cases {
        std::fs::write(folder.path().join("v-cases.jsonl"), cases).unwrap();
    }
    let config = config::parse("v.toml", &written.toml, folder.path())
        .unwrap_or_else(|error| panic!("{error}\n{}", written.toml));
    let plan = config.plan(&Overrides::default()).unwrap();
    assert_eq!(plan.api, read.api);
    Templates::new(&plan).unwrap().render(0, &plan.cases[0]).unwrap()
}

fn natively(model: &ModelPlan, json: &Value) -> (Imported, Value) {
    let read = import(json, Some(model.id.as_str())).unwrap_or_else(|error| panic!("{}: {error}\n{json}", model.id));
    assert_eq!(read.api, Api::Invoke, "{}: {json}", model.id);
    let back = body(model.id.family().native, &rewritten(&read, model.id.as_str()), false);
    (read, back)
}

fn conversed(model: &ModelPlan, json: &Value) -> (Imported, Value) {
    let mut whole = json.clone();
    whole["modelId"] = model.id.as_str().into();
    let read = import(&whole, None).unwrap_or_else(|error| panic!("{}: {error}\n{json}", model.id));
    assert_eq!((read.api, read.model.as_deref()), (Api::Converse, Some(model.id.as_str())));
    let back = converse_body(model, &rewritten(&read, model.id.as_str()));
    (read, back)
}

fn full() -> Request {
    let turn = |role, text: &str| Turn { role, text: text.into() };
    Request {
        system: Some("You are brief.\n\nAnswer in \"JSON\": {\"a\": {{1}}}".into()),
        turns: vec![
            turn(Role::User, "What is 1 + 1?"),
            turn(Role::Assistant, "2"),
            turn(Role::User, "Summarize:\n\n<document>\nIt was \\ a \"\"\"dark\"\"\" night.\r\n\n{% x %}\n</document>"),
        ],
        parameters: Parameters {
            max_tokens: Some(700),
            temperature: Some(0.7),
            top_p: Some(0.95),
            stop: vec!["END".into(), "\n\n\"".into()],
            ..Parameters::default()
        },
        cache_after: None,
    }
}

#[test]
fn every_family_gets_back_the_body_that_was_read() {
    for model in models() {
        let format = model.id.family().native;
        for cache_after in [None, Some(CacheAfter::System), Some(CacheAfter::Messages)] {
            let mut request = Request { cache_after, ..full() };
            let extra = json!({ "own_field": [1, 2.5, { "a b": true }], "textGenerationConfig": {}, "top_k": 7 });
            request.parameters.extra = extra.as_object().cloned().unwrap();
            request.parameters.extra.shift_remove("textGenerationConfig");
            let json = body(format, &request, false);
            let (read, back) = natively(&model, &json);
            assert_eq!(back, json, "{}", model.id);
            assert_eq!(read.notes, Vec::<String>::new(), "{}", model.id);
            request.parameters.service_tier = Some("flex".into());
            request.parameters.latency = Some("optimized".into());
            let json = converse_body(&model, &request);
            let (read, back) = conversed(&model, &json);
            assert_eq!((&back, read.notes), (&json, vec![]), "{}", model.id);
        }
        let single = Request::user(None, "Just one line", Parameters { max_tokens: Some(9), ..Parameters::default() });
        let json = body(format, &single, false);
        assert_eq!(natively(&model, &json).1, json);
    }
}

/// What the families' templates are made of, and what templates, TOML and JSON trip over.
const PIECES: [&str; 38] = [
    "{{",
    "}}",
    "{",
    "}",
    "{%",
    "{#",
    "{{ x }}",
    "{x}",
    "${y}",
    "<NAME>",
    "{{ \"{{\" }}",
    "\"\"\"",
    "\"",
    "'''",
    "\\",
    "\r\n",
    "\n",
    "\n\n",
    "\t",
    " ",
    "\u{1b}[0m",
    "\u{7f}",
    "\u{85}",
    "\u{202e}",
    "\u{feff}",
    "😀",
    "word",
    "```",
    "<document>",
    "</document>",
    "[INST]",
    "[/INST]",
    "<|eot_id|>",
    "<|start_header_id|>user<|end_header_id|>\n\n",
    "\nUser: ",
    "\nBot:",
    "<｜User｜>",
    "a longer text: with a colon:\n\n",
];

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![3 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned), 1 => "\\PC{0,6}"];
    prop::collection::vec(piece, 1..12)
        .prop_map(|pieces| pieces.concat().trim_end().replace('\u{fdd0}', ""))
        .prop_filter("a turn says something", |text| !text.trim().is_empty())
}

fn requests() -> impl Strategy<Value = Request> {
    let turns = prop::collection::vec((hostile(), hostile()), 0..3);
    (prop::option::of(hostile()), turns, hostile(), prop::option::of(0_u8..=20)).prop_map(
        |(system, before, prompt, tenths)| {
            let turn = |role, text| Turn { role, text };
            let before = before.into_iter().flat_map(|(q, a)| [turn(Role::User, q), turn(Role::Assistant, a)]);
            let turns = before.chain([turn(Role::User, prompt)]).collect();
            let temperature = tenths.map(|tenths| f32::from(tenths) / 10.0);
            let parameters = Parameters { max_tokens: Some(77), temperature, ..Parameters::default() };
            Request { system, turns, parameters, cache_after: None }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_comes_back_byte_for_byte(request in requests(), pick in 0..FAMILIES.len()) {
        let model = &models()[pick];
        let json = converse_body(model, &request);
        prop_assert_eq!(conversed(model, &json).1, json);
        let json = body(model.id.family().native, &request, false);
        let chat = json.get("messages").is_some() || json.get("message").is_some();
        // Tokens of a template inside a text may make a prompt that nobody can read, or another split of the same.
        match import(&json, Some(model.id.as_str())) {
            Err(error) => prop_assert!(!chat && error.place == "prompt", "{error}"),
            Ok(read) if read.notes.is_empty() => prop_assert_eq!(natively(model, &json).1, json),
            Ok(read) => prop_assert!(!chat && read.notes[0].contains("white space"), "{:?}", read.notes),
        }
    }

    #[test]
    fn any_single_turn_comes_back_in_every_template(text in hostile(), pick in 0..FAMILIES.len()) {
        let model = &models()[pick];
        let request = Request::user(None, text, Parameters { max_tokens: Some(5), ..Parameters::default() });
        let json = body(model.id.family().native, &request, false);
        let (read, back) = natively(model, &json);
        prop_assert_eq!(back, json);
        prop_assert_eq!(read.notes, Vec::<String>::new());
    }
}

#[test]
fn shapes_are_told_apart() {
    let text = |prompt: &str| json!({ "prompt": prompt, "max_gen_len": 5 });
    for (json, format) in [
        (
            json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 5, "messages": [{ "role": "user", "content": "Hi" }] }),
            NativeFormat::Claude,
        ),
        (
            json!({ "system": "S", "max_tokens": 5, "messages": [{ "role": "user", "content": "Hi" }] }),
            NativeFormat::Claude,
        ),
        (
            json!({ "schemaVersion": "messages-v1", "messages": [{ "role": "user", "content": [{ "text": "Hi" }] }] }),
            NativeFormat::Nova,
        ),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "text": "Hi" }] }], "inferenceConfig": { "max_new_tokens": 5 } }),
            NativeFormat::Nova,
        ),
        (json!({ "inputText": "Hi" }), NativeFormat::TitanText),
        (json!({ "message": "Hi" }), NativeFormat::CohereCommandR),
        (
            json!({ "messages": [{ "role": "system", "content": "S" }, { "role": "user", "content": "Hi" }] }),
            NativeFormat::OpenAiChat,
        ),
        (
            json!({ "messages": [{ "role": "user", "content": "Hi" }], "max_completion_tokens": 5 }),
            NativeFormat::GptOss,
        ),
        (text("<s>[INST] Hi [/INST]"), NativeFormat::Llama2),
        (json!({ "prompt": "<s>[INST] Hi [/INST]", "max_tokens": 5 }), NativeFormat::MistralInstruct),
        (
            text(
                "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\nHi\n<|eot_id|>\n<|start_header_id|>assistant<|end_header_id|>\n",
            ),
            NativeFormat::Llama3,
        ),
        (
            text(
                "<|begin_of_text|><|header_start|>user<|header_end|>\n\nHi<|eot|><|header_start|>assistant<|header_end|>\n\n",
            ),
            NativeFormat::Llama4,
        ),
        (
            json!({ "prompt": "<｜begin▁of▁sentence｜><｜User｜>Hi<｜Assistant｜><think>\n", "max_tokens": 5 }),
            NativeFormat::DeepSeekR1,
        ),
        (json!({ "prompt": "Hi", "maxTokens": 5 }), NativeFormat::Jurassic),
        (json!({ "prompt": "Hi", "p": 0.5 }), NativeFormat::CohereCommand),
    ] {
        let read = import(&json, None).unwrap_or_else(|error| panic!("{error}: {json}"));
        assert_eq!((read.api, read.request.turns[0].text.as_str(), read.request.turns.len()), (Api::Invoke, "Hi", 1));
        let sent = body(format, &read.request, false);
        for key in json.as_object().unwrap().keys().filter(|key| *key != "inferenceConfig") {
            assert!(sent.get(key).is_some() || json[key] == sent["messages"][0], "{format:?} has no {key}: {sent}");
        }
    }
    for json in [json!({ "prompt": "Hi" }), json!({ "messages": [{ "role": "user", "content": "Hi" }] })] {
        assert!(import(&json, None).unwrap_err().to_string().contains("--model"), "{json}");
        for model in models().iter().filter(|model| {
            body(model.id.family().native, &full(), false).get("prompt").is_some() == json.get("prompt").is_some()
        }) {
            if ["titan", "command-r", "nova"].contains(&model.id.family().name) {
                continue;
            }
            assert_eq!(natively(model, &json).0.request.turns[0].text, "Hi");
        }
    }
}

#[test]
fn forms_of_the_same_are_read_alike() {
    let model = "openai.gpt-oss-120b-1:0";
    let beside = json!({ "modelId": "anthropic.claude-haiku-4", "system": "S", "max_tokens": 5,
        "messages": [{ "role": "user", "content": "Q" }] });
    let read = import(&beside, None).unwrap();
    assert_eq!((read.api, read.request.parameters.max_tokens), (Api::Invoke, Some(5)));
    let parts = json!({ "model": model, "stream": true, "stop": "END", "max_tokens": 9, "seed": 4, "user": null, "messages": [
        { "role": "developer", "content": [{ "type": "text", "text": "S" }] },
        { "role": "user", "content": [{ "type": "text", "text": "Q" }] },
    ] });
    let read = import(&parts, None).unwrap();
    assert_eq!((read.model.as_deref(), read.api), (Some(model), Api::InvokeStream));
    assert_eq!(read.request.system.as_deref(), Some("S"));
    assert_eq!((read.request.parameters.max_tokens, &read.request.parameters.stop), (Some(9), &vec!["END".to_owned()]));
    assert_eq!(Value::Object(read.request.parameters.extra.clone()), json!({ "seed": 4 }));
    assert_eq!(read.notes.len(), 2, "{:?}", read.notes);

    let claude = json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 5000, "temperature": 1, "top_k": 3,
        "thinking": { "type": "enabled", "budget_tokens": 1024 }, "system": [
            { "type": "text", "text": "S", "cache_control": { "type": "ephemeral" } }],
        "messages": [{ "role": "user", "content": "Q" }] });
    let inner = claude.to_string();
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &inner);
    let id = "us.anthropic.claude-sonnet-4-20250514-v1:0";
    for whole in [
        claude.clone(),
        json!({ "modelId": id, "body": inner }),
        json!({ "modelId": id, "body": claude, "contentType": "application/json" }),
        json!({ "modelId": id, "body": encoded }),
        json!({ "schemaType": "ModelInvocationLog", "operation": "InvokeModel", "modelId": id,
            "input": { "inputBodyJson": claude }, "output": {} }),
    ] {
        let read = import(&whole, Some(id)).unwrap();
        assert_eq!((read.api, read.request.cache_after), (Api::Invoke, Some(CacheAfter::System)));
        let sent = body(NativeFormat::Claude, &read.request, false);
        assert_eq!((&sent["top_k"], &sent["thinking"]), (&claude["top_k"], &claude["thinking"]));
        assert_eq!(read.request.parameters.temperature, Some(1.0));
        assert_eq!(Value::Object(read.request.parameters.extra), json!({ "top_k": 3, "thinking": claude["thinking"] }));
    }
}

#[test]
fn a_value_that_the_family_limits_or_that_is_finer_than_ours_is_carried_exactly() {
    let llama = ModelPlan::of(ModelId::parse("meta.llama3-8b-instruct-v1:0"));
    let mut json = body(NativeFormat::Llama3, &Request::user(None, "Hi", Parameters::default()), false);
    json["max_gen_len"] = 4_000.into();
    json["temperature"] = 0.123_456_789_012.into();
    assert_eq!(natively(&llama, &json).1, json);
}

#[test]
fn what_would_change_the_meaning_is_refused_with_its_place() {
    let with = |content: Value| json!({ "modelId": "m", "messages": [{ "role": "user", "content": content }] });
    let two = |more: Value| {
        let mut json = with(json!([{ "text": "Q" }]));
        json.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        json
    };
    let chat = |messages: Value| json!({ "messages": messages });
    for (json, place, word) in [
        (with(json!([{ "text": "Q" }, { "image": { "format": "png" } }])), "messages[0].content[1].image", "text"),
        (with(json!([{ "document": {} }])), "messages[0].content[0].document", "text"),
        (with(json!([{ "toolResult": {} }])), "messages[0].content[0].toolResult", "tools"),
        (with(json!([{ "type": "image", "source": {} }])), "messages[0].content[0]", "image"),
        (with(json!([{ "text": " " }])), "messages[0].content", "blank"),
        (with(json!([{ "text": "a\u{fdd0}" }])), "messages[0].content", "U+FDD0"),
        (with(json!(7)), "messages[0].content", "text"),
        (two(json!({ "toolConfig": { "tools": [] , "x": 1 } })), "toolConfig", "tools"),
        (two(json!({ "guardrailConfig": { "guardrailIdentifier": "g" } })), "guardrailConfig", "guardrails"),
        (two(json!({ "promptVariables": { "x": { "text": "y" } } })), "promptVariables", "Prompt management"),
        (two(json!({ "inferenceConfig": { "topK": 1 } })), "inferenceConfig.topK", "additionalModelRequestFields"),
        (two(json!({ "inferenceConfig": { "maxTokens": "many" } })), "inferenceConfig.maxTokens", "whole number"),
        (
            two(json!({ "additionalModelRequestFields": { "tools": [1] } })),
            "additionalModelRequestFields.tools",
            "tools",
        ),
        (two(json!({ "surprise": 1 })), "surprise", "nothing of the kind"),
        (
            chat(
                json!([{ "role": "system", "content": "S" }, { "role": "user", "content": "a" }, { "role": "user", "content": "b" }]),
            ),
            "messages[2].content",
            "out of turn",
        ),
        (
            chat(
                json!([{ "role": "system", "content": "S" }, { "role": "user", "content": "a" }, { "role": "assistant", "content": "b" }]),
            ),
            "messages[2].content",
            "begun",
        ),
        (
            chat(
                json!([{ "role": "user", "content": "a" }, { "role": "assistant", "tool_calls": [{}] }, { "role": "tool" }]),
            ),
            "messages[1].tool_calls",
            "tools",
        ),
        (json!({ "modelId": "m", "body": "{\"messages\"" }), "body", "not JSON"),
        (json!({ "modelId": "m", "guardrailIdentifier": "g", "body": {} }), "guardrailIdentifier", "guardrails"),
        (
            json!({ "modelId": "m", "body": { "message": "Q", "documents": [{}] } }),
            "body.documents",
            "cannot be carried",
        ),
        (json!({ "operation": "Converse", "input": { "inputBodyS3Path": "s3://b/k" } }), "input", "s3://b/k"),
        (json!({ "prompt": "[INST] a [/INST] b", "max_gen_len": 1 }), "prompt", "template"),
        (json!({ "question": "?" }), "", "expected a Converse body"),
        (json!([1]), "", "no JSON object"),
        (json!({ "model": 1, "message": "Q" }), "model", "text"),
    ] {
        let error = import(&json, None).expect_err(&json.to_string());
        assert_eq!(error.place, place, "{error}: {json}");
        assert!(error.message.contains(word), "{error}: {json}");
    }
}

#[test]
fn what_is_harmless_is_noted() {
    let json = json!({ "modelId": "anthropic.claude-haiku-4", "requestMetadata": { "a": "b" },
        "system": [{ "text": "S" }, { "cachePoint": { "type": "default", "ttl": "1h" } }],
        "messages": [{ "role": "user", "content": [{ "text": "A" }, { "cachePoint": { "type": "default" } }, { "text": "B " }] }] });
    let read = import(&json, Some("amazon.nova-lite-v1:0")).unwrap();
    assert_eq!(read.request.turns[0].text, "A\n\nB");
    assert_eq!(read.request.cache_after, Some(CacheAfter::System));
    let notes = read.notes.join("\n");
    for word in ["requestMetadata", "ttl", "2 blocks", "one cache point", "white space", "anthropic.claude-haiku-4"] {
        assert!(notes.contains(word), "{word} is not in {notes}");
    }
    // Another family's body becomes a Converse request, without what only that family knows.
    let json = json!({ "messages": [{ "role": "system", "content": "S" }, { "role": "user", "content": "Q" }], "seed": 1, "max_tokens": 3 });
    let read = import(&json, Some("anthropic.claude-haiku-4")).unwrap();
    assert_eq!((read.api, read.request.parameters.extra.len()), (Api::Converse, 0));
    assert_eq!(read.request.parameters.max_tokens, Some(3));
    assert!(read.notes.iter().any(|note| note.starts_with("`seed`")), "{:?}", read.notes);
    // So does a body whose model nobody can tell apart, with what is not said in Converse's own names.
    let profile = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
    let json = json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 3, "top_k": 4,
        "messages": [{ "role": "user", "content": "Q" }] });
    let read = import(&json, Some(profile)).unwrap();
    assert_eq!((read.api, Value::Object(read.request.parameters.extra)), (Api::Converse, json!({ "top_k": 4 })));
    let json = json!({ "schemaVersion": "messages-v1", "inferenceConfig": { "maxTokens": 3, "topK": 4 },
        "messages": [{ "role": "user", "content": [{ "text": "Q" }] }] });
    let read = import(&json, Some(profile)).unwrap();
    assert!(read.notes.iter().any(|note| note.contains("{\"topK\":4}")), "{:?}", read.notes);
}

/// The prompt's template and the variables of a request with this prompt.
fn marked(prompt: &str) -> (String, String) {
    let request = Request::user(None, prompt, Parameters::default());
    let draft =
        Draft { from: "b", model: "m", api: Api::Converse, request: &request, notes: &[], cases: "v-cases.jsonl" };
    let written = config::write(&draft).unwrap();
    let read = Imported { model: None, api: Api::Converse, request: request.clone(), notes: Vec::new() };
    assert_eq!(rewritten(&read, "m").turns, request.turns);
    let table: toml::Table = written.toml.parse().unwrap();
    let variables = written
        .cases
        .unwrap_or_else(|| table.get("content").and_then(toml::Value::as_str).unwrap_or_default().to_owned());
    (table["variant"][0]["prompt"].as_str().unwrap().to_owned(), variables)
}

#[test]
fn placeholders_and_the_input_are_marked() {
    for (prompt, template, value) in [
        ("Sum up {text}.", "Sum up {{ content }}.", "{text}"),
        ("Sum up {{ doc }} and {{ doc }}", "Sum up {{ content }} and {{ content }}", "{{ doc }}"),
        ("Sum up:\n<DOCUMENT>", "Sum up:\n{{ content }}", "<DOCUMENT>"),
        ("A ${a} b {b}", "A {{ a }} b {{ b }}", "{\"id\":\"1\",\"a\":\"${a}\",\"b\":\"{b}\"}\n"),
        ("{id} {If}", "{{ id_value }} {{ If_value }}", "{\"id\":\"1\",\"id_value\":\"{id}\",\"If_value\":\"{If}\"}\n"),
        ("Run <code>{x}; f({y})</code> on {z}", "Run <code>{x}; f({y})</code> on {{ content }}", "{z}"),
        ("{task}: {q}", "{{ task }}: {{ content }}", "{q}"),
        (
            "Tags:\n<rules>Be long and very strict here</rules>\n<document>\n It is.\n</document>",
            "Tags:\n<rules>Be long and very strict here</rules>\n<document>\n {{ content }}\n</document>",
            "It is.",
        ),
        ("Fix:\n```rust\nfn a() { {b} }\n```\nnow", "Fix:\n```rust\n{{ content }}\n```\nnow", "fn a() { {b} }"),
        ("Sum up \"\"\"this\"\"\" please", "Sum up \"\"\"{{ content }}\"\"\" please", "this"),
        ("Sum up the text:\n\nOne.\n\nTwo, longer.", "Sum up the text:\n\n{{ content }}", "One.\n\nTwo, longer."),
        (
            "Be brief.\n\nA long text, which is meant.\n\nThanks.",
            "Be brief.\n\n{{ content }}\n\nThanks.",
            "A long text, which is meant.",
        ),
        ("What is $\\frac{a}{b}$ in x^{n}?", "{{ content }}", "What is $\\frac{a}{b}$ in x^{n}?"),
        ("Say {{{ {x} {% raw %}", "Say {{ \"{{\" }}{ {{ content }} {{ \"{%\" }} raw %}", "{x}"),
        ("Say {{% {\u{22}{ ${x}", "Say {{ \"{{\" }}% {\"{ {{ content }}", "${x}"),
    ] {
        assert_eq!(marked(prompt), (template.to_owned(), value.to_owned()), "{prompt}");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn good(output: &Output) -> Value {
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

#[test]
fn from_a_file_to_the_same_request_through_the_program() {
    let home = Home::new();
    for (index, model) in models().iter().enumerate() {
        let id = model.id.as_str();
        let json = body(model.id.family().native, &full(), false);
        std::fs::write(home.path("body.json"), serde_json::to_vec_pretty(&json).unwrap()).unwrap();
        let file = format!("v{index}.toml");
        good(&home.run(&["init", "--from", "body.json", "--model", id, &file]));
        good(&home.run(&["check", "--config", &file]));
        let asked = ["prompt", "--config", &file, "--variant", "original", "--format"];
        assert_eq!(good(&home.run(&[&asked[..], &["native"]].concat())), json, "{id}");

        let mut json = converse_body(model, &full());
        json["modelId"] = id.into();
        std::fs::write(home.path("body.json"), json.to_string()).unwrap();
        good(&home.run(&["init", "--from", "body.json", &file, "--force"]));
        assert_eq!(good(&home.run(&[&asked[..], &["converse"]].concat())), json, "{id}");
    }
}

#[test]
fn placeholders_bring_a_cases_file_and_standard_input_is_read() {
    let home = Home::new();
    let json = json!({ "modelId": "amazon.nova-lite-v1:0", "messages": [
        { "role": "user", "content": [{ "text": "Compare {left} with {right}." }] }] });
    let mut child = home
        .quotient(&["init", "--from", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(json.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    for word in ["wrote variants.toml and variants-cases.jsonl", "`quotient check`", "{left} is {{ left }}"] {
        assert!(said.contains(word), "{word} is not in {said}");
    }
    good(&home.run(&["check"]));
    let prompt = home.run(&["prompt", "--variant", "original", "--format", "converse"]);
    assert_eq!(good(&prompt)["messages"], json["messages"]);
}

#[test]
fn errors_name_the_file_and_nothing_is_written_over() {
    let home = Home::new();
    let said = |name: &str, contents: &str, more: &[&str]| {
        std::fs::write(home.path(name), contents).unwrap();
        let output = home.run(&[&["init", "--from", name], more].concat());
        assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    let bad = said("bad.json", "{\n  \"messages\": [,]\n}", &[]);
    assert!(bad.contains("bad.json:2:16"), "{bad}");
    assert!(said("py.json", "{'messages': []}", &[]).contains("json.dumps"));
    assert!(
        said("plain.json", r#"{"messages":[{"role":"user","content":[{"text":"Q"}]}]}"#, &[]).contains("--model ID")
    );
    let image = r#"{"modelId":"m","messages":[{"role":"user","content":[{"image":{}}]}]}"#;
    assert!(said("image.json", image, &[]).contains("`messages[0].content[0].image`"));
    let hot = r#"{"inputText":"Q","textGenerationConfig":{"temperature":99}}"#;
    assert!(said("hot.json", hot, &["--model", "amazon.titan-text-lite-v1"]).contains("out of range"));
    let big = r#"{"modelId":"m","messages":[{"role":"user","content":[{"text":"Q"}]}],"additionalModelRequestFields":{"x":18446744073709551615}}"#;
    assert!(said("big.json", big, &[]).contains("18446744073709551615"));
    assert!(said("none.json", "", &[]).contains("none.json"));
    assert!(!home.path("variants.toml").exists(), "nothing was to be written");
    std::fs::write(home.path("variants.toml"), "mine").unwrap();
    let ok = r#"{"modelId":"m","messages":[{"role":"user","content":[{"text":"Q"}]}]}"#;
    assert!(said("ok.json", ok, &[]).contains("--force"));
    assert_eq!(std::fs::read_to_string(home.path("variants.toml")).unwrap(), "mine");
    let log = format!(
        "{}\n{}\n",
        json!({ "operation": "ConverseStream", "modelId": "amazon.nova-lite-v1:0",
        "input": { "inputBodyJson": { "messages": [{ "role": "user", "content": [{ "text": "Q" }] }] } } }),
        "{}"
    );
    std::fs::write(home.path("log.jsonl"), log).unwrap();
    let output = home.run(&["init", "--from", "log.jsonl", "--force"]);
    assert!(output.status.success() && text(&output.stderr).contains("1 more"), "{}", text(&output.stderr));
    assert!(std::fs::read_to_string(home.path("variants.toml")).unwrap().contains("\"converse-stream\""));
}
