//! Known quota codes by base model and scope; codes are the same in every account and region (as of 2026-11).

use crate::bench::model::Scope;
use crate::bench::quota::LimitKind;

/// A line a model and scope: base model, scope, RPM code, TPM code; `none` says that there is no such row, `?` that
/// its code is not known.
const TABLE: &str = include_str!("../data/quota_codes.tsv");

/// The code of the account's one daily row, across models.
pub(super) const ACCOUNT_WIDE: &str = "L-E3F10727";

/// What is known of a model at a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Codes {
    rpm: Option<&'static str>,
    tpm: Option<&'static str>,
    /// Whether it is known that no row limits requests a minute.
    pub(super) no_rpm: bool,
}

impl Codes {
    /// The code of one limit, where it is known.
    pub(super) fn get(&self, kind: LimitKind) -> Option<&'static str> {
        match kind {
            LimitKind::Rpm => self.rpm,
            LimitKind::Tpm => self.tpm,
            LimitKind::Tpd => None,
        }
    }
}

/// What is known of a model at a scope; `None` for a model that the table does not have.
pub(super) fn of(base: &str, scope: Scope) -> Option<Codes> {
    TABLE.lines().filter_map(parse).find(|(model, at, _)| *model == base && *at == scope.name()).map(|(_, _, c)| c)
}

fn parse(line: &'static str) -> Option<(&'static str, &'static str, Codes)> {
    let mut fields = line.split('\t');
    let (base, scope, rpm, tpm) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let code = |field: &'static str| field.starts_with("L-").then_some(field);
    Some((base, scope, Codes { rpm: code(rpm), tpm: code(tpm), no_rpm: rpm == "none" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_whole_and_said_once() {
        let mut seen = std::collections::BTreeSet::new();
        for line in TABLE.lines() {
            let (base, scope, codes) = parse(line).unwrap_or_else(|| panic!("{line}"));
            assert!(["on-demand", "cross-region", "global"].contains(&scope), "{line}");
            assert!(seen.insert((base, scope)), "{line} stands twice");
            assert!(codes.rpm.is_some() || codes.tpm.is_some(), "{line} knows nothing");
        }
        assert!(seen.len() > 130);
    }
}
