//! Floor 2: variants.toml → Plan, with errors that point at line and column.

mod cases;
mod file;
mod finding;
mod literal;
mod overrides;
mod parameters;
mod prompts;
mod reader;
mod scalar;
mod schema;
mod variant;

use std::path::Path;

pub use finding::{ConfigError, Source};
pub use overrides::{Overrides, warnings};
pub use scalar::{parse_concurrency, parse_cost, parse_duration, parse_limit};
pub use schema::{Config, parse};

/// What `quotient init` writes: every key, commented.
pub const STARTER: &str = include_str!("starter.toml");

/// The shipped configuration, used where there is no `./variants.toml`.
pub const BUILT_IN: &str = include_str!("../../variants.toml");

/// What errors call [`BUILT_IN`].
pub const BUILT_IN_NAME: &str = "built-in variants.toml";

/// Reads a configuration, and its cases file relative to it.
pub fn read(path: &Path) -> Result<Config, ConfigError> {
    let source = file::load(path, &path.display().to_string()).map_err(ConfigError::one)?;
    schema::parse_source(source, path.parent().unwrap_or(Path::new("")))
}
