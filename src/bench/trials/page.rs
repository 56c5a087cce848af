//! Page: which trials a filter leaves, in which order, and a stretch of them around a place.

use crate::bench::plan::Plan;
use crate::bench::trials::{COLUMNS, ENDED, Filter, Key, TrialRow};

/// So few new rows are put in their places one by one; more are sorted in.
const FEW: usize = 512;

/// Which trials, and in which order. Those of which the order knows nothing come last, and equal ones go by their ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What they fit.
    pub filter: Filter,
    /// Index of the column of [`COLUMNS`] that they are sorted by.
    pub sort: usize,
    /// Whether the largest come first.
    pub descending: bool,
}

impl Default for Query {
    /// Every trial, the newest first.
    fn default() -> Self {
        Self { filter: Filter::default(), sort: ENDED, descending: true }
    }
}

impl Query {
    fn key(&self) -> Option<Key> {
        COLUMNS.get(self.sort).and_then(|column| column.key)
    }

    /// Whether new trials come first.
    pub fn is_newest_first(&self) -> bool {
        self.sort == ENDED && self.descending
    }

    /// What a row is sorted by, the smallest first: whether it has no key, its key, its id.
    fn rank(&self, key: Option<Key>, row: &TrialRow) -> (bool, i64, u64) {
        let turned = if self.descending { -1 } else { 0 };
        let value = key.and_then(|key| key(row));
        let bits = value.map_or(0, ordered);
        (value.is_none(), bits ^ turned, row.trial.id ^ turned.cast_unsigned())
    }
}

/// A number that is ordered as another (see [`f64::total_cmp`]).
fn ordered(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

/// The place around which a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// The first trial.
    First,
    /// The last.
    Last,
    /// So many places behind a trial; the first where that trial is not among them.
    Behind {
        /// The trial's id.
        trial: u64,
        /// How many.
        by: isize,
    },
}

/// What a page is asked for with.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// Its number: an answer to an older one is not waited for any more.
    pub number: u64,
    /// Which trials.
    pub query: Query,
    /// Around which of them.
    pub anchor: Anchor,
    /// How many.
    pub rows: usize,
    /// The last entry that counts; `None` where all do.
    pub upto: Option<u64>,
    /// Whether nobody waits for it: new trials came, and the same page is asked for again.
    pub again: bool,
}

/// A stretch of the trials that were asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Trials at all.
    pub total: usize,
    /// Those that fit.
    pub matching: usize,
    /// Where the first row stands among those.
    pub from: usize,
    /// Where the anchor stands.
    pub at: usize,
    /// The rows.
    pub rows: Vec<TrialRow>,
    /// Whether trials are missing that were not written down any more.
    pub incomplete: bool,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPage {
    /// The run is not recorded.
    NotRecorded,
    /// Its journal cannot be read: why, in a sentence.
    Unreadable(String),
}

/// The places of the rows that fit a query, in its order; kept while rows are added.
#[derive(Debug, Clone, Default)]
pub struct Order {
    query: Option<Query>,
    /// So many rows were looked at.
    seen: usize,
    places: Vec<u32>,
}

impl Order {
    /// Brings the order up to what the first rows are now: all that is new where the query is the same, else all.
    pub fn renew(&mut self, query: &Query, rows: &[TrialRow], plan: &Plan) {
        if self.query.as_ref() != Some(query) || self.seen > rows.len() {
            *self = Self { query: Some(query.clone()), ..Self::default() };
        }
        let key = query.key();
        let rank = |place: &u32| query.rank(key, &rows[*place as usize]);
        let fits = |place: &usize| query.filter.fits(&rows[*place], plan);
        let new: Vec<u32> = (self.seen..rows.len()).filter(fits).map(|place| place as u32).collect();
        if new.len() <= FEW {
            for place in new {
                let its = rank(&place);
                let at = self.places.partition_point(|other| rank(other) < its);
                self.places.insert(at, place);
            }
        } else {
            self.places.extend(new);
            self.places.sort_by_cached_key(rank);
        }
        self.seen = rows.len();
    }

    /// The page around an anchor; the rows are those that the order was brought up to.
    pub fn page(&self, anchor: Anchor, most: usize, rows: &[TrialRow]) -> Page {
        let matching = self.places.len();
        let last = matching.saturating_sub(1);
        let at = match anchor {
            Anchor::First => 0,
            Anchor::Last => last,
            Anchor::Behind { trial, by } => {
                let found = self.places.iter().position(|place| rows[*place as usize].trial.id == trial);
                found.map_or(0, |found| found.saturating_add_signed(by).min(last))
            }
        };
        let from = at.saturating_sub(most / 2).min(matching.saturating_sub(most));
        let rows_of = self.places.iter().skip(from).take(most).map(|place| rows[*place as usize].clone());
        Page { total: rows.len(), matching, from, at, rows: rows_of.collect(), incomplete: false }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::bench::sample::Trial;
    use crate::bench::trials::Ending;

    fn row(id: u64, e2e: Option<u64>) -> TrialRow {
        TrialRow {
            trial: Trial { id, model: 0, variant: (id % 3) as usize, case: 0, block: 0, warmup: false },
            at: Duration::from_secs(100 + id),
            ending: if id.is_multiple_of(2) { Ending::Accepted } else { Ending::Rejected },
            usage: None,
            ttft: None,
            e2e: e2e.map(Duration::from_millis),
            quota: 0,
            waited: Duration::ZERO,
            attempts: 1,
            cost: None,
            why: Arc::from(""),
            stop: Arc::from(""),
        }
    }

    fn column(name: &str) -> usize {
        COLUMNS.iter().position(|column| column.name == name).expect("a column")
    }

    fn query(filter: &str, sort: &str, descending: bool) -> Query {
        Query { filter: Filter::read(filter).0, sort: column(sort), descending }
    }

    fn ids(page: &Page) -> Vec<u64> {
        page.rows.iter().map(|row| row.trial.id).collect()
    }

    fn of(query: &Query, rows: &[TrialRow], anchor: Anchor, most: usize) -> Page {
        let mut order = Order::default();
        order.renew(query, rows, &Plan::default());
        order.page(anchor, most, rows)
    }

    #[test]
    fn rows_are_filtered_and_sorted_and_what_has_no_value_comes_last() {
        let rows = [row(0, Some(50)), row(1, None), row(2, Some(70)), row(3, Some(50)), row(4, None)];
        let sorted = |filter, sort, descending| ids(&of(&query(filter, sort, descending), &rows, Anchor::First, 9));
        assert_eq!(ids(&of(&Query::default(), &rows, Anchor::First, 9)), [4, 3, 2, 1, 0]);
        assert_eq!(sorted("", "e2e", false), [0, 3, 2, 1, 4]);
        assert_eq!(sorted("", "e2e", true), [2, 3, 0, 4, 1]);
        assert_eq!(sorted("ok", "e2e", true), [2, 0, 4]);
        assert_eq!(sorted("e2e>60", "trial", false), [2]);
        assert_eq!(sorted("nowhere", "trial", false), [0; 0]);
    }

    #[test]
    fn pages_lie_around_their_anchor() {
        let rows: Vec<TrialRow> = (0..100).map(|id| row(id, None)).collect();
        let query = query("", "trial", false);
        let page = |anchor| of(&query, &rows, anchor, 10);
        let place = |page: &Page| (page.from, page.at, page.rows.first().map(|row| row.trial.id), page.rows.len());
        assert_eq!(place(&page(Anchor::First)), (0, 0, Some(0), 10));
        assert_eq!(place(&page(Anchor::Last)), (90, 99, Some(90), 10));
        assert_eq!(place(&page(Anchor::Behind { trial: 50, by: 0 })), (45, 50, Some(45), 10));
        assert_eq!(place(&page(Anchor::Behind { trial: 50, by: -20 })), (25, 30, Some(25), 10));
        assert_eq!(place(&page(Anchor::Behind { trial: 50, by: isize::MAX })), (90, 99, Some(90), 10));
        assert_eq!(place(&page(Anchor::Behind { trial: 500, by: 3 })), (0, 0, Some(0), 10), "it is not there");
        let none = of(&query, &[], Anchor::Last, 10);
        assert_eq!((none.total, none.matching, none.at, none.rows.len()), (0, 0, 0, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_order_that_grew_is_the_order_that_is_made_at_once(
            values in proptest::collection::vec(proptest::option::of(0..20_u64), 0..1_500),
            steps in proptest::collection::vec(0..1_000_usize, 0..6),
            sort in proptest::sample::select(vec!["ended", "e2e", "trial", "variant"]),
            filter in proptest::sample::select(vec!["", "ok", "e2e>8", "-rejected e2e<15"]),
            descending: bool,
        ) {
            let rows: Vec<TrialRow> = values.iter().zip(0..).map(|(value, id)| row(id, *value)).collect();
            let query = query(filter, sort, descending);
            let mut grown = Order::default();
            let mut seen = 0;
            for step in steps {
                seen = (seen + step).min(rows.len());
                grown.renew(&query, &rows[..seen], &Plan::default());
            }
            grown.renew(&query, &rows, &Plan::default());
            let all = grown.page(Anchor::First, usize::MAX, &rows);
            prop_assert_eq!(&all, &of(&query, &rows, Anchor::First, usize::MAX));
            let fitting = rows.iter().filter(|row| query.filter.fits(row, &Plan::default())).count();
            prop_assert_eq!((all.total, all.matching, all.rows.len()), (rows.len(), fitting, fitting));
            let key = query.key().expect("is sortable");
            let ordered = all.rows.windows(2).all(|two| match (key(&two[0]), key(&two[1])) {
                (Some(a), Some(b)) if descending => a >= b,
                (Some(a), Some(b)) => a <= b,
                (one, other) => one.is_some() || other.is_none(),
            });
            prop_assert!(ordered);
        }

        #[test]
        fn numbers_keep_their_order(a: f64, b: f64) {
            prop_assert_eq!(ordered(a).cmp(&ordered(b)), a.total_cmp(&b));
        }

        #[test]
        fn a_page_holds_its_anchor_and_no_more_than_was_asked_for(
            count in 1..60_u64, trial in 0..70_u64, by in -80..80_isize, most in 1..20_usize,
        ) {
            let rows: Vec<TrialRow> = (0..count).map(|id| row(id, None)).collect();
            let page = of(&query("", "trial", false), &rows, Anchor::Behind { trial, by }, most);
            prop_assert_eq!(page.rows.len(), most.min(rows.len()));
            prop_assert!((page.from..page.from + page.rows.len()).contains(&page.at));
            prop_assert_eq!(page.rows[page.at - page.from].trial.id, page.at as u64);
        }
    }
}
