//! From the arguments to a command, and from its result to an exit code.

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use color_eyre::Result;

use crate::cli::arguments::{Arguments, DashboardOptions, Word};
use crate::cli::exit::{Exit, Refused};
use crate::cli::{
    bench, check, dashboard, doctor, init, log, models, output, pages, prompt, quotas, replay, runs, simulate,
};

/// The program from its arguments to its exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let performed = log::start().and_then(|guard| {
        let exit = perform(arguments);
        drop(guard);
        exit
    });
    match performed {
        Ok(exit) => exit.into(),
        Err(report) => {
            if let Some(refused) = report.downcast_ref::<Refused>() {
                output::say(&labelled(&refused.message));
                return refused.exit.into();
            }
            output::say(&format!("error: {}", chain(&report)));
            Exit::NoResult.into()
        }
    }
}

fn perform(arguments: Arguments) -> Result<Exit> {
    match arguments.command {
        None => dashboard_or_headless(&arguments.dashboard),
        Some(Word::Dashboard(options)) => dashboard_or_headless(&options),
        Some(Word::Bench(options)) => bench::bench(&options),
        Some(Word::Quotas(options)) => quotas::quotas(&options),
        Some(Word::Models(options)) => models::models(&options),
        Some(Word::Doctor(options)) => doctor::doctor(&options),
        Some(Word::Check(options)) => check::check(&options),
        Some(Word::Prompt(options)) => prompt::prompt(&options),
        Some(Word::Runs(options)) => runs::runs(&options),
        Some(Word::Show(options)) => runs::show(&options),
        Some(Word::Export(options)) => runs::export(&options),
        Some(Word::Replay(options)) => replay::replay(&options),
        Some(Word::Simulate(options)) => simulate::simulate(&options),
        Some(Word::Init(options)) => init::init(&options),
        Some(Word::Completions { shell }) => pages::completions(shell),
        Some(Word::Man) => pages::man(),
    }
}

fn dashboard_or_headless(options: &DashboardOptions) -> Result<Exit> {
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        return dashboard::dashboard(options);
    }
    output::say("standard output or input is no terminal, so this runs headless, as `quotient bench` does");
    bench::bench(&options.bench)
}

/// Rendered diagnostics bring their own `error:`.
fn labelled(message: &str) -> String {
    if message.contains("error:") || message.contains("error\u{1b}") {
        message.into()
    } else {
        format!("error: {message}")
    }
}

/// The error and its causes in one line.
fn chain(report: &color_eyre::Report) -> String {
    report.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
