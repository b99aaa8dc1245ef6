//! What goes into the metrics, and when.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::{
    cleanup::Outcome,
    mesh::asking::Came,
    metrics::{
        BUILD_INFO, CLEANUP_DURATION, CLEANUP_EXECUTORS_GONE, CLEANUP_LEFT, CLEANUP_REMOVED, CLEANUP_REQUESTS,
        CLEANUPS, DRIVER_ATTEMPT, DRIVER_END, DRIVER_ENDS, DRIVER_EXIT_CODE, DRIVER_START, EXECUTOR_FAILURES, Metrics,
        PROXY_QUITS, WRAPPER_CONNECTED, number,
    },
    protocol::Attempt,
    sidecar::machine::Ended,
    verdict::Verdict,
};

/// What cleanups remove, as labels.
const KINDS: [&str; 4] = ["pods", "configmaps", "persistentvolumeclaims", "controllers"];
const COMPLETE: &str = "complete";
const INCOMPLETE: &str = "incomplete";

/// Before anything has happened. Counters that alerts look at begin with 0, since Prometheus sees no increase to a first value.
#[must_use]
pub fn nothing_yet() -> Metrics {
    let metrics = Metrics::default();
    metrics.set(&BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1.0);
    metrics.set(&WRAPPER_CONNECTED, &[], 0.0);
    for result in [COMPLETE, INCOMPLETE] {
        metrics.add(&CLEANUPS, &[result], 0.0);
    }
    for kind in KINDS {
        metrics.add(&CLEANUP_REMOVED, &[kind], 0.0);
    }
    for metric in [&CLEANUP_REQUESTS, &EXECUTOR_FAILURES] {
        metrics.add(metric, &[], 0.0);
    }
    metrics
}

/// A wrapper said hello.
pub fn hello(metrics: &Metrics, attempt: &Attempt) {
    metrics.set(&WRAPPER_CONNECTED, &[], 1.0);
    metrics.set(&DRIVER_ATTEMPT, &[], attempt.number.into());
    metrics.set(&DRIVER_START, &[], number(attempt.since));
}

/// Its stream ended.
pub fn stream_ended(metrics: &Metrics) {
    metrics.set(&WRAPPER_CONNECTED, &[], 0.0);
}

/// The driver ended at this time.
pub fn end(metrics: &Metrics, ended: &Ended, at: SystemTime) {
    metrics.add(&DRIVER_ENDS, &[verdict(&ended.verdict), &ended.evidence.to_string()], 1.0);
    metrics.set(&DRIVER_EXIT_CODE, &[], ended.verdict.code().map_or(-1.0, f64::from));
    metrics.set(&DRIVER_END, &[], at.duration_since(UNIX_EPOCH).map_or(0.0, |since| number(since.as_secs())));
}

/// A cleanup is over.
pub fn cleanup(metrics: &Metrics, outcome: &Outcome) {
    let result = if outcome.is_complete() { COMPLETE } else { INCOMPLETE };
    metrics.add(&CLEANUPS, &[result], 1.0);
    metrics.set(&CLEANUP_DURATION, &[], outcome.took.as_secs_f64());
    if let Some(after) = outcome.executors_gone_after {
        metrics.set(&CLEANUP_EXECUTORS_GONE, &[], after.as_secs_f64());
    }
    let tallies = [outcome.pods, outcome.config_maps, outcome.claims, outcome.controllers];
    for (kind, tally) in KINDS.into_iter().zip(tallies) {
        metrics.add(&CLEANUP_REMOVED, &[kind], number(tally.removed as u64));
        if let Some(left) = tally.left {
            metrics.set(&CLEANUP_LEFT, &[kind], number(left as u64));
        }
    }
    metrics.add(&CLEANUP_REQUESTS, &[], outcome.requests.into());
    metrics.add(&EXECUTOR_FAILURES, &[], number(outcome.failures.total as u64));
}

/// Something came of asking a proxy.
pub fn proxy(metrics: &Metrics, proxy: &str, came: Came) {
    metrics.add(&PROXY_QUITS, &[proxy, came.as_str()], 1.0);
}

fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Exited(_) => "exited",
        Verdict::Signalled(_) => "signalled",
        Verdict::NeverStarted { .. } => "never started",
        Verdict::Finished { .. } => "finished",
        Verdict::GivenUp { .. } => "given up",
        Verdict::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        cleanup::{Failures, Keep, Tally},
        verdict::Evidence,
    };

    const ATTEMPT: u32 = 2;

    fn has(metrics: &Metrics, lines: &[&str]) {
        let page = metrics.page();
        for line in lines {
            assert!(page.lines().any(|it| it == *line), "{line}\n{page}");
        }
    }

    fn attempt() -> Attempt {
        Attempt { number: ATTEMPT, application_id: "spark-x-2".into(), since: 1_795_385_000 }
    }

    #[test]
    fn before_anything_happened_counters_are_there() {
        has(
            &nothing_yet(),
            &[
                "codriver_wrapper_connected 0",
                "codriver_cleanups_total{result=\"incomplete\"} 0",
                "codriver_cleanup_removed_total{kind=\"pods\"} 0",
            ],
        );
        assert!(!nothing_yet().page().contains("codriver_driver_exit_code"), "nothing has ended");
    }

    #[test]
    fn a_driver_that_comes_and_goes_is_measured() {
        let metrics = nothing_yet();
        hello(&metrics, &attempt());
        has(
            &metrics,
            &[
                "codriver_wrapper_connected 1",
                "codriver_driver_attempt 2",
                "codriver_driver_start_timestamp_seconds 1795385000",
            ],
        );
        stream_ended(&metrics);
        let ended = Ended {
            attempt: attempt(),
            verdict: Verdict::Signalled(9),
            evidence: Evidence::ContainerStatus,
            mapped: None,
            reason: Some("OOMKilled".into()),
        };
        end(&metrics, &ended, UNIX_EPOCH + Duration::from_millis(1_795_385_431_500));
        has(
            &metrics,
            &[
                "codriver_wrapper_connected 0",
                "codriver_driver_ends_total{verdict=\"signalled\",evidence=\"container status\"} 1",
                "codriver_driver_exit_code 137",
                "codriver_driver_end_timestamp_seconds 1795385431",
            ],
        );
        end(&metrics, &Ended { verdict: Verdict::Unknown, ..ended }, UNIX_EPOCH);
        has(&metrics, &["codriver_driver_exit_code -1"]);
    }

    #[test]
    fn cleanups_add_up_and_the_last_one_shows() {
        let metrics = nothing_yet();
        let clean = Tally { removed: 0, left: Some(0) };
        let mut outcome = Outcome {
            pods: Tally { removed: 3, left: Some(1) },
            config_maps: Tally { removed: 1, left: Some(0) },
            claims: clean,
            controllers: clean,
            kept: Keep::Nothing,
            kept_failed: 0,
            executors_gone_after: Some(Duration::from_millis(250)),
            took: Duration::from_secs(2),
            requests: 9,
            failures: Failures { kept: Vec::new(), total: 4 },
            problems: Vec::new(),
        };
        cleanup(&metrics, &outcome);
        (outcome.pods.left, outcome.requests) = (Some(0), 8);
        cleanup(&metrics, &outcome);
        has(
            &metrics,
            &[
                "codriver_cleanups_total{result=\"complete\"} 1",
                "codriver_cleanups_total{result=\"incomplete\"} 1",
                "codriver_cleanup_removed_total{kind=\"pods\"} 6",
                "codriver_cleanup_left{kind=\"pods\"} 0",
                "codriver_cleanup_requests_total 17",
                "codriver_cleanup_duration_seconds 2",
                "codriver_cleanup_executors_gone_seconds 0.25",
                "codriver_executor_failures_total 8",
            ],
        );
    }
}
