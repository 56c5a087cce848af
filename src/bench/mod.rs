//! Floor 1: what a benchmark is; no waiting, no files, no clock, no randomness from outside.

pub mod capacity;
pub mod check;
pub mod clean;
pub mod estimate;
pub mod event;
pub mod family;
pub mod fault;
pub mod figures;
pub mod label;
pub mod ledger;
pub mod micros;
pub mod model;
pub mod native;
pub mod number;
pub mod objective;
pub mod plan;
pub mod population;
pub mod price;
pub mod quota;
pub mod report;
pub mod request;
pub mod sample;
pub mod stats;
pub mod tally;
pub mod template;
pub mod usage;
