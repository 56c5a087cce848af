//! The pages of a journal: what they show is what the journal says, also while it grows and when it is torn.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use quotient::bench::event::{Entry, Event};
use quotient::bench::sample::Sample;
use quotient::bench::trials::{Anchor, Ask, Filter, Page, Query};
use quotient::journal::format::encode;
use quotient::journal::pages::Pages;
use quotient::journal::player;

use crate::journey::data;
use crate::stage;

fn lines(entries: &[Entry]) -> String {
    entries.iter().map(|entry| encode(entry).unwrap() + "\n").collect()
}

/// Lines with their ends.
fn ended<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn ask(filter: &str, upto: Option<u64>) -> Ask {
    let query = Query { filter: Filter::read(filter).0, ..Query::default() };
    Ask { number: 1, query, anchor: Anchor::First, rows: usize::MAX, upto, again: false }
}

fn all(pages: &mut Pages) -> Page {
    pages.read().unwrap();
    pages.page(&ask("", None))
}

fn ids(page: &Page) -> Vec<u64> {
    page.rows.iter().map(|row| row.trial.id).collect()
}

fn samples(entries: &[Entry]) -> Vec<&Sample> {
    let sample = |entry| match entry {
        &Entry { event: Event::TrialFinished { ref sample }, .. } => Some(sample),
        _ => None,
    };
    entries.iter().filter_map(sample).collect()
}

/// What an event says of a trial, its progress left out.
fn about(entry: &Entry, id: u64) -> bool {
    let value = serde_json::to_value(entry).unwrap();
    let of = |value: &serde_json::Value| value["trial"]["id"] == id;
    value["event"] != "progress" && (of(&value) || of(&value["sample"]))
}

#[test]
fn every_trial_of_recorded_runs_is_found_with_all_its_entries() {
    for name in ["journals/summarize.jsonl", "journals/verified.jsonl"] {
        let path = data(name);
        let played = player::read(Path::new(&path)).unwrap();
        let mut pages = Pages::open(Path::new(&path)).unwrap();
        let page = all(&mut pages);
        let samples = samples(&played.entries);
        assert!(samples.len() > 20);
        assert_eq!((page.total, page.matching, page.rows.len()), (samples.len(), samples.len(), samples.len()));
        for sample in samples {
            let row = page.rows.iter().find(|row| row.trial == sample.trial).unwrap();
            assert_eq!(
                (row.attempts, row.quota, row.cost),
                (sample.attempts, sample.settled + sample.wasted, sample.cost_usd)
            );
            assert_eq!(row.ending.word() == "ok", sample.is_accepted());
            let id = sample.trial.id;
            let expected: Vec<Entry> = played.entries.iter().filter(|entry| about(entry, id)).cloned().collect();
            assert!(expected.len() >= 2);
            assert_eq!(pages.trial(id).unwrap(), expected, "trial {id} of {name}");
        }
        assert_eq!(pages.trial(u64::MAX).unwrap(), []);
    }
}

#[test]
fn a_journal_is_followed_while_it_grows_and_half_a_line_waits() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.jsonl");
    let entries = stage::entries(&["detailed", "concise", "broken"], 12);
    let text = lines(&entries);
    fs::write(&path, "").unwrap();
    let mut pages = Pages::open(&path).unwrap();
    assert_eq!(all(&mut pages), Page::default(), "nothing was written yet");
    // In pieces that end anywhere.
    for (index, piece) in text.as_bytes().chunks(777).enumerate() {
        append(&path, std::str::from_utf8(piece).unwrap());
        let page = all(&mut pages);
        let whole = text[..((index + 1) * 777).min(text.len())].matches('\n').count();
        let mut expected: Vec<u64> = samples(&entries[..whole]).iter().map(|sample| sample.trial.id).collect();
        expected.sort_unstable();
        let mut found = ids(&page);
        found.sort_unstable();
        assert_eq!(found, expected);
    }
    let throttled = pages.page(&ask("attempts:1 variant:broken why:invalid", None));
    assert_eq!((throttled.matching, throttled.total), (12, 36));
    let earlier = pages.page(&ask("", Some(entries.len() as u64 / 2)));
    assert_eq!(earlier.total, samples(&entries[..=entries.len() / 2]).len(), "a replay shows what was poured");
    assert!(!earlier.incomplete);
    assert!(pages.page(&ask("", Some(entries.len() as u64))).incomplete, "an entry was heard that was not written");
    assert_eq!(all(&mut pages).total, 36);
}

#[test]
fn faults_of_earlier_attempts_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.jsonl");
    fs::write(&path, lines(&stage::entries(&["detailed", "concise"], 6))).unwrap();
    let mut pages = Pages::open(&path).unwrap();
    assert_eq!(all(&mut pages).total, 12);
    let throttled = pages.page(&ask("throttled ok", None));
    assert_eq!(throttled.rows.iter().map(|row| &*row.why).collect::<Vec<_>>(), ["after Throttled"]);
    let entries = pages.trial(throttled.rows[0].trial.id).unwrap();
    let names: Vec<String> = entries
        .iter()
        .map(|entry| serde_json::to_value(entry).unwrap()["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["invocation_started", "invocation_failed", "invocation_started", "trial_finished"]);
}

#[test]
fn what_was_cut_off_again_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.jsonl");
    let entries = stage::entries(&["a"], 9);
    fs::write(&path, lines(&entries)).unwrap();
    let mut pages = Pages::open(&path).unwrap();
    assert_eq!(all(&mut pages).total, 9);
    let whole = lines(&entries[..8]);
    OpenOptions::new().write(true).open(&path).unwrap().set_len(whole.len() as u64).unwrap();
    assert_eq!(all(&mut pages).total, samples(&entries[..8]).len());
    append(&path, &lines(&entries[8..]));
    assert_eq!(all(&mut pages).total, 9);
}

#[test]
fn a_damaged_line_is_an_error_unless_it_is_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.jsonl");
    let text = lines(&stage::entries(&["a"], 9));
    let damaged = text.replacen("\"attempt\":1", "\"attempt\":2", 1);
    fs::write(&path, &damaged).unwrap();
    let error = Pages::open(&path).unwrap().read().unwrap_err();
    assert!(error.to_string().contains("run.jsonl, line 3: the line is damaged"), "{error}");

    let last = ended(damaged.lines().take(3));
    fs::write(&path, last).unwrap();
    let mut pages = Pages::open(&path).unwrap();
    assert_eq!(all(&mut pages).total, 0);

    fs::write(&path, ended(text.lines().take(2).chain(text.lines().skip(1)))).unwrap();
    let error = Pages::open(&path).unwrap().read().unwrap_err();
    assert!(error.to_string().contains("line 3: entry 2 is due, but entry 1 stands there"), "{error}");

    fs::write(&path, ended(text.lines().skip(1))).unwrap();
    assert!(Pages::open(&path).unwrap().read().is_err());
    assert!(Pages::open(&dir.path().join("none.jsonl")).is_err());
}

#[test]
fn lines_that_are_written_otherwise_are_understood() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.jsonl");
    let entries = stage::entries(&["a", "broken"], 4);
    // The same fields in another order, with spaces: another writer's journal.
    let other = |entry: &Entry| {
        let serde_json::Value::Object(fields) = serde_json::to_value(entry).unwrap() else { panic!("an object") };
        let body: Vec<String> = fields.iter().rev().map(|(name, value)| format!("\"{name}\": {value}")).collect();
        let body = format!("{{{}}}", body.join(", "));
        let crc = crc32fast::hash(body.as_bytes());
        format!("{},\"crc\":\"{crc:08x}\"}}\n", &body[..body.len() - 1])
    };
    fs::write(&path, entries.iter().map(other).collect::<String>()).unwrap();
    let mut pages = Pages::open(&path).unwrap();
    let page = all(&mut pages);
    fs::write(&path, lines(&entries)).unwrap();
    assert_eq!(page, all(&mut Pages::open(&path).unwrap()));
    fs::write(&path, entries.iter().map(other).collect::<String>()).unwrap();
    let mut pages = Pages::open(&path).unwrap();
    assert_eq!(all(&mut pages).total, 8);
    for sample in samples(&entries) {
        let id = sample.trial.id;
        let expected: Vec<Entry> = entries.iter().filter(|entry| about(entry, id)).cloned().collect();
        assert_eq!(pages.trial(id).unwrap(), expected);
    }
}
