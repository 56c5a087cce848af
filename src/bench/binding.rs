//! Binding: what the limit that binds a variant means for it, in one plain sentence.

use crate::bench::advice::Advice;
use crate::bench::capacity::{Capacity, Demand};
use crate::bench::figures::Figures;
use crate::bench::number::number;
use crate::bench::quota::{LimitKind, Quota};

/// Which limit binds, what one answer takes of it, and what would regain some of it; `None` before there is an answer
/// or where no limit is known.
pub fn sentence(figures: &Figures<'_>, advice: Option<&Advice>) -> Option<String> {
    let (means, setting) = (figures.means()?, figures.setting());
    let quota = setting.quota?;
    let Capacity { rpm, limit } = setting.capacity(&means)?;
    let est = if figures.tally.estimated() { " est" } else { "" };
    let demand = means.demand();
    Some(match limit {
        LimitKind::Tpm => by_minute(figures, &demand, quota, rpm, est, advice),
        LimitKind::Rpm => {
            let unlimited = Quota { rpm: None, ..quota.clone() };
            let spare = crate::bench::capacity::capacity(&unlimited, demand, figures.plan.active).map(|by_tokens| {
                format!("; tokens would allow {}{est}, so more fits into each request", number(by_tokens.rpm))
            });
            format!(
                "RPM binds: a request counts once however long it is, and {} a minute are allowed{}",
                number(rpm),
                spare.unwrap_or_default()
            )
        }
        LimitKind::Tpd => {
            let day = quota.value(LimitKind::Tpd)?;
            let minute = figures.capacity_in_a_minute();
            let minute =
                minute.map(|at| format!("; the minute alone ({}) would allow {}", at.limit.name(), number(at.rpm)));
            format!(
                "TPD binds: at {}{est} quota tokens an answer the day's {} are {} answers, {} a minute over {} h{}",
                number(demand.settled),
                number(day),
                number((day / demand.settled.max(f64::MIN_POSITIVE)).floor()),
                number(rpm),
                number(figures.plan.active.as_secs_f64() / 3_600.0),
                minute.unwrap_or_default()
            )
        }
    })
}

fn by_minute(
    figures: &Figures<'_>,
    demand: &Demand,
    quota: &Quota,
    rpm: f64,
    est: &str,
    advice: Option<&Advice>,
) -> String {
    // As capacity counts it: what is settled, and for as long as it is out what is held beyond that.
    let held = demand.latency / 60.0 * (demand.reserved - demand.settled).max(0.0);
    let taken = demand.settled + held;
    let of = quota.value(LimitKind::Tpm).map(number).unwrap_or_default();
    let held = if held >= 0.5 {
        format!(", {} of them held in flight because max_tokens reserves {}", number(held), number(demand.reserved))
    } else {
        String::new()
    };
    let mut text = format!(
        "TPM binds: one answer takes {}{est} quota tokens of {of}{held}, so {} a minute fit",
        number(taken),
        number(rpm)
    );
    if let Some(advice) = advice.filter(|advice| advice.gains()) {
        let used = figures.plan.max_tokens(figures.model, figures.variant);
        let gained = number(advice.regained);
        text = format!("{text}; max_tokens {} in place of {used} would allow {gained} more", advice.max_tokens);
    }
    text
}
