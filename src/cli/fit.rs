//! Fit: puts a plan into the time that `--within` gives it, once the quota is known.

use color_eyre::Result;

use crate::bench::number::number;
use crate::bench::plan::Plan;
use crate::bench::quota::Quota;
use crate::bench::template::Templates;
use crate::bench::within::{Reckoned, Within, within};
use crate::cli::exit::Refused;
use crate::export::text::{in_columns, line};

/// What became of a plan.
#[derive(Debug)]
pub enum Fit {
    /// It can be run; sentences say what was chosen.
    Run(Vec<String>),
    /// Nothing is to be sent: the quota is too small for a measurement, and this is what arithmetic says.
    Reckoned {
        /// Why, and the best by arithmetic, in a sentence.
        sentence: String,
        /// Every variant, best first, as a table.
        table: String,
    },
}

/// Chooses a plan's trials and variants for its time; without one the plan stays as it is.
pub fn fit(plan: &mut Plan, quotas: &[Option<Quota>]) -> Result<Fit> {
    let wrong = |error: crate::bench::template::TemplateError| Refused::usage(error.message);
    let templates = Templates::new(plan).map_err(wrong)?;
    Ok(match within(plan, &templates, quotas).map_err(wrong)? {
        Within::AsPlanned => Fit::Run(Vec::new()),
        Within::Fitted { trials, left_out, notes } => {
            plan.trials = trials;
            // An estimate is no promise: judges, retries and slow answers take their time, and there is no more of it.
            plan.duration = plan.duration.or(plan.within);
            for variant in plan.variants.iter_mut().filter(|variant| left_out.contains(&variant.name)) {
                variant.included = false;
            }
            Fit::Run(notes)
        }
        Within::Arithmetic { ranking, reason } => {
            let rpm = |of: &Reckoned| of.capacity.map_or(0.0, |capacity| capacity.rpm);
            let alike = ranking.iter().all(|of| (rpm(of) - rpm(&ranking[0])).abs() < 1e-9);
            let tie = if alike { "all fit alike, and by fewest tokens " } else { "" };
            let best = ranking.first().map(|best| format!(" {tie}{} is the best guess", line(&best.variant)));
            Fit::Reckoned { sentence: format!("{reason}{}", best.unwrap_or_default()), table: table(&ranking) }
        }
    })
}

fn table(ranking: &[Reckoned]) -> String {
    let mut text = format!(
        "{:<30} {:>10} {:>14} {:>10} {:>9}  binds   all est: by the length of the prompt, and a usual length of answer\n",
        "variant", "input", "quota tokens", "reserved", "fit/min"
    );
    let several = ranking.iter().any(|one| one.model != ranking[0].model);
    for one in ranking {
        let name = if several { format!("{} on {}", one.variant, one.model) } else { one.variant.clone() };
        let count = |tokens: u64| number(tokens as f64);
        text.push_str(&format!(
            "{:<30} {:>10} {:>14} {:>10} {:>9}  {}\n",
            in_columns(&line(&name), 30),
            count(one.input),
            count(one.settled),
            count(one.reserved),
            one.capacity.map_or("?".into(), |capacity| number(capacity.rpm)),
            one.capacity.map_or("", |capacity| capacity.limit.name()),
        ));
    }
    text
}
