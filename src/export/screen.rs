//! Screen: a terminal's buffer as one SVG, every cell on its grid.

use ratatui::buffer::Buffer;

use crate::export::painter::{CELL_HEIGHT, CELL_WIDTH, FONT, FONT_SIZE, Painter};
use crate::export::palette::Palette;

/// Around the cells, in pixels.
pub(crate) const MARGIN: u32 = 12;

/// Draws a terminal's buffer as an SVG document, in the dark palette or in the light one.
///
/// Boxes, blocks, gauges and braille are drawn as geometry; text is pinned to the grid whatever the font's advance is.
pub fn svg(buffer: &Buffer, dark: bool) -> String {
    let palette = Palette::of(dark);
    let (columns, rows) = (u32::from(buffer.area.width), u32::from(buffer.area.height));
    let mut painter = Painter::new(palette);
    for (row, cells) in (0..rows).zip(buffer.content.chunks(columns.max(1) as usize)) {
        painter.cells(0, row * CELL_HEIGHT, cells);
    }
    format!(
        "{}<title>quotient dashboard</title>\n<desc>A terminal of {columns} columns and {rows} rows.</desc>\n\
         {}<g transform=\"translate({MARGIN},{MARGIN})\" font-family=\"{FONT}\" font-size=\"{FONT_SIZE}\">\n{}</g>\n</svg>\n",
        opened((columns, rows)),
        ground((columns, rows), palette),
        painter.finished(),
    )
}

/// The beginning of a document for a terminal of this many columns and rows.
pub(crate) fn opened(size: (u32, u32)) -> String {
    let (width, height) = pixels(size);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"quotient dashboard\">\n"
    )
}

/// What lies behind the cells.
pub(crate) fn ground(size: (u32, u32), palette: &Palette) -> String {
    let (width, height) = pixels(size);
    format!(
        "<rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\" fill=\"{}\" stroke=\"{}\"/>\n",
        width - 1,
        height - 1,
        palette.background,
        palette.grid,
    )
}

/// Width and height of a picture of this many columns and rows.
fn pixels((columns, rows): (u32, u32)) -> (u32, u32) {
    (columns * CELL_WIDTH + 2 * MARGIN, rows * CELL_HEIGHT + 2 * MARGIN)
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
    fn an_empty_buffer_is_a_picture_too() {
        assert!(svg(&Buffer::empty(Rect::new(0, 0, 0, 0)), false).ends_with("</svg>\n"));
    }
}
