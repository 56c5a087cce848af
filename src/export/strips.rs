//! Strips: a reel as SVG in which only what changes is stored again, and moves by CSS alone.
//!
//! What never changes is painted once. A field that changes (a number, a bar, a line of the log) is a strip: its
//! pictures lie below each other, one stride apart, of which only one fits through the window; the strip jumps. Fields
//! that change in step share a strip. Without animation every strip shows its first picture, and that is the last frame's.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::ops::Range;

use ratatui::buffer::Cell;
use ratatui::style::Color;
use unicode_width::UnicodeWidthStr;

use crate::export::glyphs::glyph;
use crate::export::painter::{CELL_HEIGHT, Painter};
use crate::export::palette::Palette;
use crate::export::reel::Reel;

/// An animation in the making.
#[derive(Debug)]
pub(crate) struct Strips<'a> {
    reel: &'a Reel,
    palette: &'static Palette,
    /// How many ticks it is long.
    length: u32,
    /// The keyframes.
    pub style: String,
    /// The pictures.
    pub body: String,
    names: usize,
}

/// Frames that look much alike, and what changes in them.
#[derive(Debug, Default)]
struct Scene {
    frames: Vec<usize>,
    fields: Vec<Field>,
}

/// A field of the screen that changes.
#[derive(Debug)]
struct Field {
    row: usize,
    columns: Range<usize>,
    /// The number of its picture in each frame.
    shown: Vec<usize>,
    /// Its pictures by their numbers.
    pictures: Vec<Vec<Cell>>,
}

impl<'a> Strips<'a> {
    /// Draws a whole reel that is so many ticks long.
    pub(crate) fn of(reel: &'a Reel, length: u32, palette: &'static Palette) -> Self {
        let mut strips = Self { reel, palette, length, style: String::new(), body: String::new(), names: 0 };
        let rows = reel.size().1;
        let every: Vec<usize> = (0..reel.frames.len()).collect();
        // What is painted again in any scene is left to each of them.
        let mut changes: Vec<Vec<bool>> = (0..rows).map(|row| strips.changes(row, &every)).collect();
        let mut scenes: Vec<Scene> = Vec::new();
        for (frame, scene) in reel.scenes().into_iter().enumerate() {
            if scene == scenes.len() {
                scenes.push(Scene::default());
            }
            scenes[scene].frames.push(frame);
        }
        for scene in &mut scenes {
            scene.fields = (0..rows).flat_map(|row| strips.fields(row, &scene.frames)).collect();
            for field in &scene.fields {
                changes[field.row][field.columns.clone()].fill(true);
            }
        }
        let mut painter = Painter::new(palette);
        for (row, changes) in changes.iter().enumerate() {
            strips.still(&mut painter, row, 0, &changes.iter().map(|changes| !changes).collect::<Vec<_>>());
        }
        strips.body.push_str(&painter.gathered());
        for scene in scenes {
            strips.scene(scene, &changes);
        }
        strips
    }

    /// Draws the frames of a scene as far as they are not the same in all scenes.
    fn scene(&mut self, scene: Scene, changes: &[Vec<bool>]) {
        let Some(first) = scene.frames.first() else { return };
        let mut still = changes.to_vec();
        let mut strips: BTreeMap<Vec<usize>, Vec<Field>> = BTreeMap::new();
        for field in scene.fields {
            still[field.row][field.columns.clone()].fill(false);
            strips.entry(field.shown.clone()).or_default().push(field);
        }
        let mut painter = Painter::new(self.palette);
        for (row, still) in still.iter().enumerate() {
            self.still(&mut painter, row, *first, still);
        }
        let mut out = painter.gathered();
        for (shown, fields) in strips {
            out.push_str(&self.strip(&shown, &fields));
        }
        let moments = self.reel.frames.iter().enumerate();
        let moments = moments.map(|(index, frame)| (frame.at, scene.frames.binary_search(&index).is_ok()));
        let moments: Vec<(u32, bool)> = moments.collect();
        let out = if moments.iter().all(|(_, seen)| *seen) { out } else { self.seen(moments.into_iter(), &out) };
        self.body.push_str(&out);
    }

    /// Fields that change in step.
    fn strip(&mut self, shown: &[usize], fields: &[Field]) -> String {
        let stride = (self.reel.size().1 as u32 * CELL_HEIGHT).div_ceil(1_000).max(1) * 1_000;
        let mut painter = Painter::new(self.palette);
        for field in fields {
            for (number, cells) in (0..).zip(&field.pictures) {
                painter.cells(field.columns.start as u32, field.row as u32 * CELL_HEIGHT + number * stride, cells);
            }
        }
        let mut frames = String::new();
        let mut last = None;
        for (frame, number) in self.reel.frames.iter().zip(shown) {
            if last.replace(*number) != Some(*number) {
                let up = *number as u32 * stride;
                let _ = write!(frames, "{}{{transform:translateY(-{up}px)}}", self.percent(frame.at));
            }
        }
        let name = self.named(&frames);
        format!("<g style=\"animation-name:{name}\">\n{}</g>\n", painter.gathered())
    }

    /// A group that is seen or not from each of these ticks on.
    pub(crate) fn seen(&mut self, moments: impl Iterator<Item = (u32, bool)>, inside: &str) -> String {
        let mut frames = String::new();
        let mut last = None;
        for (at, seen) in moments {
            if last.replace(seen) != Some(seen) {
                let how = if seen { "visible" } else { "hidden" };
                let _ = write!(frames, "{}{{visibility:{how}}}", self.percent(at));
            }
        }
        let name = self.named(&frames);
        let hidden = if last == Some(true) { "" } else { " visibility=\"hidden\"" };
        format!("<g style=\"animation-name:{name}\"{hidden}>\n{inside}</g>\n")
    }

    fn named(&mut self, frames: &str) -> String {
        let name = format!("a{}", self.names);
        self.names += 1;
        let _ = writeln!(self.style, "@keyframes {name}{{{frames}}}");
        name
    }

    /// A tick as a share of the whole.
    fn percent(&self, at: u32) -> String {
        let hundredths = u64::from(at) * 10_000 / u64::from(self.length.max(1));
        let exact = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        format!("{}%", exact.trim_end_matches('0').trim_end_matches('.'))
    }

    /// Paints those cells of a frame's row that are set.
    fn still(&self, painter: &mut Painter, row: usize, frame: usize, set: &[bool]) {
        let cells = self.reel.cells(self.reel.frames[frame].rows[row]);
        for columns in runs(set) {
            painter.cells(columns.start as u32, row as u32 * CELL_HEIGHT, &cells[columns]);
        }
    }

    /// Which columns of a row are not the same in all of these frames; words change as a whole.
    fn changes(&self, row: usize, frames: &[usize]) -> Vec<bool> {
        let rows = self.distinct(row, frames);
        let first = self.reel.cells(rows[0]);
        let changes =
            (0..first.len()).map(|column| rows.iter().any(|row| self.reel.cells(*row)[column] != first[column]));
        let mut changes: Vec<bool> = changes.collect();
        let linked = self.linked(&rows, 0);
        for column in 1..changes.len() {
            changes[column] |= linked[column - 1] && changes[column - 1];
        }
        for column in (1..changes.len()).rev() {
            changes[column - 1] |= linked[column - 1] && changes[column];
        }
        // A blank between two words is theirs, so that they can be one text.
        for column in 1..changes.len().saturating_sub(1) {
            changes[column] |= first[column].symbol() == " " && changes[column - 1] && changes[column + 1];
        }
        changes
    }

    /// Which columns are one with the next: a wide character takes both, and in more than so many of these rows they
    /// are of one word.
    fn linked(&self, rows: &[usize], most: usize) -> Vec<bool> {
        let columns = self.reel.size().0;
        let is_linked = |column: usize| {
            let pairs = || rows.iter().filter_map(|row| self.reel.cells(*row).get(column..column + 2));
            let words = pairs().filter(|two| is_text(&two[0]) && is_text(&two[1])).count();
            words > most || pairs().any(|two| is_wide(&two[0]))
        };
        (0..columns).map(is_linked).collect()
    }

    /// The different looks of a row in some frames.
    fn distinct(&self, row: usize, frames: &[usize]) -> Vec<usize> {
        let mut rows: Vec<usize> = frames.iter().map(|frame| self.reel.frames[*frame].rows[row]).collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// The fields of a row in some frames: each word and sign that changes, unless neighbours take less together.
    fn fields(&self, row: usize, frames: &[usize]) -> Vec<Field> {
        let rows = self.distinct(row, frames);
        // A word that is elsewhere in a few frames is cut there, or all that stands beside it would move with it.
        let linked = self.linked(&rows, rows.len() / 2);
        let field = |columns: Range<usize>| {
            let field = self.field(row, frames, columns);
            (field.weight(), field)
        };
        let mut fields: Vec<(usize, Field)> = Vec::new();
        for run in runs(&self.changes(row, frames)) {
            let mut start = run.start;
            for column in run.clone() {
                if column + 1 == run.end || !linked[column] {
                    fields.push(field(start..column + 1));
                    start = column + 1;
                }
            }
        }
        // As long as any two neighbours gain by it, those that gain most are joined.
        let join = |left: &(usize, Field), right: &(usize, Field)| {
            let joint = field(left.1.columns.start..right.1.columns.end);
            ((left.0 + right.0).checked_sub(joint.0), joint)
        };
        let mut joints: Vec<_> = fields.windows(2).map(|two| join(&two[0], &two[1])).collect();
        while let Some(at) = (0..joints.len()).max_by_key(|at| joints[*at].0).filter(|at| joints[*at].0.is_some()) {
            fields[at] = joints.remove(at).1;
            fields.remove(at + 1);
            if at > 0 {
                joints[at - 1] = join(&fields[at - 1], &fields[at]);
            }
            if at < joints.len() {
                joints[at] = join(&fields[at], &fields[at + 1]);
            }
        }
        fields.into_iter().map(|(_, field)| field).filter(|field| field.pictures.len() > 1).collect()
    }

    /// One field; where its scene is not shown, it stays as it was.
    fn field(&self, row: usize, frames: &[usize], columns: Range<usize>) -> Field {
        let mut numbers: HashMap<&[Cell], usize> = HashMap::new();
        let mut pictures = Vec::new();
        let mut number = |frame: usize| {
            let cells = &self.reel.cells(self.reel.frames[frame].rows[row])[columns.clone()];
            *numbers.entry(cells).or_insert_with(|| {
                pictures.push(cells.to_vec());
                pictures.len() - 1
            })
        };
        // The last picture is the first of the strip.
        let mut now = frames.last().map_or(0, |last| number(*last));
        if let Some(first) = frames.first() {
            now = number(*first);
        }
        let mut due = frames.iter().peekable();
        let mut shown = Vec::with_capacity(self.reel.frames.len());
        for frame in 0..self.reel.frames.len() {
            if due.next_if_eq(&&frame).is_some() {
                now = number(frame);
            }
            shown.push(now);
        }
        Field { row, columns, shown, pictures }
    }
}

impl Field {
    /// About how many bytes it takes.
    fn weight(&self) -> usize {
        const STRIP: usize = 80;
        const MOVE: usize = 38;
        let moves = self.shown.windows(2).filter(|two| two[0] != two[1]).count();
        STRIP + moves * MOVE + self.pictures.iter().map(|cells| weight(cells)).sum::<usize>()
    }
}

/// About how many bytes cells take.
fn weight(cells: &[Cell]) -> usize {
    const TEXT: usize = 46;
    const SHAPE: usize = 22;
    let mut bytes = 0;
    for (column, cell) in cells.iter().enumerate() {
        let before = |columns: usize| column.checked_sub(columns).map(|column| &cells[column]);
        let alike = |other: &&Cell| (other.fg, other.bg, other.modifier) == (cell.fg, cell.bg, cell.modifier);
        let last = before(1).filter(alike);
        if is_text(cell) {
            let goes_on = last.is_some_and(|last| is_text(last) || before(2).filter(alike).is_some_and(is_text));
            bytes += if goes_on { 1 } else { TEXT };
        } else if cell.symbol() != " " {
            bytes += if last.is_some_and(|last| last.symbol() == cell.symbol()) { 0 } else { SHAPE };
        }
        let grounded = cell.bg != Color::Reset && before(1).is_none_or(|last| last.bg != cell.bg);
        bytes += if grounded { SHAPE } else { 0 };
    }
    bytes
}

/// Whether a font draws it.
fn is_text(cell: &Cell) -> bool {
    cell.symbol() != " " && glyph(cell.symbol()).is_none()
}

fn is_wide(cell: &Cell) -> bool {
    cell.symbol().len() > 1 && cell.symbol().width() > 1
}

/// The stretches of columns that are set.
fn runs(set: &[bool]) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::new();
    for column in (0..set.len()).filter(|column| set[*column]) {
        match out.last_mut().filter(|last| last.end == column) {
            Some(last) => last.end += 1,
            None => out.push(column..column + 1),
        }
    }
    out
}

#[cfg(test)]
mod tests;
