//! Floor 2: variants.toml → Plan, with errors that point at line and column.

mod beside;
mod body;
mod cases;
mod checks;
mod file;
mod finding;
mod keys;
mod literal;
mod overrides;
mod parameters;
mod prices;
mod prompts;
mod reader;
mod scalar;
mod schema;
mod shipped;
mod table;
mod variables;
mod variant;
mod writer;

pub use beside::Beside;
pub use body::{Body, body};
pub use finding::ConfigError;
pub use keys::{KeyTable, WrongKey, read_keys};
pub use overrides::Overrides;
pub use scalar::{parse_concurrency, parse_cost, parse_duration, parse_limit, parse_model_id};
pub use schema::{Config, parse, read};
pub use shipped::{BUILT_IN, BUILT_IN_NAME, STARTER};
pub use table::editable;
pub use writer::{Draft, Written, write};
