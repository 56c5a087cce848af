//! Floor 3: a run for someone else.
