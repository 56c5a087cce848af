//! Verdict: who wins and how sure that is, the ranking, who is out and why, and the Pareto front.

use std::borrow::Cow;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::bench::clean::{Lines, clean};
use crate::bench::figures::Figures;
use crate::bench::number::number;
use crate::bench::pareto;
use crate::bench::tally::Phase;
use crate::bench::verdict::{Ranked, Verdict};
use crate::bench::verification::Verification;
use crate::tui::format::{plural, rate, span};
use crate::tui::judged::Judged;
use crate::tui::model::Model;
use crate::tui::theme::Ink;
use crate::tui::view::Panel;
use crate::tui::views::{self, Content};
use crate::tui::widgets::front::{self, FrontPanel, FrontPoint};
use crate::tui::widgets::sheet::{Line, heading, labelled, prose};
use crate::tui::widgets::verdict::{self as widget, Note, Place, VerdictPanel};

/// What is said while a proof is asked for: for so long as `bench::verification` settles and measures.
pub const ASKED: &str = "the winner will be driven at the quota's edge for 3 minutes after the verdict";

/// Title, axis and points of the Pareto front.
#[derive(Debug)]
pub struct Front<'a> {
    /// The title.
    pub title: &'static str,
    /// What is on the axis to the right.
    pub axis: &'static str,
    /// How its numbers are written.
    pub format: fn(f64) -> String,
    /// Every variant of the shown model.
    pub points: Vec<FrontPoint<'a>>,
}

/// From this width on, ranking and front stand side by side.
const BESIDE: u16 = 150;
/// Rows of the ranking's panel beside its places, and of the front at least, where they stand one above the other.
const WORDS: u16 = 14;
const PLOT: u16 = 12;

/// Draws the verdict: both panels where there is room for them, else the one that the keys are about.
pub fn draw(model: &Model, judged: &Judged, now: Duration, area: Rect, buffer: &mut Buffer) {
    let (ranking, front) = (seat(Panel::Ranking, model, area), seat(Panel::Front, model, area));
    if ranking.height > 0 {
        views::sheet(Panel::Ranking, model, judged, now, ranking, buffer);
    }
    if front.height > 0 {
        let of = front_of(model, model.by_cost);
        let focused = model.is_focused(Panel::Front);
        let (axis, format) = (of.axis, of.format);
        FrontPanel { title: of.title, axis, format, points: &of.points, focused, theme: model.theme }
            .render(front, buffer);
    }
}

/// Where a panel stands; without height where the other one has the room.
pub(super) fn seat(panel: Panel, model: &Model, area: Rect) -> Rect {
    let places = model.shown().count() as u16;
    let ranking = if area.width >= BESIDE {
        Rect { width: area.width / 2, ..area }
    } else if area.height >= places + WORDS + PLOT {
        Rect { height: places + WORDS + (area.height - places - WORDS - PLOT) / 3, ..area }
    } else {
        let shown = if model.panel() == panel { area.height } else { 0 };
        return Rect { height: shown, ..area };
    };
    match panel {
        Panel::Front if area.width >= BESIDE => {
            Rect { x: ranking.right() + 1, width: area.width - ranking.width - 1, ..area }
        }
        Panel::Front => Rect { y: ranking.bottom(), height: area.height - ranking.height, ..area },
        _ => ranking,
    }
}

/// The verdict as one of the dashboard's panels.
pub(super) fn panel(model: &Model, judged: &Judged, now: Duration, seat: Rect, buffer: &mut Buffer) {
    VerdictPanel {
        objective: (&model.objective.name(), &model.objective.describe()),
        standing: standing(model, &judged.verdict),
        reason: reason(model, &judged.verdict),
        ranking: &ranking(&judged.verdict),
        unit: &judged.verdict.unit,
        notes: &notes(model, judged, now),
        theme: model.theme,
    }
    .render(seat, buffer);
}

fn reason<'a>(model: &Model, verdict: &'a Verdict) -> Cow<'a, str> {
    if verdict.leader.is_none() && !matches!(model.tally.phase, Phase::Finished(_)) {
        return "no trial was answered so far".into();
    }
    clean(&verdict.reason, Lines::Join)
}

/// The sheet of the verdict.
pub(super) fn content<'a>(model: &'a Model, judged: &Judged, now: Duration, columns: u16) -> Content<'a> {
    let verdict = &judged.verdict;
    let (standing, ink) = standing(model, verdict);
    let mut lines: Vec<Line> = vec![vec![(standing, 0, ink)]];
    lines.extend(prose(&reason(model, verdict), columns, Ink::Text));
    if verdict.ranking.len() > 1 {
        lines.push(Vec::new());
        lines.extend(widget::ranks(&ranking(verdict), &verdict.unit, columns, model.theme.glyphs()));
    }
    let out: Vec<Line> =
        retired(model).flat_map(|(name, why)| labelled(&name, OUT, Ink::Text, &why, columns)).collect();
    if !out.is_empty() {
        lines.push(Vec::new());
        lines.push(heading("Out"));
        lines.extend(out);
    }
    let said = notes(model, judged, now);
    if !said.is_empty() {
        lines.push(Vec::new());
        lines.extend(said.iter().flat_map(|note| prose(&note.text, columns, note.ink)));
    }
    let title = format!("Verdict: {}", model.objective.name());
    Content { title: title.into(), aside: model.objective.describe().clone().into(), lines }
}

/// Columns of the name of a variant that is out.
const OUT: u16 = 22;

/// Who gets no more trials: since when, and why.
fn retired(model: &Model) -> impl Iterator<Item = (String, String)> {
    let of = model.tally.models.get(model.model).map_or(&[][..], |of| &of.variants);
    let names = model.tally.plan.variants.iter();
    of.iter().zip(names).filter_map(|(of, variant)| {
        let retired = of.retired.as_ref()?;
        let why = format!("after {}: {}", plural(retired.after, "trial"), clean(&retired.reason, Lines::Join));
        Some((clean(&variant.name, Lines::Join).into_owned(), why))
    })
}

/// The standing of the verdict in a word or two, and its ink.
pub fn standing(model: &Model, verdict: &Verdict) -> (String, Ink) {
    let sure = verdict.confidence.map(|sure| format!(" ({:.0} % sure)", (sure * 100.0).floor())).unwrap_or_default();
    match (&verdict.winner, &verdict.leader, model.tally.phase) {
        (Some(_), ..) => (format!("winner{sure}"), Ink::Good),
        (None, Some(_), _) => ("leader".into(), Ink::Title),
        (None, None, Phase::Finished(_)) => ("no winner".into(), Ink::Muted),
        (None, None, _) => ("no verdict yet".into(), Ink::Muted),
    }
}

/// The ranking as rows.
pub fn ranking(verdict: &Verdict) -> Vec<Place> {
    let place = |(index, ranked): (usize, &Ranked)| Place {
        name: clean(&ranked.name, Lines::Join).into_owned(),
        score: if ranked.score > 0.0 && ranked.score < 1.0 {
            format!("{:.6}", ranked.score)
        } else {
            rate(ranked.score)
        },
        behind: ranked.behind.filter(|_| index > 0),
        standing: place_standing(verdict, index, ranked),
    };
    verdict.ranking.iter().enumerate().map(place).collect()
}

fn place_standing(verdict: &Verdict, index: usize, ranked: &Ranked) -> (String, Ink) {
    if let Some(lost) = &ranked.lost {
        let why = ranked.lost_to.as_ref().map_or_else(|| clean(lost, Lines::Join), |by| clean(by, Lines::Join));
        return (format!("out: {why}"), Ink::Muted);
    }
    match (index, ranked.behind) {
        (0, _) if verdict.winner.is_some() => ("winner".into(), Ink::Good),
        (0, _) => ("leader".into(), Ink::Good),
        (_, Some((low, high))) => (format!("{} to {} %", signed(low), signed(high.min(1.0))), Ink::Text),
        (_, None) => ("too few".into(), Ink::Muted),
    }
}

/// A share in whole per cent with its sign; zero has none.
fn signed(share: f64) -> String {
    let percent = (share * 100.0).round().clamp(-999.0, 999.0);
    if percent == 0.0 { "0".into() } else { format!("{percent:+.0}") }
}

/// What stands under the ranking.
pub fn notes<'a>(model: &Model, judged: &'a Judged, now: Duration) -> Vec<Note<'a>> {
    let note = |text: &'a String| Note { text: Cow::Borrowed(text), ink: Ink::Muted, pinned: false };
    let proof = verification(model, now).map(|(text, ink)| Note { text: text.into(), ink, pinned: true });
    let agreed = model.tally.plan.verify || model.tally.plan.endpoint.is_local();
    let meant = matches!(model.tally.phase, Phase::Planned) || model.tally.is_active() && agreed;
    let asked = proof.is_none() && model.plan.verify && meant;
    let asked = asked.then(|| Note { text: ASKED.into(), ink: Ink::Muted, pinned: false });
    let said = [&judged.guess, &judged.saved, &judged.binding, &judged.across, &judged.efficiency];
    proof.into_iter().chain(asked).chain(said.into_iter().flatten().map(note)).collect()
}

/// How far the verification of the shown model is, or what it came to; `None` before it began.
pub fn verification(model: &Model, now: Duration) -> Option<(String, Ink)> {
    let tally = &model.tally;
    let of = tally.models.get(model.model)?.verification.as_ref()?;
    let figures = Figures::new(tally, model.model, of.variant);
    let name = clean(figures.name(), Lines::Join);
    let over = matches!(tally.phase, Phase::Finished(_)) || now >= of.until;
    let now = if over { now.min(tally.last_at.max(of.from)) } else { now };
    if over {
        let verified =
            figures.verified(now).map(|verified| (format!("{name} verified: {}", verified.sentence()), Ink::Good));
        return verified.or_else(|| Some((format!("the verification of {name} was cut short"), Ink::Warning)));
    }
    if now < of.from {
        return Some((format!("verifying {name}: {}", stage(of, now)), Ink::Title));
    }
    let mut text = format!("verifying {name}: {}", stage(of, now));
    if let Some(predicted) = &of.predicted {
        let [at, low, high] = [predicted.requests_per_minute, predicted.low, predicted.high].map(number);
        text = format!("{text}; predicted {at}/min ({low} to {high})");
    }
    if let Some(so_far) = of.so_far(now) {
        text = format!("{text}, so far {}/min", number(so_far));
    }
    Some((text, Ink::Title))
}

fn stage(of: &Verification, now: Duration) -> String {
    if now < of.from {
        format!("settling, {} s", of.from.saturating_sub(now).as_secs())
    } else {
        format!("measuring, {} left", span(of.until.saturating_sub(now)))
    }
}

/// How far the verification of the shown model is, in two words; `None` where none is on.
pub fn verifying(model: &Model, now: Duration) -> Option<String> {
    let of = model.tally.models.get(model.model)?.verification.as_ref()?;
    (model.tally.is_active() && now < of.until).then(|| stage(of, now))
}

/// The Pareto front of the shown model, by what a request costs or by its quota tokens.
pub fn front_of(model: &Model, cost: bool) -> Front<'_> {
    let takes = |figures: &Figures<'_>| {
        if cost {
            figures.tally.mean(|of| &of.cost).map(|usd| usd * 1_000.0)
        } else {
            figures.tally.mean(|of| &of.settled)
        }
    };
    let point = |(index, variant): (usize, usize)| {
        let figures = Figures::new(&model.tally, model.model, variant);
        FrontPoint {
            number: index + 1,
            name: clean(figures.name(), Lines::Join),
            at: takes(&figures).zip(figures.accepted_rate()),
            front: false,
            selected: variant == model.cursor,
        }
    };
    let mut points: Vec<FrontPoint<'_>> = model.shown().enumerate().map(point).collect();
    let at: Vec<(f64, f64)> = points.iter().filter_map(|point| point.at).collect();
    let measured = points.iter_mut().filter(|point| point.at.is_some());
    for (point, front) in measured.zip(pareto::front(&at)) {
        point.front = front;
    }
    let (title, axis, format): (_, _, fn(f64) -> String) = if cost {
        ("Pareto front: cost against accepted answers in %", "US dollars per 1,000 requests", front::money)
    } else {
        ("Pareto front: quota tokens against accepted answers in %", "quota tokens per request", front::tokens)
    };
    Front { title, axis, format, points }
}
