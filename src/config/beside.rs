//! A variant that was written by itself, read as strictly as variants.toml and put beside those of a configuration.

use std::ops::Range;
use std::sync::Arc;

use toml::de::DeTable;

use super::checks::Checking;
use super::file;
use super::finding::{ConfigError, Finding, nearest, quoted};
use super::prompts;
use super::reader::{At, Notes, Section};
use super::schema::{Config, syntax};
use super::table::head;
use super::variant::{self, Entry, LONGEST_NAME};
use super::writer::line;
use crate::bench::plan::{Plan, Variant};

/// A variant that was put beside the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Beside {
    /// The variant, for the models of the plan.
    pub variant: Variant,
    /// Its table as it was written, under its name.
    pub toml: String,
}

impl Config {
    /// Reads the one `[[variant]]` of a file that errors call `name`, and puts it behind the others: from now on every
    /// plan of this configuration has it. What it leaves out is as in `[bedrock]`; its templates must work on the cases
    /// of `plan`, whose models it is for. A name that is taken is made one that is not.
    pub fn put_beside(&mut self, name: &str, bytes: Vec<u8>, plan: &Plan) -> Result<Beside, ConfigError> {
        let source = file::decoded(name, bytes).map_err(ConfigError::one)?;
        let root = syntax(&source)?;
        let notes = Notes::new(Arc::clone(&source));
        let found = self.only_variant(&notes, At { value: root.get_ref(), span: root.span() }, plan);
        ConfigError::unless_empty(notes.into_findings())?;
        // Without a finding there is a variant.
        let (mut entry, place) = found.ok_or_else(|| ConfigError::one(Finding::new("there is no variant")))?;
        let mut text = source.text.clone();
        let unused = self.unused(&entry.variant.name, plan);
        if unused != entry.variant.name {
            text.replace_range(place, &line(&unused));
            entry.variant.name = unused;
        }
        let models = indices(&entry, plan);
        let variant = Variant { models, ..entry.variant.clone() };
        self.draft.variants.push(entry.variant.clone());
        self.entries.push(entry);
        let toml = text.strip_prefix(&head(plan)).unwrap_or(&text).to_owned();
        Ok(Beside { variant, toml })
    }

    /// The only variant of a file, and where its name stands; what is wrong is in `notes`.
    fn only_variant(&self, notes: &Notes, root: At<&DeTable<'_>>, plan: &Plan) -> Option<(Entry, Range<usize>)> {
        let mut root = Section::new(notes, "", Some(root));
        let mut sections = root.sections("variant", "[[variant]]");
        root.finish();
        if let Some(second) = sections.get(1) {
            notes.at(second.span(), "one variant at a time", "a second one");
        } else if sections.is_empty() {
            notes.at(0..0, "there is no variant here", "[[variant]] with name and prompt is needed");
        }
        let place = sections.first_mut()?.raw("name").map_or(0..0, |name| name.span);
        sections.truncate(1);
        let checking = Checking::new(&self.base);
        let entries = variant::read(sections, &self.defaults, notes, &|of| checking.tables(of, &self.cases, notes));
        let entry = entries.into_iter().next()?;
        self.foreign(&entry, notes, plan);
        for judge in checking.into_judges() {
            if plan.judges.iter().all(|of| of.id.as_str() != judge.name) {
                let what = format!("the judge {} is not one of this plan's", quoted(&judge.name));
                let finding = Finding::new(what).at(&judge.source, judge.span, "");
                notes.add(finding.help("its quota would have to be detected first: name it in the configuration"));
            }
        }
        let tried = Plan { variants: vec![entry.variant.clone()], ..plan.clone() };
        for finding in prompts::check(&tried, &self.cases, &notes.source, std::slice::from_ref(&entry.templates)) {
            notes.add(finding);
        }
        Some((entry, place))
    }

    /// Models that nobody benchmarks here.
    fn foreign(&self, entry: &Entry, notes: &Notes, plan: &Plan) {
        let planned = || plan.models.iter().map(|model| model.id.as_str());
        let all = || planned().chain(self.models.iter().map(String::as_str));
        for model in &entry.models {
            if all().all(|id| id != model.value) {
                let near = nearest(&model.value, all()).map(|near| format!("did you mean {}?", quoted(near)));
                let what = format!("the model {} is not one of this plan's", quoted(&model.value));
                notes.add(Finding::new(what).at(&notes.source, model.span.clone(), "").maybe_help(near));
            }
        }
        if let Some(first) = entry.models.first()
            && indices(entry, plan).is_empty()
        {
            let now: Vec<&str> = planned().collect();
            let what = "it is for none of the models that are benchmarked now";
            let finding = Finding::new(what).at(&notes.source, first.span.clone(), "");
            notes.add(finding.help(format!("these are {}", now.join(", "))));
        }
    }

    /// A name like this one that nobody has: `concise`, `concise-2`, `concise-3`.
    fn unused(&self, name: &str, plan: &Plan) -> String {
        let names = self.entries.iter().map(|entry| &entry.variant).chain(&plan.variants);
        let names: Vec<&str> = names.map(|variant| variant.name.as_str()).collect();
        let numbered = name.rsplit_once('-').and_then(|(stem, n)| Some((stem, n.parse::<u32>().ok()?)));
        let (stem, first) = numbered.map_or((name, 2), |(stem, n)| (stem, n.saturating_add(1)));
        let name_of = |n: u32| {
            let end = format!("-{n}");
            let kept: String = stem.chars().take(LONGEST_NAME - end.len()).collect();
            format!("{}{end}", kept.trim_end())
        };
        let mut candidates = std::iter::once(name.to_owned()).chain((first..=u32::MAX).map(name_of));
        candidates.find(|name| !names.contains(&name.as_str())).unwrap_or_default()
    }
}

/// Which of a plan's models a variant is for; empty means all.
fn indices(entry: &Entry, plan: &Plan) -> Vec<usize> {
    let named = |id: &str| entry.models.iter().any(|model| model.value == id);
    (0..plan.models.len()).filter(|model| named(plan.models[*model].id.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::{self, Overrides};

    const FILE: &str = r#"
task = "Sum up"
content = "text"
[bedrock]
models = ["a.one", "b.two"]
max_tokens = 300
temperature = 0.25
latency = "optimized"
[[variant]]
name = "concise"
prompt = "{{ task }}: {{ content }}"
[[variant]]
name = "concise-2"
models = ["b.two"]
prompt = "{{ content }}"
"#;

    fn config() -> Config {
        config::parse("v.toml", FILE, Path::new("")).expect("it is good")
    }

    fn beside(config: &mut Config, models: &[&str], text: &str) -> Result<Beside, String> {
        let models = models.iter().map(|id| (*id).to_owned()).collect();
        let plan = config.plan(&Overrides { models, ..Overrides::default() }).expect("a plan");
        config.put_beside("edited.toml", text.as_bytes().to_vec(), &plan).map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_that_is_taken_becomes_one_that_is_not() {
        let mut config = config();
        let text = "[[variant]]\nname = 'concise' # mine\nprompt = \"{{ task }}!\"\n";
        let first = beside(&mut config, &["a.one"], text).expect("it is good");
        assert_eq!(first.variant.name, "concise-3", "concise-2 is a variant for another model");
        assert_eq!(first.toml, text.replace("'concise'", "\"concise-3\""), "all else stays as it was written");
        let text = text.replace("concise", "concise-3");
        assert_eq!(beside(&mut config, &["a.one"], &text).expect("it is good").variant.name, "concise-4");
        let text = text.replace("concise-3", "short");
        assert_eq!(beside(&mut config, &["a.one"], &text).expect("it is good").variant.name, "short");
        let long = "n".repeat(LONGEST_NAME);
        for name in [long.clone(), format!("{}-2", "n".repeat(LONGEST_NAME - 2))] {
            let text = text.replace("short", &long);
            assert_eq!(beside(&mut config, &["a.one"], &text).expect("it is good").variant.name, name);
        }
    }

    #[test]
    fn later_plans_have_it_and_what_it_leaves_out_is_as_in_the_file() {
        let mut config = config();
        let text = "[[variant]]\nname = \"new\"\nmodels = [\"b.two\"]\nprompt = \"{{ task }}!\"\n";
        let variant = beside(&mut config, &["c.three", "b.two"], text).expect("it is good").variant;
        assert_eq!((variant.models.as_slice(), variant.included), ([1].as_slice(), true));
        let set = &variant.parameters;
        assert_eq!(
            (set.max_tokens, set.temperature, set.latency.as_deref()),
            (Some(300), Some(0.25), Some("optimized"))
        );
        let on =
            |id: &str| config.plan(&Overrides { models: vec![id.into()], ..Overrides::default() }).expect("a plan");
        let names = |plan: Plan| plan.variants.into_iter().map(|variant| variant.name).collect::<Vec<_>>();
        assert_eq!(names(on("b.two")), ["concise", "concise-2", "new"]);
        assert_eq!(names(on("a.one")), ["concise"], "it is for another model");
    }

    #[test]
    fn what_is_wrong_is_shown_where_it_stands_and_nothing_is_added() {
        let mut config = config();
        let good = "[[variant]]\nname = \"n\"\nprompt = \"{{ task }}\"\n";
        for (text, said) in [
            ("", "there is no variant here"),
            ("[[variant]", "edited.toml:1"),
            (&format!("{good}{good}"), "one variant at a time"),
            (&format!("{good}max_token = 5\n"), "did you mean `max_tokens`?"),
            (&format!("{good}max_tokens = 0\n"), "a whole number from 1 to 10,000,000, or \"model\""),
            (&format!("{good}[bedrock]\nregion = \"x-1\"\n"), "unknown key `bedrock` at the top"),
            (&good.replace("task", "tusk"), "did you mean `task`?"),
            (&format!("{good}models = [\"b.twoo\"]\n"), "did you mean `b.two`?"),
            (&format!("{good}models = [\"b.two\"]\n"), "it is for none of the models that are benchmarked now"),
            (
                &format!("{good}[[variant.check]]\nkind = \"judge\"\nmodel = \"x.judge\"\nvalue = \"good?\"\n"),
                "the judge `x.judge` is not one of this plan's",
            ),
        ] {
            let why = beside(&mut config, &["a.one"], text).expect_err(text);
            assert!(why.contains(said), "{said}: {why}");
        }
        let bytes = b"[[variant]]\nname = \"\xff\"\n".to_vec();
        let plan = config.plan(&Overrides::default()).expect("a plan");
        let why = config.put_beside("edited.toml", bytes, &plan).expect_err("it is no text").to_string();
        assert!(why.contains("edited.toml is not UTF-8") && why.contains("edited.toml:2"), "{why}");
        assert_eq!(config.variants().count(), 2);
    }

    #[test]
    fn a_long_line_is_shown_around_the_place_that_is_meant() {
        let mut config = config();
        let plan = config.plan(&Overrides::default()).expect("a plan");
        let text = format!("[[variant]]\nname = \"n\"\nprompt = \"{} {{{{ tusk }}}}\"\n", "word ".repeat(100));
        let error = config.put_beside("edited.toml", text.into_bytes(), &plan).expect_err("nothing supplies it");
        let shown = error.render_within(72);
        assert!(shown.lines().all(|line| line.chars().count() <= 76), "{shown}");
        assert!(shown.contains("{{ tusk }}") && shown.contains("^^^^"), "{shown}");
    }
}
