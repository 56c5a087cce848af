//! Floor 2: a run on disk.

pub mod format;
pub mod history;
pub mod pages;
pub mod player;
pub mod recorder;
