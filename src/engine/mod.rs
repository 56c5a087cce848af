//! Floor 3: runs a plan against a gateway.
