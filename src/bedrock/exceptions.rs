//! Exceptions: the tables that say what each exception of Bedrock, Service Quotas and CloudWatch means and what to do about it.

use std::error::Error;

use aws_sdk_bedrock::operation::get_foundation_model_availability::GetFoundationModelAvailabilityError;
use aws_sdk_bedrock::operation::get_inference_profile::GetInferenceProfileError;
use aws_sdk_bedrock::operation::list_foundation_models::ListFoundationModelsError;
use aws_sdk_bedrock::operation::list_inference_profiles::ListInferenceProfilesError;
use aws_sdk_bedrockruntime::operation::converse::ConverseError;
use aws_sdk_bedrockruntime::operation::converse_stream::ConverseStreamError;
use aws_sdk_bedrockruntime::operation::count_tokens::CountTokensError;
use aws_sdk_bedrockruntime::operation::invoke_model::InvokeModelError;
use aws_sdk_bedrockruntime::operation::invoke_model_with_response_stream::InvokeModelWithResponseStreamError;
use aws_sdk_bedrockruntime::types::error::{ConverseStreamOutputError, ResponseStreamError};
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataError;
use aws_sdk_servicequotas::operation::get_aws_default_service_quota::GetAWSDefaultServiceQuotaError;
use aws_sdk_servicequotas::operation::get_service_quota::GetServiceQuotaError;
use aws_sdk_servicequotas::operation::list_aws_default_service_quotas::ListAWSDefaultServiceQuotasError;
use aws_sdk_servicequotas::operation::list_service_quotas::ListServiceQuotasError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::bedrock::fault::Place;
use crate::bench::fault::FaultKind;

/// An operation's or a stream's error that knows its exception by type. Inside a stream the type is all there is:
/// `code()` is `None` there.
pub trait Exception: ProvideErrorMetadata + Error + 'static {
    /// The exception's name, where the SDK has a type for it.
    fn exception(&self) -> Option<&'static str>;
}

macro_rules! exceptions {
    ($($error:ident: $($name:ident)+;)+) => {$(
        impl Exception for $error {
            fn exception(&self) -> Option<&'static str> {
                match self {
                    $(Self::$name(_) => Some(stringify!($name)),)+
                    _ => None,
                }
            }
        }
    )+};
}

exceptions! {
    ConverseError: AccessDeniedException InternalServerException ModelErrorException ModelNotReadyException
        ModelTimeoutException ResourceNotFoundException ServiceUnavailableException ThrottlingException
        ValidationException;
    ConverseStreamError: AccessDeniedException InternalServerException ModelErrorException ModelNotReadyException
        ModelStreamErrorException ModelTimeoutException ResourceNotFoundException ServiceUnavailableException
        ThrottlingException ValidationException;
    InvokeModelError: AccessDeniedException InternalServerException ModelErrorException ModelNotReadyException
        ModelTimeoutException ResourceNotFoundException ServiceQuotaExceededException ServiceUnavailableException
        ThrottlingException ValidationException;
    InvokeModelWithResponseStreamError: AccessDeniedException InternalServerException ModelErrorException
        ModelNotReadyException ModelStreamErrorException ModelTimeoutException ResourceNotFoundException
        ServiceQuotaExceededException ServiceUnavailableException ThrottlingException ValidationException;
    CountTokensError: AccessDeniedException InternalServerException ResourceNotFoundException
        ServiceUnavailableException ThrottlingException ValidationException;
    ConverseStreamOutputError: InternalServerException ModelStreamErrorException ServiceUnavailableException
        ThrottlingException ValidationException;
    ResponseStreamError: InternalServerException ModelStreamErrorException ModelTimeoutException
        ServiceUnavailableException ThrottlingException ValidationException;
    ListServiceQuotasError: AccessDeniedException IllegalArgumentException InvalidPaginationTokenException
        NoSuchResourceException ServiceException TooManyRequestsException;
    ListAWSDefaultServiceQuotasError: AccessDeniedException IllegalArgumentException
        InvalidPaginationTokenException NoSuchResourceException ServiceException TooManyRequestsException;
    GetServiceQuotaError: AccessDeniedException IllegalArgumentException NoSuchResourceException ServiceException
        TooManyRequestsException;
    GetAWSDefaultServiceQuotaError: AccessDeniedException IllegalArgumentException NoSuchResourceException
        ServiceException TooManyRequestsException;
    GetFoundationModelAvailabilityError: AccessDeniedException InternalServerException ResourceNotFoundException
        ThrottlingException ValidationException;
    GetInferenceProfileError: AccessDeniedException InternalServerException ResourceNotFoundException
        ThrottlingException ValidationException;
    ListFoundationModelsError: AccessDeniedException InternalServerException ThrottlingException
        ValidationException;
    ListInferenceProfilesError: AccessDeniedException InternalServerException ThrottlingException
        ValidationException;
    GetMetricDataError: InvalidNextToken;
}

/// Every exception by name → its kind (source: service models of bedrock-runtime, bedrock, service-quotas and
/// cloudwatch, whose names are those of its older protocol; the last rows are the common errors of AWS's front end).
pub(super) const KINDS: &[(&str, FaultKind)] = &[
    ("ThrottlingException", FaultKind::Throttled),
    ("TooManyRequestsException", FaultKind::Throttled),
    ("RequestLimitExceeded", FaultKind::Throttled),
    ("Throttling", FaultKind::Throttled),
    ("ModelNotReadyException", FaultKind::NotReady),
    ("ServiceUnavailableException", FaultKind::Unavailable),
    ("InternalServerException", FaultKind::Unavailable),
    ("ServiceException", FaultKind::Unavailable),
    ("InternalFailure", FaultKind::Unavailable),
    ("ServiceUnavailable", FaultKind::Unavailable),
    ("ModelErrorException", FaultKind::Unavailable),
    ("ModelTimeoutException", FaultKind::TimedOut),
    ("ModelStreamErrorException", FaultKind::StreamBroken),
    ("ValidationException", FaultKind::Invalid),
    ("ConflictException", FaultKind::Invalid),
    ("ServiceQuotaExceededException", FaultKind::Invalid),
    ("IllegalArgumentException", FaultKind::Invalid),
    ("InvalidPaginationTokenException", FaultKind::Invalid),
    ("InvalidNextToken", FaultKind::Invalid),
    ("ValidationError", FaultKind::Invalid),
    ("SerializationException", FaultKind::Invalid),
    ("AccessDenied", FaultKind::Denied),
    ("AccessDeniedException", FaultKind::Denied),
    ("ResourceNotFoundException", FaultKind::NotFound),
    ("NoSuchResourceException", FaultKind::NotFound),
    ("UnknownOperationException", FaultKind::NotFound),
    ("ExpiredToken", FaultKind::Denied),
    ("ExpiredTokenException", FaultKind::Denied),
    ("IncompleteSignature", FaultKind::Denied),
    ("IncompleteSignatureException", FaultKind::Denied),
    ("InvalidClientTokenId", FaultKind::Denied),
    ("InvalidSignatureException", FaultKind::Denied),
    ("MissingAuthenticationToken", FaultKind::Denied),
    ("MissingAuthenticationTokenException", FaultKind::Denied),
    ("NotAuthorized", FaultKind::Denied),
    ("OptInRequired", FaultKind::Denied),
    ("RequestExpired", FaultKind::Denied),
    ("RequestTimeTooSkewed", FaultKind::Denied),
    ("SignatureDoesNotMatch", FaultKind::Denied),
    ("UnrecognizedClientException", FaultKind::Denied),
];

/// What some errors say beyond their kind, and what to do about it.
pub(super) struct Rule {
    /// The kinds that it is for; empty means all.
    of: &'static [FaultKind],
    /// Any of these words, in lower case, in the exception's name or message; empty means always.
    says: &'static [&'static str],
    /// Only where a bearer token stands in the environment.
    bearer: bool,
    /// The kind that it really is.
    pub(super) becomes: Option<FaultKind>,
    /// Whether trying again within a run is pointless although the kind is retryable.
    pub(super) hopeless: bool,
    /// Whether the advice says it all, because the words are the SDK's account of everywhere it looked. Never used
    /// on what a service said.
    pub(super) alone: bool,
    /// One sentence; `{login}`, `{profile}`, `{region}`, `{endpoint}` and `{profile_id}` are filled in.
    pub(super) advice: &'static str,
}

impl Rule {
    pub(super) fn applies(&self, kind: FaultKind, said: &str, answered: bool, place: &Place) -> bool {
        (self.of.is_empty() || self.of.contains(&kind))
            && (self.says.is_empty() || self.says.iter().any(|words| said.contains(words)))
            && (!self.bearer || place.bearer)
            && !(self.alone && answered)
    }
}

const fn rule(of: &'static [FaultKind], says: &'static [&'static str], advice: &'static str) -> Rule {
    Rule { of, says, bearer: false, becomes: None, hopeless: false, alone: false, advice }
}

use FaultKind::{Denied, Invalid, NotFound, NotReady, Other, StreamBroken, Throttled, TimedOut, Unavailable};

/// The first that applies is taken (texts: public issues and account reports, facts page section 1.6 and 7).
pub(super) const RULES: &[Rule] = &[
    Rule {
        hopeless: true,
        ..rule(
            &[Throttled],
            &["per day", "daily"],
            "A daily quota is used up, or is zero for this account: `quotient quotas` shows it; go on tomorrow or ask \
             AWS for more.",
        )
    },
    Rule {
        hopeless: true,
        ..rule(&[Invalid], &["servicequotaexceeded"], "Waiting does not help: ask AWS to raise this quota.")
    },
    rule(
        &[Invalid],
        &["on-demand throughput", "inference profile that contains this model"],
        "Name the model by an inference profile, such as `{profile_id}`; `quotient models` lists those of {region}.",
    ),
    Rule {
        becomes: Some(NotReady),
        ..rule(
            &[Denied, NotFound],
            &["mpagreementbeingcreated", "agreement is being created"],
            "Access to the model is being set up: try again in a few minutes.",
        )
    },
    Rule {
        becomes: Some(Denied),
        ..rule(
            &[Denied, NotFound],
            &["ftuformnotfilled", "use case details"],
            "Fill in the provider's use-case form under Model catalog in the Bedrock console, once per account.",
        )
    },
    rule(
        &[Denied],
        &["not available for this account"],
        "A quota of zero looks like this too: see `quotient quotas`, then ask AWS for access or choose another model.",
    ),
    rule(
        &[Denied],
        &["payment instrument", "invalid_payment_instrument"],
        "Add a valid means of payment under Billing in the AWS console: the model is sold through AWS Marketplace.",
    ),
    rule(
        &[Denied],
        &["aws-marketplace"],
        "Allow aws-marketplace:Subscribe and aws-marketplace:ViewSubscriptions in IAM, or let someone who has them \
         call the model once.",
    ),
    rule(
        &[Denied],
        &["service control policy"],
        "Your organisation forbids it: ask its administrator, or choose a profile or region that it allows.",
    ),
    rule(
        &[Denied],
        &["access to the model", "model access"],
        "Ask for access to the model in the Bedrock console of {region}, or choose another model.",
    ),
    rule(
        &[Denied],
        &["not authorized to perform"],
        "Allow this action in IAM; `quotient doctor` prints the minimal policy.",
    ),
    rule(
        &[Denied],
        &["api key", "bearer token"],
        "Renew the Bedrock API key in AWS_BEARER_TOKEN_BEDROCK, or unset it to use other credentials.",
    ),
    rule(
        &[Denied],
        &["signature expired", "not yet current", "requesttimetooskewed", "requestexpired", "skewed"],
        "Set this machine's clock: requests are signed with the time.",
    ),
    rule(
        &[],
        &[
            "expiredtoken",
            "token has expired",
            "token is expired",
            "token included in the request is expired",
            "sso token",
            "sso session",
        ],
        "Log in again with `{login}`, or renew the credentials.",
    ),
    rule(
        &[Denied],
        &["missingauthenticationtoken", "missing authentication token", "incompletesignature"],
        "The signature did not arrive whole: check that no proxy changes headers and that --endpoint and the keys hold \
         nothing else, such as spaces.",
    ),
    rule(
        &[Denied],
        &["scoped to a valid region", "scoped to correct service"],
        "The request was signed for another region or service than answers at {endpoint}: check --region.",
    ),
    rule(
        &[Denied],
        &["signature"],
        "Check the secret access key, the session token and this machine's clock: the signature does not match them.",
    ),
    rule(
        &[Denied],
        &["unrecognizedclient", "invalidclienttokenid", "token included in the request is invalid"],
        "Check the credentials: AWS does not know them in {region}.",
    ),
    Rule {
        alone: true,
        ..rule(
            &[],
            &["could not find source profile", "was not defined", "profile file credentials provider"],
            "The profile `{profile}` gives no credentials: check --profile and AWS_PROFILE against ~/.aws/config.",
        )
    },
    Rule {
        bearer: true,
        alone: true,
        ..rule(
            &[Denied],
            NO_CREDENTIALS,
            "A Bedrock API key serves Bedrock alone: add other credentials to read quotas, or give the limits with \
             --rpm and --tpm.",
        )
    },
    Rule {
        alone: true,
        ..rule(
            &[],
            NO_CREDENTIALS,
            "There are no AWS credentials: set AWS_PROFILE, run `{login}` or `aws configure`, or use the simulator \
             with `--endpoint simulator`.",
        )
    },
    rule(
        &[],
        &["loading credentials", "credentials provider", "credentials error", "access token"],
        "The AWS credentials could not be used: check the profile, or log in again with `{login}`.",
    ),
    rule(
        &[Invalid],
        &["model identifier is invalid", "not supported in this region", "not available in this region"],
        "Check the model id; `quotient models` lists what {region} has.",
    ),
    rule(
        &[Invalid],
        &["maximum tokens you requested exceeds"],
        "Lower max_tokens in the configuration to the model's limit.",
    ),
    rule(
        &[Invalid],
        &["input is too long", "prompt is too long"],
        "Shorten the content, or choose a model that reads more.",
    ),
    rule(
        &[Denied, NotFound],
        &["end of its life", "marked by provider as legacy"],
        "The model is retired: `quotient models` names its successor.",
    ),
    rule(&[NotFound], &["unknownoperation"], "{endpoint} does not offer this operation: check --endpoint."),
    rule(&[NotFound], &["nosuchresource"], "Service Quotas has no such quota in {region}."),
    rule(&[NotFound], &[], "Check the model id and the region: `quotient models` lists what {region} has."),
    rule(
        &[Unavailable, StreamBroken, Other],
        &["tunnel error", "proxy"],
        "The proxy does not let it through: check HTTPS_PROXY and NO_PROXY.",
    ),
    rule(&[Denied], &["http 407"], "The proxy asks who you are: put user and password into HTTPS_PROXY."),
    Rule {
        becomes: Some(Other),
        ..rule(
            &[Unavailable, StreamBroken, Other],
            &["peer certificate", "unknownissuer", "certificate verify"],
            "The certificate of {endpoint} is not trusted: where a proxy opens TLS, name its certificate in \
             SSL_CERT_FILE; check this machine's clock too.",
        )
    },
    Rule {
        becomes: Some(Other),
        ..rule(
            &[Unavailable, StreamBroken, Other],
            &["invalidcontenttype", "corrupt message"],
            "{endpoint} does not speak TLS: begin its URL with http:// if that is meant.",
        )
    },
    rule(
        &[Unavailable],
        &["connection refused"],
        "Nothing listens at {endpoint}: start the server there or choose another with `--endpoint`.",
    ),
    rule(
        &[Unavailable],
        &["dns error"],
        "The host name of {endpoint} does not resolve: check the network and the region.",
    ),
    rule(&[TimedOut], &["no connection in time"], "Check that {endpoint} can be reached from here."),
    rule(
        &[NotReady],
        &["notready", "not ready"],
        "Bedrock is loading it, which takes nothing of the quota: try again in a few minutes.",
    ),
    rule(
        &[Unavailable],
        &["serviceunavailable", "http 503", "http 529", "overloaded"],
        "Bedrock has no room just now, which says nothing about the quota: try later, or by a profile over several \
         regions.",
    ),
];

/// How the SDK says that no provider of its chain has credentials; the last that it asks is the machine's own (IMDS).
const NO_CREDENTIALS: &[&str] =
    &["no credentials found in chain", "no providers in chain", "failed to select an auth scheme", "imds"];
