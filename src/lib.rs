//! quotient: how much work fits into an Amazon Bedrock quota, and which prompt gets the most of it.
//!
//! # The one idea
//!
//! **A run is a journal. The engine writes it; everything else only reads it.** The engine turns a
//! [`Plan`](bench::plan::Plan) into a stream of [`Entry`](bench::event::Entry). The file on disk is that stream, the
//! [`Tally`](bench::tally::Tally) is a fold of it, and the screen, the SVGs, the reports and the headless progress
//! lines are functions of the tally. A replay differs from a live run only in who pours the stream.
//!
//! # The river
//!
//! ```text
//! engine ──Stamped──► recorder ──Entry, numbered and on disk──► face (dashboard, progress lines)
//!    ▲                                                              │
//!    └────────────────────────── Command ───────────────────────────┘
//! ```
//!
//! When the engine is done it drops its sender, the river runs dry, and every stage downstream ends by itself.
//!
//! # Floors
//!
//! | floor | rooms |
//! |---|---|
//! | 4 | [`cli`]: the words of the command line; `session` joins gateway, engine, recorder and a face |
//! | 3 | [`engine`]: runs a plan against a gateway · [`export`]: a run for someone else |
//! | 2 | [`bedrock`]: the outside world · [`simulator`]: Bedrock on loopback · [`journal`]: a run on disk · [`config`]: variants.toml → plan · [`tui`]: the dashboard |
//! | 1 | [`mod@bench`]: what a benchmark is; it neither waits nor looks around |
//!
//! Imports run only downwards, and on floor 2 nobody imports a neighbour; `tests/house.rs` proves it.
//!
//! # Words
//!
//! A *variant* is a prompt under comparison, a *case* one input, a *trial* one planned repetition of a variant on a
//! case, an *invocation* one call to Bedrock (a trial has one, or more if it is tried again), a *sample* what a finished
//! trial yields. Quota is *reserved* at admission and *settled* at the end; the [`Ledger`](bench::ledger::Ledger) alone
//! knows how, and the pacer, the gauges and the simulator each keep one. *Pacing* is what we do to ourselves,
//! *throttling* what Bedrock does to us. A *block* is every variant once on the same case; variants are compared block by
//! block in a [`Contest`](bench::contest::Contest), and whoever has *lost* is out of the *race*. A *judge* is a second model
//! that accepts answers or rejects them; a *verification* drives the winner at the edge of the quota.
//!
//! # Four errands, one place each
//!
//! A new model family is a row in [`bench::family::FAMILIES`] (and a body in [`bench::native`] if its shape is new); a new
//! panel a file in `tui/widgets` and its seat in one of `tui/views`; a new view a row in [`tui::view::VIEWS`] and a file
//! there; a new export format a file and a row in
//! [`export::FORMATS`]; a new objective or check a row in [`bench::objective::OBJECTIVES`] or [`bench::check::CHECKS`].

pub mod bedrock;
pub mod bench;
pub mod cli;
pub mod config;
pub mod engine;
pub mod export;
pub mod journal;
pub mod simulator;
pub mod tui;
