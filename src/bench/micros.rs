//! How durations are written in journals: as whole microseconds.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serializer};

/// Writes a duration as whole microseconds.
pub fn serialize<S: Serializer>(value: &Duration, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_u64(whole(*value))
}

/// Reads a duration from whole microseconds.
pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    u64::deserialize(input).map(Duration::from_micros)
}

fn whole(value: Duration) -> u64 {
    u64::try_from(value.as_micros()).unwrap_or(u64::MAX)
}

/// The same for a duration that may be absent (`null`).
pub mod option {
    use super::{Deserialize, Deserializer, Duration, Serializer, whole};

    /// Writes whole microseconds or `null`.
    pub fn serialize<S: Serializer>(value: &Option<Duration>, out: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(duration) => out.serialize_some(&whole(*duration)),
            None => out.serialize_none(),
        }
    }

    /// Reads whole microseconds or `null`.
    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(input)?.map(Duration::from_micros))
    }
}
