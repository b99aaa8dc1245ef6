//! A namespace of one test's own: what is refused there troubles no other. It goes with the test, and takes all that it has along.

use serde_json::{Value, json};

use crate::{
    Result,
    kubectl::{get, kubectl},
    stage::Stage,
};

/// It is there until it is dropped.
#[derive(Debug)]
pub struct Room {
    /// The stage, with this namespace for its own.
    pub stage: Stage,
    uid: String,
}

impl Room {
    /// Makes it, anew if an earlier run has left it, with this level of the Pod Security Standards enforced.
    ///
    /// # Errors
    /// With what the API server refused.
    pub fn make(stage: &Stage, name: &str, level: &str) -> Result<Self> {
        let namespace = format!("codriver-{name}");
        kubectl(&["delete", "namespace", &namespace, "--ignore-not-found", "--timeout=55s"], "")?;
        let stage = Stage { namespace, ..stage.clone() };
        let labels = json!({"pod-security.kubernetes.io/enforce": level});
        stage.apply(&[json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": stage.namespace, "labels": labels}})])?;
        let object = get(&["namespace", &stage.namespace])?;
        let uid = object["metadata"]["uid"].as_str().unwrap_or_default().to_owned();
        Ok(Self { stage, uid })
    }

    /// Selects this namespace alone, in an object for the whole cluster.
    #[must_use]
    pub fn selector(&self) -> Value {
        json!({"matchLabels": {"kubernetes.io/metadata.name": self.stage.namespace}})
    }

    /// What an object for the whole cluster is called: after the namespace, which owns it, so that it goes too.
    #[must_use]
    pub fn metadata(&self) -> Value {
        let name = &self.stage.namespace;
        let owner = json!({"apiVersion": "v1", "kind": "Namespace", "name": name, "uid": self.uid});
        json!({"name": name, "ownerReferences": [owner]})
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // Nobody waits for it, and what stays is removed by the next run.
        let _ = kubectl(&["delete", "namespace", &self.stage.namespace, "--wait=false"], "");
    }
}
