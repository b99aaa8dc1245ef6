//! What codriver reads of the objects of the API, and nothing else of them.

use std::fmt;

use serde::Deserialize;

use crate::Timestamp;

/// An object of any kind. Where only the metadata was asked for, and for all but pods, specification and status are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Object {
    /// Name, identity, labels and owners.
    pub metadata: Metadata,
    /// What the pod is meant to be.
    pub spec: PodSpec,
    /// How the pod and its containers are.
    pub status: PodStatus,
}

/// The part that all objects have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Metadata {
    /// Unique in its namespace at one moment; a later object may bear it again.
    pub name: String,
    /// Where it is.
    pub namespace: String,
    /// Unique for all time.
    pub uid: String,
    /// Which of its states this is; a watch goes on from it.
    pub resource_version: String,
    /// When it was made.
    pub creation_timestamp: Option<Timestamp>,
    /// Set once it is being deleted: it is on its way out but still there.
    pub deletion_timestamp: Option<Timestamp>,
    /// Seconds that it was given for that; they end at `deletion_timestamp`.
    pub deletion_grace_period_seconds: Option<u64>,
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
    /// Its kind, such as `Pod`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// The specification of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodSpec {
    /// `Always`, `OnFailure` or `Never`: whether an ended container is started again in its place.
    pub restart_policy: Option<String>,
    /// The node it is on; none while it waits for one.
    pub node_name: Option<String>,
    /// The ordinary containers: the pod is over when all of them are.
    pub containers: Vec<Container>,
    /// Those that run before, and the native sidecars among them.
    pub init_containers: Vec<Container>,
}

/// What a container is meant to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Container {
    /// Its name in the pod.
    pub name: String,
    /// Its image's reference.
    pub image: String,
    /// Its variables, of `env` alone: what `envFrom` brings is not in the pod.
    pub env: Vec<Variable>,
    /// Of its own: `Always` makes an init container a native sidecar (Kubernetes: KEP-753).
    pub restart_policy: Option<String>,
    /// After which exit codes it is started again whatever the policy says (Kubernetes: KEP-5307).
    pub restart_policy_rules: Vec<RestartRule>,
}

/// A variable of a container.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value; none where the pod only says where it comes from.
    pub value: Option<String>,
}

/// Without the value: people put secrets there.
impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variable").field("name", &self.name).finish_non_exhaustive()
    }
}

/// After these exit codes of a container something is started again: it alone, or with all the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RestartRule {
    /// Which codes.
    pub exit_codes: ExitCodes,
}

/// Exit codes that are meant, or all others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ExitCodes {
    /// `In` or `NotIn`.
    pub operator: String,
    /// The codes.
    pub values: Vec<i32>,
}

impl ExitCodes {
    /// Whether this code is meant.
    #[must_use]
    pub fn mean(&self, code: i32) -> bool {
        match self.operator.as_str() {
            "In" => self.values.contains(&code),
            "NotIn" => !self.values.contains(&code),
            _ => false,
        }
    }
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
    /// What is true of the pod, such as `PodScheduled`, `Ready` and `DisruptionTarget`.
    pub conditions: Vec<Condition>,
    /// The containers, in no order; empty until the kubelet has spoken.
    pub container_statuses: Vec<ContainerStatus>,
    /// The init containers, native sidecars included.
    pub init_container_statuses: Vec<ContainerStatus>,
}

impl PodStatus {
    /// The container of this name.
    #[must_use]
    pub fn container(&self, name: &str) -> Option<&ContainerStatus> {
        self.container_statuses.iter().find(|status| status.name == name)
    }

    /// The condition of this type.
    #[must_use]
    pub fn condition(&self, name: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.name == name)
    }
}

/// One condition of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Condition {
    /// Its type.
    #[serde(rename = "type")]
    pub name: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Why, as one word: `Unschedulable`.
    pub reason: Option<String>,
    /// The same for people.
    pub message: Option<String>,
}

/// The status of one container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerStatus {
    /// The container's name in the pod.
    pub name: String,
    /// Whether it serves, as its readiness probe says; without one, whether it runs.
    pub ready: bool,
    /// How often it was started again.
    pub restart_count: u32,
    /// How it is now.
    pub state: ContainerState,
    /// How it was before the last restart; empty when there was none.
    pub last_state: ContainerState,
}

/// How a container is: one of the three; before the kubelet has spoken, none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    /// It waits to be started, for the first time or again.
    pub waiting: Option<Waiting>,
    /// It runs.
    pub running: Option<Running>,
    /// It has ended.
    pub terminated: Option<Terminated>,
}

/// A container that waits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Waiting {
    /// Such as `ImagePullBackOff`, `CreateContainerError` or `CrashLoopBackOff`.
    pub reason: Option<String>,
    /// The same for people.
    pub message: Option<String>,
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
        assert_eq!(driver.state.waiting.as_ref().unwrap().reason.as_deref(), Some("CrashLoopBackOff"));
        assert_eq!((&driver.state.running, &driver.state.terminated, driver.restart_count), (&None, &None, 1));
        let ended = driver.last_state.terminated.as_ref().unwrap();
        assert_eq!((ended.exit_code, ended.signal, ended.reason.as_deref()), (137, None, Some("OOMKilled")));
        assert_eq!(ended.finished_at, Timestamp::parse("2026-11-22T22:00:09Z"));
        assert!(pod.status.container("mesh").unwrap().state.running.is_some());
        assert_eq!(pod.status.container("other"), None);
    }

    #[test]
    fn the_values_of_variables_are_read_and_never_shown() {
        let container: Container = serde_json::from_str(
            r#"{"name":"driver","env":[{"name":"PASSWORD","value":"s3cret"},{"name":"IP","valueFrom":{"fieldRef":{}}}]}"#,
        )
        .unwrap();
        assert_eq!(container.env[0].value.as_deref(), Some("s3cret"));
        assert_eq!((container.env[1].name.as_str(), &container.env[1].value), ("IP", &None));
        let shown = format!("{container:?}");
        assert!(shown.contains("PASSWORD") && !shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn an_object_without_a_status_has_an_empty_one() {
        let object: Object = serde_json::from_str(r#"{"metadata":{"name":"c","creationTimestamp":null}}"#).unwrap();
        assert_eq!((object.metadata.name.as_str(), object.metadata.creation_timestamp), ("c", None));
        assert_eq!(object.status, PodStatus::default());
    }
}
