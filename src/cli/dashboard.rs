//! `quotient dashboard`: the screen on this thread, the work on a runtime of its own.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use base64::Engine;
use color_eyre::Result;
use color_eyre::eyre::WrapErr;
use tokio::sync::mpsc::unbounded_channel;

use crate::bench::event::{Entry, Event, NoteLevel};
use crate::bench::tally::Tally;
use crate::cli::arguments::{DashboardOptions, PromptForm, ReplayOptions};
use crate::cli::desk::{Ask, Asks, Desk, Inbox};
use crate::cli::exit::{Exit, Refused};
use crate::cli::session::now;
use crate::cli::signals::Interrupts;
use crate::cli::trials::{Journals, Reader};
use crate::cli::{files, look, output, planning, prompt};
use crate::export::{self, FORMATS, Rendered};
use crate::journal::player::Played;
use crate::tui::event_loop;
use crate::tui::message::{Effect, Msg, Picked};
use crate::tui::model::Model;
use crate::tui::terminal::Terminal;

/// Runs the dashboard; its first frame is drawn before anything else is opened.
pub fn dashboard(options: &DashboardOptions) -> Result<Exit> {
    let DashboardOptions { bench: options, look } = options;
    let planned = planning::plan(options)?;
    let setup = planning::setup(&planned, &options.shared, !options.no_record)?;
    let mut model = Model::new(Arc::new(planned.plan.clone()), look::theme(look));
    model.keys = look::keys(planned.recipe.keys())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().wrap_err("cannot start")?;
    // Before the terminal is taken: a signal that came earlier would end the program and leave it taken.
    let interrupts = {
        let _inside = runtime.enter();
        Interrupts::listen()
    };
    let mut terminal = Terminal::take().wrap_err("cannot use the terminal")?;
    let (inbox, messages) = mpsc::channel();
    let (tell_desk, heard) = unbounded_channel();
    let journals = setup.journals.clone().map_or(Journals::Nowhere, Journals::In);
    let signalled = Arc::new(AtomicBool::new(false));
    let desk = Desk::new(planned.plan, planned.recipe, setup, inbox.clone(), Arc::clone(&signalled));
    let working = std::thread::Builder::new()
        .name("desk".into())
        .spawn(move || runtime.block_on(desk.work(heard, interrupts)))
        .wrap_err("cannot start")?;
    event_loop::read_input(inbox.clone()).wrap_err("cannot read keys")?;
    let trials = Reader::new(journals, inbox.clone());
    let mut hands = Hands { inbox, asks: Some(tell_desk.clone()), trials, folder: options.output.clone() };
    let shown = event_loop::run(&mut terminal, model, &messages, now, |effect, model| hands.perform(effect, model));
    drop(terminal);
    // The terminal is the user's again, whatever the desk still has to bring to an end.
    drop(tell_desk.send(Ask::Close));
    // A panic of the desk has been reported by the panic hook already.
    let left = working.join().unwrap_or_default();
    shown.wrap_err("the terminal failed")?;
    if let Some(journal) = left.journal {
        output::say(&format!("journal {}", journal.display()));
    }
    Ok(if signalled.load(Ordering::Relaxed) { Exit::Interrupted } else { Exit::Done })
}

/// A past run on the screen, of which this is the journal: its end at once, or poured again `speed` times as fast as it
/// happened.
pub fn replay(journal: PathBuf, played: Played, options: &ReplayOptions) -> Result<Exit> {
    let speed = options.speed;
    let keys = look::keys(None)?;
    let Some(plan) = played.entries.iter().find_map(|entry| match &entry.event {
        Event::RunStarted { plan, .. } => Some(Arc::clone(plan)),
        _ => None,
    }) else {
        return Err(Refused::no_result("the journal has no run in it"));
    };
    let mut tally = Tally::planned(plan);
    let (inbox, messages) = mpsc::channel();
    let start = played.entries.first().map(|entry| entry.at).unwrap_or_default();
    let end = played.entries.last().map(|entry| entry.at).unwrap_or_default();
    if speed > 0.0 {
        pour(played.entries, speed, inbox.clone())?;
    } else {
        played.entries.iter().for_each(|entry| tally.apply(entry));
        tally.cut_short();
    }
    if let Some(torn) = played.torn {
        tally.note(NoteLevel::Warning, torn);
    }
    leave_at_a_signal(inbox.clone())?;
    let mut terminal = Terminal::take().wrap_err("cannot use the terminal")?;
    event_loop::read_input(inbox.clone()).wrap_err("cannot read keys")?;
    let trials = Reader::new(Journals::File(journal), inbox.clone());
    let mut hands = Hands { inbox, asks: None, trials, folder: None };
    // The screen's clock is the run's own, so gauges drain and waits count as they did.
    let begun = std::time::Instant::now();
    let clock = || if speed > 0.0 { (start + begun.elapsed().mul_f64(speed)).min(end) } else { end };
    let mut model = Model::over(tally, look::theme(&options.look));
    model.keys = keys;
    let shown = event_loop::run(&mut terminal, model, &messages, clock, |effect, model| hands.perform(effect, model));
    drop(terminal);
    shown.wrap_err("the terminal failed")?;
    Ok(Exit::Done)
}

/// A signal ends a replay as `q` does, so that the terminal is given back.
fn leave_at_a_signal(inbox: Inbox) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().wrap_err("cannot start")?;
    let mut interrupts = {
        let _inside = runtime.enter();
        Interrupts::listen()
    };
    let waiting = move || {
        runtime.block_on(interrupts.next());
        drop(inbox.send(Msg::Leave));
    };
    std::thread::Builder::new().name("signals".into()).spawn(waiting).wrap_err("cannot start")?;
    Ok(())
}

/// Sends entries at the pace at which they happened, times `speed`, from a thread of its own.
fn pour(entries: Vec<Entry>, speed: f64, inbox: Inbox) -> Result<()> {
    let first = entries.first().map(|entry| entry.at).unwrap_or_default();
    let pouring = move || {
        let begun = std::time::Instant::now();
        for entry in entries {
            let due = entry.at.saturating_sub(first).div_f64(speed);
            std::thread::sleep(due.saturating_sub(begun.elapsed()));
            if inbox.send(Msg::Entries(vec![entry])).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("replay".into()).spawn(pouring).wrap_err("cannot replay")?;
    Ok(())
}

/// Why a replay sends nothing.
pub const PAST_RUN: &str = "this is a past run: nothing can be sent from here";

/// What the model has no hands for.
struct Hands {
    inbox: Inbox,
    /// `None` in a replay: there is nothing to tell.
    asks: Option<Asks>,
    trials: Reader,
    folder: Option<PathBuf>,
}

impl Hands {
    fn perform(&mut self, effect: Effect, model: &Model) {
        match effect {
            Effect::Tell(command) => self.ask(Ask::Tell(command)),
            Effect::Estimate(plan) => self.ask(Ask::Estimate(plan)),
            Effect::ListModels => match &self.asks {
                Some(asks) => drop(asks.send(Ask::List)),
                None => self.answer(Msg::Models(Err(PAST_RUN.into()))),
            },
            Effect::TakeModels(ids) => match &self.asks {
                Some(asks) => drop(asks.send(Ask::Take(ids))),
                None => self.answer(Msg::Taken(Err(PAST_RUN.into()))),
            },
            Effect::ShowPrompt(picked) => self.answer(Msg::Prompt(picked, request(model, picked))),
            Effect::SavePrompt(picked) => self.answer(Msg::Saved(self.save(model, picked))),
            Effect::Copy(text) => copy(&text),
            Effect::Export => self.export(model),
            Effect::Page(ask) => self.trials.page(model.tally.run.as_deref().unwrap_or_default(), ask),
            Effect::Trial(id) => self.trials.trial(model.tally.run.as_deref().unwrap_or_default(), id),
            Effect::LeaveTrials => self.trials.leave(),
            Effect::Quit => {}
        }
    }

    fn ask(&self, ask: Ask) {
        match &self.asks {
            Some(asks) => drop(asks.send(ask)),
            None => {
                self.answer(Msg::Note(NoteLevel::Error, PAST_RUN.into()));
            }
        }
    }

    fn answer(&self, message: Msg) {
        drop(self.inbox.send(message));
    }

    fn save(&self, model: &Model, picked: Picked) -> Result<PathBuf, String> {
        let text = request(model, picked)?;
        let name: String = model.plan.variants[picked.variant]
            .name
            .chars()
            .map(|c| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '-' })
            .collect();
        let rendered = Rendered { name: format!("{name}-request.json"), contents: text };
        let written = export::write(&self.place(&model.tally), &[rendered]).map_err(|error| error.to_string())?;
        written.into_iter().next().ok_or_else(|| "nothing was written".into())
    }

    /// Rendering takes a moment, so it happens beside the screen.
    fn export(&self, model: &Model) {
        let (inbox, folder) = (self.inbox.clone(), self.place(&model.tally));
        let mut model = model.clone();
        let thread = std::thread::Builder::new().name("export".into()).spawn(move || {
            model.overlay = None;
            model.status = None;
            let mut files: Vec<Rendered> = FORMATS.iter().flat_map(|format| (format.render)(&model.tally)).collect();
            // The screen as the user left it, with its selection and objective, in place of the plain one.
            let pictures = export::dashboard::pictures(&model);
            files.retain(|file| pictures.iter().all(|picture| picture.name != file.name));
            files.extend(pictures);
            let written = export::write(&folder, &files).map_err(|e| format!("cannot write {}: {e}", folder.display()));
            drop(inbox.send(Msg::Exported(written)));
        });
        if let Err(error) = thread {
            self.answer(Msg::Exported(Err(format!("cannot export: {error}"))));
        }
    }

    fn place(&self, tally: &Tally) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| files::folder(tally))
    }
}

/// The ready request of a variant on its first case, as the Converse body.
pub fn request(model: &Model, picked: Picked) -> Result<String, String> {
    let plan = &model.tally.plan;
    let case = plan.cases.first().cloned().unwrap_or_default();
    let request = prompt::request(plan, picked.variant, &case).map_err(|error| error.to_string())?;
    Ok(prompt::rendered(&plan.models[picked.model], &request, PromptForm::Converse))
}

/// OSC 52: the terminal puts the text on the clipboard, also over ssh, where it allows that.
fn copy(text: &str) {
    let encoded = base64::engine::general_purpose::STANDARD.encode(text);
    let mut out = std::io::stdout().lock();
    drop(write!(out, "\u{1b}]52;c;{encoded}\u{7}").and_then(|()| out.flush()));
}
