//! Tests of the animated replay: what it shows when, to whom, and that nothing in it acts.

use std::sync::Arc;

use quotient::bench::event::{Entry, Event};
use quotient::bench::model::ModelId;
use quotient::bench::plan::{Endpoint, Plan};
use quotient::bench::sample::Outcome;
use quotient::export::animation::{Options, animation};
use quotient::export::script::Press;
use quotient::tui::message::{Effect, Msg};
use quotient::tui::model::Model;

use crate::export::{HOSTILE, well_formed};
use crate::journey::{Home, data, ok, text};
use crate::stage;

fn options(keys: &[&str]) -> Options {
    let keys = keys.iter().map(|key| Press::parse(key).unwrap()).collect();
    Options { size: (120, 36), seconds: 3, fps: 3, dark: true, keys }
}

fn idle(_: &Effect, _: &Model) -> Option<Msg> {
    None
}

fn played(entries: &[Entry], keys: &[&str]) -> String {
    animation(entries, &options(keys), idle).unwrap()
}

#[test]
fn nothing_in_it_acts_whatever_the_names_and_answers_are() {
    let mut entries = stage::entries(&[HOSTILE, "concise"], 6);
    for entry in &mut entries {
        match &mut entry.event {
            Event::RunStarted { run, plan, .. } => {
                let mut changed = Plan::clone(plan);
                changed.models[0].id = ModelId::parse(HOSTILE);
                changed.endpoint = Endpoint::Url(HOSTILE.into());
                changed.region = HOSTILE.into();
                changed.task = HOSTILE.into();
                (*run, *plan) = (HOSTILE.into(), Arc::new(changed));
            }
            Event::TrialFinished { sample } => {
                if let Outcome::Ok { text, .. } = &mut sample.outcome {
                    *text = Some(HOSTILE.into());
                }
            }
            _ => {}
        }
    }
    let svg = played(&entries, &["20%=2", "40%=3", "60%=6", "end=1", "end=<", "end=&"]);
    well_formed(&svg).unwrap();
    for foreign in ["<script", "<foreignObject", "href", "url(", "@import", "]]>", "NaN"] {
        assert!(!svg.contains(foreign), "it holds {foreign}");
    }
    assert!(svg.contains("frac{1}{2}") && svg.contains("&lt;"));
}

#[test]
fn it_says_what_it_shows_and_that_it_is_simulated() {
    let entries = stage::entries(&["detailed", "concise"], 10);
    let svg = played(&entries, &["50%=5"]);
    let told = svg.split_once("<desc>").unwrap().1.split_once("</desc>").unwrap().0;
    assert!(told.starts_with("SIMULATED"), "{told}");
    assert!(told.contains("2 variants") && told.contains("Keys pressed: 5 (Verdict)."), "{told}");
    assert!(svg.contains(">SIMULATED</text>") && svg.contains("prefers-reduced-motion"));
    assert_eq!(svg, played(&entries, &["50%=5"]), "the same run, the same bytes");
}

/// The document's length in seconds.
fn seconds(svg: &str) -> u32 {
    svg.split_once("{animation:").unwrap().1.split_once('s').unwrap().0.parse().unwrap()
}

#[test]
fn keys_before_and_after_the_run_have_time_of_their_own() {
    let entries = stage::entries(&["detailed", "concise"], 5);
    assert_eq!(seconds(&played(&entries, &[])), 7);
    assert_eq!(seconds(&played(&entries, &["30%=4", "60%=1"])), 7);
    assert_eq!(seconds(&played(&entries, &["end=b", "end=esc"])), 11);
    assert_eq!(seconds(&played(&entries, &["start=r"])), 10);
    // Before the run it is planned, and asks to be run.
    assert!(played(&entries, &["start=r"]).contains(">ready</text>"));
}

#[test]
fn a_key_is_answered_and_its_caption_says_what_it_means() {
    let entries = stage::entries(&["detailed", "concise"], 12);
    let mut asked = Vec::new();
    let svg = animation(&entries, &options(&["end=enter"]), |effect, _| {
        let Effect::ShowPrompt(picked) = effect else { return None };
        asked.push(*picked);
        Some(Msg::Prompt(*picked, Ok("unmistakable".into())))
    });
    assert_eq!(asked.len(), 1);
    let svg = svg.unwrap();
    assert!(svg.contains(">unmistakable</text>"));
    assert!(svg.contains(">enter</text>") && svg.contains(">pick</text>"));
}

#[test]
fn a_journal_without_a_run_is_no_animation() {
    assert_eq!(animation(&[], &options(&[]), idle), None);
}

#[test]
fn the_command_writes_it_and_says_what_is_wrong_with_its_options() {
    let home = Home::new();
    let journal = data("journals/summarize.jsonl");
    let arguments = [
        "replay",
        &journal,
        "--size",
        "80x24",
        "--seconds",
        "5",
        "--fps",
        "2",
        "--theme",
        "light",
        "--keys",
        "40%=4,end=b",
    ];
    let file = home.path("replay.svg").display().to_string();
    let written = home.run(&[&arguments[..], &["--svg", &file]].concat());
    assert_eq!(ok(&written), "");
    assert!(text(&written.stderr).contains("replay.svg"));
    let svg = std::fs::read_to_string(&file).unwrap();
    assert_eq!(svg, ok(&home.run(&[&arguments[..], &["--svg", "-"]].concat())));
    well_formed(&svg).unwrap();
    assert!(svg.contains("width=\"664\" height=\"408\"") && svg.contains("fill=\"#ffffff\""));
    assert!(svg.contains("Ready request"), "b asked for the request, and it was shown");

    for (wrong, said) in [
        (&["--svg", "-", "--keys", "40=2"][..], "start, end or a percentage"),
        (&["--svg", "-", "--keys", "end=nothing"], "no key is named"),
        (&["--svg", "-", "--size", "20x5"], "40x10 to 400x120"),
        (&["--svg", "-", "--fps", "99"], "1..=15"),
        (&["--keys", "end=b"], "--svg"),
    ] {
        let refused = home.run(&[&["replay", &journal], wrong].concat());
        assert_eq!(refused.status.code(), Some(2), "{wrong:?}");
        assert!(text(&refused.stderr).contains(said), "{wrong:?}: {}", text(&refused.stderr));
    }
}
