//! The program's own log, off unless `QUOTIENT_LOG` names a file: JSON lines of this crate's events alone.

use std::path::Path;

use color_eyre::Result;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

use crate::cli::exit::Refused;

/// Starts the log where `QUOTIENT_LOG` asks for one; it ends when the guard is dropped.
///
/// Only this crate's events are taken: the SDK's contain signed requests and, with a Bedrock API key, the key itself.
pub fn start() -> Result<Option<WorkerGuard>> {
    let Some(path) = std::env::var_os("QUOTIENT_LOG").filter(|path| !path.is_empty()) else { return Ok(None) };
    let path = Path::new(&path);
    let file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(|error| Refused::usage(format!("QUOTIENT_LOG {}: {error}", path.display())))?;
    // Written off the threads that measure; when the writer falls behind, lines are dropped rather than waited for.
    let (writer, guard) = tracing_appender::non_blocking(file);
    tracing_subscriber::fmt().json().with_env_filter(EnvFilter::new("quotient=debug")).with_writer(writer).init();
    Ok(Some(guard))
}
