//! Kubernetes Events on the driver's pod: what `kubectl describe pod` and `kubectl get events` show of it in plain words.
//!
//! They are the core group's v1 events, which the API server keeps for an hour unless it is told otherwise
//! (`--event-ttl`). The log says the same for longer. An event that cannot be made has one warning, and changes nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use codriver_kube::{Client, Error, Kind, Timestamp};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::sidecar::Pod;

/// For the one request of an event. After SIGTERM there may be two seconds in all.
const DEADLINE: Duration = Duration::from_secs(2);
/// Bytes of a message; events.k8s.io/v1 allows 1024, and what shows events cuts longer ones anyhow.
const LONGEST_MESSAGE: usize = 1024;

/// What happened, as one of few fixed words that filters and alerts can rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The driver ended with code 0.
    DriverEnded,
    /// It ended with another code, or nobody knows how.
    DriverFailed,
    /// It runs, and no executor comes.
    NoExecutors,
    /// It ended, and a proxy in an ordinary container keeps the pod alive.
    ProxyStays,
    /// Its credentials are about to end, and no new ones can be had.
    NoNewCredentials,
    /// It cannot start, since the sidecar is no native one and the pod waits for its end.
    NotNative,
}

impl Reason {
    /// In the case that Kubernetes has its reasons in.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DriverEnded => "DriverEnded",
            Self::DriverFailed => "DriverFailed",
            Self::NoExecutors => "NoExecutors",
            Self::NoNewCredentials => "NoNewCredentials",
            Self::ProxyStays => "ProxyStays",
            Self::NotNative => "NotNative",
        }
    }
}

/// One thing to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What happened.
    pub reason: Reason,
    /// Somebody should look at it: type `Warning`, and not `Normal`.
    pub is_warning: bool,
    /// What makes it one of its kind in this pod, in small letters, digits and `-`: a note with a key that was told
    /// before, by an earlier life of the sidecar too, is not told again.
    pub key: String,
    /// Whole sentences; cut at 1 kB.
    pub message: String,
}

/// Tells notes as events.
pub struct Events {
    client: Option<Arc<Client>>,
    pod: Pod,
    refused: AtomicBool,
}

impl Events {
    /// On this pod. Without a client nothing is told.
    #[must_use]
    pub fn new(client: Option<Arc<Client>>, pod: Pod) -> Self {
        Self { client, pod, refused: AtomicBool::new(false) }
    }

    /// Tells it with one request, within two seconds. What goes wrong is a warning in the log; a role that lacks the
    /// rule is said once.
    pub async fn tell(&self, note: &Note) {
        let Some(client) = &self.client else { return };
        let event = event(&self.pod, note, SystemTime::now().into());
        let reason = note.reason.as_str();
        match timeout(DEADLINE, client.create(Kind::Events, &self.pod.namespace, &event, false)).await {
            Ok(Ok(()) | Err(Error::Conflict { .. })) => tracing::debug!(reason, "told as an event"),
            Ok(Err(Error::Forbidden { .. })) if self.refused.swap(true, Ordering::Relaxed) => {}
            Ok(Err(error)) => tracing::warn!(%error, reason, "not told as an event"),
            Err(_) => tracing::warn!(reason, "not told as an event: no answer within {} s", DEADLINE.as_secs()),
        }
    }
}

/// The object to create. Its name is made of the pod's uid and the note's key, so that a second one is a conflict.
fn event(pod: &Pod, note: &Note, now: Timestamp) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": { "name": format!("codriver-{}-{}", pod.uid, note.key), "namespace": pod.namespace },
        "involvedObject": {
            "apiVersion": "v1", "kind": "Pod", "namespace": pod.namespace, "name": pod.name, "uid": pod.uid,
        },
        "type": if note.is_warning { "Warning" } else { "Normal" },
        "reason": note.reason.as_str(),
        "message": cut(&note.message),
        "source": { "component": "codriver" },
        "reportingComponent": "codriver",
        "reportingInstance": pod.name,
        "firstTimestamp": now.to_string(),
        "lastTimestamp": now.to_string(),
        "count": 1,
    })
}

fn cut(message: &str) -> String {
    const MARK: &str = "…";
    if message.len() <= LONGEST_MESSAGE {
        return message.to_owned();
    }
    let end = message.floor_char_boundary(LONGEST_MESSAGE - MARK.len());
    format!("{}{MARK}", &message[..end])
}

#[cfg(test)]
mod tests;
