//! Soak: any size from 1x1 to 400x120, any key, while entries stream; nothing breaks, and the selection never jumps.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyEvent, KeyModifiers};
use proptest::prelude::*;
use quotient::bench::event::Command;
use quotient::bench::trials::{self, Order};
use quotient::tui::keymap::KEYMAP;
use quotient::tui::message::{Added, Effect, Msg, PlanEstimate};
use quotient::tui::model::Model;
use quotient::tui::screen;
use quotient::tui::theme::{Colours, Ground, Theme};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use crate::tui::{TWELVE, entries, plan};
use crate::{picker, stage};

/// One thing that happens to the dashboard.
#[derive(Debug, Clone)]
enum Step {
    Key(KeyEvent),
    Resize(u16, u16),
    /// So many more entries of the run.
    Stream(usize),
    /// So many milliseconds without anything.
    Quiet(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let keys = KEYMAP.iter().flat_map(|row| row.keys).copied().collect::<Vec<_>>();
    let size = |most: u16| prop_oneof![1..=3_u16, 8..=(most / 3), 1..=most];
    let key = proptest::sample::select(keys).prop_map(|key| {
        Step::Key(KeyEvent::new(key.code, if key.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE }))
    });
    let letter = proptest::char::range('!', '~')
        .prop_map(|letter| Step::Key(KeyEvent::new(crossterm::event::KeyCode::Char(letter), KeyModifiers::NONE)));
    prop_oneof![
        6 => key,
        1 => letter,
        2 => (size(400), size(120)).prop_map(|(columns, rows)| Step::Resize(columns, rows)),
        3 => (1..60_usize).prop_map(Step::Stream),
        1 => (0..90_000_u64).prop_map(Step::Quiet),
    ]
}

fn any_theme() -> impl Strategy<Value = Theme> {
    let colours = proptest::sample::select(vec![Colours::None, Colours::Ansi16, Colours::Ansi256, Colours::True]);
    let ground = proptest::sample::select(vec![Ground::Dark, Ground::Light]);
    (colours, ground, any::<bool>()).prop_map(|(colours, ground, ascii)| Theme { colours, ground, ascii })
}

/// What the cli would answer.
fn answered(model: &mut Model, effect: &Effect, now: Duration) {
    let answer = match effect {
        Effect::ShowPrompt(of) => Msg::Prompt(*of, Ok("a {\"request\": \"日本語\"}\n".repeat(60))),
        Effect::ListModels => Msg::Models(Ok(picker::list(40))),
        Effect::TakeModels(_) => Msg::Taken(Err("not now".into())),
        Effect::Estimate(_) => {
            let rows = (0..20).map(|n| (format!("row {n}"), "value ".repeat(20))).collect();
            Msg::Estimate(PlanEstimate { rows, warnings: vec!["a warning ".repeat(30)], refusal: None })
        }
        Effect::Export => Msg::Exported(Err("the disk is full".into())),
        // So few that the tally has all that a journal would have.
        Effect::Page(ask) => {
            let (rows, mut order) = (trials::recent(&model.tally), Order::default());
            order.renew(&ask.query, &rows, &model.tally.plan);
            let page = Ok(order.page(ask.anchor, ask.rows, &rows));
            Msg::Rows { number: ask.number, again: ask.again, page }
        }
        Effect::Trial(id) => Msg::Trial(*id, Ok(trials::entries(&model.tally, *id))),
        Effect::CopyPrompt(of) => Msg::Copied(*of, Ok(())),
        Effect::SavePrompt(of) => Msg::Saved(*of, Err("the disk is full".into())),
        Effect::Edit { variant, again } => Msg::Returned(Ok((variant % 3 > 0 || *again).then(|| vec![*variant as u8]))),
        Effect::Add(bytes) if bytes[0] % 2 > 0 => Msg::Added(Err("error: no variant\n".repeat(40))),
        Effect::Add(_) => {
            let mut variant = model.plan.variants[0].clone();
            variant.name = format!("日本語-{}", model.plan.variants.len());
            Msg::Added(Ok(Added { variant: Box::new(variant), toml: String::new() }))
        }
        Effect::Keep(added) => Msg::Kept(added.variant.name.clone(), Err("the disk is full".into())),
        _ => return,
    };
    for effect in model.update(answer, now) {
        answered(model, &effect, now);
    }
}

/// Every wide glyph has the cell after it to itself, and stays on its row.
fn is_whole(buffer: &Buffer) -> Result<(), TestCaseError> {
    for y in 0..buffer.area.height {
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if symbol.width() < 2 {
                continue;
            }
            prop_assert!(x + 1 < buffer.area.width, "{symbol} at the end of row {y}");
            let next = buffer[(x + 1, y)].symbol();
            prop_assert!(next.trim().is_empty(), "{symbol} and {next} share cells in row {y}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_breaks_it_and_the_selection_never_jumps(
        count in 1..=12_usize,
        theme in any_theme(),
        steps in proptest::collection::vec(any_step(), 1..60),
    ) {
        let names = &TWELVE[..count];
        let mut waiting = entries(names, 12).into_iter();
        let mut model = Model::new(Arc::new(plan(names, 12)), theme);
        let (mut now, mut size) = (stage::START, (80, 24));
        for step in steps {
            let selected = model.plan.variants.get(model.cursor).map(|variant| variant.name.clone());
            let (view, panel, trial) = (model.view, model.panel(), model.trials.selected);
            let mut streamed = false;
            match step {
                Step::Key(key) => {
                    for effect in model.update(Msg::Key(key), now) {
                        // A plan on the screen may be changed by hand; what the run streams is of the first one.
                        if let Effect::Tell(Command::Start(_)) = effect {
                            model.starting = false;
                        }
                        answered(&mut model, &effect, now);
                    }
                }
                Step::Resize(columns, rows) => {
                    size = (columns, rows);
                    model.update(Msg::Resize(columns, rows), now);
                }
                Step::Stream(count) => {
                    let batch: Vec<_> = waiting.by_ref().take(count).collect();
                    now = batch.last().map_or(now, |entry| now.max(entry.at));
                    let began = batch.iter().any(|entry| matches!(entry.event, quotient::bench::event::Event::RunStarted { .. }));
                    model.update(Msg::Entries(batch), now);
                    streamed = !began && trial.is_some();
                    if !began {
                        let still = model.plan.variants.get(model.cursor).map(|variant| variant.name.clone());
                        prop_assert_eq!(still, selected);
                        prop_assert_eq!(model.trials.selected, trial);
                    }
                    prop_assert_eq!((model.view, model.panel()), (view, panel));
                }
                Step::Quiet(ms) => now += Duration::from_millis(ms),
            }
            for effect in model.update(Msg::Tick, now) {
                answered(&mut model, &effect, now);
            }
            if streamed && model.trials.selected.is_some() {
                prop_assert_eq!(model.trials.selected, trial, "a trial stays selected while others come");
            }
            let area = Rect::new(0, 0, size.0, size.1);
            let mut buffer = Buffer::empty(area);
            screen::draw(&model, now, area, &mut buffer);
            is_whole(&buffer)?;
            if theme.ascii {
                let named = |c: char| c.is_ascii() || names.iter().any(|name| name.contains(c)) || "日本語".contains(c);
                prop_assert!(buffer.content.iter().all(|cell| cell.symbol().chars().all(named)));
            }
        }
    }
}
