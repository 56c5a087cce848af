//! `quotient init`: a commented configuration, a starter or from a request, never over a file that exists unless asked.

use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use color_eyre::Result;

use crate::bench::native::{Imported, import};
use crate::bench::request::Request;
use crate::bench::template::Templates;
use crate::cli::arguments::InitOptions;
use crate::cli::exit::{Exit, Refused};
use crate::cli::{output, planning};
use crate::config::{self, Draft, Overrides, STARTER, Written};

/// Runs the command.
pub fn init(options: &InitOptions) -> Result<Exit> {
    if let Some(from) = &options.from {
        return from_body(from, options);
    }
    put(&options.file, STARTER, options.force)?;
    output::say(&format!("wrote {}; {}", options.file.display(), next(&options.file)));
    Ok(Exit::Done)
}

/// The configuration of a request. Both files are written elsewhere first, and read and rendered as `check` would.
fn from_body(from: &Path, options: &InitOptions) -> Result<Exit> {
    let file = options.file.as_path();
    let beside = cases_file(file);
    if !options.force && file.symlink_metadata().is_ok() {
        return Err(exists(file));
    }
    let name = if from == Path::new("-") { "standard input".into() } else { from.display().to_string() };
    let body = config::body(&name, bytes(from, &name)?).map_err(|error| planning::refused(&error))?;
    let mut read = import(&body.json, options.model.as_deref())
        .map_err(|error| Refused::usage(format!("{name}: {}", output::one_line(&error.to_string()))))?;
    if body.further > 0 {
        read.notes.push(format!("only the first line of {name} is read; {} more are left out", body.further));
    }
    let Some(model) = &read.model else {
        return Err(Refused::usage(format!("{name} does not say which model it is for: add --model ID")));
    };
    let model = config::parse_model_id(model)
        .map_err(|why| Refused::usage(format!("{name}: the model {}: {why}", output::one_line(model))))?;
    let cases = beside.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let draft =
        Draft { from: &name, model: &model, api: read.api, request: &read.request, notes: &read.notes, cases: &cases };
    let written = config::write(&draft)
        .map_err(|why| Refused::usage(format!("{name}: its further parameters cannot be written: {why}")))?;
    prove(&read, &written, &cases, &name)?;
    if let Some(lines) = &written.cases {
        put(&beside, lines, options.force)?;
    }
    put(file, &written.toml, options.force)?;
    for note in &read.notes {
        output::say(&format!("note: {}", output::one_line(note)));
    }
    output::say(&format!("note: {}", written.marked));
    let and = written.cases.map(|_| format!(" and {}", beside.display())).unwrap_or_default();
    output::say(&format!("wrote {}{and}; {}", file.display(), next(file)));
    Ok(Exit::Done)
}

/// What is written must be a configuration whose first case renders to the request that was read.
fn prove(read: &Imported, written: &Written, cases: &str, name: &str) -> Result<()> {
    let failed = |why: String| Refused::usage(format!("{name} cannot become a configuration: {why}"));
    let folder = tempfile::tempdir().map_err(|error| Refused::no_result(format!("no place to try it: {error}")))?;
    let try_file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).map_err(|error| failed(format!("cannot be tried: {error}")))
    };
    if let Some(lines) = &written.cases {
        try_file(cases, lines)?;
    }
    let plan = config::parse("what would be written", &written.toml, folder.path())
        .and_then(|config| config.plan(&Overrides::default()))
        .map_err(|error| failed(format!("a value is out of range or not known\n{error}")))?;
    let rendered = Templates::new(&plan).and_then(|templates| templates.render(0, &plan.cases[0]));
    let rendered: Request = rendered.map_err(|error| failed(error.to_string()))?;
    if rendered == read.request { Ok(()) } else { Err(failed("its texts would not come back as they are".into())) }
}

/// The cases file that belongs to a configuration.
fn cases_file(file: &Path) -> PathBuf {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    file.with_file_name(format!("{stem}-cases.jsonl"))
}

fn bytes(from: &Path, name: &str) -> Result<Vec<u8>> {
    /// The largest body that is read, in bytes; Bedrock takes 25 MB.
    const LARGEST: u64 = 64 << 20;
    let mut bytes = Vec::new();
    let read = if from == Path::new("-") {
        std::io::stdin().take(LARGEST).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(from).and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
    };
    read.map_err(|error| Refused::usage(format!("cannot read {name}: {error}")))?;
    Ok(bytes)
}

fn exists(path: &Path) -> color_eyre::Report {
    Refused::usage(format!("{} exists and is left as it is; --force writes over it", path.display()))
}

/// Writes a file; over one that exists only by force.
fn put(path: &Path, text: &str, force: bool) -> Result<()> {
    let mut open = std::fs::OpenOptions::new();
    open.write(true).create(true).truncate(force).create_new(!force);
    match open.open(path).and_then(|mut to| to.write_all(text.as_bytes())) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(exists(path)),
        Err(error) => Err(Refused::no_result(format!("cannot write {}: {error}", path.display()))),
    }
}

/// The commands that come next.
fn next(file: &Path) -> String {
    let config =
        if file == Path::new("variants.toml") { String::new() } else { format!(" --config {}", file.display()) };
    format!("`quotient check{config}` reads it, `quotient{config}` runs it")
}
