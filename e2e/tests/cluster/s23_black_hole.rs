//! An API server that takes everything and says nothing, while real Spark stops: Spark waits for it, and codriver does not wait for Spark.

use std::time::{Duration, Instant};

use codriver_e2e::{
    Result,
    containers::terminate,
    driver::{Driver, Script, set},
    faults::Faults,
    stage::Stage,
};
use serde_json::json;

use crate::{
    Needs, Test,
    cases::{push, side_by_side},
    world::{equal, holds, nothing_is_left},
};

/// Whose requests get no answer.
struct Case {
    name: &'static str,
    /// The sidecar's too, and not only Spark's.
    sidecar: bool,
}

const CASES: [Case; 2] =
    [Case { name: "s23-spark", sidecar: false }, Case { name: "s23-spark-and-sidecar", sidecar: true }];

pub const ALL: &[Test] =
    &[("s23_a_spark_whose_stop_hangs_on_the_api_server_is_ended_after_its_grace_period", Needs::OurCluster, |stage| {
        side_by_side(&CASES, |case| one(stage, case))
    })];

/// Spark alone would wait for 30 s (Hadoop's `ShutdownHookManager`), with 10 s for each request.
const GRACE: Duration = Duration::from_secs(5);
const CLEANUP: Duration = Duration::from_secs(5);
/// The kubelet's own time, twice: to see the end, and to end the sidecar; and what a watch takes to show it.
const KUBELET: Duration = Duration::from_secs(15);

fn one(stage: &Stage, case: &Case) -> Result<()> {
    let mut faults = Faults::start(&["hole"])?;
    let (redirect, sidecar) = (faults.redirect(), case.sidecar);
    let mut script = Script::spark(stage, case.name, "long.py", &[stage.uri("input")]).changed(move |pod| {
        let driver = &mut pod["spec"]["containers"][0];
        push(&mut driver["env"], json!({"name": "CODRIVER_GRACE", "value": GRACE.as_secs().to_string()}));
        let companion = &mut pod["spec"]["initContainers"][1];
        set(&mut companion["env"], "CODRIVER_CLEANUP", &CLEANUP.as_secs().to_string());
        if sidecar {
            redirect(companion);
        }
    });
    script.spark_conf.push_str(&format!("spark.master=k8s://{}\n", faults.url()));
    let driver = Driver::start(stage, &script)?;
    driver.until_it_says("codriver-e2e: running")?;
    let wrapper = driver.container_id("driver")?;
    faults.begin()?;
    let asked = Instant::now();
    terminate(&wrapper)?;
    let end = driver.end()?;
    let (took, bound) = (asked.elapsed(), GRACE + CLEANUP + KUBELET);
    holds(&driver, &format!("{took:?}, at most {bound:?}"), took <= bound)?;
    equal(&driver, "exit code", end.code, Some(137))?;
    equal(&driver, "verdict", end.report["verdict"].as_str(), Some("was killed by signal 9 (SIGKILL)"))?;
    equal(&driver, "evidence", end.report["evidence"].as_str(), Some("farewell"))?;
    if case.sidecar {
        let problems = end.report["problems"].to_string();
        holds(&driver, &problems, problems.contains("not done within its 5 s"))?;
        stage.kubectl(&["delete", "pod", &driver.name])?;
        for executor in driver.executors.seen().into_keys() {
            stage.kubectl(&["wait", "--for=delete", "--timeout=50s", "pod", &executor])?;
        }
        let maps = format!("spark-app-selector={}-1", driver.application);
        stage.kubectl(&["wait", "--for=delete", "--timeout=50s", "configmap", "-l", &maps])?;
    }
    nothing_is_left(&driver)
}
