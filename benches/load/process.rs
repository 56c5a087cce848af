//! Roles as processes of their own, so that CPU and memory are each one's own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use crate::Failed;
use crate::server::Pace;
use crate::work::{Found, SYSTEM, TASK, Work, cpu_of_children};

/// A server that is up; it ends when this is dropped.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) url: String,
}

impl Server {
    /// Starts one.
    pub(crate) fn start(pace: Pace) -> Result<Self, Failed> {
        let mut child = role("server", &serde_json::to_string(&pace)?)?.stdin(Stdio::piped()).spawn()?;
        let mut url = String::new();
        BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut url)?;
        Ok(Self { child, url: url.trim().into() })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left of it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Lets a client do its work.
pub(crate) fn client(name: &str, work: &Work) -> Result<Found, Failed> {
    let output = role(name, &serde_json::to_string(work)?)?.output()?;
    if !output.status.success() {
        return Err(format!("{name} failed: {}", String::from_utf8_lossy(&output.stdout)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn role(name: &str, argument: &str) -> Result<Command, Failed> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--role", name, argument]).stdout(Stdio::piped());
    Ok(command)
}

/// Lets oha do the same work, which it does without signing and without reading frames; `None` where it is not installed.
pub(crate) fn oha(work: &Work) -> Result<Option<Found>, Failed> {
    let body = format!(
        r#"{{"messages":[{{"content":[{{"text":"{TASK}"}}],"role":"user"}}],"system":[{{"text":"{SYSTEM}"}}]}}"#
    );
    let (calls, at_once) = (work.calls.to_string(), work.at_once.to_string());
    let mut command = Command::new("oha");
    command.args([
        "--no-tui",
        "--disable-compression",
        "-m",
        "POST",
        "-n",
        &calls,
        "-c",
        &at_once,
        "-d",
        &body,
        &work.url,
    ]);
    let (before, began) = (cpu_of_children(), Instant::now());
    match command.stdout(Stdio::null()).stderr(Stdio::null()).status() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
        Ok(status) if !status.success() => Err("oha failed".into()),
        Ok(_) => {
            let (seconds, cpu) = (began.elapsed().as_secs_f64(), cpu_of_children() - before);
            Ok(Some(Found { ok: work.calls, seconds, cpu, ..Found::default() }))
        }
    }
}
