//! Animation: a run played again on the dashboard, as one SVG that moves wherever an image is shown.
//!
//! It holds no script and asks for nothing from outside, so it moves in an `<img>` too. Where nothing may move, or can,
//! it is a picture of its last frame.

use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::bench::event::{Entry, Event};
use crate::bench::number::number;
use crate::bench::report::Report;
use crate::export::columns::{origin, title};
use crate::export::painter::{CELL_HEIGHT, CELL_WIDTH, FONT, FONT_SIZE};
use crate::export::palette::Palette;
use crate::export::reel::Reel;
use crate::export::screen::{MARGIN, ground, opened};
use crate::export::script::{At, Press};
use crate::export::strips::Strips;
use crate::export::text::{columns, xml};
use crate::tui::message::{Effect, Msg};
use crate::tui::model::Model;
use crate::tui::screen::draw;
use crate::tui::theme::Theme;

/// Seconds before the first key where one is pressed before the run, and between two keys that are pressed while no
/// run is on.
const KEY_STAYS: u32 = 2;
/// Seconds that the last frame stays before all begins again.
const REST: u32 = 4;

/// How a run is shown.
#[derive(Debug, Clone)]
pub struct Options {
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// How long the run takes in it; keys before and after come on top, and the rest on the last frame.
    pub seconds: u32,
    /// Frames a second, at most.
    pub fps: u32,
    /// On a dark ground.
    pub dark: bool,
    /// The keys that are pressed, those of the same moment in their order.
    pub keys: Vec<Press>,
}

/// Plays a journal's entries; `None` where no run is among them.
///
/// `perform` does what a key asks for as far as it can be done without the world, and answers.
pub fn animation(
    entries: &[Entry],
    options: &Options,
    perform: impl FnMut(&Effect, &Model) -> Option<Msg>,
) -> Option<String> {
    let plan = entries.iter().find_map(|entry| match &entry.event {
        Event::RunStarted { plan, .. } => Some(Arc::clone(plan)),
        _ => None,
    })?;
    let theme = if options.dark { Theme::DARK } else { Theme::LIGHT };
    let (start, end) = (entries.first()?.at, entries.last()?.at);
    let mut camera = Camera {
        model: Model::new(plan, theme),
        now: start,
        tick: 0,
        fps: options.fps.max(1),
        area: Rect::new(0, 0, options.size.0, options.size.1),
        reel: Reel::default(),
        captions: Vec::new(),
        perform,
    };
    camera.hear(Msg::Resize(options.size.0, options.size.1));
    camera.before(&options.keys);
    let ticks = options.seconds.max(1) * camera.fps;
    let mut due = entries;
    for tick in 0..=ticks {
        camera.now = start + end.saturating_sub(start) * tick / ticks;
        let (past, future) = due.split_at(due.partition_point(|entry| entry.at <= camera.now));
        due = future;
        camera.hear(Msg::Entries(past.to_vec()));
        if tick == ticks {
            camera.model.tally.cut_short();
        }
        let now = |press: &&Press| matches!(press.at, At::Percent(at) if u32::from(at) * ticks / 100 == tick);
        for press in options.keys.iter().filter(now) {
            camera.press(press);
        }
        camera.shoot();
        camera.tick += 1;
    }
    camera.after(&options.keys);
    Some(camera.developed(options))
}

/// Who plays the run, and takes the frames.
struct Camera<P> {
    model: Model,
    /// The run's time.
    now: Duration,
    /// The animation's time.
    tick: u32,
    fps: u32,
    area: Rect,
    reel: Reel,
    /// What is said of the keys, and when.
    captions: Vec<(Range<u32>, Caption)>,
    perform: P,
}

/// A key, and what it means.
#[derive(Debug, PartialEq, Eq)]
struct Caption {
    key: String,
    word: &'static str,
}

impl<P: FnMut(&Effect, &Model) -> Option<Msg>> Camera<P> {
    fn hear(&mut self, message: Msg) {
        let mut messages = vec![message];
        while let Some(message) = messages.pop() {
            for effect in self.model.update(message, self.now) {
                messages.extend((self.perform)(&effect, &self.model));
            }
        }
    }

    fn press(&mut self, press: &Press) {
        let word = press.key.word(&self.model);
        self.hear(press.key.message());
        if let Some((last, _)) = self.captions.last_mut() {
            last.end = last.end.min(self.tick);
        }
        let stays = self.tick..self.tick + KEY_STAYS * self.fps;
        self.captions.push((stays, Caption { key: press.key.name.clone(), word }));
    }

    fn shoot(&mut self) {
        self.hear(Msg::Tick);
        let mut buffer = Buffer::empty(self.area);
        draw(&self.model, self.now, self.area, &mut buffer);
        self.reel.show(self.tick, &buffer);
    }

    /// The screen before the run, and the keys that are pressed there.
    fn before(&mut self, keys: &[Press]) {
        for press in keys.iter().filter(|press| press.at == At::Start) {
            self.shoot();
            self.tick += KEY_STAYS * self.fps;
            self.press(press);
        }
        if self.tick > 0 {
            self.shoot();
            self.tick += self.fps;
        }
    }

    /// The keys that are pressed after the run.
    fn after(&mut self, keys: &[Press]) {
        for press in keys.iter().filter(|press| press.at == At::End) {
            self.tick += KEY_STAYS * self.fps;
            self.press(press);
            self.shoot();
        }
        self.tick += REST * self.fps;
    }

    fn developed(&self, options: &Options) -> String {
        let palette = Palette::of(options.dark);
        let (columns, rows) = (u32::from(options.size.0), u32::from(options.size.1));
        let (width, height) = (columns * CELL_WIDTH, rows * CELL_HEIGHT);
        let mut strips = Strips::of(&self.reel, self.tick, palette);
        for (stays, caption) in self.captions.iter().filter(|(stays, _)| !stays.is_empty()) {
            let before = (stays.start > 0).then_some((0, false));
            let moments = before.into_iter().chain([(stays.start, true), (stays.end, false)]);
            let seen = strips.seen(moments, &caption.drawn((width, height), palette));
            strips.body.push_str(&seen);
        }
        let (title, description) = self.told(options);
        let seconds = self.tick / self.fps;
        format!(
            "{}<title>{title}</title>\n<desc>{description}</desc>\n\
             <style>\ng[style]{{animation:{seconds}s step-end infinite}}\n\
             @media (prefers-reduced-motion:reduce){{g[style]{{animation:none!important}}}}\n{}</style>\n\
             {}<svg x=\"{MARGIN}\" y=\"{MARGIN}\" width=\"{width}\" height=\"{height}\" overflow=\"hidden\" \
             font-family=\"{FONT}\" font-size=\"{FONT_SIZE}\">\n{}</svg>\n</svg>\n",
            opened((columns, rows)),
            strips.style,
            ground((columns, rows), palette),
            strips.body,
        )
    }

    /// Title and description, for whoever does not see it.
    fn told(&self, options: &Options) -> (String, String) {
        let report = Report::of(&self.model.tally);
        let took = self.model.tally.elapsed(self.now).as_secs_f64();
        let mut told = origin(&report.run).map_or_else(String::new, |origin| format!("{origin}. "));
        let _ = write!(told, "A run of {} s, played in {} s.", number(took), options.seconds);
        let objective = self.model.objective.name();
        for model in &report.models {
            let reason = model.verdicts.get(&objective).map_or("not judged", |verdict| &verdict.reason);
            let _ = write!(told, " {}, {} variants. By {objective}: {reason}.", model.model, model.variants.len());
        }
        if !self.captions.is_empty() {
            let keys: Vec<String> = self.captions.iter().map(|(_, caption)| caption.to_string()).collect();
            let _ = write!(told, " Keys pressed: {}.", keys.join(", "));
        }
        (xml(&format!("{}, replayed", title(&report))), xml(&told))
    }
}

impl std::fmt::Display for Caption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.key)?;
        if self.word.is_empty() { Ok(()) } else { write!(f, " ({})", self.word) }
    }
}

impl Caption {
    /// A plate in the lower right corner of a picture of this size.
    fn drawn(&self, (width, height): (u32, u32), palette: &Palette) -> String {
        const TALL: u32 = 28;
        let (key, word) = (columns(&self.key) * CELL_WIDTH, columns(self.word) * CELL_WIDTH);
        let gap = if word > 0 { CELL_WIDTH } else { 0 };
        let wide = key + gap + word + 3 * CELL_WIDTH;
        // Above the footer, which says what keys there are.
        let (x, y) = (width.saturating_sub(wide + CELL_WIDTH), height.saturating_sub(TALL + 3 * CELL_HEIGHT));
        let (first, base) = (x + 3 * CELL_WIDTH / 2, y + 19);
        let mut out = format!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{TALL}\" rx=\"6\" fill=\"{}\"/>\n\
             <g fill=\"{}\"><text x=\"{first}\" y=\"{base}\" textLength=\"{key}\" font-weight=\"700\">{}</text>",
            palette.text,
            palette.background,
            xml(&self.key),
        );
        if word > 0 {
            let second = first + key + gap;
            let _ = write!(out, "<text x=\"{second}\" y=\"{base}\" textLength=\"{word}\">{}</text>", xml(self.word));
        }
        out.push_str("</g>\n");
        out
    }
}
