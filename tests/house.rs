//! The house rules, proved: floors, file sentences, file lengths, and who may name which crate.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// Rooms by floor; a room imports only from floors below its own.
const FLOORS: [(&str, u8); 9] = [
    ("bench", 1),
    ("bedrock", 2),
    ("config", 2),
    ("journal", 2),
    ("simulator", 2),
    ("tui", 2),
    ("engine", 3),
    ("export", 3),
    ("cli", 4),
];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    let relative = |path: &Path| path.strip_prefix(&root).unwrap().to_path_buf();
    assert!(found.len() > 20, "the walk found too little to prove anything");
    found.into_iter().map(|(path, text)| (relative(&path), text)).collect()
}

fn room(path: &Path) -> Option<String> {
    let first = path.components().next()?.as_os_str().to_string_lossy().into_owned();
    (path.components().count() > 1).then_some(first)
}

fn floor(room: &str) -> u8 {
    FLOORS.iter().find(|(name, _)| *name == room).unwrap_or_else(|| panic!("no floor is set for the room {room}")).1
}

/// A file without its comments; tests inside a file obey the same rules.
fn code(text: &str) -> String {
    let uncommented = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
    text.lines().map(uncommented).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_file_opens_with_a_sentence_and_is_a_few_screens_long() {
    for (path, text) in sources() {
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! ") && first.len() > 12, "{} has no opening sentence", path.display());
        let lines = text.lines().count();
        assert!(lines <= 600, "{} has {lines} lines, at most 600", path.display());
    }
}

#[test]
fn imports_run_only_downwards() {
    for (path, text) in sources() {
        let Some(room) = room(&path) else { continue };
        let text = code(&text);
        for (other, other_floor) in FLOORS {
            let named = text.contains(&format!("crate::{other}::")) || text.contains(&format!("crate::{other};"));
            if other != room && named {
                assert!(other_floor < floor(&room), "{} (floor {}) names {other}", path.display(), floor(&room));
            }
        }
        assert!(!text.contains("use crate::{"), "{}: one room an import, so that floors can be read", path.display());
    }
}

#[test]
fn crates_stay_in_their_rooms() {
    let allowed: [(&str, &[&str]); 6] = [
        ("aws_sdk_", &["bedrock"]),
        ("aws_config", &["bedrock"]),
        ("aws_smithy_", &["bedrock", "simulator"]),
        ("ratatui", &["tui", "export"]),
        ("color_eyre", &["cli"]),
        ("crossterm", &["tui"]),
    ];
    for (path, text) in sources() {
        let Some(room) = room(&path) else { continue };
        let text = code(&text);
        for (krate, rooms) in allowed {
            let named = text.contains(&format!("{krate}::")) || text.contains(&format!(" {krate}"));
            assert!(!named || rooms.contains(&room.as_str()), "{} names {krate}", path.display());
        }
    }
}

#[test]
fn the_ground_floor_neither_waits_nor_looks_around() {
    for (path, text) in sources().into_iter().filter(|(path, _)| room(path).as_deref() == Some("bench")) {
        let text = code(&text);
        for banned in [
            "async fn",
            "tokio::",
            "std::fs",
            "TcpStream",
            "TcpListener",
            "std::env",
            "Instant::now",
            "SystemTime",
            "rand::rng",
        ] {
            assert!(!text.contains(banned), "{} names {banned}", path.display());
        }
    }
}

#[test]
fn the_reading_side_looks_at_no_clock() {
    for (path, text) in sources() {
        let pure = match room(&path).as_deref() {
            Some("export") => true,
            Some("tui") => !path.ends_with("event_loop.rs") && !path.ends_with("terminal.rs"),
            _ => false,
        };
        let text = code(&text);
        for banned in ["Instant::now", "SystemTime::now", "Timestamp::now", "rand::rng"] {
            assert!(!pure || !text.contains(banned), "{} names {banned}", path.display());
        }
    }
}

#[test]
fn no_room_is_a_drawer_for_odds_and_ends() {
    for (path, _) in sources() {
        for part in path.iter().map(|part| part.to_string_lossy()) {
            let name = part.trim_end_matches(".rs");
            assert!(!["utils", "util", "helpers", "common", "manager", "types"].contains(&name), "{}", path.display());
        }
    }
}
