//! What the API server says of the driver's container, read as evidence about one attempt.

use std::time::{Duration, UNIX_EPOCH};

use codriver_kube::{ContainerState, ContainerStatus, Object, PodSpec, Terminated, Timestamp};

use crate::{
    mesh::plan::restarts,
    protocol::Attempt,
    sidecar::machine::Status,
    verdict::{SIGNALLED, Verdict},
};

/// Reads the status of the container as it bears on the attempt.
///
/// A container that was started again shows the attempt's end as its last state. What ended before the attempt began is an
/// earlier attempt's: both times are of the node's clock, the status's in whole seconds.
#[must_use]
pub fn read(pod: &Object, container: &str, attempt: &Attempt) -> Status {
    let Some(status) = pod.status.container(container) else { return Status::Unknown };
    let deleting = pod.metadata.deletion_timestamp.is_some();
    if attempt.number == 0 {
        return uncounted(&pod.spec, status, deleting);
    }
    let began = Timestamp::from(UNIX_EPOCH + Duration::from_secs(attempt.since));
    let mut ends = status.state.terminated.iter().chain(&status.last_state.terminated);
    match (ends.find(|end| end.finished_at.is_none_or(|at| at >= began)), &status.state.running) {
        (Some(end), _) => ended(end),
        (None, Some(_)) => Status::Running { deleting },
        (None, None) => Status::Unknown,
    }
}

/// Where no wrapper counts the attempts, only an end that no other start follows is one: all starts bear the same application id.
fn uncounted(pod: &PodSpec, status: &ContainerStatus, deleting: bool) -> Status {
    let ContainerState { running, terminated, .. } = &status.state;
    match (running, terminated, &status.last_state.terminated) {
        (Some(_), ..) => Status::Running { deleting },
        (None, Some(end), _) if deleting || !restarts(pod, &status.name, u8::try_from(end.exit_code).ok()) => {
            ended(end)
        }
        (None, None, Some(end)) if deleting => ended(end),
        (None, None, None) => Status::Unknown,
        _ => Status::Running { deleting },
    }
}

fn ended(end: &Terminated) -> Status {
    Status::Ended { verdict: verdict(end), reason: end.reason.clone() }
}

/// Container runtimes report a death by signal n as code 128+n. The wrapper says farewell before any exit of its own, so where
/// this evidence is needed such a code was a signal to the container.
fn verdict(end: &Terminated) -> Verdict {
    let code = u8::try_from(end.exit_code).ok();
    let signal = end.signal.and_then(|signal| u8::try_from(signal).ok()).filter(|signal| *signal > 0);
    match (signal, code) {
        (Some(signal), _) => Verdict::Signalled(signal),
        (None, Some(code)) if (SIGNALLED + 1..=SIGNALLED + 64).contains(&code) => Verdict::Signalled(code - SIGNALLED),
        (None, Some(code)) => Verdict::Exited(code),
        (None, None) => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    const BEGAN: &str = "2026-11-22T22:00:10Z";

    fn attempt() -> Attempt {
        let since = SystemTime::from(Timestamp::parse(BEGAN).unwrap()).duration_since(UNIX_EPOCH).unwrap().as_secs();
        Attempt { number: 2, application_id: "spark-x-2".into(), since }
    }

    fn seen(status: &str) -> Status {
        let pod = format!(r#"{{"metadata":{{"name":"p"}},"status":{{"containerStatuses":[{status}]}}}}"#);
        read(&serde_json::from_str(&pod).unwrap(), "driver", &attempt())
    }

    fn ended(verdict: Verdict, reason: &str) -> Status {
        Status::Ended { verdict, reason: Some(reason.into()) }
    }

    #[test]
    fn an_end_of_this_attempt_is_read() {
        for (code, reason, verdict) in [
            (0, "Completed", Verdict::Exited(0)),
            (7, "Error", Verdict::Exited(7)),
            (137, "OOMKilled", Verdict::Signalled(9)),
            (137, "Error", Verdict::Signalled(9)),
            (255, "Error", Verdict::Exited(255)),
        ] {
            let end = format!(
                r#"{{"terminated":{{"exitCode":{code},"reason":"{reason}","finishedAt":"2026-11-22T22:00:10Z"}}}}"#
            );
            assert_eq!(seen(&format!(r#"{{"name":"driver","state":{end}}}"#)), ended(verdict.clone(), reason));
            let again = format!(r#"{{"name":"driver","restartCount":2,"state":{{"running":{{}}}},"lastState":{end}}}"#);
            assert_eq!(seen(&again), ended(verdict, reason), "in its last state");
        }
    }

    #[test]
    fn an_end_of_an_earlier_attempt_is_not_this_ones() {
        let status = r#"{"name":"driver","state":{"running":{}},
            "lastState":{"terminated":{"exitCode":1,"reason":"Error","finishedAt":"2026-11-22T22:00:09Z"}}}"#;
        assert_eq!(seen(status), Status::Running { deleting: false });
    }

    #[test]
    fn without_a_wrapper_only_an_end_that_no_start_follows_is_one() {
        let end = |code: i32| format!(r#"{{"terminated":{{"exitCode":{code},"reason":"Error"}}}}"#);
        let now = |code: i32| format!(r#""state":{}"#, end(code));
        let before = |state: &str, code: i32| format!(r#""state":{state},"lastState":{}"#, end(code));
        let (runs, waits) = (r#"{"running":{}}"#, r#"{"waiting":{"reason":"CrashLoopBackOff"}}"#);
        let running = |deleting| Status::Running { deleting };
        let over = |code| ended(Verdict::Exited(code), "Error");
        for (policy, deleting, state, expected) in [
            ("Never", false, now(3), over(3)),
            ("OnFailure", false, now(3), running(false)),
            ("OnFailure", false, now(0), over(0)),
            ("Always", false, now(0), running(false)),
            ("Always", true, now(0), over(0)),
            ("OnFailure", false, before(runs, 3), running(false)),
            ("OnFailure", true, before(runs, 3), running(true)),
            ("OnFailure", false, before(waits, 3), running(false)),
            ("OnFailure", true, before(waits, 3), over(3)),
            ("OnFailure", false, format!(r#""state":{waits}"#), Status::Unknown),
        ] {
            let deletion = if deleting { r#""2026-11-22T22:00:30Z""# } else { "null" };
            let pod = format!(
                r#"{{"metadata":{{"deletionTimestamp":{deletion}}},"spec":{{"restartPolicy":"{policy}"}},
                "status":{{"containerStatuses":[{{"name":"driver",{state}}}]}}}}"#
            );
            let uncounted = Attempt { number: 0, since: 0, ..attempt() };
            assert_eq!(read(&serde_json::from_str(&pod).unwrap(), "driver", &uncounted), expected, "{pod}");
        }
    }

    #[test]
    fn a_clock_that_jumps_costs_the_code_and_nothing_else() {
        let end = |second: u32| {
            seen(&format!(
                r#"{{"name":"driver","state":{{"terminated":{{"exitCode":1,"reason":"Error",
                "finishedAt":"2026-11-22T22:00:{second:02}Z"}}}}}}"#
            ))
        };
        assert_eq!(end(59), ended(Verdict::Exited(1), "Error"), "forward");
        assert_eq!(end(9), Status::Unknown, "back, by more than the driver has run");
    }

    #[test]
    fn a_deletion_is_seen() {
        let pod = r#"{"metadata":{"deletionTimestamp":"2026-11-22T22:00:30Z"},
            "status":{"containerStatuses":[{"name":"driver","state":{"running":{}}}]}}"#;
        let status = read(&serde_json::from_str(pod).unwrap(), "driver", &attempt());
        assert_eq!(status, Status::Running { deleting: true });
    }

    #[test]
    fn no_status_is_no_evidence() {
        assert_eq!(seen(""), Status::Unknown);
        assert_eq!(seen(r#"{"name":"other","state":{"running":{}}}"#), Status::Unknown);
        assert_eq!(seen(r#"{"name":"driver","state":{"waiting":{"reason":"CrashLoopBackOff"}}}"#), Status::Unknown);
    }
}
