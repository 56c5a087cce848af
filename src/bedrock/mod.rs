//! Floor 2: the outside world — the seam to Bedrock, the SDK behind it, Service Quotas, faults.

pub mod access;
pub mod aws;
pub mod cache;
pub mod catalog;
mod converse;
mod count;
mod exceptions;
pub mod fault;
pub mod gateway;
mod inproc;
mod invoke;
pub mod metrics;
pub mod permission;
mod probe;
pub mod quotas;
mod stream;
