//! Look: a terminal cell's colours in a palette, once its modifiers have spoken.

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

use crate::export::glyphs::glyph;
use crate::export::palette::Palette;

/// A colour as red, green, blue.
pub(crate) type Rgb = (u8, u8, u8);

/// How a cell looks once its modifiers and the palette have spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Of text and lines.
    pub fore: Rgb,
    /// Of the ground, where it is not the terminal's own.
    pub back: Option<Rgb>,
    /// Bold, italic and so on.
    pub modifier: Modifier,
}

impl Look {
    /// A cell's look.
    pub(crate) fn of(cell: &Cell, palette: &Palette) -> Self {
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

pub(crate) fn hex((r, g, b): Rgb) -> String {
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
    use ratatui::style::Style;

    use super::*;

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
}
