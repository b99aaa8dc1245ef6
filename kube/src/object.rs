//! What codriver reads of the objects of the API, and nothing else of them.

use serde::Deserialize;

use crate::Timestamp;

/// A pod, a ConfigMap or a claim. Where only the metadata was asked for, and for a ConfigMap, the status is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Object {
    /// Name, identity, labels and owners.
    pub metadata: Metadata,
    /// How the pod and its containers are.
    pub status: PodStatus,
}

/// The part that all objects have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// Unique in its namespace at one moment; a later object may bear it again.
    pub name: String,
    /// Unique for all time.
    pub uid: String,
    /// When it was made.
    pub creation_timestamp: Option<Timestamp>,
    /// Set once it is being deleted: it is on its way out but still there.
    pub deletion_timestamp: Option<Timestamp>,
    /// The labels, of which codriver looks at Spark's.
    pub labels: std::collections::BTreeMap<String, String>,
    /// Whose end takes this object with it.
    pub owner_references: Vec<OwnerReference>,
}

impl Metadata {
    /// Whether the object with this uid is among the owners.
    #[must_use]
    pub fn is_owned_by(&self, uid: &str) -> bool {
        self.owner_references.iter().any(|owner| owner.uid == uid)
    }
}

/// One owner.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OwnerReference {
    /// Its uid.
    pub uid: String,
}

/// The status of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodStatus {
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: Option<String>,
    /// Why the pod as a whole is as it is, such as `Evicted`.
    pub reason: Option<String>,
    /// The same for people.
    pub message: Option<String>,
    /// The containers, in no order; empty until the kubelet has spoken.
    pub container_statuses: Vec<ContainerStatus>,
}

impl PodStatus {
    /// The container of this name.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<&ContainerStatus> {
        self.container_statuses.iter().find(|status| status.name == name)
    }
}

/// The status of one container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerStatus {
    /// The container's name in the pod.
    pub name: String,
    /// How it is now.
    pub state: ContainerState,
    /// How it was before the last restart; empty when there was none.
    pub last_state: ContainerState,
}

/// How a container is. With neither of the two it waits to be started, for the first time or again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    /// It runs.
    pub running: Option<Running>,
    /// It has ended.
    pub terminated: Option<Terminated>,
}

/// A container that runs; nothing about it is of interest but that it does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Running {}

/// A container that ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Terminated {
    /// The exit code; 128+n after signal n, as container runtimes report it.
    pub exit_code: i32,
    /// The signal, where the runtime says it apart from the code.
    pub signal: Option<i32>,
    /// Such as `OOMKilled`, `Error` or `Completed`.
    pub reason: Option<String>,
    /// The same for people, or the termination message.
    pub message: Option<String>,
    /// When it ended, by the node's clock.
    pub finished_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_as_the_api_server_writes_it_is_read() {
        let pod: Object = serde_json::from_str(
            r#"{"kind":"Pod","apiVersion":"v1",
            "metadata":{"name":"job","uid":"u-1","creationTimestamp":"2026-11-22T22:00:00Z","labels":{"a":"b"},
              "ownerReferences":[{"apiVersion":"batch/v1","kind":"Job","name":"j","uid":"u-0","controller":true}]},
            "spec":{"containers":[{"name":"driver"}]},
            "status":{"phase":"Running","containerStatuses":[{"name":"driver","restartCount":1,
              "state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 10s"}},
              "lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled","startedAt":"2026-11-22T22:00:01Z",
                "finishedAt":"2026-11-22T22:00:09Z","containerID":"containerd://9f"}}},
              {"name":"mesh","state":{"running":{"startedAt":"2026-11-22T22:00:00Z"}}}],
             "initContainerStatuses":[{"name":"codriver","restartCount":0,"state":{}}]}}"#,
        )
        .unwrap();
        assert!(pod.metadata.is_owned_by("u-0") && !pod.metadata.is_owned_by("u-1"));
        let driver = pod.status.container("driver").unwrap();
        assert_eq!(driver.state, ContainerState::default());
        let ended = driver.last_state.terminated.as_ref().unwrap();
        assert_eq!((ended.exit_code, ended.signal, ended.reason.as_deref()), (137, None, Some("OOMKilled")));
        assert_eq!(ended.finished_at, Timestamp::parse("2026-11-22T22:00:09Z"));
        assert!(pod.status.container("mesh").unwrap().state.running.is_some());
        assert_eq!(pod.status.container("other"), None);
    }

    #[test]
    fn an_object_without_a_status_has_an_empty_one() {
        let object: Object = serde_json::from_str(r#"{"metadata":{"name":"c","creationTimestamp":null}}"#).unwrap();
        assert_eq!((object.metadata.name.as_str(), object.metadata.creation_timestamp), ("c", None));
        assert_eq!(object.status, PodStatus::default());
    }
}
