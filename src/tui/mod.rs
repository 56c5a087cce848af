//! Floor 2: the dashboard.

pub mod acting;
pub mod adjusting;
pub mod editing;
pub mod event_loop;
pub mod format;
pub mod handing;
pub mod input;
pub mod judged;
pub mod keymap;
pub mod keys;
pub mod message;
pub mod model;
pub mod picker;
pub mod planning;
pub mod pressed;
pub mod prompts;
pub mod props;
pub mod screen;
pub mod terminal;
pub mod theme;
pub mod trials;
pub mod typed;
pub mod view;
pub mod views;
pub mod widgets;
pub mod words;
