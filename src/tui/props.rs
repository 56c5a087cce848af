//! Props: what the panels are given, taken from the model.

use std::borrow::Cow;
use std::time::Duration;

use crate::bench::advice;
use crate::bench::clean::{Lines, clean};
use crate::bench::event::Ended;
use crate::bench::event::RetireCause;
use crate::bench::figures::{CapacityRange, Figures};
use crate::bench::plan::Endpoint;
use crate::bench::quota::LimitKind;
use crate::bench::report::{bottleneck, learned_notes};
use crate::bench::tally::{Phase, Retired, Tally};
use crate::bench::verdict::Verdict;
use crate::tui::format::{count, percent, rate, span, usd};
use crate::tui::judged::Judged;
use crate::tui::message::Picked;
use crate::tui::model::Model;
use crate::tui::theme::Ink;
use crate::tui::view::VIEWS;
use crate::tui::views::verdict;
use crate::tui::widgets::details::Detail;
use crate::tui::widgets::header::Header;
use crate::tui::widgets::quota::{Gauge, GaugeState};
use crate::tui::widgets::variants::{Standing, VariantRow};

/// The header's props.
pub fn header(model: &Model, now: Duration) -> Header<'_> {
    let (tally, plan) = (&model.tally, &model.tally.plan);
    let id = plan.models.get(model.model).map_or("no model", |of| of.id.as_str());
    let id = clean(id, Lines::Join);
    let several = plan.models.len() > 1;
    let glyphs = model.theme.glyphs();
    let (sign, word, ink) = match tally.phase {
        Phase::Planned if model.starting => (0, "starting".into(), Ink::Title),
        Phase::Planned => (0, "ready".into(), Ink::Title),
        Phase::Running if model.stopping.is_some() => (1, "stopping".into(), Ink::Warning),
        Phase::Running if verdict::verifying(model, now).is_some() => (1, "verifying".into(), Ink::Good),
        Phase::Running => (1, "running".into(), Ink::Good),
        Phase::Paused => (2, "paused".into(), Ink::Warning),
        Phase::Finished(ended) => (3, Cow::Borrowed(ended.name()), Ink::Title),
    };
    Header {
        model: if several { format!("{id} ({} of {})", model.model + 1, plan.models.len()).into() } else { id },
        region: &plan.region,
        badges: badges(tally),
        phase: (glyphs.phases[sign], word, ink),
        progress: progress(model),
        facts: facts(model, now),
        theme: model.theme,
    }
}

/// What says where the numbers come from. Only AWS itself is no surprise.
fn badges(tally: &Tally) -> Vec<(Cow<'_, str>, bool)> {
    let mut badges = Vec::new();
    match &tally.plan.endpoint {
        Endpoint::Simulator => {}
        Endpoint::Aws => badges.push(("AWS".into(), false)),
        Endpoint::Url(url) => badges.push((format!("ENDPOINT {}", clean(url, Lines::Join)).into(), !tally.simulated)),
    }
    if tally.simulated {
        badges.push(("SIMULATED".into(), true));
    }
    badges
}

/// Counted trials that ended, and that will have, over all models and variants that take part.
pub fn progress(model: &Model) -> (u64, u64) {
    let tally = &model.tally;
    let mut planned = 0;
    for (index, of) in tally.models.iter().enumerate() {
        for (variant, figures) in of.variants.iter().enumerate() {
            let finished = figures.finished_trials();
            let wanted = model.plan.variants.get(variant).is_some_and(|v| v.included && v.is_for(index));
            let wanted = wanted && !model.is_new(variant);
            // Once the winner is shown, nothing is left to do: the bar is full.
            let decided = tally.phase == Phase::Finished(Ended::Decided);
            let goes_on = wanted && figures.retired.is_none() && !decided;
            planned += if goes_on { finished.max(u64::from(tally.plan.trials)) } else { finished };
        }
    }
    (tally.finished_trials(), planned)
}

fn facts(model: &Model, now: Duration) -> Vec<(String, Ink)> {
    let tally = &model.tally;
    let mut facts = Vec::new();
    let elapsed = tally.elapsed(now);
    if tally.started_at.is_some() {
        facts.push((span(elapsed), Ink::Text));
    }
    let priced = tally.plan.models.iter().all(|of| of.price.is_some());
    facts.push(if priced { (usd(tally.cost_usd), Ink::Text) } else { ("price unknown".into(), Ink::Warning) });
    if tally.is_active() {
        facts.push((in_flight(tally), Ink::Text));
        if let Some(found) = bottleneck(tally) {
            facts.push((format!("client too slow: {}", found.name().replace('_', " ")), Ink::Warning));
        }
        if let Some(stage) = verdict::verifying(model, now) {
            facts.insert(0, (stage, Ink::Title));
        }
        let (done, planned) = progress(model);
        // A verification takes its own time, which is said beside it.
        if done >= 5 && planned > done && !model.is_proved() {
            let left = elapsed.mul_f64((planned - done) as f64 / done as f64);
            facts.push((format!("about {} left", span(left)), Ink::Muted));
        }
    }
    facts.push((format!("objective {}", model.objective.name()), Ink::Text));
    if let Some(run) = &tally.run {
        facts.push((format!("run {run}"), Ink::Muted));
    }
    facts
}

/// How many requests are out, and how many may be.
fn in_flight(tally: &Tally) -> String {
    let may = tally.models.iter().map(|model| model.concurrency).sum::<Option<u32>>();
    let most = may.map_or_else(String::new, |most| format!(" of {most}"));
    format!("{}{most} in flight", tally.in_flight())
}

/// A gauge for each limit; the daily one only where it is known.
pub fn gauges(model: &Model, now: Duration) -> Vec<Gauge<'_>> {
    let Some(of) = model.tally.models.get(model.model) else { return Vec::new() };
    let others = of.used.others();
    LimitKind::ALL
        .into_iter()
        .filter_map(|kind| {
            let state = match &of.quota {
                None => GaugeState::Detecting,
                Some(quota) => match quota.get(kind) {
                    None => GaugeState::Absent,
                    Some(limit) => GaugeState::Known(limit, of.learned.get(&kind).copied()),
                },
            };
            let daily = kind == LimitKind::Tpd && !matches!(state, GaugeState::Known(..));
            let others = others.and_then(|others| match kind {
                LimitKind::Rpm => Some(others.requests),
                LimitKind::Tpm => Some(others.tokens),
                LimitKind::Tpd => None,
            });
            (!daily).then(|| Gauge { kind, taken: of.ledger.seen(now, kind), others, state })
        })
        .collect()
}

/// How old what is known of others is; `None` where this program's own use is all that is known.
pub fn others_age(model: &Model, now: Duration) -> Option<Duration> {
    let others = model.tally.models.get(model.model)?.used.others()?;
    Some(now.saturating_sub(others.as_of))
}

/// What the user must know of the quota's detection.
pub fn quota_notes(model: &Model) -> Vec<Cow<'_, str>> {
    let of = model.tally.models.get(model.model);
    let detected = of.into_iter().flat_map(|of| &of.quota_notes).map(|note| clean(note, Lines::Join));
    let learned =
        learned_notes(&model.tally, model.model).into_iter().map(|note| clean(&note, Lines::Join).into_owned().into());
    learned.chain(detected).collect()
}

/// The list's rows, in the plan's order.
pub fn rows<'a>(model: &'a Model, verdict: &Verdict) -> Vec<VariantRow<'a>> {
    let mut flying = vec![0_u64; model.tally.plan.variants.len()];
    for out in model.tally.out.values().filter(|out| out.trial.model == model.model) {
        if let Some(n) = flying.get_mut(out.trial.variant) {
            *n += 1;
        }
    }
    let row = |variant: usize| row(model, verdict, variant, flying[variant]);
    model.shown().map(row).collect()
}

fn row<'a>(model: &'a Model, verdict: &Verdict, variant: usize, in_flight: u64) -> VariantRow<'a> {
    let figures = Figures::new(&model.tally, model.model, variant);
    let (of, means) = (figures.tally, figures.population());
    let name = figures.name();
    let takes_part = model.takes_part(variant);
    let standing = if verdict.winner.as_deref() == Some(name) {
        Standing::Winner
    } else if of.failed > 0 && of.ok == 0 {
        Standing::Failed
    } else if verdict.leader.as_deref() == Some(name) {
        Standing::Leader
    } else if !model.plan.variants.get(variant).is_some_and(|v| v.included) {
        Standing::Excluded
    } else if model.is_new(variant) {
        Standing::New
    } else if let Some(retired) = &of.retired {
        if retired.cause == RetireCause::Lost { Standing::Out } else { Standing::Retired }
    } else {
        Standing::Field
    };
    let cached = of.mean(|of| &of.cache_read).unwrap_or(0.0) + of.mean(|of| &of.cache_write).unwrap_or(0.0);
    VariantRow {
        name: clean(name, Lines::Join),
        standing,
        takes_part,
        picked: model.picked == Some(Picked { model: model.model, variant }),
        ok: of.ok,
        failed: of.failed,
        in_flight,
        throttles: of.throttles,
        input: of.mean(|of| &of.input).map(|input| input + cached),
        output: of.mean(|of| &of.output),
        estimated: of.estimated(),
        ttft: means.ttft.quantile_ms(0.5),
        e2e: means.e2e.quantile_ms(0.5),
        tokens_per_second: figures.tokens_per_second(),
        accepted: figures.accepted_rate(),
        settled: of.mean(|of| &of.settled),
        capacity: figures.capacity_at().map(|at| (at.rpm, at.limit)),
        wasted: of.wasted(),
        per_1000_quota_tokens: figures.accepted_per_1000_quota_tokens(),
        theoretical: figures.theoretical_rpm(),
        usd_per_1000: of.mean(|of| &of.cost).map(|usd| usd * 1_000.0),
    }
}

/// Texts about the selected variant, each cut to what `characters` can show of it.
pub fn details<'a>(model: &'a Model, judged: &Judged, characters: usize) -> Vec<Detail<'a>> {
    let Some(plan) = model.tally.plan.variants.get(model.cursor) else { return Vec::new() };
    let figures = Figures::new(&model.tally, model.model, model.cursor);
    let of = figures.tally;
    let hostile = |text: &str| Cow::Owned(clean(head(text, characters), Lines::Keep).into_owned());
    let mut details = Vec::new();
    let mut add = |label, rank, ink, text: Cow<'static, str>| details.push(Detail { label, text, ink, rank });
    if let Some(fault) = &of.last_fault {
        let text = format!("{}: {}", fault.code.as_deref().unwrap_or(fault.kind.name()), fault.message);
        // Where answers came all the same, an old fault is less news than the figures.
        let rank = if of.ok == 0 { 0 } else { 4 };
        add("error", rank, Ink::Error, hostile(&text));
    }
    if let Some(Retired { after, reason, .. }) = &of.retired {
        add("retired", 1, Ink::Warning, hostile(&format!("after {after} trials: {reason}")));
    }
    if of.finished_trials() > 0 {
        add("trials", 3, Ink::Muted, trials(&figures).into());
    }
    if let Some(text) = judged.capacity.get(&model.cursor).map(|range| fits(&figures, range)) {
        add("capacity", 1, Ink::Muted, text.into());
    }
    if let Some(share) = figures.capacity_in_share().filter(|_| figures.plan.share < 1.0) {
        let text = format!("{}/min within {} % of the quota", rate(share.rpm), percent(figures.plan.share));
        add("in force", 9, Ink::Muted, text.into());
    }
    if let Some(advised) = judged.advice.get(&model.cursor) {
        let text = advice::sentence(&figures, advised);
        let text = text.strip_prefix(figures.name()).and_then(|text| text.strip_prefix(": ")).unwrap_or(&text);
        add("advice", 2, Ink::Title, hostile(text));
    }
    if of.ok > 0 {
        add("latency", 7, Ink::Muted, latency(&figures, model.theme.glyphs().withheld).into());
        add("quota", 8, Ink::Muted, quota(&figures).into());
    }
    if let Some(note) = figures.cache_note() {
        add("cache", 5, Ink::Muted, hostile(&note));
    }
    if let Some(rejected) = &of.rejected {
        let counts: Vec<String> = of.rejections.iter().map(|(check, n)| format!("{n} by {check}")).collect();
        let case = figures.plan.cases.get(rejected.case).map_or("?", |case| case.id.as_str());
        let why = rejected.why.join("; ");
        let text = format!("{}; on case {case}: {why}: {}", counts.join(", "), rejected.text);
        add("rejected", 2, Ink::Warning, hostile(&text));
    }
    if let Some(sample) = &of.sample {
        add("output", 2, Ink::Muted, hostile(&sample.text));
    }
    add("prompt", 3, Ink::Muted, hostile(&plan.prompt));
    if let Some(changed) = model.changed_max_tokens(model.cursor) {
        add("next run", 1, Ink::Title, changed.into());
    }
    if let Some(system) = &plan.system {
        add("system", 5, Ink::Muted, hostile(system));
    }
    details
}

/// The first so many characters.
fn head(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(at, _)| &text[..at])
}

/// How its trials ended.
pub(super) fn trials(figures: &Figures<'_>) -> String {
    let of = figures.tally;
    let mut parts = vec![format!("{} ok", of.ok), format!("{} failed", of.failed)];
    for (n, what) in [(of.unfinished, "unfinished"), (of.throttles, "throttled"), (of.retries, "tried again")] {
        if n > 0 {
            parts.push(format!("{n} {what}"));
        }
    }
    if let Some(rate) = figures.accepted_rate() {
        let interval = figures
            .accepted_interval()
            .map_or_else(String::new, |(low, high)| format!(" ({} to {})", percent(low), percent(high)));
        parts.push(format!("{} % accepted{interval}", percent(rate)));
    }
    if of.cut_off > 0 {
        parts.push(format!("{} cut off", of.cut_off));
    }
    parts.join(", ")
}

/// What fits into the whole quota.
pub(super) fn fits(figures: &Figures<'_>, range: &CapacityRange) -> String {
    let mut text = format!("{}/min, {} binds", rate(range.at.rpm), range.at.limit.name());
    if let Some((low, high)) = range.low.zip(range.high).filter(|(low, high)| high - low >= 0.05) {
        text = format!("{text} ({} to {})", rate(low), rate(high));
    }
    if let Some(theoretical) = figures.theoretical_rpm() {
        text = format!("{text}; theoretical maximum {}/min", rate(theoretical));
    }
    text
}

fn latency(figures: &Figures<'_>, withheld: &str) -> String {
    let of = figures.population();
    let quantiles = |distribution: &crate::bench::stats::Distribution| {
        [0.5, 0.9, 0.99].map(|p| distribution.quantile_ms(p).map_or_else(|| withheld.to_owned(), count)).join(" / ")
    };
    let mut text = format!("p50 / p90 / p99 in ms: E2E {}", quantiles(&of.e2e));
    if of.ttft.n() > 0 {
        text = format!("{text}; TTFT {}", quantiles(&of.ttft));
    }
    if of.e2e.quantile_ms(0.99).is_none() {
        text = format!("{text} ({withheld} too few trials)");
    }
    text
}

/// What a request takes of the quota.
pub(super) fn quota(figures: &Figures<'_>) -> String {
    let of = figures.tally;
    let tokens = |mean: Option<f64>| mean.map_or_else(String::new, count);
    let (settled, reserved) = (of.mean(|of| &of.settled), of.mean(|of| &of.reserved));
    let mut text = format!("{} quota tokens a request, {} reserved while in flight", tokens(settled), tokens(reserved));
    if let Some(wasted) = of.wasted().filter(|share| *share > 0.0) {
        text = format!("{text}; {} % wasted", percent(wasted));
    }
    if let Some(cost) = of.mean(|of| &of.cost) {
        text = format!("{text}; {} a request", usd(cost));
    }
    if let Some(waited) = of.waited.mean().filter(|seconds| *seconds >= 0.05) {
        text = format!("{text}; waits {} s for quota, in no latency", rate(waited));
    }
    text
}

/// Keys and words of the footer.
pub fn keys(model: &Model) -> Vec<(String, &'static str)> {
    let signs = model.theme.glyphs().keys;
    model
        .keys
        .rows()
        .filter(|(row, _)| (row.applies)(model))
        .filter_map(|(row, keys)| Some((keys.first()?.name(signs), (row.label)(model))))
        .filter(|(_, label)| !label.is_empty())
        .collect()
}

/// Keys and names of the views.
pub fn tabs(model: &Model) -> Vec<(String, &'static str)> {
    VIEWS.iter().map(|row| (model.key(row.action).unwrap_or_default(), row.name)).collect()
}
