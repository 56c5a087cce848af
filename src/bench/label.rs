//! Model ↔ quota row, pure: which listed rows hold the limits of a model, or that there is no such row, or that it cannot be told.
//!
//! Two ways, in this order: the shipped table of codes (codes are the same in every account and region), believed
//! unless the row's name denies it, and for models that it does not know a token-exact match of the row's label. The
//! match abstains rather than guesses.

mod codes;
mod name;
mod title;

use serde::{Deserialize, Serialize};

use crate::bench::model::{ModelId, Scope};
use crate::bench::quota::{Limit, LimitKind, LimitSource};
use codes::Codes;
use name::Name;
use title::Title;
pub use title::{is_account_wide, kind_of};

/// One quota as Service Quotas lists it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuotaRow {
    /// `QuotaName`.
    pub name: String,
    /// `QuotaCode`.
    pub code: Option<String>,
    /// `Value`: requests or tokens per minute or day.
    pub value: f64,
    /// Whether AWS lets it be raised.
    pub adjustable: bool,
    /// Applied to this account, or AWS's default.
    pub source: LimitSource,
}

impl QuotaRow {
    /// What this row allows at a scope: a model's daily row holds twice as much for cross-region calls, as its name
    /// says.
    pub fn value_at(&self, scope: Scope) -> f64 {
        if is_doubled(&self.name, scope) { 2.0 * self.value } else { self.value }
    }

    /// The limit that this row sets at a scope.
    pub fn limit_at(&self, scope: Scope) -> Limit {
        Limit {
            value: self.value_at(scope),
            code: self.code.clone(),
            name: Some(self.name.clone()),
            source: self.source,
            adjustable: Some(self.adjustable),
        }
    }
}

/// Whether a row of this name holds twice its listed value at a scope.
pub fn is_doubled(name: &str, scope: Scope) -> bool {
    scope == Scope::CrossRegion && name.to_lowercase().ends_with("(doubled for cross-region calls)")
}

/// What was found of one limit. Indices are into the rows that were searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// This row holds it.
    Row(usize),
    /// No row is this model's: where another row of the model was found, there is no such limit.
    NoSuchLimit,
    /// These rows could be it, and none of them surely is.
    Unsure(Vec<usize>),
}

impl Found {
    /// The row, where there is one.
    pub fn row(&self) -> Option<usize> {
        match self {
            Self::Row(index) => Some(*index),
            Self::NoSuchLimit | Self::Unsure(_) => None,
        }
    }
}

/// What was found of a model's limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Requests per minute.
    pub rpm: Found,
    /// Tokens per minute.
    pub tpm: Found,
    /// Tokens per day: the model's own row or the account-wide one, the smaller where both are listed.
    pub tpd: Found,
    /// The greater of the two, where both are listed.
    pub other_day: Option<usize>,
}

impl Match {
    /// Puts a row in the place of what was found of one limit.
    pub fn put(&mut self, kind: LimitKind, row: usize) {
        *match kind {
            LimitKind::Rpm => &mut self.rpm,
            LimitKind::Tpm => &mut self.tpm,
            LimitKind::Tpd => &mut self.tpd,
        } = Found::Row(row);
    }

    /// One limit.
    pub fn get(&self, kind: LimitKind) -> &Found {
        match kind {
            LimitKind::Rpm => &self.rpm,
            LimitKind::Tpm => &self.tpm,
            LimitKind::Tpd => &self.tpd,
        }
    }
}

/// The rows of a model at a scope, by known code first and by label where no code is known or listed.
/// `latency` asks for the rows of latency-optimised inference, which are others.
pub fn find(model: &ModelId, scope: Scope, latency: bool, rows: &[QuotaRow]) -> Match {
    let known = if latency { None } else { codes::of(model.base(), scope) };
    search(model, scope, latency, rows, known)
}

/// The rows of a model at a scope by their labels alone, as for a model of which no code is known.
pub fn by_label(model: &ModelId, scope: Scope, latency: bool, rows: &[QuotaRow]) -> Match {
    search(model, scope, latency, rows, None)
}

fn search(model: &ModelId, scope: Scope, latency: bool, rows: &[QuotaRow], known: Option<Codes>) -> Match {
    if scope == Scope::Dedicated {
        let none = Found::NoSuchLimit;
        return Match { rpm: none.clone(), tpm: none.clone(), tpd: none, other_day: None };
    }
    let named = Name::of_id(model.base());
    let labels = Labels::of(model, &named, latency, rows);
    let look = |kind, name: &Name| {
        let code = known.and_then(|codes| codes.get(kind));
        match code.and_then(|code| labels.by_code(code, kind, scope, &named)) {
            Some(index) => Found::Row(index),
            None => labels.find(kind, scope, name),
        }
    };
    let (mut rpm, mut tpm) = (look(LimitKind::Rpm, &named), look(LimitKind::Tpm, &named));
    // A row of this model is known: its label is a second spelling of the model's name for the other rows.
    let spelled = rpm.row().or(tpm.row()).and_then(|index| labels.name_of(index));
    let mut tpd = look(LimitKind::Tpd, &named);
    if let Some(spelled) = &spelled {
        for (found, kind) in [(&mut rpm, LimitKind::Rpm), (&mut tpm, LimitKind::Tpm), (&mut tpd, LimitKind::Tpd)] {
            if *found == Found::NoSuchLimit {
                *found = look(kind, spelled);
            }
        }
    }
    // No row is its own by label, which is no limit only where none could be its own either.
    let near = |kind| match labels.near(kind, scope, spelled.as_ref().unwrap_or(&named)) {
        near if near.is_empty() => Found::NoSuchLimit,
        near => Found::Unsure(near),
    };
    if tpm == Found::NoSuchLimit {
        tpm = near(LimitKind::Tpm);
    }
    if rpm == Found::NoSuchLimit && !known.is_some_and(|codes| codes.no_rpm) {
        rpm = near(LimitKind::Rpm);
    }
    // The account's one daily row took the place of the models' own, which linger in many listings (source: facts on
    // quotas). Which of them the service holds to is not documented, so the smaller one does.
    let account = |row: &QuotaRow| row.code.as_deref() == Some(codes::ACCOUNT_WIDE) || is_account_wide(&row.name);
    let account = (0..rows.len()).filter(|&index| account(&rows[index])).collect();
    let (own, account) = (tpd.row(), labels.preferred(account));
    let mut other_day = own.and(account);
    if let Some(account) = account
        && own.is_none_or(|own| rows[account].value < rows[own].value_at(scope))
    {
        (tpd, other_day) = (Found::Row(account), own);
    }
    Match { rpm, tpm, tpd, other_day }
}

/// Whether two rows are one quota, listed twice: one code, or one name where a code is missing.
fn is_same(a: &QuotaRow, b: &QuotaRow) -> bool {
    let words = |row: &QuotaRow| row.name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    match (&a.code, &b.code) {
        (Some(a), Some(b)) => a == b,
        _ => words(a) == words(b),
    }
}

/// The rows that hold a limit of some model with the same longest word in its name, their names taken apart.
struct Labels<'a> {
    rows: &'a [QuotaRow],
    latency: bool,
    provider: &'a str,
    titles: Vec<(usize, Title, Name)>,
}

impl<'a> Labels<'a> {
    fn of(model: &'a ModelId, named: &Name, latency: bool, rows: &'a [QuotaRow]) -> Self {
        let provider = name::provider(model.base());
        let word = named.longest_word();
        let titles = rows.iter().enumerate().filter_map(|(index, row)| {
            if !row.name.to_lowercase().contains(word) {
                return None;
            }
            let (title, label) = title::parse(&row.name)?;
            Some((index, title, Name::of_label(label, provider)))
        });
        Self { rows, latency, provider, titles: titles.collect() }
    }

    /// The rows of one kind and scope. Latency-optimised rows are all called on-demand, though the model
    /// may be called by its geographic profile.
    fn of_kind(&self, kind: LimitKind, scope: Scope) -> impl Iterator<Item = (usize, &Name)> {
        let latency = self.latency;
        self.titles
            .iter()
            .filter(move |(_, title, _)| {
                let scope_fits = title.holds_at(scope) || (latency && title.holds_at(Scope::OnDemand));
                title.kind == kind && title.latency == latency && scope_fits
            })
            .map(|(index, _, name)| (*index, name))
    }

    fn find(&self, kind: LimitKind, scope: Scope, wanted: &Name) -> Found {
        let fits = self.of_kind(kind, scope).filter_map(|(index, label)| {
            let distance = wanted.distance(label)?;
            let ambiguous = distance.unsized_label && self.has_sized_sibling(label);
            (!ambiguous).then_some((distance.differences, index))
        });
        let fits: Vec<(u32, usize)> = fits.collect();
        let Some(best) = fits.iter().map(|(differences, _)| *differences).min() else { return Found::NoSuchLimit };
        let best: Vec<usize> = fits.iter().filter(|(d, _)| *d == best).map(|(_, index)| *index).collect();
        let one = best.iter().all(|&a| best.iter().all(|&b| is_same(&self.rows[a], &self.rows[b])));
        match self.preferred(best.clone()) {
            Some(index) if one => Found::Row(index),
            _ => Found::Unsure(self.in_order(best)),
        }
    }

    /// The row of a known code, if what its name says does not deny that it is this limit of this model.
    fn by_code(&self, code: &str, kind: LimitKind, scope: Scope, wanted: &Name) -> Option<usize> {
        let fits = |row: &QuotaRow| match title::parse(&row.name) {
            Some((title, label)) => {
                let is_limit = title.kind == kind && title.holds_at(scope) && title.latency == self.latency;
                is_limit && !wanted.is_denied_by(&Name::of_label(label, self.provider))
            }
            None => true,
        };
        let own = |row: &QuotaRow| row.code.as_deref() == Some(code) && fits(row);
        self.preferred((0..self.rows.len()).filter(|&index| own(&self.rows[index])).collect())
    }

    /// Of rows that are one quota, listed more than once: what is applied before AWS's default, then the lowest.
    fn preferred(&self, rows: Vec<usize>) -> Option<usize> {
        let is_default = |index: usize| self.rows[index].source != LimitSource::Applied;
        rows.into_iter().min_by(|&a, &b| {
            let values = self.rows[a].value.total_cmp(&self.rows[b].value);
            is_default(a).cmp(&is_default(b)).then(values)
        })
    }

    /// Whether the same name is also listed with a size, so that the label without one is another model's.
    fn has_sized_sibling(&self, label: &Name) -> bool {
        self.titles.iter().any(|(_, _, other)| other.is_sized_sibling_of(label))
    }

    /// The rows that do not fit by label and could yet be the model's.
    fn near(&self, kind: LimitKind, scope: Scope, wanted: &Name) -> Vec<usize> {
        let near = self.of_kind(kind, scope).filter(|(_, label)| wanted.could_be(label));
        self.in_order(near.map(|(index, _)| index).collect())
    }

    fn name_of(&self, index: usize) -> Option<Name> {
        self.titles.iter().find(|(row, _, _)| *row == index).map(|(_, _, name)| name.clone())
    }

    /// By name, so that the order of the listing does not show.
    fn in_order(&self, mut rows: Vec<usize>) -> Vec<usize> {
        rows.sort_by(|&a, &b| self.rows[a].name.cmp(&self.rows[b].name));
        rows
    }
}
