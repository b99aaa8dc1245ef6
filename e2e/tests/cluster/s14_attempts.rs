//! Drivers that are started again in place: each start is an attempt with an application id of its own, and is cleaned up after.

use codriver_e2e::{
    Result,
    driver::{Driver, End, container},
    stage::Stage,
};
use serde_json::json;

use crate::{
    Needs, Test,
    cases::{Case, PLAIN, play, within},
    world::{equal, holds},
};

pub const ALL: &[Test] =
    &[("s14_each_start_in_place_is_an_attempt_and_what_it_left_goes_before_the_next", Needs::AnyCluster, |stage| {
        play(stage, &CASES)
    })];

const CASES: [Case; 2] = [
    Case {
        name: "s14-three",
        script: "case $SPARK_CONF_DIR in */attempts/3/*) exit 0;; */1/*) echo waiting; \
            until [ -e /codriver/attempts/end ]; do sleep 0.1; done;; esac; exit 9",
        change: |_, pod| pod["spec"]["restartPolicy"] = json!("OnFailure"),
        code: 0,
        verdict: "exited with code 0",
        mischief: go_on,
        also: |_, driver, end| attempts(driver, end, 3, 9),
        ..PLAIN
    },
    // Per container since Kubernetes 1.35: the pod's own policy stays Never.
    Case {
        name: "s14-rules",
        script: "case $SPARK_CONF_DIR in */attempts/2/*) exit 3;; esac; echo waiting; \
            until [ -e /codriver/attempts/end ]; do sleep 0.1; done; exit 42",
        change: |_, pod| {
            let driver = &mut pod["spec"]["containers"][0];
            driver["restartPolicy"] = json!("Never");
            driver["restartPolicyRules"] =
                json!([{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]);
        },
        mischief: go_on,
        also: |_, driver, end| attempts(driver, end, 2, 42),
        ..PLAIN
    },
];

/// The container's own files do not outlive its restart, the volume's do.
fn go_on(stage: &Stage, driver: &Driver) -> Result<()> {
    within(stage, driver, "touch /codriver/attempts/end")
}

/// So many attempts, of which all but the last ended with this code and were cleaned up after.
fn attempts(driver: &Driver, end: &End, number: i64, code: i64) -> Result<()> {
    equal(driver, "restarts", container(&end.pod, "driver")["restartCount"].as_i64(), Some(number - 1))?;
    equal(driver, "attempt", end.report["attempt"].as_i64(), Some(number))?;
    let log = driver.log("codriver")?;
    for attempt in 1..number {
        let ended = format!("{}-{attempt}\"", driver.application);
        let said = format!("the driver exited with code {code}");
        let found = log.lines().any(|line| line.contains(&said) && line.contains(&ended));
        holds(driver, &format!("attempt {attempt} was cleaned up after"), found)?;
    }
    Ok(())
}
