//! Quota: a gauge for each limit — used, reserved, free, the share in force, and where the limit came from.

use std::borrow::Cow;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use unicode_width::UnicodeWidthStr;

use crate::bench::ledger::Taken;
use crate::bench::quota::{Limit, LimitKind, LimitSource};
use crate::tui::format::{count, percent, span};
use crate::tui::theme::{Glyphs, Ink, Theme};
use crate::tui::widgets::pen::{Pen, Segment};

/// One gauge.
#[derive(Debug, Clone)]
pub struct Gauge<'a> {
    /// Which limit.
    pub kind: LimitKind,
    /// What is taken of it now.
    pub taken: Taken,
    /// What others take of it a minute; `None` where that is not known.
    pub others: Option<f64>,
    /// What is known of it.
    pub state: GaugeState<'a>,
}

/// What is known of a limit.
#[derive(Debug, Clone, Copy)]
pub enum GaugeState<'a> {
    /// The detection has not answered yet.
    Detecting,
    /// There is no such limit.
    Absent,
    /// The limit, and the working estimate where it differs.
    Known(&'a Limit, Option<f64>),
}

/// The gauges under a head that names their columns.
#[derive(Debug)]
pub struct QuotaPanel<'a> {
    /// One for each limit.
    pub gauges: &'a [Gauge<'a>],
    /// What the user must know of the detection.
    pub notes: &'a [Cow<'a, str>],
    /// The share of each limit that may be taken.
    pub share: f64,
    /// How old what is known of others is; `None` where this program's own use is all that is known.
    pub others: Option<Duration>,
    /// What ink and glyphs look like.
    pub theme: Theme,
}

const LABEL: u16 = 5;
const NUMBER: u16 = 10;
/// Room for a quota's code and where its value comes from.
const SHORT_SOURCE: u16 = 18;
/// Room for the sign before `reserved`.
const RESERVED: u16 = 12;

/// Where each column begins and how wide it is; 0 leaves it out.
struct Columns {
    bar: u16,
    reserved: u16,
    free: u16,
    percent: u16,
    source: u16,
}

impl Columns {
    fn of(width: u16, longest: u16) -> Self {
        let free = if width >= 110 { NUMBER } else { 0 };
        let percent = if width >= 52 { 5 } else { 0 };
        let reserved = if width >= 72 { RESERVED } else { NUMBER };
        let fixed = LABEL + 2 * NUMBER + reserved + free + percent;
        let source = if width >= 60 { (longest + 2).min(width.saturating_sub(fixed + 10)) } else { 0 };
        let bar = width.saturating_sub(fixed + source + 1).min(72);
        // What the bar does not need, the quota's name takes.
        let source = if source > 0 { width.saturating_sub(fixed + bar + 1) } else { 0 };
        Self { bar, reserved, free, percent, source }
    }
}

impl Widget for QuotaPanel<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let mut pen = Pen::new(buffer, self.theme);
        // In little room the bar is worth more than the end of a long source.
        let most = if area.width >= 100 { u16::MAX } else { SHORT_SOURCE };
        let longest = self.gauges.iter().map(|gauge| gauge.source(false).0.width()).max().unwrap_or(0) as u16;
        let longest = longest.min(most);
        let columns = Columns::of(area.width, longest);
        self.head(area, &columns, &mut pen);
        let mut y = area.y + 1;
        for gauge in self.gauges {
            if y >= area.bottom() {
                return;
            }
            self.gauge(gauge, Rect { y, height: 1, ..area }, &columns, &mut pen);
            y += 1;
        }
        for note in self.notes {
            if y >= area.bottom() {
                return;
            }
            let sign = pen.glyphs().warning;
            pen.left(area.x + 1, y, 1, sign, Ink::Warning);
            pen.left(area.x + 3, y, area.width.saturating_sub(4), note, Ink::Warning);
            y += 1;
        }
    }
}

impl QuotaPanel<'_> {
    fn head(&self, area: Rect, columns: &Columns, pen: &mut Pen<'_>) {
        let glyphs = pen.glyphs();
        let mut left = area.x + pen.head(area, "Quota");
        let bar_end = area.x + LABEL + columns.bar;
        let room = bar_end.saturating_sub(left);
        // The age of what is known of others, and whether anything is, must be seen in little room too.
        let roomy = self.signs(glyphs, true);
        let fits = |texts: &[String]| texts.iter().map(|text| text.width() as u16 + 2).sum::<u16>() <= room;
        let texts = if fits(&roomy) { roomy } else { self.signs(glyphs, false) };
        for text in texts {
            if left + (text.width() as u16) < bar_end {
                left += pen.on_rule(left, area.y, bar_end.saturating_sub(left), &text, Ink::Muted);
            }
        }
        let mut x = bar_end.max(left);
        for (head, width, sign, ink) in [
            ("used", NUMBER, glyphs.full, Ink::Used),
            ("reserved", columns.reserved, glyphs.half, Ink::Reserved),
            ("free", columns.free, glyphs.free, Ink::Free),
            ("limit", NUMBER, "", Ink::Muted),
            ("%", columns.percent, "", Ink::Muted),
        ] {
            // A sign before its word explains the bar, where there is room for both.
            pen.on_rule_sign(x, area.y, width, (sign, ink), head);
            x += width;
        }
        if columns.source > 4 {
            pen.on_rule(x + 1, area.y, columns.source - 1, "source", Ink::Muted);
        }
    }

    /// What the signs on the bars mean: others, and the share where it is no whole.
    fn signs(&self, glyphs: &Glyphs, roomy: bool) -> Vec<String> {
        let others = match (self.others, roomy) {
            (Some(age), true) => format!("{} others, {} ago", glyphs.others, span(age)),
            (Some(age), false) => format!("{} {} ago", glyphs.others, span(age)),
            (None, true) => "this program only".into(),
            (None, false) => "ours".into(),
        };
        let share = format!("{} {} %{}", glyphs.mark, percent(self.share), if roomy { " in force" } else { "" });
        let share = (self.share < 1.0).then_some(share);
        std::iter::once(others).chain(share).collect()
    }

    fn gauge(&self, gauge: &Gauge<'_>, row: Rect, columns: &Columns, pen: &mut Pen<'_>) {
        let y = row.y;
        pen.left(row.x + 1, y, LABEL - 1, gauge.kind.name(), Ink::Strong);
        let (bar, numbers) = (row.x + LABEL, row.x + LABEL + columns.bar);
        let Taken { used, reserved } = gauge.taken;
        let limit = match gauge.state {
            GaugeState::Detecting => {
                let text = format!("detecting{}", pen.glyphs().ellipsis);
                pen.left(bar, y, columns.bar + 3 * NUMBER, &text, Ink::Muted);
                return;
            }
            GaugeState::Absent => {
                pen.left(bar, y, columns.bar, &format!("no {} limit", gauge.kind.name()), Ink::Muted);
                None
            }
            GaugeState::Known(limit, _) => {
                self.draw_bar(gauge, limit.value, bar, y, columns.bar, pen);
                Some(limit.value)
            }
        };
        let free = limit.map_or_else(
            || "any".into(),
            |limit| {
                let allowed = gauge.learned().map_or(limit * self.share, |learned| learned.min(limit * self.share));
                count((allowed - used - reserved).max(0.0))
            },
        );
        let mut x = numbers;
        for (text, width, ink) in [
            (count(used), NUMBER, Ink::Text),
            (count(reserved), columns.reserved, Ink::Text),
            (free, columns.free, Ink::Text),
            (limit.map_or_else(|| "none".into(), count), NUMBER, Ink::Strong),
            (
                limit.map_or_else(String::new, |limit| percent((used + reserved) / limit)),
                columns.percent,
                self.level(gauge),
            ),
        ] {
            pen.right(x, y, width, &text, ink);
            x += width;
        }
        let roomy = columns.source >= 60;
        let (text, ink) = gauge.source(roomy);
        pen.left(x + 2, y, columns.source.saturating_sub(2), &text, ink);
    }

    fn draw_bar(&self, gauge: &Gauge<'_>, limit: f64, x: u16, y: u16, columns: u16, pen: &mut Pen<'_>) {
        let glyphs = pen.glyphs();
        let share = |amount: f64| amount / limit.max(f64::MIN_POSITIVE);
        let used = if gauge.taken.used > limit * 1.0001 { Ink::Error } else { Ink::Used };
        pen.fill(x, y, columns, glyphs.free, Ink::Free);
        let segments = [
            Segment { share: share(gauge.taken.used), glyph: glyphs.full, ink: used },
            Segment { share: share(gauge.taken.reserved), glyph: glyphs.half, ink: Ink::Reserved },
            Segment { share: share(gauge.others.unwrap_or(0.0)), glyph: glyphs.others, ink: Ink::Muted },
        ];
        pen.bar(x, y, columns, &segments);
        if self.share < 1.0 && columns > 2 {
            let at = ((self.share * f64::from(columns)).round() as u16).min(columns - 1);
            pen.fill(x + at, y, 1, glyphs.mark, Ink::Mark);
        }
        if let GaugeState::Known(_, Some(learned)) = gauge.state {
            let at = ((share(learned) * f64::from(columns)).round() as u16).min(columns.saturating_sub(1));
            pen.fill(x + at, y, 1, glyphs.learned, Ink::Warning);
        }
    }

    /// How the percentage is inked: near the share in force is worth a look, over the limit is wrong.
    fn level(&self, gauge: &Gauge<'_>) -> Ink {
        let GaugeState::Known(limit, _) = gauge.state else { return Ink::Text };
        match gauge.taken.total() / limit.value.max(f64::MIN_POSITIVE) {
            taken if taken > 1.0001 => Ink::Error,
            taken if taken >= self.share * 0.9 => Ink::Warning,
            _ => Ink::Text,
        }
    }
}

impl Gauge<'_> {
    /// What was learned of a limit that is listed higher.
    fn learned(&self) -> Option<f64> {
        if let GaugeState::Known(_, learned) = self.state { learned } else { None }
    }

    /// Where the limit came from; a guess is said loudly.
    fn source(&self, roomy: bool) -> (String, Ink) {
        let GaugeState::Known(limit, learned) = self.state else { return (String::new(), Ink::Muted) };
        let mut text = match (&limit.code, limit.source) {
            (_, LimitSource::Assumed) => "ASSUMED".to_owned(),
            (Some(code), source) => format!("{code} {source}"),
            (None, source) => source.to_string(),
        };
        if let Some(others) = self.others.filter(|others| *others >= 0.5) {
            text = format!("{text}, others {}", count(others));
        }
        if let Some(learned) = learned {
            text = format!("{text}, learned {}", count(learned));
        }
        if roomy && let Some(name) = &limit.name {
            text = format!("{text}, {name}");
        }
        let ink = match limit.source {
            LimitSource::Assumed | LimitSource::Default => Ink::Warning,
            LimitSource::Applied | LimitSource::Config | LimitSource::Learned => Ink::Muted,
        };
        (text, ink)
    }
}
