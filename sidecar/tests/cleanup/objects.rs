//! What the stand-in API server keeps, and how tests make it.

use std::collections::BTreeMap;
use std::time::Duration;

use codriver_kube::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::asked::Asked;

pub const NAMESPACE: &str = "etl";
pub const DRIVER: &str = "u-driver";
/// On executors, by codriver-init.
pub const LABEL: &str = "codriver/driver-uid";
pub const APPLICATION: &str = "spark-1";

/// One stored object.
#[derive(Clone, Debug)]
pub struct Stored {
    pub resource: &'static str,
    pub name: String,
    pub namespace: String,
    pub uid: String,
    pub labels: BTreeMap<String, String>,
    /// Kind and uid.
    pub owner: Option<(&'static str, String)>,
    pub created: String,
    pub spec: Value,
    pub status: Value,
    /// It is not there before.
    pub from: Instant,
    /// Once deleted, it stays for this long.
    pub lingers: Duration,
    /// Deleted, and gone from then on.
    pub until: Option<Instant>,
}

impl Stored {
    fn new(resource: &'static str, name: String, application_id: &str) -> Self {
        Self {
            resource,
            namespace: NAMESPACE.into(),
            uid: format!("u-{resource}-{name}"),
            name,
            labels: BTreeMap::from([("spark-app-selector".to_owned(), application_id.to_owned())]),
            owner: Some(("Pod", DRIVER.into())),
            created: "2026-11-22T22:00:00Z".into(),
            spec: json!({}),
            status: json!({}),
            from: Instant::now(),
            lingers: Duration::ZERO,
            until: None,
        }
        .with_label("spark-role", "executor")
    }

    pub fn with_label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Of another driver's pod.
    pub fn owned_by(self, uid: &str) -> Self {
        self.owned_by_a("Pod", uid)
    }

    /// What a driver's pod owns bears its label, when it is an executor.
    pub fn owned_by_a(mut self, kind: &'static str, uid: &str) -> Self {
        if kind == "Pod" && self.resource == "pods" {
            self.labels.insert(LABEL.into(), uid.into());
        }
        Self { owner: Some((kind, uid.to_owned())), ..self }
    }

    pub fn without_owner(self) -> Self {
        Self { owner: None, ..self }.without_label(LABEL)
    }

    pub fn in_namespace(self, namespace: &str) -> Self {
        Self { namespace: namespace.into(), ..self }
    }

    pub fn without_label(mut self, name: &str) -> Self {
        self.labels.remove(name);
        self
    }

    pub fn with_uid(self, uid: &str) -> Self {
        Self { uid: uid.into(), ..self }
    }

    pub fn created(self, at: &str) -> Self {
        Self { created: at.to_owned(), ..self }
    }

    pub fn arrives_after(self, pause: Duration) -> Self {
        Self { from: Instant::now() + pause, ..self }
    }

    /// Once deleted it stays for this long, whatever the grace period: a claim in use, a node that does not answer.
    pub fn lingers(self, pause: Duration) -> Self {
        Self { lingers: pause, ..self }
    }

    pub fn with_status(self, status: Value) -> Self {
        Self { status, ..self }
    }

    pub fn with_spec(self, spec: Value) -> Self {
        Self { spec, ..self }
    }

    fn phase(&self) -> &str {
        self.status["phase"].as_str().unwrap_or("Running")
    }

    pub fn is_there(&self) -> bool {
        let now = Instant::now();
        self.from <= now && self.until.is_none_or(|until| now < until)
    }

    pub fn is_asked_for(&self, asked: &Asked) -> bool {
        self.is_there()
            && self.resource == asked.resource
            && asked.namespace.as_ref().is_none_or(|namespace| self.namespace == *namespace)
            && asked.phases.iter().all(|(is, phase)| *is == (self.phase() == phase))
            && asked.name.as_ref().is_none_or(|name| self.name == *name)
            && self.name > asked.after
            && asked.without.iter().all(|(name, value)| self.labels.get(name) != Some(value))
            && asked.labels.iter().all(|(name, value)| match (self.labels.get(name), value) {
                (Some(found), Some(value)) => found == value,
                (found, _) => found.is_some(),
            })
    }

    pub fn json(&self, metadata_only: bool) -> Value {
        let mut metadata = json!({ "name": self.name, "namespace": self.namespace, "uid": self.uid, "labels": self.labels,
            "creationTimestamp": self.created,
            "managedFields": [{ "manager": "okhttp", "fieldsV1": { "f:metadata": { "}{][\"": {} } } }] });
        if let Some((kind, uid)) = &self.owner {
            metadata["ownerReferences"] = json!([{ "kind": kind, "name": "o", "uid": uid }]);
        }
        if self.until.is_some() {
            metadata["deletionTimestamp"] = json!("2026-11-22T22:00:11Z");
        }
        let mut object = json!({ "metadata": metadata });
        if !metadata_only {
            object["spec"] = self.spec.clone();
            object["status"] = self.status.clone();
        }
        object
    }
}

pub fn executors(application_id: &str, count: usize) -> Vec<Stored> {
    let name = |number| format!("{application_id}-exec-{number:05}");
    (0..count).map(|number| executor(application_id, &name(number))).collect()
}

pub fn executor(application_id: &str, name: &str) -> Stored {
    Stored::new("pods", name.to_owned(), application_id).with_label(LABEL, DRIVER)
}

/// A pod that is no executor, and bears no label.
pub fn pod(name: &str, uid: &str, phase: &str) -> Stored {
    Stored { labels: BTreeMap::new(), ..Stored::new("pods", name.to_owned(), "") }
        .with_uid(uid)
        .without_owner()
        .with_status(json!({ "phase": phase }))
}

/// Controllers bear no label.
pub fn controller(resource: &'static str, name: &str) -> Stored {
    Stored { labels: BTreeMap::new(), ..Stored::new(resource, name.to_owned(), "") }
}

pub fn config_map(application_id: &str) -> Stored {
    Stored::new("configmaps", format!("spark-exec-{application_id}-conf-map"), application_id)
}

/// Spark puts no role on claims.
pub fn claim(application_id: &str, name: &str) -> Stored {
    let mut claim = Stored::new("persistentvolumeclaims", name.to_owned(), application_id);
    claim.labels.remove("spark-role");
    claim
}

/// As the real server does: at once with a grace of 0, unless something holds the object.
pub fn delete(object: &mut Stored, grace: u64) {
    let grace = if object.resource == "pods" { Duration::from_secs(grace) } else { Duration::ZERO };
    object.until = object.until.or(Some(Instant::now() + grace.max(object.lingers)));
}

/// The moment at which the driver ended, in the time of the objects.
pub fn ended_at() -> Timestamp {
    Timestamp::parse("2026-11-22T22:00:10Z").unwrap()
}
