//! What one frame of the dashboard costs: 200×50 with 20 variants, while a run is on; and of the view of trials.
#![allow(missing_docs, dead_code, clippy::unwrap_used, clippy::default_trait_access)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use crossterm::event::KeyCode;
use quotient::bench::event::Event;
use quotient::bench::trials::NoPage;
use quotient::tui::message::{Effect, Msg};
use quotient::tui::model::Model;
use quotient::tui::screen;
use quotient::tui::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

#[path = "../tests/it/stage.rs"]
mod stage;

fn frames(criterion: &mut Criterion) {
    frame(criterion, "screen 200x50, 20 variants", 200);
    frame(criterion, "screen 200x50, 20 variants, 100,000 trials", 5_000);
}

fn frame(criterion: &mut Criterion, name: &str, trials: u32) {
    let names: Vec<String> = (1..=20).map(|n| format!("variant-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let entries = stage::entries(&names, trials);
    let seen = entries.len() * 9 / 10;
    let now = entries[seen - 1].at + Duration::from_millis(300);
    let mut model = Model::new(Arc::new(stage::plan(&names, trials)), Theme::DARK);
    model.update(Msg::Entries(entries[..seen].to_vec()), now);
    let anew = format!("{name}: what is kept from frame to frame");
    criterion.bench_function(&anew, |bencher| {
        bencher.iter_batched(|| model.clone(), |mut model| model.update(Msg::Tick, now), BatchSize::LargeInput);
    });
    // As the event loop does before each frame.
    model.update(Msg::Tick, now);
    let area = Rect::new(0, 0, 200, 50);
    let mut buffer = Buffer::empty(area);
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| {
            buffer.reset();
            screen::draw(black_box(&model), now, area, &mut buffer);
        });
    });
    view_of_trials(criterion, name, model, now);
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

criterion_group!(benches, frames);
criterion_main!(benches);
