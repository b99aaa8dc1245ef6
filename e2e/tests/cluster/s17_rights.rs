//! Real Spark that may create executors but remove nothing, what is kept on purpose, and what is swept later.

use codriver_e2e::{
    Result,
    containers::kill,
    driver::{Driver, Script, container, set},
    kubectl::{HERE, get, objects},
    stage::Stage,
};
use serde_json::{Value, json};

use crate::{
    Needs, Test,
    cases::{UNTIL_TOLD, gone, killed_at_once, start, tell, told},
    world::{equal, holds, leave_behind, nothing_is_left},
};

pub const ALL: &[Test] = &[
    ("s17_a_job_that_may_remove_nothing_ends_with_0_all_the_same", Needs::AnyCluster, forbidden),
    ("s17_failed_executors_are_kept_for_a_look_and_the_others_go", Needs::OurCluster, kept),
];
/// It sweeps what other tests leave, too.
pub const ALONE: &[Test] = &[("s17_what_nobody_was_left_to_remove_is_swept", Needs::OurCluster, swept)];

const ACCOUNT: &str = "s17-driver";

/// A job without a store: the account is not known there.
const JOB: &str = "from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
assert spark.sparkContext.parallelize(range(100), 4).sum() == 4950
";

fn forbidden(stage: &Stage) -> Result<()> {
    let group = "rbac.authorization.k8s.io";
    stage.apply(&[
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}}),
        json!({"apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": {"name": ACCOUNT}, "rules": [{
            "apiGroups": [""], "resources": ["pods", "configmaps", "persistentvolumeclaims"],
            "verbs": ["get", "list", "watch", "create", "update", "patch"],
        }]}),
        json!({"apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": {"name": ACCOUNT},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": ACCOUNT},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT}]}),
    ])?;
    let job = format!("echo \"{JOB}\" >/tmp/job.py; exec /opt/spark/bin/spark-submit /tmp/job.py");
    let mut script = Script::shell("s17-forbidden", &job).changed(|pod| {
        pod["spec"]["serviceAccountName"] = json!(ACCOUNT);
        set(&mut pod["spec"]["initContainers"][0]["env"], "CODRIVER_PREFLIGHT", "false");
    });
    script.spark_conf = "spark.executor.instances=1\nspark.executor.memory=512m\n\
        spark.kubernetes.executor.request.cores=200m\n"
        .into();
    let driver = Driver::start(stage, &script)?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(0))?;
    equal(&driver, "verdict", end.report["verdict"].as_str(), Some("exited with code 0"))?;
    let problems = end.report["problems"].to_string();
    for words in ["deletecollection", "pods", "configmaps", "persistentvolumeclaims"] {
        holds(&driver, &format!("{words} in {problems}"), problems.contains(words))?;
    }
    let names = driver.leftovers()?;
    holds(&driver, "something is left", !names.is_empty())?;
    stage.kubectl(&["delete", "pod", &driver.name])?;
    for name in names {
        let object = name.replace('"', "").replace(' ', "/");
        stage.kubectl(&["wait", "--for=delete", "--timeout=50s", &object])?;
    }
    nothing_is_left(&driver)
}

fn kept(stage: &Stage) -> Result<()> {
    let driver = start(stage, "s17-kept", UNTIL_TOLD, |_, pod| {
        set(&mut pod["spec"]["initContainers"][1]["env"], "CODRIVER_KEEP_FAILED", "3600");
    })?;
    driver.until_it_says("waiting")?;
    leave_behind(stage, &driver, 2)?;
    let failed = format!("{}-exec-1", driver.name);
    let ready = ["wait", "--for=condition=Ready", "--timeout=60s", "pod", &failed];
    stage.kubectl(&ready)?;
    let executor = get(&["-n", &stage.namespace, "pod", &failed])?;
    let id = container(&executor, "spark-kubernetes-executor")["containerID"].as_str().unwrap_or_default();
    kill(id.rsplit('/').next().unwrap_or_default())?;
    stage.kubectl(&["wait", "--for=jsonpath={.status.phase}=Failed", "--timeout=60s", "pod", &failed])?;
    tell(stage, &driver)?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(3))?;
    equal(&driver, "left", driver.leftovers()?, vec![format!("\"Pod\" \"{failed}\"")])?;
    told(stage, &driver, "DriverFailed")?;
    stage.kubectl(&["delete", "pod", &driver.name])?;
    gone(stage, &driver)
}

fn swept(stage: &Stage) -> Result<()> {
    let driver = killed_at_once(stage, "s17-swept")?;
    equal(&driver, "left", driver.leftovers()?.len(), 3)?;
    let others = others(stage)?;
    let others_names = || stage.kubectl(&["get", "pods,configmaps,pvc", "--selector=whose=others", "--output=name"]);
    let there = others_names()?;
    equal(&driver, "others' objects", there.lines().count(), others.len())?;
    sweep(stage)?;
    nothing_is_left(&driver)?;
    equal(&driver, "others' objects after the sweep", others_names()?, there)?;
    let delete = ["delete", "pods,configmaps,pvc", "--selector=whose=others", "--grace-period=0", "--force"];
    stage.kubectl(&delete).map(drop)
}

/// What looks like a leftover and is none. No node takes the pods, and a pod that waits is one that lives.
fn others(stage: &Stage) -> Result<Vec<Value>> {
    let labels = |mut labels: Value| {
        labels["whose"] = json!("others");
        labels
    };
    let pod = |name: &str, more: Value, owners: Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels(more), "ownerReferences": owners},
            "spec": {"nodeSelector": {"none": "none"},
                "securityContext": {"runAsNonRoot": true, "runAsUser": 185, "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [{"name": "c", "image": stage.codriver_image,
                    "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}]}})
    };
    let executor = json!({"spark-role": "executor", "spark-app-selector": "theirs"});
    let alive = pod("s17-alive", json!({}), json!([]));
    stage.apply(std::slice::from_ref(&alive))?;
    let uid = get(&["-n", &stage.namespace, "pod", "s17-alive"])?["metadata"]["uid"].clone();
    let owner = json!([{"apiVersion": "v1", "kind": "Pod", "name": "s17-alive", "uid": uid}]);
    let data = json!({"accessModes": ["ReadWriteOnce"], "storageClassName": "none", "resources": {"requests": {"storage": "1Mi"}}});
    let others = [
        alive,
        pod("s17-of-the-living", executor.clone(), owner),
        pod("s17-of-nobody", executor, json!([])),
        pod("s17-no-sparks", json!({"spark-role": "executor"}), json!([])),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "s17-theirs",
            "labels": labels(json!({"spark-app-selector": "theirs"}))}}),
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": data, "metadata": {"name": "s17-data",
            "labels": labels(json!({"spark-app-selector": "theirs"}))}}),
    ];
    stage.apply(&others[1..])?;
    Ok(others.into())
}

/// The CronJob of `manifests`, once and at once.
fn sweep(stage: &Stage) -> Result<()> {
    let mut paste = objects(&format!("{HERE}/../manifests/sweep/cronjob.yaml"))?;
    for cron in paste.iter_mut().filter(|object| object["kind"] == "CronJob") {
        cron["spec"]["suspend"] = json!(true);
        let container = &mut cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
        container["image"] = json!(stage.codriver_image);
        set(&mut container["env"], "CODRIVER_SWEEP_OLDER_THAN", "0");
    }
    stage.apply(&paste)?;
    stage.kubectl(&["delete", "job", "s17-sweep", "--ignore-not-found"])?;
    stage.kubectl(&["create", "job", "s17-sweep", "--from=cronjob/codriver-sweep"])?;
    let done = stage.kubectl(&["wait", "--for=condition=Complete", "--timeout=55s", "job/s17-sweep"]);
    done.map_err(|error| format!("{error}\n{}", stage.kubectl(&["logs", "job/s17-sweep"]).unwrap_or_default()))
        .map(drop)
}
