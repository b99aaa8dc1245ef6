//! What one look at a driver's pod says about its end.

use codriver_kube::{ContainerStatus, Object, Terminated};

/// How the wait ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The driver, or what should have prepared it, ended with this code.
    Driver {
        /// The code.
        code: u8,
        /// In words; begins with a verb.
        why: String,
    },
    /// The pod was taken away from its driver, and nobody knows what that would have said.
    Lost(String),
    /// There is no such pod, or no such container in it.
    Mistaken(String),
    /// The API server did not answer for too long.
    Unreachable(String),
    /// The API server says that we may not look.
    Refused(String),
    /// It took longer than it may.
    Late(String),
    /// A signal ended the wait; the driver goes on.
    Stopped(u8),
}

use crate::{
    mesh::plan::restarts,
    wait::words::{one_line, stated},
};

/// Codes of a container that was stopped from outside: SIGKILL and SIGTERM.
const STOPPED: [i32; 2] = [137, 143];

/// Reasons of a whole pod, when something other than its containers ended it (kubelet: evictions, node shutdown, admission;
/// Kubernetes, "Pod disruption conditions").
const DISRUPTED: [&str; 10] = [
    "Evicted",
    "NodeLost",
    "NodeShutdown",
    "Shutdown",
    "Terminated",
    "Preempting",
    "NodeAffinity",
    "OutOfcpu",
    "OutOfmemory",
    "UnexpectedAdmissionError",
];

/// How it ended for good; none as long as its driver may still say something.
#[must_use]
pub fn fate(pod: &Object, driver: &str) -> Option<Ending> {
    let status = pod.status.container(driver);
    let over = matches!(pod.status.phase.as_deref(), Some("Succeeded" | "Failed"));
    let deleting = pod.metadata.deletion_timestamp.is_some();
    let end = status.and_then(|status| status.state.terminated.as_ref());
    if let Some(end) =
        end.filter(|end| over || deleting || !restarts(&pod.spec, driver, u8::try_from(end.exit_code).ok()))
    {
        return Some(ended(pod, end));
    }
    over.then(|| never_ended(pod, status))
}

/// What can be said of a pod that is not there any more, from the last look at it.
#[must_use]
pub fn gone(pod: &Object, driver: &str) -> Ending {
    if let Some(ending) = fate(pod, driver) {
        return ending;
    }
    // Nobody starts it again now.
    if let Some(end) = pod.status.container(driver).and_then(|status| status.state.terminated.as_ref()) {
        return ended(pod, end);
    }
    let cause = disruption(pod).unwrap_or_else(|| "it was deleted, and nobody saw its driver end".into());
    Ending::Lost(cause)
}

/// The driver's container has ended, and is not started again.
fn ended(pod: &Object, end: &Terminated) -> Ending {
    let code = u8::try_from(end.exit_code).unwrap_or(u8::MAX);
    // The kubelet makes an end up for a container that it lost: after its node started anew, say.
    let made_up = end.reason.as_deref() == Some("ContainerStatusUnknown");
    if made_up || STOPPED.contains(&end.exit_code) {
        let lost = made_up.then(|| "the kubelet lost its container (ContainerStatusUnknown)".to_owned());
        if let Some(cause) = disruption(pod).or(lost) {
            return Ending::Lost(cause);
        }
    }
    let mut why = match end.reason.as_deref() {
        Some(reason) if !matches!(reason, "Completed" | "Error") => format!("ended with code {code} ({reason})"),
        _ => format!("ended with code {code}"),
    };
    if pod.metadata.deletion_timestamp.is_some() {
        why.push_str(" while its pod was being deleted");
    }
    if let Some(message) = end.message.as_deref().map(one_line).filter(|message| !message.is_empty()) {
        why.push_str(&format!("; it says: {message}"));
    }
    if let Some(message) = companion(pod) {
        why.push_str(&format!("; codriver's sidecar says: {message}"));
    }
    Ending::Driver { code, why }
}

/// The pod is over, and its driver's container has no end.
fn never_ended(pod: &Object, driver: Option<&ContainerStatus>) -> Ending {
    let failed = pod.status.init_container_statuses.iter().find_map(|init| {
        let end = init.state.terminated.as_ref().filter(|end| end.exit_code != 0)?;
        Some((&init.name, end))
    });
    let ran = driver.is_some_and(|driver| driver.state.running.is_some());
    match (disruption(pod), failed) {
        (None, Some((name, end))) if !ran => {
            let said = end.message.as_deref().map_or_else(String::new, |message| format!(": {}", one_line(message)));
            let why = format!("never started, since the init container {name} ended with code {}{said}", end.exit_code);
            Ending::Driver { code: u8::try_from(end.exit_code).unwrap_or(u8::MAX), why }
        }
        (Some(cause), _) => Ending::Lost(cause),
        (None, _) => {
            let said = stated(pod.status.reason.as_deref(), pod.status.message.as_deref());
            let said = said.map_or_else(|| "without a word".into(), |said| format!("with: {said}"));
            Ending::Lost(format!("its pod ended {said}, and its container has no status"))
        }
    }
}

/// What took the pod away from its driver, if anything did.
fn disruption(pod: &Object) -> Option<String> {
    let target = pod.status.condition("DisruptionTarget").filter(|condition| condition.status == "True");
    if let Some(said) = target.and_then(|it| stated(it.reason.as_deref(), it.message.as_deref())) {
        return Some(said);
    }
    let reason = pod.status.reason.as_deref().filter(|reason| DISRUPTED.contains(reason))?;
    stated(Some(reason), pod.status.message.as_deref())
}

/// The termination message of codriver's sidecar, where it has one by now.
fn companion(pod: &Object) -> Option<String> {
    let sidecar = pod.status.init_container_statuses.iter().find(|init| init.name == "codriver")?;
    let end = sidecar.state.terminated.as_ref().or(sidecar.last_state.terminated.as_ref())?;
    end.message.as_deref().map(one_line).filter(|message| !message.is_empty())
}
