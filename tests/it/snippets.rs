//! Snippets as their own languages read them: Python's parser, the shell, the compiler, a template engine; and as they
//! run, against the simulator.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use aws_sdk_bedrockruntime::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_sdk_bedrockruntime::primitives::Blob;
use aws_sdk_bedrockruntime::types::{ContentBlock, ConversationRole, Message};
use aws_smithy_types::body::SdkBody;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use quotient::bench::family::FAMILIES;
use quotient::bench::model::ModelId;
use quotient::cli::snippets::{python_text, shell_text};
use quotient::simulator::Simulator;
use quotient::simulator::scenario::Scenario;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::clients::{bare_python, python};
use crate::journey::{Home, data};

const HOSTILE: &str = "it's \"q\" \\ \n\r\t '''\"\"\" $HOME `id` $(id) {x} {{ y }} {% z %} {# w #} \u{1b}[0m \u{202e} é 漢 😀 \
                       \u{fdd1}0\u{fdd1} <&> \\u0041 #\u{0}\u{7f}{";
const TITAN: &str = "amazon.titan-text-express-v1";
const HAIKU: &str = "us.anthropic.claude-3-5-haiku-20241022-v1:0";

/// A variant of the configuration, for a model, and its variables in the order in which a snippet takes them.
struct Sort {
    name: &'static str,
    variant: &'static str,
    model: &'static str,
    variables: &'static [&'static str],
}

const SORTS: [Sort; 5] = [
    Sort { name: "everything", variant: "everything", model: HAIKU, variables: &["content", "lang"] },
    Sort {
        name: "names",
        variant: "names",
        model: HAIKU,
        variables: &[
            "Upper",
            "class",
            "class_",
            "client",
            "content",
            "def",
            "fn",
            "foreach",
            "label",
            "reduce",
            "self",
            "type",
            "variable0_",
        ],
    },
    Sort { name: "titan", variant: "plain", model: TITAN, variables: &["content"] },
    Sort { name: "optimized", variant: "plain", model: HAIKU, variables: &["content"] },
    Sort { name: "fixed", variant: "fixed", model: HAIKU, variables: &[] },
];

/// Rust snippets as the program writes them, compiled; `BLESS=1` rewrites them.
#[allow(unused, unreachable_pub, clippy::all, clippy::pedantic)]
mod golden {
    pub(super) mod everything {
        include!("../data/snippets/everything.rs");
    }
    pub(super) mod names {
        include!("../data/snippets/names.rs");
    }
    pub(super) mod titan {
        include!("../data/snippets/titan.rs");
    }
    pub(super) mod optimized {
        include!("../data/snippets/optimized.rs");
    }
    pub(super) mod fixed {
        include!("../data/snippets/fixed.rs");
    }
}

/// What a variable holds: something else for each, and nothing harmless.
fn said(variable: &str) -> String {
    // The arguments of a program hold no NUL.
    format!("{variable}: {}", HOSTILE.replace('\u{0}', ""))
}

/// A folder with the configuration and one case.
fn home(sort: &Sort, value: fn(&str) -> String) -> Home {
    let home = Home::new();
    let mut config = std::fs::read_to_string(data("snippets/variants.toml")).unwrap();
    if sort.name == "optimized" {
        config = config.replace("[bedrock]", "[bedrock]\nlatency = \"optimized\"");
    }
    std::fs::write(home.path("variants.toml"), config).unwrap();
    let all = SORTS.iter().flat_map(|sort| sort.variables).map(|name| ((*name).to_owned(), value(name).into()));
    let mut case: serde_json::Map<String, Value> = all.collect();
    case.extend([("id".into(), "one".into()), ("tone".into(), "formal".into()), ("count".into(), 3.into())]);
    std::fs::write(home.path("cases.jsonl"), format!("{}\n", Value::Object(case))).unwrap();
    home
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn prompt(home: &Home, arguments: &[&str]) -> String {
    let output = home.run(&[&["prompt"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

impl Sort {
    fn prompt(&self, value: fn(&str) -> String, form: &str) -> String {
        prompt(&home(self, value), &["--variant", self.variant, "--model", self.model, "--format", form])
    }

    /// The snippet, which no value of the case may change.
    fn snippet(&self, form: &str) -> String {
        let snippet = self.prompt(|name| format!("a {name}"), form);
        assert_eq!(snippet, self.prompt(said, form), "{}", self.name);
        snippet
    }

    /// What a call has to send: the Converse form of the case whose values the call is given.
    fn wanted(&self) -> Value {
        let mut body: Value = serde_json::from_str(&self.prompt(said, "converse")).unwrap();
        assert_eq!(body.as_object_mut().unwrap().shift_remove("modelId"), Some(self.model.into()));
        body
    }

    fn values(&self) -> Vec<String> {
        self.variables.iter().map(|name| said(name)).collect()
    }
}

/// A simulator on a port that remembers what it was sent.
struct Tap {
    url: String,
    seen: Arc<Mutex<Vec<(String, Value)>>>,
    runtime: Runtime,
}

impl Tap {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&seen);
        let remember = move |request: Request, next: Next| {
            let seen = Arc::clone(&shared);
            async move {
                let (parts, body) = request.into_parts();
                let bytes = to_bytes(body, usize::MAX).await.unwrap();
                let body = serde_json::from_slice(&bytes).unwrap_or_default();
                seen.lock().unwrap().push((parts.uri.path().to_owned(), body));
                next.run(Request::from_parts(parts, Body::from(bytes))).await
            }
        };
        runtime.spawn(async move {
            let scenario = Scenario::parse(&std::fs::read_to_string(data("quick.toml")).unwrap()).unwrap();
            let router = Simulator::new(scenario, 7).router().layer(from_fn(remember));
            axum::serve(listener, router).await.unwrap();
        });
        Self { url, seen, runtime }
    }

    /// The one call that came since the last look.
    fn take(&self) -> (String, Value) {
        let mut calls = std::mem::take(&mut *self.seen.lock().unwrap());
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }

    fn saw(&self, sort: &Sort) {
        let (path, body) = self.take();
        assert_eq!(path, format!("/model/{}/converse", sort.model.replace(':', "%3A")), "{}", sort.name);
        assert_eq!(body, sort.wanted(), "{}", sort.name);
    }

    /// A program that reaches this simulator and nothing else of AWS.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let upper = name.to_string_lossy().to_uppercase();
            if upper.starts_with("AWS_") || upper.ends_with("_PROXY") {
                command.env_remove(name);
            }
        }
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", "placeholder")
            .env("AWS_SECRET_ACCESS_KEY", "placeholder")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("PYTHONUTF8", "1")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }
}

fn run(command: &mut Command, input: &str) -> Output {
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn fed(program: &str, arguments: &[&str], input: &str) -> Vec<u8> {
    let mut command = Command::new(program);
    command.args(arguments).env("PYTHONUTF8", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
    let output = run(&mut command, input);
    assert!(output.status.success(), "{program} refused it");
    output.stdout
}

/// The answer that a snippet printed.
fn answered(output: &Output, sort: &Sort) {
    assert!(output.status.success(), "{}: {}", sort.name, text(&output.stderr));
    let reply: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(reply["output"]["message"]["content"][0]["text"].as_str().is_some_and(|text| !text.is_empty()), "{reply}");
}

/// Text of every kind, and one with all that languages trip over.
fn texts() -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let strategy = "[\\PC\\n\\t'\"\\\\$`{}%\u{1b}]{0,40}";
    let mut texts: Vec<String> = (0..300).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    texts.push(HOSTILE.into());
    texts
}

#[test]
fn python_reads_every_text_as_it_was() {
    let Some(python) = bare_python("python_reads_every_text_as_it_was") else { return };
    let texts = texts();
    let literals: Vec<String> = texts.iter().map(|text| python_text(text)).collect();
    let script = "import ast,json,sys; print(json.dumps([ast.literal_eval(t) for t in json.load(sys.stdin)]))";
    let read = fed(&python, &["-c", script], &serde_json::to_string(&literals).unwrap());
    assert_eq!(serde_json::from_slice::<Vec<String>>(&read).unwrap(), texts);
}

#[test]
fn the_shell_reads_every_text_as_it_was() {
    let texts: Vec<String> = texts().into_iter().map(|text| text.replace('\u{0}', "")).collect();
    let words: Vec<String> = texts.iter().map(|text| shell_text(text)).collect();
    let script = format!("printf '%s\\0' {}\n", words.join(" "));
    let read = String::from_utf8(fed("sh", &["-s"], &script)).unwrap();
    assert_eq!(read.split_terminator('\0').collect::<Vec<_>>(), texts);
}

#[test]
fn the_boto3_snippets_send_what_the_converse_form_says() {
    let Some(python) = python("the_boto3_snippets_send_what_the_converse_form_says") else { return };
    let tap = Tap::new();
    for sort in &SORTS {
        let code = sort.snippet("boto3");
        let script = "import json,sys\ncode, values = json.load(sys.stdin)\nscope = {}\n\
                      exec(compile(code, 'snippet', 'exec'), scope)\nprint(json.dumps(scope['ask'](*values)))";
        let input = json!([code, sort.values()]).to_string();
        answered(&run(tap.command(&python).args(["-c", script]), &input), sort);
        tap.saw(sort);
        assert!(code.contains("\"total_max_attempts\": 1"));
    }
}

/// The same without AWS's packages: what `boto3` is called with.
#[test]
fn the_boto3_snippets_call_converse_with_what_the_converse_form_says() {
    let Some(python) = bare_python("the_boto3_snippets_call_converse_with_what_the_converse_form_says") else { return };
    let fake = "import sys,types,json\n\
        boto3=types.ModuleType('boto3'); core=types.ModuleType('botocore'); config=types.ModuleType('botocore.config')\n\
        class Client:\n    def converse(self, **given): return given\n\
        boto3.client=lambda *a, **k: Client()\nconfig.Config=lambda **k: k\n\
        sys.modules.update({'boto3':boto3,'botocore':core,'botocore.config':config})\n\
        code, values = json.load(sys.stdin)\nscope = {}\nexec(code, scope)\nprint(json.dumps(scope['ask'](*values)))\n";
    for sort in &SORTS {
        let input = json!([sort.snippet("boto3"), sort.values()]).to_string();
        let sent: Value = serde_json::from_slice(&fed(&python, &["-c", fake], &input)).unwrap();
        let mut wanted = sort.wanted();
        wanted["modelId"] = sort.model.into();
        assert_eq!(sent, wanted);
    }
}

#[test]
fn the_command_lines_send_what_the_converse_form_says() {
    let Some(python) = python("the_command_lines_send_what_the_converse_form_says") else { return };
    let (tap, folder) = (Tap::new(), tempfile::tempdir().unwrap());
    let aws = folder.path().join("aws");
    std::fs::write(&aws, format!("#!/bin/sh\nexec {} -m awscli --output json \"$@\"\n", shell_text(&python))).unwrap();
    std::fs::set_permissions(&aws, PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    for sort in &SORTS {
        let mut script = sort.snippet("aws-cli");
        if !sort.variables.is_empty() {
            script += "ask \"$@\"\n";
        }
        let mut command = tap.command("bash");
        command.env("PATH", &path).args(["-euc", &script, "snippet"]).args(sort.values());
        answered(&run(&mut command, ""), sort);
        tap.saw(sort);
    }
}

/// The Rust snippets build their client from the environment, which a process must not change for itself: the test runs
/// itself again, and there asks with each.
#[test]
fn the_rust_snippets_send_what_the_converse_form_says() {
    const AGAIN: &str = "QUOTIENT_TEST_SNIPPET";
    if let Ok(name) = std::env::var(AGAIN) {
        return ask_in_rust(&name);
    }
    for sort in &SORTS {
        let (golden, code) = (data(&format!("snippets/{}.rs", sort.name)), sort.snippet("rust"));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&golden, &code).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&golden).unwrap(), code, "{golden}: BLESS=1 rewrites it");
    }
    // What was just written is not what was compiled.
    if std::env::var_os("BLESS").is_some() {
        return;
    }
    let tap = Tap::new();
    for sort in &SORTS {
        let test = "snippets::the_rust_snippets_send_what_the_converse_form_says";
        let mut again = tap.command(std::env::current_exe().unwrap().to_str().unwrap());
        again.env(AGAIN, sort.name).args(["--exact", test, "--nocapture"]);
        let output = run(&mut again, "");
        assert!(output.status.success(), "{}: {}{}", sort.name, text(&output.stdout), text(&output.stderr));
        tap.saw(sort);
    }
}

fn ask_in_rust(name: &str) {
    let sort = SORTS.iter().find(|sort| sort.name == name).unwrap();
    let values = sort.values();
    let v: Vec<&str> = values.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let reply = runtime.block_on(async {
        match name {
            "everything" => golden::everything::ask(&golden::everything::client().await, v[0], v[1]).await,
            "names" => {
                let client = golden::names::client().await;
                golden::names::ask(
                    &client, v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], v[11], v[12],
                )
                .await
            }
            "titan" => golden::titan::ask(&golden::titan::client().await, v[0]).await,
            "optimized" => golden::optimized::ask(&golden::optimized::client().await, v[0]).await,
            _ => golden::fixed::ask(&golden::fixed::client().await).await,
        }
    });
    let reply = reply.unwrap();
    let message = reply.output().unwrap().as_message().unwrap();
    assert!(!message.content()[0].as_text().unwrap().is_empty());
}

#[test]
fn the_templates_yield_what_the_converse_form_says() {
    for sort in &SORTS {
        let template = sort.snippet("template");
        let values: BTreeMap<&str, String> = sort.variables.iter().map(|name| (*name, said(name))).collect();
        let environment = minijinja::Environment::new();
        // By its name an engine may take it for JSON, and escape values itself.
        for name in ["template", "template.json", "template.html"] {
            let rendered = environment.render_named_str(name, &template, values.clone()).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&rendered).unwrap(), sort.wanted(), "{}: {rendered}", sort.name);
        }
    }
}

#[test]
fn what_a_template_works_on_is_no_parameter() {
    let sort = Sort { name: "worked", variant: "worked", model: HAIKU, variables: &["id"] };
    let code = sort.prompt(|name| format!("a {name}"), "boto3");
    assert!(code.contains("def ask(id):") && code.contains("(\"9 A LANG Sir 3 \" + id)"), "{code}");
    for name in ["content", "lang", "tone", "count"] {
        assert!(code.contains(&format!("# {name} stands as in the first case")), "{code}");
    }
}

#[test]
fn variables_stay_variables_and_nothing_is_said_to_fit_unmeasured() {
    let home = Home::new();
    let form = |name| prompt(&home, &["--variant", "concise", "--format", name]);
    for (name, parts) in [
        ("boto3", ["# Nothing was measured", "def ask(content):", "\\n\\n\" + content)"]),
        ("rust", ["// Nothing was measured", "content: &str", "\\n\\n\", content].concat()"]),
        ("template", ["{# Nothing was measured", "{{ (content | tojson)", "\"maxTokens\": 512"]),
        ("aws-cli", ["# Nothing was measured", "jq -n --arg content \"${1}\"", "+ $content)"]),
    ] {
        let code = form(name);
        for part in parts {
            assert!(code.contains(part), "{part} is not in {code}");
        }
        assert!(!code.contains("requests a minute"), "{code}");
    }
    fed("sh", &["-n"], &form("aws-cli"));
}

#[test]
fn what_was_measured_stands_in_the_comments() {
    let home = Home::new();
    let output = home.run(&["bench", "--scenario", &data("quick.toml"), "--trials", "6", "--seed", "3"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for (form, sign) in [("boto3", "# "), ("rust", "// "), ("aws-cli", "# "), ("template", "{# ")] {
        let code = prompt(&home, &["--run", "latest", "--format", form]);
        let fits = code.lines().find(|line| line.starts_with(&format!("{sign}Fits into 90 % of the quota: "))).unwrap();
        assert!(fits.contains(" requests a minute, at a concurrency of "), "{fits}");
        assert!(code.contains(&format!("{sign}SIMULATED")), "{code}");
    }
}

/// A model of each row of `FAMILIES`, as this account may call it.
const MODELS: [&str; 24] = [
    "anthropic.claude-3-haiku-20240307-v1:0",
    "anthropic.claude-3-sonnet-20240229-v1:0",
    "meta.llama2-13b-chat-v1",
    "meta.llama3-1-8b-instruct-v1:0",
    "us.meta.llama4-scout-17b-instruct-v1:0",
    TITAN,
    "amazon.nova-lite-v1:0",
    "cohere.command-text-v14",
    "cohere.command-r-v1:0",
    "ai21.j2-mid-v1",
    "ai21.jamba-1-5-mini-v1:0",
    "mistral.mistral-7b-instruct-v0:2",
    "mistral.mistral-large-2402-v1:0",
    "mistral.mistral-large-2407-v1:0",
    "us.deepseek.r1-v1:0",
    "deepseek.v3-v1:0",
    "openai.gpt-oss-120b-1:0",
    "qwen.qwen3-32b-v1:0",
    "us.writer.palmyra-x5-v1:0",
    "minimax.minimax-m2",
    "zai.glm-4.7",
    "moonshot.kimi-k2-thinking",
    "nvidia.nemotron-nano-9b-v2",
    "google.gemma-3-4b-it",
];

#[test]
fn every_family_prints_what_the_simulator_accepts() {
    let row = |model: &str| {
        let model = ModelId::parse(model);
        FAMILIES.iter().position(|row| row.starts.iter().any(|start| model.base().starts_with(start)))
    };
    let rows: Vec<usize> = MODELS.iter().map(|model| row(model).unwrap()).collect();
    assert_eq!(rows, (0..FAMILIES.len()).collect::<Vec<_>>(), "a model of each row, in order");
    let (tap, home) = (Tap::new(), Home::new());
    let config = aws_sdk_bedrockruntime::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&tap.url)
        .credentials_provider(Credentials::from_keys("placeholder", "placeholder", None))
        .retry_config(RetryConfig::disabled())
        .build();
    let client = aws_sdk_bedrockruntime::Client::from_conf(config);
    for model in MODELS {
        let form = |name| prompt(&home, &["--variant", "concise", "--model", model, "--format", name]);
        let said = form("text");
        assert!(said.contains("Summarize") && said.contains("Bedrock"), "{model}: {said}");

        let native = form("native");
        let call = client.invoke_model().model_id(model).body(Blob::new(native.as_bytes()));
        let reply = tap.runtime.block_on(call.send());
        let reply = reply.unwrap_or_else(|error| panic!("{model}: {:?}\n{native}", error.into_service_error()));
        assert!(serde_json::from_slice::<Value>(reply.body().as_ref()).unwrap().is_object(), "{model}");
        assert_eq!(tap.take().1, serde_json::from_str::<Value>(&native).unwrap(), "{model}");

        let mut converse: Value = serde_json::from_str(&form("converse")).unwrap();
        assert_eq!(converse.as_object_mut().unwrap().shift_remove("modelId"), Some(model.into()));
        let body = converse.to_string();
        // The SDK writes its own body and signs what then takes its place.
        let filler = Message::builder().role(ConversationRole::User).content(ContentBlock::Text("-".into()));
        let call = client.converse().model_id(model).messages(filler.build().unwrap()).customize();
        let call = call.mutate_request(move |request| {
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = SdkBody::from(body.as_str());
        });
        let reply = tap.runtime.block_on(call.send());
        let reply = reply.unwrap_or_else(|error| panic!("{model}: {:?}\n{converse}", error.into_service_error()));
        assert!(reply.usage().unwrap().output_tokens() > 0, "{model}");
        assert_eq!(tap.take().1, converse, "{model}");
    }
}

#[test]
fn the_goldens_are_all_there_is() {
    let folder = data("snippets");
    let found = std::fs::read_dir(Path::new(&folder)).unwrap().map(|entry| entry.unwrap().file_name());
    let mut found: Vec<String> = found.map(|name| name.into_string().unwrap()).collect();
    found.retain(|name| Path::new(name).extension().is_some_and(|extension| extension == "rs"));
    found.sort();
    let mut wanted: Vec<String> = SORTS.iter().map(|sort| format!("{}.rs", sort.name)).collect();
    wanted.sort();
    assert_eq!(found, wanted);
}
