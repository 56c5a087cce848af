//! The view of trials: what it shows, what its keys do, and that the selection stays on its trial while trials come.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use quotient::bench::event::{Entry, Event};
use quotient::bench::plan::{Case, Keep, Plan};
use quotient::bench::sample::{CheckFailure, Outcome};
use quotient::bench::trials::{Anchor, NoPage};
use quotient::bench::usage::UsageSource;
use quotient::journal::format::encode;
use quotient::journal::pages::Pages;
use quotient::tui::message::{Effect, Msg};
use quotient::tui::model::Model;
use quotient::tui::theme::{Colours, Theme};
use quotient::tui::trials::Source;
use quotient::tui::view::View;

use crate::stage;
use crate::tui::{FOUR, SIZES, drawn, entries, golden_at, letter, plan, planned, press, text};

/// A dashboard with the journal of its run, which the cli's reader would read.
struct Desk {
    model: Model,
    entries: Vec<Entry>,
    told: usize,
    now: Duration,
    folder: tempfile::TempDir,
    pages: Option<Pages>,
    /// How many pages were read.
    asked: usize,
}

impl Desk {
    fn new(entries: Vec<Entry>, plan: Plan) -> Self {
        let mut model = Model::new(Arc::new(plan), Theme::DARK);
        model.update(Msg::Resize(80, 24), stage::START);
        let folder = tempfile::tempdir().unwrap();
        let lines: String = entries.iter().map(|entry| encode(entry).unwrap() + "\n").collect();
        fs::write(folder.path().join("run.jsonl"), lines).unwrap();
        Self { model, entries, told: 0, now: stage::START, folder, pages: None, asked: 0 }
    }

    fn of(names: &[&str], trials: u32) -> Self {
        Self::new(entries(names, trials), plan(names, trials))
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("run.jsonl")
    }

    /// Tells so many more entries.
    fn tell(&mut self, count: usize) {
        let end = (self.told + count).min(self.entries.len());
        let more = self.entries[self.told..end].to_vec();
        self.told = end;
        self.now = more.last().map_or(self.now, |entry| entry.at);
        let effects = self.model.update(Msg::Entries(more), self.now);
        self.perform(effects);
    }

    fn tell_all(&mut self) {
        self.tell(usize::MAX / 2);
    }

    /// Performs what the model asks for, as the reader does.
    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            let message = match effect {
                Effect::Page(ask) => {
                    self.asked += 1;
                    Msg::Rows { number: ask.number, again: ask.again, page: Ok(self.pages().page(&ask)) }
                }
                Effect::Trial(id) => Msg::Trial(id, Ok(self.pages().trial(id).unwrap())),
                Effect::LeaveTrials => {
                    self.pages = None;
                    continue;
                }
                other => panic!("{other:?}"),
            };
            let effects = self.model.update(message, self.now);
            self.perform(effects);
        }
    }

    fn pages(&mut self) -> &mut Pages {
        let path = self.path();
        let pages = self.pages.get_or_insert_with(|| Pages::open(&path).unwrap());
        pages.read().unwrap();
        pages
    }

    fn frame(&mut self) {
        let effects = self.model.update(Msg::Tick, self.now);
        self.perform(effects);
    }

    fn press(&mut self, code: KeyCode) {
        let effects = self.model.update(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)), self.now);
        self.perform(effects);
    }

    fn write(&mut self, letters: &str) {
        letters.chars().for_each(|letter| self.press(KeyCode::Char(letter)));
    }

    fn shown(&self, size: (u16, u16)) -> String {
        text(&drawn(&self.model, self.now, size))
    }

    fn seen(&self) -> String {
        self.shown((80, 24))
    }

    /// The row on the screen that is selected.
    fn selected(&self) -> (usize, String) {
        let seen = self.seen();
        let rows = seen.lines().enumerate();
        let mut selected = rows.filter(|(_, line)| line.starts_with('▸'));
        let found = selected.next().unwrap_or_else(|| panic!("nothing is selected: {seen}"));
        assert_eq!(selected.next(), None);
        (found.0, found.1.to_owned())
    }
}

fn finished(entries: &[Entry]) -> usize {
    entries.iter().filter(|entry| matches!(entry.event, Event::TrialFinished { .. })).count()
}

/// A run with more to see: cases, a retry, an estimate, an answer that was cut off, hostile text.
fn eventful() -> Desk {
    let names = ["detailed", "concise", "structured", "broken"];
    let mut plan = plan(&names, 30);
    plan.cases = (1..=3)
        .map(|n| Case { id: format!("case-{n}"), content: format!("Input number {n}."), ..Case::default() })
        .collect();
    let plan = Arc::new(plan);
    let mut entries = entries(&names, 30);
    for entry in &mut entries {
        match &mut entry.event {
            Event::RunStarted { plan: of, .. } => *of = Arc::clone(&plan),
            Event::TrialFinished { sample } => {
                sample.trial.case = sample.trial.id as usize % 3;
                sample.trial.warmup = sample.trial.block == 0;
                if let Outcome::Ok { usage, cut_off, text, failed_checks, .. } = &mut sample.outcome {
                    *cut_off = sample.trial.id % 17 == 5;
                    if sample.trial.variant == 2 {
                        usage.source = UsageSource::Estimated;
                    }
                    if sample.trial.block % 5 != 4 {
                        *text = None;
                    } else if sample.trial.variant == 0 {
                        *text = Some("An answer \u{1b}[31m of 日本語\nwith \u{202e} lines.".into());
                        let check = "contains \"\u{1b}\"".to_owned();
                        failed_checks.push(CheckFailure { check, why: "it does not".into() });
                    }
                }
            }
            _ => {}
        }
    }
    let plan = Arc::unwrap_or_clone(plan);
    Desk::new(entries, plan)
}

#[test]
fn screens_of_the_table() {
    let mut desk = eventful();
    letter(&mut desk.model, '3');
    golden_at("trials-none", &desk.model, stage::START, &[(80, 24)]);
    desk.tell_all();
    desk.frame();
    for size in SIZES {
        desk.model.update(Msg::Resize(size.0, size.1), desk.now);
        desk.frame();
        golden_at("trials", &desk.model, desk.now, &[size]);
    }
    desk.model.update(Msg::Resize(80, 24), desk.now);
    desk.write("/rejected e2e>900");
    golden_at("trials-filter", &desk.model, desk.now, &[(80, 24)]);
    desk.write(" e2x>");
    golden_at("trials-wrong", &desk.model, desk.now, &[(80, 24)]);
    desk.press(KeyCode::Esc);
    desk.write(">>>>>=");
    desk.model.theme = Theme { colours: Colours::None, ascii: true, ..Theme::DARK };
    let buffer = drawn(&desk.model, desk.now, (80, 24));
    assert!(buffer.content.iter().all(|cell| cell.symbol().is_ascii() && cell.fg == Default::default()));
    golden_at("trials-ascii", &desk.model, desk.now, &[(80, 24)]);
}

#[test]
fn screens_of_one_trial() {
    let mut desk = eventful();
    desk.tell_all();
    desk.write("3/rejected variant:detailed");
    desk.press(KeyCode::Enter);
    desk.press(KeyCode::Enter);
    golden_at("trial", &desk.model, desk.now, &SIZES);
    let seen = desk.seen();
    assert!(seen.contains('␛') && !seen.contains('\u{202e}'), "{seen}");
    desk.press(KeyCode::Esc);
    desk.press(KeyCode::Esc);
    desk.write("/broken");
    desk.press(KeyCode::Enter);
    desk.press(KeyCode::Enter);
    golden_at("trial-failed", &desk.model, desk.now, &[(80, 24)]);
}

#[test]
fn the_newest_is_followed_at_the_top_and_a_selected_trial_stays_where_it_is() {
    let mut desk = Desk::of(&FOUR, 30);
    desk.tell(100);
    desk.write("3");
    let newest = |desk: &Desk| {
        let trials = finished(&desk.entries[..desk.told]);
        assert!(desk.seen().contains(&format!(" 1 of {trials}, newest first")), "{}", desk.seen());
        desk.selected()
    };
    let first = newest(&desk);
    desk.tell(20);
    desk.frame();
    let second = newest(&desk);
    assert_eq!(first.0, second.0);
    assert_ne!(first.1, second.1, "the top shows the newest");

    desk.press(KeyCode::Down);
    desk.press(KeyCode::Down);
    let stays = desk.selected();
    for _ in 0..8 {
        desk.tell(12);
        desk.frame();
        assert_eq!(desk.selected(), stays, "neither the trial nor its place on the screen changes");
    }
    desk.press(KeyCode::Home);
    desk.tell_all();
    desk.frame();
    assert_eq!(newest(&desk).0, first.0);
}

#[test]
fn every_trial_is_reached_by_keys_however_many_there_are() {
    let mut desk = Desk::of(&FOUR, 50);
    desk.tell_all();
    desk.write("3");
    assert!(desk.model.trials.page.rows.len() < 100, "not all of them are held");
    let position = |desk: &Desk| desk.model.trials.position();
    let mut ids = Vec::new();
    for expected in 0..200 {
        assert_eq!(position(&desk), expected);
        let (_, row) = desk.selected();
        ids.push(row.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap());
        desk.press(KeyCode::Down);
    }
    assert_eq!(position(&desk), 199, "not beyond the last");
    assert_eq!(ids, (0..200).rev().collect::<Vec<_>>(), "each once, the newest first");
    assert!(desk.asked < 15, "{} pages", desk.asked);
    for (code, expected) in [
        (KeyCode::Home, 0),
        (KeyCode::End, 199),
        (KeyCode::PageUp, 182),
        (KeyCode::Up, 181),
        (KeyCode::PageDown, 198),
        (KeyCode::Char('g'), 0),
        (KeyCode::PageDown, 17),
        (KeyCode::PageUp, 0),
        (KeyCode::Char('G'), 199),
        (KeyCode::Char('k'), 198),
    ] {
        desk.press(code);
        assert_eq!(position(&desk), expected, "after {code:?}");
        desk.selected();
    }
}

#[test]
fn keys_that_come_before_the_answer_are_not_lost() {
    let mut desk = Desk::of(&FOUR, 150);
    desk.tell_all();
    desk.write("3");
    let down = || Msg::Key(KeyEvent::new(KeyCode::PageDown, KeyModifiers::NONE));
    let mut last = Vec::new();
    for _ in 0..10 {
        last = desk.model.update(down(), desk.now);
    }
    let [Effect::Page(ask)] = last.as_slice() else { panic!("{last:?}") };
    assert!(matches!(ask.anchor, Anchor::Behind { by, .. } if by > 100), "{ask:?}");
    let stale = Msg::Rows { number: ask.number - 1, again: false, page: Err(NoPage::NotRecorded) };
    desk.model.update(stale, desk.now);
    assert_eq!(desk.model.trials.source, Source::Journal, "only the newest answer counts");
    desk.perform(last);
    assert_eq!(desk.model.trials.position(), 170);
    assert!(desk.seen().contains("171 of 600"), "{}", desk.seen());
    assert_eq!(desk.model.update(Msg::Tick, desk.now), [], "nothing more is asked for");
}

#[test]
fn the_filter_is_live_and_what_is_wrong_with_it_is_said() {
    let mut desk = Desk::of(&["detailed", "concise", "broken"], 30);
    desk.tell_all();
    desk.write("3/");
    assert!(desk.seen().contains("rejected   e2e>2000   out>=300"), "examples: {}", desk.seen());
    desk.write("variant:conc");
    assert!(
        desk.seen().contains("Trials: variant:conc▏") && desk.seen().contains("1 of 30, 90 in all"),
        "{}",
        desk.seen()
    );
    desk.write(" out>");
    assert!(desk.seen().contains("out is compared with a number: out>=300"), "{}", desk.seen());
    assert!(desk.seen().contains("1 of 30, 90 in all"), "the rest is in force: {}", desk.seen());
    desk.write("9000");
    assert!(desk.seen().contains("none of 90") && desk.seen().contains("no trial is like this"), "{}", desk.seen());
    for _ in " out>9000".chars() {
        desk.press(KeyCode::Backspace);
    }
    desk.press(KeyCode::Down);
    desk.press(KeyCode::Enter);
    assert!(!desk.model.trials.filter.on && desk.seen().contains("2 of 30, 90 in all"), "{}", desk.seen());
    let (_, selected) = desk.selected();
    desk.press(KeyCode::Esc);
    assert!(desk.seen().contains("of 90, newest first"), "{}", desk.seen());
    assert_eq!(desk.selected().1, selected, "without the filter the same trial is selected");
    desk.press(KeyCode::Esc);
    assert_eq!(desk.model.view, View::Dashboard);
    assert!(desk.pages.is_none(), "the index is gone when nobody looks");
    desk.write("3");
    assert_eq!(desk.selected().1, selected, "and here it is again");
}

#[test]
fn columns_are_sorted_by_either_way() {
    let mut desk = Desk::of(&["detailed", "concise", "broken"], 30);
    desk.tell_all();
    desk.write("3=");
    assert!(desk.seen().contains("1 of 90, oldest first"), "{}", desk.seen());
    assert!(desk.selected().1.contains(" 0 "), "{}", desk.seen());
    desk.write("=<");
    assert!(desk.seen().contains("largest trial first") && desk.seen().contains("▼trial"), "{}", desk.seen());
    while !desk.seen().contains("largest E2E ms first") {
        desk.write(">");
    }
    desk.press(KeyCode::Home);
    let e2e = |desk: &Desk| -> Vec<u64> {
        let rows = &desk.model.trials.page.rows;
        rows.iter().filter_map(|row| row.e2e).map(|e2e| e2e.as_millis() as u64).collect()
    };
    let falling = e2e(&desk);
    assert!(falling.len() > 30 && falling.is_sorted_by(|a, b| a >= b), "{falling:?}");
    desk.write("=");
    desk.press(KeyCode::Home);
    assert!(e2e(&desk).is_sorted() && desk.seen().contains("▲E2E ms"), "{}", desk.seen());
    desk.press(KeyCode::End);
    assert!(desk.selected().1.contains("failed"), "what has no time comes last: {}", desk.seen());
    for _ in 0..40 {
        desk.write(">");
        let sorted = desk.model.trials.query.sort;
        let head = quotient::bench::trials::COLUMNS[sorted].head;
        assert!(desk.seen().lines().nth(4).unwrap().contains(head), "{head} is seen: {}", desk.seen());
    }
}

#[test]
fn one_trial_is_shown_with_all_that_the_journal_has_of_it() {
    let mut desk = Desk::of(&["detailed", "concise"], 12);
    desk.tell_all();
    desk.write("3/throttled");
    desk.press(KeyCode::Enter);
    assert!(desk.seen().contains("1 of 1, 24 in all") && desk.selected().1.contains("after Thrott"), "{}", desk.seen());
    desk.press(KeyCode::Enter);
    let seen = desk.shown((80, 60));
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "Trial 3: ok",
        "concise on anthropic.claude-3-sonnet-20240229-v1:0",
        "Bedrock offers many models behind one API; said by concise.",
        "+0.000 s   attempt 1 is sent, 592 quota tokens reserved",
        "+0.030 s   attempt 1 fails, again in 0.4 s: Throttled: Too many tokens",
        "+0.430 s   attempt 2 is sent",
        "attempts that fail",
        "backs off 400 ms 33 %",
        "until the first text 380 ms 31 %",
        "max_tokens",
        "Provide concise, to-the-point responses.",
        "Task: Summarize the following text in a concise way",
        "Amazon Bedrock is a managed service.",
    ] {
        assert!(words(&seen).contains(&words(said)), "{said}: {seen}");
    }
    assert!(!seen.contains("{{"), "the request is as it was sent: {seen}");
    desk.press(KeyCode::End);
    assert!(desk.model.scroll > 0 && desk.seen().contains("Amazon Bedrock is a managed service."), "{}", desk.seen());
    desk.press(KeyCode::Esc);
    assert!(desk.model.trials.one.is_none() && desk.seen().contains("Trials: throttled"), "{}", desk.seen());
}

#[test]
fn one_goes_from_a_failing_example_to_the_next() {
    let mut desk = Desk::of(&FOUR, 60);
    desk.tell_all();
    desk.model.show_rejected(1);
    desk.frame();
    assert_eq!(desk.model.trials.filter.text, "outcome:rejected variant=\"concise\"");
    assert!(desk.seen().contains("1 of 12, 240 in all"), "{}", desk.seen());
    desk.press(KeyCode::Enter);
    let mut seen = Vec::new();
    for _ in 0..12 {
        let shown = desk.seen();
        assert!(shown.contains("max_words 120: 131 words, at most 120"), "{shown}");
        assert!(shown.contains("right next trial"), "{shown}");
        seen.push(shown.split("Trial ").nth(1).unwrap().split(':').next().unwrap().parse::<u64>().unwrap());
        desk.press(KeyCode::Right);
    }
    let expected: Vec<u64> = (0..60).filter(|block| block % 5 == 4).rev().map(|block| block * 4 + 1).collect();
    assert_eq!(seen, expected);
    desk.press(KeyCode::Left);
    assert!(desk.seen().contains(&format!("Trial {}: rejected", expected[10])), "{}", desk.seen());
    desk.press(KeyCode::Char('l'));
    assert!(desk.seen().contains("12 of 12"), "{}", desk.seen());
}

#[test]
fn beyond_what_is_held_the_next_trial_opens_once_it_is_read() {
    let mut desk = Desk::of(&FOUR, 50);
    desk.tell_all();
    desk.write("3");
    desk.press(KeyCode::Enter);
    for expected in (0..199).rev() {
        desk.press(KeyCode::Right);
        assert_eq!(desk.model.trials.one.as_ref().unwrap().row.trial.id, expected);
    }
}

#[test]
fn without_a_journal_the_last_trials_are_there_and_that_is_said() {
    let mut desk = Desk::of(&FOUR, 300);
    desk.tell_all();
    let effects = desk.model.update(Msg::Key(KeyEvent::new(KeyCode::Char('3'), KeyModifiers::NONE)), desk.now);
    let [Effect::Page(ask)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(desk.seen().contains("reading the journal; the last 1,000 trials so far"), "{}", desk.seen());
    let unrecorded = Msg::Rows { number: ask.number, again: false, page: Err(NoPage::NotRecorded) };
    assert_eq!(desk.model.update(unrecorded, desk.now), []);
    assert!(desk.seen().contains("this run is not recorded, so only its last 1,000 trials are here"));
    desk.press(KeyCode::End);
    assert!(desk.selected().1.contains(" 200 "), "{}", desk.seen());
    assert!(desk.seen().contains("1,000 of 1,000"), "{}", desk.seen());
    assert_eq!(press(&mut desk.model, KeyCode::Enter), [], "nobody is asked");
    let seen = desk.shown((80, 60));
    assert!(seen.contains("said by detailed") && seen.contains("told by the journal alone"), "{seen}");
    desk.press(KeyCode::Esc);
    desk.write("/concise");
    assert!(desk.seen().contains("of 250, 1,000 in all"), "{}", desk.seen());
}

#[test]
fn a_journal_that_cannot_be_read_or_ends_early_is_said() {
    let mut desk = Desk::of(&FOUR, 30);
    desk.tell_all();
    let open = Msg::Key(KeyEvent::new(KeyCode::Char('3'), KeyModifiers::NONE));
    let effects = desk.model.update(open.clone(), desk.now);
    let [Effect::Page(ask)] = effects.as_slice() else { panic!("{effects:?}") };
    let why = NoPage::Unreadable("run.jsonl, line 7: the line is damaged".into());
    desk.model.update(Msg::Rows { number: ask.number, again: false, page: Err(why) }, desk.now);
    assert!(desk.seen().contains("run.jsonl, line 7: the line is damaged"), "{}", desk.seen());
    assert!(desk.selected().1.contains(" 119 "), "the last trials are shown all the same");

    desk.write("1");
    let path = desk.path();
    let whole = fs::read_to_string(&path).unwrap();
    let half: String = whole.lines().take(100).flat_map(|line| [line, "\n"]).collect();
    fs::write(&path, half).unwrap();
    desk.write("3");
    assert!(desk.seen().contains("the journal could not be written to its end"), "{}", desk.seen());
}

#[test]
fn a_replay_shows_what_was_poured_and_a_past_run_all() {
    let mut desk = Desk::of(&FOUR, 30);
    desk.tell(60);
    desk.write("3");
    let poured = finished(&desk.entries[..60]);
    assert!(desk.seen().contains(&format!("1 of {poured}, newest first")), "{}", desk.seen());
    let mut whole = Desk::of(&FOUR, 30);
    let tally = stage::tally(&FOUR, 30);
    whole.model = Model::over(tally, Theme::DARK);
    whole.write("3");
    assert!(whole.seen().contains("1 of 120, newest first"), "{}", whole.seen());
}

#[test]
fn a_new_run_begins_with_its_own_trials() {
    let mut desk = Desk::of(&FOUR, 30);
    desk.tell_all();
    desk.write("3/concise");
    desk.press(KeyCode::Enter);
    desk.press(KeyCode::End);
    desk.press(KeyCode::Enter);
    assert!(desk.model.trials.one.is_some());
    let mut again = desk.entries.clone();
    if let Event::RunStarted { run, .. } = &mut again[0].event {
        *run = "another".into();
    }
    let lines: String = again.iter().map(|entry| encode(entry).unwrap() + "\n").collect();
    fs::write(desk.path(), lines).unwrap();
    (desk.entries, desk.told, desk.pages) = (again, 0, None);
    desk.tell(12);
    desk.frame();
    let trials = finished(&desk.entries[..12]);
    let concise = |entry: &&Entry| matches!(&entry.event, Event::TrialFinished { sample } if sample.trial.variant == 1);
    let concise = desk.entries[..12].iter().filter(concise).count();
    assert!(desk.model.trials.one.is_none());
    assert!(desk.seen().contains(&format!("1 of {concise}, {trials} in all, newest first")), "{}", desk.seen());
    assert!(desk.seen().contains("Trials: concise"), "the filter stays: {}", desk.seen());
}

#[test]
fn why_an_answer_is_not_there_is_said() {
    for (keep, why) in [(Keep::Samples, "keep = \"all\" keeps every one"), (Keep::None, "keep = \"none\"")] {
        let mut entries = entries(&FOUR, 3);
        let mut plan = plan(&FOUR, 3);
        plan.keep = keep;
        for entry in &mut entries {
            match &mut entry.event {
                Event::RunStarted { plan: of, .. } => *of = Arc::new(plan.clone()),
                Event::TrialFinished { sample } => {
                    if let Outcome::Ok { text, .. } = &mut sample.outcome {
                        *text = None;
                    }
                }
                _ => {}
            }
        }
        let mut desk = Desk::new(entries, plan);
        desk.tell_all();
        desk.write("3");
        desk.press(KeyCode::Enter);
        let seen = desk.shown((100, 60)).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(seen.contains(why), "{seen}");
    }
}

#[test]
fn nothing_is_asked_for_before_there_is_a_run_or_while_nothing_happens() {
    let mut model = planned(|_| {});
    assert_eq!(letter(&mut model, '3'), []);
    assert_eq!(model.update(Msg::Tick, stage::START), []);
    let mut desk = Desk::of(&FOUR, 30);
    desk.tell_all();
    desk.write("3");
    let asked = desk.asked;
    for _ in 0..10 {
        desk.frame();
    }
    assert_eq!(desk.asked, asked);
    assert!(Path::new(&desk.path()).exists());
}
