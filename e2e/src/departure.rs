//! The end of a pod that is taken away: the API server keeps nothing of it, so a watch must have seen it.

use std::time::Duration;

use crate::{
    Result,
    driver::{Driver, End},
    kubectl::Following,
};

/// From the request to the pod's last moment.
const DEADLINE: Duration = Duration::from_secs(120);

impl Driver {
    /// Has the pod taken away, and waits until it is gone; returns how it was at last.
    ///
    /// # Errors
    /// When it stays.
    pub fn taken_away(&self, take: impl FnOnce() -> Result<()>) -> Result<End> {
        let words =
            ["-n", &self.stage.namespace, "get", "pod", &self.name, "--watch", "--output-watch-events", "-o", "json"];
        let mut watch = Following::start(&words, DEADLINE)?;
        let there = watch.find(|event| (event["type"] == "ADDED").then_some(()));
        there.ok_or_else(|| self.explain("the pod was gone already"))?;
        take()?;
        let last = watch.find(|event| (event["type"] == "DELETED").then(|| event["object"].clone()));
        last.map(End::of).ok_or_else(|| self.explain("the pod stayed"))
    }
}
