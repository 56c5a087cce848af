//! HTML: one self-contained page with charts, tables and verdicts; no script, nothing from outside.

use std::fmt::Write;

use crate::bench::report::{ModelReport, Report};
use crate::bench::tally::Tally;
use crate::export::Rendered;
use crate::export::charts::CHARTS;
use crate::export::columns::{COLUMNS, faults, judge_line, origin, quota_line, run_line, title, verdicts};
use crate::export::palette::{DARK, LIGHT, Palette};
use crate::export::sentences::{across, advice, rejected, sentences};
use crate::export::text::xml;

/// `report.html`, written so that it is well-formed XML too.
pub(crate) fn render(tally: &Tally) -> Vec<Rendered> {
    let report = Report::of(tally);
    let title = xml(&title(&report));
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\" />\n\
         <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n<h1>{title}</h1>\n",
        style(),
    );
    if let Some(origin) = origin(&report.run) {
        let _ = writeln!(out, "<p class=\"origin\">{}</p>", xml(&origin));
    }
    let _ = writeln!(out, "<p class=\"run\">{}</p>", xml(&run_line(&report.run)));
    if !report.run.warnings.is_empty() {
        out.push_str("<ul class=\"warnings\">\n");
        for warning in &report.run.warnings {
            let _ = writeln!(out, "<li>{}</li>", xml(warning));
        }
        out.push_str("</ul>\n");
    }
    if let Some((head, sentences)) = across(&report) {
        list(&mut out, "h2", &head, sentences.iter().map(String::as_str));
    }
    for model in &report.models {
        model_into(&mut out, &report, model);
    }
    for judge in &report.judges {
        let _ = writeln!(out, "<p class=\"run\">{}</p>", xml(&judge_line(judge)));
    }
    out.push_str("</body>\n</html>\n");
    vec![Rendered { name: "report.html".into(), contents: out }]
}

fn model_into(out: &mut String, report: &Report, model: &ModelReport) {
    let _ =
        write!(out, "<section>\n<h2>{}</h2>\n<p class=\"run\">{}</p>\n", xml(&model.model), xml(&quota_line(model)));
    out.push_str("<div class=\"table\"><table>\n<thead><tr><th>variant</th>");
    for column in COLUMNS {
        let _ = write!(out, "<th class=\"n\">{}</th>", xml(column.head));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for variant in &model.variants {
        let _ = write!(out, "<tr><th>{}</th>", xml(&variant.name));
        for column in COLUMNS {
            let _ = write!(out, "<td class=\"n\">{}</td>", xml(&(column.cell)(variant)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
    verdicts_into(out, model);
    for chart in CHARTS {
        for (class, palette) in [("light", &LIGHT), ("dark", &DARK)] {
            let svg = (chart.draw)(chart, &report.run, model, palette);
            let _ = writeln!(out, "<div class=\"{class}\">{}</div>", svg.trim_end());
        }
    }
    details_into(out, model);
    out.push_str("</section>\n");
}

fn verdicts_into(out: &mut String, model: &ModelReport) {
    out.push_str("<div class=\"table\"><table>\n<thead><tr><th>objective</th><th>standing</th><th>variant</th>");
    out.push_str("<th class=\"n\">confidence</th><th>reason</th></tr></thead>\n<tbody>\n");
    for verdict in verdicts(model) {
        let _ = writeln!(
            out,
            "<tr><th>{}</th><td>{}</td><td><strong>{}</strong></td><td class=\"n\">{}</td><td>{}</td></tr>",
            xml(verdict.objective),
            verdict.standing,
            xml(verdict.name.unwrap_or_default()),
            verdict.confidence.unwrap_or_default(),
            xml(verdict.reason)
        );
    }
    out.push_str("</tbody>\n</table></div>\n");
    for sentence in sentences(model) {
        let _ = writeln!(out, "<p>{}.</p>", xml(&sentence));
    }
    list(out, "h3", "Advice", advice(model));
    let rejected: Vec<String> = rejected(model).collect();
    list(out, "h3", "Rejected answers", rejected.iter().map(String::as_str));
}

/// A list under a heading, where there is anything to list.
fn list<'a>(out: &mut String, level: &str, heading: &str, items: impl Iterator<Item = &'a str>) {
    let mut items = items.peekable();
    if items.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "<{level}>{}</{level}>\n<ul>", xml(heading));
    for item in items {
        let _ = writeln!(out, "<li>{}</li>", xml(item));
    }
    out.push_str("</ul>\n");
}

/// An answer of each variant, and its faults.
fn details_into(out: &mut String, model: &ModelReport) {
    let samples = model.variants.iter().filter_map(|v| Some((v.name.as_str(), "an answer", v.output_sample.clone()?)));
    let faults = faults(model).map(|(name, what)| (name, "faults", what));
    let details: Vec<(&str, &str, String)> = samples.chain(faults).collect();
    if details.is_empty() {
        return;
    }
    out.push_str("<dl>\n");
    for (name, kind, text) in details {
        let _ = writeln!(out, "<dt>{}: {kind}</dt><dd>{}</dd>", xml(name), xml(&text));
    }
    out.push_str("</dl>\n");
}

fn style() -> String {
    let colours = |palette: &Palette| {
        let Palette { background, text, muted, grid, warning, .. } = palette;
        format!("--back: {background}; --text: {text}; --muted: {muted}; --grid: {grid}; --warning: {warning};")
    };
    format!(
        ":root {{ color-scheme: light dark; {} }}\n\
         .dark {{ display: none; }}\n\
         @media (prefers-color-scheme: dark) {{\n:root {{ {} }}\n.dark {{ display: block; }}\n.light {{ display: none; }}\n}}\n\
         body {{ background: var(--back); color: var(--text); font: 15px/1.5 system-ui, Helvetica, Arial, sans-serif; \
         margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }}\n\
         h1 {{ font-size: 1.4rem; overflow-wrap: anywhere; }}\nh2 {{ font-size: 1.15rem; margin-top: 2.5rem; overflow-wrap: anywhere; }}\n\
         .run, dt {{ color: var(--muted); }}\n.origin, .warnings {{ color: var(--warning); font-weight: 600; }}\n\
         .table {{ overflow-x: auto; margin: 1rem 0; }}\ntable {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}\n\
         th, td {{ border-bottom: 1px solid var(--grid); padding: .3rem .7rem; text-align: left; vertical-align: top; }}\n\
         thead th {{ color: var(--muted); font-weight: 500; }}\ntd.n, th.n {{ text-align: right; white-space: nowrap; }}\n\
         svg {{ max-width: 100%; height: auto; margin: 1rem 0; }}\ndd {{ margin: 0 0 .6rem; overflow-wrap: anywhere; }}\n",
        colours(&LIGHT),
        colours(&DARK),
    )
}
