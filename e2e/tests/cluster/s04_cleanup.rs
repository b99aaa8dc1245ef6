//! The cleanup, against a real API server. These drivers need no Spark: what Spark would have left is put there.

use codriver_e2e::{
    Result,
    driver::{Driver, Script, set},
    kubectl::get,
    stage::Stage,
};
use serde_json::{Value, json};

use crate::{
    Needs, Test,
    world::{equal, holds, leave_behind, nothing_is_left},
};

pub const ALL: &[Test] = &[
    ("s04_pods_config_maps_and_claims_go_after_a_good_end_with_few_requests", Needs::AnyCluster, all_kinds_go),
    ("s04_without_the_right_to_delete_the_rule_is_printed_and_the_code_stays", Needs::AnyCluster, forbidden),
    ("s04_the_executors_of_others_stay", Needs::AnyCluster, others_stay),
];

const UNTIL_TOLD: &str = "echo waiting; until [ -e /tmp/end ]; do sleep 0.2; done; exit 3";

fn tell(stage: &Stage, driver: &Driver) -> Result<()> {
    stage.kubectl(&["exec", &driver.name, "-c", "driver", "--", "touch", "/tmp/end"]).map(drop)
}

fn all_kinds_go(stage: &Stage) -> Result<()> {
    let driver = Driver::start(stage, &Script::shell("s04-kinds", UNTIL_TOLD))?;
    driver.until_it_says("waiting")?;
    leave_behind(stage, &driver, 3)?;
    equal(&driver, "there before", driver.leftovers()?.len(), 5)?;
    tell(stage, &driver)?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(3))?;
    equal(&driver, "removed", end.report["removed"].as_u64(), Some(5))?;
    // Eight, and another look for as long as a busy server keeps a claim in its finalizer.
    holds(&driver, "few requests", end.report["requests"].as_u64().is_some_and(|requests| requests <= 12))?;
    nothing_is_left(&driver)
}

fn forbidden(stage: &Stage) -> Result<()> {
    let script = Script::shell("s04-forbidden", UNTIL_TOLD).changed(|pod| {
        // An account without any role.
        pod["spec"]["serviceAccountName"] = json!("spark-executor");
        pod["spec"]["automountServiceAccountToken"] = json!(true);
        // codriver-init would say so, and stop here.
        set(&mut pod["spec"]["initContainers"][0]["env"], "CODRIVER_PREFLIGHT", "false");
    });
    let driver = Driver::start(stage, &script)?;
    driver.until_it_says("waiting")?;
    leave_behind(stage, &driver, 1)?;
    tell(stage, &driver)?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(3))?;
    let problems = end.report["problems"].to_string();
    holds(&driver, &problems, problems.contains("deletecollection") && problems.contains("pods"))?;
    // Their owner is the pod: Kubernetes takes them with it.
    stage.kubectl(&["delete", "pod", &driver.name])?;
    stage.kubectl(&["wait", "--for=delete", "pod/s04-forbidden-exec-1", "--timeout=60s"])?;
    Ok(())
}

fn others_stay(stage: &Stage) -> Result<()> {
    let other = Driver::start(stage, &Script::shell("s04-other", UNTIL_TOLD))?;
    other.until_it_says("waiting")?;
    leave_behind(stage, &other, 1)?;
    let driver = Driver::start(stage, &Script::shell("s04-one", "exit 0"))?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(0))?;
    let stays: Value = get(&["-n", &stage.namespace, "pod", "s04-other-exec-1"])?;
    holds(&other, "the other's executor is untouched", stays["metadata"]["deletionTimestamp"].is_null())?;
    tell(stage, &other)?;
    other.end()?;
    nothing_is_left(&other)
}
