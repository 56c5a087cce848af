//! What a client's role is asked to do, and what it found.

use std::fs;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// The model that everyone asks for.
pub(crate) const MODEL: &str = "anthropic.claude-3-haiku-20240307-v1:0";
/// The prompt that everyone sends: a short system prompt,
pub(crate) const SYSTEM: &str = "Provide concise, to-the-point responses.";
/// a task,
pub(crate) const TASK: &str = "Summarize the following text in a concise way.";
/// a text,
pub(crate) const CONTENT: &str = "Amazon Bedrock is a fully managed service that offers a choice of high-performing \
    foundation models from leading AI companies through a single API, along with a broad set of capabilities needed to \
    build generative AI applications with security, privacy, and responsible AI.";
/// and a limit.
pub(crate) const MAX_TOKENS: u16 = 200;
/// Ticks of `/proc/self/stat` in a second; Linux has not had another number in user space for decades.
const TICKS: f64 = 100.0;

/// What a client does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Work {
    /// Where the server is.
    pub(crate) url: String,
    /// Streams at once.
    pub(crate) at_once: u32,
    /// Streams in all.
    pub(crate) calls: u32,
}

/// What a client found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Found {
    /// Streams that were read to their end.
    pub(crate) ok: u32,
    /// Streams that were out at once, at most.
    pub(crate) most_out: u32,
    /// Seconds from the first request until nothing was left to do.
    pub(crate) seconds: f64,
    /// Seconds of CPU in that time.
    pub(crate) cpu: f64,
    /// Memory when the first stream ended and, where all began together, all others were out, in MB.
    pub(crate) in_flight: f64,
    /// Memory at most, in MB.
    pub(crate) peak: f64,
    /// Memory after a tenth, half and all of the streams, in MB.
    pub(crate) memory: [f64; 3],
    /// TTFT as measured, less the server's stamp, in ms: the median and the 99th percentile.
    pub(crate) error: [f64; 2],
}

impl Found {
    /// Milliseconds of CPU per stream.
    pub(crate) fn cpu_per_call(&self) -> f64 {
        self.cpu * 1e3 / f64::from(self.ok.max(1))
    }

    /// Streams per second.
    pub(crate) fn rate(&self) -> f64 {
        f64::from(self.ok) / self.seconds
    }
}

/// Takes down how a client fares.
#[derive(Debug)]
pub(crate) struct Book {
    work: Work,
    began: Instant,
    cpu: f64,
    found: Found,
    errors: Vec<i32>,
}

impl Book {
    /// The first request is about to be sent.
    pub(crate) fn open(work: &Work) -> Self {
        let errors = Vec::with_capacity(work.calls as usize);
        Self { work: work.clone(), errors, cpu: cpu(), began: Instant::now(), found: Found::default() }
    }

    /// A stream was read to its end; `number` counts them as they were begun. The streams of the first wave open all
    /// connections at once, so that they say little about a stopwatch.
    pub(crate) fn read(&mut self, number: u64, ttft: Option<Duration>, stamp: Option<Duration>) {
        if number >= u64::from(self.work.at_once)
            && let Some((ttft, stamp)) = ttft.zip(stamp)
        {
            self.errors.push(ttft.as_micros() as i32 - stamp.as_micros() as i32);
        }
        if self.found.ok == 0 {
            self.found.in_flight = status("VmRSS:");
        }
        self.found.ok += 1;
        for (mark, share) in self.found.memory.iter_mut().zip([0.1, 0.5, 1.0]) {
            if f64::from(self.found.ok) == (f64::from(self.work.calls) * share).ceil() {
                *mark = status("VmRSS:");
            }
        }
    }

    /// So many streams are out.
    pub(crate) fn out(&mut self, now: usize) {
        self.found.most_out = self.found.most_out.max(now as u32);
    }

    /// Nothing is left to do.
    pub(crate) fn close(mut self) -> Found {
        self.errors.sort_unstable();
        let last = self.errors.len().saturating_sub(1);
        let at = |share: f64| self.errors.get((last as f64 * share).round() as usize);
        let error = [0.5, 0.99].map(|share| at(share).map_or(f64::NAN, |error| f64::from(*error) / 1e3));
        let error = error.map(|error| if error.is_nan() { 0.0 } else { error });
        let (seconds, cpu) = (self.began.elapsed().as_secs_f64(), cpu() - self.cpu);
        Found { seconds, cpu, peak: status("VmHWM:"), error, ..self.found }
    }
}

/// Seconds of CPU that this process has used.
fn cpu() -> f64 {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9
}

/// Seconds of CPU that this process's children that have ended had used.
pub(crate) fn cpu_of_children() -> f64 {
    ticks(13) + ticks(14)
}

/// A field of `/proc/self/stat`, counted behind the name in parentheses.
fn ticks(field: usize) -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    fields.split_whitespace().nth(field).and_then(|n| n.parse::<f64>().ok()).unwrap_or(f64::NAN) / TICKS
}

/// A size of `/proc/self/status`, in MB.
fn status(key: &str) -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1_024.0
}
