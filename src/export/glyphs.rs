//! Glyphs: box, block and braille characters as rectangles, so that they join without seams in every font.

use crate::export::painter::{CELL_HEIGHT, CELL_WIDTH};

/// A rectangle inside a cell, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Area {
    /// From the cell's left edge.
    pub x: u32,
    /// From the cell's upper edge.
    pub y: u32,
    /// Width.
    pub w: u32,
    /// Height.
    pub h: u32,
}

/// A character as geometry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Glyph {
    /// Rectangles, painted at so many per cent.
    Areas(Vec<Area>, u8),
    /// A rounded corner: whether it opens to the right, and whether it opens downwards.
    Arc(bool, bool),
}

/// The geometry of a character; `None` for one that a font must draw.
pub(crate) fn glyph(symbol: &str) -> Option<Glyph> {
    let mut characters = symbol.chars();
    let (Some(c), None) = (characters.next(), characters.next()) else { return None };
    let code = u32::from(c);
    match code {
        0x256D..=0x2570 => Some(Glyph::Arc(matches!(c, '╭' | '╰'), matches!(c, '╭' | '╮'))),
        0x2500..=0x257F => lines(code),
        0x2580..=0x259F => Some(blocks(code)),
        0x2800..=0x28FF => Some(Glyph::Areas(dots(code), 100)),
        _ => None,
    }
}

const fn area(x: u32, y: u32, w: u32, h: u32) -> Area {
    Area { x, y, w, h }
}

/// Arms of U+2500 to U+257F as (up, right, down, left): 0 none, 1 light, 2 heavy, 3 double, `-` none of these.
const ARMS: [&str; 8] = [
    "0101 0202 1010 2020 0101 0202 1010 2020 0101 0202 1010 2020 0110 0210 0120 0220",
    "0011 0012 0021 0022 1100 1200 2100 2200 1001 1002 2001 2002 1110 1210 2110 1120",
    "2120 2210 1220 2220 1011 1012 2011 1021 2021 2012 1022 2022 0111 0112 0211 0212",
    "0121 0122 0221 0222 1101 1102 1201 1202 2101 2102 2201 2202 1111 1112 1211 1212",
    "2111 1121 2121 2112 2211 1122 1221 2212 1222 2122 2221 2222 0101 0202 1010 2020",
    "0303 3030 0310 0130 0330 0013 0031 0033 1300 3100 3300 1003 3001 3003 1310 3130",
    "3330 1013 3031 3033 0313 0131 0333 1303 3101 3303 1313 3131 3333 ---- ---- ----",
    "---- ---- ---- ---- 0001 1000 0100 0010 0002 2000 0200 0020 0201 1020 0102 2010",
];

/// Thickness of a light line and of each of a double one's.
const LIGHT: u32 = 1;
/// Thickness of a heavy line.
const HEAVY: u32 = 2;

fn lines(code: u32) -> Option<Glyph> {
    let index = (code - 0x2500) as usize;
    let mut arms = [0; 4];
    for (arm, c) in arms.iter_mut().zip(ARMS[index / 16].split(' ').nth(index % 16)?.chars()) {
        *arm = c.to_digit(10)?;
    }
    let mut areas = Vec::new();
    // From the left on, so that what lies in a row joins in that order.
    for side in [3, 1, 0, 2] {
        let weight = arms[side];
        let crossing = [arms[(side + 1) % 4], arms[(side + 3) % 4]];
        areas.extend(strokes(side, weight, crossing).into_iter().map(|stroke| arm(side, stroke)));
    }
    Some(Glyph::Areas(dashed(code, areas), 100))
}

/// One stroke of an arm.
#[derive(Debug, Clone, Copy)]
struct Stroke {
    /// Offset across the arm from the middle.
    across: i32,
    /// Thickness.
    thick: u32,
    /// How far an arm from the left or from above goes beyond the middle.
    over: i32,
    /// How far an arm from the right or from below goes beyond the middle.
    under: i32,
}

/// The strokes of one arm. `crossing` are the weights of the arms on its two sides (clockwise first): strokes go as far
/// beyond the middle as the line that they meet is thick, so that corners are filled.
fn strokes(side: usize, weight: u32, crossing: [u32; 2]) -> Vec<Stroke> {
    let thickest = crossing.into_iter().max().unwrap_or(0);
    let (over, under) = match thickest {
        2 => (1, 0),
        3 => (1, 1),
        _ => (0, 0),
    };
    match weight {
        1 => vec![Stroke { across: 0, thick: LIGHT, over, under }],
        2 => vec![Stroke { across: 0, thick: HEAVY, over, under }],
        3 => {
            // Each of the two lines stops at the near line of a double crossing on its own side, else at the far one.
            let line = |across: i32, crossing: u32| {
                let reach = if crossing == 3 { -1 } else { 1 };
                Stroke { across, thick: LIGHT, over: reach, under: reach }
            };
            // Clockwise of up is right (plus), of right is down (plus), of down is left (minus), of left is up (minus).
            let [clockwise, counter] = crossing;
            let (plus, minus) = if side < 2 { (clockwise, counter) } else { (counter, clockwise) };
            vec![line(1, plus), line(-1, minus)]
        }
        _ => Vec::new(),
    }
}

/// One stroke of an arm (0 up, 1 right, 2 down, 3 left) as a rectangle.
fn arm(side: usize, stroke: Stroke) -> Area {
    let Stroke { across, thick, over, under } = stroke;
    let (middle_x, middle_y) = (CELL_WIDTH / 2 - 1, CELL_HEIGHT / 2 - 1);
    let end = |middle: u32| middle.saturating_add_signed(1 + over);
    let start = |middle: u32| middle.saturating_add_signed(-under);
    let (x, y) = (middle_x.saturating_add_signed(across), middle_y.saturating_add_signed(across));
    match side {
        0 => area(x, 0, thick, end(middle_y)),
        1 => area(start(middle_x), y, CELL_WIDTH - start(middle_x), thick),
        2 => area(x, start(middle_y), thick, CELL_HEIGHT - start(middle_y)),
        _ => area(0, y, end(middle_x), thick),
    }
}

/// Dashed lines with their gaps: two, three or four dashes a cell.
fn dashed(code: u32, areas: Vec<Area>) -> Vec<Area> {
    let dashes = match code {
        0x254C..=0x254F => 2,
        0x2504..=0x2507 => 3,
        0x2508..=0x250B => 4,
        _ => return areas,
    };
    let Some(thick) = areas.iter().map(|a| a.w.min(a.h)).min() else { return areas };
    let (middle_x, middle_y) = (CELL_WIDTH / 2 - 1, CELL_HEIGHT / 2 - 1);
    let vertical = areas.iter().all(|a| a.h > a.w);
    let whole = if vertical { CELL_HEIGHT } else { CELL_WIDTH };
    (0..dashes)
        .map(|n| {
            let (from, to) = (n * whole / dashes, (n + 1) * whole / dashes);
            let long = (to - from).saturating_sub(1).max(1);
            if vertical { area(middle_x, from, thick, long) } else { area(from, middle_y, long, thick) }
        })
        .collect()
}

fn blocks(code: u32) -> Glyph {
    let (w, h) = (CELL_WIDTH, CELL_HEIGHT);
    let one = |area: Area| Glyph::Areas(vec![area], 100);
    match code {
        0x2580 => one(area(0, 0, w, h / 2)),
        0x2581..=0x2588 => {
            let tall = (code - 0x2580) * h / 8;
            one(area(0, h - tall, w, tall))
        }
        0x2589..=0x258F => one(area(0, 0, (0x2590 - code) * w / 8, h)),
        0x2590 => one(area(w / 2, 0, w / 2, h)),
        0x2591..=0x2593 => Glyph::Areas(vec![area(0, 0, w, h)], [25, 50, 75][(code - 0x2591) as usize]),
        0x2594 => one(area(0, 0, w, h / 8)),
        0x2595 => one(area(w - w / 8, 0, w / 8, h)),
        _ => quadrants(code),
    }
}

/// U+2596 to U+259F as bits: 1 upper left, 2 upper right, 4 lower left, 8 lower right.
const QUADRANTS: [u8; 10] = [4, 8, 1, 13, 9, 7, 11, 2, 6, 14];

fn quadrants(code: u32) -> Glyph {
    let bits = QUADRANTS[(code - 0x2596) as usize];
    let (w, h) = (CELL_WIDTH / 2, CELL_HEIGHT / 2);
    let corners = [(0, 0), (w, 0), (0, h), (w, h)];
    let set = corners.into_iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
    Glyph::Areas(set.map(|(_, (x, y))| area(x, y, w, h)).collect(), 100)
}

/// The place of each braille bit as (column, row).
const BRAILLE: [(u32, u32); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];

fn dots(code: u32) -> Vec<Area> {
    let bits = code - 0x2800;
    let set = BRAILLE.into_iter().enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
    set.map(|(_, (column, row))| {
        area(column * CELL_WIDTH / 2 + 1, row * CELL_HEIGHT / 4 + 1, CELL_WIDTH / 4, CELL_HEIGHT / 8)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A glyph as text, a character a pixel.
    fn painted(symbol: &str) -> Vec<String> {
        let Some(Glyph::Areas(areas, _)) = glyph(symbol) else { panic!("{symbol} is no set of areas") };
        (0..CELL_HEIGHT)
            .map(|y| {
                (0..CELL_WIDTH)
                    .map(|x| {
                        let inside = |a: &Area| x >= a.x && x < a.x + a.w && y >= a.y && y < a.y + a.h;
                        if areas.iter().any(inside) { '#' } else { '.' }
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn every_area_stays_in_its_cell() {
        for c in ('\u{2500}'..='\u{259F}').chain('\u{2800}'..='\u{28FF}') {
            if let Some(Glyph::Areas(areas, _)) = glyph(&c.to_string()) {
                for a in &areas {
                    assert!(a.x + a.w <= CELL_WIDTH && a.y + a.h <= CELL_HEIGHT, "{c}: {a:?}");
                    assert!(a.w > 0 && a.h > 0, "{c}: {a:?}");
                }
                assert!(c == '\u{2800}' || !areas.is_empty(), "{c} is empty");
            }
        }
    }

    #[test]
    fn lines_join_their_neighbours() {
        let edges = |symbol: &str| {
            let rows = painted(symbol);
            let column = |at: usize| -> String { rows.iter().filter_map(|row| row.chars().nth(at)).collect() };
            (rows[0].clone(), column(CELL_WIDTH as usize - 1), rows[rows.len() - 1].clone(), column(0))
        };
        for (across, upright, corner) in [("─", "│", "┌"), ("━", "┃", "┏"), ("═", "║", "╔")] {
            assert_eq!(edges(corner).1, edges(across).3, "{corner} to {across}");
            assert_eq!(edges(corner).2, edges(upright).0, "{corner} to {upright}");
        }
        assert_eq!(edges("┼").0, edges("│").2);
        assert_eq!(edges("╬").1, edges("═").3);
    }

    #[test]
    fn a_double_corner_has_two_lines() {
        let rows = painted("╔");
        assert_eq!(rows[6], "..######");
        assert_eq!(rows[7], "..#.....");
        assert_eq!(rows[8], "..#.####");
        assert_eq!(rows[9], "..#.#...");
    }

    #[test]
    fn blocks_and_braille() {
        assert_eq!(glyph("█"), Some(Glyph::Areas(vec![area(0, 0, 8, 16)], 100)));
        assert_eq!(glyph("▏"), Some(Glyph::Areas(vec![area(0, 0, 1, 16)], 100)));
        assert_eq!(glyph("▄"), Some(Glyph::Areas(vec![area(0, 8, 8, 8)], 100)));
        assert_eq!(glyph("▚"), Some(Glyph::Areas(vec![area(0, 0, 4, 8), area(4, 8, 4, 8)], 100)));
        assert_eq!(glyph("⠁"), Some(Glyph::Areas(vec![area(1, 1, 2, 2)], 100)));
        assert_eq!(glyph("⣿").map(|g| matches!(g, Glyph::Areas(dots, 100) if dots.len() == 8)), Some(true));
        assert_eq!(glyph("▒"), Some(Glyph::Areas(vec![area(0, 0, 8, 16)], 50)));
        assert_eq!(glyph("╭"), Some(Glyph::Arc(true, true)));
        assert_eq!(glyph("a"), None);
        assert_eq!(glyph("╱"), None);
    }
}
