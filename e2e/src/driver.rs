//! A driver pod, made from the very paste that `manifests/raw` offers, and what it leaves.

use std::{
    fmt,
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use codriver_kube::Timestamp;
use serde_json::{Value, json};

use crate::{
    Result,
    executors::Executors,
    kubectl::{Following, HERE, get, objects},
    spark::Spark,
    stage::Stage,
};

/// From `kubectl apply` to the end of the pod.
const DEADLINE: Duration = Duration::from_secs(300);
/// What MinIO calls the role of an identity provider whose client id is `sts.amazonaws.com`.
pub const ROLE: &str = "arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA";
/// Where the store is, for pods.
pub const ENDPOINT: &str = "http://minio.codriver-store.svc:9000";

/// What differs from the paste.
#[derive(Debug, Clone)]
pub struct Script {
    /// The pod's name.
    pub name: String,
    /// The Spark in its image.
    pub spark: Spark,
    /// The driver's command behind `codriver run --`.
    pub command: Vec<String>,
    /// Lines of `CODRIVER_SPARK_CONF`.
    pub spark_conf: String,
    /// Any other change, by [`Script::changed`].
    pub change: Change,
}

/// What is done to the pod before it is applied.
#[derive(Clone)]
pub struct Change(Arc<dyn Fn(&mut Value) + Send + Sync>);

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a change")
    }
}

impl Default for Change {
    fn default() -> Self {
        Self(Arc::new(|_| {}))
    }
}

impl Script {
    /// A PySpark job of `e2e/spark/jobs` with its arguments.
    #[must_use]
    pub fn spark(stage: &Stage, name: &str, job: &str, arguments: &[String]) -> Self {
        let submit = ["/opt/spark/bin/spark-submit".to_owned(), stage.uri(&format!("jobs/{job}"))];
        let spark_conf = "spark.executor.instances=2\nspark.executor.cores=1\nspark.executor.memory=512m\n\
            spark.kubernetes.executor.request.cores=200m\n";
        Self {
            name: name.into(),
            spark: Spark::NEWEST,
            command: [&submit, arguments].concat(),
            spark_conf: spark_conf.into(),
            change: Change::default(),
        }
    }

    /// A driver without Spark: what the wrapper, the sidecar and the API server do is the same.
    #[must_use]
    pub fn shell(name: &str, script: &str) -> Self {
        let command = ["sh", "-c", script].map(str::to_owned).to_vec();
        Self { name: name.into(), spark: Spark::NEWEST, command, spark_conf: String::new(), change: Change::default() }
    }

    /// The same with this change of the pod.
    #[must_use]
    pub fn changed(self, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self { change: Change(Arc::new(change)), ..self }
    }
}

/// A pod that was started.
#[derive(Debug)]
pub struct Driver {
    pub(crate) stage: Stage,
    /// The pod's name.
    pub name: String,
    /// The pod's uid without dashes, as application ids have it.
    pub application: String,
    /// Its executors.
    pub executors: Executors,
}

/// How a pod ended.
#[derive(Debug)]
pub struct End {
    /// The whole pod.
    pub pod: Value,
    /// The driver container's exit code as Kubernetes saw it.
    pub code: Option<i64>,
    /// What the sidecar left as its termination message.
    pub report: Value,
}

impl End {
    /// From the last state of a pod.
    pub(crate) fn of(pod: Value) -> Self {
        let code = container(&pod, "driver")["state"]["terminated"]["exitCode"].as_i64();
        let message = container(&pod, "codriver")["state"]["terminated"]["message"].as_str().unwrap_or_default();
        let report = serde_json::from_str(message).unwrap_or_default();
        Self { pod, code, report }
    }
}

impl Driver {
    /// Applies the paste with the script's changes.
    ///
    /// # Errors
    /// With what the API server refused.
    pub fn start(stage: &Stage, script: &Script) -> Result<Self> {
        let mut paste = objects(&format!("{HERE}/../manifests/raw/spark-driver.yaml"))?;
        for object in &mut paste {
            if object["kind"] == "Pod" {
                tailor(object, stage, script)?;
                (script.change.0)(object);
            }
        }
        stage.kubectl(&["delete", "pod", &script.name, "--ignore-not-found", "--grace-period=0", "--force"])?;
        stage.apply(&paste)?;
        let pod = get(&["-n", &stage.namespace, "pod", &script.name])?;
        let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
        let application = format!("spark-{}", uid.replace('-', ""));
        let executors = Executors::watch(&stage.namespace, &application, DEADLINE)?;
        Ok(Self { stage: stage.clone(), name: script.name.clone(), application, executors })
    }

    /// Waits for a line of the driver's log that holds these words.
    ///
    /// # Errors
    /// When the log ends without it.
    pub fn until_it_says(&self, words: &str) -> Result<()> {
        self.until_logged("driver", words)
    }

    /// Waits for a line of a container's log that holds these words.
    ///
    /// # Errors
    /// When the log ends without it.
    pub fn until_logged(&self, name: &str, words: &str) -> Result<()> {
        self.until(|pod| {
            let state = &container(pod, name)["state"];
            (state["running"].is_object() || state["terminated"].is_object()).then_some(())
        })?;
        let arguments = ["-n", &self.stage.namespace, "logs", "--follow", &self.name, "-c", name];
        let mut log = Following::start(&arguments, DEADLINE)?;
        while let Some(line) = log.line() {
            if line.contains(words) {
                return Ok(());
            }
        }
        Err(self.explain(&format!("{name} never said `{words}`")))
    }

    /// Waits until something can be made of the pod's state.
    ///
    /// # Errors
    /// When the deadline passes.
    pub fn until<T>(&self, wanted: impl FnMut(&Value) -> Option<T>) -> Result<T> {
        let arguments = ["-n", &self.stage.namespace, "get", "pod", &self.name, "--watch", "-o", "json"];
        Following::start(&arguments, DEADLINE)?.find(wanted).ok_or_else(|| self.explain("the pod did not come so far"))
    }

    /// Waits for the end of the pod.
    ///
    /// # Errors
    /// When it does not come.
    pub fn end(&self) -> Result<End> {
        self.until(|pod| is_over(pod).then(|| pod.clone())).map(End::of)
    }

    /// The id of a container that has started.
    ///
    /// # Errors
    /// When it does not start.
    pub fn container_id(&self, name: &str) -> Result<String> {
        let id = |pod: &Value| container(pod, name)["containerID"].as_str()?.rsplit('/').next().map(str::to_owned);
        self.until(id)
    }

    /// What a container has logged.
    ///
    /// # Errors
    /// With what kubectl said.
    pub fn log(&self, container: &str) -> Result<String> {
        self.stage.kubectl(&["logs", &self.name, "-c", container])
    }

    /// When the wrapper collected the driver's status, by the timestamp of its last line.
    ///
    /// # Errors
    /// When it said nothing.
    pub fn ended_at(&self) -> Result<SystemTime> {
        let log = self.log("driver")?;
        let last = log.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok()).unwrap_or_default();
        let text = last["timestamp"].as_str().unwrap_or_default();
        let fraction: f64 = text
            .split_once('.')
            .and_then(|(_, digits)| format!("0.{}", digits.trim_end_matches('Z')).parse().ok())
            .unwrap_or(0.0);
        let whole = Timestamp::parse(text).ok_or_else(|| self.explain("the wrapper's last line has no timestamp"))?;
        Ok(SystemTime::from(whole) + Duration::from_secs_f64(fraction))
    }

    /// The names of what still carries an application id of this pod, of its three kinds.
    ///
    /// # Errors
    /// With what kubectl said.
    pub fn leftovers(&self) -> Result<Vec<String>> {
        let all =
            get(&["-n", &self.stage.namespace, "pods,configmaps,persistentvolumeclaims", "-l", "spark-app-selector"])?;
        let ours = |object: &&Value| {
            object["metadata"]["labels"]["spark-app-selector"]
                .as_str()
                .is_some_and(|id| id.starts_with(&self.application))
        };
        let name = |object: &Value| format!("{} {}", object["kind"], object["metadata"]["name"]);
        Ok(all["items"].as_array().into_iter().flatten().filter(ours).map(name).collect())
    }

    /// From the driver's end until the watch showed the last executor's deletion; zero when they were gone before.
    #[must_use]
    pub fn executors_gone_after(&self, end: SystemTime) -> Option<Duration> {
        let gone = || self.executors.seen().values().map(|executor| executor.gone).collect::<Option<Vec<_>>>();
        // The deletion is in the API server before the sidecar ends; the watch shows it a moment later.
        let last = (0..50).find_map(|_| {
            gone().or_else(|| {
                thread::park_timeout(Duration::from_millis(100));
                None
            })
        });
        last?.into_iter().max().map(|last| last.duration_since(end).unwrap_or_default())
    }

    /// A failure with the last lines of the logs that matter.
    #[must_use]
    pub fn explain(&self, what: &str) -> String {
        let mut text = format!("{what} (pod {} in {})", self.name, self.stage.namespace);
        for container in ["codriver-init", "codriver", "driver"] {
            let log =
                self.stage.kubectl(&["logs", &self.name, "-c", container, "--tail=12"]).unwrap_or_else(|error| error);
            text.push_str(&format!("\nthe end of {container}'s log:\n"));
            log.lines().for_each(|line| text.push_str(&format!("  | {line}\n")));
        }
        text
    }
}

/// A pod is over when all its containers are, native sidecars included.
#[must_use]
pub fn is_over(pod: &Value) -> bool {
    matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"))
}

/// The status of a container or init container.
#[must_use]
pub fn container<'a>(pod: &'a Value, name: &str) -> &'a Value {
    let all =
        ["containerStatuses", "initContainerStatuses"].into_iter().filter_map(|list| pod["status"][list].as_array());
    all.flatten().find(|status| status["name"] == name).unwrap_or(&Value::Null)
}

/// Sets what the paste marks with an arrow.
fn tailor(pod: &mut Value, stage: &Stage, script: &Script) -> Result<()> {
    let image = stage.spark_images.get(script.spark)?;
    pod["metadata"]["name"] = json!(script.name);
    let spec = &mut pod["spec"];
    for container in spec["initContainers"].as_array_mut().into_iter().flatten() {
        container["image"] = json!(stage.codriver_image);
    }
    let environment = &mut spec["initContainers"][0]["env"];
    set(environment, "AWS_ROLE_ARN", ROLE);
    set(environment, "AWS_ENDPOINT_URL", ENDPOINT);
    set(environment, "AWS_REGION", "us-east-1");
    set(environment, "CODRIVER_EXECUTOR_IMAGE", &image);
    set(environment, "CODRIVER_SPARK_VERSION", script.spark.version());
    set(environment, "CODRIVER_HADOOP_VERSION", &script.spark.hadoop()?);
    set(environment, "CODRIVER_SPARK_CONF", &script.spark_conf);
    let driver = &mut spec["containers"][0];
    driver["image"] = json!(image);
    driver["args"] = json!(script.command);
    driver["resources"]["requests"] = json!({"cpu": "200m", "memory": "1Gi"});
    Ok(())
}

/// Sets a variable of a container, in place when it has it.
pub fn set(environment: &mut Value, name: &str, value: &str) {
    if environment.is_null() {
        *environment = json!([]);
    }
    let Some(variables) = environment.as_array_mut() else { return };
    variables.retain(|variable| variable["name"] != name);
    variables.push(json!({"name": name, "value": value}));
}
