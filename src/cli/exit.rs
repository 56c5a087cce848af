//! Exit codes: what a script can tell from how the program ended.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// No result.
    NoResult,
    /// Bad usage or configuration, or consent missing.
    Usage,
    /// A gate failed.
    Gate,
    /// A cap on money or tokens stopped it.
    Cap,
    /// SIGINT or SIGTERM; what was measured is kept and reported.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::NoResult => 1,
            Exit::Usage => 2,
            Exit::Gate => 3,
            Exit::Cap => 4,
            Exit::Interrupted => 130,
        })
    }
}

/// An end that the user is told about in a sentence, without a backtrace.
#[derive(Debug)]
pub struct Refused {
    /// The exit code.
    pub exit: Exit,
    /// The sentence, or a rendered diagnostic of several lines.
    pub message: String,
}

impl Refused {
    /// Bad usage or configuration.
    pub fn usage(message: impl Into<String>) -> color_eyre::Report {
        Self { exit: Exit::Usage, message: message.into() }.into()
    }

    /// No result.
    pub fn no_result(message: impl Into<String>) -> color_eyre::Report {
        Self { exit: Exit::NoResult, message: message.into() }.into()
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}
