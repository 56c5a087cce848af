//! Journeys of the program from outside: the real binary, the real SDK, a real socket.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// A folder of its own for a journey: no configuration, no credentials, no past runs.
pub(crate) struct Home {
    pub(crate) dir: tempfile::TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The program in this folder, with an environment that reaches neither AWS nor the user's files.
    pub(crate) fn quotient(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quotient"));
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.dir.path())
            .env("XDG_DATA_HOME", self.path("data"))
            .env("XDG_CACHE_HOME", self.path("cache"))
            .env("HTTP_PROXY", "http://127.0.0.1:9")
            .env("TERM", "xterm-256color");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.quotient(arguments).stdin(Stdio::null()).output().unwrap()
    }

    pub(crate) fn journal(&self) -> PathBuf {
        let mut found: Vec<PathBuf> =
            std::fs::read_dir(self.path("data/quotient/runs")).unwrap().map(|entry| entry.unwrap().path()).collect();
        found.sort();
        found.pop().expect("a journal")
    }
}

pub(crate) fn data(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name).display().to_string()
}

pub(crate) fn top(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name).display().to_string()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn ok(output: &Output) -> String {
    assert!(output.status.success(), "{}\n{}\n{}", output.status, text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn a_headless_benchmark_of_the_built_in_example_ends_with_a_whole_report() {
    let home = Home::new();
    let quick = data("quick.toml");
    let output = home.run(&["bench", "--scenario", &quick, "--trials", "10", "-o", "out"]);
    let stdout = ok(&output);
    assert!(stdout.contains("SIMULATED"), "{stdout}");
    for name in [
        "report.json",
        "report.csv",
        "report.md",
        "report.html",
        "tokens.svg",
        "tokens-dark.svg",
        "throughput.svg",
        "performance.svg",
        "capacity.svg",
    ] {
        assert!(home.path("out").join(name).is_file(), "{name} is missing");
        assert!(stdout.contains(name), "no line says that {name} was written: {stdout}");
    }
    let report: Value = serde_json::from_str(&std::fs::read_to_string(home.path("out/report.json")).unwrap()).unwrap();
    assert_eq!((&report["schema"], &report["run"]["simulated"]), (&1.into(), &true.into()));
    assert_eq!(report["run"]["ended"], "complete");
    let model = &report["models"][0];
    assert_eq!(model["quota"]["rpm"]["code"], "L-F406804E");
    assert_eq!(model["quota"]["tpm"]["code"], "L-4C35BB2A");
    for variant in model["variants"].as_array().unwrap() {
        assert_eq!((&variant["ok"], &variant["failed"]), (&10.into(), &0.into()), "{variant}");
        assert!(variant["theoretical_rpm"].as_f64().unwrap() > 0.0);
        assert_eq!(variant["tokens"]["source"], "reported");
    }
    for objective in ["throughput", "efficiency", "speed", "latency", "cost", "auto"] {
        assert!(model["verdicts"][objective]["leader"].is_string(), "{objective}");
    }
}

#[test]
fn standard_output_belongs_to_json_alone() {
    let home = Home::new();
    let quick = data("quick.toml");
    let output =
        home.run(&["bench", "--scenario", &quick, "--trials", "1", "--warmup", "0", "--format", "json", "-o", "-"]);
    let report: Value = serde_json::from_str(&ok(&output)).expect("nothing but JSON on standard output");
    assert_eq!(report["models"][0]["variants"][0]["trials"], 1);
    // The same from the journal.
    let shown = ok(&home.run(&["show", "latest", "--format", "json", "-o", "-"]));
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown, report);
}

#[test]
fn the_labelled_example_runs_and_its_labels_are_checked() {
    let home = Home::new();
    let (quick, config) = (data("quick.toml"), top("examples/classification.toml"));
    let output = home.run(&[
        "bench",
        "--config",
        &config,
        "--scenario",
        &quick,
        "--trials",
        "12",
        "--format",
        "json",
        "-o",
        "-",
    ]);
    let report: Value = serde_json::from_str(&ok(&output)).unwrap();
    let rates: Vec<f64> = report["models"][0]["variants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["accepted"]["rate"].as_f64().unwrap())
        .collect();
    assert!(rates.iter().any(|rate| *rate > 0.5), "{rates:?}");
    assert!(report["models"][0]["verdicts"]["throughput"]["leader"].is_string());
}

#[test]
fn the_same_seed_gives_the_same_order_and_the_same_replies() {
    let quick = data("quick.toml");
    let texts = |seed: &str| {
        let home = Home::new();
        let config =
            std::fs::read_to_string(top("variants.toml")).unwrap().replace("[bench]", "[bench]\nkeep = \"all\"");
        std::fs::write(home.path("variants.toml"), config).unwrap();
        ok(&home.run(&["bench", "--scenario", &quick, "--trials", "4", "--seed", seed]));
        let mut order = Vec::new();
        let mut replies = std::collections::BTreeMap::new();
        for line in std::fs::read_to_string(home.journal()).unwrap().lines() {
            let entry: Value = serde_json::from_str(line).unwrap();
            let trial = if entry["event"] == "trial_finished" { &entry["sample"]["trial"] } else { &entry["trial"] };
            match entry["event"].as_str().unwrap() {
                "invocation_started" => order.push((trial["id"].as_u64().unwrap(), trial["variant"].as_u64().unwrap())),
                "trial_finished" => {
                    let key = (trial["variant"].as_u64().unwrap(), trial["case"].as_u64().unwrap());
                    let texts: &mut Vec<String> = replies.entry(key).or_default();
                    texts.push(entry["sample"]["outcome"]["text"].to_string());
                }
                _ => {}
            }
        }
        order.sort_unstable();
        for texts in replies.values_mut() {
            texts.sort();
        }
        (order, replies)
    };
    let first = texts("11");
    assert_eq!(first, texts("11"));
    assert_ne!(first.0, texts("12").0, "another seed, another order");
}

#[test]
fn kill_9_in_the_middle_keeps_every_finished_trial() {
    let home = Home::new();
    let slow = data("slow.toml");
    let mut child = home
        .quotient(&["bench", "--scenario", &slow, "--trials", "50", "--concurrency", "4"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first progress line says that trials have ended and are on disk.
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let journal = loop {
        let line = lines.next().expect("progress").unwrap();
        if line.contains("trials,") {
            break home.journal();
        }
    };
    child.kill().unwrap();
    child.wait().unwrap();
    let finished = |path: &Path| std::fs::read_to_string(path).unwrap().matches("\"trial_finished\"").count();
    assert!(finished(&journal) > 0);
    let output = home.run(&["replay", "latest"]);
    let shown = ok(&output) + &text(&output.stderr);
    assert!(shown.contains("interrupted") || shown.contains("cut"), "{shown}");
    let report: Value = serde_json::from_str(&ok(&home.run(&["show", "latest", "--format", "json"]))).unwrap();
    let counted: u64 =
        report["models"][0]["variants"].as_array().unwrap().iter().map(|v| v["ok"].as_u64().unwrap()).sum();
    let warmup = std::fs::read_to_string(&journal)
        .unwrap()
        .lines()
        .filter(|l| l.contains("\"trial_finished\"") && l.contains("\"warmup\":true"))
        .count();
    assert_eq!(counted as usize, finished(&journal) - warmup);
}

#[test]
fn an_interrupt_finishes_what_is_in_flight_and_reports() {
    let home = Home::new();
    let slow = data("slow.toml");
    let mut child = home
        .quotient(&[
            "bench",
            "--scenario",
            &slow,
            "--trials",
            "50",
            "--concurrency",
            "4",
            "--format",
            "json",
            "-o",
            "-",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for_progress(&mut child);
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["run"]["ended"], "interrupted");
    assert!(report["models"][0]["variants"].as_array().unwrap().iter().any(|v| v["ok"].as_u64() > Some(0)));
}

fn wait_for_progress(child: &mut Child) {
    let stderr = child.stderr.take().unwrap();
    let mut reader = BufReader::new(stderr);
    let mut line = String::new();
    loop {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "it ended before any progress");
        if line.contains("trials,") {
            break;
        }
    }
    // Keep draining, so that the program never blocks on its own words.
    std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
}

#[test]
fn nothing_is_sent_to_aws_without_consent() {
    let home = Home::new();
    let output = home.run(&["bench", "--endpoint", "aws", "--region", "us-east-1"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("--yes"));
}

#[test]
fn bad_usage_exits_2_and_says_what_was_expected() {
    let home = Home::new();
    for (arguments, expected) in [
        (&["bench", "--objective", "best"][..], "throughput"),
        (&["prompt", "--objective", "best"], "throughput"),
        (&["bench", "--config", "missing.toml"], "missing.toml"),
        (&["bench", "--variant", "concize"], "concise"),
        (&["bench", "--rpm", "many"], "none"),
        (&["bench", "--format", "csv", "-o", "x.json"], "disagree"),
        (&["show", "no-such-run"], "no run is recorded"),
    ] {
        let output = home.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}

#[test]
fn the_prompt_without_a_run_is_the_bare_task_and_with_one_the_winner() {
    let home = Home::new();
    let output = home.run(&["prompt", "--format", "text"]);
    let bare = ok(&output);
    assert!(bare.contains("Summarize the following text in a concise way"), "{bare}");
    assert!(!bare.contains("Task:"), "{bare}");
    assert!(text(&output.stderr).contains("nothing was measured"));

    let quick = data("quick.toml");
    ok(&home.run(&["bench", "--scenario", &quick, "--trials", "6"]));
    std::fs::write(home.path("new.txt"), "A new input about <rivers> & \"lakes\".").unwrap();
    let body: Value = serde_json::from_str(&ok(&home.run(&[
        "prompt",
        "--run",
        "latest",
        "--objective",
        "efficiency",
        "--content",
        "new.txt",
        "--format",
        "native",
    ])))
    .unwrap();
    assert_eq!(body["anthropic_version"], "bedrock-2023-05-31");
    assert!(body.to_string().contains("A new input about <rivers>"), "{body}");
}

#[test]
fn the_prompt_is_of_the_newest_run_of_its_own_configuration() {
    let home = Home::new();
    let config = |name: &str, said: &str| {
        let text = format!(
            "task = \"Greet\"\n[bedrock]\nmodels = [\"anthropic.claude-3-sonnet-20240229-v1:0\"]\n[[variant]]\nname = \"{name}\"\nprompt = \"{said}\"\n"
        );
        std::fs::write(home.path(&format!("{name}.toml")), text).unwrap();
    };
    config("first", "Say hello.");
    config("second", "Say goodbye.");
    let prompt = |name: &str| {
        let output = home.run(&["prompt", "--config", &format!("{name}.toml"), "--format", "text"]);
        (ok(&output), text(&output.stderr))
    };
    let (only, said) = prompt("first");
    assert!(only.starts_with("Say hello.") && said.contains("this is the only variant"), "{only} {said}");
    for name in ["first", "second"] {
        ok(&home.run(&[
            "bench",
            "--config",
            &format!("{name}.toml"),
            "--scenario",
            &data("quick.toml"),
            "--trials",
            "1",
        ]));
    }
    for (name, words) in [("first", "Say hello."), ("second", "Say goodbye.")] {
        let (shown, said) = prompt(name);
        assert!(shown.starts_with(words) && !said.contains("nothing was measured"), "{name}: {shown} {said}");
    }
}

#[test]
fn all_variants_failing_means_no_winner_and_exit_1() {
    let home = Home::new();
    let output =
        home.run(&["bench", "--scenario", &data("denied.toml"), "--trials", "3", "--format", "json", "-o", "-"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["models"][0]["verdicts"]["throughput"]["winner"].is_null());
    assert!(report["models"][0]["verdicts"]["throughput"]["leader"].is_null());
}

#[test]
fn undetected_quotas_are_assumed_loudly() {
    let home = Home::new();
    let output = home.run(&["quotas", "--scenario", &data("no-quotas.toml"), "--format", "json"]);
    let answer: Value = serde_json::from_str(&ok(&output)).unwrap();
    let model = &answer["models"][0];
    assert_eq!(model["quota"]["rpm"]["source"], "assumed");
    assert_eq!(model["quota"]["tpm"]["value"], 10_000.0);
    assert!(!model["notes"].as_array().unwrap().is_empty());
    // One limit that the user sets stays the user's.
    let output = home.run(&[
        "quotas",
        "--scenario",
        &data("no-quotas.toml"),
        "--rpm",
        "none",
        "--tpm",
        "5000",
        "--format",
        "json",
    ]);
    let answer: Value = serde_json::from_str(&ok(&output)).unwrap();
    assert!(answer["models"][0]["quota"]["rpm"].is_null());
    assert_eq!(answer["models"][0]["quota"]["tpm"]["source"], "config");
}

#[test]
fn check_init_completions_and_man_answer_without_a_network() {
    let home = Home::new();
    ok(&home.run(&["init"]));
    assert_eq!(home.run(&["init"]).status.code(), Some(2), "a file that exists is left as it is");
    let answer: Value = serde_json::from_str(&ok(&home.run(&["check", "--format", "json"]))).unwrap();
    assert_eq!(answer["schema"], 1);
    assert!(answer["estimated"]["input_tokens"].as_u64() > Some(0), "{answer}");
    assert!(ok(&home.run(&["completions", "bash"])).contains("quotient"));
    let man = ok(&home.run(&["man"]));
    assert!(man.contains(".TH") && man.contains("\\-\\-trials"), "{man}");
    assert!(ok(&home.run(&["simulate", "--print-scenario"])).contains("rpm"));
}

#[test]
fn hostile_replies_reach_neither_the_terminal_nor_an_export() {
    let home = Home::new();
    let output = home.run(&["bench", "--scenario", &data("hostile.toml"), "--trials", "3", "-o", "out"]);
    let stdout = ok(&output);
    let mut seen = vec![("stdout".to_owned(), stdout), ("stderr".to_owned(), text(&output.stderr))];
    for entry in std::fs::read_dir(home.path("out")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        seen.push((name, std::fs::read_to_string(path).unwrap()));
    }
    for (name, contents) in seen {
        let bad = contents
            .chars()
            .find(|c| (c.is_control() && !"\n\r\t".contains(*c)) || ('\u{202a}'..='\u{202e}').contains(c));
        assert_eq!(bad, None, "{name}");
        let marked_up = [".svg", ".html", ".md"].iter().any(|markup| name.ends_with(markup));
        assert!(!marked_up || !contents.contains("<script"), "{name}");
    }
}

#[test]
fn a_quota_code_names_its_row_and_an_unknown_one_is_bad_usage() {
    let home = Home::new();
    let output = home.run(&["quotas", "--quota-code", "L-NOWHERE"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("L-NOWHERE"), "{}", text(&output.stderr));
    let stdout = ok(&home.run(&["quotas", "--quota-code", "L-F406804E", "--refresh-quotas"]));
    assert!(stdout.contains("L-F406804E") && !stdout.contains("ago"), "{stdout}");
    assert!(!home.path("cache").exists(), "the simulator's quotas are not kept");
}
