//! What the dashboard costs while a run is on: a frame of every view at 200×50, a second of entries, a verdict anew.
#![allow(missing_docs, dead_code, clippy::unwrap_used, clippy::default_trait_access)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use crossterm::event::KeyCode;
use quotient::bench::event::{Entry, Event};
use quotient::bench::objective::Rule;
use quotient::bench::trials::NoPage;
use quotient::tui::message::{Effect, Msg};
use quotient::tui::model::Model;
use quotient::tui::screen;
use quotient::tui::theme::Theme;
use quotient::tui::view::VIEWS;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

#[path = "../tests/it/stage.rs"]
mod stage;

/// The synthetic run goes on at a trial in 1.2 s; so many times as fast it is 10,000 a minute.
const FASTER: u32 = 200;
/// Entries in a second of a busy run.
const A_SECOND: usize = 2_000;

/// Most of a run of 20 variants, and the two seconds of entries that come next.
struct Busy {
    model: Model,
    now: Duration,
    next: Vec<Entry>,
}

fn busy(trials: u32) -> Busy {
    let names: Vec<String> = (1..=20).map(|n| format!("variant-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut entries = stage::entries(&names, trials);
    for entry in &mut entries {
        entry.at = stage::START + entry.at.saturating_sub(stage::START) / FASTER;
    }
    let seen = entries.len() * 9 / 10;
    let now = entries[seen - 1].at + Duration::from_millis(3);
    let mut model = Model::new(Arc::new(stage::plan(&names, trials)), Theme::DARK);
    model.update(Msg::Entries(entries[..seen].to_vec()), now);
    // As the event loop does before each frame.
    model.update(Msg::Tick, now);
    let next = entries[seen..].iter().take(2 * A_SECOND).cloned().collect();
    Busy { model, now, next }
}

fn frames(criterion: &mut Criterion) {
    let few = busy(200);
    frame(criterion, "frame 200x50, 20 variants, 4,000 trials", &few.model, few.now);
    let Busy { mut model, now, .. } = busy(5_000);
    for row in VIEWS {
        model.view = row.view;
        frame(criterion, &format!("frame 200x50, 20 variants, 100,000 trials: {}", row.name), &model, now);
    }
    view_of_trials(criterion, "100,000 trials", model.clone(), now);
    criterion.bench_function("whether the picture moves, 100,000 trials", |bencher| {
        bencher.iter(|| black_box(&model).moves(now));
    });
}

fn frame(criterion: &mut Criterion, name: &str, model: &Model, now: Duration) {
    let area = Rect::new(0, 0, 200, 50);
    let mut buffer = Buffer::empty(area);
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| {
            buffer.reset();
            screen::draw(black_box(model), now, area, &mut buffer);
        });
    });
}

/// The view of trials: the table, while the run is not recorded, and one trial.
fn view_of_trials(criterion: &mut Criterion, name: &str, mut model: Model, now: Duration) {
    let area = Rect::new(0, 0, 200, 50);
    let mut buffer = Buffer::empty(area);
    let mut draw = |what: &str, model: &Model| {
        criterion.bench_function(&format!("{name}: {what}"), |bencher| {
            bencher.iter(|| {
                buffer.reset();
                screen::draw(black_box(model), now, area, &mut buffer);
            });
        });
    };
    model.update(Msg::Resize(200, 50), now);
    for effect in model.update(Msg::Key(KeyCode::Char('3').into()), now) {
        if let Effect::Page(ask) = effect {
            model.update(Msg::Rows { number: ask.number, again: false, page: Err(NoPage::NotRecorded) }, now);
        }
    }
    draw("the table of trials", &model);
    let mut one = model.clone();
    one.update(Msg::Key(KeyCode::Enter.into()), now);
    draw("one trial", &one);
    let entry = stage::entries(&["variant-1"], 1).into_iter().find(|e| matches!(e.event, Event::TrialFinished { .. }));
    criterion.bench_function(&format!("{name}: the last trials anew"), |bencher| {
        bencher.iter_batched(
            || {
                let mut model = model.clone();
                model.update(Msg::Entries(entry.clone().into_iter().collect()), now);
                model
            },
            |mut model| model.update(Msg::Tick, now),
            BatchSize::LargeInput,
        );
    });
}

fn updates(criterion: &mut Criterion) {
    let Busy { model, now, next } = busy(5_000);
    for (name, shared) in [("alone", false), ("while a verdict is worked out", true)] {
        criterion.bench_function(&format!("2,000 entries after 100,000 trials, {name}"), |bencher| {
            bencher.iter_batched(
                || {
                    let (mut model, (warm, next)) = (model.clone(), next.split_at(next.len() / 2));
                    // What a clone shares with the model is copied by the first entries that change it.
                    model.update(Msg::Entries(warm.to_vec()), now);
                    (shared.then(|| model.tally.excerpt()), model, next.to_vec())
                },
                |(excerpt, mut model, next)| {
                    model.update(Msg::Entries(next), now);
                    (excerpt, model)
                },
                BatchSize::LargeInput,
            );
        });
    }
    criterion.bench_function("a verdict asked for after 100,000 trials", |bencher| {
        let mut model = model.clone();
        model.weigh_apart(true);
        bencher.iter_batched(
            || {
                let mut model = model.clone();
                model.update(Msg::Entries(next.clone()), now);
                model
            },
            |mut model| (model.update(Msg::Tick, now), model),
            BatchSize::LargeInput,
        );
    });
    for rule in ["auto", "throughput", "latency", "throughput=0.7,cost=0.3"] {
        let mut model = model.clone();
        // What is kept is under another objective, so that this one is worked out anew.
        model.objective = Rule::parse("cost").unwrap();
        model.update(Msg::Tick, now);
        model.objective = Rule::parse(rule).unwrap();
        criterion.bench_function(&format!("a verdict anew after 100,000 trials: {rule}"), |bencher| {
            bencher.iter_batched(
                || model.clone(),
                |mut model| {
                    model.update(Msg::Tick, now);
                    model
                },
                BatchSize::LargeInput,
            );
        });
    }
}

criterion_group!(benches, frames, updates);
criterion_main!(benches);
