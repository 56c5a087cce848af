//! Verdicts: in how many simulated worlds they are right, how many calls they take, and whether what is predicted is
//! what is measured under load. `WORLDS` sets how many worlds a cell has, `PROOFS` how many are driven.

#![allow(clippy::print_stdout, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code, unused_imports)]

#[path = "../tests/it/proof.rs"]
mod proof;
#[path = "../tests/it/worlds.rs"]
mod worlds;

use worlds::{KINDS, Set, Sum, fixed_sample};

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Every kind of world, or the one that `ONLY` names.
fn kinds() -> impl Iterator<Item = &'static worlds::Kind> {
    let only = std::env::var("ONLY").ok();
    KINDS.iter().filter(move |kind| only.as_ref().is_none_or(|only| kind.name == only))
}

fn main() {
    let n = number("WORLDS", 1_000);
    let percent = |part: u64, of: u64| 100.0 * part as f64 / of.max(1) as f64;
    println!("{n} worlds a cell, four variants, at 95 %; calls as a share of 4 x the fixed sample\n");
    println!("{:<12} {:>6} {:>8} {:>6} {:>6} {:>6}", "world", "fixed", "gap", "named", "right", "calls");
    for kind in kinds() {
        let fixed = fixed_sample(kind);
        let row = |gap: &str, sum: &Sum| {
            let calls = sum.calls as f64 / sum.worlds as f64 / (4.0 * f64::from(fixed));
            let right = if gap == "none" { String::from("-") } else { format!("{:.1}", percent(sum.right, sum.named)) };
            let named = percent(sum.named, sum.worlds);
            println!("{:<12} {fixed:>6} {gap:>8} {named:>6.1} {right:>6} {calls:>6.2}", kind.name);
        };
        let four = Set { worlds: n, variants: 4, gaps: None, trials: fixed, racing: true, seed: 1 };
        row("none", &worlds::worlds(kind, four));
        row("10-50 %", &worlds::worlds(kind, Set { gaps: Some((0.1, 0.5)), seed: 2, ..four }));
        for gap in [0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5] {
            row(
                &format!("{:.0} %", gap * 100.0),
                &worlds::worlds(kind, Set { gaps: Some((gap, gap)), seed: 3, ..four }),
            );
        }
    }
    println!("\nno difference, looked at after every block, not raced: a winner named at some time up to n, in %");
    let sizes = [10, 20, 50, 100];
    println!("{:<12} {:>8} {}", "world", "variants", sizes.map(|n| format!("{n:>6}")).concat());
    for kind in kinds() {
        for variants in [2, 4] {
            let named = sizes.map(|trials| {
                let set = Set { worlds: n, variants, gaps: None, trials, racing: false, seed: 4 };
                format!("{:>6.1}", percent(worlds::worlds(kind, set).named, n))
            });
            println!("{:<12} {variants:>8} {}", kind.name, named.concat());
        }
    }
    prove(number("PROOFS", 60));
}

/// Drives the winner in worlds of every refill rule.
fn prove(n: u64) {
    if n == 0 {
        return;
    }
    let (mut within, mut errors, mut sizes) = (0, 0.0, 0.0);
    for world in 0..n {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let (_, verified) = runtime.expect("a runtime").block_on(proof::world(world));
        let found = verified.expect("it was measured");
        let inside = found.low <= found.measured && found.measured <= found.high;
        let error = found.measured / found.predicted - 1.0;
        if !inside {
            println!("outside: {found:?} {}", proof::scenario(world).replace('\n', " "));
        }
        within += u64::from(inside);
        errors += error;
        sizes += error.abs();
    }
    println!(
        "\n{n} worlds driven at the edge, {} each: {within} inside the prediction's interval; error {:+.2} % on average, \
         {:.2} % in size",
        proof::RULES.join(", "),
        100.0 * errors / n as f64,
        100.0 * sizes / n as f64
    );
}
