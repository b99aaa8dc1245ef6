//! Reads from executors' pods and their events why none of them serves.

use codriver_kube::{ContainerStatus, Object, Terminated};
use serde::Deserialize;

use super::reason::{Kind, Reason};

/// An event about an executor (core v1), as far as it is read.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Happened {
    /// What it is about.
    pub involved_object: Involved,
    /// One word: `FailedMount`, `FailedScheduling`, …
    pub reason: Option<String>,
    /// The same for people.
    pub message: Option<String>,
}

/// The object that an event is about.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Involved {
    /// Its uid.
    pub uid: String,
}

/// The reason that most of these executors have; of equals the one that says most. None when there is no executor, or nothing
/// is wrong with any.
#[must_use]
pub fn diagnose(pods: &[Object], events: &[Happened]) -> Option<Reason> {
    let found: Vec<_> = pods.iter().filter_map(|pod| Some((pod, of_pod(pod, events)?))).collect();
    let count = |kind: Kind| found.iter().filter(|(_, (other, _))| *other == kind).count();
    let (pod, (kind, said)) =
        found.iter().max_by_key(|(_, (kind, said))| (count(*kind), std::cmp::Reverse(*kind), !said.is_empty()))?;
    let who = match count(*kind) - 1 {
        0 => pod.metadata.name.clone(),
        more => format!("{}, and {more} more", pod.metadata.name),
    };
    Some(Reason::new(*kind, Some(who), said))
}

/// Waiting reasons of the kubelet for a missing image (Kubernetes: `pkg/kubelet/images/types.go`).
const IMAGE: [&str; 7] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
];
/// Reasons of a container that could not be started, while it waits and when it is over (`kuberuntime_container.go`, runtimes).
const START: [&str; 5] =
    ["CreateContainerError", "RunContainerError", "StartError", "ContainerCannotRun", "PostStartHookError"];

fn of_pod(pod: &Object, events: &[Happened]) -> Option<(Kind, String)> {
    let status = &pod.status;
    let events = || events.iter().filter(|event| event.involved_object.uid == pod.metadata.uid);
    let event = |reasons: &[&str]| {
        let last = events().rfind(|event| event.reason.as_deref().is_some_and(|reason| reasons.contains(&reason)));
        last.map(|event| event.message.clone().unwrap_or_default())
    };
    let containers = || status.init_container_statuses.iter().chain(&status.container_statuses);
    if let Some(found) = containers().find_map(of_container) {
        // What the kubelet says while it waits to pull again is not why.
        let why = event(&["Failed"]).filter(|why| found.0 == Kind::Image && why.contains("pull"));
        return Some((found.0, why.unwrap_or(found.1)));
    }
    if status.phase.as_deref() == Some("Failed") {
        let said = [&status.reason, &status.message].into_iter().flatten().cloned().collect::<Vec<_>>();
        return Some((Kind::Failing, said.join(": ")));
    }
    if let Some(scheduled) = status.condition("PodScheduled").filter(|condition| condition.status == "False") {
        let said = scheduled.message.clone().or(event(&["FailedScheduling"])).or(scheduled.reason.clone());
        let said = said.unwrap_or_default();
        return Some((if waits_for_a_claim(&said) { Kind::Volume } else { Kind::Unschedulable }, said));
    }
    if pod.spec.node_name.is_none() && status.conditions.is_empty() {
        return Some((Kind::Unschedulable, "no scheduler has looked at it; is its schedulerName right?".into()));
    }
    let running = containers().any(|container| container.state.running.is_some());
    let known = [
        (Kind::Volume, &["FailedMount", "FailedAttachVolume", "FailedMapVolume"][..]),
        (Kind::Sandbox, &["FailedCreatePodSandBox"]),
    ];
    let known = known.into_iter().find_map(|(kind, reasons)| Some((kind, event(reasons)?)));
    let pulling = event(&["Pulling"]).filter(|_| event(&["Pulled"]).is_none());
    match (known, pulling) {
        _ if running || status.phase.as_deref() == Some("Succeeded") => None,
        (Some(known), _) => Some(known),
        (None, Some(pulling)) => Some((Kind::Pulling, pulling)),
        (None, None) => Some((Kind::Starting, String::new())),
    }
}

/// The scheduler waits for claims that are missing or not bound; fewer or smaller executors would be no help (kube-scheduler:
/// `volumebinding`, which says `persistentvolumeclaim "x" not found` and `pod has unbound immediate PersistentVolumeClaims`).
fn waits_for_a_claim(said: &str) -> bool {
    said.to_ascii_lowercase().contains("persistentvolumeclaim")
}

fn of_container(container: &ContainerStatus) -> Option<(Kind, String)> {
    if let Some(end) = container.state.terminated.as_ref().filter(|end| end.exit_code != 0) {
        let could_not_start = end.reason.as_deref().is_some_and(|reason| START.contains(&reason));
        let kind = if could_not_start { Kind::Start } else { Kind::Failing };
        return Some((kind, of_end(container, end)));
    }
    let waiting = container.state.waiting.as_ref()?;
    let reason = waiting.reason.as_deref()?;
    let said = waiting.message.clone().unwrap_or_else(|| reason.to_owned());
    match reason {
        "CrashLoopBackOff" => {
            let last = container.last_state.terminated.as_ref();
            Some((Kind::Failing, last.map_or(said, |end| of_end(container, end))))
        }
        "CreateContainerConfigError" => Some((Kind::Configuration, said)),
        reason if IMAGE.contains(&reason) => Some((Kind::Image, said)),
        reason if START.contains(&reason) => Some((Kind::Start, said)),
        _ => None,
    }
}

fn of_end(container: &ContainerStatus, end: &Terminated) -> String {
    let mut said = format!("container {} ended with code {}", container.name, end.exit_code);
    if let Some(reason) = end.reason.as_deref().filter(|reason| *reason != "Error") {
        said.push_str(&format!(", {reason}"));
    }
    if let Some(meaning) = crate::spark_codes::meaning(end.exit_code) {
        said.push_str(&format!(" ({meaning})"));
    }
    if let Some(message) = end.message.as_deref().map(str::trim).filter(|message| !message.is_empty()) {
        said.push_str(&format!(": {message}"));
    }
    said
}

#[cfg(test)]
mod tests;
