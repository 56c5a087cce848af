//! Where answers go: standard output, standard error, or a file; a reader that went away is not an error.

use std::io::{self, Write};
use std::path::Path;

use color_eyre::Result;
use color_eyre::eyre::WrapErr;

/// Prints an answer on standard output. A closed pipe ends quietly: `quotient runs | head` is good usage.
pub fn answer(text: &str) -> Result<()> {
    quiet_pipe(write_line(&mut io::stdout().lock(), text)).wrap_err("cannot write to standard output")
}

/// Says something beside the answer, on standard error. Whoever closed it does not want to hear it.
pub fn say(text: &str) {
    drop(write_line(&mut io::stderr().lock(), text));
}

/// Prints an answer on standard output, or writes it to a file and names the file on standard error.
pub fn answer_to(to: Option<&Path>, text: &str) -> Result<()> {
    match to {
        Some(path) if path != Path::new("-") => {
            let mut file = text.trim_end_matches('\n').to_owned();
            file.push('\n');
            std::fs::write(path, file).wrap_err_with(|| format!("cannot write {}", path.display()))?;
            say(&format!("wrote {}", path.display()));
            Ok(())
        }
        _ => answer(text),
    }
}

/// Pretty JSON of an answer; nothing in it can act on a terminal.
pub fn json(value: &impl serde::Serialize) -> Result<String> {
    let json = serde_json::to_string_pretty(value).wrap_err("cannot write the answer as JSON")?;
    Ok(crate::export::json::inert(&json))
}

fn write_line(to: &mut impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        to.write_all(b"\n")?;
    }
    to.flush()
}

fn quiet_pipe(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Whether answers on standard output may be coloured.
pub fn colour() -> bool {
    use std::io::IsTerminal;
    io::stdout().is_terminal() && !no_colour()
}

/// Whether the user asked for no colour (`NO_COLOR`, set and not empty).
pub fn no_colour() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Text of a model, a service or a file, harmless and on one line.
pub fn one_line(text: &str) -> std::borrow::Cow<'_, str> {
    crate::bench::clean::clean(text, crate::bench::clean::Lines::Join)
}
