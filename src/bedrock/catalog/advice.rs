//! Advice: what to do about a model id that will not work as it is written, and which model comes after one that ends.

use std::cmp::Ordering;

use jiff::civil::Date;

use super::line::Line;
use super::{Catalog, Offer, Profile};
use crate::bench::model::{ModelId, Scope};
use crate::bench::price;

/// Days before its end in which a model that is not yet `LEGACY` is advised against.
const NEAR_DAYS: i32 = 90;
/// Names shown at most where an id is not listed.
const MOST_NAMES: usize = 3;
/// How like a listed name an id must be before that name is worth saying: 1 is the same.
const LIKE: f64 = 0.75;
/// How much less like it than the likest another name may be.
const AS_LIKE: f64 = 0.06;

/// One sentence for an id that will not work as it is written, or not for long; `None` where all is well or nothing
/// sure can be said. `today` is `YYYY-MM-DD`.
///
/// Names only what the catalog lists: another way to call the same model, its successor, or names like it.
pub fn advice(catalog: &Catalog, id: &ModelId, today: &str) -> Option<String> {
    if id.scope() == Scope::Dedicated || *catalog == Catalog::default() {
        return None;
    }
    if is_application(id) {
        let listed = catalog.profiles.iter().find(|profile| profile.id.as_str() == id.as_str());
        return match listed {
            Some(profile) if !profile.active => {
                Some(format!("The profile {id} is listed and not active: it cannot be called now."))
            }
            Some(profile) => ending(catalog, &profile.id, today),
            None if id.scope() == Scope::Unresolved => Some(format!(
                "{id} is not among the profiles of this account in this region: check account and region in the ARN."
            )),
            None => ending(catalog, id, today),
        };
    }
    let ways = ways(catalog, id.base());
    if ways.is_empty() {
        return Some(unlisted(catalog, id, today));
    }
    if !ways.iter().any(|way| is_way(way, id)) {
        let names = or(&ways);
        return Some(match id.prefix() {
            None if catalog.offer(id).is_some() => {
                format!("{id} is served by inference profiles alone: call it {names}.")
            }
            None => format!("{id} is not listed in this region by this id: call it {names}."),
            Some(prefix) => format!("This region lists no profile {prefix}. of {}: call it {names}.", id.base()),
        });
    }
    ending(catalog, id, today)
}

/// Whether an id is listed as something that can be called as it is written.
pub fn callable(catalog: &Catalog, id: &ModelId) -> bool {
    if is_application(id) {
        return catalog.profiles.iter().any(|profile| profile.active && profile.id.as_str() == id.as_str());
    }
    ways(catalog, id.base()).iter().any(|way| is_way(way, id))
}

/// Whether a way to call a model is the one that an id, an ARN perhaps, takes.
fn is_way(way: &ModelId, id: &ModelId) -> bool {
    way.scope() == id.scope() && way.prefix() == id.prefix()
}

/// The model to go on with where this one is retired, `LEGACY` or near its end: the newest active model of the same
/// line (provider, name and size), by the id by which it can be called, if possible in the same way.
pub fn successor(catalog: &Catalog, id: &ModelId, today: &str) -> Option<ModelId> {
    let lifecycle = catalog.offer(id).and_then(|offer| offer.lifecycle.as_deref());
    let ends = end(catalog, id);
    let over = lifecycle == Some("LEGACY") || ends.is_some_and(|day| is_near(day, today));
    over.then(|| newest(catalog, id, today)).flatten()
}

fn is_application(id: &ModelId) -> bool {
    id.as_str().contains(":application-inference-profile/")
}

/// Every id by which a base model can be called here: by itself, by a geography's profile, by the global one.
fn ways(catalog: &Catalog, base: &str) -> Vec<ModelId> {
    let by_itself = catalog.models.iter().filter(|offer| offer.on_demand && offer.id.base() == base);
    let system = |profile: &&Profile| profile.active && profile.id.base() == base && !is_application(&profile.id);
    let by_profile = catalog.profiles.iter().filter(system);
    let mut ways: Vec<ModelId> =
        by_itself.map(|offer| offer.id.clone()).chain(by_profile.map(|profile| profile.id.clone())).collect();
    ways.sort_by_key(ModelId::scope);
    ways
}

fn or(names: &[ModelId]) -> String {
    names.iter().map(ModelId::as_str).collect::<Vec<_>>().join(" or ")
}

/// The day on which a model ends, where the catalog or the shipped table knows it.
fn end<'a>(catalog: &'a Catalog, id: &ModelId) -> Option<&'a str> {
    catalog.offer(id).map_or_else(|| price::end_of_life(id), |offer| offer.end_of_life.as_deref())
}

/// Days from today to another day; `None` where one of them is no day.
fn days_until(day: &str, today: &str) -> Option<i32> {
    let (day, today) = (day.parse::<Date>().ok()?, today.parse::<Date>().ok()?);
    today.until(day).ok().map(|span| span.get_days())
}

fn is_near(day: &str, today: &str) -> bool {
    days_until(day, today).is_some_and(|days| days <= NEAR_DAYS)
}

/// What to say of a model that ends, or has ended.
fn ending(catalog: &Catalog, id: &ModelId, today: &str) -> Option<String> {
    let legacy = catalog.offer(id)?.lifecycle.as_deref() == Some("LEGACY");
    let what = match end(catalog, id) {
        Some(day) if days_until(day, today).is_some_and(|days| days <= 0) => format!("{id} came to its end on {day}"),
        Some(day) if legacy || is_near(day, today) => format!("{id} ends on {day}"),
        None if legacy => format!("{id} is a legacy model"),
        Some(_) | None => return None,
    };
    Some(match newest(catalog, id, today) {
        Some(next) => format!("{what}; its successor here is {next}."),
        None => format!("{what}; no later model of its line is listed here, so choose another: `quotient models`."),
    })
}

/// The newest active model of a line that is later than this one, and how to call it.
fn newest(catalog: &Catalog, id: &ModelId, today: &str) -> Option<ModelId> {
    let line = Line::of(id.base());
    let goes_on = |offer: &&Offer| {
        let ends = offer.end_of_life.as_deref().and_then(|day| days_until(day, today));
        offer.lifecycle.as_deref() != Some("LEGACY") && ends.is_none_or(|days| days > NEAR_DAYS)
    };
    let later = catalog.models.iter().filter(goes_on).filter_map(|offer| {
        let other = Line::of(offer.id.base());
        let is_later = line.is_of(&other) && other.later(&line) == Ordering::Greater;
        let ways = if is_later { ways(catalog, offer.id.base()) } else { Vec::new() };
        let same = ways.iter().find(|way| way.prefix() == id.prefix());
        same.or(ways.first()).cloned().map(|way| (other, way))
    });
    later.max_by(|(a, _), (b, _)| a.later(b)).map(|(_, way)| way)
}

/// What to say of a model that is not listed.
fn unlisted(catalog: &Catalog, id: &ModelId, today: &str) -> String {
    if let Some(day) = price::end_of_life(id).filter(|day| days_until(day, today).is_some_and(|days| days <= 0)) {
        return match newest(catalog, id, today) {
            Some(next) => format!("{id} came to its end on {day}; its successor here is {next}."),
            None => {
                format!("{id} came to its end on {day} and is no longer listed: choose another from `quotient models`.")
            }
        };
    }
    if catalog.offer(id).is_some() {
        return format!(
            "{id} is listed and can be called neither on demand nor by a profile: buy provisioned throughput for it, \
             or choose another region."
        );
    }
    let like = likest(catalog, id);
    let meant = like.first().is_some_and(|(likeness, _)| *likeness >= 1.0);
    let later = if meant { None } else { newest(catalog, id, today) };
    let mut names: Vec<ModelId> = later.into_iter().collect();
    for (_, name) in like {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.truncate(MOST_NAMES);
    if names.is_empty() {
        return format!("{id} is not listed in this region: see `quotient models`, or choose another region.");
    }
    format!("{id} is not listed in this region; names like it that are: {}.", or(&names).replace(" or ", ", "))
}

/// Listed models whose names are very like this one, the likest first, each by the way nearest to the id's own; with
/// how like they are, 1 where the very same version is meant.
fn likest(catalog: &Catalog, id: &ModelId) -> Vec<(f64, ModelId)> {
    let (wanted, line) = (id.base().to_lowercase(), Line::of(id.base()));
    let likeness = |base: &str| {
        // People leave the provider out, or the date.
        let name = if wanted.contains('.') { base } else { base.split_once('.').map_or(base, |(_, name)| name) };
        if Line::of(base).is_meant_by(&line) { 1.0 } else { strsim::normalized_damerau_levenshtein(&wanted, name) }
    };
    let mut names: Vec<(f64, ModelId)> = Vec::new();
    for offer in &catalog.models {
        let ways = ways(catalog, offer.id.base());
        let same = ways.iter().find(|way| way.prefix() == id.prefix());
        if let Some(way) = same.or(ways.first()) {
            names.push((likeness(offer.id.base()), way.clone()));
        }
    }
    names.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let best = names.first().map_or(0.0, |(likeness, _)| *likeness);
    names.into_iter().filter(|(l, _)| *l >= LIKE && *l >= best - AS_LIKE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = "2026-11-23";

    fn offer(base: &str, on_demand: bool, lifecycle: &str, end: Option<&str>) -> Offer {
        Offer {
            id: ModelId::parse(base),
            on_demand,
            streaming: Some(true),
            lifecycle: Some(lifecycle.into()),
            end_of_life: end.map(Into::into),
        }
    }

    fn profile(id: &str) -> Profile {
        Profile { id: ModelId::parse(id), active: true, account: None }
    }

    const TEAM: &str = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/team";

    fn catalog() -> Catalog {
        let models = vec![
            offer("amazon.nova-lite-v1:0", true, "ACTIVE", None),
            offer("amazon.nova-2-lite-v1:0", false, "ACTIVE", None),
            offer("anthropic.claude-3-haiku-20240307-v1:0", true, "LEGACY", Some("2026-12-10")),
            offer("anthropic.claude-haiku-4-5-20251001-v1:0", false, "ACTIVE", None),
            offer("anthropic.claude-opus-4-1-20250805-v1:0", false, "ACTIVE", Some("2027-01-08")),
            offer("anthropic.claude-opus-5", false, "ACTIVE", None),
            offer("anthropic.claude-sonnet-4-20250514-v1:0", false, "LEGACY", Some("2026-10-14")),
            offer("anthropic.claude-sonnet-5", true, "ACTIVE", None),
            offer("anthropic.claude-sonnet-5-5", false, "ACTIVE", Some("2026-12-01")),
            offer("anthropic.claude-instant-v1", true, "LEGACY", None),
            offer("meta.llama3-70b-instruct-v1:0", true, "ACTIVE", Some("2027-11-30")),
            offer("cohere.command-r-v1:0", false, "ACTIVE", None),
        ];
        let profiles = [
            "global.anthropic.claude-opus-5",
            "us.anthropic.claude-opus-5",
            "us.anthropic.claude-opus-4-1-20250805-v1:0",
            "us.anthropic.claude-sonnet-4-20250514-v1:0",
            "us.anthropic.claude-sonnet-5",
            "us.anthropic.claude-sonnet-5-5",
            "us.anthropic.claude-haiku-4-5-20251001-v1:0",
            "us.amazon.nova-2-lite-v1:0",
        ];
        let team = ModelId::parse(TEAM).resolved("anthropic.claude-opus-5", Scope::CrossRegion);
        let mut profiles: Vec<Profile> = profiles.into_iter().map(profile).collect();
        profiles.push(Profile { id: team, active: true, account: None });
        Catalog { models, profiles }
    }

    fn says(id: &str) -> Option<String> {
        advice(&catalog(), &ModelId::parse(id), TODAY)
    }

    #[test]
    fn an_id_that_works_gets_no_advice() {
        for id in [
            "amazon.nova-lite-v1:0",
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
            "us.anthropic.claude-opus-5",
            "global.anthropic.claude-opus-5",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-5",
            "anthropic.claude-sonnet-5",
            "meta.llama3-70b-instruct-v1:0",
            TEAM,
            "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc",
        ] {
            assert_eq!(says(id), None, "{id}");
        }
        let team = ModelId::parse(TEAM.replace("team", "other").as_str());
        assert_eq!(advice(&catalog(), &team.resolved("anthropic.claude-opus-5", Scope::CrossRegion), TODAY), None);
        assert_eq!(advice(&Catalog::default(), &ModelId::parse("a.b"), TODAY), None, "nothing was listed at all");
    }

    #[test]
    fn one_that_does_not_is_told_how_to_be_called() {
        for (id, expected) in [
            (
                "anthropic.claude-opus-5",
                "anthropic.claude-opus-5 is served by inference profiles alone: call it us.anthropic.claude-opus-5 or \
                 global.anthropic.claude-opus-5.",
            ),
            (
                "eu.anthropic.claude-opus-5",
                "This region lists no profile eu. of anthropic.claude-opus-5: call it us.anthropic.claude-opus-5 or \
                 global.anthropic.claude-opus-5.",
            ),
            (
                "us.amazon.nova-lite-v1:0",
                "This region lists no profile us. of amazon.nova-lite-v1:0: call it amazon.nova-lite-v1:0.",
            ),
            (
                "cohere.command-r-v1:0",
                "cohere.command-r-v1:0 is listed and can be called neither on demand nor by a profile: buy provisioned \
                 throughput for it, or choose another region.",
            ),
        ] {
            assert_eq!(says(id).as_deref(), Some(expected));
        }
        let other = says(&TEAM.replace("team", "other")).unwrap();
        assert!(other.contains("check account and region"), "{other}");
        let mut asleep = catalog();
        asleep.profiles.last_mut().unwrap().active = false;
        assert!(advice(&asleep, &ModelId::parse(TEAM), TODAY).unwrap().contains("not active"));
    }

    #[test]
    fn one_that_ends_is_told_its_successor() {
        for (id, expected) in [
            (
                "anthropic.claude-3-haiku-20240307-v1:0",
                "anthropic.claude-3-haiku-20240307-v1:0 ends on 2026-12-10; its successor here is \
                 us.anthropic.claude-haiku-4-5-20251001-v1:0.",
            ),
            // By the same kind of profile, though it could be called by its plain id; not one that ends soon itself.
            (
                "us.anthropic.claude-sonnet-4-20250514-v1:0",
                "us.anthropic.claude-sonnet-4-20250514-v1:0 came to its end on 2026-10-14; its successor here is \
                 us.anthropic.claude-sonnet-5.",
            ),
            // Still active, and near its end.
            (
                "us.anthropic.claude-opus-4-1-20250805-v1:0",
                "us.anthropic.claude-opus-4-1-20250805-v1:0 ends on 2027-01-08; its successor here is \
                 us.anthropic.claude-opus-5.",
            ),
            (
                "anthropic.claude-instant-v1",
                "anthropic.claude-instant-v1 is a legacy model; no later model of its line is listed here, so choose \
                 another: `quotient models`.",
            ),
            // No longer listed; the shipped table knows its last day.
            (
                "us.meta.llama3-1-405b-instruct-v1:0",
                "us.meta.llama3-1-405b-instruct-v1:0 came to its end on 2026-07-07 and is no longer listed: choose \
                 another from `quotient models`.",
            ),
        ] {
            assert_eq!(says(id).as_deref(), Some(expected));
        }
        let next = |id: &str| successor(&catalog(), &ModelId::parse(id), TODAY).map(|id| id.as_str().to_owned());
        assert_eq!(next("us.anthropic.claude-opus-4-1-20250805-v1:0").as_deref(), Some("us.anthropic.claude-opus-5"));
        assert_eq!(next("amazon.nova-lite-v1:0"), None, "nothing is wrong with it, though there is a later one");
        assert_eq!(next("anthropic.claude-instant-v1"), None);
    }

    #[test]
    fn one_that_is_not_listed_is_told_what_is_like_it() {
        for (id, expected) in [
            ("us.antropic.claude-opus-5", "us.anthropic.claude-opus-5"),
            ("claude-haiku-4-5", "us.anthropic.claude-haiku-4-5-20251001-v1:0"),
            ("amazon.nova-lite", "amazon.nova-lite-v1:0"),
            ("anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic.claude-sonnet-5"),
        ] {
            let said = says(id).unwrap();
            let (_, names) = said.split_once("names like it that are: ").unwrap_or_else(|| panic!("{said}"));
            let first = names.trim_end_matches('.').split(", ").next();
            assert_eq!(first, Some(expected), "{said}");
        }
        for id in ["somebody.new-model", "nonsense", "", "amazon"] {
            let said = says(id).unwrap();
            assert!(said.contains("see `quotient models`"), "{said}");
        }
    }
}
