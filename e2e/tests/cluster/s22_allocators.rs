//! Real Spark that leaves its executors to a controller: it goes first, or it would make them anew.

use codriver_e2e::{
    Result,
    containers::kill,
    driver::{Driver, Script},
    kubectl::get,
    spark::Spark,
    stage::Stage,
};
use serde_json::{Value, json};

use crate::{
    Needs, Test,
    cases::{side_by_side, tell},
    world::{equal, holds, nothing_is_left, until_an_executor_runs},
};

/// An allocator, and the end of its driver.
struct Case {
    name: &'static str,
    spark: Spark,
    allocator: &'static str,
    killed: bool,
}

const STATEFUL_SETS: [Case; 2] = [
    Case { name: "s22-stateful-ended", spark: Spark::OLDER, allocator: "statefulset", killed: false },
    Case { name: "s22-stateful-killed", spark: Spark::OLDER, allocator: "statefulset", killed: true },
];
const DEPLOYMENTS: [Case; 2] = [
    Case { name: "s22-deployment-ended", spark: Spark::NEWEST, allocator: "deployment", killed: false },
    Case { name: "s22-deployment-killed", spark: Spark::NEWEST, allocator: "deployment", killed: true },
];

pub const ALL: &[Test] = &[
    ("s22_a_stateful_set_of_executors_goes_with_its_driver", Needs::OurCluster, |stage| play(stage, &STATEFUL_SETS)),
    ("s22_a_deployment_of_executors_goes_with_its_driver", Needs::OurCluster, |stage| play(stage, &DEPLOYMENTS)),
];

const ACCOUNT: &str = "s22-driver";

/// A job without a store: the account is not known there.
const JOB: &str = "import os, time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
assert spark.sparkContext.parallelize(range(100), 4).sum() == 4950
print('waiting', flush=True)
while not os.path.exists('/tmp/end'):
    time.sleep(0.1)
";

fn play(stage: &Stage, cases: &[Case]) -> Result<()> {
    let group = "rbac.authorization.k8s.io";
    stage.apply(&[
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}}),
        json!({"apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": {"name": ACCOUNT}, "rules": [
            // What codriver-init asks for, and no more.
            {"apiGroups": ["apps"], "resources": ["statefulsets", "deployments"], "verbs": ["create", "list", "delete"]},
        ]}),
        binding(ACCOUNT, ACCOUNT),
        // All that the paste's own account may.
        binding("s22-driver-as-any", "spark-driver"),
    ])?;
    side_by_side(cases, |case| one(stage, case))
}

fn binding(name: &str, role: &str) -> Value {
    let group = "rbac.authorization.k8s.io";
    json!({"apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT}]})
}

fn one(stage: &Stage, case: &Case) -> Result<()> {
    let job = format!("echo \"{JOB}\" >/tmp/job.py; exec /opt/spark/bin/spark-submit /tmp/job.py");
    let mut script = Script::shell(case.name, &job).changed(|pod| pod["spec"]["serviceAccountName"] = json!(ACCOUNT));
    script.spark = case.spark;
    script.spark_conf = format!(
        "spark.executor.instances=1\nspark.executor.memory=512m\nspark.kubernetes.executor.request.cores=200m\n\
        spark.kubernetes.allocation.pods.allocator={}\n",
        case.allocator
    );
    let driver = Driver::start(stage, &script)?;
    driver.until_it_says("waiting")?;
    until_an_executor_runs(stage, &driver)?;
    equal(&driver, "controllers", controllers(stage, &driver)?, 1)?;
    if case.killed {
        kill(&driver.container_id("driver")?)?;
    } else {
        tell(stage, &driver)?;
    }
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(if case.killed { 137 } else { 0 }))?;
    let evidence = if case.killed { "container status" } else { "farewell" };
    equal(&driver, "evidence", end.report["evidence"].as_str(), Some(evidence))?;
    holds(&driver, &end.report["problems"].to_string(), end.report["problems"].is_null())?;
    equal(&driver, "controllers left", controllers(stage, &driver)?, 0)?;
    nothing_is_left(&driver)
}

/// How many there are of this driver's; a deployment's replica set is no other.
fn controllers(stage: &Stage, driver: &Driver) -> Result<usize> {
    let all = get(&["-n", &stage.namespace, "statefulsets,deployments"])?;
    let ours = |object: &&Value| {
        object["metadata"]["name"].as_str().is_some_and(|name| name.contains(driver.application.as_str()))
    };
    Ok(all["items"].as_array().into_iter().flatten().filter(ours).count())
}
