//! Look: what the dashboard looks like here and which keys mean what, from options, files and environment.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use color_eyre::Result;
use etcetera::BaseStrategy;

use crate::cli::planning::refused;
use crate::config::{self, KeyTable, WrongKey};
use crate::tui::keys::Keys;
use crate::tui::theme::{Colours, Ground, Theme};

/// Options of what is shown on a screen.
#[derive(Debug, Clone, Default, Args)]
pub struct LookOptions {
    /// Colours for a dark or a light ground; `auto` goes by `COLORFGBG`; a key changes it
    #[arg(long, value_enum, default_value_t, value_name = "GROUND")]
    pub theme: GroundChoice,
    /// How many colours; `auto` goes by `NO_COLOR`, `COLORTERM` and `TERM`
    #[arg(long, value_enum, default_value_t, value_name = "HOW-MANY")]
    pub colours: ColoursChoice,
    /// Only ASCII signs; without it the locale decides
    #[arg(long)]
    pub ascii: bool,
    /// Take the mouse: a click selects a view or a variant, the wheel moves; the terminal then selects no text with it
    #[arg(long)]
    pub mouse: bool,
}

/// What the text stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum GroundChoice {
    /// As the environment says, else dark
    #[default]
    Auto,
    /// Light text on a dark ground
    Dark,
    /// Dark text on a light ground
    Light,
}

/// How many colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColoursChoice {
    /// As the environment says
    #[default]
    Auto,
    /// None
    None,
    /// The terminal's own sixteen
    #[value(name = "16")]
    Sixteen,
    /// The 256 of xterm
    #[value(name = "256")]
    TwoHundred,
    /// 24 bit
    True,
}

/// The theme: what was asked for, else what the environment tells.
pub fn theme(options: &LookOptions) -> Theme {
    let found = Theme::detect(|name| std::env::var(name).ok());
    Theme {
        colours: match options.colours {
            ColoursChoice::Auto => found.colours,
            ColoursChoice::None => Colours::None,
            ColoursChoice::Sixteen => Colours::Ansi16,
            ColoursChoice::TwoHundred => Colours::Ansi256,
            ColoursChoice::True => Colours::True,
        },
        ground: match options.theme {
            GroundChoice::Auto => found.ground,
            GroundChoice::Dark => Ground::Dark,
            GroundChoice::Light => Ground::Light,
        },
        ascii: options.ascii || found.ascii,
    }
}

/// The user's own keys, for every plan: `quotient/keys.toml` in the configuration directory.
fn own_file() -> Option<PathBuf> {
    let strategy = etcetera::base_strategy::Xdg::new().ok()?;
    Some(strategy.config_dir().join("quotient").join("keys.toml"))
}

/// Lays a table over keys; what is wrong with it is refused with its place.
fn laid_over(keys: Keys, table: &KeyTable) -> Result<Keys> {
    keys.with(&table.entries).map_err(|wrong| {
        let wrong: Vec<WrongKey> = wrong
            .into_iter()
            .map(|of| WrongKey { entry: of.entry, key: of.key, what: of.what, help: of.help })
            .collect();
        refused(&table.error(&wrong))
    })
}

/// Refuses a table that binds what cannot be bound, whether or not there will be a screen.
pub fn check(of_plan: Option<&KeyTable>) -> Result<()> {
    of_plan.map_or(Ok(()), |table| laid_over(Keys::default(), table).map(drop))
}

/// The keys in force: the defaults, over them the user's own, over those the plan's.
pub fn keys(of_plan: Option<&KeyTable>) -> Result<Arc<Keys>> {
    let own = own_file().map(|path| config::read_keys(&path)).transpose().map_err(|error| refused(&error))?.flatten();
    let keys = own.iter().chain(of_plan).try_fold(Keys::default(), laid_over)?;
    Ok(Arc::new(keys))
}
