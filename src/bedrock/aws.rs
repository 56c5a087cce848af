//! AWS: builds the SDK's clients for an endpoint — Amazon's own, a URL, or a service inside this process.

use std::sync::Arc;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_http_client::pool::{Client as PoolClient, ConnectionPool};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use bytes::Bytes;
use tower::Service;

use crate::bedrock::cache::Key;
use crate::bedrock::fault::{self, Place};
use crate::bedrock::gateway::Gateway;
use crate::bedrock::inproc;
use crate::bedrock::probe::{Mark, Probing};
use crate::bench::fault::{Fault, FaultKind};
use crate::bench::plan::{Endpoint, Timeouts};

/// The region where a loopback endpoint is signed for, if none is given.
const LOOPBACK_REGION: &str = "us-east-1";

/// The access key that signs what stays on this machine.
const PLACEHOLDER_KEY: &str = "AKIDPLACEHOLDER";

/// Connections to one host at most: the engine bounds concurrency, the pool must not do so silently.
const MOST_CONNECTIONS: usize = 10_000;

/// What a call to Service Quotas, CloudWatch or Bedrock's control plane may take, each attempt. Invocations have limits of their own.
const CONTROL_TIMEOUT: Duration = Duration::from_secs(20);

/// What to connect to, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Where to.
    pub endpoint: Endpoint,
    /// The region; `None` asks the standard AWS environment.
    pub region: Option<String>,
    /// The profile; `None` asks the standard AWS environment.
    pub profile: Option<String>,
    /// Until a connection stands ([`Timeouts::connect`]).
    pub connect_timeout: Duration,
}

impl Connection {
    /// A connection as the environment has it.
    pub fn to(endpoint: Endpoint) -> Self {
        Self { endpoint, region: None, profile: None, connect_timeout: Timeouts::default().connect }
    }
}

/// Who signs the requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Where the credentials come from, in a few words.
    pub from: &'static str,
    /// The account, where the credentials tell it.
    pub account: Option<String>,
}

/// By which way of the SDK's chain credentials were found → how people know it; the closest to the user first.
const SOURCES: [(AwsCredentialFeature, &str); 10] = [
    (AwsCredentialFeature::CredentialsProfileSso, "a profile that logs in by SSO"),
    (AwsCredentialFeature::CredentialsProfileProcess, "a profile that asks a process (credential_process)"),
    (AwsCredentialFeature::CredentialsProfileSourceProfile, "a profile that assumes a role"),
    (AwsCredentialFeature::CredentialsProfileNamedProvider, "a profile that names another source (credential_source)"),
    (AwsCredentialFeature::CredentialsProfileStsWebIdToken, "a profile with a web identity token"),
    (AwsCredentialFeature::CredentialsProfile, "an access key in a profile"),
    (AwsCredentialFeature::CredentialsEnvVars, "the environment (AWS_ACCESS_KEY_ID)"),
    (AwsCredentialFeature::CredentialsEnvVarsStsWebIdToken, "a web identity token in the environment"),
    (AwsCredentialFeature::CredentialsHttp, "the container's credentials endpoint"),
    (AwsCredentialFeature::CredentialsImds, "this machine's instance role"),
];

/// Every client of one connection. They share one pool and one simulator flag.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Bedrock's runtime, without the SDK's retries.
    pub gateway: Gateway,
    /// Service Quotas, with the SDK's standard retries.
    pub quotas: aws_sdk_servicequotas::Client,
    /// Bedrock's control plane, with the SDK's standard retries.
    pub bedrock: aws_sdk_bedrock::Client,
    /// CloudWatch, with the SDK's standard retries.
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    /// What fault messages name: region, profile, endpoint.
    pub place: Arc<Place>,
    credentials: Option<SharedCredentialsProvider>,
}

impl Clients {
    /// Finds the credentials that sign requests: where they come from and whose they are; never what they are.
    pub async fn identity(&self) -> Result<Identity, Fault> {
        if self.place.bearer {
            return Ok(Identity { from: "a Bedrock API key (AWS_BEARER_TOKEN_BEDROCK)", account: None });
        }
        let none = || CredentialsError::not_loaded("no providers in chain");
        let provider = self.credentials.as_ref().ok_or_else(|| fault::of_credentials(&none(), &self.place))?;
        let found = provider.provide_credentials().await.map_err(|error| fault::of_credentials(&error, &self.place))?;
        let account = found.account_id().map(|account| account.as_str().to_owned());
        if found.access_key_id() == PLACEHOLDER_KEY {
            return Ok(Identity { from: "placeholder credentials, as the endpoint is on this machine", account });
        }
        let ways = found.get_property::<Vec<AwsCredentialFeature>>().map_or(&[][..], Vec::as_slice);
        let named = SOURCES.iter().find(|(way, _)| ways.contains(way)).map(|(_, from)| *from);
        let unnamed = if found.session_token().is_some() { "temporary credentials" } else { "a long-lived access key" };
        Ok(Identity { from: named.unwrap_or(unnamed), account })
    }

    /// Under which key a listing of quotas may be kept on disk; `None` for a service on this machine and where there
    /// are no credentials.
    pub async fn cache_key(&self) -> Option<Key> {
        // Service Quotas alone may have been sent elsewhere; the shared configuration does not show that.
        let own = std::env::var("AWS_ENDPOINT_URL_SERVICE_QUOTAS").ok().filter(|url| !url.is_empty());
        let url = own.or_else(|| self.place.endpoint.clone());
        if url.as_ref().is_some_and(|url| Endpoint::Url(url.clone()).is_local()) {
            return None;
        }
        let credentials = self.credentials.as_ref()?.provide_credentials().await.ok()?;
        let account = credentials.account_id().map(aws_credential_types::attributes::AccountId::as_str);
        Some(Key {
            account: account.unwrap_or(credentials.access_key_id()).to_owned(),
            region: self.place.region.clone(),
            endpoint: url.unwrap_or_else(|| Endpoint::Aws.label().to_owned()),
        })
    }
}

/// Connects: finds region and credentials and builds the clients. Sends nothing to Bedrock.
///
/// `aws` follows the standard AWS environment (profiles, SSO, `AWS_BEARER_TOKEN_BEDROCK`, `AWS_ENDPOINT_URL_*`) and its
/// proxies. A loopback endpoint is signed with placeholder credentials and never goes through a proxy. Any other URL
/// takes the standard credentials, for every service alike. `simulator_url` is where the embedded simulator
/// listens. Must be called inside the runtime that shall own the connections. The fault's message says what to do.
pub async fn connect(connection: &Connection, simulator_url: Option<&str>) -> Result<Clients, Fault> {
    let url = match &connection.endpoint {
        Endpoint::Aws => return standard(connection, None).await,
        Endpoint::Simulator => simulator_url.ok_or_else(|| refused("The embedded simulator is not running."))?,
        Endpoint::Url(url) => url.as_str(),
    };
    let url = without_userinfo(url).ok_or_else(|| {
        refused("The endpoint is no URL: give `simulator`, `aws` or something like `http://127.0.0.1:4566`.")
    })?;
    if !Endpoint::Url(url.clone()).is_local() {
        return standard(connection, Some(url)).await;
    }
    let http = pool(ProxyConfig::disabled())?;
    let region = connection.region.as_deref().unwrap_or(LOOPBACK_REGION);
    Ok(placeholder(http, region, url, connection.connect_timeout))
}

/// The same clients over a service inside this process: the SDK's serialisers, signing and event streams are all
/// there, sockets are not, so that under tokio's paused clock every time is exact.
pub fn in_process<S, B>(service: S, region: &str) -> Clients
where
    S: Service<http::Request<SdkBody>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    placeholder(inproc::client(service), region, "http://in.process".into(), Timeouts::default().connect)
}

/// A URL without user and password, which requests signed by the SDK cannot carry and no message may show.
fn without_userinfo(url: &str) -> Option<String> {
    let uri = url.parse::<http::Uri>().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
    let authority = uri.authority()?.as_str();
    let host = authority.rsplit('@').next().unwrap_or(authority);
    Some(format!("{scheme}://{host}{}", uri.path().trim_end_matches('/')))
}

fn refused(why: &str) -> Fault {
    Fault::new(FaultKind::Invalid, why)
}

/// Clients with the standard AWS environment, for AWS or for a URL that is not on this machine.
async fn standard(connection: &Connection, url: Option<String>) -> Result<Clients, Fault> {
    let http = by_host(pool(ProxyConfig::disabled())?, pool(ProxyConfig::from_env())?);
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts(connection.connect_timeout));
    if let Some(region) = &connection.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &connection.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &url {
        loader = loader.endpoint_url(url);
    }
    let config = loader.load().await;
    let region = config.region().map(ToString::to_string).ok_or_else(|| {
        refused("No AWS region is configured: give --region, set AWS_REGION, or add one to the profile.")
    })?;
    let place = Place {
        region,
        profile: connection.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok()),
        endpoint: url.or_else(|| config.endpoint_url().and_then(without_userinfo)),
        bearer: std::env::var_os("AWS_BEARER_TOKEN_BEDROCK").is_some_and(|token| !token.is_empty()),
    };
    Ok(clients(&config, place))
}

/// Clients that sign with placeholder credentials and read nothing of the environment.
fn placeholder(http: SharedHttpClient, region: &str, url: String, connect_timeout: Duration) -> Clients {
    let credentials = Credentials::from_keys(PLACEHOLDER_KEY, "placeholder", None);
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region.to_owned()))
        .endpoint_url(&url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http)
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts(connect_timeout))
        .build();
    clients(&config, Place { region: region.to_owned(), endpoint: Some(url), ..Place::default() })
}

fn timeouts(connect: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(connect).build()
}

fn clients(config: &SdkConfig, place: Place) -> Clients {
    let place = Arc::new(place);
    let mark = Mark::default();
    let control = config.timeout_config().map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
    let control = control.operation_attempt_timeout(CONTROL_TIMEOUT).build();
    let runtime = aws_sdk_bedrockruntime::config::Builder::from(config)
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .interceptor(Probing(mark.clone()))
        .build();
    let quotas = aws_sdk_servicequotas::config::Builder::from(config)
        .timeout_config(control.clone())
        .interceptor(mark.clone())
        .build();
    let bedrock = aws_sdk_bedrock::config::Builder::from(config)
        .timeout_config(control.clone())
        .interceptor(mark.clone())
        .build();
    let cloudwatch =
        aws_sdk_cloudwatch::config::Builder::from(config).timeout_config(control).interceptor(mark.clone()).build();
    Clients {
        gateway: Gateway::new(aws_sdk_bedrockruntime::Client::from_conf(runtime), place.clone(), mark),
        quotas: aws_sdk_servicequotas::Client::from_conf(quotas),
        bedrock: aws_sdk_bedrock::Client::from_conf(bedrock),
        cloudwatch: aws_sdk_cloudwatch::Client::from_conf(cloudwatch),
        place,
        credentials: config.credentials_provider(),
    }
}

/// The one place where an HTTP client is made.
fn pool(proxy: ProxyConfig) -> Result<SharedHttpClient, Fault> {
    let failed = |why: &dyn std::error::Error| {
        Fault::new(
            FaultKind::Other,
            format!("The HTTP client could not be built: {why}; check the system's certificates."),
        )
    };
    let pool = ConnectionPool::builder()
        .max_connections_per_host(MOST_CONNECTIONS)
        .idle_timeout(Duration::from_mins(1))
        .tcp_nodelay(true)
        .proxy_config(proxy)
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .build_https()
        .map_err(|error| failed(&error))?;
    PoolClient::new(&pool).map(SharedHttpClient::new).map_err(|error| failed(&error))
}

/// Sends what is for this machine past the environment's proxy, whichever setting named the endpoint.
fn by_host(direct: SharedHttpClient, proxied: SharedHttpClient) -> SharedHttpClient {
    http_client_fn(move |settings, components| {
        SharedHttpConnector::new(ByHost {
            direct: direct.http_connector(settings, components),
            proxied: proxied.http_connector(settings, components),
        })
    })
}

#[derive(Debug)]
struct ByHost {
    direct: SharedHttpConnector,
    proxied: SharedHttpConnector,
}

impl HttpConnector for ByHost {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if Endpoint::Url(request.uri().to_owned()).is_local() {
            self.direct.call(request)
        } else {
            self.proxied.call(request)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_urls_user_and_password_go_no_further() {
        assert_eq!(
            without_userinfo("http://me:hunter2@127.0.0.1:4566/base/").as_deref(),
            Some("http://127.0.0.1:4566/base")
        );
        assert_eq!(without_userinfo("https://gateway.example.com").as_deref(), Some("https://gateway.example.com"));
        assert_eq!(without_userinfo("127.0.0.1:4566"), None);
        assert_eq!(without_userinfo("ftp://127.0.0.1"), None);
    }

    #[tokio::test]
    async fn a_service_on_this_machine_is_never_cached() {
        let local = Connection::to(Endpoint::Url("http://127.0.0.1:4566".into()));
        let clients = connect(&local, None).await.expect("clients");
        assert_eq!(clients.cache_key().await, None);
        let clients = placeholder(
            pool(ProxyConfig::disabled()).expect("a pool"),
            "eu-west-1",
            "https://gateway.example.com".into(),
            Duration::from_secs(1),
        );
        let key = clients.cache_key().await.expect("a key");
        assert_eq!((key.account.as_str(), key.region.as_str()), ("AKIDPLACEHOLDER", "eu-west-1"));
        assert_eq!(key.endpoint, "https://gateway.example.com");
    }

    #[tokio::test]
    async fn an_endpoint_that_cannot_be_is_refused_without_repeating_it() {
        let fault = connect(&Connection::to(Endpoint::Url("me:hunter2@host".into())), None).await.expect_err("refused");
        assert_eq!(fault.kind, FaultKind::Invalid);
        assert!(!fault.message.contains("hunter2"));
        let fault = connect(&Connection::to(Endpoint::Simulator), None).await.expect_err("refused");
        assert!(fault.message.contains("simulator"));
    }
}
