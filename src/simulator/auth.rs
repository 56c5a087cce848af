//! Auth: whether a request carries what AWS asks for before it looks at anything else; the secret stays unchecked.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, header};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::simulator::problem::Problem;

/// How far a signature's time may be off (source: AWS general reference on Signature Version 4).
const TOLERANCE: Duration = Duration::from_mins(5);
/// The region of requests whose signature names none: those with a bearer token.
const DEFAULT_REGION: &str = "us-east-1";
/// How a signature's time is written.
const STAMP: &str = "%Y%m%dT%H%M%SZ";

/// Which service a request is for; it is signed for that one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    /// Bedrock and its runtime.
    Bedrock,
    /// Service Quotas.
    Quotas,
    /// CloudWatch.
    Metrics,
}

impl Service {
    fn signing_name(self) -> &'static str {
        match self {
            Self::Bedrock => "bedrock",
            Self::Quotas => "servicequotas",
            Self::Metrics => "monitoring",
        }
    }
}

/// Refuses a request that no AWS service would look at. The signature's own value is not verified, as no secret is known
/// here; all around it is. Its time is held against the wall clock, with which clients sign, and not against the
/// account's clock, which a test may set to any time.
pub(super) fn check(service: Service, headers: &HeaderMap, wall: SystemTime) -> Result<(), Problem> {
    let authorization = match headers.get(header::AUTHORIZATION).map(|value| value.to_str()) {
        None => return Err(missing()),
        Some(text) => text.map_err(|_| incomplete("The Authorization header is not readable."))?.trim(),
    };
    match authorization.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => bearer(service, token.trim()),
        Some(("AWS4-HMAC-SHA256", signature)) => signed(service, signature, headers, wall),
        _ if authorization.is_empty() || authorization.eq_ignore_ascii_case("bearer") => Err(missing()),
        _ => Err(incomplete("Authorization header requires 'AWS4-HMAC-SHA256' or 'Bearer'.")),
    }
}

/// The region that a request was signed for.
pub(super) fn region(headers: &HeaderMap) -> &str {
    let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let scope = authorization.split_once("Credential=").and_then(|(_, scope)| scope.split('/').nth(2));
    scope.filter(|region| !region.is_empty()).unwrap_or(DEFAULT_REGION)
}

/// Bedrock's API keys open Bedrock alone (source: facts on authentication).
fn bearer(service: Service, token: &str) -> Result<(), Problem> {
    if token.is_empty() {
        return Err(missing());
    }
    match service {
        Service::Bedrock => Ok(()),
        Service::Quotas | Service::Metrics => Err(Problem::new(
            403,
            "AccessDeniedException",
            "Bearer token authentication is not supported by this service: a Bedrock API key opens Amazon Bedrock alone.",
        )),
    }
}

fn signed(service: Service, signature: &str, headers: &HeaderMap, wall: SystemTime) -> Result<(), Problem> {
    let part = |name: &str| {
        let parts = signature.split(',').filter_map(|part| part.trim().split_once('='));
        let mut values = parts.filter(|(key, _)| *key == name).map(|(_, value)| value);
        values
            .next()
            .filter(|value| !value.is_empty())
            .ok_or_else(|| incomplete(&format!("Authorization header requires '{name}' parameter.")))
    };
    let (credential, names, seal) = (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
    let &[key, day, region, service_name, end] = credential.split('/').collect::<Vec<_>>().as_slice() else {
        return Err(incomplete("Credential must have exactly 5 slash-delimited elements."));
    };
    if key.is_empty() || region.is_empty() {
        return Err(incomplete("Credential must have exactly 5 slash-delimited elements."));
    }
    if seal.len() != 64 || !seal.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(incomplete("Signature must be 64 hexadecimal digits."));
    }
    if !names.split(';').any(|name| name == "host") {
        return Err(invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."));
    }
    let expected = service.signing_name();
    if service_name != expected {
        return Err(invalid(&format!("Credential should be scoped to correct service: '{expected}'.")));
    }
    if end != "aws4_request" {
        return Err(invalid("Credential should be scoped with a valid terminator: 'aws4_request'."));
    }
    let stamp = headers.get("x-amz-date").and_then(|value| value.to_str().ok());
    let stamp =
        stamp.ok_or_else(|| incomplete("Authorization header requires existence of an 'X-Amz-Date' header."))?;
    if !stamp.starts_with(day) || day.len() != 8 {
        return Err(invalid(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.",
        ));
    }
    in_time(stamp, wall)
}

fn in_time(stamp: &str, wall: SystemTime) -> Result<(), Problem> {
    let unreadable = || incomplete("Date must be in ISO-8601 'basic format'.");
    let at = DateTime::strptime(STAMP, stamp).and_then(|at| at.to_zoned(TimeZone::UTC)).map_err(|_| unreadable())?;
    let at = Duration::from_secs(u64::try_from(at.timestamp().as_second()).map_err(|_| unreadable())?);
    let now = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
    if at + TOLERANCE < now {
        let (earliest, now) = (written(now.saturating_sub(TOLERANCE)), written(now));
        return Err(invalid(&format!("Signature expired: {stamp} is now earlier than {earliest} ({now} - 5 min.)")));
    }
    if now + TOLERANCE < at {
        let (latest, now) = (written(now + TOLERANCE), written(now));
        return Err(invalid(&format!(
            "Signature not yet current: {stamp} is still later than {latest} ({now} + 5 min.)"
        )));
    }
    Ok(())
}

fn written(at: Duration) -> String {
    let at = i64::try_from(at.as_secs()).ok().and_then(|second| jiff::Timestamp::from_second(second).ok());
    at.map_or_else(String::new, |at| at.strftime(STAMP).to_string())
}

fn missing() -> Problem {
    Problem::new(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
}

fn incomplete(message: &str) -> Problem {
    Problem::new(403, "IncompleteSignatureException", message)
}

fn invalid(message: &str) -> Problem {
    Problem::new(403, "InvalidSignatureException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23, noon.
    const NOON: Duration = Duration::from_hours(498_732);
    const SEAL: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn checked(service: Service, authorization: &str, date: &str) -> Result<(), (&'static str, String)> {
        let mut headers = HeaderMap::new();
        for (name, value) in [("authorization", authorization), ("x-amz-date", date)] {
            if !value.is_empty() {
                headers.insert(name, value.parse().expect("a header"));
            }
        }
        check(service, &headers, UNIX_EPOCH + NOON).map_err(|problem| {
            assert_eq!(problem.status, 403);
            (problem.code, problem.message)
        })
    }

    fn credential(scope: &str) -> String {
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={SEAL}")
    }

    #[test]
    fn what_clients_sign_is_let_in() {
        let bedrock = credential("AKID/20261123/eu-west-1/bedrock/aws4_request");
        let quotas = credential("AKID/20261123/eu-west-1/servicequotas/aws4_request");
        for date in ["20261123T120000Z", "20261123T115500Z", "20261123T120500Z"] {
            assert_eq!(checked(Service::Bedrock, &bedrock, date), Ok(()), "{date}");
            assert_eq!(checked(Service::Quotas, &quotas, date), Ok(()), "{date}");
        }
        // Without blanks, as some clients write it.
        assert_eq!(checked(Service::Bedrock, &bedrock.replace(", ", ","), "20261123T120000Z"), Ok(()));
        assert_eq!(checked(Service::Bedrock, "Bearer abc", ""), Ok(()));
    }

    #[test]
    fn what_is_not_signed_rightly_is_not() {
        const NOW: &str = "20261123T120000Z";
        const MISSING: &str = "MissingAuthenticationTokenException";
        const INCOMPLETE: &str = "IncompleteSignatureException";
        const INVALID: &str = "InvalidSignatureException";
        let good = credential("AKID/20261123/eu-west-1/bedrock/aws4_request");
        let quotas = credential("AKID/20261123/eu-west-1/servicequotas/aws4_request");
        for (authorization, date, code, says) in [
            (String::new(), NOW, MISSING, "Missing Authentication Token"),
            ("Bearer ".into(), NOW, MISSING, "Missing"),
            ("Basic abc".into(), NOW, INCOMPLETE, "requires"),
            ("AWS4-HMAC-SHA256 Credential=AKID".into(), NOW, INCOMPLETE, "'SignedHeaders'"),
            (good.replace("Signature=", "Seal="), NOW, INCOMPLETE, "'Signature'"),
            (good.replace("cdef,", ""), "", INCOMPLETE, "'X-Amz-Date'"),
            (good.replace(SEAL, "abc"), NOW, INCOMPLETE, "64"),
            (good.replace("AKID/", ""), NOW, INCOMPLETE, "5 slash-delimited"),
            (good.replace("host;", ""), NOW, INVALID, "'Host'"),
            (quotas, NOW, INVALID, "correct service: 'bedrock'"),
            (good.replace("aws4_request", "aws5"), NOW, INVALID, "terminator"),
            (good.clone(), "20261124T120000Z", INVALID, "Date in Credential scope"),
            (good.clone(), "20261123", INCOMPLETE, "ISO-8601"),
            (
                good.clone(),
                "20261123T115459Z",
                INVALID,
                "Signature expired: 20261123T115459Z is now earlier than 20261123T115500Z (20261123T120000Z - 5 min.)",
            ),
            (
                good,
                "20261123T120501Z",
                INVALID,
                "Signature not yet current: 20261123T120501Z is still later than 20261123T120500Z (20261123T120000Z + 5 min.)",
            ),
        ] {
            let (seen, message) = checked(Service::Bedrock, &authorization, date).expect_err(&authorization);
            assert_eq!(seen, code, "{authorization} {date}: {message}");
            assert!(message.contains(says), "{message}");
        }
        let (code, _) = checked(Service::Quotas, "Bearer abc", NOW).expect_err("a key");
        assert_eq!(code, "AccessDeniedException");
    }
}
