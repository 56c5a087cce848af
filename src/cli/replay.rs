//! `quotient replay`: a past run in the dashboard; without a terminal, its verdicts.

use std::io::IsTerminal;

use color_eyre::Result;

use crate::bench::report::Report;
use crate::cli::arguments::ReplayOptions;
use crate::cli::exit::{Exit, Refused};
use crate::cli::{dashboard, output, runs};
use crate::export::table;
use crate::journal::player;

/// Runs the command.
pub fn replay(options: &ReplayOptions) -> Result<Exit> {
    if !(std::io::stdout().is_terminal() && std::io::stdin().is_terminal()) {
        let tally = runs::load(&options.run)?;
        output::answer(&table::table(&Report::of(&tally), output::colour()))?;
        return Ok(Exit::Done);
    }
    let journal = runs::resolve(&options.run)?;
    let played = player::read(&journal).map_err(|error| Refused::no_result(error.to_string()))?;
    dashboard::replay(journal, played, options)
}
