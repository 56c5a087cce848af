//! Variants: the selectable list — a stacked token bar and the key figures of each, as many as there is room for.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::bench::quota::LimitKind;
use crate::tui::format::{count, percent, rate};
use crate::tui::theme::{Ink, Theme};
use crate::tui::widgets::pen::{Pen, Segment};

/// One variant's figures. What is `None` has no data, or too little.
#[derive(Debug, Clone, Default)]
pub struct VariantRow<'a> {
    /// Its name, cleaned.
    pub name: Cow<'a, str>,
    /// Where it stands.
    pub standing: Standing,
    /// Whether it gets trials.
    pub takes_part: bool,
    /// Whether the user picked it.
    pub picked: bool,
    /// Successful trials.
    pub ok: u64,
    /// Failed trials.
    pub failed: u64,
    /// Invocations that are out.
    pub in_flight: u64,
    /// Throttled invocations.
    pub throttles: u64,
    /// Mean input tokens, the cache's included.
    pub input: Option<f64>,
    /// Mean output tokens.
    pub output: Option<f64>,
    /// Whether its tokens are an estimate.
    pub estimated: bool,
    /// Median TTFT in milliseconds.
    pub ttft: Option<f64>,
    /// Median E2E in milliseconds.
    pub e2e: Option<f64>,
    /// Tokens a second.
    pub tokens_per_second: Option<f64>,
    /// Share of accepted answers.
    pub accepted: Option<f64>,
    /// Mean settled quota tokens.
    pub settled: Option<f64>,
    /// Share of quota tokens spent on answers that were not accepted.
    pub wasted: Option<f64>,
    /// Accepted answers per 1,000 quota tokens.
    pub per_1000_quota_tokens: Option<f64>,
    /// Requests a minute that fit, and the limit that binds.
    pub capacity: Option<(f64, LimitKind)>,
    /// min(RPM, TPM ÷ tokens).
    pub theoretical: Option<f64>,
    /// US dollars a thousand requests.
    pub usd_per_1000: Option<f64>,
}

/// Where a variant stands under the objective.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    /// In the field.
    #[default]
    Field,
    /// Shown to be best.
    Winner,
    /// The best so far.
    Leader,
    /// Every trial failed.
    Failed,
    /// Cannot win any more, so the race gives it no more trials.
    Out,
    /// Gets no more trials, for another reason.
    Retired,
    /// Left out by the user.
    Excluded,
    /// In the next run, and not in the one that is shown.
    New,
}

impl Standing {
    fn word(self) -> (&'static str, Ink) {
        match self {
            Self::Field => ("", Ink::Muted),
            Self::Winner => ("winner", Ink::Good),
            Self::Leader => ("leader", Ink::Good),
            Self::Failed => ("failed", Ink::Error),
            Self::Out => ("out", Ink::Warning),
            Self::Retired => ("retired", Ink::Muted),
            Self::Excluded => ("off", Ink::Muted),
            Self::New => ("new", Ink::Title),
        }
    }
}

/// What one cell says.
enum Cell {
    /// No trial yet: nothing to say.
    Blank,
    /// Too few trials for this figure.
    Withheld,
    /// The figure.
    Is(String, Ink),
}

/// One column: the head with its unit, its width, its rank (a low one stays longest), and its cell.
struct Column {
    head: &'static str,
    width: u16,
    rank: u8,
    cell: fn(&VariantRow<'_>) -> Cell,
}

const fn column(head: &'static str, width: u16, rank: u8, cell: fn(&VariantRow<'_>) -> Cell) -> Column {
    Column { head, width, rank, cell }
}

fn figure(row: &VariantRow<'_>, value: Option<f64>, format: fn(f64) -> String) -> Cell {
    match value {
        Some(value) => Cell::Is(format(value), Ink::Text),
        None if row.ok == 0 => Cell::Blank,
        None => Cell::Withheld,
    }
}

fn counted(n: u64, ink: Ink) -> Cell {
    let text = count(n as f64);
    Cell::Is(text, if n == 0 { Ink::Muted } else { ink })
}

/// Every column, in the order of the screen.
const COLUMNS: [Column; 18] = [
    column("ok", 5, 0, |row| counted(row.ok, Ink::Text)),
    column("fail", 5, 1, |row| counted(row.failed, Ink::Error)),
    column("in flight", 10, 12, |row| counted(row.in_flight, Ink::Text)),
    column("throttled", 10, 11, |row| counted(row.throttles, Ink::Warning)),
    column("in", 7, 3, |row| figure(row, row.input, count)),
    column("out", 7, 3, |row| figure(row, row.output, count)),
    column("", 4, 2, |row| if row.estimated { Cell::Is("est".into(), Ink::Warning) } else { Cell::Blank }),
    column("total", 7, 7, |row| figure(row, row.input.zip(row.output).map(|(i, o)| i + o), count)),
    column("TTFT ms", 9, 8, |row| figure(row, row.ttft, count)),
    column("E2E ms", 8, 4, |row| figure(row, row.e2e, count)),
    column("tokens/s", 10, 9, |row| figure(row, row.tokens_per_second, rate)),
    column("accept %", 10, 5, |row| figure(row, row.accepted, percent)),
    column("quota tokens", 14, 10, |row| figure(row, row.settled, count)),
    column("wasted %", 10, 14, |row| figure(row, row.wasted, percent)),
    column("accepted/1000", 15, 15, |row| figure(row, row.per_1000_quota_tokens, |n| format!("{n:.2}"))),
    column("theory/min", 12, 6, |row| figure(row, row.theoretical, rate)),
    column("USD/1000", 10, 13, |row| figure(row, row.usd_per_1000, |usd| format!("{usd:.2}"))),
    column("fit/min", 9, 0, |row| figure(row, row.capacity.map(|(rpm, _)| rpm), rate)),
];

/// The limit that binds stands behind what fits, whatever the width.
const BINDS: u16 = 5;
/// Selected, picked, included, and a space.
const SIGNS: u16 = 4;

/// The list under a head that names its columns.
#[derive(Debug)]
pub struct VariantTable<'a> {
    /// Every variant of the model, in the plan's order.
    pub rows: &'a [VariantRow<'a>],
    /// Which row is selected.
    pub selected: usize,
    /// What ink and glyphs look like.
    pub theme: Theme,
}

/// What is shown at a width.
struct Layout {
    name: u16,
    standing: u16,
    bar: u16,
    columns: Vec<&'static Column>,
}

impl VariantTable<'_> {
    fn layout(&self, width: u16) -> Layout {
        let longest = self.rows.iter().map(|row| row.name.width()).max().unwrap_or(0) as u16;
        let most = match width {
            0..60 => 11,
            60..100 => 16,
            100..150 => 24,
            _ => 40,
        };
        let name = longest.clamp(7, most);
        let standing = if width >= 66 { 8 } else { 0 };
        let least_bar = (width / 7).clamp(6, 20);
        let estimated = self.rows.iter().any(|row| row.estimated);
        let mut columns: Vec<&Column> = COLUMNS.iter().filter(|column| estimated || !column.head.is_empty()).collect();
        let fixed = SIGNS + name + 1 + standing + BINDS;
        let needed = |columns: &[&Column]| fixed + least_bar + columns.iter().map(|c| c.width).sum::<u16>();
        while needed(&columns) > width
            && let Some(last) = columns.iter().map(|column| column.rank).max().filter(|rank| *rank > 0)
        {
            columns.retain(|column| column.rank < last);
        }
        let left = width.saturating_sub(needed(&columns));
        Layout { name, standing, bar: (least_bar + left).min(72), columns }
    }

    fn head(&self, area: Rect, layout: &Layout, scrolled: bool, pen: &mut Pen<'_>) {
        let glyphs = pen.glyphs();
        let title = if scrolled {
            format!("Variants {} of {}", self.selected + 1, self.rows.len())
        } else {
            "Variants".to_owned()
        };
        let taken = area.x + pen.head(area, &title);
        let bar = area.x + SIGNS + layout.name + 1 + layout.standing;
        let end = bar + layout.bar;
        let start = taken.max(bar.saturating_sub(1));
        let legend = [("", Ink::Muted, "tokens"), (glyphs.full, Ink::Input, "in"), (glyphs.half, Ink::Output, "out")];
        // Without room for all of it, the word goes first.
        let parts = if start + 18 <= end { &legend[..] } else { &legend[1..] };
        if start + 11 <= end {
            let mut x = start;
            for (sign, ink, word) in parts {
                pen.fill(x, area.y, 1, " ", Ink::Text);
                x += 1 + pen.left(x + 1, area.y, 1, sign, *ink);
                x += pen.on_rule(x, area.y, end - x, word, Ink::Muted) - 1;
            }
        }
        let mut x = end;
        for column in &layout.columns {
            pen.on_rule_right(x, area.y, column.width, column.head, Ink::Muted);
            x += column.width;
        }
        pen.on_rule(x, area.y, BINDS, "by", Ink::Muted);
    }

    fn row(&self, index: usize, row: &VariantRow<'_>, area: Rect, layout: &Layout, scale: f64, pen: &mut Pen<'_>) {
        let glyphs = pen.glyphs();
        let y = area.y;
        let selected = index == self.selected;
        if selected {
            pen.under(area, Ink::Selected);
            pen.left(area.x, y, 1, glyphs.selected, Ink::Key);
        }
        if row.picked {
            pen.left(area.x + 1, y, 1, glyphs.picked, Ink::Warning);
        }
        let (sign, ink) = if row.takes_part { (glyphs.included, Ink::Good) } else { (glyphs.excluded, Ink::Muted) };
        pen.left(area.x + 2, y, 1, sign, ink);
        let name_ink = match (selected, row.takes_part || row.ok > 0) {
            (true, _) => Ink::Strong,
            (false, true) => Ink::Text,
            (false, false) => Ink::Muted,
        };
        let mut x = area.x + SIGNS;
        pen.left(x, y, layout.name, &row.name, name_ink);
        x += layout.name + 1;
        let (word, ink) = row.standing.word();
        pen.left(x, y, layout.standing, word, ink);
        x += layout.standing;
        if let Some((input, output)) = row.input.zip(row.output) {
            let segments = [
                Segment { share: input / scale, glyph: glyphs.full, ink: Ink::Input },
                Segment { share: output / scale, glyph: glyphs.half, ink: Ink::Output },
            ];
            pen.bar(x, y, layout.bar, &segments);
        }
        x += layout.bar;
        for column in &layout.columns {
            match (column.cell)(row) {
                Cell::Blank => {}
                Cell::Withheld => pen.right(x, y, column.width, glyphs.withheld, Ink::Muted),
                Cell::Is(text, ink) => pen.right(x, y, column.width, &text, ink),
            }
            x += column.width;
        }
        if let Some((_, limit)) = row.capacity {
            pen.left(x + 1, y, BINDS - 2, limit.name(), Ink::Muted);
        }
    }
}

/// The first of so many rows that is seen: the selected one stands in the middle, so that both neighbours are seen.
pub fn first_shown(rows: usize, selected: usize, visible: usize) -> usize {
    selected.saturating_sub(visible / 2).min(rows.saturating_sub(visible))
}

impl Widget for VariantTable<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(buffer, self.theme);
        let layout = self.layout(area.width);
        let visible = usize::from(area.height.saturating_sub(1));
        let first = first_shown(self.rows.len(), self.selected, visible);
        self.head(area, &layout, self.rows.len() > visible, &mut pen);
        let total = |row: &VariantRow<'_>| row.input.unwrap_or(0.0) + row.output.unwrap_or(0.0);
        let scale = self.rows.iter().map(total).fold(f64::MIN_POSITIVE, f64::max);
        for (offset, (index, row)) in self.rows.iter().enumerate().skip(first).take(visible).enumerate() {
            let area = Rect { y: area.y + 1 + offset as u16, height: 1, ..area };
            self.row(index, row, area, &layout, scale, &mut pen);
        }
    }
}
