//! Canvas: what every chart shares around its panels: the heading, words, rectangles, ticks and the root element.

use kuva::backend::svg::SvgBackend;
use kuva::plot::scatter::MarkerShape;
use kuva::render::color::Color;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::{PathData, Primitive, Scene, TextAnchor, render_multiple};
use kuva::render::theme::Theme;

use crate::bench::number::number;
use crate::export::palette::Palette;
use crate::export::text::{fitted, line, xml};

/// Space around a picture.
pub(crate) const MARGIN: f64 = 20.0;
/// Size of names.
pub(crate) const NAME_SIZE: u32 = 13;
/// Size of values, axis labels and notes.
pub(crate) const LABEL_SIZE: u32 = 12;
/// Size of the numbers at an axis.
pub(crate) const TICK_SIZE: u32 = 11;
/// The fonts that are asked for; none is embedded.
const FONT: &str = "Helvetica Neue, Helvetica, Arial, DejaVu Sans, sans-serif";
/// `DejaVu Sans Bold` is wider by that much at most on average text.
pub(crate) const BOLD: f64 = 1.13;

/// What stands above a picture.
#[derive(Debug)]
pub(crate) struct Caption {
    /// The heading.
    pub title: String,
    /// The lines under it. Hostile text.
    pub subtitle: Vec<(String, Tone)>,
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

impl Caption {
    /// Where the room below it begins.
    pub(crate) fn bottom(&self) -> f64 {
        44.0 + 19.0 * self.subtitle.len() as f64
    }

    /// Draws it.
    pub(crate) fn draw(&self, scene: &mut Scene, room: f64, palette: &Palette) {
        let title = line(&self.title);
        let short = fitted(&title, 18.0 * BOLD, room);
        titled(scene, &title, &short, &Words { bold: true, ..Words::new(MARGIN, 32.0, &short, 18) });
        for (index, (text, tone)) in self.subtitle.iter().enumerate() {
            let text = line(text);
            let short = fitted(&text, 13.0 * BOLD, room);
            let colour = match tone {
                Tone::Plain => palette.text,
                Tone::Muted => palette.muted,
                Tone::Warning => palette.warning,
            };
            let words = Words::new(MARGIN, 53.0 + 19.0 * index as f64, &short, 13);
            titled(scene, &text, &short, &Words { colour: Some(colour), bold: *tone == Tone::Warning, ..words });
        }
    }
}

/// An empty scene.
pub(crate) fn scene(width: f64, height: f64, palette: &Palette) -> Scene {
    Scene::new(width, height).with_background(Some(palette.background))
}

/// The document of a scene. kuva's root element knows no `viewBox` and no words for those who cannot see the picture.
pub(crate) fn document(mut scene: Scene, caption: &Caption, description: &str, palette: &Palette) -> String {
    // Without this the backend would add a hover style to every document that has a title in it.
    scene.has_tooltips = false;
    let svg = SvgBackend::new().with_pretty(true).render_scene(&scene);
    let body = svg.split_once('>').map_or(svg.as_str(), |(_, body)| body);
    let (width, height) = (scene.width, scene.height);
    let title: Vec<&str> =
        std::iter::once(caption.title.as_str()).chain(caption.subtitle.iter().map(|(text, _)| text.as_str())).collect();
    let title = xml(&title.join(" · "));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\" font-family=\"{FONT}\" fill=\"{}\">\n\
         <title>{title}</title>\n<desc>{}</desc>{body}",
        palette.text,
        xml(description),
    )
}

/// Where a panel's plot lies, in pixels of the panel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Left of the plot.
    pub left: f64,
    /// Above the plot.
    pub top: f64,
    /// Of the plot.
    pub width: f64,
    /// Of the plot.
    pub height: f64,
    /// Below the plot, for ticks and the axis' label.
    pub below: f64,
}

/// kuva's layout for a plot of these ranges at a place, without numbers at the sides; nothing right of it.
pub(crate) fn layout(place: Place, x: (f64, f64), y: (f64, f64), palette: &Palette) -> Layout {
    let theme = Theme {
        background: palette.background.into(),
        axis_color: palette.axis.into(),
        grid_color: palette.grid.into(),
        tick_color: palette.axis.into(),
        text_color: palette.text.into(),
        ..Theme::light()
    };
    Layout::new(x, y)
        .with_width(place.left + place.width)
        .with_height(place.top + place.height + place.below)
        .with_force_margins(place.left, 0.0)
        .with_force_margins_y(place.top, place.below)
        .with_x_axis_min(x.0)
        .with_x_axis_max(x.1)
        .with_y_axis_min(y.0)
        .with_y_axis_max(y.1)
        .with_x_tick_format(TickFormat::Custom(std::sync::Arc::new(tick)))
        .with_y_tick_format(TickFormat::Custom(std::sync::Arc::new(tick)))
        .with_label_size(LABEL_SIZE)
        .with_tick_size(TICK_SIZE)
        .with_tick_length(4.0)
        .with_theme(theme)
        .with_font_family(FONT)
}

/// Draws kuva's plots over one pair of axes.
pub(crate) fn plots_into(scene: &mut Scene, plots: Vec<Plot>, layout: Layout) {
    // A clip would need an id, which is not unique where a page holds several pictures; no plot leaves its axes.
    let clip = |element: &Primitive| matches!(element, Primitive::ClipStart { .. } | Primitive::ClipEnd);
    scene.elements.extend(render_multiple(plots, layout).elements.into_iter().filter(|element| !clip(element)));
}

/// Everything that `draw` draws, moved.
pub(crate) fn moved<T>(scene: &mut Scene, (x, y): (f64, f64), draw: impl FnOnce(&mut Scene) -> T) -> T {
    scene.add(Primitive::GroupStart { transform: Some(format!("translate({x},{y})")), title: None, extra_attrs: None });
    let result = draw(scene);
    scene.add(Primitive::GroupEnd);
    result
}

/// A tick is a round number, so it is shown with the digits that it has; from a million on in millions or billions,
/// which would run into each other written out.
pub(crate) fn tick(value: f64) -> String {
    for (unit, sign) in [(1e9, "G"), (1e6, "M")] {
        if value.abs() >= unit {
            return format!("{}{sign}", value / unit);
        }
    }
    if value.abs() >= 1_000.0 { number(value) } else { format!("{}", (value * 1e6).round() / 1e6) }
}

/// A filled rectangle.
pub(crate) fn rect(x: f64, y: f64, width: f64, height: f64, colour: &str) -> Primitive {
    Primitive::Rect { x, y, width, height, fill: Color::from(colour), stroke: None, stroke_width: None, opacity: None }
}

/// A line of a width; `dashes` as in SVG.
pub(crate) fn stroke(from: (f64, f64), to: (f64, f64), width: f64, colour: &str, dashes: Option<&str>) -> Primitive {
    Primitive::Line {
        x1: from.0,
        y1: from.1,
        x2: to.0,
        y2: to.1,
        stroke: colour.into(),
        stroke_width: width,
        stroke_dasharray: dashes.map(Into::into),
    }
}

/// A mark outside of a plot, for a legend: a diamond, a triangle that points down, or a disc.
pub(crate) fn mark(shape: MarkerShape, (x, y): (f64, f64), size: f64, colour: &str) -> Primitive {
    let path = |d: String| {
        Primitive::Path(Box::new(PathData {
            d,
            fill: Some(colour.into()),
            stroke: colour.into(),
            stroke_width: 0.5,
            opacity: None,
            stroke_dasharray: None,
        }))
    };
    match shape {
        MarkerShape::Diamond => {
            path(format!("M{x},{} L{},{y} L{x},{} L{},{y} Z", y - size, x + size, y + size, x - size))
        }
        MarkerShape::TriangleDown => {
            let (top, tip) = (y - size * 0.7, y + size);
            path(format!("M{},{top} L{},{top} L{x},{tip} Z", x - size, x + size))
        }
        _ => Primitive::Circle {
            cx: x,
            cy: y,
            r: size,
            fill: colour.into(),
            fill_opacity: None,
            stroke: None,
            stroke_width: None,
        },
    }
}

/// Text with its whole content as a title where it was shortened.
pub(crate) fn titled(scene: &mut Scene, whole: &str, short: &str, words: &Words<'_>) {
    if whole == short {
        scene.add(words.primitive());
        return;
    }
    scene.add(Primitive::GroupStart { transform: None, title: Some(whole.into()), extra_attrs: None });
    scene.add(words.primitive());
    scene.add(Primitive::GroupEnd);
}

/// Text at a place.
pub(crate) struct Words<'a> {
    pub x: f64,
    pub y: f64,
    pub content: &'a str,
    pub size: u32,
    pub anchor: TextAnchor,
    pub bold: bool,
    pub colour: Option<&'a str>,
}

impl<'a> Words<'a> {
    pub(crate) fn new(x: f64, y: f64, content: &'a str, size: u32) -> Self {
        Self { x, y, content, size, anchor: TextAnchor::Start, bold: false, colour: None }
    }

    pub(crate) fn primitive(&self) -> Primitive {
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
