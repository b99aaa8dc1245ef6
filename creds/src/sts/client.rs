//! The SDK's client, told everything that it would otherwise gather by itself.

use std::time::Duration;

use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::config::{BehaviorVersion, Config, IdentityCache, Region};
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector, http_client_fn};

use crate::https::Https;
use crate::sts::StsSettings;

/// Until a connection stands. What AWS's SDKs take: a lost SYN is sent again after 1 s and after 3 s.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);
/// For one request and its answer. STS itself asks the issuer for its keys in this time.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// For all attempts with the waits between them.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(60);

/// All that the SDK would otherwise gather from environment, profile files and instance metadata.
pub(crate) fn config(settings: &StsSettings) -> Config {
    let retry = RetryConfig::standard().with_max_attempts(settings.attempts).with_initial_backoff(settings.backoff);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(TOTAL_TIMEOUT)
        .build();
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(settings.region.clone()))
        .use_fips(settings.fips)
        .use_dual_stack(settings.dual_stack)
        .identity_cache(IdentityCache::no_cache())
        .http_client(http_client(settings))
        .retry_config(retry)
        .timeout_config(timeouts);
    config.set_endpoint_url(settings.endpoint.clone());
    config.build()
}

/// The roots are built once for all attempts, and not at all for plain `http://`.
fn http_client(settings: &StsSettings) -> SharedHttpClient {
    let plain = settings.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let tls_proxy = settings.endpoint.as_ref().and_then(|endpoint| settings.proxy.for_url(endpoint));
    let plain = plain && !tls_proxy.is_some_and(|proxy| proxy.starts_with("https://"));
    let https = if plain { Https::plain(CONNECT_TIMEOUT) } else { Https::new(&settings.roots, CONNECT_TIMEOUT) };
    let connector = SharedHttpConnector::new(https.through(settings.proxy.clone()));
    http_client_fn(move |_, _| connector.clone())
}
