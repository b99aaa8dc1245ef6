//! The calls: `AssumeRoleWithWebIdentity` (unsigned), `AssumeRole` and `GetCallerIdentity` (signed), every wait bounded.
//!
//! aws-config is not used. Its web-identity provider stumbles over the empty ARN in MinIO's answer and never sends a
//! duration, so that MinIO's credentials end with the token; and its loader, with the chain of all other providers behind
//! it, would gather nothing that is not given here.

mod asked;
mod client;
mod granted;
mod meaning;
mod reach;
mod refusal;
mod said;
mod statement;
mod verdict;
mod watch;

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_sdk_sts::Client;
use aws_sdk_sts::config::{Config, Credentials as SigningKeys};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::types::PolicyDescriptorType;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::caller::Caller;
use crate::credentials::{Credentials, Secret};
use crate::error::{Error, ErrorKind};
use crate::identity::Identity;
use crate::proxy::Proxies;
use crate::quote::Mask;
use crate::roots::Roots;
use crate::sts::asked::{Asked, What};
pub use crate::sts::granted::{Granted, Limit};
use crate::sts::granted::{Judged, ONE_HOUR};
use crate::sts::said::Said;
pub(crate) use crate::sts::said::holds_credentials;
use crate::sts::watch::{Watch, Watcher};
use crate::token::Token;

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
    /// The region's FIPS endpoint. Not together with an endpoint of one's own.
    pub fips: bool,
    /// The region's endpoint for IPv4 and IPv6. Not together with an endpoint of one's own.
    pub dual_stack: bool,
    /// What stands between us and STS.
    pub proxy: Proxies,
}

/// A client of STS.
#[derive(Debug, Clone)]
pub struct Sts {
    config: Config,
    settings: StsSettings,
}

/// Something that STS gave, or why not.
type Heard<T> = Result<T, Said>;
/// Credentials as they come, and the ARN of their session.
type Given = (Option<aws_sdk_sts::types::Credentials>, Option<String>);

impl Sts {
    /// Prepares a client. Nothing is sent.
    #[must_use]
    pub fn new(settings: &StsSettings) -> Self {
        Self { config: client::config(settings), settings: settings.clone() }
    }

    /// Exchanges the token for credentials. Waits up to 60 s in all, for retries of what can pass, with backoff and
    /// jitter; once more as long where the role does not allow the duration and one hour is asked for.
    ///
    /// # Errors
    /// [`Error`], which knows the remedy.
    pub async fn assume_with_token(
        &self,
        identity: &Identity,
        token: &Token,
        now: SystemTime,
    ) -> Result<Granted, Error> {
        let call = self.call(What::WithToken(&identity.role, token.claims()), Mask::of_token(token), now);
        let client = Client::from_conf(self.config.clone());
        let ask = async |duration: Duration| -> Heard<Given> {
            let answer = client
                .assume_role_with_web_identity()
                .role_arn(identity.role.as_str())
                .role_session_name(identity.session.as_str())
                .web_identity_token(token.text().expose())
                .duration_seconds(seconds(duration))
                .set_policy(identity.policy.as_ref().map(|policy| policy.as_str().to_owned()))
                .set_policy_arns(policies(identity))
                .customize()
                .interceptor(Watcher(Arc::clone(&call.watch)))
                .send()
                .await;
            let output = answer.map_err(|error| call.said(&error))?;
            Ok((output.credentials, output.assumed_role_user.map(|user| user.arn)))
        };
        call.assume(identity, None, ask).await
    }

    /// Exchanges credentials for those of another role. Waits as [`Self::assume_with_token`] does. Credentials of a role
    /// session give one hour at most: that much is asked for then, and told.
    ///
    /// # Errors
    /// [`Error`], which knows the remedy.
    pub async fn assume_with(&self, identity: &Identity, by: &Credentials, now: SystemTime) -> Result<Granted, Error> {
        let call = self.call(What::WithKeys(&identity.role), Mask::new(by.secrets()), now);
        let client = self.signing(by)?;
        let ask = async |duration: Duration| -> Heard<Given> {
            let answer = client
                .assume_role()
                .role_arn(identity.role.as_str())
                .role_session_name(identity.session.as_str())
                .duration_seconds(seconds(duration))
                .set_policy(identity.policy.as_ref().map(|policy| policy.as_str().to_owned()))
                .set_policy_arns(policies(identity))
                .customize()
                .interceptor(Watcher(Arc::clone(&call.watch)))
                .send()
                .await;
            let output = answer.map_err(|error| call.said(&error))?;
            Ok((output.credentials, output.assumed_role_user.map(|user| user.arn)))
        };
        let chained = by.session_token.is_some() && identity.duration > ONE_HOUR;
        call.assume(identity, chained.then_some(Limit::Chaining), ask).await
    }

    /// Asks whose these credentials are. Waits up to 60 s in all.
    ///
    /// # Errors
    /// [`Error`]; of the kind [`ErrorKind::Unsupported`] where a store cannot tell.
    pub async fn caller(&self, credentials: &Credentials, now: SystemTime) -> Result<Caller, Error> {
        let call = self.call(What::Caller, Mask::new(credentials.secrets()), now);
        let client = self.signing(credentials)?;
        let watcher = Watcher(Arc::clone(&call.watch));
        let answer = client.get_caller_identity().customize().interceptor(watcher).send().await;
        match answer.map_err(|error| call.said(&error)) {
            Ok(output) => {
                let told = |text: Option<String>| text.map(|text| call.mask.quote(&text)).unwrap_or_default();
                let caller =
                    Caller { arn: told(output.arn), account: told(output.account), user_id: told(output.user_id) };
                if caller.arn.is_empty() && caller.user_id.is_empty() {
                    return Err(call.asked().malformed("it does not say whose the credentials are"));
                }
                Ok(caller)
            }
            Err(said) => Err(call.asked().error(&said)),
        }
    }

    fn call<'a>(&'a self, what: What<'a>, mask: Mask, now: SystemTime) -> Call<'a> {
        Call { settings: &self.settings, what, mask, watch: Arc::new(Watch::new(now)) }
    }

    /// A client that signs. What no header can carry would fail, or worse, in the midst of the SDK.
    fn signing(&self, by: &Credentials) -> Result<Client, Error> {
        if !by.secrets().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic())) {
            return Err(Error::new(
                ErrorKind::Configuration,
                "a part of the credentials is empty, or has blanks or other characters that no header can carry",
                "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN for blanks and line ends",
            ));
        }
        let [id, key] = [&by.access_key_id, &by.secret_access_key].map(|part| part.expose().to_owned());
        let token = by.session_token.as_ref().map(|token| token.expose().to_owned());
        let keys = SigningKeys::new(id, key, token, by.expires, "given");
        Ok(Client::from_conf(self.config.to_builder().credentials_provider(keys).build()))
    }
}

fn seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)
}

fn policies(identity: &Identity) -> Option<Vec<PolicyDescriptorType>> {
    let descriptor = |arn: &String| PolicyDescriptorType::builder().arn(arn).build();
    (!identity.policy_arns.is_empty()).then(|| identity.policy_arns.iter().map(descriptor).collect())
}

/// One call, to make sense of its answer.
struct Call<'a> {
    settings: &'a StsSettings,
    what: What<'a>,
    mask: Mask,
    watch: Arc<Watch>,
}

impl<'a> Call<'a> {
    /// Asks for a role, with one hour when more is not allowed.
    async fn assume(
        &self,
        identity: &Identity,
        mut limit: Option<Limit>,
        ask: impl AsyncFn(Duration) -> Heard<Given>,
    ) -> Result<Granted, Error> {
        self.fits(identity)?;
        let first = if limit.is_some() { ONE_HOUR } else { identity.duration };
        let mut answer = ask(first).await;
        if first > ONE_HOUR && answer.as_ref().is_err_and(Said::blames_duration) {
            answer = ask(ONE_HOUR).await;
            limit = Some(Limit::Role);
        }
        let (given, session) = answer.map_err(|said| self.asked().error(&said))?;
        let judged = Judged { asked: identity.duration, limit, now: self.watch.now(), clock: self.watch.skew() };
        judged.grant(given, session).map_err(|problem| self.asked().malformed(problem))
    }

    /// A role of another partition is not known where the region's endpoint is.
    fn fits(&self, identity: &Identity) -> Result<(), Error> {
        if self.settings.endpoint.is_some() {
            return Ok(());
        }
        identity.role.fits(&self.settings.region).map_err(|mismatch| {
            let remedy =
                "set AWS_REGION to a region of the role's partition, or AWS_ROLE_ARN to a role of the region's";
            Error::new(ErrorKind::Configuration, mismatch, remedy)
        })
    }

    fn said<E>(&self, error: &SdkError<E, HttpResponse>) -> Said
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        match Said::of(error, &self.mask) {
            // What was wrong all the time says more.
            Said::OutOfTime => self.watch.failure().unwrap_or(Said::OutOfTime),
            said => said,
        }
    }

    fn asked(&self) -> Asked<'a> {
        let endpoint = self.watch.endpoint().unwrap_or("its endpoint").to_owned();
        Asked {
            proxy: self.settings.proxy.for_url(&endpoint).map(str::to_owned),
            endpoint,
            region: &self.settings.region,
            regional: self.settings.endpoint.is_none(),
            what: self.what,
            attempts: self.watch.attempts(),
            skew: self.watch.skew(),
        }
    }
}

impl Mask {
    fn of_token(token: &Token) -> Self {
        Self::new([Secret::expose(token.text())])
    }
}
