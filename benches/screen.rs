//! What one frame of the dashboard costs: 200×50 with 20 variants, while a run is on.
#![allow(missing_docs, dead_code, clippy::unwrap_used, clippy::default_trait_access)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use quotient::tui::message::Msg;
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
}

criterion_group!(benches, frames);
criterion_main!(benches);
