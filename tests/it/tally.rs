//! The tally, the report and the verdicts of a synthetic run.

use quotient::bench::event::Entry;
use quotient::bench::quota::LimitKind;
use quotient::bench::report::Report;
use quotient::bench::tally::Phase;

use crate::stage;

#[test]
fn a_run_folds_into_a_report() {
    let tally = stage::tally(&["one", "two", "broken"], 20);
    assert!(matches!(tally.phase, Phase::Finished(_)));
    assert_eq!(tally.in_flight(), 0);
    let report = Report::of(&tally);
    let variants = &report.models[0].variants;
    assert_eq!((variants[0].ok, variants[0].failed), (20, 0));
    assert_eq!((variants[2].ok, variants[2].failed), (0, 20));
    assert_eq!(variants[2].tokens, None);
    assert_eq!(variants[0].accepted.rate, Some(0.8));
    for (name, verdict) in &report.models[0].verdicts {
        assert_ne!(verdict.leader.as_deref(), Some("broken"), "{name}");
        assert!(verdict.leader.is_some(), "{name}");
    }
    assert_eq!(variants[0].capacity.limit, Some(LimitKind::Tpm));
}

#[test]
fn every_entry_survives_json() {
    for entry in stage::entries(&["one", "broken"], 3) {
        let line = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), entry, "{line}");
    }
}
