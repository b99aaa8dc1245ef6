//! Removes what an ended driver left behind: executors, their ConfigMap, and the volume claims.
//!
//! It goes by the label `spark-app-selector`, which Spark puts on all three, with one deletecollection for each kind; then
//! it looks, and removes again what came late, until two looks in a row with a pause between them found nothing. One look
//! goes through all executors of the namespace, for those that the driver's pod owns but that bear another application
//! id, since a job may set its own.
//!
//! After a driver that was killed this takes 8 requests, and one more for each further 500 objects; none for each
//! executor.
//!
//! **Claims.** All that bear the application id go, as they do when Spark stops by itself. Those that the driver's pod
//! owns would otherwise stay until it is deleted; those that executors own (`ownPersistentVolumeClaim=false`) would go
//! with them anyway. Of a stray application id, one that the job chose, only what the driver's pod owns is touched:
//! another driver may have chosen the same.
//!
//! [`plan`] and [`strays`] decide without a clock or a socket; [`sweep`] does what they say.

mod failures;
mod plan;
mod reaction;
mod requests;
mod strays;
mod sweep;

use std::time::Duration;

use codriver_kube::{Client, Timestamp};

pub use failures::{ExecutorFailure, Failures};

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
}

/// What was removed of one kind, and what stayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Deleted and seen to be gone, or only deleted where nobody could look. An answer that broke off may have named
    /// fewer than it deleted.
    pub removed: usize,
    /// Still there at the last look; `None` when nobody could look.
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
        self.problems.is_empty() && [self.pods, self.config_maps, self.claims].iter().all(|tally| tally.left == Some(0))
    }
}

/// Removes the target's leftovers. Takes at most `deadline`, and a fifth of a second more than its requests when all is
/// well. Dropping the future leaves the rest where it is.
pub async fn cleanup(client: &Client, target: &Target, deadline: Duration) -> Outcome {
    sweep::Sweep::new(client, target).run(deadline).await
}
