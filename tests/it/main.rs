//! The integration tests, one binary: each module is a journey or a room seen from outside.
#![allow(missing_docs, clippy::unwrap_used, clippy::default_trait_access)]

mod animation;
mod checks;
mod clients;
mod config;
mod doctor;
mod editing;
mod engine;
mod exactness;
mod export;
mod fidelity;
mod gateway;
mod harm;
mod init;
mod journal;
mod journey;
mod keys;
mod picker;
mod pictures;
mod planning;
mod proof;
mod pty;
mod quotas;
mod restoration;
mod screens;
mod simulator;
mod snippets;
mod soak;
mod stage;
mod standings;
mod tally;
mod tui;
mod verdicts;
mod views;
mod worlds;
