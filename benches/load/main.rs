//! What quotient weighs under load, beside a plain loop over the same SDK: CPU, rate, TTFT error, memory.
//!
//! ```text
//! cargo bench --bench load                     everything but the longest run, in about a minute and a half
//! cargo bench --bench load -- rate ttft        only what has these words in its name
//! cargo bench --bench load -- --long           also 200,000 trials in one run
//! ```
//!
//! Starts itself as a server and, one after the other, as the two clients, each a process of its own. Linux only, where
//! `/proc` says what a process took. As other benches do, without `--bench` it makes only sure that it works.
#![allow(missing_docs, clippy::expect_used, clippy::print_stdout, clippy::print_stderr)]

mod answer;
mod plain;
mod process;
mod river;
mod scenarios;
mod server;
mod table;
mod work;

use std::process::ExitCode;

use crate::work::{Found, Work};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why a measurement was not made.
type Failed = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--role", "server", pace] => {
            serde_json::from_str(pace).map_err(Failed::from).and_then(|pace| Ok(server::serve(pace)?))
        }
        ["--role", name, work] => serde_json::from_str(work).map_err(Failed::from).and_then(|work| client(name, &work)),
        _ if arguments.iter().any(|argument| argument == "--list") => Ok(()),
        _ => scenarios::all(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The starter of a role reads its stdout.
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn client(name: &str, work: &Work) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let found: Found = match name {
        "plain" => runtime.block_on(plain::run(work)),
        "quotient" => runtime.block_on(river::run(work)),
        other => Err(format!("no role {other:?}").into()),
    }?;
    println!("{}", serde_json::to_string(&found)?);
    Ok(())
}
