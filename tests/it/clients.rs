//! Clients that are not ours: AWS's SDK for Python and its command line against the simulator, where there is a Python
//! that has them.

use std::io::Write;
use std::process::Command;

use crate::journey::top;

/// The Python that `QUOTIENT_PYTHON` names. Without it a test is left out, and says so past the test harness's capture:
/// packages come from a network, and `cargo test` needs none.
pub(crate) fn python(test: &str) -> Option<String> {
    let named = std::env::var("QUOTIENT_PYTHON").ok().filter(|path| !path.is_empty());
    if named.is_none() {
        left_out(test, "QUOTIENT_PYTHON names no Python with tests/clients/requirements.txt");
    }
    named
}

/// Any Python, for a test that needs no package.
pub(crate) fn bare_python(test: &str) -> Option<String> {
    let runs = Command::new("python3").arg("--version").output().is_ok_and(|output| output.status.success());
    if !runs {
        left_out(test, "there is no python3");
    }
    runs.then(|| "python3".to_owned())
}

fn left_out(test: &str, why: &str) {
    std::io::stderr().write_all(format!("left out: {test} ({why})\n").as_bytes()).unwrap();
}

#[test]
fn aws_clients_in_python_agree_with_the_simulator() {
    let Some(python) = python("aws_clients_in_python_agree_with_the_simulator") else { return };
    // The program bounds itself and ends its simulators.
    let output = Command::new(python)
        .arg(top("tests/clients"))
        .env("QUOTIENT", env!("CARGO_BIN_EXE_quotient"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{}{told}", output.status, String::from_utf8_lossy(&output.stdout));
}
