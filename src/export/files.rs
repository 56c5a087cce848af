//! Files: what a format renders, and how it reaches the disk whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// One file of an export, still in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Its name, without a folder: `report.json`, `tokens.svg`, `tokens-dark.svg`, with several models
    /// `<model>-tokens.svg`.
    pub name: String,
    /// Its text.
    pub contents: String,
}

/// Writes files into a folder, which is made where it is missing. Each appears under its name only when it is whole
/// and on the disk; one of that name is replaced. Returns their paths in order.
///
/// Fails where the folder or a file cannot be written; files before the one that failed stay.
pub fn write(dir: &Path, files: &[Rendered]) -> io::Result<Vec<PathBuf>> {
    fs::create_dir_all(dir)?;
    files.iter().map(|file| write_one(dir, file)).collect()
}

fn write_one(dir: &Path, file: &Rendered) -> io::Result<PathBuf> {
    let path = dir.join(&file.name);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".quotient-");
    // A report is made to be passed on: the user's umask decides who reads it, not the mode of temporary files.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut temporary = builder.tempfile_in(dir)?;
    temporary.write_all(file.contents.as_bytes())?;
    temporary.as_file().sync_all()?;
    temporary.persist(&path)?;
    Ok(path)
}

/// A model's id as the beginning of a file name: what is no letter, digit, `.`, `-` or `_` becomes `_`.
pub(crate) fn slug(model: &str) -> String {
    const MOST: usize = 100;
    let fitting = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    // The end of an ARN tells models apart, not its beginning.
    let skipped = model.chars().count().saturating_sub(MOST);
    let slug: String = model.chars().skip(skipped).map(fitting).collect();
    let slug = slug.trim_start_matches(['.', '-']);
    if slug.is_empty() { "model".into() } else { slug.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_plain_file_names() {
        assert_eq!(slug("anthropic.claude-3-sonnet-20240229-v1:0"), "anthropic.claude-3-sonnet-20240229-v1_0");
        assert_eq!(slug("../../etc/passwd"), "_.._etc_passwd");
        assert_eq!(slug("..."), "model");
        assert_eq!(slug(&format!("arn:{}end", "x/".repeat(200))).len(), 100);
    }

    #[test]
    fn a_file_replaces_the_one_of_its_name_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().expect("a folder");
        let inner = dir.path().join("a/b");
        let file = |contents: &str| [Rendered { name: "report.json".into(), contents: contents.into() }];
        write(&inner, &file("old and longer")).expect("written");
        let paths = write(&inner, &file("new")).expect("written");
        assert_eq!(paths, [inner.join("report.json")]);
        assert_eq!(fs::read_to_string(&paths[0]).expect("read"), "new");
        assert_eq!(fs::read_dir(&inner).expect("listed").count(), 1);
    }

    #[test]
    fn a_folder_that_is_a_file_is_an_error() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("taken");
        fs::write(&path, "").expect("written");
        assert!(write(&path, &[]).is_err());
    }
}
