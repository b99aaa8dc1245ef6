//! Runs the cleanup after one attempt and says what came of it: in the log, in the sidecar's termination message and as an
//! event.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use codriver_kube::Client;
use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use crate::{
    cleanup::{Outcome, Target, Wishes, cleanup, remove_kept},
    metrics::Metrics,
    run::attempt::spark_defaults,
    sidecar::{Pod, ending, events::Events, machine::Ended, measured, told::Told},
    spark_conf::SparkConf,
};

/// Cleans up with the driver's service account.
pub struct Cleaner {
    /// The API server; absent without a service account.
    pub client: Option<Arc<Client>>,
    /// The driver's pod.
    pub pod: Pod,
    /// For one cleanup in all.
    pub deadline: Duration,
    /// For how long executors that failed stay after the driver's end.
    pub keep_failed: Duration,
    /// Where the attempts' Spark settings are.
    pub volume: PathBuf,
    /// The termination message.
    pub told: Told,
    /// Where the end is told.
    pub events: Arc<Events>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

/// What `kubectl describe pod` shows of the sidecar, and what its log says.
#[derive(Serialize)]
struct Report<'a> {
    verdict: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u8>,
    evidence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    attempt: u32,
    application_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    executors_gone_seconds: Option<f64>,
    removed: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<String>,
    requests: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    executor_failures: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: &'a Vec<String>,
}

impl Cleaner {
    /// Removes what the attempt left, within the deadline. `noticed` is when the sidecar heard that it was over.
    /// A cleanup that fails has a warning for each problem; nothing else follows from it. The event takes at most two
    /// seconds more.
    pub async fn clean(&self, ended: &Ended, spare: Option<String>, noticed: Instant) {
        // Not now: a next attempt may have made executors meanwhile.
        let ended_at = SystemTime::now() - noticed.elapsed();
        measured::end(&self.metrics, ended, ended_at);
        let Some(client) = &self.client else {
            tracing::error!(verdict = %ended.verdict, evidence = %ended.evidence,
                "the driver ended, and without the API server nothing can be removed; executors go when the pod is deleted");
            return;
        };
        let conf = SparkConf::load(&spark_defaults(&self.volume, ended.attempt.number));
        let target = Target {
            namespace: self.pod.namespace.clone(),
            application_id: ended.attempt.application_id.clone(),
            driver_uid: self.pod.uid.clone(),
            ended_at: ended_at.into(),
            live: spare.into_iter().collect(),
            grace: 0,
            wishes: Wishes::of(&conf, !self.keep_failed.is_zero()),
        };
        let before = noticed.elapsed();
        let outcome = cleanup(client, &target, self.deadline).await;
        measured::cleanup(&self.metrics, &outcome);
        self.report(ended, &outcome, before);
        if outcome.kept_failed > 0 {
            let (client, until, deadline) = (Arc::clone(client), noticed + self.keep_failed, self.deadline);
            // Nothing waits for it: at the pod's end it is dropped, and a sweep or the owner references do it.
            tokio::spawn(async move {
                sleep_until(until).await;
                remove_kept(&client, &target, deadline).await;
            });
        }
        self.events.tell(&ending::note(ended, &outcome)).await;
    }

    fn report(&self, ended: &Ended, outcome: &Outcome, before: Duration) {
        let tallies = outcome.tallies();
        let report = Report {
            verdict: ended.verdict.to_string(),
            code: ended.verdict.code(),
            evidence: ended.evidence.to_string(),
            reason: ended.reason.as_deref(),
            attempt: ended.attempt.number,
            application_id: &ended.attempt.application_id,
            executors_gone_seconds: outcome.executors_gone_after.map(|after| seconds(before + after)),
            removed: tallies.iter().map(|tally| tally.removed).sum(),
            left: tallies.iter().map(|tally| tally.left).sum(),
            kept: outcome.kept_in_words(),
            requests: outcome.requests,
            executor_failures: outcome.failures.kept.iter().map(ToString::to_string).collect(),
            problems: &outcome.problems,
        };
        tracing::info!(
            code = report.code,
            evidence = report.evidence,
            reason = report.reason,
            attempt = report.attempt,
            application_id = report.application_id,
            executors_gone_seconds = report.executors_gone_seconds,
            removed = report.removed,
            left = report.left,
            kept = report.kept,
            requests = report.requests,
            executor_failures = outcome.failures.total,
            "the driver {}",
            report.verdict
        );
        self.told.tell(&report);
    }
}

/// Seconds with three digits behind the point; a [`Duration`]'s own may come as 1.3479999999999999.
fn seconds(duration: Duration) -> f64 {
    f64::from(u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        protocol::Attempt,
        sidecar::test_api::{Api, pod},
        verdict::{Evidence, Verdict},
    };

    #[test]
    fn seconds_have_three_digits_behind_the_point() {
        for (duration, text) in [(Duration::from_micros(1_348_999), "1.348"), (Duration::ZERO, "0.0")] {
            assert_eq!(format!("{:?}", seconds(duration)), text);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_is_told_once_it_is_cleaned_up_after() {
        let volume = tempfile::tempdir().unwrap();
        let api = Api::new(|request| match request.starts_with("POST") {
            true => Some((201, "{}")),
            false => Some((200, r#"{"metadata":{},"items":[]}"#)),
        });
        let cleaner = Cleaner {
            client: Some(api.client()),
            pod: pod(),
            deadline: Duration::from_secs(20),
            keep_failed: Duration::ZERO,
            volume: volume.path().to_owned(),
            told: Told::new(volume.path().join("none"), volume.path(), "x"),
            events: Arc::new(Events::new(Some(api.client()), pod())),
            metrics: Arc::default(),
        };
        let attempt = Attempt { number: 1, application_id: "spark-x-1".into(), since: 5 };
        let ended =
            Ended { attempt, verdict: Verdict::Exited(7), evidence: Evidence::Farewell, mapped: None, reason: None };
        cleaner.clean(&ended, None, Instant::now()).await;
        let (last, before) = (api.requests(), api.bodies());
        let told = before.last().unwrap();
        assert_eq!(last.iter().position(|request| request.starts_with("POST")), Some(last.len() - 1), "{last:?}");
        assert_eq!((&told["reason"], &told["type"]), (&"DriverFailed".into(), &"Warning".into()));
        let page = cleaner.metrics.page();
        assert!(page.contains("codriver_cleanups_total{result=\"complete\"} 1"), "{page}");
        assert!(page.contains("codriver_driver_exit_code 7"), "{page}");
    }
}
