//! Timeline: what was taken of each limit over a run's time, with the limits as lines and throttles as marks, drawn by kuva.
//!
//! kuva draws axes, bands and lines. By hand: the limits' labels, which must keep clear of each other, and the marks of
//! throttles, which stand above the plot so that they cover nothing.

use std::fmt::Write;

use kuva::plot::scatter::MarkerShape;
use kuva::plot::{BandPlot, LinePlot};
use kuva::render::layout::ComputedLayout;
use kuva::render::plots::Plot;
use kuva::render::render::{Scene, TextAnchor};

use crate::bench::history::HistoryPoint;
use crate::bench::number::number;
use crate::bench::quota::LimitKind;
use crate::bench::report::{ModelReport, RunReport, VariantReport};
use crate::export::canvas::{
    LABEL_SIZE, MARGIN, Place, TICK_SIZE, Words, document, layout, mark, moved, plots_into, rect, scene, stroke, titled,
};
use crate::export::charts::{Chart, caption};
use crate::export::columns::is_estimated;
use crate::export::palette::Palette;
use crate::export::text::{fitted, width};

/// Left of the plots, for numbers and the axis' label.
const LEFT: f64 = 84.0;
const WIDTH: f64 = 640.0;
/// Right of the plots, for the limits' labels.
const RIGHT: f64 = 210.0;
const HEIGHT: f64 = 170.0;
/// Above a plot: its title, and a row for the marks of throttles.
const ABOVE: f64 = 46.0;
const BELOW: f64 = 30.0;
/// Marks of throttles that are nearer than that become one with a number.
const APART: f64 = 26.0;
/// A limit farther up than so many times the highest use would squeeze it to nothing; it is only named.
const FAR: f64 = 5.0;

/// One limit over time.
struct Track {
    kind: LimitKind,
    title: &'static str,
    axis: String,
    /// Of a point: what is used, and what is held on top of that.
    parts: fn(&HistoryPoint) -> (f64, f64),
}

/// The unit of the time axis.
struct Unit {
    seconds: f64,
    name: &'static str,
}

/// Draws the chart.
pub(crate) fn draw(chart: &Chart, run: &RunReport, model: &ModelReport, palette: &Palette) -> String {
    let caption = caption(chart, run, model);
    let est = if model.variants.iter().any(is_estimated) { " est" } else { "" };
    let tracks = [
        Track {
            kind: LimitKind::Rpm,
            title: "Requests in the Minute Before",
            axis: "Requests".into(),
            parts: |point| (point.requests, 0.0),
        },
        Track {
            kind: LimitKind::Tpm,
            title: "Quota Tokens: Settled in the Minute Before, and Held",
            axis: format!("Quota tokens{est}"),
            parts: |point| (point.tokens - point.held, point.held),
        },
    ];
    let top = caption.bottom() + 28.0;
    let step = ABOVE + HEIGHT + BELOW;
    let size = (2.0 * MARGIN + LEFT + WIDTH + RIGHT, top + 2.0 * step + 26.0);
    let mut scene = scene(size.0, size.1, palette);
    caption.draw(&mut scene, size.0 - 2.0 * MARGIN, palette);
    legend(&mut scene, top - 20.0, model, palette);
    for (index, track) in tracks.iter().enumerate() {
        moved(&mut scene, (MARGIN, top + step * index as f64), |scene| track_into(scene, track, model, palette));
    }
    let unit = unit(end(&model.history));
    let words = Words::new(MARGIN + LEFT + WIDTH / 2.0, top + 2.0 * step + 8.0, unit.name, LABEL_SIZE);
    scene.add(Words { anchor: TextAnchor::Middle, ..words }.primitive());
    document(scene, &caption, &description(&tracks, model), palette)
}

/// Seconds at which the last step ends; each is as long as the first.
fn end(points: &[HistoryPoint]) -> f64 {
    let step = points.windows(2).next().map_or(1.0, |pair| pair[1].seconds - pair[0].seconds);
    points.last().map_or(1.0, |point| point.seconds + step)
}

fn unit(seconds: f64) -> Unit {
    match seconds {
        s if s < 600.0 => Unit { seconds: 1.0, name: "Seconds since the run began" },
        s if s < 36_000.0 => Unit { seconds: 60.0, name: "Minutes since the run began" },
        _ => Unit { seconds: 3_600.0, name: "Hours since the run began" },
    }
}

fn throttles(model: &ModelReport) -> u64 {
    model.history.iter().map(|point| point.throttles).sum()
}

fn legend(scene: &mut Scene, y: f64, model: &ModelReport, palette: &Palette) {
    let mut x = MARGIN + LEFT;
    let mut say = |scene: &mut Scene, text: &str| {
        let from = x;
        scene.add(Words::new(from + 20.0, y + 10.5, text, LABEL_SIZE).primitive());
        x += 20.0 + width(text, f64::from(LABEL_SIZE)) + 20.0;
        from
    };
    let from = say(scene, "used or settled");
    scene.add(rect(from, y, 14.0, 12.0, palette.series[0]));
    let from = say(scene, "held for what is out");
    scene.add(rect(from, y, 14.0, 12.0, palette.series[1]));
    let from = say(scene, &format!("throttled ({} in all)", throttles(model)));
    scene.add(mark(MarkerShape::TriangleDown, (from + 7.0, y + 5.0), 5.5, palette.failure));
}

fn track_into(scene: &mut Scene, track: &Track, model: &ModelReport, palette: &Palette) {
    scene.add(Words { bold: true, ..Words::new(LEFT, 15.0, track.title, 13) }.primitive());
    let points = &model.history;
    let unit = unit(end(points));
    let total = |point: &HistoryPoint| (track.parts)(point).0 + (track.parts)(point).1;
    let peak = points.iter().map(total).fold(0.0, f64::max);
    let limits = limits(track.kind, model);
    let near = limits.iter().map(|limit| limit.value).filter(|value| peak <= 0.0 || *value <= FAR * peak);
    let max = near.fold(peak, f64::max) * 1.06;
    let max = if max > 0.0 { max } else { 1.0 };
    let place = Place { left: LEFT, top: ABOVE, width: WIDTH, height: HEIGHT, below: BELOW };
    let ends = (0.0, end(points) / unit.seconds);
    let layout = layout(place, ends, (0.0, max), palette).with_y_label(track.axis.as_str());
    let computed = ComputedLayout::from_layout(&layout);
    plots_into(scene, plots(track, points, &unit, palette), layout);
    if points.is_empty() {
        let words = Words::new(LEFT + 8.0, ABOVE + HEIGHT / 2.0, "not measured", LABEL_SIZE);
        scene.add(Words { colour: Some(palette.muted), ..words }.primitive());
    }
    limits_into(scene, &limits, track.kind, (max, &computed), palette);
    throttles_into(scene, points, |seconds| computed.map_x(seconds / unit.seconds), palette);
}

/// Each step as long as it lasts, at its peak.
fn plots(track: &Track, points: &[HistoryPoint], unit: &Unit, palette: &Palette) -> Vec<Plot> {
    let ends = points.iter().skip(1).map(|point| point.seconds).chain([end(points)]);
    let mut stairs: Vec<(f64, f64, f64)> = Vec::new();
    for (point, end) in points.iter().zip(ends) {
        let ((used, held), from, to) = ((track.parts)(point), point.seconds / unit.seconds, end / unit.seconds);
        match stairs.last_mut() {
            // Steps of one height are one.
            Some((end, before, total)) if (*before, *total) == (used, used + held) => *end = to,
            _ => stairs.extend([(from, used, used + held), (to, used, used + held)]),
        }
    }
    let xs = || stairs.iter().map(|(x, _, _)| *x);
    let used = || stairs.iter().map(|(_, used, _)| *used);
    let total = || stairs.iter().map(|(_, _, total)| *total);
    let band = |low: Vec<f64>, high: Vec<f64>, colour: &str| {
        Plot::Band(BandPlot::new(xs(), low, high).with_color(colour).with_opacity(0.55))
    };
    let line = |ys: Vec<f64>, colour: &str| {
        Plot::Line(LinePlot::new().with_data(xs().zip(ys)).with_color(colour).with_stroke_width(1.2))
    };
    let mut plots = vec![band(vec![0.0; stairs.len()], used().collect(), palette.series[0])];
    if stairs.iter().any(|(_, used, total)| total > used) {
        plots.push(band(used().collect(), total().collect(), palette.series[1]));
        plots.push(line(total().collect(), palette.series[1]));
    }
    plots.push(line(used().collect(), palette.series[0]));
    plots
}

/// A limit as a line with words.
struct Limit {
    value: f64,
    words: String,
    learned: bool,
}

/// The listed limit and what was learned of it.
fn limits(kind: LimitKind, model: &ModelReport) -> Vec<Limit> {
    let listed = model.limit(kind).map(|limit| Limit {
        value: limit.value,
        words: format!("quota {} {} ({})", number(limit.value), kind.name(), limit.source),
        learned: !limit.is_listed(),
    });
    let learned = model.learned.get(&kind).map(|value| Limit {
        value: *value,
        words: format!("learned {} {}", number(*value), kind.name()),
        learned: true,
    });
    listed.into_iter().chain(learned).collect()
}

fn limits_into(
    scene: &mut Scene,
    limits: &[Limit],
    kind: LimitKind,
    (max, computed): (f64, &ComputedLayout),
    palette: &Palette,
) {
    let room = RIGHT - 10.0;
    let mut say = |y: f64, words: &str, colour: &str| {
        let short = fitted(words, f64::from(LABEL_SIZE), room);
        titled(
            scene,
            words,
            &short,
            &Words { colour: Some(colour), ..Words::new(LEFT + WIDTH + 8.0, y, &short, LABEL_SIZE) },
        );
    };
    if limits.is_empty() {
        say(ABOVE + 4.0, &format!("no {} limit known", kind.name()), palette.muted);
    }
    // From the top down, each label at its line, or under the one before.
    let mut sorted: Vec<&Limit> = limits.iter().collect();
    sorted.sort_by(|a, b| b.value.total_cmp(&a.value));
    let mut free = ABOVE - 8.0;
    for limit in &sorted {
        if limit.value > max {
            say(free + 4.0, &limit.words, palette.limit);
            say(free + 19.0, "off the scale ↑", palette.limit);
            free += 32.0;
            continue;
        }
        let y = computed.map_y(limit.value).max(free);
        say(y + 4.0, &limit.words, palette.limit);
        free = y + 16.0;
    }
    for limit in sorted.iter().filter(|limit| limit.value <= max) {
        let y = computed.map_y(limit.value);
        let dashes = limit.learned.then_some("6 4");
        scene.add(stroke((LEFT, y), (LEFT + WIDTH + 4.0, y), 1.6, palette.limit, dashes));
    }
}

/// Marks above the plot, with how many where that is more than one.
fn throttles_into(scene: &mut Scene, points: &[HistoryPoint], x: impl Fn(f64) -> f64, palette: &Palette) {
    let mut groups: Vec<(f64, u64)> = Vec::new();
    for point in points.iter().filter(|point| point.throttles > 0) {
        let at = x(point.seconds);
        match groups.last_mut().filter(|(first, _)| at - *first < APART) {
            Some((_, count)) => *count += point.throttles,
            None => groups.push((at, point.throttles)),
        }
    }
    for (at, count) in groups {
        scene.add(mark(MarkerShape::TriangleDown, (at, ABOVE - 7.0), 5.0, palette.failure));
        if count > 1 {
            let text = number(count as f64);
            let words = Words::new(at, ABOVE - 14.0, &text, TICK_SIZE);
            scene.add(Words { anchor: TextAnchor::Middle, colour: Some(palette.failure), ..words }.primitive());
        }
    }
}

/// The peaks, the limits and the throttles in words.
fn description(tracks: &[Track], model: &ModelReport) -> String {
    let mut text = String::new();
    for track in tracks {
        let peak = model.history.iter().map(|point| {
            let (used, held) = (track.parts)(point);
            used + held
        });
        let peak =
            peak.reduce(f64::max).map_or_else(|| "not measured".into(), |peak| format!("at most {}", number(peak)));
        let _ = write!(text, "{}: {peak}", track.title);
        for limit in limits(track.kind, model) {
            let _ = write!(text, "; {}", limit.words);
        }
        text.push_str(". ");
    }
    let variants = model.variants.iter().filter(|v: &&VariantReport| v.throttles > 0);
    let named: Vec<String> = variants.map(|v| format!("{} {}", v.name, v.throttles)).collect();
    let of = if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) };
    let _ = write!(text, "Throttled: {}{of}.", throttles(model));
    text
}
