//! Floor 2: the dashboard.
