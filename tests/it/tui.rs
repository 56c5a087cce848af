//! The dashboard: what its keys ask for, what its screens show in every state, and that nothing breaks it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;
use quotient::bench::event::{Command, Ended, Entry, Event, NoteLevel, PauseCause, RetireCause, Stop};
use quotient::bench::plan::{Endpoint, Plan, Price};
use quotient::bench::quota::{LimitKind, Quota};
use quotient::bench::sample::Trial;
use quotient::tui::keymap::KEYMAP;
use quotient::tui::message::{Effect, Msg, Picked, PlanEstimate};
use quotient::tui::model::{Model, Overlay};
use quotient::tui::screen;
use quotient::tui::theme::{Colours, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::{picker, stage};

pub(crate) const FOUR: [&str; 4] = ["detailed", "concise", "structured", "minimal"];
pub(crate) const TWELVE: [&str; 12] = [
    "detailed",
    "concise",
    "structured",
    "minimal",
    "few-shot",
    "chain-of-thought",
    "persona",
    "bullet-points",
    "one-sentence",
    "a-name-of-exactly-forty-characters-here!",
    "日本語の要約プロンプト",
    "json-only",
];

/// The plan of a synthetic run, at a price of its own: the shipped table may change.
pub(crate) fn plan(names: &[&str], trials: u32) -> Plan {
    let mut plan = stage::plan(names, trials);
    plan.models[0].price = Some(Price { input: 3.0, output: 15.0, cache_read: 0.3, cache_write: 3.75 });
    plan
}

/// The entries of a synthetic run of that plan.
pub(crate) fn entries(names: &[&str], trials: u32) -> Vec<Entry> {
    let mut entries = stage::entries(names, trials);
    for entry in &mut entries {
        if let Event::RunStarted { plan: of, .. } = &mut entry.event {
            *of = Arc::new(plan(names, trials));
        }
    }
    entries
}

/// The dashboard after this share of a synthetic run, and the moment after its last entry.
pub(crate) fn after(names: &[&str], share: f64) -> (Model, Duration) {
    let entries = entries(names, 30);
    let seen = (entries.len() as f64 * share).round() as usize;
    let mut model = Model::new(Arc::new(plan(names, 30)), Theme::DARK);
    let now = entries[..seen].last().map_or(stage::START, |entry| entry.at) + Duration::from_millis(700);
    model.update(Msg::Entries(entries[..seen].to_vec()), now);
    (model, now)
}

pub(crate) fn planned(change: impl FnOnce(&mut Plan)) -> Model {
    let mut plan = plan(&FOUR, 30);
    change(&mut plan);
    Model::new(Arc::new(plan), Theme::DARK)
}

pub(crate) fn heard(model: &mut Model, event: Event) {
    model.update(Msg::Entries(vec![Entry { seq: 0, at: stage::START, event }]), stage::START);
}

fn detected(model: &mut Model, quota: Quota, notes: &[&str]) {
    let notes = notes.iter().map(|note| (*note).to_owned()).collect();
    heard(model, Event::QuotaDetected { model: 0, quota, notes });
}

fn key(code: KeyCode) -> Msg {
    Msg::Key(KeyEvent::new(code, KeyModifiers::NONE))
}

pub(crate) fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    model.update(key(code), stage::START)
}

pub(crate) fn letter(model: &mut Model, letter: char) -> Vec<Effect> {
    press(model, KeyCode::Char(letter))
}

fn ctrl_c(model: &mut Model) -> Vec<Effect> {
    model.update(Msg::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), stage::START)
}

pub(crate) fn drawn(model: &Model, now: Duration, (width, height): (u16, u16)) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    screen::draw(model, now, area, &mut buffer);
    buffer
}

/// The screen as text, one line a row; the second cell of a wide glyph is left out, as on a terminal.
pub(crate) fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let (mut line, mut x) = (String::new(), 0);
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += (symbol.width() as u16).max(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Compares a screen with its file under `tests/it/screens`; `BLESS=1` writes the file.
fn golden(name: &str, shown: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/screens").join(format!("{name}.txt"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, shown).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, shown, "{name} differs from its file; BLESS=1 cargo test rewrites it");
}

pub(crate) fn golden_at(name: &str, model: &Model, now: Duration, sizes: &[(u16, u16)]) {
    for size in sizes {
        golden(&format!("{name}-{}x{}", size.0, size.1), &text(&drawn(model, now, *size)));
    }
}

pub(crate) const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 50)];

#[test]
fn screens_of_a_plan() {
    let mut model = planned(|_| {});
    golden_at("planned", &model, stage::START, &[(80, 24), (120, 36)]);
    detected(&mut model, stage::quota(), &[]);
    let shown = text(&drawn(&model, stage::START, (80, 24)));
    assert!(shown.contains("L-4C35BB2A applied") && !shown.contains("detecting"), "{shown}");
    assert!(shown.contains("SIMULATED"), "{shown}");
}

#[test]
fn screens_of_a_run() {
    let (model, now) = after(&FOUR, 0.6);
    golden_at("running", &model, now, &SIZES);
    golden_at("running", &model, now, &[(40, 10), (60, 15)]);
}

#[test]
fn screens_of_a_finished_run_with_a_failed_variant() {
    let (mut model, now) = after(&["detailed", "concise", "broken"], 1.0);
    golden_at("finished", &model, now, &SIZES);
    press(&mut model, KeyCode::End);
    let shown = text(&drawn(&model, now, (80, 24)));
    assert!(shown.contains("Malformed input request") && shown.contains("failed"), "{shown}");
}

#[test]
fn screens_of_twelve_variants_with_long_and_wide_names() {
    let (mut model, now) = after(&TWELVE, 0.8);
    golden_at("twelve", &model, now, &SIZES);
    press(&mut model, KeyCode::End);
    press(&mut model, KeyCode::Up);
    let shown = text(&drawn(&model, now, (80, 24)));
    assert!(shown.contains("▸ ● 日本語の要約プ… "), "the selected row is always seen: {shown}");
}

#[test]
fn every_state_of_a_limit_is_said() {
    let mut model = planned(|_| {});
    detected(&mut model, Quota { rpm: None, ..stage::quota() }, &[]);
    let shown = text(&drawn(&model, stage::START, (80, 24)));
    assert!(shown.contains("no RPM limit") && shown.contains("none") && !shown.contains("ASSUMED"), "{shown}");

    detected(&mut model, Quota::assumed(), &["Service Quotas said AccessDenied: servicequotas:ListServiceQuotas"]);
    let shown = text(&drawn(&model, stage::START, (80, 24)));
    assert_eq!(shown.matches("ASSUMED").count(), 2, "{shown}");
    assert!(shown.contains("AccessDenied"), "{shown}");

    let daily = Quota {
        tpd: stage::quota().tpm.map(|limit| quotient::bench::quota::Limit { value: 288e6, ..limit }),
        ..stage::quota()
    };
    detected(&mut model, daily, &[]);
    let shown = text(&drawn(&model, stage::START, (80, 24)));
    assert!(shown.contains("TPD") && shown.contains("288.0M"), "{shown}");

    heard(&mut model, Event::LimitLearned { model: 0, limit: LimitKind::Tpm, value: 15_000.0 });
    let shown = text(&drawn(&model, stage::START, (120, 36)));
    assert!(shown.contains("learned 15,000"), "{shown}");
}

#[test]
fn gauges_drain_as_time_passes_and_then_nothing_moves() {
    let (model, now) = after(&FOUR, 1.0);
    let gauge = |now| text(&drawn(&model, now, (80, 24))).lines().nth(5).unwrap().to_owned();
    assert!(gauge(now).contains("20,000  108"), "{}", gauge(now));
    assert!(model.moves(now));
    let later = now + Duration::from_secs(62);
    assert!(gauge(later).contains("0           0    20,000    0"), "{}", gauge(later));
    assert!(!model.moves(later), "an idle screen is not redrawn");
}

#[test]
fn where_the_numbers_come_from_is_said() {
    let header = |plan: fn(&mut Plan)| {
        let model = planned(plan);
        text(&drawn(&model, stage::START, (100, 24))).lines().next().unwrap().to_owned()
    };
    assert!(header(|plan| plan.endpoint = Endpoint::Aws).ends_with("AWS"));
    assert!(!header(|plan| plan.endpoint = Endpoint::Aws).contains("SIMULATED"));
    let url = |plan: &mut Plan| plan.endpoint = Endpoint::Url("http://127.0.0.1:4566".into());
    assert!(header(url).contains("ENDPOINT http://127.0.0.1:4566"));
    let mut model = planned(url);
    let run =
        Event::RunStarted { run: "r".into(), plan: Arc::clone(&model.plan), simulated: true, version: "0".into() };
    heard(&mut model, run);
    let shown = text(&drawn(&model, stage::START, (100, 24)));
    assert!(shown.contains("ENDPOINT http://127.0.0.1:4566  SIMULATED"), "{shown}");
}

#[test]
fn an_unknown_price_is_never_zero() {
    let model = planned(|plan| plan.models[0].price = None);
    let shown = text(&drawn(&model, stage::START, (80, 24)));
    assert!(shown.contains("price unknown") && !shown.contains('$'), "{shown}");
}

#[test]
fn hostile_text_cannot_act_on_the_terminal() {
    let mut plan = plan(&["evil\u{1b}]0;owned\u{7}", "rtl\u{202e}gnp"], 3);
    plan.variants[0].prompt = "Task \u{1b}[2J\u{9b}31m {{ content }}\u{200f}".into();
    plan.variants[0].system = Some("\u{2066}hidden\u{2069}\r\n\tsecond".into());
    let mut model = Model::new(Arc::new(plan), Theme::DARK);
    model.update(Msg::Note(NoteLevel::Error, "\u{1b}[31mred\u{1b}[0m".into()), stage::START);
    detected(&mut model, Quota::assumed(), &["\u{1b}c reset"]);
    press(&mut model, KeyCode::Enter);
    let of = Picked { model: 0, variant: 0 };
    for overlay in [true, false] {
        if overlay {
            model.update(Msg::Prompt(of, Ok("\u{1b}[2J <script>\u{202e}".into())), stage::START);
        } else {
            press(&mut model, KeyCode::Esc);
        }
        for size in SIZES {
            let buffer = drawn(&model, stage::START, size);
            for cell in &buffer.content {
                let bad = |c: char| {
                    c.is_control()
                        || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                };
                assert!(!cell.symbol().chars().any(bad), "{:?}", cell.symbol());
            }
            assert!(text(&buffer).contains('␛'), "made visible, not hidden");
        }
    }
}

#[test]
fn estimates_are_marked() {
    use quotient::bench::sample::Outcome;
    use quotient::bench::usage::UsageSource;
    let mut entries = entries(&["one", "two"], 12);
    for entry in &mut entries {
        if let Event::TrialFinished { sample } = &mut entry.event
            && sample.trial.variant == 1
            && let Outcome::Ok { usage, .. } = &mut sample.outcome
        {
            usage.source = UsageSource::Estimated;
        }
    }
    let mut model = Model::new(Arc::new(plan(&["one", "two"], 12)), Theme::DARK);
    model.update(Msg::Entries(entries), stage::START);
    for size in [(80, 24), (200, 50)] {
        let shown = text(&drawn(&model, stage::START, size));
        let row = |name: &str| shown.lines().find(|line| line.contains(&format!("● {name}"))).unwrap();
        assert!(!row("one").contains("est") && row("two").contains(" est "), "{shown}");
    }
}

#[test]
fn why_nothing_is_sent_is_said() {
    let (mut model, now) = after(&FOUR, 0.0);
    let plan = Arc::clone(&model.plan);
    heard(&mut model, Event::RunStarted { run: "r".into(), plan, simulated: true, version: "0".into() });
    let trial = Trial { id: 1, model: 0, variant: 0, case: 0, block: 0, warmup: false };
    let until = Some(now + Duration::from_secs(30));
    heard(&mut model, Event::TrialWaited { trial, limit: LimitKind::Tpm, until });
    let shown = text(&drawn(&model, now + Duration::from_secs(4), (80, 24)));
    assert!(shown.contains("no request sent for 4.7 s: a trial waits for TPM until 08:00:30 UTC"), "{shown}");
    heard(&mut model, Event::Paused { reason: "production may be affected".into(), cause: PauseCause::Throttles });
    let shown = text(&drawn(&model, now, (80, 24)));
    assert!(shown.contains("paused: production may be affected; r goes on all the same, s stops"), "{shown}");
}

#[test]
fn without_colour_and_with_ascii_everything_is_still_there() {
    let (mut model, now) = after(&["detailed", "concise", "broken"], 1.0);
    model.theme = Theme { colours: Colours::None, ascii: true, ..Theme::DARK };
    let buffer = drawn(&model, now, (80, 24));
    for cell in &buffer.content {
        assert!(cell.symbol().is_ascii(), "{:?}", cell.symbol());
        assert_eq!((cell.fg, cell.bg), Default::default());
    }
    golden("ascii-80x24", &text(&buffer));
}

#[test]
fn a_terminal_that_is_too_small_says_so() {
    let (model, now) = after(&FOUR, 0.5);
    let shown = text(&drawn(&model, now, (39, 9)));
    assert!(shown.contains("quotient needs 40x10"), "{shown}");
    assert!(!text(&drawn(&model, now, (40, 10))).contains("needs"));
}

#[test]
fn run_pause_resume_stop() {
    let mut model = planned(|_| {});
    letter(&mut model, 'o');
    let started = letter(&mut model, 'r');
    let [Effect::Tell(Command::Start(plan))] = started.as_slice() else { panic!("{started:?}") };
    assert_eq!(plan.objective.name(), "efficiency", "the run records the objective that was chosen");
    assert_eq!(letter(&mut model, 'r'), [], "the second press while it starts means nothing");
    let plan = Arc::clone(plan);
    heard(&mut model, Event::RunStarted { run: "r".into(), plan, simulated: true, version: "0".into() });
    assert_eq!(letter(&mut model, 'r'), [Effect::Tell(Command::Pause)]);
    heard(&mut model, Event::Paused { reason: "by the user".into(), cause: PauseCause::User });
    assert_eq!(letter(&mut model, 'r'), [Effect::Tell(Command::Resume)]);
    heard(&mut model, Event::Resumed);
    assert_eq!(letter(&mut model, 's'), [Effect::Tell(Command::Stop(Stop::InFlight))]);
    assert_eq!(letter(&mut model, 's'), [Effect::Tell(Command::Stop(Stop::Now))]);
    assert_eq!(letter(&mut model, 's'), []);
    heard(&mut model, Event::RunFinished { ended: Ended::Interrupted, reason: None });
    assert!(matches!(letter(&mut model, 'r').as_slice(), [Effect::Tell(Command::Start(_))]), "and once more");
}

#[test]
fn a_run_that_cannot_start_can_be_tried_again() {
    let mut model = planned(|_| {});
    letter(&mut model, 'r');
    model.update(Msg::Note(NoteLevel::Error, "the journal cannot be written".into()), stage::START);
    assert!(text(&drawn(&model, stage::START, (80, 24))).contains("the journal cannot be written"));
    assert_eq!(letter(&mut model, 'r').len(), 1);
}

#[test]
fn on_aws_nothing_starts_before_the_plan_was_agreed_to() {
    let mut model = planned(|plan| plan.endpoint = Endpoint::Aws);
    assert!(matches!(letter(&mut model, 'r').as_slice(), [Effect::Estimate(_)]));
    assert_eq!(press(&mut model, KeyCode::Enter), [], "there is nothing to agree to yet");
    let rows = vec![("calls at worst".to_owned(), "620".to_owned()), ("money at worst".to_owned(), "$1.93".to_owned())];
    let estimate = PlanEstimate { rows, warnings: vec!["the quota is assumed".into()], refusal: None };
    let refused = PlanEstimate { refusal: Some("more than --max-cost".into()), ..estimate.clone() };

    model.update(Msg::Estimate(refused), stage::START);
    assert!(text(&drawn(&model, stage::START, (80, 24))).contains("it cannot start: more than --max-cost"));
    assert_eq!(press(&mut model, KeyCode::Enter), []);
    assert_eq!(letter(&mut model, 'y'), []);

    model.update(Msg::Estimate(estimate), stage::START);
    golden_at("plan", &model, stage::START, &[(80, 24)]);
    let mut other = model.clone();
    assert_eq!(press(&mut other, KeyCode::Esc), []);
    assert_eq!(other.overlay, None);
    assert!(matches!(press(&mut model, KeyCode::Enter).as_slice(), [Effect::Tell(Command::Start(_))]));
}

#[test]
fn variants_are_excluded_and_included() {
    let mut model = planned(|_| {});
    press(&mut model, KeyCode::Down);
    assert_eq!(letter(&mut model, ' '), []);
    let shown = text(&drawn(&model, stage::START, (80, 24)));
    assert!(shown.contains("○ concise    off") && shown.contains("0/90 trials"), "{shown}");
    let started = letter(&mut model, 'r');
    let [Effect::Tell(Command::Start(plan))] = started.as_slice() else { panic!("{started:?}") };
    assert_eq!(plan.variants.iter().map(|v| v.included).collect::<Vec<_>>(), [true, false, true, true]);

    let (mut model, now) = after(&FOUR, 0.5);
    assert_eq!(letter(&mut model, ' '), [Effect::Tell(Command::Retire(0))]);
    heard(
        &mut model,
        Event::VariantRetired {
            variant: 0,
            model: None,
            reason: "by the user".into(),
            cause: RetireCause::User,
            by: None,
        },
    );
    let shown = text(&drawn(&model, now, (80, 24)));
    assert!(shown.contains("retired   after 15 trials: by the user"), "{shown}");
    assert_eq!(letter(&mut model, ' '), [Effect::Tell(Command::Include(0))]);
    heard(
        &mut model,
        Event::VariantRetired {
            variant: 1,
            model: None,
            reason: "cannot win".into(),
            cause: RetireCause::Lost,
            by: None,
        },
    );
    press(&mut model, KeyCode::Down);
    assert_eq!(letter(&mut model, ' '), [Effect::Tell(Command::Include(1))], "what racing retired comes back too");
}

#[test]
fn a_run_of_nothing_is_not_started() {
    let mut model = planned(|plan| plan.variants.iter_mut().for_each(|variant| variant.included = false));
    assert_eq!(letter(&mut model, 'r'), []);
    assert!(text(&drawn(&model, stage::START, (80, 24))).contains("no variant is included"));
}

#[test]
fn the_selection_moves_and_never_leaves_the_list() {
    let mut model = planned(|_| {});
    for (code, cursor) in [
        (KeyCode::Up, 0),
        (KeyCode::Down, 1),
        (KeyCode::Char('j'), 2),
        (KeyCode::Char('k'), 1),
        (KeyCode::End, 3),
        (KeyCode::Down, 3),
        (KeyCode::Home, 0),
        (KeyCode::Char('G'), 3),
        (KeyCode::PageUp, 0),
        (KeyCode::PageDown, 3),
        (KeyCode::Char('g'), 0),
    ] {
        press(&mut model, code);
        assert_eq!(model.cursor, cursor, "after {code:?}");
    }
}

#[test]
fn picking_shows_the_ready_request_to_save_or_copy() {
    let (mut model, now) = after(&FOUR, 1.0);
    let best = Picked { model: 0, variant: 1 };
    assert_eq!(letter(&mut model, 'b'), [Effect::ShowPrompt(best)]);
    assert_eq!(model.cursor, 1, "the best is selected, too");
    let other = Picked { model: 0, variant: 0 };
    model.update(Msg::Prompt(other, Ok("a late answer".into())), now);
    model.update(Msg::Prompt(best, Ok("{\"max_tokens\": 512}".into())), now);
    let shown = text(&drawn(&model, now, (80, 24)));
    assert!(shown.contains("Ready request: concise") && shown.contains("{\"max_tokens\": 512}"), "{shown}");
    assert_eq!(letter(&mut model, 'c'), [Effect::CopyPrompt(best)]);
    assert_eq!(letter(&mut model, 'w'), [Effect::SavePrompt(best)]);
    press(&mut model, KeyCode::Esc);
    assert_eq!(letter(&mut model, 'w'), [Effect::SavePrompt(best)], "and later");
    model.update(Msg::Saved(best, Ok("out/concise.json".into())), now);
    let shown = text(&drawn(&model, now, (80, 24)));
    assert!(
        shown.contains("saved the request of concise (picked, winner) as out/concise.json")
            && shown.contains("★● concise"),
        "{shown}"
    );
    press(&mut model, KeyCode::Home);
    assert_eq!(press(&mut model, KeyCode::Enter), [Effect::ShowPrompt(other)]);
}

#[test]
fn long_requests_scroll_to_their_end_and_not_beyond() {
    let (mut model, now) = after(&FOUR, 1.0);
    press(&mut model, KeyCode::Enter);
    let lines: Vec<String> = (1..=60).map(|line| format!("line {line}")).collect();
    model.update(Msg::Prompt(Picked { model: 0, variant: 0 }, Ok(lines.join("\n"))), now);
    for _ in 0..100 {
        press(&mut model, KeyCode::Down);
    }
    assert!(text(&drawn(&model, now, (80, 24))).contains("line 60"));
    press(&mut model, KeyCode::Up);
    assert!(!text(&drawn(&model, now, (80, 24))).contains("line 60"), "one step back is seen at once");
}

#[test]
fn nothing_to_pick_is_said() {
    let mut model = planned(|_| {});
    assert_eq!(letter(&mut model, 'b'), [], "nothing was measured");
    let (mut model, _) = after(&["broken"], 1.0);
    assert_eq!(letter(&mut model, 'b'), []);
    assert!(text(&drawn(&model, stage::START, (80, 24))).contains("nothing to pick: no trial succeeded"));
}

#[test]
fn export_asks_and_tells() {
    let mut model = planned(|_| {});
    assert_eq!(letter(&mut model, 'e'), [], "there is nothing to export");
    let (mut model, now) = after(&FOUR, 0.4);
    assert_eq!(letter(&mut model, 'e'), [Effect::Export]);
    model.update(Msg::Exported(Ok(vec!["quotient-out/report.json".into(), "quotient-out/tokens.svg".into()])), now);
    assert!(text(&drawn(&model, now, (80, 24))).contains("wrote 2 files to quotient-out"));
    let later = now + Duration::from_secs(9);
    model.update(Msg::Tick, later);
    assert!(!text(&drawn(&model, later, (80, 24))).contains("wrote 2 files"), "news do not stay for ever");
    model.update(Msg::Exported(Err("quotient-out: permission denied".into())), later);
    assert!(text(&drawn(&model, later, (80, 24))).contains("permission denied"));
}

#[test]
fn quitting_asks_only_while_a_run_is_on() {
    let mut model = planned(|_| {});
    assert_eq!(letter(&mut model, 'q'), [Effect::Quit]);
    assert_eq!(ctrl_c(&mut model), [Effect::Quit]);

    let (model, now) = after(&FOUR, 0.5);
    let mut asked = model.clone();
    assert_eq!(letter(&mut asked, 'q'), []);
    assert_eq!(asked.overlay, Some(Overlay::ConfirmQuit));
    golden_at("quit", &asked, now, &[(80, 24)]);
    let mut stays = asked.clone();
    assert_eq!(press(&mut stays, KeyCode::Esc), []);
    assert_eq!(stays.overlay, None);
    let mut stops = asked.clone();
    assert_eq!(letter(&mut stops, 's'), [Effect::Tell(Command::Stop(Stop::InFlight))]);
    assert_eq!(stops.overlay, None);
    assert_eq!(letter(&mut asked, 'y'), [Effect::Tell(Command::Stop(Stop::Now)), Effect::Quit]);

    let mut interrupted = model.clone();
    assert_eq!(ctrl_c(&mut interrupted), []);
    assert_eq!(ctrl_c(&mut interrupted), [Effect::Tell(Command::Stop(Stop::Now)), Effect::Quit]);
    let mut signalled = model;
    assert_eq!(signalled.update(Msg::Leave, now), [Effect::Quit]);
}

#[test]
fn every_key_is_in_the_help_and_every_label_in_the_footer() {
    let (mut model, now) = after(&FOUR, 0.5);
    letter(&mut model, '?');
    let help = text(&drawn(&model, now, (160, 60)));
    for row in KEYMAP {
        for key in row.keys {
            assert!(help.contains(&key.name(["↑", "↓", "↵"])), "{key:?} is not in the help");
        }
        assert!(help.contains(row.help), "{:?} is not in the help", row.action);
    }
    press(&mut model, KeyCode::Esc);
    let footer = text(&drawn(&model, now, (80, 24))).lines().last().unwrap().to_owned();
    for words in ["r pause", "s stop", "↵ pick", "b best", "c copy", "e export", "d rejected", "? help", "q quit"] {
        assert!(footer.contains(words), "{words}: {footer}");
    }
    // Where there is room, every action that applies and has a word.
    let roomy = text(&drawn(&model, now, (120, 36)));
    for row in KEYMAP.iter().filter(|row| (row.applies)(&model) && !(row.label)(&model).is_empty()) {
        let word = format!("{} {}", row.keys[0].name(["↑", "↓", "↵"]), (row.label)(&model));
        assert!(roomy.contains(&word), "{word}: {roomy}");
    }
    golden_at(
        "help",
        &{
            letter(&mut model, '?');
            model
        },
        now,
        &[(120, 40)],
    );
}

#[test]
fn several_models_take_turns() {
    let mut model = planned(|plan| {
        let mut second = plan.models[0].clone();
        second.id = quotient::bench::model::ModelId::parse("meta.llama2-13b-chat-v1");
        plan.models.push(second);
        plan.variants[0].models = vec![1];
    });
    assert_eq!(model.cursor, 1, "the first variant is not for the first model");
    letter(&mut model, 'n');
    let shown = text(&drawn(&model, stage::START, (80, 24)));
    assert!(shown.contains("meta.llama2-13b-chat-v1 (2 of 2)"), "{shown}");
    press(&mut model, KeyCode::Home);
    assert_eq!(model.cursor, 0);
    letter(&mut model, 'n');
    assert_eq!(model.cursor, 1);
}

fn any_key() -> impl Strategy<Value = KeyEvent> {
    let codes = KEYMAP.iter().flat_map(|row| row.keys).map(|key| (key.code, key.ctrl)).collect::<Vec<_>>();
    proptest::sample::select(codes)
        .prop_map(|(code, ctrl)| KeyEvent::new(code, if ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE }))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_size_and_no_key_breaks_it(
        share in 0.0..=1.0_f64,
        count in 1..=12_usize,
        steps in proptest::collection::vec((any_key(), 1..=400_u16, 1..=120_u16), 1..12),
        notes in 0..5_usize,
    ) {
        let (mut model, mut now) = after(&TWELVE[..count], share);
        detected(&mut model, Quota::assumed(), &vec!["a note"; notes]);
        for (key, width, height) in steps {
            now += Duration::from_secs(1);
            model.update(Msg::Resize(width, height), now);
            for effect in model.update(Msg::Key(key), now) {
                match effect {
                    Effect::ShowPrompt(of) => {
                        model.update(Msg::Prompt(of, Ok("word ".repeat(usize::from(width)))), now);
                    }
                    Effect::ListModels => _ = model.update(Msg::Models(Ok(picker::list(usize::from(height)))), now),
                    Effect::TakeModels(ids) => _ = model.update(Msg::Taken(Ok(picker::taken(&model, &ids))), now),
                    _ => {}
                }
            }
            drawn(&model, now, (width, height));
            prop_assert!(model.cursor < count);
        }
    }
}
