//! The executor that is tried: a pod close enough to Spark's for admission to judge it alike.
//!
//! Of Spark's own executor (`BasicExecutorFeatureStep`, `KubernetesExecutorBuilder`) it has the template, image, service account,
//! resources, labels, annotations and the volumes that a Pod Security Standard minds; not the environment, the command and other
//! volumes, which admission rarely looks at.

use codriver_kube::Error;
use serde_json::{Value, json};

use super::{
    reason::{Kind, Reason},
    volumes,
};
use crate::spark_conf::SparkConf;

/// How many executors the driver asks for at its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// None ever: a local master, or `spark.executor.instances=0`.
    None,
    /// None until there is work for them (`spark.dynamicAllocation`).
    Later,
    /// At least one.
    Now,
}

impl Wanted {
    /// As Spark decides it (`Utils.getDynamicAllocationInitialExecutors`, `SchedulerBackendUtils.getInitialTargetExecutorNumber`).
    #[must_use]
    pub fn of(conf: &SparkConf) -> Self {
        let number = |key: &str| conf.get(key).and_then(|value| value.parse::<u32>().ok());
        let dynamic = conf.get("spark.dynamicAllocation.enabled") == Some("true");
        let local = conf.get("spark.master").is_some_and(|master| master.starts_with("local"));
        let first = ["spark.dynamicAllocation.initialExecutors", "spark.dynamicAllocation.minExecutors"];
        let first = first.into_iter().filter_map(number).chain(number(INSTANCES)).max().unwrap_or(0);
        match (local, dynamic, number(INSTANCES)) {
            (true, ..) | (false, false, Some(0)) => Self::None,
            (false, true, _) if first == 0 => Self::Later,
            _ => Self::Now,
        }
    }
}

const INSTANCES: &str = "spark.executor.instances";
/// Who executors are; without the first Spark takes the second (`ExecutorKubernetesCredentialsFeatureStep`).
const ACCOUNTS: [&str; 2] = [
    "spark.kubernetes.authenticate.executor.serviceAccountName",
    "spark.kubernetes.authenticate.driver.serviceAccountName",
];
/// Their image, likewise.
const IMAGES: [&str; 2] = ["spark.kubernetes.executor.container.image", "spark.kubernetes.container.image"];
/// The prefix of labels for executors.
const LABEL: &str = "spark.kubernetes.executor.label.";
/// The prefix of annotations for executors.
const ANNOTATION: &str = "spark.kubernetes.executor.annotation.";
/// MiB beside the heap at least (Spark: `MEMORY_OVERHEAD_MIN_MIB`).
const LEAST_OVERHEAD: u64 = 384;

/// The pod to try. `template` is codriver-init's `executor.yaml`, which is JSON.
#[must_use]
pub fn pod(template: Option<Value>, conf: &SparkConf, application_id: &str) -> Value {
    let mut pod = template.filter(is_pod).unwrap_or_else(|| json!({}));
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!("codriver-trial-exec-1");
    let own = [("spark-role", "executor"), ("spark-app-selector", application_id)];
    add(&mut pod["metadata"]["labels"], conf.under(LABEL).chain(own));
    add(&mut pod["metadata"]["annotations"], conf.under(ANNOTATION));
    let first = |keys: [&str; 2]| keys.into_iter().find_map(|key| conf.get(key));
    let spec = &mut pod["spec"];
    spec["restartPolicy"] = json!("Never");
    if let (None, Some(account)) = (spec["serviceAccountName"].as_str(), first(ACCOUNTS)) {
        spec["serviceAccountName"] = json!(account);
    }
    let more = volumes::refused(conf);
    if !more.is_empty() {
        let have = spec["volumes"].as_array().cloned().unwrap_or_default();
        spec["volumes"] = have.into_iter().chain(more).collect();
    }
    if spec["containers"][0].is_null() {
        spec["containers"] = json!([{ "name": "spark-kubernetes-executor" }]);
    }
    let container = &mut spec["containers"][0];
    if let Some(image) = first(IMAGES) {
        container["image"] = json!(image);
    }
    let memory = format!("{}Mi", memory(conf));
    let cores = first(["spark.kubernetes.executor.request.cores", "spark.executor.cores"]).unwrap_or("1");
    add(&mut container["resources"]["requests"], [("cpu", cores), ("memory", &memory)]);
    let limit = conf.get("spark.kubernetes.executor.limit.cores").map(|cores| ("cpu", cores));
    add(&mut container["resources"]["limits"], limit.into_iter().chain([("memory", memory.as_str())]));
    pod
}

/// Whether it has the shape of a pod, as far as this file reads it.
fn is_pod(template: &Value) -> bool {
    let is_map = |value: &Value| value.is_object() || value.is_null();
    let container = &template["spec"]["containers"][0];
    template.is_object()
        && [&template["metadata"], &template["spec"], container, &container["resources"]].into_iter().all(is_map)
}

/// Puts these texts into a map, which is made if there is none.
fn add<'a>(map: &mut Value, texts: impl IntoIterator<Item = (&'a str, &'a str)>) {
    let have = map.as_object().cloned().unwrap_or_default();
    *map = have.into_iter().chain(texts.into_iter().map(|(name, text)| (name.to_owned(), json!(text)))).collect();
}

/// Whether the API server's answer to the trial is a refusal that Spark's own executors meet too, and which.
#[must_use]
pub fn refusal(error: &Error) -> Option<Reason> {
    let message = match error {
        Error::Forbidden { message, .. } => message,
        // A webhook may choose its code; 422 is an object that is not valid.
        Error::Server { code: 400..=499, message, .. } => message,
        Error::Server { message, .. } if message.contains("webhook") => message,
        _ => return None,
    };
    let kinds = [
        ("does not support dry run", None),
        ("quota", Some(Kind::Quota)),
        ("error looking up service account", Some(Kind::ServiceAccount)),
        ("violates PodSecurity", Some(Kind::PodSecurity)),
        ("usage per ", Some(Kind::LimitRange)),
        ("max limit to request ratio per ", Some(Kind::LimitRange)),
        ("cannot create resource", Some(Kind::Rights)),
        ("webhook", Some(Kind::Admission)),
        ("AdmissionPolicy", Some(Kind::Admission)),
    ];
    let known = kinds.into_iter().find(|(words, _)| message.contains(words));
    let kind = known.map_or(Some(Kind::Refused), |(_, kind)| kind)?;
    Some(Reason::new(kind, None, message))
}

/// MiB of an executor's container (Spark: `ResourceProfile.calculateOverHeadMemory`); Python's share is not known here.
fn memory(conf: &SparkConf) -> u64 {
    let of = |key: &str| conf.get(key).and_then(mebibytes);
    let heap = of("spark.executor.memory").unwrap_or(1024);
    let factor = ["spark.executor.memoryOverheadFactor", "spark.kubernetes.memoryOverheadFactor"];
    let factor = factor.iter().find_map(|key| conf.get(key)?.parse::<f64>().ok()).unwrap_or(0.1);
    let share = (heap as f64 * factor) as u64;
    let least = of("spark.executor.minMemoryOverhead").unwrap_or(LEAST_OVERHEAD);
    heap.saturating_add(of("spark.executor.memoryOverhead").unwrap_or(share.max(least)))
}

/// Spark's sizes: `4g`, `512m`, and a bare number of MiB (Java: `JavaUtils.byteStringAsMb`).
fn mebibytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_suffix('b').unwrap_or(&text);
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    match &text[end..] {
        "" | "m" => Some(number),
        "k" => Some(number / 1024),
        "g" => number.checked_mul(1 << 10),
        "t" => number.checked_mul(1 << 20),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use codriver_kube::{Kind as Resource, Subject, Verb};

    use super::*;

    #[test]
    fn whether_executors_are_asked_for_is_sparks_own_rule() {
        for (conf, wanted) in [
            ("", Wanted::Now),
            ("spark.executor.instances=0", Wanted::None),
            ("spark.master=local[4]", Wanted::None),
            ("spark.master=k8s://https://kubernetes.default.svc:443", Wanted::Now),
            ("spark.dynamicAllocation.enabled=true", Wanted::Later),
            ("spark.dynamicAllocation.enabled=true\nspark.executor.instances=0", Wanted::Later),
            ("spark.dynamicAllocation.enabled=true\nspark.executor.instances=2", Wanted::Now),
            ("spark.dynamicAllocation.enabled=true\nspark.dynamicAllocation.minExecutors=1", Wanted::Now),
        ] {
            assert_eq!(Wanted::of(&SparkConf::read(conf)), wanted, "{conf}");
        }
    }

    #[test]
    fn the_trial_is_as_large_as_an_executor() {
        for (conf, mebibytes) in [
            ("", 1024 + 384),
            ("spark.executor.memory=10g", 10 * 1024 + 1024),
            ("spark.executor.memory=512m\nspark.executor.memoryOverhead=1g", 512 + 1024),
            ("spark.executor.memory=2048\nspark.executor.memoryOverheadFactor=0.5", 2048 + 1024),
            ("spark.executor.memory=4GB\nspark.kubernetes.memoryOverheadFactor=0.25", 4096 + 1024),
            ("spark.executor.memory=lots", 1024 + 384),
        ] {
            assert_eq!(memory(&SparkConf::read(conf)), mebibytes, "{conf}");
        }
    }

    #[test]
    fn the_trial_is_the_template_with_what_spark_adds_to_it() {
        let template = json!({ "spec": { "serviceAccountName": "spark-executor", "volumes": [{ "name": "v" }],
            "containers": [{ "name": "executor", "resources": { "limits": { "nvidia.com/gpu": "1" } } }] } });
        let conf = SparkConf::read(
            "spark.executor.cores=2\nspark.kubernetes.executor.container.image=spark:4\n\
             spark.kubernetes.executor.label.team=etl\nspark.kubernetes.executor.annotation.a=b\n\
             spark.kubernetes.executor.volumes.hostPath.scratch.options.path=/mnt\n\
             spark.kubernetes.authenticate.executor.serviceAccountName=other",
        );
        let metadata = json!({ "name": "codriver-trial-exec-1", "annotations": { "a": "b" },
            "labels": { "team": "etl", "spark-role": "executor", "spark-app-selector": "spark-1" } });
        assert_eq!(
            pod(Some(template), &conf, "spark-1"),
            json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
                "spec": { "restartPolicy": "Never", "serviceAccountName": "spark-executor",
                    "volumes": [{ "name": "v" }, { "name": "scratch", "hostPath": { "path": "/mnt" } }],
                    "containers": [{ "name": "executor", "image": "spark:4", "resources": {
                        "requests": { "cpu": "2", "memory": "1408Mi" },
                        "limits": { "nvidia.com/gpu": "1", "memory": "1408Mi" } } }] } })
        );
    }

    #[test]
    fn a_template_that_is_none_is_not_used() {
        let bare = pod(None, &SparkConf::default(), "spark-1");
        for odd in [json!("x"), json!({ "spec": "x" }), json!({ "spec": { "containers": ["x"] } })] {
            assert_eq!(pod(Some(odd), &SparkConf::default(), "spark-1"), bare);
        }
    }

    #[test]
    fn a_refusal_is_told_from_a_trial_that_could_not_be_made() {
        let subject = || Subject { verb: Verb::Create, kind: Resource::Pods, namespace: "etl".into(), name: None };
        let refusal = |code: u16, message: &str| {
            let message = message.to_owned();
            let error = match code {
                403 => Error::Forbidden { subject: subject(), message },
                code => Error::Server { subject: subject(), code, message },
            };
            refusal(&error).map(|reason| reason.kind)
        };
        let x = "pods \"codriver-trial-exec-1\" is forbidden: ";
        for (code, message, kind) in [
            (
                403,
                format!("{x}exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2"),
                Some(Kind::Quota),
            ),
            (403, format!("{x}failed quota: small: must specify limits.cpu for: executor"), Some(Kind::Quota)),
            (403, format!("{x}maximum memory usage per Container is 1Gi, but limit is 1408Mi"), Some(Kind::LimitRange)),
            (403, format!("{x}minimum cpu usage per Pod is 2, but request is 1"), Some(Kind::LimitRange)),
            (403, format!("{x}memory max limit to request ratio per Pod is 1, but provided 2"), Some(Kind::LimitRange)),
            (
                403,
                format!("{x}error looking up service account etl/none: serviceaccount \"none\" not found"),
                Some(Kind::ServiceAccount),
            ),
            (
                403,
                format!("{x}violates PodSecurity \"restricted:latest\": runAsNonRoot != true"),
                Some(Kind::PodSecurity),
            ),
            (403, format!("{x}no PriorityClass with name high was found"), Some(Kind::Refused)),
            (
                403,
                "pods is forbidden: User \"system:serviceaccount:etl:d\" cannot create resource \"pods\"".into(),
                Some(Kind::Rights),
            ),
            (
                400,
                "admission webhook \"policy.example\" denied the request: no team label".into(),
                Some(Kind::Admission),
            ),
            (
                500,
                "Internal error occurred: failed calling webhook \"p.example\": refused".into(),
                Some(Kind::Admission),
            ),
            (
                422,
                format!("{x}ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"),
                Some(Kind::Admission),
            ),
            (422, "Pod \"x\" is invalid: spec.containers[0].image: Required value".into(), Some(Kind::Refused)),
            (400, "admission webhook \"w\" does not support dry run".into(), None),
            (500, "etcdserver: request timed out".into(), None),
        ] {
            assert_eq!(refusal(code, &message), kind, "{message}");
        }
        assert_eq!(super::refusal(&Error::Cut { subject: subject(), cause: "x".into() }), None);
    }
}
