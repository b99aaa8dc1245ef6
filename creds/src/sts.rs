//! The call: `AssumeRoleWithWebIdentity`, unsigned, every wait bounded.
//!
//! aws-config is not used. Its web-identity provider stumbles over the empty ARN in MinIO's answer and never sends a
//! duration, so that MinIO's credentials end with the token; and its loader, with the chain of all other providers behind
//! it, would gather nothing that is not given here.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_sts::Client;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::timeout::TimeoutConfig;
use aws_sdk_sts::config::{BehaviorVersion, Config, Region};
use aws_sdk_sts::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_sts::operation::assume_role_with_web_identity::{
    AssumeRoleWithWebIdentityError, AssumeRoleWithWebIdentityOutput,
};
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use http_body_util::LengthLimitError;

use crate::answer::{LONGEST_ANSWER, Watch, Watcher};
use crate::credentials::{Credentials, Granted, Secret};
use crate::error::{Error, Refusal};
use crate::https::Https;
use crate::identity::Identity;
use crate::refusal::{Meaning, meaning};
use crate::roots::Roots;
use crate::token::Token;

/// Until a TCP connection stands. What AWS's SDKs take: a lost SYN is sent again after 1 s and after 3 s.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);
/// For one request and its answer. STS itself asks the issuer for its keys in this time.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// For all attempts with the waits between them.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest text of STS's that goes into an error, in characters.
const LONGEST_MESSAGE: usize = 600;

/// Where STS is and how patient to be with it.
#[derive(Debug, Clone)]
pub struct StsSettings {
    /// The region, which gives the endpoint unless one is set.
    pub region: String,
    /// An endpoint other than the region's; `http://` is for stores inside of the cluster.
    pub endpoint: Option<String>,
    /// Whom to trust beside the web's roots.
    pub roots: Roots,
    /// How many requests to send at most; at least 1.
    pub attempts: u32,
    /// The longest first wait after throttling. It doubles each time, up to 20 s, and is drawn at random below that.
    pub backoff: Duration,
}

/// A client of STS.
#[derive(Debug, Clone)]
pub struct Sts {
    client: Client,
}

impl Sts {
    /// Prepares a client. Nothing is sent.
    #[must_use]
    pub fn new(settings: &StsSettings) -> Self {
        Self { client: Client::from_conf(config(settings)) }
    }

    /// Exchanges the token for credentials. Waits up to 60 s in all: retries of what can pass, with backoff and jitter.
    ///
    /// # Errors
    /// [`Error`], which knows the remedy.
    pub async fn assume_with_token(
        &self,
        identity: &Identity,
        token: &Token,
        now: SystemTime,
    ) -> Result<Granted, Error> {
        let watch = Arc::new(Watch::default());
        let duration = i32::try_from(identity.duration.as_secs()).unwrap_or(i32::MAX);
        let answer = self
            .client
            .assume_role_with_web_identity()
            .role_arn(identity.role.as_str())
            .role_session_name(identity.session.as_str())
            .web_identity_token(token.text().expose())
            .duration_seconds(duration)
            .set_policy(identity.policy.as_ref().map(|policy| policy.as_str().to_owned()))
            .customize()
            .interceptor(Watcher(Arc::clone(&watch)))
            .send()
            .await;
        let call = Call { identity, token, watch: &watch };
        match answer {
            Ok(output) => call.credentials(output, now).map(|credentials| Granted { credentials }),
            Err(error) => Err(call.classify(&error)),
        }
    }
}

/// All that the SDK would otherwise gather from environment, profile files and instance metadata.
fn config(settings: &StsSettings) -> Config {
    let retry = RetryConfig::standard().with_max_attempts(settings.attempts).with_initial_backoff(settings.backoff);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(TOTAL_TIMEOUT)
        .build();
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(settings.region.clone()))
        .http_client(http_client(settings))
        .retry_config(retry)
        .timeout_config(timeouts);
    config.set_endpoint_url(settings.endpoint.clone());
    config.build()
}

/// The roots are built once for all attempts, and not at all for plain `http://`.
fn http_client(settings: &StsSettings) -> SharedHttpClient {
    let plain = settings.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
    let https = if plain { Https::plain(CONNECT_TIMEOUT) } else { Https::new(&settings.roots, CONNECT_TIMEOUT) };
    let connector = SharedHttpConnector::new(https);
    http_client_fn(move |_, _| connector.clone())
}

/// One call that was made, to make sense of its answer.
struct Call<'a> {
    identity: &'a Identity,
    token: &'a Token,
    watch: &'a Watch,
}

impl Call<'_> {
    fn endpoint(&self) -> String {
        self.watch.endpoint().unwrap_or("its endpoint").to_owned()
    }

    /// What a server said, bounded, in one line, and without the token should the server have repeated it.
    fn quote(&self, text: &str) -> String {
        let text = text.replace(self.token.text().expose(), "…");
        let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((end, _)) = words.char_indices().nth(LONGEST_MESSAGE) {
            words.truncate(end);
        }
        words
    }

    fn malformed(&self, problem: impl Into<String>) -> Error {
        Error::Malformed { endpoint: self.endpoint(), problem: problem.into() }
    }

    /// The role's ARN in the answer is not looked at: MinIO leaves it empty.
    fn credentials(&self, output: AssumeRoleWithWebIdentityOutput, now: SystemTime) -> Result<Credentials, Error> {
        let credentials = output.credentials.ok_or_else(|| self.malformed("there are no credentials in it"))?;
        let expires =
            SystemTime::try_from(credentials.expiration).map_err(|_| self.malformed("its expiration is no date"))?;
        if expires <= now {
            return Err(self.malformed("its credentials expired before they were given"));
        }
        if [&credentials.access_key_id, &credentials.secret_access_key, &credentials.session_token]
            .iter()
            .any(|text| text.is_empty())
        {
            return Err(self.malformed("a part of its credentials is empty"));
        }
        Ok(Credentials {
            access_key_id: Secret::new(credentials.access_key_id),
            secret_access_key: Secret::new(credentials.secret_access_key),
            session_token: Some(Secret::new(credentials.session_token)),
            expires: Some(expires),
        })
    }

    fn classify(&self, error: &SdkError<AssumeRoleWithWebIdentityError, HttpResponse>) -> Error {
        if too_long(error) {
            return self.malformed(format!("it is longer than {LONGEST_ANSWER} bytes"));
        }
        let unreachable = |cause: String| Error::Unreachable { endpoint: self.endpoint(), cause };
        let status = error.raw_response().map(|answer| answer.status().as_u16());
        match error {
            SdkError::TimeoutError(_) => unreachable("no answer in time".to_owned()),
            SdkError::DispatchFailure(_) => unreachable(self.quote(&chain(error))),
            SdkError::ServiceError(service) if service.err().code().is_some() => {
                let code = service.err().code().unwrap_or_default();
                self.said_no(code, service.err().message().unwrap_or_default())
            }
            SdkError::ServiceError(_) | SdkError::ResponseError(_) => match status {
                Some(429) => self.said_no("TooManyRequestsException", "429"),
                Some(status @ 500..) => unreachable(format!("it answered {status}")),
                Some(status) => self.malformed(format!(
                    "status {status}, type {}, and not the XML of STS",
                    self.quote(error.raw_response().and_then(|a| a.headers().get("content-type")).unwrap_or("unknown")),
                )),
                None => self.malformed(self.quote(&chain(error))),
            },
            _ => Error::Configuration { problem: self.quote(&chain(error)) },
        }
    }

    /// STS answered with a code of its own.
    fn said_no(&self, code: &str, message: &str) -> Error {
        let (code, message, endpoint) = (self.quote(code), self.quote(message), self.endpoint());
        match meaning(&code) {
            Meaning::Throttled => {
                Error::Throttled { endpoint, attempts: self.watch.attempts(), message: format!("{code}: {message}") }
            }
            Meaning::Configuration => Error::Configuration { problem: format!("{code}: {message}") },
            Meaning::Refused => Error::Refused(Box::new(Refusal {
                endpoint,
                role: self.identity.role.clone(),
                code,
                message,
                claims: self.token.claims().clone(),
            })),
        }
    }
}

/// Did the answer break the bound that [`Watcher`] set?
fn too_long(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|error| error.is::<LengthLimitError>())
}

/// An error with what caused it, outermost first, each thing said once.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in causes(error).map(ToString::to_string) {
        if !said.last().is_some_and(|last| last.ends_with(&cause)) {
            said.push(cause);
        }
    }
    said.join(": ")
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}
