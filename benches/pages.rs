//! What the table of trials costs behind the screen: the index of a journal of 100,000 trials, a query, one trial.
#![allow(missing_docs, dead_code, clippy::unwrap_used, clippy::default_trait_access)]

use std::fs;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use quotient::bench::event::{Entry, Event};
use quotient::bench::trials::{Anchor, Ask, COLUMNS, Filter, Query};
use quotient::journal::format::encode;
use quotient::journal::pages::Pages;

#[path = "../tests/it/stage.rs"]
mod stage;

/// A run as it is recorded: with progress, a wait and a kept answer for each trial.
fn journal() -> String {
    let names: Vec<String> = (1..=20).map(|n| format!("variant-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut text = String::new();
    let mut seq = 0;
    let mut push = |at: Duration, event: Event| {
        text.push_str(&encode(&Entry { seq, at, event }).unwrap());
        text.push('\n');
        seq += 1;
    };
    for Entry { at, mut event, .. } in stage::entries(&names, 5_000) {
        if let Event::InvocationStarted { trial, .. } = event {
            push(at, Event::TrialWaited { trial, limit: quotient::bench::quota::LimitKind::Tpm, until: Some(at) });
        }
        if let Event::TrialFinished { sample } = &mut event {
            for chunks in 0..4 {
                push(at, Event::Progress { trial: sample.trial, chunks, bytes: 99 });
            }
            if let quotient::bench::sample::Outcome::Ok { text: Some(text), .. } = &mut sample.outcome {
                *text = text.repeat(20);
            }
        }
        push(at, event);
    }
    text
}

fn ask(filter: &str, sort: &str) -> Ask {
    let sort = COLUMNS.iter().position(|column| column.name == sort).unwrap();
    let query = Query { filter: Filter::read(filter).0, sort, descending: true };
    Ask { number: 1, query, anchor: Anchor::First, rows: 200, upto: None, again: false }
}

fn pages(criterion: &mut Criterion) {
    let folder = std::env::temp_dir().join(format!("quotient-pages-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("run.jsonl");
    let text = journal();
    let title = format!("100,000 trials, {} MB", text.len() >> 20);
    fs::write(&path, text).unwrap();
    let mut group = criterion.benchmark_group(title);
    group.sample_size(10);
    group.bench_function("index", |bencher| {
        bencher.iter(|| {
            let mut pages = Pages::open(&path).unwrap();
            pages.read().unwrap();
            assert_eq!(pages.page(&ask("", "ended")).total, 100_000);
        });
    });
    let mut pages = Pages::open(&path).unwrap();
    pages.read().unwrap();
    let queries = [
        ("", "ended"),
        ("", "e2e"),
        ("rejected", "ended"),
        ("nowhere else", "out"),
        ("e2e>800 -ok variant:variant-1", "ttft"),
    ];
    for (filter, sort) in queries {
        group.bench_function(format!("query [{filter}] by {sort}"), |bencher| {
            // A query in between, so that none is remembered.
            let (this, other) = (ask(filter, sort), ask("trial:7", "cost"));
            bencher.iter_custom(|times| {
                let mut took = Duration::ZERO;
                for _ in 0..times {
                    black_box(pages.page(&other));
                    let begun = std::time::Instant::now();
                    black_box(pages.page(&this));
                    took += begun.elapsed();
                }
                took
            });
        });
    }
    let same = ask("", "ended");
    pages.page(&same);
    group.bench_function("the same query again", |bencher| bencher.iter(|| black_box(pages.page(&same))));
    group.bench_function("one trial", |bencher| bencher.iter(|| black_box(pages.trial(50_000).unwrap())));
    group.finish();
    fs::remove_dir_all(&folder).unwrap();
}

criterion_group!(benches, pages);
criterion_main!(benches);
