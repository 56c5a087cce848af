//! `quotient bench`: the benchmark without a screen — progress on stderr, verdicts on stdout, files as asked.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::Result;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::bench::estimate::Estimate;
use crate::bench::event::{Command, Ended, Event, PauseCause, Stop};
use crate::bench::plan::Plan;
use crate::bench::report::Report;
use crate::bench::tally::{Phase, Tally};
use crate::cli::arguments::BenchOptions;
use crate::cli::exit::{Exit, Refused};
use crate::cli::fit::Fit;
use crate::cli::progress::Progress;
use crate::cli::session::{River, Session};
use crate::cli::{check, files, fit, output, planning, signals};
use crate::export::table;

/// Runs the command.
pub fn bench(options: &BenchOptions) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(headless(options))
}

async fn headless(options: &BenchOptions) -> Result<Exit> {
    let wanted = files::Wanted::of(&options.formats, options.output.as_deref())?;
    let mut planned = planning::plan(options)?;
    let setup = planning::setup(&planned, &options.shared, !options.no_record)?;
    if !planned.plan.endpoint.is_local() && !options.shared.yes && !interactive() {
        return Err(Refused::usage(
            "nothing is sent to an endpoint that may cost money before its plan was agreed to: see `quotient check`, then say --yes",
        ));
    }
    let mut session = Session::open(&mut planned.plan, setup).await?;
    match fit::fit(&mut planned.plan, &session.quotas())? {
        Fit::Run(notes) => notes.iter().for_each(|note| output::say(note)),
        Fit::Reckoned { sentence, table } => {
            output::say(&sentence);
            if wanted.takes_stdout() {
                output::say(&table);
            } else {
                output::answer(&table)?;
            }
            // Nothing was measured, and no report is written.
            return Ok(Exit::NoResult);
        }
    }
    let estimated = check::estimated(&planned.plan, &session.quotas())?;
    if !planned.plan.endpoint.is_local() {
        if let Some(why) = refusal(&planned.plan, &estimated) {
            return Err(Refused { exit: Exit::Cap, message: why }.into());
        }
        if !options.shared.yes && !agreed(&planned.plan, &estimated)? {
            return Err(Refused::usage("the plan was not agreed to; nothing was sent"));
        }
    }
    for warning in &estimated.warnings {
        output::say(&format!("warning: {warning}"));
    }
    let plan = Arc::new(planned.plan);
    let river = session.start(Arc::clone(&plan))?;
    let (tally, journal, signalled) = follow(plan, river).await;
    let report = Report::of(&tally);
    if !wanted.takes_stdout() {
        output::answer(&table::table(&report, output::colour()))?;
    }
    wanted.write(&tally)?;
    if let Some(journal) = journal {
        output::say(&format!("journal {}", journal.display()));
    }
    Ok(if signalled { Exit::Interrupted } else { exit(&tally, &report, options.require_winner) })
}

/// Folds the entries into a tally until the river runs dry.
async fn follow(plan: Arc<Plan>, river: River) -> (Tally, Option<PathBuf>, bool) {
    let River { commands, mut entries, recording, .. } = river;
    let mut tally = Tally::planned(plan);
    let mut progress = Progress::new(&tally);
    let mut interrupts = signals::Interrupts::listen();
    let mut signalled = false;
    let (answer, mut answers) = unbounded_channel();
    loop {
        tokio::select! {
            batch = entries.recv() => {
                let Some(batch) = batch else { break };
                for entry in &batch {
                    tally.apply(entry);
                    progress.entry(&tally, entry);
                    if let Event::Paused { cause: PauseCause::Throttles, .. } = entry.event {
                        progress.finish();
                        ask_to_go_on(&answer);
                    }
                }
            }
            Some(goes_on) = answers.recv() => {
                let command = if goes_on { Command::Resume } else { Command::Stop(Stop::InFlight) };
                // A closed channel means that the run has just ended by itself.
                drop(commands.send(command));
            }
            _ = interrupts.next() => {
                stop(&commands, signalled);
                signalled = true;
            }
            () = tokio::time::sleep(Duration::from_millis(500)) => progress.tick(&tally),
        }
    }
    // A river that ran dry before its end is an interruption.
    tally.cut_short();
    progress.finish();
    let journal = recording.path.clone();
    recording.finish();
    (tally, journal, signalled)
}

/// Asks whether a run that may harm others shall go on; where there is nobody to ask, the answer is no.
fn ask_to_go_on(answer: &UnboundedSender<bool>) {
    let answer = answer.clone();
    if !interactive() {
        _ = answer.send(false);
        return;
    }
    output::say("go on all the same? [y/N]");
    // A thread of its own: an interrupt must end the run although nobody answers.
    std::thread::spawn(move || _ = answer.send(agrees().unwrap_or(false)));
}

/// Whether there is a person to ask.
fn interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Reads a yes or a no; anything but a yes is a no.
fn agrees() -> std::io::Result<bool> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// The first interrupt finishes what is in flight, the second drops it.
fn stop(commands: &UnboundedSender<Command>, again: bool) {
    let how = if again { Stop::Now } else { Stop::InFlight };
    output::say(if again { "dropping what is in flight" } else { "finishing what is in flight; again drops it" });
    // A closed channel means that the run has just ended by itself.
    drop(commands.send(Command::Stop(how)));
}

/// Why a plan may not be sent to aws at all: its cost cannot be capped, or is above the cap already as expected.
pub fn refusal(plan: &Plan, estimated: &Estimate) -> Option<String> {
    let cap = plan.max_cost_usd?;
    let unpriced: Vec<&str> =
        plan.models.iter().chain(&plan.judges).filter(|m| m.price.is_none()).map(|m| m.id.as_str()).collect();
    if !unpriced.is_empty() {
        return Some(format!(
            "the price of {} is unknown, so the cap on cost cannot be kept: give it as [[price]] in the configuration, or say --max-cost none",
            unpriced.join(", ")
        ));
    }
    let expected = estimated.cost_usd.filter(|usd| *usd > cap)?;
    Some(format!("it would cost about ${expected:.2}, above the cap of ${cap:.2}; see --max-cost and --trials"))
}

fn agreed(plan: &Plan, estimated: &Estimate) -> Result<bool> {
    for (label, value) in check::rows(plan, estimated) {
        output::say(&format!("  {label:<18} {value}"));
    }
    output::say(&format!("send this to {}? [y/N]", plan.endpoint.label()));
    Ok(agrees()?)
}

fn exit(tally: &Tally, report: &Report, require_winner: bool) -> Exit {
    let any_ok = tally.all_variants().any(|variant| variant.ok > 0);
    let objective = tally.plan.objective.name();
    let verdicts = || report.models.iter().filter_map(|model| model.verdicts.get(&objective));
    match tally.phase {
        Phase::Finished(Ended::Budget | Ended::Throttled) => Exit::Cap,
        Phase::Finished(Ended::Interrupted) => Exit::Interrupted,
        Phase::Finished(Ended::Errors) => Exit::NoResult,
        _ if !any_ok => Exit::NoResult,
        _ if tally.plan.gate.is_some() && verdicts().any(|verdict| verdict.leader.is_none()) => Exit::Gate,
        _ if require_winner && verdicts().any(|verdict| verdict.winner.is_none()) => Exit::Gate,
        _ => Exit::Done,
    }
}
