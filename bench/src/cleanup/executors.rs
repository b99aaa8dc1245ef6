//! Makes executors' pods, as Spark would write them, but for a scheduler that does not exist.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use codriver_kube::{Error as ApiError, Kind};
use serde_json::{Value, json};

use crate::{Error, cluster::Cluster};

/// Requests on their way at once; more make the server no faster.
const MAKERS: usize = 8;

/// The executors of one driver.
#[derive(Debug, Clone)]
pub struct Application {
    /// The label that they are removed by.
    pub application_id: String,
    /// Of the pod that owns them.
    pub driver_uid: String,
    /// How many there are.
    pub executors: usize,
}

impl Application {
    /// What selects them and nothing else.
    #[must_use]
    pub fn selector(&self) -> String {
        format!("spark-role=executor,spark-app-selector={}", self.application_id)
    }
}

/// Makes a driver's pod, which owns executors and does nothing else, and answers with its uid.
///
/// # Errors
/// With what the API server refused.
pub async fn make_driver(cluster: &Cluster, name: &str) -> Result<String, Error> {
    let client = cluster.client()?;
    let pod =
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name }, "spec": spec("driver", &json!([])) });
    client.create(Kind::Pods, &cluster.namespace, &pod, false).await?;
    Ok(client.pod(&cluster.namespace, name).await?.metadata.uid)
}

/// Makes all executors, some hundred in a second.
///
/// # Errors
/// With what the API server refused.
pub async fn make(cluster: &Cluster, application: &Application) -> Result<(), Error> {
    let next = Arc::new(AtomicUsize::new(1));
    let makers = (0..MAKERS.min(application.executors)).map(|_| {
        let (client, next, application) = (cluster.client()?, Arc::clone(&next), application.clone());
        let namespace = cluster.namespace.clone();
        Ok(tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number > application.executors {
                    return Ok(());
                }
                match client.create(Kind::Pods, &namespace, &executor(&application, number), false).await {
                    // Sent twice, since the connection broke off.
                    Ok(()) | Err(ApiError::Conflict { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }))
    });
    for maker in makers.collect::<Result<Vec<_>, Error>>()? {
        maker.await??;
    }
    Ok(())
}

fn executor(application: &Application, number: usize) -> Value {
    let Application { application_id, driver_uid, .. } = application;
    let environment: Vec<_> = [
        ("SPARK_DRIVER_URL", "spark://CoarseGrainedScheduler@10.1.2.3:7078".to_owned()),
        ("SPARK_EXECUTOR_CORES", "1".to_owned()),
        ("SPARK_EXECUTOR_MEMORY", "1g".to_owned()),
        ("SPARK_APPLICATION_ID", application_id.clone()),
        ("SPARK_CONF_DIR", "/opt/spark/conf".to_owned()),
        ("SPARK_EXECUTOR_ID", number.to_string()),
        ("SPARK_RESOURCE_PROFILE_ID", "0".to_owned()),
        ("SPARK_JAVA_OPT_0", "-Dspark.driver.port=7078".to_owned()),
    ]
    .map(|(name, value)| json!({ "name": name, "value": value }))
    .into();
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("{application_id}-exec-{number}"),
            "labels": {
                "spark-app-name": "daily",
                "spark-app-selector": application_id,
                "spark-exec-id": number.to_string(),
                "spark-exec-resourceprofile-id": "0",
                "spark-role": "executor",
                "codriver/driver-uid": driver_uid,
            },
            "ownerReferences": [{
                "apiVersion": "v1", "kind": "Pod", "name": format!("driver-{}", application.executors),
                "uid": driver_uid, "controller": true,
            }],
        },
        "spec": spec("spark-kubernetes-executor", &json!(environment)),
    })
}

fn spec(container: &str, environment: &Value) -> Value {
    json!({
        "schedulerName": "nobody",
        "restartPolicy": "Never",
        "automountServiceAccountToken": false,
        "containers": [{
            "name": container,
            "image": "spark:4.3.0",
            "args": ["executor"],
            "env": environment,
            "ports": [{ "name": "blockmanager", "containerPort": 7079 }],
            "resources": { "requests": { "cpu": "1", "memory": "1408Mi" }, "limits": { "memory": "1408Mi" } },
            "volumeMounts": [{ "name": "spark-local-dir-1", "mountPath": "/var/data/spark-1" }],
        }],
        "volumes": [{ "name": "spark-local-dir-1", "emptyDir": {} }],
    })
}
