//! The instance way: credentials that whoever runs the pod hands out over HTTP: a container endpoint (EKS Pod Identity,
//! ECS, codriver's own), or the instance metadata service (IMDS) and what stands in for it (kube2iam, kiam).
//!
//! aws-config has providers for both. They are not used: they bring its whole chain along, a few hundred kilobytes, and
//! say of most troubles only that there are no credentials.

mod container;
mod document;
mod metadata;
mod source;

use std::time::{Duration, Instant, SystemTime};

use aws_smithy_types::body::SdkBody;
use hyper::body::Bytes;
use hyper::{Request, Response};

use crate::clock::Skew;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::https::Https;
use crate::patience::Patience;
use crate::roots::Roots;
use crate::sts::holds_credentials;
use crate::wire::WireFault;
pub use source::{Container, ContainerToken, Metadata, Source, SourceVariables};

/// The most that is read of one answer, in bytes. A good one has about 2 KiB.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Short, since all these servers are on the node. An answer may take as long as kube2iam looks for a pod that it does
/// not know yet (2 s); the total is for such a pod, and for a role that was attached a moment ago.
const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(1),
    answer: Duration::from_secs(3),
    attempts: 3,
    pause: Duration::from_millis(250),
    total: Duration::from_secs(15),
};

/// Whom to ask, and how patiently.
#[derive(Debug, Clone)]
pub struct InstanceSettings {
    /// Whom to ask.
    pub source: Source,
    /// Whom to trust beside the web's roots, for `https://`.
    pub roots: Roots,
    /// How long to wait, and how often to ask.
    pub patience: Patience,
}

impl InstanceSettings {
    /// With the usual patience: 19 s at most.
    #[must_use]
    pub fn new(source: Source) -> Self {
        Self { source, roots: Roots::default(), patience: PATIENCE }
    }
}

/// What the instance way gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The credentials. They are never over already.
    pub credentials: Credentials,
    /// Who gave them: scheme, host and port. The path is left out: on ECS it is a secret.
    pub origin: String,
    /// The role that the metadata service named: of the instance profile, or of the pod's annotation for kube2iam.
    pub role: Option<String>,
    /// The metadata service was asked in its first version, without a session, since it refused one.
    pub first_version: bool,
    /// When the clocks of the node and of the server disagree by more than a minute.
    pub clock: Option<Skew>,
}

/// Asks the instance way for credentials; waits as long as the settings' patience says. Never goes through a proxy.
///
/// `token` is the container endpoint's; the caller reads its file anew before each call, since it is replaced.
///
/// # Errors
/// [`Error`], which knows the remedy. Never a secret in it.
pub async fn instance_credentials(
    settings: &InstanceSettings,
    token: Option<&ContainerToken>,
    now: SystemTime,
) -> Result<Found, Error> {
    let patience = settings.patience;
    let origin = settings.source.origin();
    let secure = origin.starts_with("https://");
    let https = if secure { Https::new(&settings.roots, patience.connect) } else { Https::plain(patience.connect) };
    let asker = Asker { https, patience, begun: Instant::now(), now };
    match &settings.source {
        Source::Container(container) => container::ask(&asker, container, token).await,
        Source::Metadata(metadata) => metadata::ask(&asker, metadata).await,
    }
}

/// Sends the requests of one call, and knows what time it is.
struct Asker {
    https: Https,
    patience: Patience,
    begun: Instant,
    now: SystemTime,
}

impl Asker {
    /// The time, by the clock that the caller gave.
    fn now(&self) -> SystemTime {
        self.now + self.begun.elapsed()
    }

    async fn send(&self, request: Request<SdkBody>) -> Result<Response<Bytes>, WireFault> {
        self.https.send(request, self.patience.answer, LONGEST_ANSWER).await
    }

    fn clock(&self, answer: &Response<Bytes>) -> Option<Skew> {
        Skew::of(answer.headers().get("date")?.to_str().ok()?, self.now())
    }
}

/// A text answer, for people: HTML says nothing that its status does not say, and credentials are not for people.
fn plain_text(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    (!text.is_empty() && !text.starts_with('<') && !holds_credentials(text)).then(|| text.to_owned())
}
