//! What Service Quotas listed, kept on disk for a day: one file an account, region and endpoint.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;
use serde::{Deserialize, Serialize};

use crate::bedrock::quotas::Listing;

/// The format of the file; another one is ignored and written over.
const FORMAT: u32 = 1;
/// A listing older than this is read again.
const FRESH: Duration = Duration::from_hours(24);

/// Whose listing it is. The whole key stands in the file and is compared, so that two accounts whose files have the
/// same name are never mixed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The account's number where the credentials tell it, otherwise their access key id, which belongs to one
    /// account alone; a rotated key only means that the listing is read again.
    pub account: String,
    /// The AWS region.
    pub region: String,
    /// `aws` or a URL.
    pub endpoint: String,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    format: u32,
    key: Key,
    /// Seconds since the Unix epoch.
    read_at: u64,
    listing: Listing,
}

/// Where listings are kept: `$XDG_CACHE_HOME/quotient`; `None` where there is no home.
pub fn default_dir() -> Option<PathBuf> {
    etcetera::base_strategy::Xdg::new().ok().map(|base| base.cache_dir().join("quotient"))
}

impl Key {
    fn file(&self, folder: &Path) -> PathBuf {
        let words = [&self.account, &self.region, &self.endpoint].map(String::as_str).join("\n");
        folder.join(format!("quotas-{:08x}.json", crc32fast::hash(words.as_bytes())))
    }
}

/// The listing that is kept under a key, its age among its notes; `None` where there is none that is whole, of this
/// format and at most a day old. `now` is since the Unix epoch.
pub fn read(folder: &Path, key: &Key, now: Duration) -> Option<Listing> {
    let kept: Kept = serde_json::from_slice(&std::fs::read(key.file(folder)).ok()?).ok()?;
    let age = now.checked_sub(Duration::from_secs(kept.read_at)).filter(|age| *age <= FRESH)?;
    if kept.format != FORMAT || kept.key != *key {
        return None;
    }
    let mut listing = kept.listing;
    listing.notes.push(format!("Quotas read {} ago; --refresh-quotas reads them again.", words(age)));
    Some(listing)
}

/// Keeps a listing, whole or not at all, readable by its owner alone. One that was not read to its end is not kept.
pub fn write(folder: &Path, key: &Key, listing: &Listing, now: Duration) -> io::Result<()> {
    if !listing.complete || !listing.notes.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    let kept = Kept { format: FORMAT, key: key.clone(), read_at: now.as_secs(), listing: listing.clone() };
    // A temporary file has mode 0600 from its first byte, and keeps it when it is renamed.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(&kept)?)?;
    file.persist(key.file(folder))?;
    Ok(())
}

fn words(age: Duration) -> String {
    match age.as_secs() / 60 {
        minutes @ 0..60 => format!("{minutes} min"),
        minutes => format!("{} h", minutes / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn key(account: &str) -> Key {
        Key { account: account.into(), region: "eu-west-1".into(), endpoint: "aws".into() }
    }

    fn whole() -> Listing {
        Listing { rows: Vec::new(), notes: Vec::new(), complete: true }
    }

    #[test]
    fn a_listing_is_kept_for_a_day_and_says_its_age() {
        let folder = tempfile::tempdir().expect("a folder");
        let (then, inside) = (1_000 * HOUR, folder.path().join("new"));
        write(&inside, &key("a"), &whole(), then).expect("written");
        let read = |account, now| read(&inside, &key(account), now);
        let found = read("a", then + 3 * HOUR).expect("kept");
        assert_eq!(found.notes, ["Quotas read 3 h ago; --refresh-quotas reads them again."]);
        assert!(read("a", then + 25 * HOUR).is_none(), "too old");
        assert!(read("a", 999 * HOUR).is_none(), "from the future");
        assert!(read("b", then).is_none(), "another account");
        // Even under the other's file name a listing is not taken for one's own.
        std::fs::copy(key("a").file(&inside), key("b").file(&inside)).expect("copied");
        assert!(read("b", then).is_none(), "another account's file");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(key("a").file(&inside)).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn what_cannot_be_read_is_ignored_and_written_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = key("a").file(folder.path());
        write(folder.path(), &key("a"), &whole(), HOUR).expect("written");
        let older = std::fs::read_to_string(&path).expect("text").replace("\"format\":1", "\"format\":0");
        for bad in ["{", older.as_str()] {
            std::fs::write(&path, bad).expect("spoilt");
            assert!(read(folder.path(), &key("a"), HOUR).is_none(), "{bad}");
            write(folder.path(), &key("a"), &whole(), HOUR).expect("written over");
            assert!(read(folder.path(), &key("a"), HOUR).is_some());
        }
    }

    #[test]
    fn a_listing_with_gaps_is_not_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        for gaps in [Listing { complete: false, ..whole() }, Listing { notes: vec!["denied".into()], ..whole() }] {
            write(folder.path(), &key("a"), &gaps, HOUR).expect("nothing to do");
            assert!(read(folder.path(), &key("a"), HOUR).is_none());
        }
    }
}
