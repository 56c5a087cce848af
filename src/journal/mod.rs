//! Floor 2: a run on disk.
