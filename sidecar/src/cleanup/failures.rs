//! Why executors failed, as their pods say it when they are removed.

use std::fmt;

use codriver_kube::{Object, Terminated, Timestamp};

use crate::spark_codes::meaning;

/// Failures that are kept in words; of the others only the number is.
const KEPT: usize = 20;

/// The executors that had failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failures {
    /// The first ones found.
    pub kept: Vec<ExecutorFailure>,
    /// All of them.
    pub total: usize,
}

/// One executor that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutorFailure {
    /// Its pod.
    pub pod: String,
    /// Such as `Evicted`, `OOMKilled` or `Error`.
    pub reason: String,
    /// Of its container, if one ran.
    pub exit_code: Option<i32>,
    /// The kubelet's words, where it had any.
    pub message: Option<String>,
}

impl Failures {
    /// Takes note of this executor's pod if it failed by itself. One that ended with 1 once its driver was gone did not:
    /// that is how executors end when they lose their driver.
    pub(super) fn note(&mut self, pod: &Object, driver_ended: Timestamp) {
        let ended = pod.status.container_statuses.iter().filter_map(|container| container.state.terminated.as_ref());
        let ended = ended.filter(|ended| ended.exit_code != 0).max_by_key(|ended| is_telling(ended));
        let lost_its_driver =
            |ended: &Terminated| !is_telling(ended) && ended.exit_code == 1 && ended.finished_at >= Some(driver_ended);
        let failed = pod.status.phase.as_deref() == Some("Failed");
        if pod.status.reason.is_none() && ended.map_or(!failed, lost_its_driver) {
            return;
        }
        self.total += 1;
        if self.kept.len() < KEPT {
            let of_container = ended.and_then(|ended| ended.reason.as_ref());
            let of_both = pod.status.reason.as_ref().or(of_container);
            let message = pod.status.message.as_ref().or(ended.and_then(|ended| ended.message.as_ref()));
            self.kept.push(ExecutorFailure {
                pod: pod.metadata.name.clone(),
                reason: of_both.map_or("Failed", String::as_str).to_owned(),
                exit_code: ended.map(|ended| ended.exit_code),
                message: message.map(|message| message.trim().to_owned()),
            });
        }
    }
}

/// Whether the kubelet says more than that the code was not 0.
fn is_telling(ended: &Terminated) -> bool {
    ended.reason.as_deref().is_some_and(|reason| reason != "Error")
}

impl fmt::Display for ExecutorFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pod, self.reason)?;
        if let Some(code) = self.exit_code {
            write!(f, ", exit code {code}")?;
            if let Some(meaning) = meaning(code) {
                write!(f, " ({meaning})")?;
            }
        }
        self.message.as_ref().map_or(Ok(()), |message| write!(f, ": {message}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(pods: &[serde_json::Value]) -> Failures {
        let mut failures = Failures::default();
        let ended = Timestamp::parse("2026-11-22T22:00:10Z").unwrap();
        for pod in pods {
            failures.note(&serde_json::from_value(pod.clone()).unwrap(), ended);
        }
        failures
    }

    fn terminated(phase: &str, code: i32, reason: &str, second: u32) -> serde_json::Value {
        let finished = format!("2026-11-22T22:00:{second:02}Z");
        serde_json::json!({ "metadata": { "name": "job-exec-1" }, "status": { "phase": phase, "containerStatuses": [
            { "name": "mesh", "state": { "terminated": { "exitCode": 0, "reason": "Completed" } } },
            { "name": "executor", "state": { "terminated":
                { "exitCode": code, "reason": reason, "finishedAt": finished } } } ] } })
    }

    #[test]
    fn failures_are_told_from_executors_that_lost_their_driver() {
        for (pod, words) in [
            (terminated("Failed", 1, "Error", 9), Some("job-exec-1: Error, exit code 1")),
            (terminated("Failed", 1, "Error", 10), None),
            (terminated("Failed", 1, "Error", 12), None),
            (terminated("Failed", 137, "OOMKilled", 12), Some("job-exec-1: OOMKilled, exit code 137")),
            (
                terminated("Running", 52, "Error", 5),
                Some("job-exec-1: Error, exit code 52 (the JVM ran out of memory)"),
            ),
            (terminated("Succeeded", 0, "Completed", 5), None),
            (serde_json::json!({ "status": { "phase": "Running" } }), None),
            (serde_json::json!({ "metadata": { "name": "e" }, "status": { "phase": "Failed" } }), Some("e: Failed")),
            (
                serde_json::json!({ "metadata": { "name": "e" }, "status": { "phase": "Failed", "reason": "Evicted",
                    "message": "The node was low on resource: memory. " } }),
                Some("e: Evicted: The node was low on resource: memory."),
            ),
        ] {
            let failures = noted(std::slice::from_ref(&pod));
            assert_eq!(failures.kept.first().map(ToString::to_string).as_deref(), words, "{pod}");
            assert_eq!(failures.total, failures.kept.len());
        }
    }

    #[test]
    fn of_many_failures_the_first_are_kept_and_all_are_counted() {
        let failures = noted(&vec![terminated("Failed", 52, "Error", 1); 100]);
        assert_eq!((failures.kept.len(), failures.total), (KEPT, 100));
    }
}
