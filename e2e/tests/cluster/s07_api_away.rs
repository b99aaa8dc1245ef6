//! An API server that is away costs the cleanup and nothing else. It goes away for everybody, so this test runs alone.

use std::time::Duration;

use codriver_e2e::{
    Result,
    containers::{terminate, until_ended},
    driver::{Driver, Script, container, set},
    scripts::script,
    stage::Stage,
};

use crate::{
    Needs, Test,
    world::{equal, holds, leave_behind, nothing_is_left},
};

pub const ALL: &[Test] =
    &[("s07_an_api_server_that_is_away_bounds_the_cleanup_and_changes_no_code", Needs::OurCluster, away)];

/// From the driver's end to the sidecar's: the cleanup's bound, the kubelet's own time, and some for a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// Goes away when made, comes back when dropped: also when the test fails.
struct Away;

impl Away {
    fn now() -> Result<Self> {
        script(&["cluster/signal", "STOP", "kube-apiserver"]).map(|_| Self)
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        let _ = script(&["cluster/signal", "CONT", "kube-apiserver"]);
    }
}

fn away(stage: &Stage) -> Result<()> {
    let play = Script::shell("s07", "echo waiting; sleep 3600").changed(|pod| {
        let sidecar = &mut pod["spec"]["initContainers"][1];
        set(&mut sidecar["env"], "CODRIVER_CLEANUP", "3");
    });
    let driver = Driver::start(stage, &play)?;
    driver.until_it_says("waiting")?;
    leave_behind(stage, &driver, 1)?;
    let (wrapper, sidecar) = (driver.container_id("driver")?, driver.container_id("codriver")?);

    let gone = Away::now()?;
    terminate(&wrapper)?;
    until_ended(&sidecar, PATIENCE)?;
    drop(gone);

    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(143))?;
    equal(
        &driver,
        "the sidecar's",
        container(&end.pod, "codriver")["state"]["terminated"]["exitCode"].as_i64(),
        Some(0),
    )?;
    holds(
        &driver,
        "it says what stayed",
        end.report["problems"].as_array().is_some_and(|problems| !problems.is_empty()),
    )?;
    // What was not removed goes with its owner.
    stage.kubectl(&["delete", "pod", &driver.name])?;
    stage.kubectl(&["wait", "--for=delete", "pod/s07-exec-1", "configmap/s07-conf-map", "--timeout=60s"])?;
    nothing_is_left(&driver)
}
