//! Tests of export.

use std::collections::HashSet;
use std::sync::Arc;

use quotient::bench::event::{Entry, Event};
use quotient::bench::fault::{Fault, FaultKind};
use quotient::bench::model::ModelId;
use quotient::bench::plan::{Endpoint, ModelPlan, Plan};
use quotient::bench::quota::Quota;
use quotient::bench::report::Report;
use quotient::bench::sample::Trial;
use quotient::bench::tally::{AnswerSample, Tally, VariantTally};
use quotient::bench::usage::UsageSource;
use quotient::export::charts::CHARTS;
use quotient::export::{DARK, FORMATS, LIGHT, Rendered, format, screen, table};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::stage;

const LONG: &str = "a variant name that has forty characters";

/// Everything that a reply, a name or an error may try: markup, ends of markup, entities, quotes, terminal escapes,
/// control characters, directional marks, line and cell ends, mathematics of the chart library.
pub(crate) const HOSTILE: &str =
    "=<script>alert(1)</script>]]>&amp;'\"\u{1b}[31m\0\u{9b}2J\u{202e}\r\n|`$\\frac{1}{2}$ --><!-- \u{FFFF}";

fn rendered(name: &str, tally: &Tally) -> Vec<Rendered> {
    (format(name).unwrap().render)(tally)
}

fn only(name: &str, tally: &Tally) -> String {
    let files = rendered(name, tally);
    assert_eq!(files.len(), 1);
    files.into_iter().next().unwrap().contents
}

fn charts(tally: &Tally) -> Vec<String> {
    let report = Report::of(tally);
    let themes = [LIGHT, DARK];
    let all = CHARTS.iter().flat_map(|chart| themes.iter().flat_map(|palette| chart.svgs(&report, palette)));
    all.collect()
}

/// A chart of the first model, light.
pub(crate) fn chart(name: &str, tally: &Tally) -> String {
    let report = Report::of(tally);
    let chart = CHARTS.iter().find(|chart| chart.name == name).unwrap();
    chart.svgs(&report, &LIGHT).next().unwrap()
}

/// Two variants on two models of the same beginning; the second model's trials are the first's.
fn two_models() -> Tally {
    let second = ModelPlan::of(ModelId::parse("us.anthropic.claude-3-5-haiku-20241022-v1:0"));
    let mut tally = Tally::planned(Arc::new(Plan::clone(&stage::plan(&["concise", "detailed"], 6))));
    for entry in stage::entries(&["concise", "detailed"], 6) {
        let again = |trial: Trial| Trial { id: trial.id + 1_000, model: 1, ..trial };
        let (mut first, mut other) = (entry.clone(), None);
        match &mut first.event {
            Event::RunStarted { plan, .. } => {
                *plan = Arc::new(Plan { models: vec![plan.models[0].clone(), second.clone()], ..Plan::clone(plan) });
            }
            Event::QuotaDetected { quota, .. } => {
                other = Some(Event::QuotaDetected { model: 1, quota: quota.clone(), notes: Vec::new() });
            }
            Event::InvocationStarted { trial, attempt, reserved } => {
                other = Some(Event::InvocationStarted { trial: again(*trial), attempt: *attempt, reserved: *reserved });
            }
            Event::TrialFinished { sample } => {
                let mut sample = sample.clone();
                sample.trial = again(sample.trial);
                other = Some(Event::TrialFinished { sample });
            }
            _ => {}
        }
        tally.apply(&first);
        if let Some(event) = other {
            tally.apply(&Entry { event, ..first });
        }
    }
    tally
}

/// A run whose every string is hostile.
fn hostile() -> Tally {
    let mut tally = stage::tally(&[HOSTILE, "concise"], 10);
    let mut plan = Plan::clone(&tally.plan);
    plan.models[0].id = ModelId::parse(HOSTILE);
    plan.endpoint = Endpoint::Url(HOSTILE.into());
    plan.region = HOSTILE.into();
    tally.plan = Arc::new(plan);
    tally.run = Some(HOSTILE.into());
    tally.version = HOSTILE.into();
    tally.simulated = false;
    let model = &mut tally.models[0];
    model.quota_notes = vec![HOSTILE.into()];
    let rpm = model.quota.as_mut().unwrap().rpm.as_mut().unwrap();
    (rpm.name, rpm.code) = (Some(HOSTILE.into()), Some(HOSTILE.into()));
    for variant in &mut model.variants {
        variant.last_fault = Some(Fault::new(FaultKind::Other, HOSTILE));
        variant.sample = Some(AnswerSample { case: 0, text: HOSTILE.into(), accepted: true, why: Vec::new() });
    }
    tally
}

/// Tallies of every kind that an export must bear.
fn scenarios() -> Vec<(&'static str, Tally)> {
    let twelve: Vec<String> = (1..=12).map(|n| format!("variant number {n}")).collect();
    let twelve: Vec<&str> = twelve.iter().map(String::as_str).collect();
    let with_quota = |change: fn(&mut Quota)| {
        let mut tally = stage::tally(&["concise", "detailed"], 10);
        change(tally.models[0].quota.as_mut().unwrap());
        tally
    };
    vec![
        ("planned", Tally::planned(Arc::new(stage::plan(&["concise", "detailed"], 5)))),
        ("one", stage::tally(&["concise"], 1)),
        ("four", stage::tally(&["detailed", "concise", "structured", "minimal"], 20)),
        ("twelve", stage::tally(&twelve, 6)),
        ("names", stage::tally(&[LONG, "要約を短く簡潔に書いてください", "موجز", "broken"], 8)),
        ("all failed", stage::tally(&["broken"], 3)),
        ("no RPM", with_quota(|quota| quota.rpm = None)),
        ("no quota", with_quota(|quota| *quota = Quota::default())),
        ("far quota", with_quota(|quota| quota.tpm.as_mut().unwrap().value = 2e6)),
        ("two models", two_models()),
        ("hostile", hostile()),
    ]
}

#[test]
fn every_format_renders_every_tally_the_same_each_time() {
    for (name, tally) in scenarios() {
        for row in FORMATS {
            let files = (row.render)(&tally);
            assert!(!files.is_empty(), "{name} as {}", row.name);
            assert_eq!(files, (row.render)(&tally.clone()), "{name} as {} is not deterministic", row.name);
            for file in &files {
                assert!(file.name.ends_with(&format!(".{}", row.extension)), "{}", file.name);
                assert!(!file.contents.is_empty() && file.contents.ends_with(['\n', '>']), "{name}: {}", file.name);
            }
        }
    }
    assert!(format("png").is_none());
}

#[test]
fn json_is_the_report() {
    for (name, tally) in scenarios() {
        let read: Report = serde_json::from_str(&only("json", &tally)).unwrap();
        assert_eq!(read, Report::of(&tally), "{name}");
    }
}

#[test]
fn csv_has_a_row_for_each_variant_on_each_model_and_a_cell_for_each_head() {
    for (name, tally) in scenarios() {
        let text = only("csv", &tally);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let heads = reader.headers().unwrap().clone();
        assert_eq!(heads.iter().collect::<HashSet<_>>().len(), heads.len(), "a head stands twice");
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let report = Report::of(&tally);
        let variants: Vec<_> = report.models.iter().flat_map(|m| m.variants.iter().map(move |v| (m, v))).collect();
        assert_eq!(rows.len(), variants.len(), "{name}");
        for (row, (_, variant)) in rows.iter().zip(&variants) {
            let cell = |head: &str| row.get(heads.iter().position(|h| h == head).unwrap()).unwrap();
            assert_eq!(cell("ok"), variant.ok.to_string());
            let total = variant.tokens.as_ref().map_or_else(String::new, |tokens| tokens.total.to_string());
            assert_eq!(cell("total_tokens"), total);
        }
        for cell in rows.iter().flatten() {
            let number = cell.parse::<f64>().is_ok();
            assert!(number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{name}: a formula: {cell:?}");
        }
    }
}

#[test]
fn every_picture_is_well_formed_and_says_what_it_is() {
    for (name, tally) in scenarios() {
        for svg in charts(&tally).into_iter().chain(rendered("svg", &tally).into_iter().map(|file| file.contents)) {
            well_formed(&svg).unwrap_or_else(|why| panic!("{name}: {why}\n{svg}"));
            for part in ["<svg ", " viewBox=", " role=\"img\"", "<title>", "<desc>", "<text "] {
                assert!(svg.contains(part), "{name} lacks {part}");
            }
            for foreign in ["<script", "<foreignObject", "href", "url(", "@import", "<style", "NaN", "inf\""] {
                assert!(!svg.contains(foreign), "{name} holds {foreign}");
            }
        }
    }
}

#[test]
fn the_page_is_well_formed_and_needs_nothing_from_outside() {
    for (name, tally) in scenarios() {
        let html = only("html", &tally);
        let body = html.strip_prefix("<!DOCTYPE html>\n").unwrap();
        well_formed(body).unwrap_or_else(|why| panic!("{name}: {why}"));
        for foreign in ["<script", "src=", "href", "url(", "@import", "<link", "<iframe", "javascript:"] {
            assert!(!html.contains(foreign), "{name} holds {foreign}");
        }
        let models = Report::of(&tally).models.len();
        assert_eq!(html.matches("<svg ").count(), 2 * CHARTS.len() * models, "{name}");
        assert!(html.contains("prefers-color-scheme: dark"));
    }
}

#[test]
fn markdown_tables_have_as_many_cells_in_each_row() {
    for (name, tally) in scenarios() {
        let text = only("markdown", &tally);
        let bare = text.replace("\\\\", "").replace("\\|", "");
        for table in bare.split("\n\n").filter(|block| block.starts_with('|')) {
            let cells: HashSet<usize> = table.lines().map(|line| line.matches('|').count()).collect();
            assert_eq!(cells.len(), 1, "{name}: {table}");
        }
        assert_eq!(text.matches("\n## ").count(), Report::of(&tally).models.len(), "{name}");
    }
}

#[test]
fn hostile_text_is_nowhere_raw() {
    let tally = hostile();
    let report = Report::of(&tally);
    let mut texts: Vec<(String, String)> = Vec::new();
    for row in FORMATS {
        texts.extend((row.render)(&tally).into_iter().map(|file| (file.name, file.contents)));
    }
    texts.push(("table".into(), table::table(&report, false)));
    let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 1));
    buffer.set_string(0, 0, HOSTILE, Style::new());
    // What no clean screen holds: a whole hostile string in one cell.
    buffer[(150, 0)].set_symbol(HOSTILE);
    texts.push(("screen".into(), screen::svg(&buffer, true)));
    for (name, text) in &texts {
        let acts = |c: char| (c.is_control() && c != '\n' && c != '\r') || matches!(c, '\u{202e}' | '\u{FFFF}');
        assert!(!text.contains(acts), "{name} holds a character that acts");
        let data = ["report.json", "report.csv", "table"].contains(&name.as_str());
        assert!(data || !text.contains("<script"), "{name} holds a script");
        assert!(data || !text.contains("]]>"), "{name} holds the end of a CDATA section");
        assert!(data || !text.contains("&amp;'"), "{name} holds unescaped text");
        // The charts' library takes $…$ for mathematics; it must have been left alone.
        assert!(text.contains("frac{1}{2}"), "{name}");
    }
    well_formed(&texts.last().unwrap().1).unwrap();
}

#[test]
fn several_models_have_files_of_their_own() {
    let names = |tally: &Tally| rendered("svg", tally).into_iter().map(|file| file.name).collect::<Vec<_>>();
    let one = names(&stage::tally(&["concise"], 2));
    let expected = ["tokens", "throughput", "performance", "capacity", "yield", "latency", "quota", "pareto"];
    let expected: Vec<String> = expected
        .iter()
        .chain(&["screen"])
        .flat_map(|name| [format!("{name}.svg"), format!("{name}-dark.svg")])
        .collect();
    assert_eq!(one, expected);

    let two = names(&two_models());
    assert_eq!(two.len(), 34);
    assert_eq!(two.iter().collect::<HashSet<_>>().len(), 34);
    assert_eq!(two[0], "anthropic.claude-3-sonnet-20240229-v1_0-tokens.svg");
    assert_eq!(two[17], "us.anthropic.claude-3-5-haiku-20241022-v1_0-tokens-dark.svg");

    // Two ids that differ only in what no file name can hold.
    let mut tally = two_models();
    let mut plan = Plan::clone(&tally.plan);
    plan.models[0].id = ModelId::parse("a:b");
    plan.models[1].id = ModelId::parse("a/b");
    tally.plan = Arc::new(plan);
    let same = names(&tally);
    assert_eq!((same[0].as_str(), same[16].as_str()), ("a_b-tokens.svg", "a_b-2-tokens.svg"));
}

#[test]
fn a_simulated_run_says_so_everywhere_and_a_real_one_nowhere() {
    let mut tally = two_models();
    let says = |tally: &Tally| -> Vec<bool> {
        let texts = FORMATS.iter().flat_map(|row| (row.render)(tally)).filter(|file| !file.name.ends_with("json"));
        let mut says: Vec<bool> =
            texts.filter(|file| !file.name.ends_with("csv")).map(|file| file.contents.contains("SIMULATED")).collect();
        says.push(table::table(&Report::of(tally), false).contains("SIMULATED"));
        says
    };
    assert!(says(&tally).iter().all(|says| *says));
    tally.simulated = false;
    tally.plan = Arc::new(Plan { endpoint: Endpoint::Aws, ..Plan::clone(&tally.plan) });
    assert!(says(&tally).iter().all(|says| !says));
    let url = Endpoint::Url("http://127.0.0.1:4566".into());
    tally.plan = Arc::new(Plan { endpoint: url, ..Plan::clone(&tally.plan) });
    assert!(chart("tokens", &tally).contains("ENDPOINT http://127.0.0.1:4566"));
}

#[test]
fn charts_show_values_limits_and_what_failed() {
    let tally = stage::tally(&["concise", "broken"], 10);
    let tokens = chart("tokens", &tally);
    let total = Report::of(&tally).models[0].variants[0].tokens.as_ref().unwrap().total;
    assert!(tokens.contains(&format!(">{total:.0}</text>")), "the total is labelled");
    assert!(tokens.contains(">failed (10 of 10 trials)</text>") && tokens.contains(">broken</text>"));
    assert!(tokens.contains(">Token Usage by Prompt Variant</text>"));
    assert!(tokens.contains(">anthropic.claude-3-sonnet-20240229-v1:0</text>"));

    let throughput = chart("throughput", &tally);
    assert!(throughput.contains(">quota 100 RPM (applied)</text>"));
    assert!(throughput.contains(">quota 20,000 TPM (applied)</text>"));
    assert_eq!(throughput.matches("stroke-dasharray").count(), 2);
    assert!(chart("capacity", &tally).contains(" TPM binds</text>"));

    let none = chart("throughput", &scenarios().into_iter().find(|(name, _)| *name == "no RPM").unwrap().1);
    assert!(none.contains(">no RPM limit known</text>") && none.contains(">quota 20,000 TPM (applied)</text>"));
    let far = chart("throughput", &scenarios().into_iter().find(|(name, _)| *name == "far quota").unwrap().1);
    assert!(far.contains(">quota 2,000,000 TPM (applied), off the scale →</text>"));
}

#[test]
fn estimated_tokens_are_marked_down_to_the_picture() {
    let mut tally = stage::tally(&["concise"], 10);
    assert!(!chart("tokens", &tally).contains(" est<"));
    for source in [Some(UsageSource::Estimated), None] {
        tally.models[0].variants[0].source = Some(source);
        for name in ["tokens", "throughput", "performance"] {
            assert!(chart(name, &tally).contains(" est</text>"), "{name}");
        }
        assert!(chart("capacity", &tally).contains(" est · TPM binds</text>"));
        assert!(only("markdown", &tally).contains(" est |"));
        assert!(only("html", &tally).contains(" est</td>"));
        assert!(table::table(&Report::of(&tally), false).contains(" est "));
    }
}

#[test]
fn names_fit_or_are_shortened_with_the_whole_as_a_title() {
    let longer = format!("{LONG} and then some more words");
    let tally = stage::tally(&[LONG, &longer], 5);
    let svg = chart("tokens", &tally);
    assert!(svg.contains(&format!(">{LONG}</text>")), "forty characters fit");
    assert!(!svg.contains(&format!(">{longer}</text>")), "more do not");
    assert!(svg.contains(&format!("<title>{longer}</title>")) && svg.contains("…</text>"));
}

#[test]
fn the_table_is_aligned_and_colour_adds_nothing_but_colour() {
    for (name, tally) in scenarios() {
        let report = Report::of(&tally);
        let plain = table::table(&report, false);
        assert!(plain.lines().all(|line| line == line.trim_end()), "{name}: trailing blanks\n{plain}");
        let mut bare = table::table(&report, true);
        assert!(bare.contains("\u{1b}["), "{name}");
        for code in ["0", "1", "2", "31", "1;32", "1;33"] {
            bare = bare.replace(&format!("\u{1b}[{code}m"), "");
        }
        assert_eq!(bare, plain, "{name}");
    }
    let text = table::table(&Report::of(&stage::tally(&["短い", "detailed", "broken"], 12)), false);
    let ends = |start: &str| {
        let line = text.lines().find(|line| line.starts_with(start)).unwrap();
        unicode_width::UnicodeWidthStr::width(&line[..line.find("12/12").unwrap()])
    };
    assert_eq!(ends("短い"), ends("detailed"));
    assert!(
        text.contains("throughput  ") && text.contains("allows") && text.contains("faults of broken: Invalid × 12")
    );
}

#[test]
fn what_was_wasted_and_what_tokens_and_money_bring_stands_in_every_wide_table() {
    // Two of ten answers are rejected; ten trials cost 0.001 USD each.
    let tally = stage::tally(&["concise"], 10);
    let report = Report::of(&tally);
    let variant = &report.models[0].variants[0];
    assert!((variant.accepted_per_usd.unwrap() - 800.0).abs() < 1e-6);
    let wasted = format!("{:.1}", variant.quota_tokens.wasted.unwrap() * 100.0);
    for (name, cells) in [("markdown", [" | ", " |"]), ("html", [">", "<"])] {
        let text = only(name, &tally);
        for head in ["wasted %", "accepted/1,000 quota tokens", "accepted/USD"] {
            assert!(text.contains(head), "{name}: {head}");
        }
        assert!(text.contains(&format!("{}{wasted}{}", cells[0], cells[1])), "{name}: {wasted}");
        assert!(text.contains(&cells.join("800")), "{name}");
    }
    assert!(only("csv", &tally).lines().next().unwrap().contains(",accepted_per_1000_quota_tokens,accepted_per_usd,"));
    let narrow = table::table(&report, false);
    let figures = narrow.lines().skip_while(|line| !line.starts_with("variant")).take(2);
    assert!(figures.map(unicode_width::UnicodeWidthStr::width).all(|wide| wide <= 120), "{narrow}");
}

#[test]
fn rows_without_any_outcome_are_said_to_be_unmeasured() {
    let mut tally = stage::tally(&["concise", "detailed"], 4);
    tally.models[0].variants[1] = VariantTally { unfinished: 3, ..Default::default() };
    assert!(chart("tokens", &tally).contains(">not measured</text>"));
}

/// A strict reading of XML 1.0 without a prologue: one root, tags in order, attributes quoted and once each,
/// references known, nothing that XML forbids. Returns what is wrong and where.
pub(crate) fn well_formed(xml: &str) -> Result<(), String> {
    let legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    if let Some(at) = xml.find(|c| !legal(c)) {
        return Err(format!("an illegal character at byte {at}"));
    }
    let mut open: Vec<&str> = Vec::new();
    let mut rest = xml.trim_end();
    let mut roots = 0;
    while !rest.is_empty() {
        let near = || rest.chars().take(60).collect::<String>();
        let text = &rest[..rest.find('<').unwrap_or(rest.len())];
        references(text).map_err(|why| format!("{why} at {}", near()))?;
        if text.contains("]]>") || (open.is_empty() && !text.trim().is_empty()) {
            return Err(format!("stray text at {}", near()));
        }
        rest = &rest[text.len()..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            let end = comment.find("--").filter(|end| comment[*end..].starts_with("-->"));
            rest = &comment[end.ok_or_else(|| format!("a bad comment at {}", near()))? + 3..];
        } else if let Some(closing) = rest.strip_prefix("</") {
            let end = closing.find('>').ok_or_else(|| format!("an open end tag at {}", near()))?;
            let expected = open.pop();
            if expected != Some(&closing[..end]) {
                return Err(format!("{} ends where {expected:?} is open", &closing[..end]));
            }
            rest = &closing[end + 1..];
        } else if let Some(tag) = rest.strip_prefix('<') {
            let (name, after, closed) = tag_of(tag).map_err(|why| format!("{why} at {}", near()))?;
            roots += usize::from(open.is_empty());
            if !closed {
                open.push(name);
            }
            rest = after;
        }
    }
    match (open.last(), roots) {
        (Some(name), _) => Err(format!("{name} never ends")),
        (None, 1) => Ok(()),
        (None, roots) => Err(format!("{roots} roots")),
    }
}

/// Reads a start tag behind its `<`: its name, what follows, and whether it closes itself.
fn tag_of(tag: &str) -> Result<(&str, &str, bool), String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.');
    let (name, mut rest) = tag.split_at(tag.find(|c| !is_name(c)).unwrap_or(tag.len()));
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err("a tag without a name".into());
    }
    let mut seen = HashSet::new();
    loop {
        let spaced = rest.trim_start();
        if let Some(after) = spaced.strip_prefix("/>") {
            return Ok((name, after, true));
        }
        if let Some(after) = spaced.strip_prefix('>') {
            return Ok((name, after, false));
        }
        if spaced.len() == rest.len() {
            return Err("no space before an attribute".into());
        }
        let (attribute, after) = spaced.split_once("=\"").ok_or("an attribute without a quoted value")?;
        let (value, after) = after.split_once('"').ok_or("an open attribute")?;
        if attribute.is_empty() || !attribute.chars().all(is_name) || !seen.insert(attribute) || value.contains('<') {
            return Err(format!("a bad attribute {attribute:?}"));
        }
        references(value)?;
        rest = after;
    }
}

/// Every `&` begins a reference that XML knows.
fn references(text: &str) -> Result<(), String> {
    for after in text.split('&').skip(1) {
        let name = after.split_once(';').map_or("", |(name, _)| name);
        let numeric = name.strip_prefix('#').is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()));
        if !numeric && !["amp", "lt", "gt", "quot", "apos"].contains(&name) {
            return Err(format!("an unknown reference &{name}"));
        }
    }
    Ok(())
}

#[test]
fn the_checker_of_these_tests_sees_what_is_wrong() {
    well_formed("<!-- a --><a b=\"c &#39;\"><d/>&amp;</a>\n").unwrap();
    for wrong in [
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a b='c'/>",
        "<a b=\"1\" b=\"2\"/>",
        "<a>&nbsp;</a>",
        "<a>a & b</a>",
        "<a>]]></a>",
        "<a b=\"<\"/>",
        "text",
        "",
        "<a>\u{1b}</a>",
        "<!-- a -- b --><a/>",
        "<a b=\"c\"d=\"e\"/>",
    ] {
        assert!(well_formed(wrong).is_err(), "{wrong:?} passes");
    }
}
