//! Floor 2: Bedrock, Service Quotas and CloudWatch on loopback, seeded; a model of them, not a measurement.

mod ability;
mod account;
mod answer;
mod arn;
mod auth;
mod bodies;
mod catalog;
mod cbor;
mod converse;
mod counting;
mod door;
mod frames;
mod handle;
mod listing;
mod minutes;
mod monitor;
mod offering;
mod problem;
mod prompt;
mod random;
mod replies;
mod said;
pub mod scenario;
mod script;
mod service;
mod stream;
mod tokens;
mod wire;
mod world;

pub use handle::Simulator;
pub use wire::serve;
pub use world::Counts;
