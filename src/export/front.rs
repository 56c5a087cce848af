//! Front: what a request takes against the share of accepted answers, and the variants that no other beats in both.
//!
//! kuva draws axes, intervals, points and the front's line. By hand: the names, which must keep clear of points and of
//! each other and may be of any length and script; kuva's own labels know neither.

use std::borrow::Cow;
use std::fmt::Write;

use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::layout::ComputedLayout;
use kuva::render::plots::Plot;
use kuva::render::render::Scene;

use crate::bench::number::number;
use crate::bench::pareto;
use crate::bench::report::{ModelReport, RunReport, VariantReport};
use crate::export::canvas::{
    BOLD, LABEL_SIZE, MARGIN, Place, Words, document, layout, mark, moved, plots_into, rect, scene, stroke, titled,
};
use crate::export::charts::{Chart, caption, why_missing};
use crate::export::columns::estimated;
use crate::export::palette::Palette;
use crate::export::place::{Area, Beside, Segment, place};
use crate::export::text::{fitted, line, width};

const LEFT: f64 = 62.0;
const GAP: f64 = 40.0;
const ABOVE: f64 = 12.0;
const BELOW: f64 = 46.0;
/// The widest name beside a point.
const WIDEST: f64 = 150.0;
const WORDS_HIGH: f64 = 15.0;
/// Half of a mark's size.
const MARK: f64 = 5.0;
/// Words that are farther from their point than that have a line to it.
const BESIDE: f64 = 10.0;

/// More points than this and only the front's have their names beside them, if those are few; the others have numbers,
/// told below.
const CROWDED: usize = 10;

/// What is on the axis to the right. Either rests on token counts that may be estimates.
struct Taken {
    axis: &'static str,
    of: fn(&VariantReport) -> Option<f64>,
}

const TOKENS: Taken = Taken { axis: "Quota tokens per request", of: |v| v.quota_tokens.settled };
const COST: Taken =
    Taken { axis: "US dollars per 1,000 requests", of: |v| v.cost_usd_per_request.map(|usd| usd * 1_000.0) };

/// A variant as a point.
struct Point {
    /// Its place among the variants, from 1.
    number: usize,
    name: String,
    x: f64,
    /// Share of accepted answers and its interval, in per cent.
    y: f64,
    low: f64,
    high: f64,
    front: bool,
}

impl Point {
    fn of(variant: &VariantReport, number: usize, taken: &Taken) -> Option<Self> {
        let x = (taken.of)(variant).filter(|x| x.is_finite())?;
        let y = variant.accepted.rate? * 100.0;
        Some(Self {
            number,
            name: estimated(variant, line(&variant.name).into_owned()),
            x,
            y,
            low: variant.accepted.low.map_or(y, |low| low * 100.0).min(y),
            high: variant.accepted.high.map_or(y, |high| high * 100.0).max(y),
            front: false,
        })
    }
}

/// The points of a model, and who of them is on the front.
fn points(model: &ModelReport, taken: &Taken) -> Vec<Point> {
    let numbered = model.variants.iter().zip(1..);
    let mut points: Vec<Point> = numbered.filter_map(|(v, number)| Point::of(v, number, taken)).collect();
    let all: Vec<(f64, f64)> = points.iter().map(|point| (point.x, point.y)).collect();
    for (point, front) in points.iter_mut().zip(pareto::front(&all)) {
        point.front = front;
    }
    points
}

/// A line below the plots.
enum Foot {
    /// Whose number it is.
    Key(String),
    /// Who has no point and why, and whether that is a failure.
    Missing(String, bool),
}

fn feet(model: &ModelReport, points: &[Point]) -> Vec<Foot> {
    let missing = model.variants.iter().zip(1..).filter(|(_, number)| points.iter().all(|p| p.number != *number));
    let missing = missing.map(|(v, _)| {
        let (why, failure) = why_missing(v);
        Foot::Missing(format!("{}: {why}", line(&v.name)), failure)
    });
    let key = points.iter().filter(|_| points.len() > CROWDED).map(|p| Foot::Key(format!("{} · {}", p.number, p.name)));
    key.chain(missing).collect()
}

/// Draws the chart: by quota tokens, and by money where every price is known.
pub(crate) fn draw(chart: &Chart, run: &RunReport, model: &ModelReport, palette: &Palette) -> String {
    let caption = caption(chart, run, model);
    let measured = || model.variants.iter().filter(|v| v.ok > 0);
    let priced = measured().next().is_some() && measured().all(|v| (COST.of)(v).is_some_and(|usd| usd > 0.0));
    let panels: &[Taken] = if priced { &[TOKENS, COST] } else { &[TOKENS] };
    let wide = if priced { 470.0 } else { 640.0 };
    let high = 300.0 + 9.0 * model.variants.len().saturating_sub(6).min(40) as f64;
    let feet = feet(model, &points(model, &TOKENS));
    // Side by side where there are many.
    let columns = if feet.len() > CROWDED { 2 * panels.len() } else { 1 };
    let rows = feet.len().div_ceil(columns);
    let top = caption.bottom() + 28.0;
    let bottom = top + ABOVE + high + BELOW + 6.0;
    let across = panels.len() as f64 * (LEFT + wide) + (panels.len() as f64 - 1.0) * GAP;
    let size = (2.0 * MARGIN + across, bottom + 19.0 * rows as f64 + 8.0);
    let mut scene = scene(size.0, size.1, palette);
    caption.draw(&mut scene, size.0 - 2.0 * MARGIN, palette);
    legend(&mut scene, top - 20.0, palette);
    let mut text = String::new();
    for (index, taken) in panels.iter().enumerate() {
        let points = points(model, taken);
        let left = MARGIN + index as f64 * (LEFT + wide + GAP);
        let unplaced = moved(&mut scene, (left, top), |scene| panel_into(scene, taken, &points, (wide, high), palette));
        describe(&mut text, taken, &points, unplaced);
    }
    let column = (across - LEFT) / columns as f64;
    for (index, foot) in feet.iter().enumerate() {
        let (whole, colour) = match foot {
            Foot::Missing(text, true) => (text, palette.failure),
            Foot::Missing(text, false) | Foot::Key(text) => (text, palette.muted),
        };
        let short = fitted(whole, f64::from(LABEL_SIZE), column - 12.0);
        let (x, y) = (MARGIN + LEFT + column * (index / rows) as f64, bottom + 12.0 + 19.0 * (index % rows) as f64);
        titled(&mut scene, whole, &short, &Words { colour: Some(colour), ..Words::new(x, y, &short, LABEL_SIZE) });
        if let Foot::Missing(words, _) = foot {
            let _ = write!(text, "{words}. ");
        }
    }
    document(scene, &caption, text.trim_end(), palette)
}

fn legend(scene: &mut Scene, y: f64, palette: &Palette) {
    let (mut x, middle) = (MARGIN + LEFT, y + 6.0);
    let mut say = |scene: &mut Scene, wide: f64, text: &str, bold: bool| {
        let from = x;
        scene.add(Words { bold, ..Words::new(from + wide + 6.0, y + 10.5, text, LABEL_SIZE) }.primitive());
        x += wide + 6.0 + width(text, f64::from(LABEL_SIZE)) * if bold { BOLD } else { 1.0 } + 20.0;
        from
    };
    let from = say(scene, 26.0, "Pareto front: none takes less and is accepted more often", true);
    scene.add(stroke((from, middle), (from + 26.0, middle), 1.6, palette.series[0], None));
    scene.add(mark(MarkerShape::Diamond, (from + 13.0, middle), MARK + 1.0, palette.series[0]));
    let from = say(scene, 10.0, "others", false);
    scene.add(mark(MarkerShape::Circle, (from + 5.0, middle), MARK - 1.0, palette.muted));
    let from = say(scene, 10.0, "interval", false);
    scene.add(stroke((from + 5.0, y), (from + 5.0, y + 12.0), 1.2, palette.muted, None));
    for end in [y, y + 12.0] {
        scene.add(stroke((from + 1.0, end), (from + 9.0, end), 1.2, palette.muted, None));
    }
}

/// The range of an axis around values, with some room; never empty.
fn range(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let (low, high) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(0.0, f64::max));
    if !low.is_finite() {
        return (0.0, 1.0);
    }
    let span = (high - low).max(high * 0.25).max(1e-9);
    ((low - 0.15 * span).max(0.0), high + 0.25 * span)
}

/// Per cent from a whole ten below every interval to somewhat above 100, where names have room.
fn shares(points: &[Point], high: f64) -> (f64, f64) {
    let low = points.iter().map(|point| point.low).fold(100.0, f64::min);
    let from = ((low - 2.0) / 10.0).floor().clamp(0.0, 8.0) * 10.0;
    // Two lines of words above 100 %.
    (from, 100.0 + (100.0 - from) * 44.0 / (high - 44.0))
}

/// Draws one panel; how many names found no place.
fn panel_into(
    scene: &mut Scene,
    taken: &Taken,
    points: &[Point],
    (wide, high): (f64, f64),
    palette: &Palette,
) -> usize {
    let ys = shares(points, high);
    let box_of = Place { left: LEFT, top: ABOVE, width: wide, height: high, below: BELOW };
    let xs = range(points.iter().map(|point| point.x));
    let layout = layout(box_of, xs, ys, palette).with_x_label(taken.axis).with_y_label("Accepted answers (%)");
    let layout = layout.with_y_tick_step(if ys.0 < 60.0 { 20.0 } else { 10.0 });
    let computed = ComputedLayout::from_layout(&layout);
    plots_into(scene, plots(points, palette), layout);
    if points.is_empty() {
        let words = Words::new(LEFT + 8.0, ABOVE + high / 2.0, "not measured", LABEL_SIZE);
        scene.add(Words { colour: Some(palette.muted), ..words }.primitive());
    }
    names_into(scene, points, &computed, Area { x: LEFT + 2.0, y: ABOVE, w: wide - 2.0, h: high - 2.0 }, palette)
}

/// The names beside their points, each with a line to its point where it is not next to it; how many found no place.
fn names_into(scene: &mut Scene, points: &[Point], computed: &ComputedLayout, room: Area, palette: &Palette) -> usize {
    let map = |(x, y): (f64, f64)| (computed.map_x(x), computed.map_y(y));
    let at = |point: &Point| map((point.x, point.y));
    let size = f64::from(LABEL_SIZE);
    let fronts = points.iter().filter(|point| point.front).count();
    let shorts: Vec<_> = points
        .iter()
        .map(|point| {
            let named = points.len() <= CROWDED || (point.front && fronts <= CROWDED / 2);
            if named { fitted(&point.name, size, WIDEST) } else { Cow::Owned(point.number.to_string()) }
        })
        .collect();
    let beside = |(point, short): (&Point, &Cow<'_, str>)| {
        let bold = if point.front { BOLD } else { 1.0 };
        Beside { point: at(point), w: width(short, size) * bold + 4.0, h: WORDS_HIGH, first: point.front }
    };
    let wanted: Vec<Beside> = points.iter().zip(&shorts).map(beside).collect();
    let mark = 2.0 * MARK + 3.0;
    let marks: Vec<Area> = points.iter().map(|point| Area::around(at(point), mark, mark)).collect();
    let intervals =
        points.iter().map(|point| Segment { from: map((point.x, point.low)), to: map((point.x, point.high)) });
    let front = front(points);
    let steps = front.windows(2).map(|pair| Segment { from: map(pair[0]), to: map(pair[1]) });
    let lines: Vec<Segment> = intervals.chain(steps).collect();
    let places = place(&wanted, &marks, &lines, room);
    for (point, area) in points.iter().zip(&places) {
        let Some(area) = area else { continue };
        let (from, to) = (at(point), area.nearest(at(point)));
        if (from.0 - to.0).hypot(from.1 - to.1) > BESIDE {
            scene.add(stroke(from, to, 1.0, palette.muted, None));
        }
    }
    for (point, (short, area)) in points.iter().zip(shorts.iter().zip(&places)) {
        let Some(area) = area else { continue };
        scene.add(rect(area.x, area.y, area.w, area.h, palette.background));
        let words = Words::new(area.x + 2.0, area.y + 11.5, short, LABEL_SIZE);
        let colour = Some(if point.front { palette.text } else { palette.muted });
        titled(scene, &point.name, short, &Words { colour, bold: point.front, ..words });
    }
    places.iter().filter(|place| place.is_none()).count()
}

/// Intervals under the front's line under the marks.
fn plots(points: &[Point], palette: &Palette) -> Vec<Plot> {
    let at = |point: &Point| (point.x, point.y);
    // Hidden under the marks: kuva gives an interval the colour of its points.
    let intervals = ScatterPlot::new()
        .with_data(points.iter().map(at))
        .with_y_err_asymmetric(points.iter().map(|point| (point.y - point.low, point.high - point.y)))
        .with_color(palette.axis)
        .with_size(1.0);
    let line = LinePlot::new().with_data(front(points)).with_color(palette.series[0]).with_stroke_width(1.6);
    let marks = |front: bool| {
        let some = points.iter().filter(move |point| point.front == front).map(at);
        let (shape, size, colour) = if front {
            (MarkerShape::Diamond, MARK + 1.0, palette.series[0])
        } else {
            (MarkerShape::Circle, MARK - 1.0, palette.muted)
        };
        Plot::Scatter(ScatterPlot::new().with_data(some).with_marker(shape).with_color(colour).with_size(size))
    };
    vec![Plot::Scatter(intervals), Plot::Line(line), marks(false), marks(true)]
}

/// The front's points from the left.
fn front(points: &[Point]) -> Vec<(f64, f64)> {
    let mut front: Vec<(f64, f64)> = points.iter().filter(|point| point.front).map(|p| (p.x, p.y)).collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    front.dedup();
    front
}

/// Every point in words.
fn describe(text: &mut String, taken: &Taken, points: &[Point], unplaced: usize) {
    let _ = write!(text, "{} and accepted answers", taken.axis);
    for point in points {
        let front = if point.front { ", on the front" } else { "" };
        let (x, y, low, high) = (number(point.x), number(point.y), number(point.low), number(point.high));
        let _ = write!(text, "; {}: {x}, {y} % ({low}–{high} %){front}", point.name);
    }
    if unplaced > 0 {
        let _ = write!(text, "; {unplaced} names found no place");
    }
    text.push_str(". ");
}
