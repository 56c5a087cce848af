//! The simulator from outside: HTTP without sockets, under a paused clock.

mod auth;
mod bodies;
mod client;
mod converse;
mod counting;
mod door;
mod faults;
mod listing;
mod metrics;
mod profiles;
mod quota;
mod replies;
mod sdk;
