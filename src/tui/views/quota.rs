//! Quota: what binds, what is taken of each limit and by what, the last minutes, and where there is room.

mod room;

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::bench::binding;
use crate::bench::clean::{Lines, clean};
use crate::bench::figures::Figures;
use crate::bench::history::{RECENT, Step};
use crate::bench::quota::{LimitKind, LimitSource};
use crate::tui::format::{clock, count, percent, plural, span};
use crate::tui::judged::Judged;
use crate::tui::keymap::Action;
use crate::tui::model::Model;
use crate::tui::picker::Listed;
use crate::tui::props;
use crate::tui::theme::Ink;
use crate::tui::widgets::meter::{Meter, Part};
use crate::tui::widgets::pen::Pen;
use crate::tui::widgets::quota::{Gauge, GaugeState};
use crate::tui::widgets::sheet::{Line, Lines as Rows, heading, prose};
use crate::tui::widgets::timeline::{LOWEST, Timeline};

/// From this width on, the timelines stand side by side.
const WIDE: u16 = 110;
/// RPM and TPM.
const TIMELINES: u16 = 2;
/// Rows of a timeline: at most, and where it has to be scrolled to.
const TIMELINE: (u16, u16) = (16, 8);

/// One limit: its gauge, what takes how much of it, and where it comes from.
struct OfLimit<'a> {
    gauge: Gauge<'a>,
    parts: Vec<Part>,
    facts: Vec<(String, Ink)>,
}

/// Everything that the view shows, and how high each part of it is.
struct Page<'a> {
    saying: Vec<Line>,
    limits: Vec<OfLimit<'a>>,
    meters: Vec<u16>,
    bar: u16,
    timeline: u16,
    below: Vec<Line>,
    wide: bool,
}

impl<'a> Page<'a> {
    fn of(model: &'a Model, judged: &Judged, now: Duration, area: Rect) -> Self {
        let columns = area.width.saturating_sub(2);
        let saying = prose(&saying(model, judged), columns, Ink::Strong);
        let limits: Vec<_> = props::gauges(model, now)
            .into_iter()
            .map(|gauge| {
                let (parts, facts) = (parts(model, &gauge, now), facts(model, &gauge, now));
                OfLimit { gauge, parts, facts }
            })
            .collect();
        let below = below(model, judged, now, columns);
        let bar = if area.height >= 40 { 2 } else { 1 };
        let wide = area.width >= WIDE;
        let mut page = Self { saying, limits, meters: Vec::new(), bar, timeline: 0, below, wide };
        page.meters = page.limits.iter().map(|of| page.meter(of, model).height(area.width)).collect();
        // The timelines take what is left, as far as that is of use.
        let side = if wide { 1 } else { TIMELINES };
        let left = area.height.saturating_sub(page.height());
        page.timeline = (left / side).clamp(TIMELINE.1, TIMELINE.0);
        page
    }

    fn height(&self) -> u16 {
        let side = if self.wide { 1 } else { TIMELINES };
        let meters: u16 = self.meters.iter().map(|height| height + 1).sum();
        1 + self.saying.len() as u16 + 1 + meters + side * self.timeline + self.below.len() as u16
    }

    fn meter<'b>(&self, of: &'b OfLimit<'_>, model: &Model) -> Meter<'b> {
        let OfLimit { gauge, parts, facts } = of;
        let (limit, learned) = match gauge.state {
            GaugeState::Known(limit, learned) => (Some(limit.value), learned),
            GaugeState::Detecting | GaugeState::Absent => (None, None),
        };
        Meter {
            name: (gauge.kind.name(), gauge.kind.meaning()),
            parts,
            limit,
            taken: gauge.taken.total(),
            share: model.tally.plan.share,
            learned,
            facts,
            bar: self.bar,
            theme: model.theme,
        }
    }

    fn draw(&self, model: &Model, now: Duration, area: Rect, buffer: &mut Buffer) {
        Pen::new(buffer, model.theme).head(area, "Quota");
        let mut y = area.y + 1;
        let mut rows = |lines: &[Line], y: u16| {
            let seat = Rect { x: area.x + 1, y, width: area.width.saturating_sub(2), height: lines.len() as u16 };
            Rows { lines, scroll: 0, edge: area.right() - 1, theme: model.theme }
                .render(seat.intersection(area), buffer);
        };
        rows(&self.saying, y);
        y += self.saying.len() as u16 + 1;
        let meters = y;
        y += self.meters.iter().map(|height| height + 1).sum::<u16>();
        let timelines = y;
        y += self.timeline * if self.wide { 1 } else { TIMELINES };
        rows(&self.below, y);
        y = meters;
        for (of, height) in self.limits.iter().zip(&self.meters) {
            self.meter(of, model).render(Rect { y, height: *height, ..area }.intersection(area), buffer);
            y += height + 1;
        }
        let seat = Rect { y: timelines, height: self.timeline, ..area };
        let half = Rect { width: area.width / 2, ..seat };
        let seats = if self.wide {
            [half, Rect { x: half.right() + 1, width: area.width - half.width - 1, ..seat }]
        } else {
            [seat, Rect { y: seat.bottom(), ..seat }]
        };
        for (kind, seat) in [LimitKind::Rpm, LimitKind::Tpm].into_iter().zip(seats) {
            timeline(model, kind, now, seat.intersection(area), buffer);
        }
    }
}

/// Draws the quota, as far as it is scrolled.
pub fn draw(model: &Model, judged: &Judged, now: Duration, area: Rect, buffer: &mut Buffer) {
    let page = Page::of(model, judged, now, area);
    let high = page.height();
    if high <= area.height {
        return page.draw(model, now, area, buffer);
    }
    let mut tall = Buffer::empty(Rect::new(0, 0, area.width, high));
    page.draw(model, now, tall.area, &mut tall);
    let most = high - area.height;
    let scroll = (model.scroll.min(usize::from(most))) as u16;
    for y in 0..area.height {
        for x in 0..area.width {
            if let Some(cell) = buffer.cell_mut((area.x + x, area.y + y)) {
                *cell = tall[(x, y + scroll)].clone();
            }
        }
    }
    let mut pen = Pen::new(buffer, model.theme);
    let ([above, below], edge) = (pen.glyphs().more, area.right() - 1);
    if scroll > 0 {
        pen.left(edge, area.y, 1, above, Ink::Muted);
    }
    if scroll < most {
        pen.left(edge, area.bottom() - 1, 1, below, Ink::Muted);
    }
}

/// How many rows can be scrolled away.
pub(super) fn most_scroll(model: &Model, now: Duration, area: Rect) -> usize {
    let high = Page::of(model, &model.judged(), now, area).height();
    high.saturating_sub(area.height).into()
}

/// The plain sentence about the selected variant.
fn saying(model: &Model, judged: &Judged) -> String {
    let of = model.tally.models.get(model.model);
    let Some(of) = of.filter(|of| of.variants.len() > model.cursor) else { return "there is no variant here".into() };
    let figures = Figures::new(&model.tally, model.model, model.cursor);
    let name = clean(figures.name(), Lines::Join);
    match binding::sentence(&figures, judged.advice.get(&model.cursor)) {
        Some(sentence) => format!("{name}: {sentence}"),
        None if of.quota.is_none() => "the quota is being detected".into(),
        None if figures.tally.ok > 0 => format!("{name}: no limit is known, so nothing is known to bind"),
        None => format!("{name}: which limit binds is known once it was answered"),
    }
}

/// What takes how much of a limit.
fn parts(model: &Model, gauge: &Gauge<'_>, now: Duration) -> Vec<Part> {
    let glyphs = model.theme.glyphs();
    let part = |name: String, amount: f64, glyph, ink| Part { name, amount, glyph, ink };
    let taken = gauge.taken;
    let mut parts = if gauge.kind == LimitKind::Tpm {
        let of = &model.tally.models[model.model];
        let minute = of.minute.parts(now, taken.used);
        let burndown = model.tally.plan.models.get(model.model).map_or(1, |of| of.burndown);
        let output = if burndown == 1 { "output".to_owned() } else { format!("output × {burndown}") };
        let output = if model.theme.ascii { output.replace('×', "x") } else { output };
        // What no answer accounts for (a part of a minute that began before this run) is used all the same.
        let rest = (taken.used - minute.taken()).max(0.0);
        vec![
            part("input".into(), minute.input, glyphs.full, Ink::Input),
            part(output, minute.output, glyphs.burned, Ink::Output),
            part("cache write".into(), minute.cache_write, glyphs.cached, Ink::Used),
            part("failed".into(), minute.failed, glyphs.lost, Ink::Error),
            part("used".into(), if rest < 0.5 { 0.0 } else { rest }, glyphs.full, Ink::Used),
        ]
    } else {
        vec![part("used".into(), taken.used, glyphs.full, Ink::Used)]
    };
    let out = plural(model.tally.in_flight() as u64, "request");
    parts.push(part(format!("reserved for {out} in flight:"), taken.reserved, glyphs.half, Ink::Reserved));
    let age = props::others_age(model, now).map(|age| format!("others {} ago:", span(age)));
    parts.push(part(age.unwrap_or_default(), gauge.others.unwrap_or(0.0), glyphs.others, Ink::Muted));
    if let GaugeState::Known(limit, learned) = gauge.state {
        let allowed = limit.value * model.tally.plan.share;
        let allowed = learned.map_or(allowed, |learned| learned.min(allowed));
        parts.push(part("free".into(), (allowed - taken.total()).max(0.0), glyphs.free, Ink::Free));
    }
    parts
}

/// Where a limit comes from, what may be taken of it, what was learned of it.
fn facts(model: &Model, gauge: &Gauge<'_>, now: Duration) -> Vec<(String, Ink)> {
    let (limit, learned) = match gauge.state {
        GaugeState::Known(limit, learned) => (limit, learned),
        GaugeState::Detecting => return vec![("detecting".into(), Ink::Warning)],
        GaugeState::Absent => return Vec::new(),
    };
    let (from, ink) = match (&limit.code, limit.source) {
        (_, LimitSource::Assumed) => ("ASSUMED, NOT YOUR QUOTA".to_owned(), Ink::Warning),
        (Some(code), LimitSource::Default) => (format!("{code} default"), Ink::Warning),
        (Some(code), source) => (format!("{code} {source}"), Ink::Muted),
        (None, source) => (source.to_string(), Ink::Muted),
    };
    let glyphs = model.theme.glyphs();
    let mut facts = vec![(clean(&from, Lines::Join).into_owned(), ink)];
    if let Some(learned) = learned {
        facts.push((format!("{} learned {}", glyphs.learned, count(learned)), Ink::Warning));
    }
    let share = model.tally.plan.share;
    if share < 1.0 {
        facts.push((format!("{} {} % may be taken", glyphs.mark, percent(share)), Ink::Muted));
    }
    if gauge.kind == LimitKind::Tpd
        && let Some(ends) = ends(model, gauge, limit.value, now)
    {
        facts.push((ends, Ink::Text));
    }
    if let Some(name) = &limit.name {
        facts.push((clean(name, Lines::Join).into_owned(), Ink::Muted));
    }
    facts
}

/// When a daily quota ends at the pace of the last minute.
fn ends(model: &Model, gauge: &Gauge<'_>, limit: f64, now: Duration) -> Option<String> {
    let pace = model.tally.models.get(model.model)?.ledger.seen(now, LimitKind::Tpm).used;
    let left = limit - gauge.taken.total();
    if left <= 0.0 {
        return Some("used up".into());
    }
    let minutes = left / pace;
    // Whatever is taken today is given back by this time tomorrow.
    (minutes < 24.0 * 60.0).then(|| {
        let ends = Duration::from_secs_f64(minutes * 60.0);
        format!("ends at {} UTC at this pace, in {}", clock(now + ends), span(ends))
    })
}

fn timeline(model: &Model, kind: LimitKind, now: Duration, seat: Rect, buffer: &mut Buffer) {
    if seat.height < LOWEST {
        return;
    }
    let Some(of) = model.tally.models.get(model.model) else { return };
    let amount = |step: &Step| if kind == LimitKind::Rpm { step.requests } else { step.tokens };
    let recent = of.history.recent(now, &of.ledger);
    let before = |at: Duration| -now.saturating_sub(at).as_secs_f64();
    let taken: Vec<(f64, f64)> = recent.iter().map(|(at, step)| (before(*at), amount(step))).collect();
    let struck = recent.iter().filter(|(_, step)| step.throttles > 0);
    let throttles: Vec<(f64, f64)> = struck.map(|(at, step)| (before(*at), amount(step))).collect();
    let limit = of.quota.as_ref().and_then(|quota| quota.value(kind));
    let allowed = of.in_force(model.tally.plan.share).and_then(|quota| quota.value(kind));
    let title = match kind {
        LimitKind::Rpm => "RPM: requests in a minute",
        LimitKind::Tpm | LimitKind::Tpd => "TPM: quota tokens in a minute",
    };
    Timeline {
        title,
        taken: &taken,
        throttles: &throttles,
        throttled: recent.iter().map(|(_, step)| step.throttles).sum(),
        limit: limit.zip(allowed.or(limit)),
        back: RECENT.as_secs_f64(),
        theme: model.theme,
    }
    .render(seat, buffer);
}

/// What stands below the pictures: notes of the detection, and where there is room.
fn below(model: &Model, judged: &Judged, now: Duration, columns: u16) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let read = model.tally.models.get(model.model).and_then(|of| {
        let tokens = of.minute.parts(now, 1.0).cache_read;
        (tokens > 0.0).then(|| {
            format!("{} tokens were read from the prompt cache in the last minute, which take no quota", count(tokens))
        })
    });
    lines.extend(read.iter().flat_map(|text| prose(text, columns, Ink::Muted)));
    lines.extend(judged.binding.iter().flat_map(|text| prose(text, columns, Ink::Text)));
    lines.extend(props::quota_notes(model).iter().flat_map(|note| prose(note, columns, Ink::Warning)));
    let room = room::lines(model, columns);
    if let Listed::Failed(why) = &model.listed {
        let why = format!("other models cannot be listed: {}", clean(why, Lines::Join));
        lines.extend(prose(&why, columns, Ink::Muted));
    } else if !room.is_empty() {
        lines.push(Vec::new());
        let hint = model.hints(": ", &[(Action::Models, "takes them into the plan")]);
        lines.push(heading(&format!("Other scopes and models with room{hint}")));
        lines.extend(room);
    }
    lines
}
