//! Bars: a picture of horizontal bar panels side by side, one row a variant, drawn by kuva.
//!
//! Bars lie on their side because names are long and of any script: a row has room for one, a column has not.
//! kuva draws axes, ticks, grid and bars. By hand, on kuva's own scene and scale, because kuva 0.6 cannot: names with a
//! `<title>` when they are shortened, a value label on each bar, rows without a bar, whiskers for some bars only
//! (its error bars are all or none), a labelled limit that keeps clear of the bars, and a heading over several panels.
//! A row may be a distribution instead, which `spread` draws.

use std::fmt::Write;

use kuva::plot::BarPlot;
use kuva::render::layout::{ComputedLayout, Layout};
use kuva::render::render::{Scene, TextAnchor, render_bar};

use crate::bench::number::number;
use crate::export::canvas::{
    Caption, LABEL_SIZE, MARGIN, NAME_SIZE, Place, TICK_SIZE, Words, document, layout, moved, plots_into, rect, scene,
    stroke, titled,
};
use crate::export::palette::Palette;
use crate::export::spread::{self, Spread};
use crate::export::text::{fitted, line, width};

/// A whole picture.
#[derive(Debug)]
pub(crate) struct Picture<'a> {
    /// What stands above it.
    pub caption: Caption,
    /// The names of the rows, from the top. Hostile text.
    pub names: Vec<&'a str>,
    /// Side by side.
    pub panels: Vec<Panel>,
    /// The names of the parts of a stacked bar; empty where bars have one part.
    pub series: Vec<&'static str>,
}

/// One panel.
#[derive(Debug)]
pub(crate) struct Panel {
    /// Above it; empty where the picture's title says it all.
    pub title: &'static str,
    /// The axis and its unit.
    pub axis: &'static str,
    /// Index of the first series' colour.
    pub colour: usize,
    /// One a name.
    pub rows: Vec<Row>,
    /// A line across the bars.
    pub limit: Option<LimitLine>,
    /// Said where the limit's label would stand.
    pub note: Option<String>,
}

/// One row of a panel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Row {
    /// A bar.
    Bar {
        /// Its parts, from the axis on.
        parts: Vec<f64>,
        /// An interval around its end.
        whisker: Option<(f64, f64)>,
        /// Said behind it.
        label: String,
    },
    /// How values are distributed. A panel has bars or spreads, never both.
    Spread(Spread),
    /// No bar, and why.
    Missing {
        /// Why.
        why: String,
        /// Whether that is a failure.
        failure: bool,
    },
}

/// A limit drawn as a line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LimitLine {
    /// Where, in the axis' unit.
    pub value: f64,
    /// What it is.
    pub label: String,
}

const ROW: f64 = 30.0;
/// Height of a row that shows a distribution: a line of words, and the shape under it.
const TALL_ROW: f64 = 50.0;
/// Room for 40 characters of a Latin name in all but the widest letters.
const WIDEST_NAME: f64 = 320.0;
/// A limit farther out than so many times the longest bar would squeeze all bars to nothing; it stands at the edge.
const FAR: f64 = 5.0;

/// Places in a picture, in pixels.
struct Frame {
    names: f64,
    panel: f64,
    gap: f64,
    top: f64,
    row: f64,
    plot_top: f64,
    plot_bottom: f64,
    width: f64,
    height: f64,
}

impl Frame {
    fn of(picture: &Picture<'_>) -> Self {
        let widest = picture.names.iter().map(|name| width(&line(name), f64::from(NAME_SIZE))).fold(0.0, f64::max);
        // At least as wide as the words under the names.
        let names = widest.clamp(96.0, WIDEST_NAME).ceil() + 10.0;
        let panels = picture.panels.len() as f64;
        let spread = picture.has_spreads();
        let row = if spread { TALL_ROW } else { ROW };
        let (panel, gap) = (
            if spread {
                410.0
            } else if panels > 1.0 {
                350.0
            } else {
                580.0
            },
            28.0,
        );
        let legend = if spread {
            30.0
        } else if picture.series.is_empty() {
            0.0
        } else {
            24.0
        };
        let top = picture.caption.bottom() + legend;
        let titled = picture.panels.iter().any(|panel| !panel.title.is_empty());
        let lined = picture.panels.iter().any(|panel| panel.limit.is_some() || panel.note.is_some());
        let plot_top = 8.0 + if titled { 22.0 } else { 0.0 } + if lined { 20.0 } else { 0.0 };
        let plot_bottom = plot_top + row * picture.names.len().max(1) as f64;
        Self {
            names,
            panel,
            gap,
            top,
            row,
            plot_top,
            plot_bottom,
            width: MARGIN + names + panels * panel + (panels - 1.0) * gap + MARGIN,
            height: top + plot_bottom + 52.0,
        }
    }

    fn row(&self, index: usize) -> f64 {
        self.plot_top + self.row * (index as f64 + 0.5)
    }
}

impl Picture<'_> {
    fn has_spreads(&self) -> bool {
        self.panels.iter().flat_map(|panel| &panel.rows).any(|row| matches!(row, Row::Spread(_)))
    }
}

/// Draws a picture as one SVG document.
pub(crate) fn draw(picture: &Picture<'_>, palette: &Palette) -> String {
    let frame = Frame::of(picture);
    let mut scene = scene(frame.width, frame.height, palette);
    picture.caption.draw(&mut scene, frame.width - 2.0 * MARGIN, palette);
    legend(&mut scene, picture, &frame, palette);
    names(&mut scene, picture, &frame, palette);
    for (index, panel) in picture.panels.iter().enumerate() {
        let left = MARGIN + frame.names + index as f64 * (frame.panel + frame.gap);
        moved(&mut scene, (left, frame.top), |scene| panel_into(scene, panel, &frame, palette));
    }
    document(scene, &picture.caption, &description(picture), palette)
}

/// Every value of the picture in words.
fn description(picture: &Picture<'_>) -> String {
    let mut text = String::new();
    for panel in &picture.panels {
        let _ = write!(text, "{}", panel.axis);
        for (name, row) in picture.names.iter().zip(&panel.rows) {
            let value = match row {
                Row::Bar { label, .. } => label,
                Row::Spread(spread) => &spread.label,
                Row::Missing { why, .. } => why,
            };
            let _ = write!(text, "; {name}: {value}");
        }
        let said = panel.limit.as_ref().map(|limit| &limit.label).or(panel.note.as_ref());
        if let Some(said) = said {
            let _ = write!(text, "; {said}");
        }
        text.push_str(". ");
    }
    text.trim_end().into()
}

fn legend(scene: &mut Scene, picture: &Picture<'_>, frame: &Frame, palette: &Palette) {
    let (mut x, y) = (MARGIN + frame.names, frame.top - if picture.has_spreads() { 20.0 } else { 14.0 });
    if picture.has_spreads() {
        spread::legend(scene, (x, y), palette);
    }
    for (index, series) in picture.series.iter().enumerate() {
        scene.add(rect(x, y, 12.0, 12.0, palette.series[index % palette.series.len()]));
        scene.add(Words::new(x + 18.0, y + 10.5, series, LABEL_SIZE).primitive());
        x += 18.0 + width(series, f64::from(LABEL_SIZE)) + 22.0;
    }
}

fn names(scene: &mut Scene, picture: &Picture<'_>, frame: &Frame, palette: &Palette) {
    let right = MARGIN + frame.names - 10.0;
    let caption =
        Words { anchor: TextAnchor::End, colour: Some(palette.muted), ..Words::new(0.0, 0.0, "", LABEL_SIZE) };
    let y = frame.top + frame.plot_bottom + 38.0;
    scene.add(Words { x: right, y, content: "Prompt Variant", ..caption }.primitive());
    for (index, name) in picture.names.iter().enumerate() {
        let name = line(name);
        let short = fitted(&name, f64::from(NAME_SIZE), frame.names - 10.0);
        let y = frame.top + frame.row(index) + 4.5;
        titled(scene, &name, &short, &Words { anchor: TextAnchor::End, ..Words::new(right, y, &short, NAME_SIZE) });
    }
}

fn panel_into(scene: &mut Scene, panel: &Panel, frame: &Frame, palette: &Palette) {
    let scale = Scale::of(panel, frame);
    let layout = axes(panel, frame, palette, scale.max);
    let computed = ComputedLayout::from_layout(&layout);
    let spreads: Vec<(f64, &Spread)> = spreads(panel).collect();
    if spreads.is_empty() {
        scene.elements.extend(render_bar(&plot(panel, palette), layout).elements);
    } else {
        plots_into(scene, spread::plots(&spreads, scale.max, palette.series[panel.colour], palette), layout);
    }
    if !panel.title.is_empty() {
        scene.add(Words { bold: true, ..Words::new(0.0, 17.0, panel.title, 13) }.primitive());
    }
    if let Some(limit) = &panel.limit {
        limit_into(scene, limit, &computed, &scale, frame, palette);
    } else if let Some(note) = &panel.note {
        let y = frame.plot_top - 7.0;
        let words = Words { colour: Some(palette.muted), ..Words::new(0.0, y, note, LABEL_SIZE) };
        scene.add(words.primitive());
    }
    for (index, row) in panel.rows.iter().enumerate() {
        row_into(scene, row, frame.row(index), &computed, palette);
        if let Row::Spread(spread) = row {
            spread::words_into(scene, spread, (frame.row(index), frame.panel, scale.max), palette);
        }
    }
}

/// The distributions of a panel, each with the middle of its row: kuva counts rows from the bottom.
fn spreads(panel: &Panel) -> impl Iterator<Item = (f64, &Spread)> {
    panel.rows.iter().rev().zip(1_u32..).filter_map(|(row, at)| match row {
        Row::Spread(spread) => Some((f64::from(at), spread)),
        _ => None,
    })
}

fn axes(panel: &Panel, frame: &Frame, palette: &Palette, max: f64) -> Layout {
    let rows = panel.rows.len().max(1) as f64;
    let height = frame.plot_bottom - frame.plot_top;
    let place = Place { left: 0.0, top: frame.plot_top, width: frame.panel, height, below: 46.0 };
    let mut layout = layout(place, (0.0, max), (0.5, rows + 0.5), palette)
        // No numbers and no grid across the rows: an infinite step has no tick.
        .with_y_tick_step(f64::INFINITY)
        .with_x_label(panel.axis);
    layout.suppress_y_ticks = true;
    layout
}

/// The bars for kuva, which counts rows from the bottom.
fn plot(panel: &Panel, palette: &Palette) -> BarPlot {
    let mut plot = BarPlot::new().with_horizontal(true).with_stacked().with_width(0.6);
    for row in panel.rows.iter().rev() {
        let parts: &[f64] = if let Row::Bar { parts, .. } = row { parts } else { &[] };
        let colour = |index: usize| palette.series[(panel.colour + index) % palette.series.len()];
        plot = plot.with_group("", parts.iter().enumerate().map(|(index, value)| (*value, colour(index))));
    }
    plot
}

/// How far the axis goes.
struct Scale {
    max: f64,
    limit_is_far: bool,
}

impl Scale {
    /// Far enough for every bar with its label and, unless it is too far out, for the limit.
    fn of(panel: &Panel, frame: &Frame) -> Self {
        if let Some(max) = spread::reach(spreads(panel).map(|(_, spread)| spread)) {
            return Self { max, limit_is_far: false };
        }
        let mut longest: f64 = 0.0;
        let mut max: f64 = 0.0;
        for row in &panel.rows {
            if let Row::Bar { parts, whisker, label } = row {
                let end = parts.iter().sum::<f64>().max(whisker.map_or(0.0, |(_, high)| high));
                let label = width(label, f64::from(LABEL_SIZE)) + 18.0;
                longest = longest.max(end);
                max = max.max(end * frame.panel / (frame.panel - label).max(frame.panel / 4.0));
            }
        }
        let limit = panel.limit.as_ref().map_or(0.0, |limit| limit.value);
        let limit_is_far = longest > 0.0 && limit > FAR * longest;
        if !limit_is_far {
            max = max.max(limit * 1.04);
        }
        Self { max: if max > 0.0 { max } else { 1.0 }, limit_is_far }
    }
}

fn limit_into(
    scene: &mut Scene,
    limit: &LimitLine,
    computed: &ComputedLayout,
    scale: &Scale,
    frame: &Frame,
    palette: &Palette,
) {
    let x = if scale.limit_is_far { frame.panel - 1.0 } else { computed.map_x(limit.value) };
    let label = if scale.limit_is_far { format!("{}, off the scale →", limit.label) } else { limit.label.clone() };
    scene.add(stroke((x, frame.plot_top - 2.0), (x, frame.plot_bottom), 1.5, palette.limit, Some("5 3")));
    let half = width(&label, f64::from(LABEL_SIZE)) / 2.0;
    let middle = x.min(frame.panel - half).max(half);
    let words = Words::new(middle, frame.plot_top - 7.0, &label, LABEL_SIZE);
    scene.add(Words { anchor: TextAnchor::Middle, colour: Some(palette.limit), ..words }.primitive());
}

fn row_into(scene: &mut Scene, row: &Row, y: f64, computed: &ComputedLayout, palette: &Palette) {
    match row {
        Row::Missing { why, failure } => {
            let colour = if *failure { palette.failure } else { palette.muted };
            scene.add(Words { colour: Some(colour), ..Words::new(8.0, y + 4.0, why, LABEL_SIZE) }.primitive());
        }
        Row::Spread(_) => {}
        Row::Bar { parts, whisker, label } => {
            parts_into(scene, parts, y, computed, palette);
            let mut end = computed.map_x(parts.iter().sum());
            if let Some((low, high)) = whisker {
                let (low, high) = (computed.map_x(*low), computed.map_x(*high));
                for (x1, y1, x2, y2) in
                    [(low, y, high, y), (low, y - 5.0, low, y + 5.0), (high, y - 5.0, high, y + 5.0)]
                {
                    scene.add(stroke((x1, y1), (x2, y2), 1.5, palette.text, None));
                }
                end = end.max(high);
            }
            // The limit's line may run through here: the label keeps its own ground.
            let room = width(label, f64::from(LABEL_SIZE));
            scene.add(rect(end + 4.0, y - 8.0, room + 6.0, 16.0, palette.background));
            scene.add(Words::new(end + 7.0, y + 4.0, label, LABEL_SIZE).primitive());
        }
    }
}

/// The values of a stacked bar's parts, each inside its part where it fits.
fn parts_into(scene: &mut Scene, parts: &[f64], y: f64, computed: &ComputedLayout, palette: &Palette) {
    let mut sum = 0.0;
    for (index, part) in parts.iter().enumerate().filter(|_| parts.len() > 1) {
        let (from, to) = (computed.map_x(sum), computed.map_x(sum + part));
        sum += part;
        let text = number(*part);
        if width(&text, f64::from(TICK_SIZE)) + 8.0 > to - from {
            continue;
        }
        let words = Words::new(f64::midpoint(from, to), y + 4.0, &text, TICK_SIZE);
        let colour = Some(palette.on_series[index % palette.on_series.len()]);
        scene.add(Words { anchor: TextAnchor::Middle, colour, ..words }.primitive());
    }
}
