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
        // A tally's own room, which it takes at the start of a run, is no cost of an event.
        let (start, rest) = entries.split_at(50);
        let mut begun = Tally::planned(plan);
        for entry in start {
            begun.apply(entry);
        }
        group.throughput(Throughput::Elements(rest.len() as u64));
        group.bench_function(format!("fold of {events} events"), |bencher| {
            bencher.iter_batched(
                || begun.clone(),
                |mut tally| {
                    for entry in rest {
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
