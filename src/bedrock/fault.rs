//! Faults: what an SDK error means, by the exception's type first, its words second, its status last.

use std::error::Error;
use std::sync::LazyLock;
use std::{fmt, io};

use aws_credential_types::provider::error::{CredentialsError, TokenError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::event_stream::RawMessage;
use regex::Regex;

pub use crate::bedrock::exceptions::Exception;
use crate::bedrock::exceptions::{KINDS, RULES, Rule};
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::model::ModelId;

/// Where calls go: what a message names when it says what to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The AWS region.
    pub region: String,
    /// The AWS profile, if one was named.
    pub profile: Option<String>,
    /// The endpoint, if it is not AWS's own; without user and password.
    pub endpoint: Option<String>,
    /// Whether a Bedrock API key (bearer token) stands in the environment: it cannot read quotas.
    pub bearer: bool,
}

/// What came back with an error: an HTTP response, or a frame of an event stream.
pub trait Answer: fmt::Debug + 'static {
    /// The HTTP status; a frame has none.
    fn status(&self) -> Option<u16>;
    /// The exception's name where the SDK has no type for it.
    fn exception(&self) -> Option<String>;
}

impl Answer for HttpResponse {
    fn status(&self) -> Option<u16> {
        Some(HttpResponse::status(self).as_u16())
    }

    fn exception(&self) -> Option<String> {
        self.headers().get("x-amzn-errortype").map(str::to_owned)
    }
}

impl Answer for RawMessage {
    fn status(&self) -> Option<u16> {
        None
    }

    fn exception(&self) -> Option<String> {
        let RawMessage::Decoded(message) = self else { return None };
        let named = |wanted: &str| message.headers().iter().find(|header| header.name().as_str() == wanted);
        let header = named(":exception-type").or_else(|| named(":error-code"))?;
        header.value().as_string().ok().map(|name| name.as_str().to_owned())
    }
}

/// Classifies an SDK error of any operation, or of an event stream. The message keeps the service's own words and
/// adds one sentence that says what to do, where there is something to do. It holds no credentials.
pub fn of_sdk_error<E, R>(error: &SdkError<E, R>, place: &Place, model: Option<&ModelId>) -> Fault
where
    E: Exception,
    R: Answer,
{
    let (name, words, kind) = match error {
        SdkError::ServiceError(service) => of_service(service.err(), service.raw()),
        SdkError::ResponseError(response) => {
            let kind = response.raw().status().and_then(of_status).unwrap_or(FaultKind::StreamBroken);
            (None, unreadable(error), kind)
        }
        SdkError::TimeoutError(_) => (None, "The call timed out".to_owned(), FaultKind::TimedOut),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            (None, "No connection in time".to_owned(), FaultKind::TimedOut)
        }
        _ => (None, chain(error), of_local(error)),
    };
    let answered = matches!(error, SdkError::ServiceError(_) | SdkError::ResponseError(_));
    advise(name, &words, kind, answered, place, model)
}

/// Classifies why no credentials could be had, before anything was sent.
pub(super) fn of_credentials(error: &CredentialsError, place: &Place) -> Fault {
    advise(None, &chain(error), FaultKind::Denied, false, place, None)
}

fn of_service<E: Exception, R: Answer>(error: &E, raw: &R) -> (Option<String>, String, FaultKind) {
    let status = raw.status();
    let typed = error.exception().map(str::to_owned);
    let name =
        typed.or_else(|| error.meta().code().map(plain_name)).or_else(|| raw.exception().map(|n| plain_name(&n)));
    let known = name.as_deref().and_then(|name| KINDS.iter().find(|(known, _)| *known == name)).map(|(_, kind)| *kind);
    let kind = known.or_else(|| status.and_then(of_status)).unwrap_or(FaultKind::Other);
    let words = match (error.meta().message(), status) {
        (Some(message), _) if !message.trim().is_empty() => message.to_owned(),
        (_, Some(200..=299)) => unreadable(error),
        (_, Some(status)) => format!("HTTP {status} without a message"),
        (_, None) => "The stream carried an error without a message".to_owned(),
    };
    (name, words, kind)
}

fn unreadable(error: &(dyn Error + 'static)) -> String {
    format!("The answer could not be read: {}", chain(error))
}

/// `throttlingException`, `com.amazonaws#ThrottlingException`, `ThrottlingException:http://…` → `ThrottlingException`.
fn plain_name(code: &str) -> String {
    let code = code.split(':').next().unwrap_or(code);
    let code = code.rsplit('#').next().unwrap_or(code).trim();
    let mut letters = code.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

fn of_status(status: u16) -> Option<FaultKind> {
    Some(match status {
        408 => FaultKind::TimedOut,
        429 => FaultKind::Throttled,
        401 | 403 | 407 => FaultKind::Denied,
        404 | 410 => FaultKind::NotFound,
        424 | 500.. => FaultKind::Unavailable,
        400..=499 => FaultKind::Invalid,
        // It was meant as an answer, and is none.
        200..=299 => FaultKind::StreamBroken,
        _ => return None,
    })
}

/// What kind an error is that no answer came with.
fn of_local<E: Exception, R: Answer>(error: &SdkError<E, R>) -> FaultKind {
    let refused = |cause: &(dyn Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused)
            || cause.to_string().starts_with("dns error")
    };
    if causes(error).any(|cause| cause.is::<CredentialsError>() || cause.is::<TokenError>()) {
        FaultKind::Denied
    } else if causes(error).any(refused) {
        FaultKind::Unavailable
    } else {
        match error {
            SdkError::DispatchFailure(failure) if failure.is_io() => FaultKind::StreamBroken,
            SdkError::ConstructionFailure(_) => FaultKind::Invalid,
            _ => FaultKind::Other,
        }
    }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let cause = next?;
        next = cause.source();
        Some(cause)
    })
}

/// What an error and its causes say, each thing once, without the SDK's words for where in the SDK it happened.
fn chain(error: &(dyn Error + 'static)) -> String {
    const NOISE: [&str; 6] =
        ["dispatch failure", "construction failure", "response error", "service error", "io error", "other"];
    let mut said: Vec<String> = Vec::new();
    for cause in causes(error) {
        let words = cause.to_string();
        if !NOISE.contains(&words.as_str()) && !said.iter().any(|before| before.contains(&words)) {
            said.push(words);
        }
    }
    said.join(": ")
}

fn advise(
    code: Option<String>,
    words: &str,
    kind: FaultKind,
    answered: bool,
    place: &Place,
    model: Option<&ModelId>,
) -> Fault {
    let said = format!("{} {words}", code.as_deref().unwrap_or_default()).to_lowercase();
    let rule = RULES.iter().find(|rule| rule.applies(kind, &said, answered, place));
    let words = without_secrets(words);
    let message = match rule {
        Some(rule) if rule.alone => filled(rule, place, model),
        Some(rule) => format!("{}. {}", words.trim_end_matches(['.', ' ']), filled(rule, place, model)),
        None => words,
    };
    Fault {
        kind: rule.and_then(|rule| rule.becomes).unwrap_or(kind),
        message,
        code,
        hopeless: rule.is_some_and(|rule| rule.hopeless),
    }
}

/// The rule's sentence with its placeholders filled.
fn filled(rule: &Rule, place: &Place, model: Option<&ModelId>) -> String {
    let login = place.profile.as_ref().map(|name| format!(" --profile {name}")).unwrap_or_default();
    let endpoint = place.endpoint.clone().unwrap_or_else(|| format!("AWS in {}", place.region));
    rule.advice
        .replace("{login}", &format!("aws sso login{login}"))
        .replace("{profile}", place.profile.as_deref().unwrap_or("default"))
        .replace("{region}", &place.region)
        .replace("{endpoint}", &endpoint)
        .replace("{profile_id}", &profile_id(model, &place.region))
}

/// A profile's name as an example: of the geography, where that is sure, otherwise the global one
/// (source: Bedrock user guide, `inference-profiles-support`). Not every model has it.
fn profile_id(model: Option<&ModelId>, region: &str) -> String {
    const GEOGRAPHIES: [(&str, &str); 3] = [("us-gov-", "us-gov"), ("us-", "us"), ("eu-", "eu")];
    let prefix = GEOGRAPHIES.iter().find(|(start, _)| region.starts_with(start)).map_or("global", |(_, prefix)| prefix);
    format!("{prefix}.{}", model.map_or("<model id>", ModelId::base))
}

/// Cuts out what may not be repeated: user and password of a URL, tokens, signatures, and the canonical request that
/// a signature error quotes (it holds the session token). Bounds the length, since a proxy may answer with a page.
fn without_secrets(words: &str) -> String {
    const LONGEST: usize = 1_000;
    static SECRETS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        [
            r"(?is)\s*the canonical string for this request.*",
            r"(?i)(?:x-amz-)?security-token[=:]\s*\S+",
            r"(?i)bearer\s+[a-z0-9._~+/=-]{16,}",
            r"\bABSK[A-Za-z0-9+/=]+",
            r"\bbedrock-api-key-[A-Za-z0-9+/=_-]+",
            r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}",
            r"(?i)(?:x-amz-)?signature=\S+",
        ]
        .into_iter()
        .filter_map(|pattern| Regex::new(pattern).ok())
        .collect()
    });
    static USERINFO: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"://[^/@\s]*@").ok());
    let mut words = words.to_owned();
    if let Some(userinfo) = USERINFO.as_ref() {
        words = userinfo.replace_all(&words, "://").into_owned();
    }
    for secret in SECRETS.iter() {
        words = secret.replace_all(&words, "[withheld]").into_owned();
    }
    if words.chars().count() > LONGEST {
        words = words.chars().take(LONGEST).chain(['…']).collect();
    }
    words
}

#[cfg(test)]
mod tests {
    use aws_sdk_bedrockruntime::operation::converse::ConverseError;
    use aws_smithy_runtime_api::client::result::ConnectorError;

    use super::*;

    fn place() -> Place {
        Place { region: "eu-central-1".into(), profile: Some("work".into()), ..Place::default() }
    }

    fn advised(code: &str, words: &str, kind: FaultKind) -> Fault {
        let model = ModelId::parse("anthropic.claude-haiku-4-5-20251001-v1:0");
        advise(Some(code.into()), words, kind, true, &place(), Some(&model))
    }

    #[test]
    fn names_are_freed_of_their_wrapping() {
        for raw in [
            "throttlingException",
            "ThrottlingException",
            "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/",
            "com.amazonaws.bedrock#ThrottlingException",
        ] {
            assert_eq!(plain_name(raw), "ThrottlingException", "{raw}");
        }
    }

    #[test]
    fn a_daily_quota_is_hopeless_and_a_minutes_quota_is_not() {
        let minute = "Too many tokens, please wait before trying again.";
        let day = "Too many tokens per day, please wait before trying again.";
        let fault = advised("ThrottlingException", minute, FaultKind::Throttled);
        assert!(fault.retryable() && fault.message == minute);
        let fault = advised("ThrottlingException", day, FaultKind::Throttled);
        assert!(!fault.retryable() && fault.kind == FaultKind::Throttled);
        assert!(fault.message.starts_with("Too many tokens per day, please wait"), "{}", fault.message);
    }

    /// Exception, message, the kind that its type or status gives → the kind that it is, and a word of the advice.
    type Refusal = (&'static str, &'static str, FaultKind, FaultKind, &'static str);

    #[test]
    fn each_known_refusal_says_what_to_do() {
        use FaultKind::{Denied, Invalid, NotFound, NotReady, Throttled, Unavailable};
        const REFUSALS: &[Refusal] = &[
            (
                "ValidationException",
                "Invocation of model ID anthropic.claude-haiku-4-5-20251001-v1:0 with on-demand throughput isn’t \
                 supported. Retry your request with the ID or ARN of an inference profile that contains this model.",
                Invalid,
                Invalid,
                "such as `eu.anthropic.claude-haiku-4-5-20251001-v1:0`; `quotient models` lists",
            ),
            ("ThrottlingException", "Too many tokens per day, please wait.", Throttled, Throttled, "is zero"),
            ("ServiceQuotaExceededException", "Too many models.", Invalid, Invalid, "raise this quota"),
            ("AccessDeniedException", "You don't have access to the model.", Denied, Denied, "console of eu-central-1"),
            (
                "AccessDeniedException",
                "anthropic.claude-opus-5 is not available for this account.",
                Denied,
                Denied,
                "quota of zero",
            ),
            (
                "AccessDeniedException",
                "User: arn:aws:iam::123456789012:user/x is not authorized to perform: bedrock:InvokeModel",
                Denied,
                Denied,
                "quotient doctor",
            ),
            (
                "AccessDeniedException",
                "User: arn:aws:iam::123456789012:user/x is not authorized to perform: bedrock:InvokeModel on resource: \
                 arn:aws:bedrock:::foundation-model/x with an explicit deny in a service control policy",
                Denied,
                Denied,
                "organisation",
            ),
            (
                "AccessDeniedException",
                "Model access is denied due to IAM user or service role is not authorized to perform the required AWS \
                 Marketplace actions (aws-marketplace:ViewSubscriptions, aws-marketplace:Subscribe)",
                Denied,
                Denied,
                "Allow aws-marketplace:Subscribe",
            ),
            (
                "AccessDeniedException",
                "Model access is denied due to INVALID_PAYMENT_INSTRUMENT: A valid payment instrument must be provided",
                Denied,
                Denied,
                "Billing",
            ),
            ("AccessDeniedException", "Authentication failed: your API Key is not valid", Denied, Denied, "Renew"),
            ("MPAgreementBeingCreated", "Your agreement is being created.", Denied, NotReady, "minutes"),
            ("FTUFormNotFilled", "No.", NotFound, Denied, "use-case form"),
            (
                "ResourceNotFoundException",
                "Model use case details have not been submitted for this account.",
                NotFound,
                Denied,
                "use-case form",
            ),
            (
                "ResourceNotFoundException",
                "This model has reached the end of its life.",
                NotFound,
                NotFound,
                "successor",
            ),
            (
                "ResourceNotFoundException",
                "Access denied. This Model is marked by provider as Legacy.",
                NotFound,
                NotFound,
                "successor",
            ),
            (
                "ResourceNotFoundException",
                "Could not resolve the foundation model from the provided model identifier.",
                NotFound,
                NotFound,
                "eu-central-1",
            ),
            ("NoSuchResourceException", "It does not exist.", NotFound, NotFound, "no such quota"),
            ("UnknownOperationException", "Unknown.", NotFound, NotFound, "does not offer"),
            ("ValidationException", "The provided model identifier is invalid.", Invalid, Invalid, "quotient models"),
            (
                "ValidationException",
                "The maximum tokens you requested exceeds the model limit of 8192.",
                Invalid,
                Invalid,
                "Lower max_tokens",
            ),
            ("ValidationException", "Input is too long for requested model.", Invalid, Invalid, "Shorten"),
            (
                "ExpiredTokenException",
                "The security token included in the request is expired",
                Denied,
                Denied,
                "aws sso login --profile work",
            ),
            (
                "InvalidSignatureException",
                "Signature not yet current: 20261123T200000Z is still later than 20261123T190000Z",
                Denied,
                Denied,
                "Set this machine's clock",
            ),
            ("RequestTimeTooSkewed", "No.", Denied, Denied, "Set this machine's clock"),
            (
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided.",
                Denied,
                Denied,
                "secret access key",
            ),
            (
                "InvalidSignatureException",
                "Credential should be scoped to a valid region.",
                Denied,
                Denied,
                "check --region",
            ),
            ("MissingAuthenticationTokenException", "Missing Authentication Token", Denied, Denied, "no proxy changes"),
            ("IncompleteSignatureException", "'x' not a valid key=value pair", Denied, Denied, "no proxy changes"),
            (
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
                Denied,
                Denied,
                "does not know them",
            ),
            (
                "ModelNotReadyException",
                "The model is not ready for inference.",
                NotReady,
                NotReady,
                "nothing of the quota",
            ),
            (
                "ServiceUnavailableException",
                "Too many connections.",
                Unavailable,
                Unavailable,
                "nothing about the quota",
            ),
            ("Overloaded_error", "Overloaded", Unavailable, Unavailable, "nothing about the quota"),
        ];
        for (code, words, kind, becomes, says) in REFUSALS {
            let known = KINDS.iter().find(|(name, _)| name == code);
            assert!(known.is_none_or(|(_, of_name)| of_name == kind), "{code}");
            let fault = advised(code, words, *kind);
            assert_eq!(fault.kind, *becomes, "{words}");
            let (own, advice) = fault.message.split_at(words.trim_end_matches('.').len());
            assert_eq!(own, words.trim_end_matches('.'), "the service's own words come first");
            assert!(advice.contains(says), "{words} → {advice}");
            assert_eq!(advice.matches(". ").count(), 1, "one sentence: {advice}");
        }
    }

    #[test]
    fn each_way_not_to_get_through_says_what_to_do() {
        use FaultKind::{Other, StreamBroken, Unavailable};
        type Sdk = SdkError<ConverseError, HttpResponse>;
        for (words, becomes, says) in [
            ("dns error: failed to lookup address information", Unavailable, "the network and the region"),
            ("tunnel error: unsuccessful", StreamBroken, "HTTPS_PROXY"),
            ("proxy authorization required", StreamBroken, "HTTPS_PROXY"),
            ("invalid peer certificate: UnknownIssuer", Other, "SSL_CERT_FILE"),
            ("received corrupt message of type InvalidContentType", Other, "does not speak TLS"),
            ("connection reset by peer", StreamBroken, ""),
        ] {
            let error: Sdk = SdkError::dispatch_failure(ConnectorError::io(words.into()));
            let fault = of_sdk_error(&error, &place(), None);
            assert_eq!((fault.kind, fault.code.as_deref()), (becomes, None), "{words}");
            assert!(fault.message.starts_with(words) && fault.message.contains(says), "{}", fault.message);
        }
    }

    #[test]
    fn missing_credentials_say_how_to_get_some() {
        type Sdk = SdkError<ConverseError, HttpResponse>;
        let failed = |error: CredentialsError| Sdk::dispatch_failure(ConnectorError::other(error.into(), None));
        let none = failed(CredentialsError::not_loaded("no credentials found in chain. Attempted:\n  Environment: …"));
        let bearer = Place { bearer: true, ..place() };
        let expired = failed(CredentialsError::provider_error("the SSO token has expired and cannot be refreshed"));
        for (error, place, says) in [
            (&none, &place(), "There are no AWS credentials: set AWS_PROFILE"),
            (&none, &bearer, "A Bedrock API key serves Bedrock alone"),
            (&expired, &place(), "`aws sso login --profile work`"),
        ] {
            let fault = of_sdk_error(error, place, None);
            assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Denied, None));
            assert!(fault.message.contains(says) && !fault.message.contains('\n'), "{}", fault.message);
        }
        let timeout: Sdk = SdkError::dispatch_failure(ConnectorError::timeout("slow".into()));
        assert_eq!(of_sdk_error(&timeout, &place(), None).kind, FaultKind::TimedOut);
    }

    #[test]
    fn an_example_of_a_profile_has_the_regions_geography() {
        let model = ModelId::parse("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-2-lite-v1:0");
        for (region, wanted) in [
            ("us-west-2", "us.amazon.nova-2-lite-v1:0"),
            ("us-gov-west-1", "us-gov.amazon.nova-2-lite-v1:0"),
            ("ap-northeast-1", "global.amazon.nova-2-lite-v1:0"),
            ("sa-east-1", "global.amazon.nova-2-lite-v1:0"),
        ] {
            assert_eq!(profile_id(Some(&model), region), wanted);
        }
    }

    #[test]
    fn secrets_stay_out() {
        for (words, secret) in [
            ("cannot reach http://user:hunter2@127.0.0.1:8080/x", "hunter2"),
            ("sent Authorization: Bearer ABCDEFGHIJKLMNOPQRSTUV", "ABCDEFGHIJ"),
            ("the key ABSKQmVkcm9ja0FQSUtleS1 is wrong", "QmVkcm9j"),
            ("the key bedrock-api-key-YmVkcm9jay5hbWF6 is wrong", "YmVkcm9"),
            (
                "The signature does not match.\n\nThe Canonical String for this request should have been\n\
                 'POST\nx-amz-security-token:FwoGZXIvYXdz'",
                "FwoGZXIvYXdz",
            ),
        ] {
            let clean = without_secrets(words);
            assert!(!clean.contains(secret), "{clean}");
            assert_eq!(clean.split(' ').next(), words.split(' ').next(), "the rest stays");
        }
        assert_eq!(without_secrets("Too many tokens."), "Too many tokens.");
    }

    #[test]
    fn a_page_instead_of_a_message_is_cut() {
        assert_eq!(without_secrets(&"<p>ä</p>".repeat(1_000)).chars().count(), 1_001);
    }

    #[test]
    fn every_status_has_the_kind_that_its_exceptions_have() {
        for (status, kind) in [
            (400, FaultKind::Invalid),
            (403, FaultKind::Denied),
            (404, FaultKind::NotFound),
            (408, FaultKind::TimedOut),
            (424, FaultKind::Unavailable),
            (429, FaultKind::Throttled),
            (500, FaultKind::Unavailable),
            (503, FaultKind::Unavailable),
            (529, FaultKind::Unavailable),
        ] {
            assert_eq!(of_status(status), Some(kind), "{status}");
        }
        assert_eq!(of_status(302), None);
    }
}
