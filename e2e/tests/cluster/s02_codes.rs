//! Exit codes as Kubernetes sees them.

use codriver_e2e::{
    Result,
    driver::{Driver, Script, container},
    stage::Stage,
};

use crate::{
    Needs, Test,
    world::{equal, holds, nothing_is_left},
};

pub const ALL: &[Test] = &[
    ("s02_a_pyspark_job_that_exits_7_is_seen_as_7", Needs::AnyCluster, spark_exits_7),
    ("s02_codes_and_signals_of_any_driver_are_kept", Needs::AnyCluster, codes_are_kept),
    ("s02_a_missing_command_is_127_and_the_pod_says_why", Needs::AnyCluster, missing_command),
];

fn spark_exits_7(stage: &Stage) -> Result<()> {
    let driver = Driver::start(stage, &Script::spark(stage, "s02-spark", "fail7.py", &[stage.uri("input")]))?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(7))?;
    equal(&driver, "verdict", end.report["verdict"].as_str(), Some("exited with code 7"))?;
    nothing_is_left(&driver)
}

fn codes_are_kept(stage: &Stage) -> Result<()> {
    // Kubernetes makes one dollar sign of two.
    for (name, script, code) in
        [("s02-255", "exit 255", 255), ("s02-term", "kill -TERM $$$$", 143), ("s02-segv", "kill -SEGV $$$$", 139)]
    {
        let driver = Driver::start(stage, &Script::shell(name, script))?;
        let end = driver.end()?;
        equal(&driver, script, end.code, Some(code))?;
        equal(
            &driver,
            "the sidecar",
            container(&end.pod, "codriver")["state"]["terminated"]["exitCode"].as_i64(),
            Some(0),
        )?;
    }
    Ok(())
}

fn missing_command(stage: &Stage) -> Result<()> {
    let mut script = Script::shell("s02-missing", "");
    script.command = vec!["/opt/spark/bin/spark-submitt".into()];
    let driver = Driver::start(stage, &script)?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(127))?;
    let message = container(&end.pod, "driver")["state"]["terminated"]["message"].as_str().unwrap_or_default();
    holds(
        &driver,
        message,
        message.contains("spark-submitt` was not found") && message.contains("\"whose\":\"codriver\""),
    )
}
