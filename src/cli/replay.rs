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
use crate::journal::pages::Pages;
use crate::journal::player::{self, Played};
use crate::tui::message::{Effect, Msg};
use crate::tui::model::Model;

/// Runs the command.
pub fn replay(options: &ReplayOptions) -> Result<Exit> {
    let screen = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    if options.svg.is_none() && !screen {
        let tally = runs::load(&options.run)?;
        output::answer(&table::table(&Report::of(&tally), output::colour()))?;
        return Ok(Exit::Done);
    }
    let journal = runs::resolve(&options.run)?;
    let played = player::read(&journal).map_err(|error| Refused::no_result(error.to_string()))?;
    match &options.svg {
        Some(place) => animated(&journal, &played, options, place),
        None => dashboard::replay(journal, played, options),
    }
}

fn animated(journal: &Path, played: &Played, options: &ReplayOptions, place: &Path) -> Result<Exit> {
    let AnimationOptions { keys, size, seconds, fps } = options.animation.clone();
    // What this terminal looks like says nothing of where the picture will be shown.
    let dark = options.look.theme != GroundChoice::Light;
    let options = animation::Options { size, seconds, fps, dark, keys };
    let mut pages = Pages::open(journal).map_err(|error| Refused::no_result(error.to_string()))?;
    pages.read().map_err(|error| Refused::no_result(error.to_string()))?;
    let Some(svg) = animation(&played.entries, &options, |effect, model| answer(effect, model, &mut pages)) else {
        return Err(Refused::no_result("the journal has no run in it"));
    };
    if let Some(torn) = &played.torn {
        output::say(&format!("warning: {}", output::one_line(torn)));
    }
    output::answer_to(Some(place), &svg)?;
    Ok(Exit::Done)
}

/// What a past run can answer; the rest of what keys ask for needs a world, and is left undone.
fn answer(effect: &Effect, model: &Model, pages: &mut Pages) -> Option<Msg> {
    match effect {
        Effect::ShowPrompt(picked) => Some(Msg::Prompt(*picked, dashboard::request(model, *picked))),
        Effect::ListModels => Some(Msg::Models(Err(dashboard::PAST_RUN.into()))),
        Effect::Page(ask) => Some(Msg::Rows { number: ask.number, again: ask.again, page: Ok(pages.page(ask)) }),
        Effect::Trial(id) => Some(Msg::Trial(*id, pages.trial(*id).map_err(|error| error.to_string()))),
        _ => None,
    }
}
