//! Spread: a distribution in a row, its histogram as a shape with quantiles along its foot, drawn by kuva.
//!
//! kuva's own box plot wants the raw values and shows quartiles; a report has a histogram and the quantiles that its n
//! allows, and those that it does not allow must be missed, not guessed. So a band is the shape, a thick line goes from
//! p50 to p90, and ticks stand at p95 and p99.

use kuva::plot::scatter::MarkerShape;
use kuva::plot::{BandPlot, LinePlot, ScatterPlot};
use kuva::render::plots::Plot;
use kuva::render::render::{Scene, TextAnchor};

use crate::bench::number::number;
use crate::bench::report::{Bin, QuantilesReport};
use crate::export::canvas::{LABEL_SIZE, TICK_SIZE, Words, mark, rect, stroke, titled};
use crate::export::palette::Palette;
use crate::export::text::{fitted, width};

/// A value farther out than so many times the largest quantile shown would squeeze all shapes; the axis ends before it.
const FAR: f64 = 3.0;
/// The foot of a shape below the middle of its row, in rows.
const FOOT: f64 = 0.28;
/// The height of a shape, in rows.
const TALL: f64 = 0.40;

/// A distribution.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spread {
    bins: Vec<Bin>,
    /// p50, p90, p95 and p99; `None` where n is too small.
    quantiles: [Option<f64>; 4],
    /// Said above the shape: how many, the quantiles, and which are withheld.
    pub label: String,
}

/// Each quantile, and how many values it takes: n ≥ 5 / (1 − p).
const QUANTILES: [(&str, u64); 4] = [("p50", 10), ("p90", 50), ("p95", 100), ("p99", 500)];

impl Spread {
    /// The distribution of a report.
    pub(crate) fn of(quantiles: &QuantilesReport) -> Self {
        let values = [quantiles.p50, quantiles.p90, quantiles.p95, quantiles.p99];
        let n: u64 = quantiles.histogram.iter().map(|bin| bin.count).sum();
        let mut parts = vec![format!("n {n}")];
        let pairs = QUANTILES.iter().zip(values);
        parts.extend(pairs.clone().filter_map(|((name, _), value)| Some(format!("{name} {}", number(value?)))));
        let withheld: Vec<&(&str, u64)> = pairs.filter(|(_, value)| value.is_none()).map(|(row, _)| row).collect();
        if let Some((_, least)) = withheld.first() {
            let names: Vec<&str> = withheld.iter().map(|(name, _)| *name).collect();
            parts.push(format!("{} withheld, n < {least}", names.join(", ")));
        }
        Self { bins: quantiles.histogram.clone(), quantiles: values, label: parts.join(" · ") }
    }

    fn largest(&self) -> f64 {
        self.bins.iter().map(|bin| bin.to_ms).chain(self.quantiles.iter().flatten().copied()).fold(0.0, f64::max)
    }

    /// The largest quantile that is known, or the most frequent value.
    fn known(&self) -> Option<f64> {
        let frequent = self.bins.iter().max_by_key(|bin| bin.count).map(|bin| bin.to_ms);
        self.quantiles.iter().rev().flatten().next().copied().or(frequent)
    }

    /// The shape as a staircase around its foot: x, and how high, from 0 to 1.
    fn staircase(&self, max: f64) -> Vec<(f64, f64)> {
        let density = |bin: &Bin| bin.count as f64 / (bin.to_ms - bin.from_ms).max(1e-3);
        let highest = self.bins.iter().map(density).fold(0.0, f64::max);
        let mut points = Vec::new();
        for bin in self.bins.iter().filter(|bin| bin.from_ms < max) {
            let (from, to, high) = (bin.from_ms, bin.to_ms.min(max), density(bin) / highest);
            if points.last().is_none_or(|(end, _)| *end < from) {
                points.extend(points.last().map(|(end, _)| (*end, 0.0)));
                points.push((from, 0.0));
            }
            points.extend([(from, high), (to, high)]);
        }
        points.extend(points.last().map(|(end, _)| (*end, 0.0)));
        points
    }
}

/// How far the axis of these goes; `None` without any.
pub(crate) fn reach<'a>(spreads: impl Iterator<Item = &'a Spread>) -> Option<f64> {
    let ends = spreads.map(|spread| (spread.largest(), spread.known().unwrap_or_default()));
    let (largest, known) = ends.reduce(|(a, b), (c, d)| (a.max(c), b.max(d)))?;
    let reach = if known > 0.0 && largest > FAR * known { FAR * known } else { largest };
    Some(if reach > 0.0 { reach * 1.03 } else { 1.0 })
}

/// Shapes and quantiles for kuva; the middle of each row is given, a row is 1 high.
pub(crate) fn plots(spreads: &[(f64, &Spread)], max: f64, colour: &str, palette: &Palette) -> Vec<Plot> {
    spreads.iter().flat_map(|(middle, spread)| plots_of(spread, middle - FOOT, max, colour, palette)).collect()
}

fn plots_of(spread: &Spread, foot: f64, max: f64, colour: &str, palette: &Palette) -> Vec<Plot> {
    let stairs = spread.staircase(max);
    let mut plots = vec![Plot::Band(
        BandPlot::new(
            stairs.iter().map(|(x, _)| *x),
            stairs.iter().map(|_| foot),
            stairs.iter().map(|(_, high)| foot + high * TALL),
        )
        .with_color(colour)
        .with_opacity(0.55),
    )];
    let mut line = |from: (f64, f64), to: (f64, f64), wide: f64, colour: &str| {
        plots.push(Plot::Line(LinePlot::new().with_data([from, to]).with_color(colour).with_stroke_width(wide)));
    };
    let [p50, p90, p95, p99] = spread.quantiles;
    let last = spread.quantiles.iter().flatten().next_back().copied();
    if let (Some(p50), Some(last)) = (p50, last) {
        line((p50, foot), (last, foot), 1.5, palette.text);
    }
    if let (Some(p50), Some(p90)) = (p50, p90) {
        line((p50, foot), (p90, foot), 5.0, colour);
    }
    for (value, half) in [(p95, 0.09), (p99, 0.16)] {
        if let Some(value) = value {
            line((value, foot - half), (value, foot + half), 2.0, palette.text);
        }
    }
    if let Some(p50) = p50 {
        let mark = ScatterPlot::new().with_data([(p50, foot)]).with_marker(MarkerShape::Diamond);
        plots.push(Plot::Scatter(mark.with_color(palette.text).with_size(5.0)));
    }
    plots
}

/// The words of a row; `middle` of the row, `room` across, and where the axis ends.
pub(crate) fn words_into(scene: &mut Scene, spread: &Spread, (middle, room, max): (f64, f64, f64), palette: &Palette) {
    let y = middle - 11.0;
    let short = fitted(&spread.label, f64::from(TICK_SIZE), room - 8.0);
    let words = Words::new(4.0, y, &short, TICK_SIZE);
    // Lines of the grid run through here: the words keep their own ground.
    scene.add(rect(2.0, y - 11.0, width(&short, f64::from(TICK_SIZE)) + 4.0, 14.0, palette.background));
    titled(scene, &spread.label, &short, &words);
    let largest = spread.largest();
    if largest > max {
        let text = format!("up to {} →", number(largest));
        let words = Words::new(room - 2.0, y + 16.0, &text, TICK_SIZE);
        scene.add(Words { anchor: TextAnchor::End, colour: Some(palette.muted), ..words }.primitive());
    }
}

/// What the marks mean, from a place to the right.
pub(crate) fn legend(scene: &mut Scene, (x, y): (f64, f64), palette: &Palette) {
    let middle = y + 6.0;
    let mut at = x;
    let mut say = |scene: &mut Scene, wide: f64, text: &str| {
        let from = at;
        scene.add(Words::new(from + wide + 6.0, y + 10.5, text, LABEL_SIZE).primitive());
        at += wide + 6.0 + width(text, f64::from(LABEL_SIZE)) + 20.0;
        from
    };
    let from = say(scene, 10.0, "p50");
    scene.add(mark(MarkerShape::Diamond, (from + 5.0, middle), 5.0, palette.text));
    let from = say(scene, 22.0, "p50 to p90");
    scene.add(stroke((from, middle), (from + 22.0, middle), 5.0, palette.muted, None));
    let from = say(scene, 4.0, "p95");
    scene.add(stroke((from + 2.0, middle - 4.5), (from + 2.0, middle + 4.5), 2.0, palette.text, None));
    let from = say(scene, 4.0, "p99");
    scene.add(stroke((from + 2.0, middle - 8.0), (from + 2.0, middle + 8.0), 2.0, palette.text, None));
    let from = say(scene, 22.0, "histogram");
    for (index, tall) in [4.0, 11.0, 7.0].into_iter().enumerate() {
        scene.add(rect(from + 7.0 * index as f64, y + 12.0 - tall, 7.0, tall, palette.axis));
    }
}
