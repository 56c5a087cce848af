//! The engine from outside: plans run against a scripted Bedrock under paused time.

mod commands;
mod judge;
mod learning;
mod over_sdk;
mod pacing;
mod racing;
mod scripted;
mod trials;
mod verdicts;

pub(crate) use scripted::{Act, Scripted, plan, quota, start};
