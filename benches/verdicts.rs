//! Verdicts: in how many simulated worlds they are right, and how many calls they take.

#![allow(clippy::print_stdout, missing_docs, unreachable_pub, dead_code)]

#[path = "../tests/it/worlds.rs"]
mod worlds;

use worlds::{KINDS, fixed_sample};

fn main() {
    let n: u64 = std::env::var("WORLDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000);
    println!("{n} worlds a cell; four variants; calls as a share of the fixed sample (4 x n)");
    for kind in KINDS {
        let fixed = fixed_sample(kind);
        let share = |sum: &worlds::Sum| sum.calls as f64 / sum.worlds as f64 / (4.0 * f64::from(fixed));
        let none = worlds::worlds(kind, n, None, fixed, true, 1);
        let always = worlds::worlds(kind, n, None, 100, false, 5);
        let mixed = worlds::worlds(kind, n, Some((0.1, 0.5)), fixed, true, 2);
        println!(
            "{:<12} n={fixed:<4} no difference: named {:.1} % (unraced, 100: {:.1} %) | 10-50 %: named {:.1} %, right {:.1} %, calls {:.2}",
            kind.name,
            100.0 * none.named as f64 / n as f64,
            100.0 * always.named as f64 / n as f64,
            100.0 * mixed.named as f64 / n as f64,
            100.0 * mixed.right as f64 / (mixed.named.max(1)) as f64,
            share(&mixed)
        );
        for gap in [0.05, 0.1, 0.2, 0.3, 0.5] {
            let sum = worlds::worlds(kind, n, Some((gap, gap)), fixed, true, 3);
            println!(
                "    gap {:>3.0} %: named {:>5.1} %, right {:>5.1} %, calls {:.2} ({:.0} each)",
                gap * 100.0,
                100.0 * sum.named as f64 / n as f64,
                100.0 * sum.right as f64 / sum.named.max(1) as f64,
                share(&sum),
                sum.calls as f64 / n as f64 / 4.0
            );
        }
    }
}
