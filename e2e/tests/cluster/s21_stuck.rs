//! Real Spark whose JVM does not end by itself: the context has stopped, main is over, and a thread of the job's own lives on.

use std::{
    fs,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use codriver_e2e::{
    Result,
    driver::{Driver, Script, container},
    scripts::script,
    spark::Spark,
    stage::Stage,
};
use serde_json::json;

use crate::{
    Needs, Test,
    cases::{push, side_by_side, within},
    world::{equal, holds, nothing_is_left, until_an_executor_runs},
};

/// How main ends, and what that earns.
struct Case {
    name: &'static str,
    how: &'static str,
    code: i64,
    spark: Spark,
}

const OLDER: [Case; 2] = [
    Case { name: "s21-older-returned", how: "return", code: 0, spark: Spark::OLDER },
    Case { name: "s21-older-threw", how: "throw", code: 1, spark: Spark::OLDER },
];
const NEWEST: [Case; 2] = [
    Case { name: "s21-returned", how: "return", code: 0, spark: Spark::NEWEST },
    Case { name: "s21-threw", how: "throw", code: 1, spark: Spark::NEWEST },
];

pub const ALL: &[Test] = &[
    ("s21_a_stuck_driver_of_spark_3_5_ends_with_the_code_that_it_earned", Needs::AnyCluster, |stage| {
        side_by_side(&OLDER, |case| one(stage, case))
    }),
    ("s21_a_stuck_driver_of_spark_4_3_ends_with_the_code_that_it_earned", Needs::AnyCluster, |stage| {
        side_by_side(&NEWEST, |case| one(stage, case))
    }),
];

/// From when the job may stop its context: that takes seconds, then one to be sure, and the cleanup.
const PATIENCE: Duration = Duration::from_secs(60);

fn one(stage: &Stage, case: &Case) -> Result<()> {
    let folder = script(&["jvm/stuck.sh"])?;
    let class = fs::read(format!("{folder}/Stuck.class")).map_err(|error| format!("{folder}: {error}"))?;
    stage.apply(&[json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": case.name},
        "binaryData": {"Stuck.class": STANDARD.encode(class)}})])?;
    let driver = Driver::start(stage, &stuck(case))?;
    driver.until_it_says(r#""open":true"#)?;
    until_an_executor_runs(stage, &driver)?;
    let told = Instant::now();
    within(stage, &driver, "echo >/tmp/in")?;
    let end = driver.end()?;
    let took = told.elapsed();
    holds(&driver, &format!("it ended in time: {took:?}"), took < PATIENCE)?;
    equal(&driver, "exit code", end.code, Some(case.code))?;
    let verdict = end.report["verdict"].as_str().unwrap_or_default();
    holds(&driver, verdict, verdict.starts_with(&format!("finished with code {}", case.code)))?;
    equal(&driver, "evidence", end.report["evidence"].as_str(), Some("farewell"))?;
    let message = container(&end.pod, "driver")["state"]["terminated"]["message"].as_str().unwrap_or_default();
    holds(&driver, message, message.contains("`Timer-0`") && message.contains(r#""whose":"driver""#))?;
    holds(&driver, "the thread is named in the log", driver.log("driver")?.contains("`Timer-0`"))?;
    nothing_is_left(&driver)
}

/// The job stops its context when it has read a byte: the pipe is open for both, so it blocks nobody and has no end.
fn stuck(case: &Case) -> Script {
    // Spark 4.3 ends such a JVM itself, as codriver-init tells it to.
    let command = format!(
        "mkfifo /tmp/in; exec /opt/spark/bin/spark-submit --class Stuck \
        --driver-class-path /opt/spark/cds/first.jar:/class --conf spark.submit.callSystemExitOnMainExit=false \
        spark-internal {} <>/tmp/in",
        case.how
    );
    let class = json!({"name": "class", "configMap": {"name": case.name}});
    let mut script = Script::shell(case.name, &command).changed(move |pod| {
        let driver = &mut pod["spec"]["containers"][0];
        push(&mut driver["env"], json!({"name": "CODRIVER_STUCK_AFTER", "value": "1"}));
        push(&mut driver["env"], json!({"name": "CODRIVER_LOG", "value": "debug"}));
        push(&mut driver["volumeMounts"], json!({"name": "class", "mountPath": "/class"}));
        push(&mut pod["spec"]["volumes"], class.clone());
    });
    script.spark = case.spark;
    script.spark_conf = "spark.app.name=stuck\nspark.executor.instances=1\nspark.executor.memory=512m\n\
        spark.kubernetes.executor.request.cores=200m\n"
        .into();
    script
}
