//! `quotient dashboard`: the screen on this thread, the work on a runtime of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use base64::Engine;
use color_eyre::Result;
use color_eyre::eyre::WrapErr;
use rustix::process::{Signal, getpid, kill_process};
use tokio::sync::mpsc::unbounded_channel;

use crate::bench::event::{Entry, Event, NoteLevel};
use crate::bench::plan::Plan;
use crate::bench::tally::Tally;
use crate::cli::arguments::{DashboardOptions, PromptForm, ReplayOptions};
use crate::cli::desk::{self, Ask, Asks, Desk, Inbox};
use crate::cli::editor::Editor;
use crate::cli::exit::{Exit, Refused};
use crate::cli::session::now;
use crate::cli::signals::Interrupts;
use crate::cli::trials::{Journals, Reader};
use crate::cli::weighing::Scales;
use crate::cli::{files, look, output, planning, prompt};
use crate::config;
use crate::export::{self, FORMATS, Rendered};
use crate::journal::player::Played;
use crate::tui::event_loop::{self, Errand};
use crate::tui::input::Input;
use crate::tui::message::{Added, Effect, Msg, Picked, PlanEstimate};
use crate::tui::model::Model;
use crate::tui::terminal::Terminal;

/// Runs the dashboard; its first frame is drawn before anything else is opened.
pub fn dashboard(options: &DashboardOptions) -> Result<Exit> {
    let DashboardOptions { bench: options, look } = options;
    let planned = planning::plan(options)?;
    let setup = planning::setup(&planned, &options.shared, !options.no_record)?;
    let mut model = Model::new(Arc::new(planned.plan.clone()), look::theme(look));
    model.keys = look::keys(planned.recipe.keys())?;
    model.weigh_apart(true);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().wrap_err("cannot start")?;
    // Before the terminal is taken: a signal that came earlier would end the program and leave it taken.
    let interrupts = {
        let _inside = runtime.enter();
        Interrupts::listen()
    };
    let mut terminal = Terminal::take(look.mouse).wrap_err("cannot use the terminal")?;
    let (inbox, messages) = mpsc::channel();
    let (tell_desk, heard) = unbounded_channel();
    let journals = setup.journals.clone().map_or(Journals::Nowhere, Journals::In);
    let (signalled, editing) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let desk =
        Desk::new(planned.plan, planned.recipe, setup, inbox.clone(), Arc::clone(&signalled), Arc::clone(&editing));
    let working = std::thread::Builder::new()
        .name("desk".into())
        .spawn(move || runtime.block_on(desk.work(heard, interrupts)))
        .wrap_err("cannot start")?;
    let input = Input::read(inbox.clone()).wrap_err("cannot read keys")?;
    let mut hands = Hands::new(inbox, Some(tell_desk.clone()), journals, options.output.clone(), editing);
    let perform = |effect, model: &Model| hands.perform(effect, model);
    let shown = event_loop::run(&mut terminal, model, &messages, &input, now, perform);
    let unfinished = hands.editor.end();
    drop(terminal);
    // The terminal is the user's again, whatever the desk still has to bring to an end.
    drop(tell_desk.send(Ask::Close));
    // A panic of the desk has been reported by the panic hook already.
    let left = working.join().unwrap_or_default();
    for (name, path) in &hands.kept {
        output::say(&format!("variant {name}: {}", path.display()));
    }
    if let Some(path) = unfinished {
        output::say(&format!("what was written, and is no variant: {}", path.display()));
    }
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
    let mut terminal = Terminal::take(options.look.mouse).wrap_err("cannot use the terminal")?;
    let input = Input::read(inbox.clone()).wrap_err("cannot read keys")?;
    let mut hands = Hands::new(inbox, None, Journals::File(journal), None, Arc::new(AtomicBool::new(false)));
    // The screen's clock is the run's own, so gauges drain and waits count as they did.
    let begun = std::time::Instant::now();
    let clock = || if speed > 0.0 { (start + begun.elapsed().mul_f64(speed)).min(end) } else { end };
    let mut model = Model::over(tally, look::theme(&options.look));
    model.keys = keys;
    model.weigh_apart(true);
    let perform = |effect, model: &Model| hands.perform(effect, model);
    let shown = event_loop::run(&mut terminal, model, &messages, &input, clock, perform);
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
        _ = runtime.block_on(interrupts.next());
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
    scales: Scales,
    folder: Option<PathBuf>,
    editor: Editor,
    /// Names of the variants that were written, and where each is kept.
    kept: Vec<(String, PathBuf)>,
}

impl Hands {
    fn new(
        inbox: Inbox,
        asks: Option<Asks>,
        journals: Journals,
        folder: Option<PathBuf>,
        editing: Arc<AtomicBool>,
    ) -> Self {
        let editor = Editor::new(inbox.clone(), editing);
        let trials = Reader::new(journals, inbox.clone());
        let scales = Scales::new(inbox.clone());
        Self { inbox, asks, trials, scales, folder, editor, kept: Vec::new() }
    }

    fn perform(&mut self, effect: Effect, model: &Model) -> Option<Errand> {
        match effect {
            Effect::Edit { variant, again } => match self.edit(model, variant, again) {
                Ok(errand) => return Some(errand),
                Err(why) => self.answer(Msg::Returned(Err(why))),
            },
            Effect::Add(bytes) => self.ask(Ask::Add(self.editor.name(), bytes)),
            Effect::Keep(added) => {
                let kept = self.keep(&added);
                self.answer(Msg::Kept(added.variant.name, kept));
            }
            Effect::GiveUp => {
                let kept = self.editor.give_up().map_or_else(
                    || "nothing is added".to_owned(),
                    |path| format!("nothing is added; what was written stays as {}", path.display()),
                );
                self.answer(Msg::Note(NoteLevel::Info, kept));
            }
            Effect::Tell(command) => self.ask(Ask::Tell(command)),
            Effect::Estimate(plan) => match &self.asks {
                Some(asks) => drop(asks.send(Ask::Estimate(plan))),
                None => self.answer(Msg::Estimate(estimated(&model.tally, plan))),
            },
            Effect::ListModels => match &self.asks {
                Some(asks) => drop(asks.send(Ask::List)),
                None => self.answer(Msg::Models(Err(PAST_RUN.into()))),
            },
            Effect::TakeModels(ids) => match &self.asks {
                Some(asks) => drop(asks.send(Ask::Take(ids))),
                None => self.answer(Msg::Taken(Err(PAST_RUN.into()))),
            },
            Effect::ShowPrompt(picked) => self.answer(Msg::Prompt(picked, request(model, picked))),
            Effect::SavePrompt(picked) => self.answer(Msg::Saved(picked, self.save(model, picked))),
            Effect::CopyPrompt(picked) => {
                self.answer(Msg::Copied(picked, request(model, picked).map(|text| copy(&text))));
            }
            Effect::Export => self.export(model),
            Effect::Page(ask) => self.trials.page(model.tally.run.as_deref().unwrap_or_default(), ask),
            Effect::Trial(id) => self.trials.trial(model.tally.run.as_deref().unwrap_or_default(), id),
            Effect::LeaveTrials => self.trials.leave(),
            Effect::Suspend => {
                let inbox = self.inbox.clone();
                return Some(Box::new(move || {
                    // Stops here, and goes on where the shell does.
                    _ = kill_process(getpid(), Signal::TSTP);
                    drop(inbox.send(Msg::Continued));
                }));
            }
            Effect::Weigh(evidence) => self.scales.weigh(evidence),
            Effect::Quit => {}
        }
        None
    }

    /// What opens a variant of the next run in the user's editor, or what was written before.
    fn edit(&mut self, model: &Model, variant: usize, again: bool) -> Result<Errand, String> {
        if self.asks.is_none() {
            return Err(PAST_RUN.into());
        }
        if again {
            return self.editor.again();
        }
        let name = &model.plan.variants[variant].name;
        let text = config::editable(&model.plan, variant);
        let text = text.map_err(|why| format!("{name} cannot be written as a table of variants.toml: {why}"))?;
        self.editor.open(&plain(name), text)
    }

    /// Keeps the table of a variant as a file of its own; no other file is written over.
    fn keep(&mut self, added: &Added) -> Result<PathBuf, String> {
        // It belongs to no run.
        let folder = self.folder.clone().unwrap_or_else(files::variants);
        let name = plain(&added.variant.name);
        let path = put(&folder, &name, &added.toml).map_err(|error| {
            let stays = self.editor.give_up().map(|path| format!("; what was written stays as {}", path.display()));
            format!("{}: {error}{}", folder.display(), stays.unwrap_or_default())
        })?;
        self.editor.done();
        self.kept.push((added.variant.name.clone(), path.clone()));
        Ok(path)
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
        let name = plain(&model.tally.plan.variants[picked.variant].name);
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
            // What is exported together agrees with the last entry.
            model.weigh_apart(false);
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

/// A variant's name as the beginning of a file's.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '-' }).collect()
}

/// Writes a text as the first of `name.toml`, `name-b.toml`, `name-c.toml` … that is not there.
fn put(folder: &Path, name: &str, text: &str) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let letters = std::iter::once(String::new()).chain(('b'..='z').map(|letter| format!("-{letter}")));
    let mut there = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
    for path in letters.map(|letter| folder.join(format!("{name}{letter}.toml"))) {
        match std::fs::File::create_new(&path) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                return Ok(path);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => there = error,
            Err(error) => return Err(error),
        }
    }
    Err(there)
}

/// What a past run's plan would take once more, under the quotas that it had; it cannot be started from there.
fn estimated(tally: &Tally, plan: Arc<Plan>) -> PlanEstimate {
    let quotas = tally.models.iter().map(|of| &of.quota).chain(tally.judges.iter().map(|of| &of.quota));
    let quotas: Vec<_> = quotas.cloned().collect();
    desk::estimated(Arc::unwrap_or_clone(plan), &quotas, Some(PAST_RUN.into()))
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
