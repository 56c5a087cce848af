//! The journal: what is on disk is what was passed on, whatever happens to the process or to the file.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quotient::bench::event::{Ended, Entry, Event, Stamped};
use quotient::bench::report::Report;
use quotient::bench::tally::{Phase, Tally};
use quotient::journal::format::encode;
use quotient::journal::history::{self, PastRun, ResolveError};
use quotient::journal::player::{self, JournalFault};
use quotient::journal::recorder::record;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::engine::{Act, Scripted, plan, quota, start};
use crate::stage;

fn stamped(entries: Vec<Entry>) -> Vec<Stamped> {
    entries.into_iter().map(|Entry { at, event, .. }| Stamped { at, event }).collect()
}

fn drain(heard: &mut UnboundedReceiver<Vec<Entry>>) -> Vec<Entry> {
    std::iter::from_fn(|| heard.blocking_recv()).flatten().collect()
}

/// Records a whole synthetic run and returns its journal and what was passed on.
fn recorded(dir: &Path, run: &str) -> (PathBuf, Vec<Entry>) {
    let (say, from) = unbounded_channel();
    let (to, mut heard) = unbounded_channel();
    let recording = record(Some(dir), run, from, to).unwrap();
    for stamped in stamped(stage::entries(&["detailed", "concise", "broken"], 12)) {
        say.send(stamped).unwrap();
    }
    drop(say);
    let entries = drain(&mut heard);
    let path = recording.path.clone().unwrap();
    recording.finish();
    (path, entries)
}

fn report(tally: &Tally) -> serde_json::Value {
    serde_json::to_value(Report::of(tally)).unwrap()
}

#[test]
fn what_is_read_back_is_what_was_passed_on() {
    let dir = tempfile::tempdir().unwrap();
    let (path, entries) = recorded(dir.path(), "run");
    assert_eq!(path, dir.path().join("run.jsonl"));
    let played = player::read(&path).unwrap();
    assert_eq!(played.entries, entries);
    assert_eq!(played.torn, None);
    assert_eq!(entries.iter().map(|e| e.seq).collect::<Vec<_>>(), (0..entries.len() as u64).collect::<Vec<_>>());
    let (tally, warnings) = player::tally(&path).unwrap();
    assert_eq!(report(&tally), report(&stage::tally(&["detailed", "concise", "broken"], 12)));
    assert!(warnings.is_empty());
}

#[cfg(unix)]
#[test]
fn a_journal_is_its_owners_alone_and_never_overwritten() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let runs = dir.path().join("data/quotient/runs");
    let (path, _) = recorded(&runs, "run");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&runs)), (0o600, 0o700));
    let (_say, from) = unbounded_channel();
    let error = record(Some(&runs), "run", from, unbounded_channel().0).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
}

#[test]
fn without_a_directory_everything_is_numbered_and_passed_on() {
    let (say, from) = unbounded_channel();
    let (to, mut heard) = unbounded_channel();
    let recording = record(None, "run", from, to).unwrap();
    assert_eq!(recording.path, None);
    let entries = stage::entries(&["a"], 3);
    for stamped in stamped(entries.clone()) {
        say.send(stamped).unwrap();
    }
    drop(say);
    assert_eq!(drain(&mut heard), entries);
    recording.finish();
}

#[test]
fn whatever_was_passed_on_is_on_disk_already() {
    let dir = tempfile::tempdir().unwrap();
    let (say, from) = unbounded_channel();
    let (to, mut heard) = unbounded_channel();
    let recording = record(Some(dir.path()), "run", from, to).unwrap();
    let path = recording.path.clone().unwrap();
    let mut passed_on = Vec::new();
    for stamped in stamped(stage::entries(&["a", "b"], 4)) {
        say.send(stamped).unwrap();
        passed_on.extend(heard.blocking_recv().unwrap());
        // The process could be killed here: the recorder still has the file open and was told of no end.
        assert_eq!(player::read(&path).unwrap().entries, passed_on);
    }
    drop(say);
    recording.finish();
}

#[test]
fn a_face_that_goes_away_does_not_stop_the_recording() {
    let dir = tempfile::tempdir().unwrap();
    let (say, from) = unbounded_channel();
    let (to, heard) = unbounded_channel();
    drop(heard);
    let recording = record(Some(dir.path()), "run", from, to).unwrap();
    let path = recording.path.clone().unwrap();
    let entries = stage::entries(&["a"], 5);
    for stamped in stamped(entries.clone()) {
        say.send(stamped).unwrap();
    }
    drop(say);
    recording.finish();
    assert_eq!(player::read(&path).unwrap().entries, entries);
}

#[test]
fn a_tail_torn_at_any_byte_loses_only_its_own_line() {
    let dir = tempfile::tempdir().unwrap();
    let (path, entries) = recorded(dir.path(), "run");
    let bytes = fs::read(&path).unwrap();
    let starts: Vec<usize> = std::iter::once(0)
        .chain(bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1))
        .collect();
    let third_last = starts[starts.len() - 4];
    let torn = dir.path().join("torn.jsonl");
    for cut in third_last..=bytes.len() {
        fs::write(&torn, &bytes[..cut]).unwrap();
        let played = player::read(&torn).unwrap();
        // A line is whole from its closing brace on, with or without its line end.
        let whole = starts[1..].iter().filter(|start| **start <= cut + 1).count();
        assert_eq!(played.entries, entries[..whole], "cut at {cut} of {}", bytes.len());
        let clean = starts.contains(&cut) || starts.contains(&(cut + 1));
        assert_eq!(played.torn.is_none(), clean, "cut at {cut} of {}", bytes.len());
        let (tally, warnings) = player::tally(&torn).unwrap();
        assert_eq!(warnings.len(), usize::from(!clean));
        assert_eq!(tally.phase == Phase::Finished(Ended::Complete), whole == entries.len());
        assert!(matches!(tally.phase, Phase::Finished(Ended::Complete | Ended::Interrupted)));
    }
    // What a crash of the system can leave: a tail of zeros.
    let mut zeros = bytes[..third_last].to_vec();
    zeros.extend([0; 512]);
    fs::write(&torn, zeros).unwrap();
    assert!(player::read(&torn).unwrap().torn.is_some());
}

#[test]
fn damage_in_the_middle_is_named_by_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = recorded(dir.path(), "run");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let damaged = dir.path().join("damaged.jsonl");
    let read = |lines: &[&str]| {
        fs::write(&damaged, lines.join("\n") + "\n").unwrap();
        player::read(&damaged).unwrap_err()
    };
    let changed = lines[6].replace("\"seq\":6", "\"seq\":7");
    let error = read(&[&lines[..6], &[changed.as_str()], &lines[7..]].concat());
    assert_eq!(error.line, 7);
    assert!(error.to_string().contains("damaged.jsonl, line 7: the line is damaged"), "{error}");
    let error = read(&[&lines[..6], &lines[7..]].concat());
    assert!(matches!(error.fault, JournalFault::Sequence { due: 6, found: 7 }), "{error}");
    let error = read(&[&lines[..7], &lines[6..]].concat());
    assert!(matches!(error.fault, JournalFault::Sequence { due: 7, found: 6 }), "{error}");
    let error = read(&lines[1..]);
    assert!(matches!(error.fault, JournalFault::Sequence { due: 0, found: 1 }), "{error}");
    fs::write(&damaged, "").unwrap();
    assert!(matches!(player::tally(&damaged).unwrap_err().fault, JournalFault::Empty));
    fs::write(&damaged, "hello\nworld\n").unwrap();
    assert_eq!(player::read(&damaged).unwrap_err().line, 1);
    assert!(matches!(player::read(&dir.path().join("none")).unwrap_err().fault, JournalFault::Io(_)));
}

#[test]
fn a_line_of_a_newer_version_is_told_from_a_damaged_one_even_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = recorded(dir.path(), "run");
    let mut text = fs::read_to_string(&path).unwrap();
    let seq = text.lines().count();
    let body = format!("{{\"seq\":{seq},\"at\":1,\"event\":\"teleported\",\"to\":\"mars\"}}");
    let crc = crc32fast::hash(body.as_bytes());
    writeln!(text, "{},\"crc\":\"{crc:08x}\"}}", &body[..body.len() - 1]).unwrap();
    let newer = dir.path().join("newer.jsonl");
    fs::write(&newer, text).unwrap();
    let error = player::read(&newer).unwrap_err().to_string();
    assert!(error.contains(&format!("line {}", seq + 1)), "{error}");
    assert!(error.contains("\"teleported\"") && error.contains("written by quotient 0.1.0"), "{error}");
}

#[test]
fn a_journal_that_does_not_begin_with_a_run_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.jsonl");
    let entry = Entry { seq: 0, at: stage::START, event: Event::Resumed };
    fs::write(&path, encode(&entry).unwrap() + "\n").unwrap();
    assert!(matches!(player::tally(&path).unwrap_err().fault, JournalFault::NoRun));
}

#[tokio::test(start_paused = true)]
async fn a_run_replayed_from_disk_is_the_run_that_was_seen() {
    let dir = tempfile::tempdir().unwrap();
    let gateway = Scripted::new(|ask| Act { chunks: 5, ..Act::answer(333 + 7 * ask.before as u64, 25, 20) });
    let run = start(plan(&["a", "b"], 15), &quota(Some(200.0), Some(20_000.0)), gateway);
    let (to, mut heard) = unbounded_channel();
    let recording = record(Some(dir.path()), "run", run.events, to).unwrap();
    let path = recording.path.clone().unwrap();
    let mut seen: Option<Tally> = None;
    while let Some(batch) = heard.recv().await {
        for entry in batch {
            if let Event::RunStarted { plan, .. } = &entry.event {
                seen = Some(Tally::planned(Arc::clone(plan)));
            }
            seen.as_mut().unwrap().apply(&entry);
        }
    }
    run.engine.await.unwrap();
    recording.finish();
    let (tally, warnings) = player::tally(&path).unwrap();
    assert_eq!(tally.finished_trials(), 30);
    assert_eq!(report(&tally), report(&seen.unwrap()));
    assert!(warnings.is_empty());
}

#[test]
fn runs_are_listed_newest_first_and_summed_up() {
    let dir = tempfile::tempdir().unwrap();
    assert!(history::list(&dir.path().join("none")).unwrap().is_empty());
    let ids: Vec<String> =
        [0, 86_400, 3_600].map(|s| history::run_id(stage::START + Duration::from_secs(s), 99)).into();
    for id in &ids {
        recorded(dir.path(), id);
    }
    fs::write(dir.path().join("notes.txt"), "no run").unwrap();
    let runs = history::list(dir.path()).unwrap();
    assert_eq!(runs.iter().map(|run| &run.id).collect::<Vec<_>>(), [&ids[1], &ids[2], &ids[0]]);
    let summary = history::summary(&runs[0]).unwrap();
    assert_eq!(summary.id, ids[1]);
    assert_eq!(summary.started_at, Some(stage::START));
    assert_eq!(summary.models, ["anthropic.claude-3-sonnet-20240229-v1:0"]);
    assert_eq!(summary.variants, ["detailed", "concise", "broken"]);
    assert_eq!((summary.trials, summary.ended, summary.simulated), (36, Ended::Complete, true));
    // A run that was killed is interrupted, and nothing has won.
    let bytes = fs::read(&runs[0].path).unwrap();
    fs::write(&runs[0].path, &bytes[..bytes.len() / 2]).unwrap();
    let summary = history::summary(&runs[0]).unwrap();
    assert_eq!((summary.ended, summary.winner), (Ended::Interrupted, None));
    let gone = PastRun { id: "x".into(), path: dir.path().join("x.jsonl") };
    assert!(history::summary(&gone).is_err());
}

#[test]
fn a_run_is_named_by_latest_its_name_its_beginning_or_a_path() {
    let dir = tempfile::tempdir().unwrap();
    let resolve = |asked: &str| history::resolve(dir.path(), asked);
    assert!(matches!(resolve("latest"), Err(ResolveError::NoRuns(_))));
    for id in ["20270115T080000-aaaa", "20270115T090000-bbbb", "20270116T080000-cccc"] {
        fs::write(dir.path().join(format!("{id}.jsonl")), "").unwrap();
    }
    let path = |id: &str| dir.path().join(format!("{id}.jsonl"));
    assert_eq!(resolve("latest").unwrap(), path("20270116T080000-cccc"));
    assert_eq!(resolve("20270115T080000-aaaa").unwrap(), path("20270115T080000-aaaa"));
    assert_eq!(resolve("20270115T09").unwrap(), path("20270115T090000-bbbb"));
    let by_path = path("20270115T080000-aaaa");
    assert_eq!(resolve(by_path.to_str().unwrap()).unwrap(), by_path);
    let error = resolve("20270115").unwrap_err();
    assert!(error.to_string().contains("20270115T080000-aaaa") && error.to_string().contains("bbbb"), "{error}");
    for unknown in ["2028", "", "no/such/file.jsonl"] {
        let error = resolve(unknown).unwrap_err();
        assert!(matches!(error, ResolveError::Unknown { .. }), "{unknown}");
        assert!(error.to_string().contains("cccc"), "{error}");
    }
}

#[test]
fn names_of_runs_sort_as_they_began_and_differ() {
    let id = |seconds, random| history::run_id(stage::START + Duration::from_secs(seconds), random);
    assert!(id(0, 0).starts_with("20270115T080000-"));
    assert!(id(0, u32::MAX) < id(1, 0));
    assert_ne!(id(0, 1), id(0, 2));
    assert_eq!(id(0, 5).len(), "20270115T080000-xxxx".len());
}

#[test]
fn a_raced_and_verified_run_of_an_older_version_is_still_read() {
    let (mut tally, torn) = player::tally(Path::new(&crate::journey::data("journals/verified.jsonl"))).unwrap();
    tally.cut_short();
    assert!(torn.is_empty(), "{torn:?}");
    let report = Report::of(&tally);
    assert_eq!(report.run.ended.as_deref(), Some("complete"));
    let model = &report.models[0];
    assert_eq!(model.verdicts["efficiency"].winner.as_deref(), Some("concise"));
    let concise = model.variants.iter().find(|variant| variant.name == "concise").unwrap();
    let verified = concise.verified.unwrap();
    assert!(verified.low <= verified.measured && verified.measured <= verified.high, "{verified:?}");
    assert!((verified.measured - 9.0).abs() < 0.6, "{verified:?}");
}
