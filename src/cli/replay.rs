//! `quotient replay`: a past run in the dashboard, or as an animated picture; without a terminal, its verdicts.

use std::io::IsTerminal;
use std::path::Path;

use color_eyre::Result;

use crate::bench::report::Report;
use crate::cli::arguments::{AnimationOptions, ReplayOptions};
use crate::cli::exit::{Exit, Refused};
use crate::cli::look::GroundChoice;
use crate::cli::{dashboard, output, runs};
use crate::export::animation::{self, animation};
use crate::export::table;
use crate::journal::player::{self, Played};
use crate::tui::message::{Effect, Msg};
use crate::tui::model::Model;

/// Runs the command.
pub fn replay(options: &ReplayOptions) -> Result<Exit> {
    if let Some(place) = &options.svg {
        let played = read(&options.run)?;
        return animated(&played, options, place);
    }
    if !(std::io::stdout().is_terminal() && std::io::stdin().is_terminal()) {
        let tally = runs::load(&options.run)?;
        output::answer(&table::table(&Report::of(&tally), output::colour()))?;
        return Ok(Exit::Done);
    }
    dashboard::replay(read(&options.run)?, options)
}

fn read(run: &str) -> Result<Played> {
    player::read(&runs::resolve(run)?).map_err(|error| Refused::no_result(error.to_string()))
}

fn animated(played: &Played, options: &ReplayOptions, place: &Path) -> Result<Exit> {
    let AnimationOptions { keys, size, seconds, fps } = options.animation.clone();
    // What this terminal looks like says nothing of where the picture will be shown.
    let dark = options.look.theme != GroundChoice::Light;
    let options = animation::Options { size, seconds, fps, dark, keys };
    let Some(svg) = animation(&played.entries, &options, answer) else {
        return Err(Refused::no_result("the journal has no run in it"));
    };
    if let Some(torn) = &played.torn {
        output::say(&format!("warning: {}", output::one_line(torn)));
    }
    output::answer_to(Some(place), &svg)?;
    Ok(Exit::Done)
}

/// What a past run can answer; the rest of what keys ask for needs a world, and is left undone.
fn answer(effect: &Effect, model: &Model) -> Option<Msg> {
    match effect {
        Effect::ShowPrompt(picked) => Some(Msg::Prompt(*picked, dashboard::request(model, *picked))),
        Effect::ListModels => Some(Msg::Models(Err(dashboard::PAST_RUN.into()))),
        _ => None,
    }
}
