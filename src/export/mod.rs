//! Floor 3: a run for someone else.

pub mod animation;
mod bars;
mod canvas;
pub mod charts;
mod columns;
mod csv;
pub mod dashboard;
mod files;
mod front;
mod glyphs;
mod html;
pub mod json;
mod look;
mod markdown;
mod painter;
mod palette;
mod place;
mod reel;
pub mod screen;
pub mod script;
mod sentences;
mod spread;
mod strips;
mod svg;
pub mod table;
pub mod text;
mod timeline;

use crate::bench::tally::Tally;
pub use files::{Rendered, write};
pub use palette::{DARK, LIGHT, Palette};

/// One row of [`FORMATS`].
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// The command line's word.
    pub name: &'static str,
    /// The extension of its files.
    pub extension: &'static str,
    /// What it is, in half a sentence.
    pub describe: &'static str,
    /// A run in this format: one file, or several (never none).
    pub render: fn(&Tally) -> Vec<Rendered>,
}

/// Every format a run can leave in.
pub const FORMATS: &[Format] = &[
    Format {
        name: "json",
        extension: "json",
        describe: "the whole report, schema 1, for programs",
        render: json::render,
    },
    Format {
        name: "csv",
        extension: "csv",
        describe: "a row for each variant on each model, for spreadsheets",
        render: csv::render,
    },
    Format {
        name: "markdown",
        extension: "md",
        describe: "tables and verdicts, for a pull request or a wiki",
        render: markdown::render,
    },
    Format {
        name: "html",
        extension: "html",
        describe: "one self-contained page with charts, tables and verdicts",
        render: html::render,
    },
    Format { name: "svg", extension: "svg", describe: "each chart as a picture, light and dark", render: svg::render },
];

/// The row of a name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
