//! Bars: a picture of horizontal bar panels side by side, one row a variant, drawn by kuva.
//!
//! Bars lie on their side because names are long and of any script: a row has room for one, a column has not.
//! kuva draws axes, ticks, grid and bars. By hand, on kuva's own scene and scale, because kuva 0.6 cannot: names with a
//! `<title>` when they are shortened, a value label on each bar, rows without a bar, whiskers for some bars only
//! (its error bars are all or none), a labelled limit that keeps clear of the bars, a heading over several panels,
//! and the root element's `viewBox`, `role`, `<title>` and `<desc>`.

use std::fmt::Write;

use kuva::backend::svg::SvgBackend;
use kuva::plot::BarPlot;
use kuva::render::color::Color;
use kuva::render::layout::{ComputedLayout, Layout, TickFormat};
use kuva::render::render::{Primitive, Scene, TextAnchor, render_bar};
use kuva::render::theme::Theme;

use crate::bench::number::number;
use crate::export::palette::Palette;
use crate::export::text::{fitted, line, width, xml};

/// A whole picture.
#[derive(Debug)]
pub(crate) struct Picture<'a> {
    /// The heading.
    pub title: String,
    /// The lines under it.
    pub subtitle: Vec<(String, Tone)>,
    /// The names of the rows, from the top. Hostile text.
    pub names: Vec<&'a str>,
    /// Side by side.
    pub panels: Vec<Panel>,
    /// The names of the parts of a stacked bar; empty where bars have one part.
    pub series: Vec<&'static str>,
}

/// How loudly a line of the heading speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As the heading itself.
    Plain,
    /// Beside the point.
    Muted,
    /// To be read before any number.
    Warning,
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

const MARGIN: f64 = 20.0;
const ROW: f64 = 30.0;
const NAME_SIZE: u32 = 13;
const LABEL_SIZE: u32 = 12;
const TICK_SIZE: u32 = 11;
/// Room for 40 characters of a Latin name in all but the widest letters.
const WIDEST_NAME: f64 = 320.0;
const FONT: &str = "Helvetica Neue, Helvetica, Arial, DejaVu Sans, sans-serif";
/// A limit farther out than so many times the longest bar would squeeze all bars to nothing; it stands at the edge.
const FAR: f64 = 5.0;

/// Places in a picture, in pixels.
struct Frame {
    names: f64,
    panel: f64,
    gap: f64,
    top: f64,
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
        let (panel, gap) = (if panels > 1.0 { 350.0 } else { 580.0 }, 28.0);
        let legend = if picture.series.is_empty() { 0.0 } else { 24.0 };
        let top = 44.0 + 19.0 * picture.subtitle.len() as f64 + legend;
        let titled = picture.panels.iter().any(|panel| !panel.title.is_empty());
        let lined = picture.panels.iter().any(|panel| panel.limit.is_some() || panel.note.is_some());
        let plot_top = 8.0 + if titled { 22.0 } else { 0.0 } + if lined { 20.0 } else { 0.0 };
        let plot_bottom = plot_top + ROW * picture.names.len().max(1) as f64;
        Self {
            names,
            panel,
            gap,
            top,
            plot_top,
            plot_bottom,
            width: MARGIN + names + panels * panel + (panels - 1.0) * gap + MARGIN,
            height: top + plot_bottom + 52.0,
        }
    }

    fn row(&self, index: usize) -> f64 {
        self.plot_top + ROW * (index as f64 + 0.5)
    }
}

/// Draws a picture as one SVG document.
pub(crate) fn draw(picture: &Picture<'_>, palette: &Palette) -> String {
    let frame = Frame::of(picture);
    let mut scene = Scene::new(frame.width, frame.height).with_background(Some(palette.background));
    heading(&mut scene, picture, &frame, palette);
    names(&mut scene, picture, &frame, palette);
    for (index, panel) in picture.panels.iter().enumerate() {
        let left = MARGIN + frame.names + index as f64 * (frame.panel + frame.gap);
        scene.add(Primitive::GroupStart {
            transform: Some(format!("translate({left},{})", frame.top)),
            title: None,
            extra_attrs: None,
        });
        panel_into(&mut scene, panel, &frame, palette);
        scene.add(Primitive::GroupEnd);
    }
    // Without this the backend would add a hover style to every document that has a title in it.
    scene.has_tooltips = false;
    rooted(&SvgBackend::new().with_pretty(true).render_scene(&scene), picture, &frame, palette)
}

/// kuva's root element knows no `viewBox` and no words for those who cannot see the picture.
fn rooted(svg: &str, picture: &Picture<'_>, frame: &Frame, palette: &Palette) -> String {
    let body = svg.split_once('>').map_or(svg, |(_, body)| body);
    let (width, height) = (frame.width, frame.height);
    let title: Vec<&str> =
        std::iter::once(picture.title.as_str()).chain(picture.subtitle.iter().map(|(text, _)| text.as_str())).collect();
    let title = xml(&title.join(" · "));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\" font-family=\"{FONT}\" fill=\"{}\">\n\
         <title>{title}</title>\n<desc>{}</desc>{body}",
        palette.text,
        xml(&description(picture)),
    )
}

/// Every value of the picture in words.
fn description(picture: &Picture<'_>) -> String {
    let mut text = String::new();
    for panel in &picture.panels {
        let _ = write!(text, "{}", panel.axis);
        for (name, row) in picture.names.iter().zip(&panel.rows) {
            let value = match row {
                Row::Bar { label, .. } => label,
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

fn heading(scene: &mut Scene, picture: &Picture<'_>, frame: &Frame, palette: &Palette) {
    let room = frame.width - 2.0 * MARGIN;
    let bold = 1.13; // DejaVu Sans Bold is wider by that much at most on average text
    let title = fitted(&line(&picture.title), 18.0 * bold, room).into_owned();
    scene.add(Words { bold: true, ..Words::new(MARGIN, 32.0, &title, 18) }.primitive());
    for (index, (text, tone)) in picture.subtitle.iter().enumerate() {
        let text = line(text);
        let short = fitted(&text, 13.0 * bold, room);
        let colour = match tone {
            Tone::Plain => palette.text,
            Tone::Muted => palette.muted,
            Tone::Warning => palette.warning,
        };
        let words = Words::new(MARGIN, 53.0 + 19.0 * index as f64, &short, 13);
        titled(scene, &text, &short, &Words { colour: Some(colour), bold: *tone == Tone::Warning, ..words });
    }
    let (mut x, y) = (MARGIN + frame.names, frame.top - 14.0);
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
    let layout = layout(panel, frame, palette, scale.max);
    let computed = ComputedLayout::from_layout(&layout);
    scene.elements.extend(render_bar(&plot(panel, palette), layout).elements);
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
    }
}

fn layout(panel: &Panel, frame: &Frame, palette: &Palette, max: f64) -> Layout {
    let rows = panel.rows.len().max(1) as f64;
    let theme = Theme {
        background: palette.background.into(),
        axis_color: palette.axis.into(),
        grid_color: palette.grid.into(),
        tick_color: palette.axis.into(),
        text_color: palette.text.into(),
        ..Theme::light()
    };
    let mut layout = Layout::new((0.0, max), (0.5, rows + 0.5))
        .with_width(frame.panel)
        .with_height(frame.plot_bottom + 46.0)
        .with_force_margins(0.0, 0.0)
        .with_force_margins_y(frame.plot_top, 46.0)
        .with_x_axis_min(0.0)
        .with_x_axis_max(max)
        .with_y_axis_min(0.5)
        .with_y_axis_max(rows + 0.5)
        // No numbers and no grid across the rows: an infinite step has no tick.
        .with_y_tick_step(f64::INFINITY)
        .with_x_tick_format(TickFormat::Custom(std::sync::Arc::new(tick)))
        .with_x_label(panel.axis)
        .with_label_size(LABEL_SIZE)
        .with_tick_size(TICK_SIZE)
        .with_tick_length(4.0)
        .with_theme(theme)
        .with_font_family(FONT);
    layout.suppress_y_ticks = true;
    layout
}

/// A tick is a round number, so it is shown with the digits that it has; from a million on in millions or billions,
/// which would run into each other written out.
fn tick(value: f64) -> String {
    for (unit, sign) in [(1e9, "G"), (1e6, "M")] {
        if value.abs() >= unit {
            return format!("{}{sign}", value / unit);
        }
    }
    if value.abs() >= 1_000.0 { number(value) } else { format!("{}", (value * 1e6).round() / 1e6) }
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
    scene.add(Primitive::Line {
        x1: x,
        y1: frame.plot_top - 2.0,
        x2: x,
        y2: frame.plot_bottom,
        stroke: palette.limit.into(),
        stroke_width: 1.5,
        stroke_dasharray: Some("5 3".into()),
    });
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
        Row::Bar { parts, whisker, label } => {
            parts_into(scene, parts, y, computed, palette);
            let mut end = computed.map_x(parts.iter().sum());
            if let Some((low, high)) = whisker {
                let (low, high) = (computed.map_x(*low), computed.map_x(*high));
                for (x1, y1, x2, y2) in
                    [(low, y, high, y), (low, y - 5.0, low, y + 5.0), (high, y - 5.0, high, y + 5.0)]
                {
                    scene.add(whisker_line((x1, y1), (x2, y2), palette));
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

fn whisker_line((x1, y1): (f64, f64), (x2, y2): (f64, f64), palette: &Palette) -> Primitive {
    Primitive::Line { x1, y1, x2, y2, stroke: palette.text.into(), stroke_width: 1.5, stroke_dasharray: None }
}

fn rect(x: f64, y: f64, width: f64, height: f64, colour: &str) -> Primitive {
    Primitive::Rect { x, y, width, height, fill: Color::from(colour), stroke: None, stroke_width: None, opacity: None }
}

/// Text with its whole content as a title where it was shortened.
fn titled(scene: &mut Scene, whole: &str, short: &str, words: &Words<'_>) {
    if whole == short {
        scene.add(words.primitive());
        return;
    }
    scene.add(Primitive::GroupStart { transform: None, title: Some(whole.into()), extra_attrs: None });
    scene.add(words.primitive());
    scene.add(Primitive::GroupEnd);
}

/// Text at a place.
struct Words<'a> {
    x: f64,
    y: f64,
    content: &'a str,
    size: u32,
    anchor: TextAnchor,
    bold: bool,
    colour: Option<&'a str>,
}

impl<'a> Words<'a> {
    fn new(x: f64, y: f64, content: &'a str, size: u32) -> Self {
        Self { x, y, content, size, anchor: TextAnchor::Start, bold: false, colour: None }
    }

    fn primitive(&self) -> Primitive {
        Primitive::Text {
            x: self.x,
            y: self.y,
            // kuva takes what stands between two dollars for mathematics.
            content: line(self.content).replace('$', "\\$"),
            size: self.size,
            anchor: self.anchor,
            rotate: None,
            bold: self.bold,
            color: self.colour.map(Color::from),
        }
    }
}
