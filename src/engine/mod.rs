//! Floor 3: runs a plan against a gateway.

mod budget;
mod clock;
mod crew;
pub mod dispatcher;
mod forecast;
mod lane;
mod pacer;
mod schedule;
pub mod trial;
