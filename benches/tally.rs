//! What the fold costs, and that an event of a long run costs no more than one of a short run.
#![allow(missing_docs, dead_code, clippy::unwrap_used, clippy::default_trait_access)]

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use quotient::bench::tally::Tally;

#[path = "../tests/it/stage.rs"]
mod stage;

fn fold(criterion: &mut Criterion) {
    let names = ["one", "two", "three", "four", "broken"];
    let mut group = criterion.benchmark_group("tally");
    group.sample_size(10);
    for events in [1_000, 10_000, 100_000] {
        let trials = events / 10;
        let plan = Arc::new(stage::plan(&names, trials));
        let entries = stage::entries(&names, trials);
        group.throughput(Throughput::Elements(entries.len() as u64));
        group.bench_function(format!("fold of {events} events"), |bencher| {
            bencher.iter_batched(
                || Tally::planned(Arc::clone(&plan)),
                |mut tally| {
                    for entry in &entries {
                        tally.apply(entry);
                    }
                    tally
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, fold);
criterion_main!(benches);
