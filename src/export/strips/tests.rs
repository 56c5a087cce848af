//! Tests of strips: what a browser would show at a moment is what that frame shows.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};

use super::*;
use crate::export::painter::CELL_WIDTH;
use crate::export::palette::DARK;

const COLUMNS: u16 = 24;
const ROWS: u16 = 5;
const LENGTH: u32 = 60;

/// What is seen at each pixel and each letter's place: a colour, or a letter with its look.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    pixels: BTreeMap<(i64, i64), String>,
    letters: BTreeMap<(i64, i64), (char, String)>,
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\""))?.1.split('"').next()
}

fn number(tag: &str, name: &str) -> i64 {
    attribute(tag, name).and_then(|value| value.parse().ok()).unwrap_or_default()
}

/// The value that each animation has at a tick, by the rules of CSS for `step-end`.
fn values(style: &str, tick: u32) -> HashMap<&str, &str> {
    let mut values = HashMap::new();
    for line in style.lines() {
        let (name, frames) = line.strip_prefix("@keyframes ").unwrap().split_once('{').unwrap();
        for frame in frames.strip_suffix('}').unwrap().split_terminator('}') {
            let (percent, value) = frame.split_once("%{").unwrap();
            if percent.parse::<f64>().unwrap() <= f64::from(tick) * 100.0 / f64::from(LENGTH) {
                values.insert(name, value);
            }
        }
    }
    values
}

/// Reads pictures a line each; `values` is empty for a viewer that animates nothing.
fn seen(body: &str, values: &HashMap<&str, &str>) -> Seen {
    let height = i64::from(ROWS) * i64::from(CELL_HEIGHT);
    let mut seen = Seen::default();
    let mut groups = vec![(0, true, String::new())];
    for line in body.lines() {
        let (up, shown, look) = groups.last().cloned().unwrap();
        let mut put = |x: i64, y: i64, what: &str| {
            if shown && (0..height).contains(&(y - up)) {
                seen.pixels.insert((x, y - up), what.to_owned());
            }
        };
        if line == "</g>" {
            groups.pop();
        } else if line.starts_with("<g") {
            let value = attribute(line, "style").and_then(|style| values.get(style.strip_prefix("animation-name:")?));
            let still = attribute(line, "visibility") != Some("hidden");
            groups.push(match value.and_then(|value| value.split_once(':')) {
                Some(("transform", by)) => {
                    let by = by.strip_prefix("translateY(-").and_then(|by| by.strip_suffix("px)")).unwrap();
                    (by.parse().unwrap(), shown, String::new())
                }
                Some(("visibility", how)) => (up, how == "visible", String::new()),
                _ if line.contains(" fill=") => (up, shown, line[3..line.len() - 1].to_owned()),
                _ => (up, shown && still, String::new()),
            });
        } else if line.starts_with("<path") {
            let fill = format!("{:?} {:?}", attribute(line, "fill"), attribute(line, "fill-opacity"));
            for area in attribute(line, "d").unwrap().split_terminator('z') {
                let numbers = area.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse::<i64>().ok());
                let [x, y, w, h, _] = numbers.collect::<Vec<_>>()[..] else { panic!("{area}") };
                (x..x + w).for_each(|x| (y..y + h).for_each(|y| put(x, y, &fill)));
            }
        } else {
            let (tag, text) = line.split_once('>').unwrap();
            let look = if look.is_empty() { tag[tag.find("fill=").unwrap()..].to_owned() } else { look };
            let (mut x, y) = (number(tag, "x"), number(tag, "y") - up);
            for letter in text.strip_suffix("</text>").unwrap().chars() {
                if letter != ' ' && shown && (0..height).contains(&y) {
                    assert!(seen.letters.insert((x, y), (letter, look.clone())).is_none(), "painted twice: {line}");
                }
                x += i64::from(CELL_WIDTH) * i64::from(letter.to_string().width() as u32);
            }
        }
    }
    seen
}

fn frame(texts: &[(u16, u16, String, Style)]) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, COLUMNS, ROWS));
    for (x, y, text, style) in texts {
        buffer.set_string(*x, *y, text, *style);
    }
    buffer
}

/// What a frame shows when it is painted by itself.
fn alone(buffer: &Buffer) -> Seen {
    let mut painter = Painter::new(&DARK);
    for (row, cells) in (0..).zip(buffer.content.chunks(COLUMNS.into())) {
        painter.cells(0, row * CELL_HEIGHT, cells);
    }
    seen(&painter.finished(), &HashMap::new())
}

fn is_shown_as_drawn(frames: &[Buffer]) {
    let mut reel = Reel::default();
    for (at, buffer) in (0..).zip(frames) {
        reel.show(at, buffer);
    }
    let strips = Strips::of(&reel, LENGTH, &DARK);
    for (at, buffer) in (0..).zip(frames) {
        assert_eq!(seen(&strips.body, &values(&strips.style, at)), alone(buffer), "frame {at}");
    }
    let last = frames.last().unwrap();
    assert_eq!(seen(&strips.body, &values(&strips.style, LENGTH - 1)), alone(last), "at the end");
    assert_eq!(seen(&strips.body, &HashMap::new()), alone(last), "without animation");
}

#[test]
fn words_that_move_wide_letters_bars_and_whole_views() {
    let plain = Style::new();
    let dashboard = |n: usize| {
        let bar = "█".repeat(n % 7) + "▌";
        frame(&[
            (0, 0, "title".into(), plain.bold()),
            (0, 1, format!("{}/9 done in {} s", n / 3, 8 + n), plain),
            (0, 2, "────────".into(), plain),
            (2, 3, bar, plain.green()),
            (12, 3, if n.is_multiple_of(2) { "漢字" } else { "abcd" }.into(), plain.on_blue()),
        ])
    };
    let view = frame(&[(0, 0, "title".into(), plain.bold()), (0, 1, "quite another text".into(), plain.red())]);
    let mut frames: Vec<Buffer> = (0..8).map(dashboard).collect();
    frames.extend([view.clone(), view.clone()]);
    frames.extend((8..14).map(dashboard));
    is_shown_as_drawn(&frames);
    frames.push(view);
    is_shown_as_drawn(&frames);
    is_shown_as_drawn(&frames[..1]);
}

#[test]
fn what_never_changes_is_stored_once_and_what_comes_again_too() {
    let mut reel = Reel::default();
    for at in 0..20 {
        let turn = ["one", "two"][at as usize % 2].into();
        reel.show(at, &frame(&[(0, 0, "still".into(), Style::new()), (0, 2, turn, Style::new())]));
    }
    let strips = Strips::of(&reel, LENGTH, &DARK);
    for word in [">still<", ">one<", ">two<"] {
        assert_eq!(strips.body.matches(word).count(), 1, "{word}");
    }
    assert_eq!(strips.style.lines().count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_frames(changes in prop::collection::vec(
        prop::collection::vec((0..COLUMNS, 0..ROWS, "[a-c █─漢]{1,9}", 0..4_u8), 0..4), 1..12)
    ) {
        let mut shown = Vec::new();
        let frames: Vec<Buffer> = changes.into_iter().map(|changed| {
            shown.extend(changed.into_iter().map(|(x, y, text, look)| {
                let style = match look {
                    0 => Style::new(),
                    1 => Style::new().bold(),
                    2 => Style::new().fg(Color::Green),
                    _ => Style::new().on_blue(),
                };
                (x, y, text, style)
            }));
            frame(&shown)
        }).collect();
        is_shown_as_drawn(&frames);
    }
}
