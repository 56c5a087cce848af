//! The scenarios: what is measured, how often, and against which target.

use std::time::Duration;

use crate::Failed;
use crate::process::{Server, client, oha};
use crate::server::Pace;
use crate::table::{Row, print};
use crate::work::{Found, Work};

/// Everything at once: only the client's and the server's work takes time.
const FLAT_OUT: Pace = Pace { chunks: 20, first: Duration::ZERO, gap: Duration::ZERO };
const BRISK: Pace = Pace { chunks: 20, first: Duration::from_millis(50), gap: Duration::from_millis(5) };
/// As models are, so that thousands of streams are a moderate load: about 500 begin and 6,000 chunks come each second.
const SLOW: Pace = Pace { chunks: 12, first: Duration::from_secs(2), gap: Duration::from_millis(200) };
/// All streams are out before the first ends.
const SLOWER: Pace = Pace { chunks: 20, first: Duration::from_secs(4), gap: Duration::from_millis(100) };

/// How thoroughly it is measured.
#[derive(Clone, Copy, PartialEq)]
enum Depth {
    /// Only whether it works.
    Smoke,
    Quick,
    Long,
}

/// Measures what the command line asks for.
pub(crate) fn all(arguments: &[String]) -> Result<(), Failed> {
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let depth = match (has("--bench") && !has("--test"), has("--long")) {
        (false, _) => Depth::Smoke,
        (true, false) => Depth::Quick,
        (true, true) => Depth::Long,
    };
    let words: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let mut rows = Vec::new();
    if wanted("load rate") {
        rows.extend(rate(depth)?);
    }
    if wanted("load ttft 64") {
        rows.extend(ttft(BRISK, 64, 3_200, [1.5, f64::INFINITY], depth)?);
    }
    if wanted("load ttft 2000") {
        rows.extend(ttft(SLOW, 2_000, 7_000, [f64::INFINITY, 5.0], depth)?);
    }
    if wanted("load flight") {
        rows.extend(flight(depth)?);
    }
    if depth == Depth::Long && wanted("load trials") {
        rows.extend(trials()?);
    }
    if depth != Depth::Smoke && !rows.is_empty() {
        print(&rows);
    }
    Ok(())
}

/// How many of so many, at a depth.
fn scaled(n: u32, depth: Depth) -> u32 {
    if depth == Depth::Smoke { n.min(20) } else { n }
}

fn say(what: &str) {
    eprintln!("{what} …");
}

/// The highest rate, and the CPU that a stream takes then: in turns, since machines are noisy.
fn rate(depth: Depth) -> Result<Vec<Row>, Failed> {
    let server = Server::start(FLAT_OUT)?;
    let rounds = match depth {
        Depth::Smoke => 1,
        Depth::Quick => 3,
        Depth::Long => 9,
    };
    let work = |calls| Work { url: server.url.clone(), at_once: scaled(64, depth), calls: scaled(calls, depth) };
    let (mut plain, mut quotient, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        say(&format!("highest rate, round {round} of {rounds}"));
        plain.push(client("plain", &work(20_000))?);
        quotient.push(client("quotient", &work(20_000))?);
        others.extend(oha(&work(20_000))?);
    }
    let of = |found: &[Found], what: fn(&Found) -> f64| median(found.iter().map(what).collect());
    let ratio = |what: fn(&Found) -> f64| median(quotient.iter().zip(&plain).map(|(q, p)| what(q) / what(p)).collect());
    let cpu = of(&quotient, Found::cpu_per_call);
    let heavier = ratio(Found::cpu_per_call);
    let faster = ratio(Found::rate);
    let row = |what: &str, of: &dyn Fn(&[Found]) -> String, target| Row {
        what: what.into(),
        plain: of(&plain),
        quotient: of(&quotient),
        oha: if others.is_empty() { "-".into() } else { of(&others) },
        target,
    };
    let alone = |what: &str, value: String, target| Row {
        what: what.into(),
        plain: String::new(),
        quotient: value,
        oha: String::new(),
        target: Some(target),
    };
    Ok(vec![
        row(
            "CPU per stream of 20 chunks, ms",
            &|found| format!("{:.3}", of(found, Found::cpu_per_call)),
            at_most("0.4", cpu, 0.4),
        ),
        alone("  as a multiple of the plain loop's", format!("{heavier:.2}"), ("≤ 1.3".into(), heavier <= 1.3)),
        row("streams a second, 64 at once", &|found| format!("{:.0}", of(found, Found::rate)), None),
        alone(
            "  as a share of the plain loop's",
            format!("{:.0} %", faster * 100.0),
            ("≥ 75 %".into(), faster >= 0.75),
        ),
    ])
}

/// How far the measured TTFT is from the server's own stamp, the median and the 99th percentile.
fn ttft(pace: Pace, at_once: u32, calls: u32, most: [f64; 2], depth: Depth) -> Result<Vec<Row>, Failed> {
    say(&format!("TTFT at {at_once} streams"));
    let server = Server::start(pace)?;
    let work = Work { url: server.url.clone(), at_once: scaled(at_once, depth), calls: scaled(calls, depth) };
    let (plain, quotient) = (client("plain", &work)?, client("quotient", &work)?);
    let row = |(index, what): (usize, &str)| Row {
        what: format!("TTFT error at {at_once} streams, {what}, ms"),
        plain: format!("{:.2}", plain.error[index]),
        quotient: format!("{:.2}", quotient.error[index]),
        oha: String::new(),
        target: most[index]
            .is_finite()
            .then(|| at_most(&most[index].to_string(), quotient.error[index], most[index]))
            .flatten(),
    };
    Ok(["p50", "p99"].into_iter().enumerate().map(row).collect())
}

/// What thousands of streams that are out at once hold.
fn flight(depth: Depth) -> Result<Vec<Row>, Failed> {
    say("5,000 streams in flight");
    let server = Server::start(if depth == Depth::Smoke { BRISK } else { SLOWER })?;
    let at_once = scaled(5_000, depth);
    let work = Work { url: server.url.clone(), at_once, calls: at_once };
    let (plain, quotient) = (client("plain", &work)?, client("quotient", &work)?);
    let row = |what: String, of: fn(&Found) -> f64, target| Row {
        what,
        plain: format!("{:.0}", of(&plain)),
        quotient: format!("{:.0}", of(&quotient)),
        oha: String::new(),
        target,
    };
    let resident = |found: &Found| found.in_flight;
    Ok(vec![
        row(
            format!("memory, {} streams in flight, MB", quotient.most_out),
            resident,
            at_most("200", quotient.in_flight, 200.0),
        ),
        row("  at most, while they are all begun at once".into(), |found| found.peak, None),
    ])
}

/// Whether memory grows with a run.
fn trials() -> Result<Vec<Row>, Failed> {
    say("200,000 trials in one run");
    let server = Server::start(FLAT_OUT)?;
    let work = Work { url: server.url.clone(), at_once: 64, calls: 200_000 };
    let quotient = client("quotient", &work)?;
    let [tenth, half, all] = quotient.memory;
    Ok(vec![Row {
        what: "memory after 20,000, 100,000 and 200,000 trials, MB".into(),
        plain: String::new(),
        quotient: format!("{tenth:.0}, {half:.0}, {all:.0}"),
        oha: String::new(),
        // Ten times as many trials; what the allocator keeps may vary a little.
        target: Some(("does not grow".into(), all <= tenth * 1.1 + 2.0)),
    }])
}

#[expect(clippy::unnecessary_wraps, reason = "a row's target is optional")]
fn at_most(said: &str, value: f64, most: f64) -> Option<(String, bool)> {
    Some((format!("≤ {said}"), value <= most))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
