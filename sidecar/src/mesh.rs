//! Asks the proxies of a mesh to quit, where they are ordinary containers and would keep the pod alive for ever.
//!
//! A native sidecar, an init container with `restartPolicy: Always`, is ended by the kubelet once the driver is, and is
//! never asked: it would only be started again. An ordinary container has to be told. [`catalogue`] knows who listens
//! where; [`wish`] is what the user wants; [`plan`] decides whom to ask, [`asking`] how often; [`ask`] does it.
//!
//! Only loopback is ever asked. Nothing of it changes an exit code or holds up the pod's end: SIGTERM cuts it off.

pub mod ask;
pub mod asking;
pub mod catalogue;
pub mod plan;
pub mod wish;

use std::time::Duration;

use hyper::Method;

/// For one request and its answer, unless the user says otherwise. Proxies answer before they begin to drain.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// A proxy to ask, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Which of the catalogue it is, or [`catalogue::OTHER`].
    pub proxy: &'static str,
    /// How it is called in the log: its container, or the URL that was configured.
    pub name: String,
    /// The request's method.
    pub method: Method,
    /// On 127.0.0.1.
    pub port: u16,
    /// With the query, if there is one.
    pub path: String,
    /// The status that means yes; without it any of 200 to 299 does.
    pub expect: Option<u16>,
    /// For the request and its answer.
    pub patience: Duration,
    /// What to do when it refuses.
    pub remedy: &'static str,
}

impl Target {
    /// Whether this HTTP status means that it will quit.
    #[must_use]
    pub fn agrees(&self, status: u16) -> bool {
        self.expect.map_or((200..300).contains(&status), |expected| status == expected)
    }
}
