//! The wrapper's own cleanup, where no sidecar runs (`codriver run --alone`).
//!
//! The client of the API server is made only when the driver is gone: until then the wrapper costs what it always does.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use codriver_kube::{Client, Config};

use crate::{
    cleanup::{Target, Wishes, cleanup},
    spark_conf::{NAMESPACE, SparkConf},
};

/// What is to be cleaned up after, and by whom.
#[derive(Debug)]
pub struct Alone {
    /// The attempt's.
    pub application_id: String,
    /// The uid of the driver's pod.
    pub pod_uid: String,
    /// The attempt's merged spark-defaults.conf.
    pub spark_defaults: PathBuf,
    /// The mounted service account.
    pub service_account: PathBuf,
    /// For the cleanup in all.
    pub deadline: Duration,
    /// Executors that failed stay, for a sweep.
    pub keep_failed: bool,
}

impl Alone {
    /// Says at the start what nobody can do without a sidecar.
    pub fn warn(&self) {
        tracing::info!(
            cleanup_seconds = self.deadline.as_secs(),
            "alone, without a sidecar: codriver cleans up when the driver ends; if the kernel kills this container at once, \
             executors stay until the pod is deleted, or `codriver sweep` runs"
        );
    }

    /// Removes what this attempt left, and earlier ones of the same pod whose wrapper was killed, within the deadline. What
    /// goes wrong is said, and nothing else follows from it.
    pub async fn clean(self) {
        let ended_at = SystemTime::now().into();
        let conf = SparkConf::load(&self.spark_defaults);
        let Some(namespace) = namespace(&conf, &self.service_account) else {
            tracing::error!("no cleanup: {NAMESPACE} is not set and the service account names no namespace");
            return;
        };
        let client = match Config::in_cluster(|name| env::var(name).ok(), &self.service_account) {
            Ok(config) => Client::new(config),
            Err(error) => {
                tracing::error!(%error, "no cleanup; executors go when the pod is deleted");
                return;
            }
        };
        let target = Target {
            namespace,
            application_id: self.application_id,
            driver_uid: self.pod_uid,
            ended_at,
            live: Vec::new(),
            grace: 0,
            wishes: Wishes::of(&conf, self.keep_failed),
        };
        let outcome = cleanup(&client, &target, self.deadline).await;
        tracing::info!(
            removed = outcome.tallies().iter().map(|tally| tally.removed).sum::<usize>(),
            left = outcome.tallies().iter().map(|tally| tally.left).sum::<Option<usize>>(),
            kept = outcome.kept_in_words(),
            requests = outcome.requests,
            executors_gone_seconds = outcome.executors_gone_after.map(|after| after.as_secs_f64()),
            "cleaned up after the driver"
        );
        for failure in &outcome.failures.kept {
            tracing::info!("an executor had failed before: {failure}");
        }
    }
}

/// Where the executors are: as Spark was told, else where the pod is.
fn namespace(conf: &SparkConf, service_account: &Path) -> Option<String> {
    let told = conf.get(NAMESPACE).map(str::to_owned);
    told.or_else(|| fs::read_to_string(service_account.join("namespace")).ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executors_are_where_spark_was_told_or_where_the_pod_is() {
        let folder = tempfile::tempdir().unwrap();
        let told = SparkConf::read("spark.kubernetes.namespace=etl");
        assert_eq!(namespace(&told, folder.path()).as_deref(), Some("etl"));
        assert_eq!(namespace(&SparkConf::default(), folder.path()), None);
        fs::write(folder.path().join("namespace"), "team\n").unwrap();
        assert_eq!(namespace(&SparkConf::default(), folder.path()).as_deref(), Some("team"));
    }
}
