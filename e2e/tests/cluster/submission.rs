//! `spark-submit --deploy-mode cluster` in a pod.

use codriver_e2e::{Result, spark::Spark, stage::Stage};
use serde_json::{Value, json};

use crate::waiter::{Step, account, spec, start};

/// Of the submission, and of its driver.
const ACCOUNT: &str = "s20-spark";

/// What Spark's own image does with the word `driver` (apache/spark-docker: `entrypoint.sh`).
const DRIVER: &str = "shift; exec /opt/spark/bin/spark-submit --deploy-mode client \
    --conf spark.driver.bindAddress=$SPARK_DRIVER_BIND_ADDRESS \"$@\"";

/// Submits a job of this name: it works with an executor, and then runs these lines of Python.
pub fn submit<'a>(stage: &'a Stage, spark: Spark, name: &str, lines: &[&str]) -> Result<Step<'a>> {
    let verbs = json!(["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]);
    let resources = json!(["pods", "configmaps", "services", "persistentvolumeclaims"]);
    account(stage, ACCOUNT, &json!([{"apiGroups": [""], "resources": resources, "verbs": verbs}]))?;
    let image = stage.spark_images.get(spark)?;
    let mut driver = spec();
    driver["containers"][0]["name"] = json!("spark-kubernetes-driver");
    driver["containers"][0]["command"] = json!(["sh", "-c", DRIVER, "driver"]);
    mount(&mut driver, name);
    let work = "import sys\nfrom pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n\
        assert spark.sparkContext.parallelize(range(100), 4).sum() == 4950\n";
    stage.apply(&[json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {
        "driver.yaml": template(&driver), "executor.yaml": template(&spec()), "job.py": format!("{work}{}\n", lines.join("\n")),
    }})])?;
    let settings = [
        ("app.name", name),
        ("driver.memory", "512m"),
        ("executor.instances", "1"),
        ("executor.memory", "512m"),
        ("kubernetes.authenticate.driver.serviceAccountName", ACCOUNT),
        ("kubernetes.container.image", &image),
        ("kubernetes.driver.podTemplateFile", "/job/driver.yaml"),
        ("kubernetes.driver.request.cores", "200m"),
        ("kubernetes.executor.podTemplateFile", "/job/executor.yaml"),
        ("kubernetes.executor.request.cores", "200m"),
        ("kubernetes.namespace", &stage.namespace),
        ("kubernetes.submission.waitAppCompletion", "false"),
        ("master", "k8s://https://kubernetes.default.svc:443"),
        ("submit.deployMode", "cluster"),
    ];
    let mut command = vec!["/opt/spark/bin/spark-submit".to_owned()];
    for (key, value) in settings {
        command.extend(["--conf".to_owned(), format!("spark.{key}={value}")]);
    }
    command.push("local:///job/job.py".into());
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    start(stage, &format!("{name}-submit"), &image, &command, |pod| {
        pod["spec"]["serviceAccountName"] = json!(ACCOUNT);
        mount(&mut pod["spec"], name);
    })
}

/// Removes the driver's pod; all that is the job's goes with it.
pub fn remove(stage: &Stage, selector: &str) -> Result<()> {
    let id = ["get", "pod", "-l", selector, "-o", "jsonpath={.items[0].metadata.labels.spark-app-selector}"];
    let all = format!("spark-app-selector={}", stage.kubectl(&id)?);
    stage.kubectl(&["delete", "pod", "-l", selector])?;
    stage.kubectl(&["wait", "--for=delete", "--timeout=50s", "pods,services,configmaps", "-l", &all]).map(drop)
}

fn template(spec: &Value) -> String {
    json!({"apiVersion": "v1", "kind": "Pod", "spec": spec}).to_string()
}

/// The ConfigMap with the job and its templates.
fn mount(spec: &mut Value, name: &str) {
    spec["volumes"] = json!([{"name": "job", "configMap": {"name": name}}]);
    spec["containers"][0]["volumeMounts"] = json!([{"name": "job", "mountPath": "/job"}]);
}
