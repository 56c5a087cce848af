//! Floor 3: runs a plan against a gateway.

mod bucket;
mod budget;
mod clock;
mod cooling;
mod crew;
pub mod dispatcher;
mod forecast;
mod judging;
mod lane;
mod learning;
mod need;
mod pacer;
mod race;
mod schedule;
mod stop;
pub mod trial;
pub mod watch;
