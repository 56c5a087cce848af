//! What the ledger costs once its window is full: to admit, reserve and settle one invocation, and to refuse one.
#![allow(missing_docs)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use quotient::bench::ledger::{Ledger, Refill};
use quotient::bench::quota::{Limit, LimitSource, Quota};

const START: Duration = Duration::from_hours(500_000);
/// A window has one slot each this long.
const SLOT: Duration = Duration::from_millis(20);
const TOKENS: u64 = 700;

const RULES: [(&str, Refill); 3] =
    [("rolling", Refill::ROLLING), ("clock", Refill::Clock), ("bucket", Refill::Bucket { burst: 1.0 })];

/// A ledger with an invocation in every slot of the last minute, and when that was.
fn full(refill: Refill) -> (Ledger, Duration) {
    let limit = |value| Some(Limit::unlisted(value, LimitSource::Applied));
    let quota = Quota { rpm: limit(10_000.0), tpm: limit(3_000.0 * 800.0), tpd: limit(1e12) };
    let (mut ledger, mut now) = (Ledger::new(&quota, refill), START);
    for _ in 0..3_000 {
        now += SLOT;
        let hold = ledger.reserve(now, TOKENS);
        ledger.settle(now, hold, TOKENS);
    }
    (ledger, now)
}

fn ledger(criterion: &mut Criterion) {
    for (name, refill) in RULES {
        let (mut ledger, mut now) = full(refill);
        criterion.bench_function(&format!("ledger {name}: admit, reserve, settle"), |bencher| {
            bencher.iter(|| {
                now += SLOT;
                let _ = black_box(ledger.admits(now, TOKENS));
                let hold = ledger.reserve(now, TOKENS);
                ledger.settle(now, hold, TOKENS);
            });
        });
    }
    let (mut ledger, now) = full(Refill::ROLLING);
    criterion.bench_function("ledger rolling: refuse, half a window away", |bencher| {
        bencher.iter(|| black_box(ledger.admits(now, 1_500_000)));
    });
}

criterion_group!(benches, ledger);
criterion_main!(benches);
