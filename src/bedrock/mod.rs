//! Floor 2: the outside world — the seam to Bedrock, the SDK behind it, Service Quotas, faults.

pub mod gateway;
