//! quotient: how much work fits into an Amazon Bedrock quota, and which prompt gets the most of it.

pub mod bedrock;
pub mod bench;
pub mod cli;
pub mod config;
pub mod engine;
pub mod export;
pub mod journal;
pub mod simulator;
pub mod tui;
