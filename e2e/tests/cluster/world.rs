//! What several of these tests need.

use std::{fmt::Debug, time::Duration};

use codriver_e2e::{Result, driver::Driver, kubectl::Following, spark::Spark, stage::Stage};
use serde_json::{Value, json};

/// Compares, and says the end of the logs when it is not so.
#[expect(clippy::needless_pass_by_value, reason = "it reads better where it is called")]
pub fn equal<T: PartialEq + Debug>(driver: &Driver, what: &str, seen: T, expected: T) -> Result<()> {
    if seen == expected { Ok(()) } else { Err(driver.explain(&format!("{what}: {seen:?}, not {expected:?}"))) }
}

/// Fails with the logs when it is not so.
pub fn holds(driver: &Driver, what: &str, so: bool) -> Result<()> {
    equal(driver, what, so, true)
}

/// Nothing that carries an application id of this driver is there.
pub fn nothing_is_left(driver: &Driver) -> Result<()> {
    equal(driver, "left behind", driver.leftovers()?, Vec::new())
}

/// From the driver's request to a running container; the images are on the node.
const EXECUTOR: Duration = Duration::from_secs(120);

/// Waits until an executor of the driver's first attempt runs.
pub fn until_an_executor_runs(stage: &Stage, driver: &Driver) -> Result<()> {
    let selector = format!("spark-role=executor,spark-app-selector={}-1", driver.application);
    let words = ["-n", &stage.namespace, "get", "pods", "-l", &selector, "--watch", "-o", "json"];
    let mut watch = Following::start(&words, EXECUTOR)?;
    let runs = watch.find(|pod| (pod["status"]["phase"] == "Running").then_some(()));
    runs.ok_or_else(|| driver.explain("no executor ran"))
}

/// Puts what a driver's Spark would have made beside it: executors that do nothing, a ConfigMap and a claim, all owned by its pod
/// and labelled with its first attempt's application id.
pub fn leave_behind(stage: &Stage, driver: &Driver, executors: usize) -> Result<()> {
    stage.apply(&left_behind(stage, driver, executors)?)
}

/// What [`leave_behind`] puts there, the executors first.
pub fn left_behind(stage: &Stage, driver: &Driver, executors: usize) -> Result<Vec<Value>> {
    let id = format!("{}-1", driver.application);
    let image = stage.spark_images.get(Spark::NEWEST)?;
    let pod = driver.until(|pod| Some(pod["metadata"]["uid"].clone()))?;
    let owner = json!([{"apiVersion": "v1", "kind": "Pod", "name": driver.name, "uid": pod, "controller": true}]);
    let labels = json!({"spark-app-selector": id, "spark-role": "executor", "codriver/driver-uid": pod});
    let metadata = |name: String| json!({"name": name, "labels": labels, "ownerReferences": owner});
    let executor = |number: usize| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata(format!("{}-exec-{number}", driver.name)), "spec": {
            "serviceAccountName": "spark-executor", "restartPolicy": "Never",
            "securityContext": {"runAsNonRoot": true, "runAsUser": 185, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{"name": "spark-kubernetes-executor", "image": image, "command": ["sleep", "3600"],
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}],
        }})
    };
    let mut objects: Vec<Value> = (1..=executors).map(executor).collect();
    objects.push(
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(format!("{}-conf-map", driver.name))}),
    );
    objects.push(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata(format!("{}-pvc", driver.name)),
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "none", "resources": {"requests": {"storage": "1Mi"}}}}));
    Ok(objects)
}
