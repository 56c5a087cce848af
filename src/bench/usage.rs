//! Tokens of one invocation: input, output, cache read, cache write, and where the count came from.

use serde::{Deserialize, Serialize};

/// Who counted the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageSource {
    /// The service said so: usage of the reply, response headers or the last stream chunk.
    Reported,
    /// `CountTokens` said so.
    Counted,
    /// Estimated from the length of the text; shown with an `est` mark everywhere.
    Estimated,
}

/// Tokens of one invocation, as one source counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Input tokens that were neither read from nor written to a prompt cache.
    pub input: u64,
    /// Output tokens, reasoning included.
    pub output: u64,
    /// Input tokens read from a prompt cache.
    #[serde(default)]
    pub cache_read: u64,
    /// Input tokens written to a prompt cache.
    #[serde(default)]
    pub cache_write: u64,
    /// Who counted.
    pub source: UsageSource,
}

impl Usage {
    /// Usage that the service reported, without a prompt cache.
    pub fn reported(input: u64, output: u64) -> Self {
        Self { input, output, cache_read: 0, cache_write: 0, source: UsageSource::Reported }
    }

    /// Usage that was estimated from text lengths.
    pub fn estimated(input: u64, output: u64) -> Self {
        Self { source: UsageSource::Estimated, ..Self::reported(input, output) }
    }

    /// Every token that was processed.
    pub fn total(&self) -> u64 {
        self.input + self.output + self.cache_read + self.cache_write
    }

    /// Quota tokens when the invocation is settled: input + cache write + burndown × output
    /// (source: Bedrock user guide, `quotas-token-burndown`). Cache reads are free.
    pub fn settled(&self, burndown: u32) -> u64 {
        self.input + self.cache_write + u64::from(burndown) * self.output
    }

    /// Quota tokens that the service reserves at admission: input + cache write + `max_tokens`
    /// (same source; the output is not multiplied here). Cache reads are added because the two
    /// public descriptions disagree, and reserving them is the cautious reading.
    pub fn reserved(&self, max_tokens: u64) -> u64 {
        self.input + self.cache_write + self.cache_read + max_tokens
    }
}

/// Tokens for a number of UTF-8 bytes, before anything has been measured: 4 bytes a token.
pub fn rough_tokens(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_guides_worked_examples() {
        let usage =
            Usage { input: 3000, output: 1000, cache_read: 4000, cache_write: 1000, source: UsageSource::Reported };
        assert_eq!(usage.settled(5), 9_000);
        assert_eq!(usage.reserved(32_000) - usage.cache_read, 36_000);
        assert_eq!(usage.reserved(1_250) - usage.cache_read, 5_250);
        assert_eq!(Usage::reported(1000, 100).settled(5), 1_500);
    }
}
