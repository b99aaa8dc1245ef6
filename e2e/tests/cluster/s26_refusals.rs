//! Executors that the API server or the namespace refuses, each in a namespace of its own: the driver ends with 75, and the log, one
//! event and the verdict say why and what to do.

use codriver_e2e::{
    Result,
    driver::{Driver, Script, set},
    kubectl::get,
    room::Room,
    spark::Spark,
    stage::Stage,
};
use serde_json::{Value, json};

use crate::{
    Needs, Test,
    cases::side_by_side,
    world::{equal, holds, left_behind, nothing_is_left},
};

/// What refuses executors, and how it is told.
struct Case {
    /// The namespace's, and the driver's.
    name: &'static str,
    /// The Pod Security Standard of the namespace.
    level: &'static str,
    /// A real driver that asks for one executor; else one that only waits.
    spark: Option<Spark>,
    /// Lines of `CODRIVER_SPARK_CONF`.
    conf: &'static str,
    /// What is put in the way, once the driver's pod is there.
    obstacle: Option<fn(&Room) -> Vec<Value>>,
    /// Of an executor's pod that is put beside a driver without Spark; none is made where it would be refused.
    executor: Option<fn(&mut Value)>,
    words: &'static str,
    remedy: &'static str,
    /// What Spark itself says of it in the driver's log.
    spark_says: &'static str,
}

const PLAIN: Case = Case {
    name: "",
    level: "restricted",
    spark: None,
    conf: "",
    obstacle: None,
    executor: None,
    words: "",
    remedy: "",
    spark_says: "",
};

const REFUSED: [Case; 4] = [
    Case {
        name: "s26-limit-range",
        conf: "spark.executor.memory=2g\n",
        obstacle: Some(|_| {
            let limit = json!({"type": "Container", "max": {"memory": "1Gi"}});
            vec![
                json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small"}, "spec": {"limits": [limit]}}),
            ]
        }),
        words: "a LimitRange of the namespace does not allow their size: pods \\\"codriver-trial-exec-1\\\" is forbidden: \
                maximum memory usage per Container is 1Gi",
        remedy: "change spark.executor.memory or spark.executor.cores (`kubectl describe limits`)",
        ..PLAIN
    },
    Case {
        name: "s26-pod-security",
        conf: "spark.kubernetes.executor.volumes.hostPath.scratch.mount.path=/scratch\n\
               spark.kubernetes.executor.volumes.hostPath.scratch.options.path=/tmp\n",
        words: "the namespace's Pod Security Standard does not allow them",
        remedy: "set in the executors' template (CODRIVER_EXECUTOR_TEMPLATE) what is missing",
        ..PLAIN
    },
    Case {
        name: "s26-policy",
        obstacle: Some(policy),
        words: "denied request: executors need the label team",
        remedy: "the words above are the policy's own; ask who runs it",
        ..PLAIN
    },
    Case {
        name: "s26-webhook",
        obstacle: Some(webhook),
        words: "an admission webhook or policy denies them: Internal error occurred: failed calling webhook \
                \\\"nowhere.codriver.example\\\"",
        remedy: "the words above are the policy's own; ask who runs it",
        ..PLAIN
    },
];

const WITHOUT_A_PLACE: [Case; 3] = [
    Case {
        name: "s26-quota",
        spark: Some(Spark::OLDER),
        obstacle: Some(|_| {
            vec![
                json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "one-pod"}, "spec": {"hard": {"pods": "1"}}}),
            ]
        }),
        words: "the namespace's quota is used up: pods \\\"codriver-trial-exec-1\\\" is forbidden: exceeded quota: one-pod",
        remedy: "ask for fewer or smaller executors, or have the quota raised (`kubectl describe quota`)",
        spark_says: "exceeded quota: one-pod",
        ..PLAIN
    },
    Case {
        name: "s26-crash-loop",
        spark: Some(Spark::OLDER),
        conf: "spark.executor.extraJavaOptions=-agentlib:nowhere\nspark.executor.maxNumFailures=1000\n",
        words: "executors start, and end by themselves",
        remedy: "see an executor's log",
        ..PLAIN
    },
    Case {
        name: "s26-claim",
        executor: Some(|pod| {
            let claim = json!({"name": "v", "persistentVolumeClaim": {"claimName": "s26-nowhere"}});
            pod["spec"]["volumes"] = json!([claim]);
            pod["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "v", "mountPath": "/v"}]);
        }),
        words: "a volume cannot be mounted (s26-claim-exec-1): ",
        remedy: "make the ConfigMap, Secret or claim that is named, see that claims are Bound (`kubectl get pvc`)",
        ..PLAIN
    },
];

pub const ALL: &[Test] = &[
    ("s26_executors_that_the_api_server_refuses_are_told_with_the_reason_and_given_up", Needs::AnyCluster, |stage| {
        side_by_side(&REFUSED, |case| one(stage, case))
    }),
    ("s26_executors_that_never_stay_are_told_with_the_reason_and_given_up", Needs::AnyCluster, |stage| {
        side_by_side(&WITHOUT_A_PLACE, |case| one(stage, case))
    }),
];

/// The first look, in seconds; the others are 15 s apart.
const AFTER: &str = "3";
/// From the driver's start to its end, in seconds: two looks, or, for a Spark that is up after ten of them, four.
const DEADLINES: [&str; 2] = ["20", "40"];
/// A job without a store: the account is not known there.
const JOB: &str = "from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.sparkContext.parallelize(range(100), 4).sum()
";

fn one(stage: &Stage, case: &Case) -> Result<()> {
    let room = Room::make(stage, case.name, case.level)?;
    let stage = &room.stage;
    let driver = Driver::start(stage, &script(case))?;
    if let Some(obstacle) = case.obstacle {
        stage.apply(&obstacle(&room))?;
    }
    if let Some(change) = case.executor {
        let mut objects = left_behind(stage, &driver, 1)?;
        change(&mut objects[0]);
        stage.apply(&objects)?;
    }
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(75))?;
    let verdict = end.report["verdict"].to_string();
    let is_told = |text: &str| text.contains(case.words) && text.contains(case.remedy);
    holds(&driver, &verdict, verdict.contains("was given up (code 75)") && is_told(&verdict))?;
    let log = driver.log("codriver")?;
    let lines: Vec<_> = log.lines().filter(|line| line.contains("no executor is ready") && is_told(line)).collect();
    equal(&driver, "lines of the log that say it", lines.len(), 1)?;
    let fields = format!("involvedObject.name={},reason=NoExecutors", driver.name);
    let events = get(&["-n", &stage.namespace, "events", "--field-selector", &fields])?;
    let told = events["items"].as_array().into_iter().flatten().filter(|event| is_told(&event["message"].to_string()));
    equal(&driver, &format!("events that say it, of {events}"), told.count(), 1)?;
    let own = driver.log("driver")?;
    holds(&driver, &format!("Spark says {}", case.spark_says), own.contains(case.spark_says))?;
    nothing_is_left(&driver)?;
    let executors = get(&["-n", &stage.namespace, "pods", "-l", "spark-role=executor"])?;
    equal(&driver, "executors", executors["items"].as_array().map(Vec::len), Some(0))
}

fn script(case: &Case) -> Script {
    let job = match case.spark {
        Some(_) => format!("echo \"{JOB}\" >/tmp/job.py; exec /opt/spark/bin/spark-submit /tmp/job.py"),
        None => "exec sleep 3600".to_owned(),
    };
    let deadline = DEADLINES[usize::from(case.spark.is_some())];
    let mut script = Script::shell(case.name, &job).changed(move |pod| {
        pod["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "10m", "memory": "64Mi"}});
        let sidecar = &mut pod["spec"]["initContainers"][1]["env"];
        set(sidecar, "CODRIVER_EXECUTORS_AFTER", AFTER);
        set(sidecar, "CODRIVER_EXECUTORS_DEADLINE", deadline);
    });
    script.spark = case.spark.unwrap_or(Spark::NEWEST);
    script.spark_conf = format!(
        "spark.executor.instances=1\nspark.executor.memory=512m\nspark.kubernetes.executor.request.cores=100m\n{}",
        case.conf
    );
    script
}

/// No webhook is needed to deny: the API server reckons it by itself.
fn policy(room: &Room) -> Vec<Value> {
    let api = "admissionregistration.k8s.io/v1";
    let pods = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]});
    let labels = "object.metadata.labels";
    let rule = json!({"message": "executors need the label team",
        "expression": format!("!has({labels}) || !('spark-role' in {labels}) || 'team' in {labels}")});
    let metadata = room.metadata();
    vec![
        json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": metadata, "spec": {
            "failurePolicy": "Fail", "matchConstraints": {"resourceRules": [pods]}, "validations": [rule]}}),
        json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding", "metadata": metadata, "spec": {
            "policyName": metadata["name"], "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": room.selector()}}}),
    ]
}

/// Its service is not there, and it must be asked.
fn webhook(room: &Room) -> Vec<Value> {
    let service = json!({"namespace": room.stage.namespace, "name": "nowhere", "path": "/"});
    let pods = json!({"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]});
    vec![json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration", "metadata": room.metadata(),
        "webhooks": [{"name": "nowhere.codriver.example", "clientConfig": {"service": service}, "rules": [pods],
            "failurePolicy": "Fail", "sideEffects": "None", "admissionReviewVersions": ["v1"], "timeoutSeconds": 5,
            "namespaceSelector": room.selector()}],
    })]
}
