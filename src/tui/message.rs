//! Message: what the screen's model hears, what it asks for, and what travels with both.

use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};

use crate::bench::event::{Command, Entry, NoteLevel};
use crate::bench::plan::{Plan, Variant};
use crate::bench::trials::{Ask, NoPage, Page};
use crate::tui::judged::{Evidence, Weighed};
use crate::tui::picker::{ModelList, Taken};

/// A variant on a model, by their indices in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picked {
    /// Index of the model.
    pub model: usize,
    /// Index of the variant.
    pub variant: usize,
}

/// What a plan will take, as rows to show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanEstimate {
    /// What, and how much.
    pub rows: Vec<(String, String)>,
    /// What must be known before saying yes.
    pub warnings: Vec<String>,
    /// Why it may not start at all (a cap, an unknown price).
    pub refusal: Option<String>,
}

/// A variant that was written in an editor and is good.
#[derive(Debug, Clone, PartialEq)]
pub struct Added {
    /// The variant, under a name that no other has.
    pub variant: Box<Variant>,
    /// Its table of variants.toml.
    pub toml: String,
}

/// What the model hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Msg {
    /// A key.
    Key(KeyEvent),
    /// The mouse, where the user asked for one.
    Mouse(MouseEvent),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// Entries of the run, and before it the detected quotas (`seq` 0).
    Entries(Vec<Entry>),
    /// Something that no event brings: it could not start, a clipboard that is not there.
    Note(NoteLevel, String),
    /// The region that the clients really use.
    Region(String),
    /// The estimate that was asked for.
    Estimate(PlanEstimate),
    /// The list of models that was asked for, or why there is none.
    Models(Result<ModelList, String>),
    /// The plan on the models that were chosen, or why there is none.
    Taken(Result<Taken, String>),
    /// The ready request that was asked for.
    Prompt(Picked, Result<String, String>),
    /// Where the request was saved, or why not.
    Saved(Picked, Result<PathBuf, String>),
    /// The request was handed to the clipboard, or why not.
    Copied(Picked, Result<(), String>),
    /// The editor has ended and the terminal is ours again: what was written, `None` where nothing was changed, or why
    /// that is of no use.
    Returned(Result<Option<Vec<u8>>, String>),
    /// The shell goes on with the program.
    Continued,
    /// The variant that was written, or what is wrong with it, in lines to show as they are.
    Added(Result<Added, String>),
    /// Where the table of the variant with this name was kept, or why not.
    Kept(String, Result<PathBuf, String>),
    /// The files that were written, or why none.
    Exported(Result<Vec<PathBuf>, String>),
    /// The page of trials that was asked for, or why there is none.
    Rows {
        /// The number of the ask.
        number: u64,
        /// Whether nobody waits for it.
        again: bool,
        /// The page.
        page: Result<Page, NoPage>,
    },
    /// Every entry about the trial that was asked for; none where the journal does not have it. Or why it cannot tell.
    Trial(u64, Result<Vec<Entry>, String>),
    /// The verdict that was asked for.
    Weighed(Box<Weighed>),
    /// Time passed.
    Tick,
    /// The program is to end now: a signal, or the terminal is gone.
    Leave,
}

/// What the model asks for; whoever holds the wires does it.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Say this to the engine.
    Tell(Command),
    /// Estimate this plan; the answer is [`Msg::Estimate`].
    Estimate(Arc<Plan>),
    /// List what may be called here; the answer is [`Msg::Models`].
    ListModels,
    /// Put the plan on the models with these ids; the answer is [`Msg::Taken`].
    TakeModels(Vec<String>),
    /// Render this variant's request; the answer is [`Msg::Prompt`].
    ShowPrompt(Picked),
    /// Save this variant's request; the answer is [`Msg::Saved`].
    SavePrompt(Picked),
    /// Put this variant's request on the clipboard; the answer is [`Msg::Copied`].
    CopyPrompt(Picked),
    /// Open this variant of the plan in the user's editor, or what was opened before once more; the answer is
    /// [`Msg::Returned`].
    Edit {
        /// Index of the variant.
        variant: usize,
        /// Whether what was written before is to be mended.
        again: bool,
    },
    /// Read what was written, as a variant beside the others; the answer is [`Msg::Added`].
    Add(Vec<u8>),
    /// What was written is not wanted any more.
    GiveUp,
    /// Keep the table of a variant as a file of its own; the answer is [`Msg::Kept`].
    Keep(Added),
    /// Write every export; the answer is [`Msg::Exported`].
    Export,
    /// Read a page of trials from the run's journal; the answer is [`Msg::Rows`].
    Page(Ask),
    /// Read every entry about the trial with this id; the answer is [`Msg::Trial`].
    Trial(u64),
    /// Nobody looks at the trials any more.
    LeaveTrials,
    /// Stop the program until the shell goes on with it; the answer is [`Msg::Continued`].
    Suspend,
    /// Work a verdict out, beside the screen; the answer is [`Msg::Weighed`].
    Weigh(Box<Evidence>),
    /// Leave the dashboard.
    Quit,
}
