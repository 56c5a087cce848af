//! The simulator from outside: HTTP without sockets, under a paused clock.

mod client;
mod faults;
mod listing;
mod quota;
mod replies;
mod sdk;
