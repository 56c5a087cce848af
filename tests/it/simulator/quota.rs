//! The quota: reserve, settle, three rules of refilling, neighbours, and what is charged when nobody listens any more.

use std::time::Duration;

use quotient::simulator::Simulator;
use quotient::simulator::scenario::Scenario;
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use super::client::{EPOCH, Frames, SONNET, TEXT, ask, call, converse, simulator};

const REQUESTS: (u16, &str, &str) = (429, "ThrottlingException", "Too many requests, please wait before trying again.");
const TOKENS: (u16, &str, &str) = (429, "ThrottlingException", "Too many tokens, please wait before trying again.");
const DAY: (u16, &str, &str) =
    (429, "ThrottlingException", "Too many tokens per day, please wait before trying again.");

/// A scenario in which Sonnet has this quota and answers at once.
fn limited(top: &str, quota: &str) -> String {
    format!(
        "{top}\n[[quota]]\nmodel = \"{SONNET}\"\n{quota}\n[[tempo]]\nmodel = \"*\"\nttft_ms = 1.0\nsigma = 0.0\n\
         tokens_per_second = 1e6"
    )
}

async fn statuses(simulator: &Simulator, n: usize) -> Vec<u16> {
    let mut seen = Vec::new();
    for _ in 0..n {
        seen.push(converse(&simulator.router(), &ask(TEXT, 64)).await.status.as_u16());
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn requests_a_minute_come_back_by_the_scenarios_rule() {
    // (rule, seconds after the first → how many of four are admitted)
    for (rule, later) in
        [("rolling", [(30.5, 0), (61.0, 3)]), ("continuous", [(20.5, 1), (81.0, 3)]), ("clock", [(30.5, 3), (45.0, 0)])]
    {
        let scenario = Scenario::parse(&limited(&format!("refill = \"{rule}\""), "rpm = 3")).unwrap();
        // Half a minute into a minute.
        let simulator = Simulator::starting_at(scenario, 7, EPOCH + Duration::from_secs(30));
        let start = Instant::now();
        assert_eq!(statuses(&simulator, 4).await, [200, 200, 200, 429], "{rule}");
        for (seconds, admitted) in later {
            sleep_until(start + Duration::from_secs_f64(seconds)).await;
            let seen = statuses(&simulator, 4).await;
            assert_eq!(seen.iter().filter(|status| **status == 200).count(), admitted, "{rule} at {seconds}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_which_limit_it_was() {
    for (quota, says) in [("rpm = 0", REQUESTS), ("rpm = \"none\"\ntpm = 100", TOKENS), ("tpd = 100", DAY)] {
        let simulator = simulator(&limited("", quota));
        let reply = converse(&simulator.router(), &ask(TEXT, 512)).await;
        assert_eq!(reply.problem(), says);
        assert_eq!(reply.header("retry-after"), "", "Bedrock sends none");
        let counts = simulator.counts()[SONNET];
        assert_eq!((counts.ok, counts.throttled, counts.settled_tokens), (0, 1, 0));
    }
    let account = simulator("tokens_per_day = 100");
    assert_eq!(converse(&account.router(), &ask(TEXT, 512)).await.problem(), DAY);
}

#[tokio::test(start_paused = true)]
async fn a_reservation_is_held_until_the_end_and_then_replaced_by_what_was_taken() {
    // Room for one reservation of about 560 and a bit, while an answer takes 5 quota tokens for each of its few tokens.
    let simulator = simulator(&format!("[[quota]]\nmodel = \"{SONNET}\"\ntpm = 1000\nrpm = \"none\""));
    let router = simulator.router();
    let mut frames = Frames::open(&router, SONNET, "converse-stream", &ask(TEXT, 512)).await;
    frames.next().await.unwrap();
    assert_eq!(converse(&router, &ask(TEXT, 512)).await.problem(), TOKENS, "two reservations do not fit");
    while frames.next().await.unwrap().is_some() {}
    let counts = simulator.counts()[SONNET];
    assert_eq!(counts.settled_tokens, counts.input_tokens + 5 * counts.output_tokens);
    assert_eq!(counts.peak_tokens as u64, (counts.input_tokens + 512).max(counts.settled_tokens));
    let room = 1_000 - counts.settled_tokens;
    let most = u32::try_from(room - counts.input_tokens).unwrap();
    assert_eq!(converse(&router, &ask(TEXT, most + 1)).await.problem(), TOKENS, "one token too many");
    assert_eq!(converse(&router, &ask(TEXT, most)).await.status, 200, "what was given back is there again");
}

const NOVA_PRO: &str = "amazon.nova-pro-v1:0";

#[tokio::test(start_paused = true)]
async fn latency_optimised_inference_has_a_quota_of_its_own_and_falls_back() {
    // AWS's row allows 10 requests a minute of Nova Pro; the standard quota here allows 3.
    let standard = format!("[[quota]]\nmodel = \"{NOVA_PRO}\"\nrpm = 3\n[[tempo]]\nmodel = \"*\"\nttft_ms = 1.0");
    let simulator = simulator(&standard);
    let mut body = ask(TEXT, 64);
    body["performanceConfig"] = serde_json::json!({ "latency": "optimized" });
    let mut seen = Vec::new();
    for _ in 0..14 {
        let reply = call(&simulator.router(), NOVA_PRO, "converse", &body).await;
        seen.push(reply.body["performanceConfig"]["latency"].as_str().unwrap_or("throttled").to_owned());
    }
    assert_eq!(seen[..10], vec!["optimized"; 10]);
    assert_eq!(seen[10..], ["standard", "standard", "standard", "throttled"]);
    // A profile draws on the same rows; a native call says its latency in headers.
    let path = format!("/model/us.{}/invoke", NOVA_PRO.replace(':', "%3A"));
    let native = serde_json::json!({ "messages": [{ "role": "user", "content": [{ "text": TEXT }] }] });
    let asked = [("x-amzn-bedrock-performanceconfig-latency", "optimized")];
    let reply = super::client::send(&simulator.router(), &path, &asked, native.to_string()).await;
    assert_eq!(reply.headers()["x-amzn-bedrock-performanceconfig-latency"], "standard");
    // A model without it is answered as ever, and says so.
    let plain = converse(&simulator.router(), &body).await;
    assert_eq!(plain.body["performanceConfig"]["latency"], "standard");
    assert!(converse(&simulator.router(), &ask(TEXT, 64)).await.body.get("performanceConfig").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_quota_of_zero_has_each_models_own_words() {
    let sonnet = "us.anthropic.claude-sonnet-5";
    let newer = simulator("[[quota]]\nmodel = \"anthropic.claude-sonnet-5\"\ntpm = 0");
    let reply = call(&newer.router(), sonnet, "converse", &ask(TEXT, 64)).await;
    assert_eq!((reply.problem().0, reply.problem().1), (403, "AccessDeniedException"));
    assert!(reply.problem().2.contains("not available for this account"), "{:?}", reply.problem());
    let nova = simulator(&format!("[[quota]]\nmodel = \"{NOVA_PRO}\"\ntpd = 0"));
    assert_eq!(call(&nova.router(), NOVA_PRO, "converse", &ask(TEXT, 64)).await.problem(), DAY);
}

#[tokio::test(start_paused = true)]
async fn without_max_tokens_the_models_maximum_is_reserved() {
    // The price table lists 4,096 output tokens as the most of Claude 3 Sonnet.
    let simulator = simulator(&limited("", "tpm = 4096"));
    let mut body = ask(TEXT, 1);
    body["inferenceConfig"] = Value::Object(serde_json::Map::new());
    assert_eq!(converse(&simulator.router(), &body).await.problem(), TOKENS);
    assert_eq!(converse(&simulator.router(), &ask(TEXT, 512)).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn rejected_requests_count_only_where_the_scenario_says_so() {
    for (top, after_a_minute) in [("", 200), ("rejected_count = true", 429)] {
        let simulator = simulator(&limited(top, "rpm = 2"));
        let start = Instant::now();
        assert_eq!(statuses(&simulator, 2).await, [200, 200]);
        sleep_until(start + Duration::from_secs(40)).await;
        assert_eq!(statuses(&simulator, 2).await, [429, 429]);
        sleep_until(start + Duration::from_secs(61)).await;
        assert_eq!(statuses(&simulator, 1).await, [after_a_minute], "{top}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_truth_and_neighbours_may_leave_less_than_what_is_listed() {
    let truth = simulator(&limited("", "rpm = 10\ntrue_rpm = 2"));
    assert_eq!(statuses(&truth, 3).await, [200, 200, 429]);
    let share = limited("", "rpm = 10").replace("[[tempo]]", "[neighbours]\nshare = 0.9\n[[tempo]]");
    assert_eq!(statuses(&simulator(&share), 2).await, [200, 429]);
}

#[tokio::test(start_paused = true)]
async fn profiles_draw_on_quotas_of_their_own_and_regions_too() {
    let scenario = limited("", "scope = \"on-demand\"\nrpm = 1");
    let simulator = simulator(&scenario);
    assert_eq!(statuses(&simulator, 2).await, [200, 429]);
    let profile = call(&simulator.router(), &format!("us.{SONNET}"), "converse", &ask(TEXT, 64)).await;
    assert_eq!(profile.status, 200);
    let path = format!("/model/{}/converse", SONNET.replace(':', "%3A"));
    let signed = super::client::signed("eu-west-1", "bedrock");
    let signed: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let elsewhere = super::client::send(&simulator.router(), &path, &signed, ask(TEXT, 64).to_string()).await;
    assert_eq!(elsewhere.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_is_charged_for_what_was_generated() {
    let simulator = simulator("");
    let router = simulator.router();
    let whole = converse(&router, &ask("First. Second sentence. Third.", 512)).await;
    let input = whole.usage().0;
    let settled = simulator.counts()[SONNET].settled_tokens;
    let mut frames =
        Frames::open(&router, SONNET, "converse-stream", &ask("First. Second sentence. Third.", 512)).await;
    for _ in 0..4 {
        assert!(frames.next().await.unwrap().is_some());
    }
    drop(frames);
    let counts = simulator.counts()[SONNET];
    let charged = counts.settled_tokens - settled;
    assert_eq!((counts.ok, counts.failed), (1, 1));
    // Three chunks of one to eight tokens, at five quota tokens each.
    assert_eq!((charged - input) % 5, 0);
    assert!((15..=120).contains(&(charged - input)), "{charged}");
    // One that never saw any of it pays for its input, and its answer is generated no further.
    let waiting = tokio::time::timeout(Duration::from_millis(50), converse(&router, &ask(TEXT, 512))).await;
    assert!(waiting.is_err());
    sleep(Duration::from_mins(1)).await;
    assert_eq!(simulator.counts()[SONNET].failed, 2);
}
