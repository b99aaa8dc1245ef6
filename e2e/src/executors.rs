//! The executors of one driver, as the API server's watch shows them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::{Result, kubectl::Following};

/// One executor.
#[derive(Debug, Clone, Default)]
pub struct Executor {
    /// Whom it runs as.
    pub service_account: String,
    /// The whole pod as last seen, as text: it is searched for secrets.
    pub text: String,
    /// When its deletion was seen.
    pub gone: Option<SystemTime>,
}

/// A watch that goes on beside everything else.
#[derive(Debug, Clone)]
pub struct Executors(Arc<Mutex<BTreeMap<String, Executor>>>);

impl Executors {
    /// Watches the executors in a namespace whose application id begins with this.
    ///
    /// # Errors
    /// When kubectl cannot be started.
    pub fn watch(namespace: &str, application: &str, deadline: Duration) -> Result<Self> {
        let words = [
            "-n",
            namespace,
            "get",
            "pods",
            "-l",
            "spark-role=executor",
            "--watch",
            "--output-watch-events",
            "-o",
            "json",
        ];
        let mut following = Following::start(&words, deadline)?;
        let executors = Self(Arc::default());
        let (seen, application) = (executors.clone(), application.to_owned());
        thread::spawn(move || {
            following.find(|event| -> Option<()> {
                let pod = &event["object"];
                let id = pod["metadata"]["labels"]["spark-app-selector"].as_str().unwrap_or_default();
                if id.starts_with(&application) {
                    seen.note(event["type"] == "DELETED", pod);
                }
                // Nobody else holds it: the run is over.
                (Arc::strong_count(&seen.0) == 1).then_some(())
            });
        });
        Ok(executors)
    }

    fn note(&self, deleted: bool, pod: &Value) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let executor = all.entry(pod["metadata"]["name"].as_str().unwrap_or_default().to_owned()).or_default();
        executor.service_account = pod["spec"]["serviceAccountName"].as_str().unwrap_or_default().to_owned();
        executor.text = pod.to_string();
        executor.gone = executor.gone.or_else(|| deleted.then(SystemTime::now));
    }

    /// All that were ever seen, by name.
    #[must_use]
    pub fn seen(&self) -> BTreeMap<String, Executor> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
