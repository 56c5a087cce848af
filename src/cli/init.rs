//! `quotient init`: a commented starter configuration, never over a file that exists unless asked.

use std::io::{ErrorKind, Write};

use color_eyre::Result;

use crate::cli::arguments::InitOptions;
use crate::cli::exit::{Exit, Refused};
use crate::cli::output;
use crate::config::STARTER;

/// Runs the command.
pub fn init(options: &InitOptions) -> Result<Exit> {
    let file = options.file.display();
    let mut open = std::fs::OpenOptions::new();
    open.write(true).create(true).truncate(options.force).create_new(!options.force);
    match open.open(&options.file).and_then(|mut to| to.write_all(STARTER.as_bytes())) {
        Ok(()) => {
            output::say(&format!("wrote {file}; `quotient check` reads it, `quotient` runs it"));
            Ok(Exit::Done)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(Refused::usage(format!("{file} exists and is left as it is; --force writes over it")))
        }
        Err(error) => Err(Refused::no_result(format!("cannot write {file}: {error}"))),
    }
}
