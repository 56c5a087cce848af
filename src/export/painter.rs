//! Painter: a terminal's cells as SVG, every one on its grid.

use std::collections::BTreeMap;
use std::fmt::Write;

use ratatui::buffer::Cell;
use ratatui::style::Modifier;
use unicode_width::UnicodeWidthStr;

use crate::export::glyphs::{Area, Glyph, glyph};
use crate::export::look::{Look, Rgb, hex};
use crate::export::palette::Palette;
use crate::export::text::xml;

/// A cell in pixels; a multiple of eight each way, so that every eighth block ends on a whole pixel.
pub(crate) const CELL_WIDTH: u32 = 8;
/// See [`CELL_WIDTH`].
pub(crate) const CELL_HEIGHT: u32 = 16;
/// In pixels: the advance of the first fonts is a cell's width, or nearly.
pub(crate) const FONT_SIZE: f64 = 13.3;
/// Fonts of one advance. The first is one that a renderer can have which reads no further and knows no `textLength`.
pub(crate) const FONT: &str =
    "DejaVu Sans Mono, ui-monospace, SFMono-Regular, Menlo, Consolas, Noto Sans Mono CJK JP, monospace";
const BASELINE: u32 = 12;

/// Text of one look, from a column on, over so many columns.
#[derive(Debug)]
struct Run {
    column: u32,
    columns: u32,
    text: String,
    look: Look,
}

/// What was painted so far.
pub(crate) struct Painter {
    palette: &'static Palette,
    /// Rectangles by layer (0 ground, 1 figure), colour and opacity.
    areas: BTreeMap<(u8, Rgb, u8), Vec<Area>>,
    arcs: String,
    /// Text, each with its upper edge.
    runs: Vec<(u32, Run)>,
}

impl Painter {
    pub(crate) fn new(palette: &'static Palette) -> Self {
        Self { palette, areas: BTreeMap::new(), arcs: String::new(), runs: Vec::new() }
    }

    /// Paints cells that stand side by side, from a column on, with their upper edge at `y` pixels.
    pub(crate) fn cells(&mut self, first: u32, y: u32, cells: &[Cell]) {
        let mut run: Option<Run> = None;
        let mut column = 0;
        while let Some(cell) = cells.get(column) {
            let symbol = cell.symbol();
            let columns = symbol.width().clamp(1, cells.len() - column);
            let look = Look::of(cell, self.palette);
            let at = first + column as u32;
            let x = at * CELL_WIDTH;
            if let Some(back) = look.back {
                let wide = columns as u32 * CELL_WIDTH;
                self.area((0, back, 100), Area { x, y, w: wide, h: CELL_HEIGHT });
            }
            let shape = if look.modifier.contains(Modifier::HIDDEN) {
                Some(Glyph::Areas(Vec::new(), 100))
            } else {
                glyph(symbol)
            };
            match shape {
                Some(shape) => self.shape(shape, (x, y), look.fore),
                None => {
                    if let Some(done) = extended(&mut run, at, columns as u32, symbol, look) {
                        self.runs.push((y, done));
                    }
                }
            }
            column += columns;
        }
        self.runs.extend(run.map(|done| (y, done)));
    }

    fn shape(&mut self, shape: Glyph, (x, y): (u32, u32), colour: Rgb) {
        match shape {
            Glyph::Areas(areas, opacity) => {
                for a in areas {
                    self.area((1, colour, opacity), Area { x: x + a.x, y: y + a.y, ..a });
                }
            }
            Glyph::Arc(right, down) => {
                // The middle of the light lines that it joins.
                let (cx, cy) = (f64::from(x + CELL_WIDTH / 2) - 0.5, f64::from(y + CELL_HEIGHT / 2) - 0.5);
                let to_x = if right { x + CELL_WIDTH } else { x };
                let to_y = if down { y + CELL_HEIGHT } else { y };
                let bend = if down { cy + 4.0 } else { cy - 4.0 };
                let _ = writeln!(
                    self.arcs,
                    "<path d=\"M{cx} {to_y}V{bend}Q{cx} {cy} {to_x} {cy}\" stroke=\"{}\" fill=\"none\"/>",
                    hex(colour)
                );
            }
        }
    }

    /// Adds a rectangle; one that touches or overlaps an earlier one on its left, at the same height, becomes one with it.
    fn area(&mut self, key: (u8, Rgb, u8), area: Area) {
        let areas = self.areas.entry(key).or_default();
        let joins =
            |last: &&mut Area| last.y == area.y && last.h == area.h && (last.x..=last.x + last.w).contains(&area.x);
        // Not far back: a cell has at most eight rectangles.
        match areas.iter_mut().rev().take(16).find(joins) {
            Some(last) => last.w = last.w.max(area.x + area.w - last.x),
            None => areas.push(area),
        }
    }

    /// Grounds first, then geometry, then text, a line each.
    pub(crate) fn finished(&self) -> String {
        let mut out = self.geometry();
        for (y, run) in &self.runs {
            let Some(Placed { x, y, length, text }) = placed(*y, run) else { continue };
            let (fill, more) = (hex(run.look.fore), attributes(run.look.modifier));
            let _ = writeln!(
                out,
                "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\" \
                 fill=\"{fill}\"{more}>{}</text>",
                xml(text)
            );
        }
        out
    }

    /// As [`Self::finished`], but text of one look together, which takes fewer bytes where there is much of it.
    pub(crate) fn gathered(&self) -> String {
        /// What comes before it is in every font.
        const FIRST_SIGN: char = '\u{2100}';
        let mut out = self.geometry();
        let mut looks: BTreeMap<String, String> = BTreeMap::new();
        for (y, run) in &self.runs {
            let Some(Placed { x, y, length, text }) = placed(*y, run) else { continue };
            let look = format!("fill=\"{}\"{}", hex(run.look.fore), attributes(run.look.modifier));
            let out = looks.entry(look).or_default();
            let _ = write!(out, "<text x=\"{x}\" y=\"{y}\"");
            // A sign may come from a font that draws it wide. A single letter has nothing to be spread.
            if text.contains(|c| c >= FIRST_SIGN) {
                let _ = write!(out, " textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\"");
            } else if text.chars().count() > 1 {
                let _ = write!(out, " textLength=\"{length}\"");
            }
            let _ = writeln!(out, ">{}</text>", xml(text));
        }
        for (look, texts) in looks {
            let _ = write!(out, "<g {look}>\n{texts}</g>\n");
        }
        out
    }

    fn geometry(&self) -> String {
        let mut out = String::new();
        for ((_, colour, opacity), areas) in &self.areas {
            let _ = write!(out, "<path fill=\"{}\"", hex(*colour));
            if *opacity < 100 {
                let _ = write!(out, " fill-opacity=\"0.{opacity}\"");
            }
            out.push_str(" d=\"");
            for Area { x, y, w, h } in areas {
                let _ = write!(out, "M{x} {y}h{w}v{h}h-{w}z");
            }
            out.push_str("\"/>\n");
        }
        if !out.is_empty() {
            out = format!("<g shape-rendering=\"crispEdges\">\n{out}</g>\n");
        }
        out.push_str(&self.arcs);
        out
    }
}

/// A run in pixels, without the blanks at its end.
struct Placed<'a> {
    x: u32,
    y: u32,
    length: u32,
    text: &'a str,
}

/// Where a run stands; `None` where it is nothing but blanks.
fn placed(y: u32, run: &Run) -> Option<Placed<'_>> {
    let text = run.text.trim_end_matches(' ');
    let columns = run.columns - (run.text.len() - text.len()) as u32;
    let place = Placed { x: run.column * CELL_WIDTH, y: y + BASELINE, length: columns * CELL_WIDTH, text };
    (!text.is_empty()).then_some(place)
}

/// Puts a symbol at the end of the run where it belongs to it; otherwise begins a new run and returns the old one.
///
/// Two blanks end a run, and so does a change between narrow and wide: what stays together has one advance, so that
/// it lies on the grid even in a renderer that knows no `textLength`.
fn extended(run: &mut Option<Run>, column: u32, columns: u32, symbol: &str, look: Look) -> Option<Run> {
    if let Some(last) = run {
        let characters = last.text.chars().count() as u32;
        let as_wide = last.columns == characters * columns;
        let follows = last.column + last.columns == column;
        let blank = symbol == " " && last.text.ends_with(' ');
        if follows && as_wide && !blank && last.look == look {
            last.text.push_str(symbol);
            last.columns += columns;
            return None;
        }
    }
    let next = (symbol != " ").then(|| Run { column, columns, text: symbol.into(), look });
    std::mem::replace(run, next)
}

/// The modifiers of text as attributes.
fn attributes(modifier: Modifier) -> String {
    let mut out = String::new();
    if modifier.contains(Modifier::BOLD) {
        out.push_str(" font-weight=\"700\"");
    }
    if modifier.contains(Modifier::ITALIC) {
        out.push_str(" font-style=\"italic\"");
    }
    out.push_str(match (modifier.contains(Modifier::UNDERLINED), modifier.contains(Modifier::CROSSED_OUT)) {
        (true, true) => " text-decoration=\"underline line-through\"",
        (true, false) => " text-decoration=\"underline\"",
        (false, true) => " text-decoration=\"line-through\"",
        (false, false) => "",
    });
    out
}
