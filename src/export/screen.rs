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
    modifier: Modifier,
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
            let shape = if look.modifier.contains(Modifier::HIDDEN) {
                Some(Glyph::Areas(Vec::new(), 100))
            } else {
                glyph(symbol)
            };
            match shape {
                Some(shape) => self.shape(shape, (x, y), look.fore),
                None => {
                    if let Some(done) = extended(&mut run, column as u32, columns as u32, symbol, look) {
                        self.text(row, &done);
                    }
                }
            }
            column += columns;
        }
        if let Some(done) = run {
            self.text(row, &done);
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

    fn text(&mut self, row: u32, run: &Run) {
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
        let _ = writeln!(self.text, "{}>{}</text>", attributes(look.modifier), xml(trimmed));
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
    let next = (symbol != " ").then(|| Run { column, columns, text: symbol.into(), look });
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
        // A theme chosen for dark terminals must be readable in the light picture too. Geometry may be faint.
        if glyph(cell.symbol()).is_none() {
            fore = readable(fore, back.unwrap_or(ground), [rgb(palette.text), ground]);
        }
        Self { fore, back, modifier: cell.modifier }
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

/// The text's colour, or where it is too close to its ground, the one of two that stands out best.
fn readable(fore: Rgb, ground: Rgb, others: [Rgb; 2]) -> Rgb {
    /// As WCAG asks of large text and signs.
    const LEAST: f64 = 3.0;
    if contrast(fore, ground) >= LEAST {
        return fore;
    }
    let [one, other] = others;
    if contrast(one, ground) >= contrast(other, ground) { one } else { other }
}

/// The contrast ratio of two colours, 1 to 21 (<https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>).
fn contrast(a: Rgb, b: Rgb) -> f64 {
    let channel = |value: u8| {
        let share = f64::from(value) / 255.0;
        if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = |(r, g, b): Rgb| 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    fn drawn(text: &str, style: Style) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 1));
        buffer.set_string(0, 0, text, style);
        svg(&buffer, true)
    }

    #[test]
    fn text_is_pinned_to_its_columns() {
        assert!(drawn("hello", Style::new()).contains("<text x=\"0\" y=\"12\" textLength=\"40\""));
        let gap = drawn("one two  three", Style::new());
        assert!(gap.contains(">one two</text>") && gap.contains("<text x=\"72\""), "{gap}");
    }

    #[test]
    fn wide_glyphs_take_two_columns_and_are_a_run_of_their_own() {
        let svg = drawn("ab漢字c", Style::new());
        assert!(svg.contains("x=\"0\" y=\"12\" textLength=\"16\""), "{svg}");
        assert!(svg.contains("x=\"16\" y=\"12\" textLength=\"32\""), "{svg}");
        assert!(svg.contains("x=\"48\" y=\"12\" textLength=\"8\""), "{svg}");
    }

    #[test]
    fn modifiers_are_honoured() {
        assert!(drawn("x", Style::new().bold()).contains("font-weight=\"700\""));
        assert!(drawn("x", Style::new().italic()).contains("font-style=\"italic\""));
        assert!(drawn("x", Style::new().underlined()).contains("text-decoration=\"underline\""));
        let both = drawn("x", Style::new().underlined().crossed_out());
        assert_eq!(both.matches("text-decoration=\"underline line-through\"").count(), 1);
        assert!(!drawn("x", Style::new().hidden()).contains("<text"));
        let Palette { text, background, .. } = Palette::of(true);
        let reversed = drawn("x", Style::new().reversed());
        assert!(reversed.contains(&format!("<path fill=\"{text}\" d=\"M0 0h8v16h-8z\"")), "{reversed}");
        assert!(reversed.contains(&format!("fill=\"{background}\">x</text>")), "{reversed}");
        assert!(!drawn("x", Style::new().dim()).contains(&format!("fill=\"{text}\">x")));
    }

    #[test]
    fn a_bar_is_one_rectangle() {
        assert!(drawn("█████", Style::new().blue()).contains("d=\"M0 0h40v16h-40z\""));
        assert!(drawn("─────", Style::new()).contains("d=\"M0 7h40v1h-40z\""));
    }

    #[test]
    fn every_colour_has_a_value_and_text_is_readable() {
        assert_eq!(colour(Color::Indexed(16), Palette::of(true)), Some((0, 0, 0)));
        assert_eq!(colour(Color::Indexed(231), Palette::of(true)), Some((255, 255, 255)));
        assert_eq!(colour(Color::Indexed(255), Palette::of(true)), Some((238, 238, 238)));
        for dark in [true, false] {
            let palette = Palette::of(dark);
            for index in 0..=255 {
                for style in [Style::new().fg(Color::Indexed(index)), Style::new().black().bg(Color::Indexed(index))] {
                    let mut cell = Cell::new("x");
                    cell.set_style(style);
                    let look = Look::of(&cell, palette);
                    assert!(contrast(look.fore, look.back.unwrap_or(rgb(palette.background))) >= 3.0, "{index} {dark}");
                }
            }
        }
    }

    #[test]
    fn an_empty_buffer_is_a_picture_too() {
        assert!(svg(&Buffer::empty(Rect::new(0, 0, 0, 0)), false).ends_with("</svg>\n"));
    }
}
