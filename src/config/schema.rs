//! The tables of variants.toml, read key by key into a draft of the plan.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeTable;

use super::cases::Cases;
use super::checks::{Checking, Judge};
use super::file;
use super::finding::{ConfigError, Finding, Source, nearest, quoted};
use super::keys::{self, KeyTable};
use super::parameters::Set;
use super::prices;
use super::prompts;
use super::reader::{At, Notes, Section, any_text, duration, flag, limit, number, or_word, text, text_as, whole, word};
use super::scalar::{self, one_of};
use super::variant::{self, Entry};
use crate::bench::plan::{Api, Concurrency, Gate, Keep, Plan, Timeouts};
use crate::bench::quota::QuotaOverrides;

/// How many errors of TOML itself are shown.
const MOST_SYNTAX_ERRORS: usize = 3;
/// The margin of `not_worse_than` where none is given.
const DEFAULT_MARGIN: f64 = 0.05;
/// Stands for the task while templates are checked of a file that has none: an option may still bring it.
const SOME_TASK: &str = "task";

/// A configuration: read, checked, and ready to become a plan.
#[expect(clippy::option_option, reason = "unset, set to none, set to a value")]
#[derive(Debug, Clone)]
pub struct Config {
    pub(super) source: Arc<Source>,
    /// The plan without what depends on the command line: models, endpoint's defaults, selection.
    pub(super) draft: Plan,
    pub(super) entries: Vec<Entry>,
    /// What `[bedrock]` says of every variant.
    pub(super) defaults: Set,
    /// Where the paths of files begin.
    pub(super) base: PathBuf,
    pub(super) cases: Cases,
    pub(super) models: Vec<String>,
    /// Where judges are named.
    pub(super) judges: Vec<Judge>,
    pub(super) region: Option<String>,
    pub(super) share: Option<f64>,
    pub(super) max_cost: Option<Option<f64>>,
    /// The dashboard's keys, as the file has them.
    pub keys: Option<KeyTable>,
}

/// Reads a configuration from its text. `name` is what errors call it; a cases file is looked for relative to `base`.
pub fn parse(name: &str, text: &str, base: &Path) -> Result<Config, ConfigError> {
    parse_source(&Source::new(name, text), base)
}

/// Reads a configuration from a file, and its cases file relative to it.
pub fn read(path: &Path) -> Result<Config, ConfigError> {
    let source = file::load(path, &path.display().to_string()).map_err(ConfigError::one)?;
    parse_source(&source, path.parent().unwrap_or(Path::new("")))
}

/// The tables of a source, where it is TOML.
pub(super) fn syntax(source: &Arc<Source>) -> Result<Spanned<DeTable<'_>>, ConfigError> {
    let (root, mut errors) = DeTable::parse_recoverable(&source.text);
    let finding = |error: &toml::de::Error| {
        Finding::new(error.message().to_owned()).at(source, error.span().unwrap_or(0..0), "not TOML")
    };
    errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
    // The parser goes on after an error, but what it then stumbles over is often the first error once more.
    ConfigError::unless_empty(errors.iter().take(MOST_SYNTAX_ERRORS).map(finding).collect())?;
    Ok(root)
}

fn parse_source(source: &Arc<Source>, base: &Path) -> Result<Config, ConfigError> {
    let root = syntax(source)?;
    let notes = Notes::new(Arc::clone(source));
    let config = tables(&notes, At { value: root.get_ref(), span: root.span() }, base);
    ConfigError::unless_empty(notes.into_findings())?;
    Ok(config)
}

/// Reads the whole file; what is wrong is in `notes`, and the configuration then holds defaults in its place.
fn tables(notes: &Notes, root: At<&DeTable<'_>>, base: &Path) -> Config {
    let mut root = Section::new(notes, "", Some(root));
    let task = root.value("task", text);
    let checking = Checking::new(base);
    let cases = inputs(&mut root, notes, base, &checking);
    let mut bedrock = root.section("bedrock", "[bedrock]");
    let endpoint = bedrock.value("endpoint", text_as(scalar::endpoint)).unwrap_or_default();
    let region = bedrock.value("region", text_as(scalar::region));
    let models = bedrock.list("models", "model", false, scalar::model_id);
    let models = models.map(|models| distinct(models, notes));
    let api = api(&mut bedrock);
    let defaults = Set::of_all(&mut bedrock);
    bedrock.finish();
    let quota = quota(root.section("quota", "[quota]"));
    let bench = bench(root.section("bench", "[bench]"));
    let tables = variant_tables(&mut root, notes);
    let complete = tables.len();
    let entries = variant::read(tables, &defaults, notes, &|sections| checking.tables(sections, &cases, notes));
    if let Some(models) = &models {
        foreign_models(&entries, models, notes);
    }
    let checks = checking.tables(root.sections("check", "[[check]]"), &cases, notes);
    let prices = prices::read(&mut root, notes);
    let gate = gate(root.section("gate", "[gate]"), &entries, complete == entries.len(), notes);
    let keys = keys::read(&mut root, notes);
    root.finish();

    let draft = Plan {
        task: task.unwrap_or_default(),
        cases: cases.list.clone(),
        models: Vec::new(),
        variants: entries.iter().map(|entry| entry.variant.clone()).collect(),
        checks,
        gate,
        endpoint,
        region: String::new(),
        api,
        quota: quota.overrides,
        prices,
        burst: quota.burst,
        active: quota.active,
        ..bench.plan
    };
    let tried = if draft.task.is_empty() { Plan { task: SOME_TASK.into(), ..draft.clone() } } else { draft.clone() };
    let places: Vec<_> = entries.iter().map(|entry| entry.templates.clone()).collect();
    for finding in prompts::check(&tried, &cases, &notes.source, &places) {
        notes.add(finding);
    }
    Config {
        source: Arc::clone(&notes.source),
        draft,
        entries,
        defaults,
        base: base.to_owned(),
        cases,
        models: models.unwrap_or_default(),
        judges: checking.into_judges(),
        region,
        share: quota.share,
        max_cost: bench.max_cost,
        keys,
    }
}

/// `content`, `cases`, or neither.
fn inputs(root: &mut Section<'_>, notes: &Notes, base: &Path, checking: &Checking<'_>) -> Cases {
    let content = root.get("content", any_text);
    let cases = root.get("cases", text);
    if let (Some(content), Some(cases)) = (&content, &cases) {
        let finding = Finding::new("`content` and `cases` exclude each other")
            .at(&notes.source, cases.span.clone(), "many inputs")
            .at(&notes.source, content.span.clone(), "one input");
        notes.add(finding);
    }
    let Some(At { value, span }) = cases else {
        return Cases::single(content.as_ref().map_or("", |content| &content.value));
    };
    match Cases::read(&base.join(&value), checking) {
        Ok(cases) => cases,
        Err(findings) => {
            for finding in findings {
                // A file that cannot be read at all is shown where it is asked for.
                notes.add(if finding.has_place() {
                    finding
                } else {
                    finding.at(&notes.source, span.clone(), "named here")
                });
            }
            Cases::default()
        }
    }
}

fn distinct(models: Vec<At<String>>, notes: &Notes) -> Vec<String> {
    let mut seen: Vec<At<String>> = Vec::new();
    for model in models {
        if let Some(earlier) = seen.iter().find(|seen| seen.value == model.value) {
            let finding = Finding::new(format!("the model {} is listed twice", quoted(&model.value)))
                .at(&notes.source, model.span, "again here")
                .at(&notes.source, earlier.span.clone(), "first here");
            notes.add(finding);
        } else {
            seen.push(model);
        }
    }
    seen.into_iter().map(|model| model.value).collect()
}

fn api(bedrock: &mut Section<'_>) -> Api {
    let name = bedrock.value("api", word(&Api::ALL.map(Api::name)));
    Api::ALL.into_iter().find(|api| Some(api.name()) == name).unwrap_or_default()
}

struct QuotaTable {
    overrides: QuotaOverrides,
    share: Option<f64>,
    burst: f64,
    active: Duration,
}

fn quota(mut section: Section<'_>) -> QuotaTable {
    let overrides = QuotaOverrides {
        rpm: section.value("rpm", limit),
        tpm: section.value("tpm", limit),
        tpd: section.value("tpd", limit),
        burndown: section.value("burndown", whole(&scalar::BURNDOWN)).map(|number| number as u32),
    };
    let table = QuotaTable {
        overrides,
        share: section.value("share", number(scalar::SHARE)),
        burst: section.value("burst", number(scalar::SHARE)).unwrap_or(0.10),
        active: section.value("active", duration).unwrap_or(Duration::from_hours(24)),
    };
    section.finish();
    table
}

#[expect(clippy::option_option, reason = "unset, set to none, set to a value")]
struct BenchTable {
    /// A plan of which only the keys of `[bench]` are meant.
    plan: Plan,
    max_cost: Option<Option<f64>>,
}

fn bench(mut section: Section<'_>) -> BenchTable {
    let count = |section: &mut Section<'_>, key, bounds, default: u32| {
        section.value(key, whole(bounds)).map_or(default, |number| number as u32)
    };
    let usual = Plan::default();
    let plan = Plan {
        trials: count(&mut section, "trials", &scalar::TRIALS, usual.trials),
        warmup: count(&mut section, "warmup", &scalar::WARMUP, usual.warmup),
        concurrency: section
            .value("concurrency", or_word("auto", whole(&scalar::IN_FLIGHT)))
            .flatten()
            .map_or(Concurrency::Auto, |number| Concurrency::Fixed(number as u32)),
        attempts: count(&mut section, "attempts", &scalar::ATTEMPTS, usual.attempts),
        max_error_rate: section.value("max_error_rate", number(scalar::SHARE)).unwrap_or(usual.max_error_rate),
        racing: section.value("racing", flag).unwrap_or(usual.racing),
        verify: section.value("verify", flag).unwrap_or(usual.verify),
        confidence: section.value("confidence", number(scalar::CONFIDENCE)).unwrap_or(usual.confidence),
        objective: section.value("objective", text_as(scalar::objective)).unwrap_or(usual.objective),
        seed: section.value("seed", whole(&scalar::SEED)).unwrap_or(usual.seed),
        timeouts: Timeouts {
            total: section.value("timeout", duration).unwrap_or(usual.timeouts.total),
            connect: section.value("connect_timeout", duration).unwrap_or(usual.timeouts.connect),
            first_text: section.value("first_text_timeout", duration).unwrap_or(usual.timeouts.first_text),
            stall: section.value("stall_timeout", duration).unwrap_or(usual.timeouts.stall),
        },
        keep: match section.value("keep", word(&["all", "samples", "none"])) {
            Some("all") => Keep::All,
            Some("none") => Keep::None,
            _ => Keep::Samples,
        },
        ..Plan::default()
    };
    let max_cost = section.value("max_cost_usd", or_word("none", number(scalar::COST)));
    section.finish();
    BenchTable { plan, max_cost }
}

/// The tables of the variants; there must be at least one.
fn variant_tables<'a>(root: &mut Section<'a>, notes: &Notes) -> Vec<Section<'a>> {
    let empty = match root.raw("variant") {
        None => Some((notes.source.text.len()..notes.source.text.len(), "")),
        Some(list) if list.value.as_array().is_some_and(|list| list.iter().next().is_none()) => {
            Some((list.span, "an empty list"))
        }
        Some(_) => None,
    };
    if let Some((span, label)) = empty {
        let finding = Finding::new("there is no variant: a benchmark needs at least one prompt")
            .at(&notes.source, span, label)
            .help("add a table: [[variant]] with name = \"…\" and prompt = \"{{ task }}\"");
        notes.add(finding);
    }
    root.sections("variant", "[[variant]]")
}

/// Variants that are for a model which the file does not list.
fn foreign_models(entries: &[Entry], models: &[String], notes: &Notes) {
    for model in entries.iter().flat_map(|entry| &entry.models) {
        if !models.contains(&model.value) {
            let near = nearest(&model.value, models.iter().map(String::as_str));
            let what = format!("the model {} is not in `models` of [bedrock]", quoted(&model.value));
            let finding = Finding::new(what).at(&notes.source, model.span.clone(), "");
            notes.add(finding.maybe_help(near.map(|near| format!("did you mean {}?", quoted(near)))));
        }
    }
}

/// The gate; `complete` says that `entries` are all variants of the file, so that a name not among them is wrong.
fn gate(mut section: Section<'_>, entries: &[Entry], complete: bool, notes: &Notes) -> Option<Gate> {
    let least = section.get("min_accepted", number(scalar::PART));
    let than = section.get("not_worse_than", text);
    let by = section.get("by", number(scalar::PART));
    section.finish();
    if let (Some(least), Some(than)) = (&least, &than) {
        let finding = Finding::new("`min_accepted` and `not_worse_than` exclude each other")
            .at(&notes.source, than.span.clone(), "one gate")
            .at(&notes.source, least.span.clone(), "another");
        notes.add(finding);
    }
    if let (Some(by), None) = (&by, &than) {
        notes.at(by.span.clone(), "`by` belongs to `not_worse_than`, which is not there", "");
    }
    let Some(than) = than else { return least.map(|least| Gate::MinAccepted(least.value)) };
    let names: Vec<&str> = entries.iter().map(|entry| entry.variant.name.as_str()).collect();
    let Some(variant) = names.iter().position(|name| *name == than.value) else {
        if !complete {
            return None;
        }
        let help = nearest(&than.value, names.iter().copied())
            .map_or_else(|| format!("the variants are {}", one_of(&names)), |near| format!("did you mean \"{near}\"?"));
        let what = format!("the gate names {}, which is no variant", quoted(&than.value));
        notes.add(Finding::new(what).at(&notes.source, than.span, "").help(help));
        return None;
    };
    Some(Gate::NotWorseThan { variant, by: by.map_or(DEFAULT_MARGIN, |by| by.value) })
}
