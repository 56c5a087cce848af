//! Picker: a box with the models that may be called, of which only the rows that are seen are written.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::bench::clean::{Lines, clean};
use crate::bench::quota::LimitSource;
use crate::tui::format::{count, paragraph};
use crate::tui::picker::ModelRow;
use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::overlay::OverlayBox;
use crate::tui::widgets::pen::Pen;

/// Columns of text that the whole list fits in.
pub const WIDEST: u16 = 140;

/// A text with its ink.
type Text<'a> = (Cow<'a, str>, Ink);

/// The list between a heading and what is to be known of the selected row.
#[derive(Debug)]
pub struct PickerBox<'a> {
    /// Its title.
    pub title: &'a str,
    /// What stands above the list, where nothing is typed.
    pub heading: (&'a str, Ink),
    /// What is typed, cleaned.
    pub typed: Option<&'a str>,
    /// How many rows are shown and marked.
    pub counted: &'a str,
    /// Every row.
    pub rows: &'a [ModelRow],
    /// Indices of the rows that are shown.
    pub found: &'a [usize],
    /// Which of them is selected.
    pub selected: usize,
    /// Ids that are marked.
    pub marked: &'a [String],
    /// What was typed, where it is offered as an id.
    pub by_hand: Option<&'a str>,
    /// Sentences below the list, cleaned, the most important first.
    pub about: &'a [Text<'a>],
    /// What ink and glyphs look like.
    pub theme: Theme,
}

/// One column behind the id.
struct Column {
    head: &'static str,
    width: u16,
    /// The higher, the sooner it is left out; 0 stays.
    rank: u8,
    /// Whether it ends where the column ends.
    right: bool,
    cell: fn(&ModelRow) -> Option<Text<'_>>,
}

const fn left(head: &'static str, width: u16, rank: u8, cell: fn(&ModelRow) -> Option<Text<'_>>) -> Column {
    Column { head, width, rank, right: false, cell }
}

const fn right(head: &'static str, width: u16, rank: u8, cell: fn(&ModelRow) -> Option<Text<'_>>) -> Column {
    Column { head, width, rank, right: true, cell }
}

const COLUMNS: [Column; 9] = [
    left("called", 14, 6, |row| Some((row.scope.into(), Ink::Muted))),
    left("state", 8, 5, |row| {
        let ink = if row.state.as_deref() == Some("active") { Ink::Muted } else { Ink::Warning };
        row.state.as_deref().map(|state| (clean(state, Lines::Join), ink))
    }),
    left("ends", 12, 4, |row| row.ends.as_deref().map(|day| (clean(day, Lines::Join), Ink::Warning))),
    right("RPM", 7, 0, |row| row.rpm.map(|(value, _)| (count(value).into(), Ink::Text))),
    left("", 9, 3, |row| source(row.rpm)),
    right("TPM", 10, 0, |row| row.tpm.map(|(value, _)| (count(value).into(), Ink::Text))),
    left("", 9, 3, |row| source(row.tpm)),
    right("$/M in", 9, 2, |row| Some(money(row.price.map(|(input, _)| input)))),
    right("$/M out", 9, 2, |row| Some(money(row.price.map(|(_, output)| output)))),
];

fn source(limit: Option<(f64, LimitSource)>) -> Option<Text<'static>> {
    limit.map(|(_, source)| {
        let ink = if source == LimitSource::Assumed { Ink::Warning } else { Ink::Muted };
        (source.name().into(), ink)
    })
}

fn money(usd: Option<f64>) -> Text<'static> {
    usd.map_or(("unknown".into(), Ink::Warning), |usd| (usd.to_string().into(), Ink::Text))
}

/// Selected, marked, about to end, and a space.
const SIGNS: u16 = 4;

/// How the lines inside a box are shared out.
struct Seats {
    list: u16,
    about: u16,
}

impl Seats {
    fn of(place: Rect) -> Self {
        // Heading and heads stand above the list, a rule below it.
        let inner = place.height.saturating_sub(4);
        let about = match inner {
            0..8 => 0,
            8..16 => 2,
            _ => 4,
        };
        Self { list: inner.saturating_sub(if about > 0 { about + 1 } else { 0 }), about }
    }
}

/// Rows of the list that a box shows.
pub fn visible(place: Rect) -> usize {
    Seats::of(place).list.into()
}

/// The columns that fit beside ids of this width, and what they take.
fn columns(width: u16, id: u16) -> (Vec<&'static Column>, u16) {
    let mut columns: Vec<&Column> = COLUMNS.iter().collect();
    let taken = |columns: &[&Column]| columns.iter().map(|column| column.width).sum::<u16>();
    while SIGNS + id + taken(&columns) > width
        && let Some(last) = columns.iter().map(|column| column.rank).max().filter(|rank| *rank > 0)
    {
        columns.retain(|column| column.rank < last);
    }
    let taken = taken(&columns);
    (columns, taken)
}

impl PickerBox<'_> {
    fn heading(&self, area: Rect, pen: &mut Pen<'_>) {
        let counted = self.counted.width() as u16;
        let room = area.width.saturating_sub(counted + 2);
        match self.typed {
            // One writes at the end, so that is what is seen.
            Some(typed) => {
                let line = format!("/{}_", tail(typed, room.saturating_sub(2).into()));
                pen.left(area.x, area.y, room, &line, Ink::Strong);
            }
            None => _ = pen.left(area.x, area.y, room, self.heading.0, self.heading.1),
        }
        pen.right(area.right().saturating_sub(counted), area.y, counted, self.counted, Ink::Muted);
    }

    fn list(&self, area: Rect, pen: &mut Pen<'_>) {
        // The usual id is seen whole; a longer one, such as an ARN, stands below the list when it is selected.
        let (columns, taken) = columns(area.width, if area.width < 90 { 30 } else { 44 });
        let id = area.width.saturating_sub(SIGNS + taken + 1);
        let mut x = area.x + SIGNS;
        pen.left(x, area.y, id, "id", Ink::Muted);
        x += id + 1;
        for column in &columns {
            place(pen, (x, area.y), column, (column.head, Ink::Muted));
            x += column.width;
        }
        let visible = usize::from(area.height.saturating_sub(1));
        let last = self.found.len().saturating_sub(visible);
        // The selected row stands in the middle of what is seen, so that both neighbours are seen.
        let first = self.selected.saturating_sub(visible / 2).min(last);
        let rows = self.found.iter().enumerate().skip(first).take(visible);
        for (offset, (index, row)) in rows.filter_map(|(index, row)| Some((index, self.rows.get(*row)?))).enumerate() {
            let area = Rect { y: area.y + 1 + offset as u16, height: 1, ..area };
            self.signs(area, index == self.selected, &row.id, pen);
            if row.state.as_deref().is_some_and(|state| state != "active") {
                let sign = pen.glyphs().warning;
                pen.left(area.x + 2, area.y, 1, sign, Ink::Warning);
            }
            let ink = if index == self.selected { Ink::Strong } else { Ink::Text };
            pen.left(area.x + SIGNS, area.y, id, &name(&row.id, id.into(), pen.glyphs().ellipsis), ink);
            let mut x = area.x + SIGNS + id + 1;
            for column in &columns {
                let withheld = pen.glyphs().withheld;
                let (text, ink) = (column.cell)(row).unwrap_or((withheld.into(), Ink::Muted));
                let text = if column.head.is_empty() && text == withheld { "".into() } else { text };
                place(pen, (x, area.y), column, (&text, ink));
                x += column.width;
            }
        }
        if let Some(typed) = self.by_hand.filter(|_| visible > 0) {
            let area = Rect { y: area.y + 1, height: 1, ..area };
            let [open, close] = if self.theme.ascii { ["\"", "\""] } else { ["«", "»"] };
            self.signs(area, true, typed, pen);
            let text = format!("use {open}{}{close} as the model id", clean(typed, Lines::Join));
            pen.left(area.x + SIGNS, area.y, area.width.saturating_sub(SIGNS), &text, Ink::Strong);
        }
        let [above, below] = pen.glyphs().more;
        let edge = area.right() + 1;
        if first > 0 {
            pen.left(edge, area.y + 1, 1, above, Ink::Muted);
        }
        if first < last {
            pen.left(edge, area.bottom() - 1, 1, below, Ink::Muted);
        }
    }

    fn signs(&self, area: Rect, selected: bool, id: &str, pen: &mut Pen<'_>) {
        let glyphs = pen.glyphs();
        if selected {
            pen.under(area, Ink::Selected);
            pen.left(area.x, area.y, 1, glyphs.selected, Ink::Key);
        }
        if self.marked.iter().any(|marked| marked == id) {
            pen.left(area.x + 1, area.y, 1, glyphs.included, Ink::Good);
        }
    }

    fn about(&self, area: Rect, pen: &mut Pen<'_>) {
        let ellipsis = pen.glyphs().ellipsis;
        let mut y = area.y;
        for (text, ink) in self.about {
            let most = usize::from(area.bottom().saturating_sub(y)).min(2);
            for line in paragraph(text, area.width.into(), most, ellipsis).iter().take(most) {
                pen.left(area.x, y, area.width, line, *ink);
                y += 1;
            }
        }
    }
}

/// An id in so many columns. ARNs of one account begin alike, so of a long one the end is shown.
fn name<'a>(id: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    let id = clean(id, Lines::Join);
    if !id.starts_with("arn:") || id.width() <= columns {
        return id;
    }
    format!("{ellipsis}{}", tail(&id, columns.saturating_sub(ellipsis.width()))).into()
}

/// The end of a text, as much as so many columns hold.
fn tail(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let fits = |(_, letter): &(usize, char)| {
        used += letter.width().unwrap_or(0);
        used <= columns
    };
    text.char_indices().rev().take_while(fits).last().map_or("", |(at, _)| &text[at..])
}

/// Puts a text into its column; a space stays free at the side where the neighbour begins.
fn place(pen: &mut Pen<'_>, (x, y): (u16, u16), column: &Column, (text, ink): (&str, Ink)) {
    let width = column.width.saturating_sub(1);
    if column.right {
        pen.right(x, y, width, text, ink);
    } else {
        pen.left(x, y, width, text, ink);
    }
}

impl Widget for PickerBox<'_> {
    /// The area is the box's own.
    fn render(self, area: Rect, buffer: &mut Buffer) {
        OverlayBox { title: self.title, lines: &[], foot: &[], scroll: 0, theme: self.theme }.render(area, buffer);
        let mut pen = Pen::new(buffer, self.theme);
        let seats = Seats::of(area);
        let inner = Rect::new(area.x + 2, area.y + 1, area.width.saturating_sub(4), area.height.saturating_sub(2));
        self.heading(inner, &mut pen);
        self.list(Rect { y: inner.y + 1, height: seats.list + 1, ..inner }, &mut pen);
        if seats.about > 0 {
            let y = inner.y + 2 + seats.list;
            let rule = pen.glyphs().rule;
            pen.fill(inner.x, y, inner.width, rule, Ink::Rule);
            self.about(Rect { y: y + 1, height: seats.about, ..inner }, &mut pen);
        } else if self.found.is_empty() && self.by_hand.is_none() {
            self.about(Rect { y: inner.y + 2, height: seats.list, ..inner }, &mut pen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_what_is_typed_and_of_arns_is_seen() {
        assert_eq!([tail("abcdef", 3), tail("abc", 9), tail("日本語", 5), tail("", 3)], ["def", "abc", "本語", ""]);
        assert_eq!(name("arn:aws:bedrock:profile/abc", 8, "…"), "…ile/abc");
        assert_eq!(name("maker.model-of-a-long-name", 8, "…"), "maker.model-of-a-long-name", "the pen cuts its end");
    }

    #[test]
    fn columns_give_way_by_rank_and_the_limits_stay() {
        let heads = |width| columns(width, 44).0.iter().map(|column| column.head).collect::<Vec<_>>();
        assert_eq!(heads(WIDEST).len(), COLUMNS.len());
        assert_eq!(heads(116), ["ends", "RPM", "", "TPM", "", "$/M in", "$/M out"]);
        assert_eq!(heads(20), ["RPM", "TPM"]);
    }
}
