//! Screen: a terminal's buffer as one SVG, every cell on its grid.

use std::collections::BTreeMap;
use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use crate::export::glyphs::{Area, Glyph, glyph};
use crate::export::palette::Palette;
use crate::export::text::xml;

/// A cell in pixels; a multiple of eight each way, so that every eighth block ends on a whole pixel.
pub(crate) const CELL_WIDTH: u32 = 8;
/// See [`CELL_WIDTH`].
pub(crate) const CELL_HEIGHT: u32 = 16;
const FONT_SIZE: f64 = 13.3;
const BASELINE: u32 = 12;
const MARGIN: u32 = 12;
const FONT: &str = "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, Noto Sans Mono CJK JP, monospace";

/// A colour as red, green, blue.
type Rgb = (u8, u8, u8);

/// How a cell looks once its modifiers and the palette have spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    fore: Rgb,
    back: Option<Rgb>,
    bold: bool,
    italic: bool,
    underlined: bool,
    crossed: bool,
    hidden: bool,
}

/// Text of one look, from a column on, over so many columns.
#[derive(Debug)]
struct Run {
    column: u32,
    columns: u32,
    text: String,
    look: Look,
}

/// Draws a terminal's buffer as an SVG document, in the dark palette or in the light one.
///
/// Boxes, blocks, gauges and braille are drawn as geometry; text is pinned to the grid whatever the font's advance is.
pub fn svg(buffer: &Buffer, dark: bool) -> String {
    let palette = Palette::of(dark);
    let (columns, rows) = (u32::from(buffer.area.width), u32::from(buffer.area.height));
    let (width, height) = (columns * CELL_WIDTH + 2 * MARGIN, rows * CELL_HEIGHT + 2 * MARGIN);
    let mut painter = Painter::new(palette);
    for (row, cells) in (0..rows).zip(buffer.content.chunks(columns.max(1) as usize)) {
        painter.row(row, cells);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"quotient dashboard\">\n\
         <title>quotient dashboard</title>\n<desc>A terminal of {columns} columns and {rows} rows.</desc>\n\
         <rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"{}\" stroke=\"{}\"/>\n\
         <g transform=\"translate({MARGIN},{MARGIN})\" font-family=\"{FONT}\" font-size=\"{FONT_SIZE}\">\n{}</g>\n</svg>\n",
        width - 1,
        height - 1,
        palette.background,
        palette.grid,
        painter.finished(),
    )
}

/// What was painted so far.
struct Painter {
    palette: &'static Palette,
    /// Rectangles by layer (0 ground, 1 figure), colour and opacity.
    areas: BTreeMap<(u8, Rgb, u8), Vec<Area>>,
    arcs: String,
    text: String,
}

impl Painter {
    fn new(palette: &'static Palette) -> Self {
        Self { palette, areas: BTreeMap::new(), arcs: String::new(), text: String::new() }
    }

    fn row(&mut self, row: u32, cells: &[Cell]) {
        let mut run: Option<Run> = None;
        let mut column = 0;
        while let Some(cell) = cells.get(column) {
            let symbol = cell.symbol();
            let columns = symbol.width().clamp(1, cells.len() - column);
            let look = Look::of(cell, self.palette);
            let (x, y) = (column as u32 * CELL_WIDTH, row * CELL_HEIGHT);
            if let Some(back) = look.back {
                let wide = columns as u32 * CELL_WIDTH;
                self.area((0, back, 100), Area { x, y, w: wide, h: CELL_HEIGHT });
            }
            let shape = if look.hidden { Some(Glyph::Areas(Vec::new(), 100)) } else { glyph(symbol) };
            match shape {
                Some(shape) => self.shape(shape, (x, y), look.fore),
                None => {
                    if let Some(done) = extended(&mut run, column as u32, columns as u32, symbol, look) {
                        self.text(row, done);
                    }
                }
            }
            column += columns;
        }
        if let Some(done) = run {
            self.text(row, done);
        }
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

    /// Adds a rectangle; one that goes on to the right where the last one ends becomes one with it.
    fn area(&mut self, key: (u8, Rgb, u8), area: Area) {
        let areas = self.areas.entry(key).or_default();
        let joins = |last: &&mut Area| last.y == area.y && last.h == area.h && last.x + last.w == area.x;
        // Not far back: a cell has at most eight rectangles.
        match areas.iter_mut().rev().take(16).find(joins) {
            Some(last) => last.w += area.w,
            None => areas.push(area),
        }
    }

    fn text(&mut self, row: u32, run: Run) {
        let trimmed = run.text.trim_end_matches(' ');
        let columns = run.columns - (run.text.len() - trimmed.len()) as u32;
        if trimmed.is_empty() {
            return;
        }
        let look = run.look;
        let _ = write!(
            self.text,
            "<text x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"",
            run.column * CELL_WIDTH,
            row * CELL_HEIGHT + BASELINE,
            columns * CELL_WIDTH,
            hex(look.fore)
        );
        if look.bold {
            self.text.push_str(" font-weight=\"700\"");
        }
        if look.italic {
            self.text.push_str(" font-style=\"italic\"");
        }
        let lines = [(look.underlined, "underline"), (look.crossed, "line-through")];
        let lines: Vec<&str> = lines.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect();
        if !lines.is_empty() {
            let _ = write!(self.text, " text-decoration=\"{}\"", lines.join(" "));
        }
        let _ = writeln!(self.text, ">{}</text>", xml(trimmed));
    }

    /// Grounds first, then geometry, then text.
    fn finished(self) -> String {
        let mut out = String::from("<g shape-rendering=\"crispEdges\">\n");
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
        out.push_str("</g>\n");
        out.push_str(&self.arcs);
        out.push_str(&self.text);
        out
    }
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
    // An underlined or crossed-out blank is ink; any other is not.
    let ink = symbol != " " || look.underlined || look.crossed;
    let next = ink.then(|| Run { column, columns, text: symbol.into(), look });
    std::mem::replace(run, next)
}

impl Look {
    fn of(cell: &Cell, palette: &Palette) -> Self {
        let has = |modifier| cell.modifier.contains(modifier);
        let ground = rgb(palette.background);
        let mut fore = colour(cell.fg, palette).unwrap_or_else(|| rgb(palette.text));
        let mut back = colour(cell.bg, palette);
        if has(Modifier::REVERSED) {
            (fore, back) = (back.unwrap_or(ground), Some(fore));
        }
        if has(Modifier::DIM) {
            fore = mixed(fore, back.unwrap_or(ground));
        }
        Self {
            fore,
            back,
            bold: has(Modifier::BOLD),
            italic: has(Modifier::ITALIC),
            underlined: has(Modifier::UNDERLINED),
            crossed: has(Modifier::CROSSED_OUT),
            hidden: has(Modifier::HIDDEN),
        }
    }
}

/// A terminal's colour in a palette; `None` is the terminal's own.
fn colour(colour: Color, palette: &Palette) -> Option<Rgb> {
    let named = |index: usize| Some(rgb(palette.ansi[index]));
    match colour {
        Color::Reset => None,
        Color::Black => named(0),
        Color::Red => named(1),
        Color::Green => named(2),
        Color::Yellow => named(3),
        Color::Blue => named(4),
        Color::Magenta => named(5),
        Color::Cyan => named(6),
        Color::Gray => named(7),
        Color::DarkGray => named(8),
        Color::LightRed => named(9),
        Color::LightGreen => named(10),
        Color::LightYellow => named(11),
        Color::LightBlue => named(12),
        Color::LightMagenta => named(13),
        Color::LightCyan => named(14),
        Color::White => named(15),
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(index) => match index {
            0..=15 => named(index.into()),
            // The colour cube and the greys of every terminal with 256 colours.
            16..=231 => {
                let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
                let n = index - 16;
                Some((level(n / 36), level(n / 6 % 6), level(n % 6)))
            }
            232..=255 => Some([8 + 10 * (index - 232); 3].into()),
        },
    }
}

/// `#rrggbb` of the palette.
fn rgb(hex: &str) -> Rgb {
    let channel = |at: usize| hex.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok()).unwrap_or(0);
    (channel(1), channel(3), channel(5))
}

fn hex((r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// Dim: 60 % of a colour on its ground.
fn mixed(fore: Rgb, ground: Rgb) -> Rgb {
    let mix = |a: u8, b: u8| ((u16::from(a) * 6 + u16::from(b) * 4) / 10) as u8;
    (mix(fore.0, ground.0), mix(fore.1, ground.1), mix(fore.2, ground.2))
}
