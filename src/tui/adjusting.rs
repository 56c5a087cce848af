//! Adjusting: a number of the plan that is typed over the view — `max_tokens`, trials.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::bench::advice;
use crate::bench::caution::too_many;
use crate::bench::clean::{Lines, clean};
use crate::bench::event::NoteLevel;
use crate::bench::figures::Figures;
use crate::bench::number::number;
use crate::bench::plan::{MAX_TOKENS, ModelPlan, Plan, TRIALS};
use crate::tui::keymap::Action;
use crate::tui::model::{Model, Overlay};
use crate::tui::theme::Ink;
use crate::tui::widgets::sheet::{Line, labelled, prose};

/// The word that leaves `max_tokens` unset, as in the configuration.
const UNSET: &str = "model";
/// Letters of a number at most.
const LONGEST: usize = 12;
/// Columns of a label.
const LABEL: u16 = 8;

/// Which number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// The most output tokens of an answer.
    MaxTokens {
        /// Index of the variant.
        variant: usize,
        /// Whether every variant gets the same.
        all: bool,
    },
    /// Counted trials of each variant on each model.
    Trials,
}

/// A number while it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjusting {
    /// Which.
    pub setting: Setting,
    /// What stands there.
    pub typed: String,
    /// Whether it was put there and not typed: the first letter takes its place.
    offered: bool,
    /// What is wrong with what was typed.
    trouble: Option<String>,
    /// Whether the plan was shown before, and is again afterwards.
    over_plan: bool,
}

impl Setting {
    fn bounds(self) -> RangeInclusive<u64> {
        match self {
            Self::MaxTokens { .. } => MAX_TOKENS,
            Self::Trials => TRIALS,
        }
    }

    /// What may be typed, in words.
    fn range(self) -> String {
        let bounds = self.bounds();
        let (least, most) = (number(*bounds.start() as f64), number(*bounds.end() as f64));
        match self {
            Self::MaxTokens { .. } => format!("{least} to {most}, or {UNSET} to leave it unset"),
            Self::Trials => format!("{least} to {most}"),
        }
    }

    /// What a text means, `None` for unset; the error says what was expected.
    fn read(self, text: &str) -> Result<Option<u32>, String> {
        let text = text.trim();
        if matches!(self, Self::MaxTokens { .. }) && text == UNSET {
            return Ok(None);
        }
        let digits = text.replace([',', '_'], "");
        let known = digits.parse().ok().filter(|number| self.bounds().contains(number));
        let known = known.filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()));
        known.map(|number| Some(number as u32)).ok_or_else(|| format!("it must be {}", self.range()))
    }
}

/// As the configuration writes it.
fn written(max_tokens: Option<u32>) -> String {
    max_tokens.map_or(UNSET.into(), |most| most.to_string())
}

impl Model {
    /// The number that is typed, if one is.
    pub fn adjusting(&self) -> Option<&Adjusting> {
        match &self.overlay {
            Some(Overlay::Adjust(adjusting)) => Some(adjusting),
            _ => None,
        }
    }

    /// Whether it can be for every variant.
    pub fn can_widen(&self) -> bool {
        let several = self.plan.variants.len() > 1;
        several && matches!(self.adjusting(), Some(Adjusting { setting: Setting::MaxTokens { .. }, .. }))
    }

    /// What the next run does otherwise with a variant than the one that is shown.
    pub fn changed_max_tokens(&self, variant: usize) -> Option<String> {
        let of = |plan: &Plan| plan.variants.get(variant).map(|variant| variant.parameters.max_tokens);
        let (now, next) = (of(&self.tally.plan)?, of(&self.plan)?);
        (now != next).then(|| match next {
            Some(most) => format!("max_tokens {} in place of {}", number(f64::from(most)), written(now)),
            None => format!("max_tokens unset in place of {}", written(now)),
        })
    }

    /// Opens the line for `max_tokens` of the selected variant, with the value that is advised, else the present one.
    pub(super) fn adjust_max_tokens(&mut self) {
        let Some(variant) = self.plan.variants.get(self.cursor) else { return };
        let advised = self.judged().advice.get(&self.cursor).map(|advice| advice.max_tokens.to_string());
        let typed = advised.unwrap_or_else(|| written(variant.parameters.max_tokens));
        self.adjust(Setting::MaxTokens { variant: self.cursor, all: false }, typed);
    }

    /// Opens the line for the trials.
    pub(super) fn adjust_trials(&mut self) {
        self.adjust(Setting::Trials, self.plan.trials.to_string());
    }

    fn adjust(&mut self, setting: Setting, typed: String) {
        let over_plan = self.is_plan_shown();
        self.overlay = Some(Overlay::Adjust(Adjusting { setting, typed, offered: true, trouble: None, over_plan }));
    }

    /// For this variant alone, or for all.
    pub(super) fn widen(&mut self) {
        if let Some(Overlay::Adjust(Adjusting { setting: Setting::MaxTokens { all, .. }, .. })) = &mut self.overlay {
            *all = !*all;
        }
    }

    pub(super) fn type_number(&mut self, letter: char) {
        if let Some(Overlay::Adjust(line)) = &mut self.overlay {
            if line.offered {
                line.typed.clear();
            }
            (line.offered, line.trouble) = (false, None);
            if line.typed.len() < LONGEST && letter.is_ascii_graphic() {
                line.typed.push(letter);
            }
        }
    }

    pub(super) fn erase_number(&mut self) {
        if let Some(Overlay::Adjust(line)) = &mut self.overlay {
            line.typed.pop();
            (line.offered, line.trouble) = (false, None);
        }
    }

    /// Away with the line, and back to the plan where it was shown.
    pub(super) fn close_adjusting(&mut self) {
        let over_plan = self.adjusting().is_some_and(|line| line.over_plan);
        self.overlay = over_plan.then_some(Overlay::Plan { scroll: 0 });
    }

    /// Puts the number into the plan, or says what is wrong with it.
    pub(super) fn set_number(&mut self, now: Duration) {
        let Some(Overlay::Adjust(line)) = &mut self.overlay else { return };
        let setting = line.setting;
        let value = match setting.read(&line.typed) {
            Ok(value) => value,
            Err(why) => {
                line.trouble = Some(why);
                return;
            }
        };
        let plan = Arc::make_mut(&mut self.plan);
        let what = match setting {
            Setting::MaxTokens { variant, all } => {
                let of = plan.variants.iter_mut().enumerate().filter(|(index, _)| all || *index == variant);
                of.for_each(|(_, of)| of.parameters.max_tokens = value);
                let whose = if all { "every variant" } else { plan.variants[variant].name.as_str() };
                match value {
                    Some(most) => format!("max_tokens {} for {whose}", number(f64::from(most))),
                    None => format!("max_tokens is unset for {whose}"),
                }
            }
            Setting::Trials => {
                plan.trials = value.unwrap_or(plan.trials);
                plan.trials_named = true;
                format!("{} trials of each variant", number(f64::from(plan.trials)))
            }
        };
        self.replanned();
        self.close_adjusting();
        let keeps = if self.tally.is_active() { "; the one that is on keeps its own" } else { "" };
        self.say(NoteLevel::Info, format!("{what} in the next run{keeps}"), now);
    }

    /// Title, lines and last lines of what is typed.
    pub(super) fn adjusting_lines(&self, line: &Adjusting, columns: u16) -> (String, Vec<Line>, Vec<Line>) {
        let glyphs = self.theme.glyphs();
        let typed = clean(&line.typed, Lines::Join);
        let over = if line.offered { "  what is typed takes its place" } else { "" };
        let cursor = (glyphs.cursor.to_owned(), 1, Ink::Key);
        let mut lines = vec![vec![(typed.into_owned(), 0, Ink::Strong), cursor, (over.into(), 0, Ink::Muted)]];
        lines.push(Vec::new());
        let mut row = |label: &str, text: &str| lines.extend(labelled(label, LABEL, Ink::Muted, text, columns));
        let title = match line.setting {
            Setting::MaxTokens { variant, all } => {
                let of = &self.plan.variants[variant];
                let now = if all { self.plan.max_tokens_in_words() } else { written(of.parameters.max_tokens) };
                row("now", &clean(&now, Lines::Join));
                if let Some(advised) = self.judged().advice.get(&variant) {
                    let figures = Figures::new(&self.tally, self.model, variant);
                    row("advice", &clean(&advice::sentence(&figures, advised), Lines::Join));
                }
                match self.plan.variants.len() {
                    several if all => format!("max_tokens of all {several} variants"),
                    _ => format!("max_tokens of {}", clean(&of.name, Lines::Join)),
                }
            }
            Setting::Trials => {
                row("now", &number(f64::from(self.plan.trials)));
                "Trials of each variant on each model, at most".into()
            }
        };
        row("range", &line.setting.range());
        for text in self.cautions(line) {
            lines.extend(prose(&clean(&text, Lines::Join), columns, Ink::Warning));
        }
        if let Some(why) = &line.trouble {
            lines.extend(prose(why, columns, Ink::Error));
        }
        let held = if self.tally.is_active() {
            "It holds in the next run; the one that is on keeps its own."
        } else {
            "It holds in the next run."
        };
        lines.extend(prose(held, columns, Ink::Muted));
        let key = |action, text: &str, room: u16| {
            let key = self.key(action).unwrap_or_default();
            let width = key.width() as u16 + 1;
            [(key, width, Ink::Key), (text.to_owned(), room, Ink::Text)]
        };
        let mut foot = Vec::from(key(Action::Set, "set", 5));
        if let Setting::MaxTokens { all, .. } = line.setting
            && self.can_widen()
        {
            foot.extend(key(Action::Widen, if all { "this variant" } else { "all variants" }, 14));
        }
        foot.extend(key(Action::Close, "go back", 0));
        (title, lines, vec![foot])
    }

    /// What the models are known not to take of what is typed.
    fn cautions(&self, line: &Adjusting) -> Vec<String> {
        let Setting::MaxTokens { variant, all } = line.setting else { return Vec::new() };
        let Ok(value) = line.setting.read(&line.typed) else { return Vec::new() };
        let of = &self.plan.variants[variant];
        let models = self.plan.models.iter().enumerate().filter(|(index, _)| all || of.is_for(*index));
        let caution = |(_, model): (usize, &ModelPlan)| match value {
            Some(most) => too_many(&model.id, most.into()).map(|why| format!("{}: {why}", model.id)),
            None => Some(format!(
                "{}: {} output tokens are reserved per request",
                model.id,
                number(f64::from(model.max_output))
            )),
        };
        models.filter_map(caution).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_as_the_configuration_reads_it() {
        let most = Setting::MaxTokens { variant: 0, all: false };
        for (text, value) in
            [("1", Some(1)), ("10,000,000", Some(10_000_000)), (" 4_096 ", Some(4_096)), ("model", None)]
        {
            assert_eq!(most.read(text), Ok(value), "{text}");
        }
        for text in ["", "0", "10000001", "-5", "+5", "1.5", "mode", "99999999999999999999999"] {
            assert_eq!(most.read(text), Err("it must be 1 to 10,000,000, or model to leave it unset".into()), "{text}");
        }
        assert_eq!(Setting::Trials.read("250"), Ok(Some(250)));
        assert_eq!(Setting::Trials.read("model"), Err("it must be 1 to 1,000,000".into()));
    }
}
