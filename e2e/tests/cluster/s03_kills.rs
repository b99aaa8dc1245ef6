//! Ends by force, with real Spark: no code is lost and no executor stays.

use codriver_e2e::{
    Result,
    containers::kill,
    driver::{Driver, Script, container},
    stage::Stage,
};

use crate::{
    Needs, Test,
    world::{equal, holds, nothing_is_left},
};

pub const ALL: &[Test] = &[
    (
        "s03_a_driver_container_killed_at_once_is_137_by_its_status_and_leaves_nothing",
        Needs::OurCluster,
        container_killed,
    ),
    ("s03_a_killed_jvm_is_137_and_its_python_does_not_live_on", Needs::AnyCluster, jvm_killed),
    ("s03_a_deleted_pod_takes_its_executors_along_within_its_grace_period", Needs::AnyCluster, pod_deleted),
];

fn long_job(stage: &Stage, name: &str) -> Result<Driver> {
    let driver = Driver::start(stage, &Script::spark(stage, name, "long.py", &[stage.uri("input")]))?;
    driver.until_it_says("codriver-e2e: running")?;
    Ok(driver)
}

fn container_killed(stage: &Stage) -> Result<()> {
    let driver = long_job(stage, "s03-container")?;
    kill(&driver.container_id("driver")?)?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(137))?;
    equal(&driver, "evidence", end.report["evidence"].as_str(), Some("container status"))?;
    equal(&driver, "verdict", end.report["verdict"].as_str(), Some("was killed by signal 9 (SIGKILL)"))?;
    let provisional = container(&end.pod, "driver")["state"]["terminated"]["message"].as_str().unwrap_or_default();
    holds(&driver, provisional, provisional.contains("the whole container was killed at once"))?;
    nothing_is_left(&driver)
}

fn jvm_killed(stage: &Stage) -> Result<()> {
    let driver = long_job(stage, "s03-jvm")?;
    stage.kubectl(&["exec", &driver.name, "-c", "driver", "--", "pkill", "-KILL", "java"])?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(137))?;
    equal(&driver, "evidence", end.report["evidence"].as_str(), Some("farewell"))?;
    nothing_is_left(&driver)
}

fn pod_deleted(stage: &Stage) -> Result<()> {
    let driver = long_job(stage, "s03-deleted")?;
    // Waits until the pod is gone.
    stage.kubectl(&["delete", "pod", &driver.name])?;
    nothing_is_left(&driver)
}
