//! Floor 2: variants.toml → Plan, with errors that point at line and column.
