//! Snippets as their own languages read them: Python's parser, the shell.

use std::io::Write;
use std::process::{Command, Stdio};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use quotient::cli::snippets::{python_text, shell_text};
use serde_json::Value;

use crate::journey::Home;

const HOSTILE: &str =
    "it's \"q\" \\ \n\r\t '''\"\"\" $HOME `id` $(id) {x} {{ y }} {% z %} \u{1b}[0m \u{202e} é 漢 😀 \\u0041 #";

/// Text of every kind, and one with all that languages trip over.
fn texts() -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let strategy = "[\\PC\\n\\t'\"\\\\$`{}%\u{1b}]{0,40}";
    let mut texts: Vec<String> = (0..300).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
    texts.push(HOSTILE.into());
    texts
}

fn fed(program: &str, arguments: &[&str], input: &str) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .env("PYTHONUTF8", "1")
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program} refused it");
    output.stdout
}

fn prompt(home: &Home, arguments: &[&str]) -> String {
    let output = home.run(&[&["prompt"], arguments].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn python_reads_every_text_as_it_was() {
    let texts = texts();
    let literals: Vec<String> = texts.iter().map(|text| python_text(text)).collect();
    let script = "import ast,json,sys; print(json.dumps([ast.literal_eval(t) for t in json.load(sys.stdin)]))";
    let read = fed("python3", &["-c", script], &serde_json::to_string(&literals).unwrap());
    assert_eq!(serde_json::from_slice::<Vec<String>>(&read).unwrap(), texts);
}

#[test]
fn the_shell_reads_every_text_as_it_was() {
    let texts = texts();
    let words: Vec<String> = texts.iter().map(|text| shell_text(text)).collect();
    let script = format!("printf '%s\\0' {}\n", words.join(" "));
    let read = String::from_utf8(fed("sh", &["-s"], &script)).unwrap();
    assert_eq!(read.split_terminator('\0').collect::<Vec<_>>(), texts);
}

#[test]
fn the_boto3_snippet_sends_what_the_converse_form_says() {
    let home = Home::new();
    std::fs::write(home.path("new.txt"), HOSTILE).unwrap();
    let said = ["--variant", "concise", "--content", "new.txt", "--format"];
    let code = prompt(&home, &[&said[..], &["boto3"]].concat());
    let fake = "import sys,types,json\n\
        boto3=types.ModuleType('boto3'); core=types.ModuleType('botocore'); config=types.ModuleType('botocore.config')\n\
        class Client:\n    def converse(self, **given): print(json.dumps(given))\n\
        boto3.client=lambda *a, **k: Client()\nconfig.Config=lambda **k: k\n\
        sys.modules.update({'boto3':boto3,'botocore':core,'botocore.config':config})\n";
    let sent: Value = serde_json::from_slice(&fed("python3", &["-"], &format!("{fake}{code}\nask()\n"))).unwrap();
    let mut wanted: Value = serde_json::from_str(&prompt(&home, &[&said[..], &["converse"]].concat())).unwrap();
    wanted["modelId"] = "anthropic.claude-3-sonnet-20240229-v1:0".into();
    assert_eq!(sent, wanted);
    assert!(code.contains("\"total_max_attempts\": 1"));
    assert!(!code.contains("requests a minute"), "nothing was measured");
}

#[test]
fn the_command_line_sends_what_the_converse_form_says() {
    let home = Home::new();
    std::fs::write(home.path("new.txt"), HOSTILE).unwrap();
    let said = ["--variant", "concise", "--content", "new.txt", "--format"];
    let code = prompt(&home, &[&said[..], &["aws-cli"]].concat());
    let script = format!("aws() {{ for last; do :; done; printf '%s' \"$last\"; }}\n{code}");
    let sent: Value = serde_json::from_slice(&fed("sh", &["-s"], &script)).unwrap();
    let mut wanted: Value = serde_json::from_str(&prompt(&home, &[&said[..], &["converse"]].concat())).unwrap();
    // The command line names the model beside the body.
    wanted.as_object_mut().unwrap().shift_remove("modelId");
    assert_eq!(sent, wanted);
}

#[test]
fn variables_stay_variables_without_content() {
    let home = Home::new();
    let form = |name| prompt(&home, &["--variant", "concise", "--format", name]);
    let python = form("boto3");
    assert!(python.contains("def ask(content):") && python.contains("\\n\\n\" + content)"), "{python}");
    let rust = form("rust");
    assert!(rust.contains("content: &str") && rust.contains("\\n\\n\", content].concat()"), "{rust}");
    let template = form("template");
    assert!(template.contains("{{ content }}\""), "{template}");
    let shell = form("aws-cli");
    assert!(shell.contains("jq -n --arg content \"${1}\"") && shell.contains("+ $content)"), "{shell}");
    fed("sh", &["-n"], &shell);
}
