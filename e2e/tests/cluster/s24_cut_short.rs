//! A sidecar that is killed between the driver's farewell and the end of its container: it comes back, and the verdict is the same.

use codriver_e2e::{Result, containers::kill, driver::container, faults::Faults, stage::Stage};
use serde_json::json;

use crate::{
    Needs, Test,
    cases::{UNTIL_TOLD, events, gone, push, side_by_side, start, tell},
    world::{equal, holds, leave_behind, nothing_is_left},
};

/// What the sidecar was doing when it was killed.
struct Case {
    name: &'static str,
    /// For `cluster/faults.py`, if there is to be one.
    fault: &'static [&'static str],
    /// It says this, and then it is killed.
    doing: &'static str,
}

const CASES: [Case; 2] = [
    // As many as a cleanup meets in some seconds: those that come back get the rest.
    Case { name: "s24-cleaning", fault: &["broken", "5"], doing: "cleanup: trying again" },
    Case { name: "s24-cleaned", fault: &[], doing: "the driver exited with code 3" },
];

pub const ALL: &[Test] = &[
    ("s24_a_sidecar_killed_after_the_farewell_comes_back_with_the_same_verdict", Needs::OurCluster, |stage| {
        side_by_side(&CASES, |case| one(stage, case))
    }),
    ("s24_a_sidecar_killed_after_the_drivers_container_costs_no_code", Needs::OurCluster, too_late),
];

/// The driver says farewell, and its container lives on: a child of the driver's does not hear SIGTERM.
const DEAF_CHILD: &str = "(trap '' TERM; while :; do sleep 0.1; done) & echo waiting; \
    until [ -e /tmp/end ]; do sleep 0.1; done; exit 3";
/// How long that is; enough for a restart by the kubelet.
const GRACE: &str = "20";

fn one(stage: &Stage, case: &Case) -> Result<()> {
    let mut faults = (!case.fault.is_empty()).then(|| Faults::start(case.fault)).transpose()?;
    let redirect = faults.as_ref().map(Faults::redirect);
    let driver = start(stage, case.name, DEAF_CHILD, move |_, pod| {
        push(&mut pod["spec"]["containers"][0]["env"], json!({"name": "CODRIVER_GRACE", "value": GRACE}));
        redirect.iter().for_each(|redirect| redirect(&mut pod["spec"]["initContainers"][1]));
    })?;
    driver.until_it_says("waiting")?;
    leave_behind(stage, &driver, 1)?;
    let sidecar = driver.container_id("codriver")?;
    faults.as_mut().map_or(Ok(()), Faults::begin)?;
    tell(stage, &driver)?;
    driver.until_logged("codriver", case.doing)?;
    kill(&sidecar)?;
    let end = driver.end()?;
    equal(&driver, "the sidecar's restarts", container(&end.pod, "codriver")["restartCount"].as_i64(), Some(1))?;
    equal(&driver, "exit code", end.code, Some(3))?;
    equal(&driver, "verdict", end.report["verdict"].as_str(), Some("exited with code 3"))?;
    equal(&driver, "evidence", end.report["evidence"].as_str(), Some("farewell"))?;
    let code = &container(&end.pod, "codriver")["state"]["terminated"]["exitCode"];
    equal(&driver, "the sidecar's exit code", code.as_i64(), Some(0))?;
    equal(&driver, "events", events(stage, &driver, "DriverFailed")?, 1)?;
    nothing_is_left(&driver)
}

/// In a pod that ends, no sidecar is started again: what it had no time for goes with the pod.
fn too_late(stage: &Stage) -> Result<()> {
    let mut faults = Faults::start(&["mute"])?;
    let redirect = faults.redirect();
    let driver =
        start(stage, "s24-too-late", UNTIL_TOLD, move |_, pod| redirect(&mut pod["spec"]["initContainers"][1]))?;
    driver.until_it_says("waiting")?;
    leave_behind(stage, &driver, 1)?;
    let sidecar = driver.container_id("codriver")?;
    faults.begin()?;
    tell(stage, &driver)?;
    driver.until(|pod| container(pod, "driver")["state"]["terminated"].is_object().then_some(()))?;
    kill(&sidecar)?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(3))?;
    let message = container(&end.pod, "driver")["state"]["terminated"]["message"].as_str().unwrap_or_default();
    holds(&driver, message, message.contains("exited with code 3"))?;
    stage.kubectl(&["delete", "pod", &driver.name])?;
    gone(stage, &driver)
}
