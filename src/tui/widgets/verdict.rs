//! Verdict: who wins or leads under the objective and why, the ranking with its intervals, and what follows from it.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::tui::format::{paragraph, wrap};
use crate::tui::theme::{Glyphs, Ink, Theme};
use crate::tui::widgets::pen::Pen;
use crate::tui::widgets::sheet::{Line, Lines};

/// One place of the ranking.
#[derive(Debug, Clone)]
pub struct Place {
    /// The variant, cleaned.
    pub name: String,
    /// Its score in the ranking's unit.
    pub score: String,
    /// By how much it is worse than the first, a share: the ends of the interval.
    pub behind: Option<(f64, f64)>,
    /// How it stands: winner, leader, out and by whom, too few trials, or by how much it is worse.
    pub standing: (String, Ink),
}

/// A sentence under the ranking.
#[derive(Debug, Clone)]
pub struct Note<'a> {
    /// The sentence, cleaned.
    pub text: Cow<'a, str>,
    /// How it is written.
    pub ink: Ink,
    /// Whether the ranking makes room for it.
    pub pinned: bool,
}

/// The verdict.
#[derive(Debug)]
pub struct VerdictPanel<'a> {
    /// The objective, and what wins under it.
    pub objective: (&'a str, &'a str),
    /// `winner`, `leader` or `no winner`, and its ink.
    pub standing: (String, Ink),
    /// Why, cleaned.
    pub reason: Cow<'a, str>,
    /// Every variant that can be scored, best first.
    pub ranking: &'a [Place],
    /// The unit of their scores.
    pub unit: &'a str,
    /// What else is to be said, the most important first.
    pub notes: &'a [Note<'a>],
    /// What ink and glyphs look like.
    pub theme: Theme,
}

/// Rows of a ranking that are worth showing: the head and two.
const FEWEST_RANKED: usize = 3;
/// Rows of it that go before other sentences: the head and four.
const ENOUGH_RANKED: usize = 5;
/// Columns of the number of a place with the spaces around it.
const NUMBER: u16 = 4;
/// Columns of a score at least, so that they stay where they are while it changes.
const SCORE: u16 = 7;
/// Columns of `-100 to +100 %`.
const STANDING: u16 = 14;
/// Columns of an axis: fewer show nothing; names give way to so many; and more are not needed.
const AXIS: [u16; 3] = [8, 16, 40];

/// How the rows of a panel are given away.
struct Rows {
    reason: usize,
    ranking: usize,
    notes: Vec<usize>,
}

/// Where the columns of a ranking are.
struct Columns {
    name: u16,
    score: u16,
    axis: u16,
    standing: u16,
}

/// The ends of the axis: always the same, so that intervals are seen to close and nothing moves but them.
const ENDS: (f64, f64) = (-0.5, 1.0);

/// The axis on which every interval is drawn, over so many columns.
#[derive(Clone, Copy)]
struct Axis {
    columns: u16,
}

impl Axis {
    fn column(self, value: f64) -> u16 {
        let share = (value.clamp(ENDS.0, ENDS.1) - ENDS.0) / (ENDS.1 - ENDS.0);
        (share * f64::from(self.columns.saturating_sub(1))).round() as u16
    }
}

impl VerdictPanel<'_> {
    /// The verdict on one row, without a head.
    fn line(&self, area: Rect, pen: &mut Pen<'_>) -> u16 {
        let taken = 2 + pen.left(area.x + 1, area.y, area.width.saturating_sub(1), &self.standing.0, self.standing.1);
        taken + pen.left(area.x + taken, area.y, area.width.saturating_sub(taken), &self.reason, Ink::Text)
    }

    /// So many rows for each part: always as many for the reason, so that what is below stays where it is.
    fn rows(&self, rows: usize, columns: u16) -> Rows {
        let reason = rows.min(if columns >= 76 { 2 } else { 3 });
        let mut left = rows - reason;
        let wanted: Vec<usize> = self.notes.iter().map(|note| wrap(&note.text, columns.into(), 4).0.len()).collect();
        let pinned: usize =
            self.notes.iter().zip(&wanted).filter(|(note, _)| note.pinned).map(|(_, n)| n.min(&2)).sum();
        let others = wanted.iter().sum::<usize>().saturating_sub(pinned).min(left / 3);
        let all = if self.ranking.len() > 1 { self.ranking.len() + 1 } else { 0 };
        let room = left.saturating_sub(pinned);
        let ranking = all.min(room.saturating_sub(others).max(ENOUGH_RANKED)).min(room);
        let ranking = if ranking < FEWEST_RANKED { 0 } else { ranking };
        left -= ranking;
        let notes = wanted.into_iter().map(|wanted| {
            let given = wanted.min(left);
            left -= given;
            given
        });
        Rows { reason, ranking, notes: notes.collect() }
    }
}

impl Columns {
    fn of(ranking: &[Place], width: u16) -> Self {
        let widest =
            |text: fn(&Place) -> &str| ranking.iter().map(|place| text(place).width()).max().unwrap_or(0) as u16;
        let score = widest(|place| &place.score).max(SCORE);
        // What stands in the last column is worth more than the axis, and the axis more than the end of a name.
        let room = width.saturating_sub(NUMBER + score + 2);
        let longest = widest(|place| &place.name);
        let name = longest.min(room.saturating_sub(STANDING + AXIS[1] + 4).clamp(8, 24)).min(room);
        let left = room - name;
        let standing = left.saturating_sub(2).min(STANDING.max(widest(|place| &place.standing.0)));
        let axis = left.saturating_sub(STANDING + 4).min(AXIS[2]);
        let axis = if axis < AXIS[0] { 0 } else { axis };
        let taken = if axis == 0 { 0 } else { axis + 2 };
        Self { name, score, axis, standing: standing.min(left.saturating_sub(taken + 2)) }
    }
}

/// The ranking as lines: a head, and one for each place with its interval drawn.
pub fn ranks(ranking: &[Place], unit: &str, width: u16, glyphs: &Glyphs) -> Vec<Line> {
    let columns = Columns::of(ranking, width);
    let axis = Axis { columns: columns.axis };
    // The unit is wider than its numbers, and nothing stands left of it.
    let scores = NUMBER - 1 + columns.name + 2 + columns.score;
    let mut head: Line = vec![(right(unit, scores), scores, Ink::Muted)];
    if columns.axis > 0 {
        let end = format!("{:+.0} %", ENDS.1 * 100.0);
        let zero = axis.column(0.0);
        let marks = format!("{:zero$}0{:>rest$}", "", end, zero = zero.into(), rest = (columns.axis - zero - 1).into());
        head.push((format!("  {marks}"), columns.axis + 2, Ink::Muted));
    }
    head.push(("  worse by".into(), columns.standing + 2, Ink::Muted));
    let place = |(index, place): (usize, &Place)| {
        let ink = if index == 0 { Ink::Strong } else { Ink::Text };
        let mut line: Line = vec![
            (format!("{:>2} ", index + 1), NUMBER - 1, Ink::Muted),
            (place.name.clone(), columns.name, ink),
            (format!("  {:>score$}", place.score, score = columns.score.into()), columns.score + 2, ink),
        ];
        if columns.axis > 0 {
            line.push(("  ".into(), 2, Ink::Text));
            line.extend(interval(place, axis, glyphs));
        }
        line.push(("  ".into(), 2, Ink::Text));
        line.push((place.standing.0.clone(), columns.standing, place.standing.1));
        line
    };
    std::iter::once(head).chain(ranking.iter().enumerate().map(place)).collect()
}

/// A text at the right of so many columns.
fn right(text: &str, columns: u16) -> String {
    format!("{}{text}", " ".repeat(usize::from(columns).saturating_sub(text.width())))
}

/// An interval on the axis; where it straddles the leader's place, the mark stands in the bar.
fn interval(place: &Place, axis: Axis, glyphs: &Glyphs) -> Line {
    let mut cells = vec![(" ", Ink::Text); axis.columns.into()];
    if let Some((low, high)) = place.behind {
        let (from, to) = (axis.column(low), axis.column(high));
        // A bar that lies to the right of the mark must be seen to do so.
        let from = if low > 0.0 { from.max(axis.column(0.0) + 1).min(axis.columns - 1) } else { from };
        let ink = if low > 0.0 { Ink::Used } else { Ink::Warning };
        cells[from.into()..=to.max(from).into()].fill((glyphs.done, ink));
    }
    cells[usize::from(axis.column(0.0))] = (glyphs.mark, Ink::Mark);
    let run = |run: &[(&str, Ink)]| (run.iter().map(|(sign, _)| *sign).collect(), run.len() as u16, run[0].1);
    cells.chunk_by(|a, b| a == b).map(run).collect()
}

impl Widget for VerdictPanel<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(buffer, self.theme);
        if area.height < 2 {
            self.line(area, &mut pen);
            return;
        }
        let title = format!("Verdict: {}", self.objective.0);
        let taken = pen.head(area, &title);
        pen.on_rule(area.x + taken, area.y, area.width.saturating_sub(taken + 1), self.objective.1, Ink::Muted);
        let (columns, ellipsis) = (area.width.saturating_sub(2), pen.glyphs().ellipsis);
        let rows = self.rows(usize::from(area.height - 1), columns);
        let mut y = area.y + 1;
        // The standing leads the reason, so both are wrapped as one text, and inked apart.
        let text = format!("{} {}", self.standing.0, self.reason);
        for (index, line) in paragraph(&text, columns.into(), rows.reason, ellipsis).iter().enumerate() {
            pen.left(area.x + 1, y + index as u16, columns, line, Ink::Text);
            if index == 0 {
                pen.under(Rect::new(area.x + 1, y, columns.min(self.standing.0.width() as u16), 1), self.standing.1);
            }
        }
        y += rows.reason as u16;
        if rows.ranking > 0 {
            let lines = ranks(self.ranking, self.unit, columns + 1, pen.glyphs());
            let place = Rect { x: area.x + 1, y, width: columns + 1, height: rows.ranking as u16 };
            let edge = area.right().saturating_sub(1);
            Lines { lines: &lines[..rows.ranking], scroll: 0, edge, theme: self.theme }.render(place, buffer);
            pen = Pen::new(buffer, self.theme);
            y += rows.ranking as u16;
        }
        for (note, given) in self.notes.iter().zip(rows.notes) {
            for line in paragraph(&note.text, columns.into(), given, ellipsis).iter().take(given) {
                pen.left(area.x + 1, y, columns, line, note.ink);
                y += 1;
            }
        }
    }
}
