//! Service: the tiers and latencies that a request may ask for (source: botocore's service model, facts on scopes).

use crate::simulator::problem::Problem;

/// Tiers of `serviceTier` and of the header `X-Amzn-Bedrock-Service-Tier`.
const TIERS: [&str; 4] = ["priority", "default", "flex", "reserved"];
/// Latencies of `performanceConfig` and of the header `X-Amzn-Bedrock-PerformanceConfig-Latency`.
const LATENCIES: [&str; 2] = ["standard", "optimized"];

/// Refuses a tier or a latency that does not exist.
pub(super) fn check(tier: Option<&str>, latency: Option<&str>) -> Result<(), Problem> {
    for (word, place, words) in
        [(tier, "serviceTier.type", &TIERS[..]), (latency, "performanceConfig.latency", &LATENCIES[..])]
    {
        if let Some(word) = word.filter(|word| !words.contains(word)) {
            let rule = format!("satisfy enum value set: [{}]", words.join(", "));
            return Err(Problem::constraint(word, place, &rule));
        }
    }
    Ok(())
}
