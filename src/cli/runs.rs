//! `quotient runs`, `show` and `export`: past runs, read from their journals.

use std::path::PathBuf;

use color_eyre::Result;
use color_eyre::eyre::WrapErr;
use serde_json::{Value, json};

use crate::bench::event::Event;
use crate::bench::plan::Plan;
use crate::bench::report::{Report, timestamp};
use crate::bench::tally::Tally;
use crate::cli::arguments::{Answer, ExportOptions, ListOptions, ShowOptions};
use crate::cli::exit::{Exit, Refused};
use crate::cli::{files, output};
use crate::export::table;
use crate::journal::history::{self, Summary};
use crate::journal::player::{self, Player};

/// `quotient runs`. A journal that cannot be read is said on standard error and left out.
pub fn runs(options: &ListOptions) -> Result<Exit> {
    let folder = folder()?;
    let past = history::list(&folder).wrap_err_with(|| format!("cannot read {}", folder.display()))?;
    let read = |run| history::summary(run).map_err(|error| output::say(&format!("warning: {error}"))).ok();
    let summaries: Vec<Summary> = past.iter().filter_map(read).collect();
    if options.format == Answer::Json {
        let runs: Vec<Value> = summaries.iter().map(as_json).collect();
        output::answer_to(options.output.as_deref(), &output::json(&json!({"schema": 1, "runs": runs}))?)?;
        return Ok(Exit::Done);
    }
    if summaries.is_empty() {
        output::say(&format!("no run is recorded in {}", folder.display()));
        return Ok(Exit::Done);
    }
    let lines: Vec<String> = summaries.iter().map(as_line).collect();
    output::answer_to(options.output.as_deref(), &lines.join("\n"))?;
    Ok(Exit::Done)
}

fn as_json(run: &Summary) -> Value {
    json!({
        "id": run.id,
        "started_at": run.started_at.map(timestamp),
        "models": run.models,
        "variants": run.variants,
        "trials": run.trials,
        "ended": run.ended.name(),
        "simulated": run.simulated,
        "winner": run.winner,
    })
}

fn as_line(run: &Summary) -> String {
    let winner = run.winner.as_deref().map_or("no winner".into(), |winner| format!("winner {winner}"));
    let simulated = if run.simulated { "  SIMULATED" } else { "" };
    let line = format!(
        "{}  {}  {} variants  {} trials  {}  {winner}{simulated}",
        run.id,
        run.models.join(", "),
        run.variants.len(),
        run.trials,
        run.ended.name(),
    );
    output::one_line(&line).into_owned()
}

/// Where journals are.
pub fn folder() -> Result<PathBuf> {
    history::default_dir().wrap_err("no place for journals: set XDG_DATA_HOME or HOME")
}

/// The journal that a word names.
pub fn resolve(run: &str) -> Result<PathBuf> {
    history::resolve(&folder()?, run).map_err(|error| Refused::usage(error.to_string()))
}

/// `quotient show`.
pub fn show(options: &ShowOptions) -> Result<Exit> {
    let report = Report::of(&load(&options.run)?);
    let text = match options.format {
        Answer::Json => output::json(&report)?,
        Answer::Text => table::table(&report, output::colour()),
    };
    output::answer_to(options.output.as_deref(), &text)?;
    Ok(Exit::Done)
}

/// `quotient export`.
pub fn export(options: &ExportOptions) -> Result<Exit> {
    let tally = load(&options.run)?;
    let place = options.output.clone().unwrap_or_else(|| files::folder(&tally));
    files::Wanted::of(&options.formats, Some(&place))?.write(&tally)?;
    Ok(Exit::Done)
}

/// The tally of the newest run of a plan that fits, if there is one. Of the others no more is read than their plan.
pub fn newest(fits: impl Fn(&Plan) -> bool) -> Result<Option<Tally>> {
    let is_it = |run: &history::PastRun| {
        let begun = Player::open(&run.path).ok().and_then(|mut entries| entries.next()?.ok());
        matches!(begun.map(|entry| entry.event), Some(Event::RunStarted { plan, .. }) if fits(&plan))
    };
    let past = history::list(&folder()?).unwrap_or_default();
    Ok(past.iter().find(|run| is_it(run)).and_then(|run| player::tally(&run.path).ok()).map(|(tally, _)| tally))
}

/// A past run's tally; what is damaged in its journal is said on standard error.
pub fn load(run: &str) -> Result<Tally> {
    let (tally, warnings) = player::tally(&resolve(run)?).map_err(|error| Refused::no_result(error.to_string()))?;
    for warning in warnings {
        output::say(&format!("warning: {}", output::one_line(&warning)));
    }
    Ok(tally)
}
