//! Removes what an ended driver left behind: executors, their ConfigMap, and the volume claims.
//!
//! It goes by the label `spark-app-selector`, which Spark puts on all three, with one deletecollection for each kind; then
//! it looks, and removes again what came late, until two looks in a row with a pause between them found nothing. One look
//! goes by the label `codriver/driver-uid`, which codriver-init has Spark put on executors, for those that bear another
//! application id, since a job may set its own. A job that overrides both is left to the owner references and to
//! `codriver sweep`.
//!
//! After a driver that was killed this takes 8 requests, and one more for each further 500 objects; none for each
//! executor, and none for those of others.
//!
//! **Controllers.** With Spark's allocators `statefulset` and `deployment` a controller makes the executors. Spark's settings
//! tell it, or the executors' owners; then the controllers go first, for at least two requests more.
//!
//! **What is kept.** With `spark.kubernetes.executor.deleteOnTermination=false` executors and ConfigMaps stay, as they do
//! when Spark stops by itself. Executors that failed may be kept for a look at their logs.
//!
//! **Claims.** All that bear the application id go, as they do when Spark stops by itself. Those that the driver's pod
//! owns would otherwise stay until it is deleted; those that executors own (`ownPersistentVolumeClaim=false`) would go
//! with them anyway. Of a stray application id, one that the job chose, only what the driver's pod owns is touched:
//! another driver may have chosen the same.
//!
//! [`plan`] and [`strays`] decide without a clock or a socket; [`sweep`] does what they say.

pub(crate) mod controllers;
mod failures;
mod plan;
pub(crate) mod reaction;
pub(crate) mod requests;
pub(crate) mod strays;
mod sweep;
mod wishes;

use std::time::Duration;

use codriver_kube::{Client, Collection, Kind, Timestamp, View};
use tokio::time::timeout;

use crate::spark_conf::DELETE_ON_TERMINATION;

pub use failures::{ExecutorFailure, Failures};
pub use wishes::{Keep, Wishes};

/// Whose leftovers are to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where the executors are.
    pub namespace: String,
    /// The application id of the attempt that ended.
    pub application_id: String,
    /// The uid of the driver's pod, by which executors with another application id are known.
    pub driver_uid: String,
    /// When the attempt ended: what its pod owns and is younger belongs to the next attempt.
    pub ended_at: Timestamp,
    /// Application ids of attempts that live; they are spared in any case.
    pub live: Vec<String>,
    /// Seconds that executors get to end by themselves: 0 once the driver is known to be dead.
    pub grace: u32,
    /// What the driver's settings ask for.
    pub wishes: Wishes,
}

/// What was removed of one kind, and what stayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Deleted and seen to be gone, or only deleted where nobody could look. An answer that broke off may have named
    /// fewer than it deleted.
    pub removed: usize,
    /// Still there at the last look and not to be kept; `None` when nobody could look.
    pub left: Option<usize>,
}

/// What came of a cleanup. It never fails: what went wrong stands in `problems`.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Executors.
    pub pods: Tally,
    /// Their configuration.
    pub config_maps: Tally,
    /// Volume claims.
    pub claims: Tally,
    /// Stateful sets and deployments.
    pub controllers: Tally,
    /// What stays because it was asked for.
    pub kept: Keep,
    /// How many executors stay because they failed.
    pub kept_failed: usize,
    /// From the beginning of the cleanup until the last executor was seen to be gone; `None` when that was not seen.
    pub executors_gone_after: Option<Duration>,
    /// From the beginning of the cleanup to its end.
    pub took: Duration,
    /// Requests made to the API server.
    pub requests: u32,
    /// Executors that had failed before their driver ended, and why.
    pub failures: Failures,
    /// What went wrong, each with its remedy.
    pub problems: Vec<String>,
}

impl Outcome {
    /// Whether nothing is left, as far as two looks can tell.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.problems.is_empty() && self.tallies().iter().all(|tally| tally.left == Some(0))
    }

    /// What stays because it was asked for.
    #[must_use]
    pub fn kept_in_words(&self) -> Option<String> {
        match (self.kept, self.kept_failed) {
            (Keep::All, _) => Some(format!("executors and ConfigMap, since {DELETE_ON_TERMINATION}=false")),
            (_, 0) => None,
            (_, failed) => Some(format!("{failed} executors that failed")),
        }
    }

    /// Those of all kinds.
    #[must_use]
    pub fn tallies(&self) -> [Tally; 4] {
        [self.pods, self.config_maps, self.claims, self.controllers]
    }
}

/// Removes the target's leftovers. Takes at most `deadline`, and a fifth of a second more than its requests when all is
/// well. Dropping the future leaves the rest where it is.
pub async fn cleanup(client: &Client, target: &Target, deadline: Duration) -> Outcome {
    sweep::Sweep::new(client, target).run(deadline).await
}

/// Removes the executors that a cleanup has kept since they had failed. Takes one request for each 500, and at most
/// `deadline`; what it does not do is done by the owner references, or by `codriver sweep`.
pub async fn remove_kept(client: &Client, target: &Target, deadline: Duration) {
    let selector = strays::selector(Kind::Pods, &target.application_id);
    let of = Collection {
        kind: Kind::Pods,
        namespace: &target.namespace,
        selector: &selector,
        fields: "status.phase=Failed",
    };
    let (mut requests, mut removed) = (requests::Requests::new(client), 0);
    let how = requests::How::Delete { view: View::Metadata, grace: Some(target.grace) };
    let mut each = |_| removed += 1;
    match timeout(deadline, requests.pages(&of, how, &mut each)).await {
        Ok(Ok(())) => tracing::info!(removed, "removed the executors that were kept since they had failed"),
        Ok(Err(error)) => tracing::warn!(%error, "executors that had failed stay"),
        Err(_) => tracing::warn!(?deadline, "executors that had failed stay: not done in time"),
    }
}
