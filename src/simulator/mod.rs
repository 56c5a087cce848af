//! Floor 2: Bedrock and Service Quotas on loopback.
