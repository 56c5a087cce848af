//! Floor 2: variants.toml → Plan, with errors that point at line and column.

mod cases;
mod file;
mod finding;
mod literal;
mod overrides;
mod parameters;
mod prices;
mod prompts;
mod reader;
mod scalar;
mod schema;
mod shipped;
mod variant;

pub use finding::ConfigError;
pub use overrides::Overrides;
pub use scalar::{parse_concurrency, parse_cost, parse_duration, parse_limit};
pub use schema::{Config, parse, read};
pub use shipped::{BUILT_IN, BUILT_IN_NAME, STARTER};
