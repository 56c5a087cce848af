//! Verdicts that are worked out beside the screen: the same as at once, one at a time, and never missing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::KeyCode;
use quotient::bench::event::Entry;
use quotient::bench::objective::Rule;
use quotient::journal::player;
use quotient::tui::judged::{Evidence, Judged};
use quotient::tui::message::{Effect, Msg};
use quotient::tui::model::Model;
use quotient::tui::theme::Theme;

use crate::{stage, tui};

/// A dashboard that has somebody who works its verdicts out.
fn apart(entries: &[Entry]) -> Model {
    let mut model = Model::new(Arc::new(tui::plan(&tui::FOUR, 30)), Theme::DARK);
    model.weigh_apart(true);
    hear(&mut model, entries);
    model
}

fn hear(model: &mut Model, entries: &[Entry]) {
    model.update(Msg::Entries(entries.to_vec()), Duration::ZERO);
}

/// What a frame asks for.
fn asked(model: &mut Model) -> Option<Box<Evidence>> {
    model.update(Msg::Tick, Duration::ZERO).into_iter().find_map(|effect| match effect {
        Effect::Weigh(evidence) => Some(evidence),
        _ => None,
    })
}

fn shown(model: &Model) -> Judged {
    model.judged().into_owned()
}

/// What is worked out at once.
fn at_once(model: &Model) -> Judged {
    let mut model = model.clone();
    model.weigh_apart(false);
    shown(&model)
}

#[test]
fn a_verdict_from_an_excerpt_is_that_of_the_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/journals");
    let mut runs: Vec<Vec<Entry>> = ["summarize", "verified"]
        .map(|name| player::read(&folder.join(name).with_extension("jsonl")).unwrap().entries)
        .into();
    runs.push(stage::entries(&["one", "two", "broken"], 40));
    for entries in runs {
        let (before, after) = entries.split_at(entries.len() * 2 / 3);
        let mut model = apart(before);
        for shown_model in 0..model.tally.models.len() {
            for rule in Rule::each() {
                hear(&mut model, before);
                (model.model, model.objective) = (shown_model, rule);
                assert_eq!(asked(&mut model), None, "what was never shown is worked out at once");
                let first = at_once(&model);
                assert_eq!(shown(&model), first);
                hear(&mut model, after);
                let evidence = asked(&mut model).expect("a third of the trials ended since");
                assert_eq!(shown(&model), first, "the last one stays meanwhile");
                model.update(Msg::Weighed(Box::new(evidence.weigh())), Duration::ZERO);
                assert_eq!(shown(&model), at_once(&model), "{}", rule.name());
                assert_eq!(asked(&mut model), None);
            }
        }
    }
}

#[test]
fn one_is_worked_out_at_a_time_and_a_key_does_not_wait_for_it() {
    let entries = tui::entries(&tui::FOUR, 30);
    let mut model = apart(&entries[..90]);
    assert_eq!(asked(&mut model), None);
    hear(&mut model, &entries[90..120]);
    let of_throughput = asked(&mut model).expect("trials ended since");
    hear(&mut model, &entries[120..150]);
    assert_eq!(asked(&mut model), None, "one is being worked out");
    let press = |model: &mut Model, key: char| {
        model.update(Msg::Key(KeyCode::Char(key).into()), Duration::ZERO);
    };
    press(&mut model, 'o');
    assert_eq!(asked(&mut model), None);
    let by_key = shown(&model);
    assert_eq!(by_key, at_once(&model), "another objective is answered at once");
    model.update(Msg::Weighed(Box::new(of_throughput.clone().weigh())), Duration::ZERO);
    assert_eq!(shown(&model), by_key, "what comes late is not what is asked");
    hear(&mut model, &entries[150..180]);
    let next = asked(&mut model).expect("and after it the next may be asked for");
    model.update(Msg::Weighed(Box::new(next.weigh())), Duration::ZERO);
    assert_eq!(shown(&model), at_once(&model));
    // Back where it was: what was worked out of less does not take the place of what holds now.
    while model.objective != Rule::default() {
        press(&mut model, 'o');
    }
    assert_eq!(asked(&mut model), None);
    model.update(Msg::Weighed(Box::new(of_throughput.weigh())), Duration::ZERO);
    assert_eq!(shown(&model), at_once(&model));
}

#[test]
fn a_run_that_begins_anew_begins_without_the_verdict_of_the_last() {
    let entries = tui::entries(&tui::FOUR, 30);
    let mut model = apart(&entries);
    assert_eq!(asked(&mut model), None);
    assert!(shown(&model).verdict.leader.is_some());
    hear(&mut model, &entries[..3]);
    assert_eq!(shown(&model).verdict.leader, None);
    assert_eq!(asked(&mut model), None);
    assert_eq!(shown(&model).verdict.leader, None);
}
