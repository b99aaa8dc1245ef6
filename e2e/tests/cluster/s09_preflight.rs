//! What the pod may do is asked before a JVM starts: of the API server, and of the store.

use codriver_e2e::{
    Result,
    driver::{Driver, End, Script, container, set},
    kubectl::kubectl,
    stage::Stage,
};
use serde_json::{Value, json};

use crate::{
    Needs, Test,
    world::{equal, holds},
};

pub const ALL: &[Test] = &[
    ("s09_what_the_account_lacks_is_refused_with_77_and_the_printed_role_mends_it", Needs::AnyCluster, rights),
    ("s09_a_prefix_that_may_be_read_is_read_before_the_driver_starts", Needs::AnyCluster, probe),
    ("s09_a_bucket_that_may_not_be_read_is_refused_with_the_action_that_is_missing", Needs::AnyCluster, denied),
    ("s09_check_prints_a_report_and_writes_nothing", Needs::AnyCluster, check),
];

/// An account that nobody has given a role.
const ACCOUNT: &str = "s09-driver";

fn play(stage: &Stage, name: &str, change: impl Fn(&mut Value) + Send + Sync + 'static) -> Result<(Driver, End)> {
    let script = Script::shell(name, "exit 0").changed(change);
    let driver = Driver::start(stage, &script)?;
    let end = driver.end()?;
    Ok((driver, end))
}

/// How codriver-init ended, and what it said.
fn init(end: &End) -> (Option<i64>, String) {
    let ended = &container(&end.pod, "codriver-init")["state"]["terminated"];
    (ended["exitCode"].as_i64(), ended["message"].as_str().unwrap_or_default().to_owned())
}

fn rights(stage: &Stage) -> Result<()> {
    stage.kubectl(&["delete", "role,rolebinding", &format!("{ACCOUNT}-codriver"), "--ignore-not-found"])?;
    stage.apply(&[json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}})])?;
    // The store knows the other account: who may do what with the API is another matter than who may read.
    let change = |pod: &mut Value| {
        pod["spec"]["serviceAccountName"] = json!(ACCOUNT);
    };
    let (driver, end) = play(stage, "s09-rights", change)?;
    let (code, message) = init(&end);
    equal(&driver, "codriver-init's exit code", code, Some(77))?;
    equal(&driver, "the driver's exit code", end.code, None)?;
    holds(&driver, &message, message.contains("Spark cannot start executors"))?;
    let Some((_, yaml)) = message.split_once("apply this:\n") else {
        return Err(driver.explain(&format!("no role in: {message}")));
    };
    kubectl(&["-n", &stage.namespace, "apply", "-f", "-"], yaml)?;
    let (driver, end) = play(stage, "s09-mended", change)?;
    equal(&driver, "codriver-init's exit code", init(&end).0, Some(0))?;
    equal(&driver, "the driver's exit code", end.code, Some(0))
}

fn probe(stage: &Stage) -> Result<()> {
    let (driver, end) = play(stage, "s09-probe", |pod| {
        set(&mut pod["spec"]["initContainers"][0]["env"], "CODRIVER_PROBE", "s3://e2e/input");
    })?;
    equal(&driver, "the driver's exit code", end.code, Some(0))?;
    let log = driver.log("codriver-init")?;
    holds(&driver, &log, log.contains("the prefix has keys"))
}

fn denied(stage: &Stage) -> Result<()> {
    let (driver, end) = play(stage, "s09-denied", |pod| {
        set(&mut pod["spec"]["initContainers"][0]["env"], "CODRIVER_PROBE", "s3://somebody-elses/input");
    })?;
    let (code, message) = init(&end);
    equal(&driver, "codriver-init's exit code", code, Some(77))?;
    holds(&driver, &message, message.contains("s3:ListBucket") && message.contains("somebody-elses"))
}

fn check(stage: &Stage) -> Result<()> {
    let (driver, end) = play(stage, "s09-check", |pod| {
        pod["spec"]["initContainers"][0]["command"] = json!(["/bin/codriver-init", "check"]);
        // Nothing is written, so the wrapper is not there either, nor the sidecar's folder.
        if let Some(containers) = pod["spec"]["initContainers"].as_array_mut() {
            containers.truncate(1);
        }
        pod["spec"]["containers"][0]["command"] = json!(["sh", "-c"]);
        pod["spec"]["containers"][0]["args"] = json!(["test ! -e /codriver/env"]);
    })?;
    equal(&driver, "the driver's exit code", end.code, Some(0))?;
    let report = driver.log("codriver-init")?;
    for line in ["token         ok ", "STS           ok ", "API rights    ok ", "All is well: the driver can start."] {
        holds(&driver, &format!("`{line}` in {report}"), report.contains(line))?;
    }
    holds(&driver, "no token is shown", !report.contains("eyJ"))
}
