//! What of a run is written where: formats to a folder, a file or standard output.

use std::path::{Path, PathBuf};

use color_eyre::Result;
use color_eyre::eyre::WrapErr;

use crate::bench::tally::Tally;
use crate::cli::exit::Refused;
use crate::cli::output;
use crate::export::{self, FORMATS, Format, Rendered};

/// What is asked for.
#[derive(Debug)]
pub struct Wanted {
    formats: Vec<&'static Format>,
    to: Target,
}

#[derive(Debug, PartialEq)]
enum Target {
    Nowhere,
    Stdout,
    File(PathBuf),
    Folder(PathBuf),
}

impl Wanted {
    /// From `--format` and `-o`. A name with a format's extension is a file, `-` is standard output, all else a folder.
    /// A file or standard output takes one format of one file.
    pub fn of(names: &[String], output: Option<&Path>) -> Result<Self> {
        let asked: Vec<&'static Format> =
            FORMATS.iter().filter(|format| names.iter().any(|name| name == format.name)).collect();
        let to = match output {
            Some(path) if path == Path::new("-") => Target::Stdout,
            Some(path) if !path.is_dir() && by_extension(path).is_some() => Target::File(path.to_owned()),
            Some(path) => Target::Folder(path.to_owned()),
            None if asked.is_empty() => Target::Nowhere,
            // One format that is one text may go to standard output; charts are files.
            None if asked.len() == 1 && asked[0].name != "svg" => Target::Stdout,
            None => Target::Folder(PathBuf::from(".")),
        };
        let formats = match (&to, asked.is_empty()) {
            (Target::Nowhere, _) => Vec::new(),
            (_, false) => asked,
            (Target::Stdout, true) => export::format("json").into_iter().collect(),
            (Target::File(path), true) => by_extension(path).into_iter().collect(),
            (Target::Folder(_), true) => FORMATS.iter().collect(),
        };
        if let Target::File(path) = &to
            && by_extension(path).is_some_and(|format| formats.iter().any(|asked| asked.name != format.name))
        {
            return Err(Refused::usage(format!("--format and the extension of {} disagree", path.display())));
        }
        if matches!(to, Target::Stdout | Target::File(_)) && (formats.len() != 1 || formats[0].name == "svg") {
            return Err(Refused::usage("-o with a file or - takes one format of one file; charts need a folder"));
        }
        Ok(Self { formats, to })
    }

    /// Whether standard output belongs to a format, so that nothing else may go there.
    pub fn takes_stdout(&self) -> bool {
        self.to == Target::Stdout
    }

    /// Renders and writes; says the name of each file on standard output (on standard error where that is taken).
    pub fn write(&self, tally: &Tally) -> Result<()> {
        let rendered: Vec<Rendered> = self.formats.iter().flat_map(|format| (format.render)(tally)).collect();
        match &self.to {
            Target::Nowhere => Ok(()),
            Target::Stdout => rendered.iter().try_for_each(|file| output::answer(&file.contents)),
            Target::File(path) => {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let renamed: Vec<Rendered> =
                    rendered.into_iter().map(|file| Rendered { name: name.clone(), ..file }).collect();
                tell(folder, &renamed)
            }
            Target::Folder(folder) => tell(folder, &rendered),
        }
    }
}

/// Where files go where nobody says, below the current folder.
const FOLDER: &str = "quotient-export";

/// Where the tables of variants go that were written on the dashboard.
pub fn variants() -> PathBuf {
    Path::new(FOLDER).join("variants")
}

/// Where a run's files go where nobody says: one folder a run.
pub fn folder(tally: &Tally) -> PathBuf {
    Path::new(FOLDER).join(tally.run.as_deref().unwrap_or("planned"))
}

fn tell(folder: &Path, rendered: &[Rendered]) -> Result<()> {
    let written = export::write(folder, rendered).wrap_err_with(|| format!("cannot write to {}", folder.display()))?;
    written.iter().try_for_each(|path| output::answer(&format!("wrote {}", path.display())))
}

fn by_extension(path: &Path) -> Option<&'static Format> {
    let extension = path.extension()?.to_str()?;
    FORMATS.iter().find(|format| format.extension == extension)
}
