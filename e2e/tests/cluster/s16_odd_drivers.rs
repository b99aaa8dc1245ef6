//! Drivers that turn on their wrapper, their group, their volume or themselves, and a sidecar that stands still.

use std::time::Duration;

use codriver_e2e::{
    Result,
    containers::{pause, resume, terminate, until_ended},
    driver::{Driver, container},
    stage::Stage,
};
use serde_json::{Value, json};

use crate::{
    Needs, Test,
    cases::{Case, PLAIN, play, start, tell},
    world::{equal, holds, nothing_is_left},
};

pub const ALL: &[Test] = &[
    ("s16_a_driver_cannot_take_its_wrapper_along", Needs::AnyCluster, |stage| play(stage, &WRAPPERS)),
    ("s16_odd_habits_of_a_driver_change_no_code", Needs::OurCluster, |stage| play(stage, &HABITS)),
    ("s16_a_request_to_stop_that_comes_with_the_start_is_143", Needs::OurCluster, stopped_at_the_start),
];

/// For the end of a driver that was told.
const PATIENCE: Duration = Duration::from_secs(20);
const KILLED: Case = Case { code: 137, verdict: "was killed by signal 9 (SIGKILL)", ..PLAIN };
const STOPPED: Case = Case { code: 143, verdict: "was killed by signal 15 (SIGTERM)", ..PLAIN };

const WRAPPERS: [Case; 5] = [
    Case {
        name: "s16-own-group",
        script: "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; kill -KILL 0",
        ..KILLED
    },
    // All but PID 1 and itself; who tells it may be among them.
    Case {
        name: "s16-everybody",
        script: "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; kill -KILL -1; exit 3",
        mischief: |stage, driver| {
            let _ = tell(stage, driver);
            Ok(())
        },
        ..PLAIN
    },
    // The kernel lets nobody within a container kill its PID 1.
    Case {
        name: "s16-kill-wrapper",
        script: "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; kill -KILL 1; exit 3",
        ..PLAIN
    },
    // A request to stop, wherever it comes from: the wrapper passes it on.
    Case {
        name: "s16-term-wrapper",
        script: "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; kill -TERM 1; while :; do sleep 0.1; done",
        ..STOPPED
    },
    // A second wrapper below a shell is no PID 1, and another init for its driver.
    Case {
        name: "s16-below-a-shell",
        script: "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; exit 3",
        change: |_, pod| {
            let driver = &mut pod["spec"]["containers"][0];
            let script = driver["args"][2].clone();
            driver["command"] = json!(["sh", "-c", "/codriver/bin/codriver run -- \"$@\"; exit $?", "sh"]);
            driver["args"] = json!(["sh", "-c", script]);
        },
        ..PLAIN
    },
];

const HABITS: [Case; 7] = [
    // What outlives the driver gets SIGTERM, and then SIGKILL.
    Case {
        name: "s16-deaf-child",
        script: "(trap '' TERM; while :; do sleep 0.1; done) & echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; exit 3",
        ..PLAIN
    },
    Case {
        name: "s16-closed",
        script: "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; exec <&- >&- 2>&-; exit 3",
        ..PLAIN
    },
    // Who is stopped and continued goes on as if nothing were.
    Case {
        name: "s16-continued",
        script: "(until ps -o stat= -p $$$$ | grep -q T; do sleep 0.1; done; echo waiting; \
            until [ -e /tmp/end ]; do sleep 0.1; done; kill -CONT 1) & kill -STOP $$$$; exit 3",
        ..PLAIN
    },
    // The kernel kills one process of several, and the driver goes on: Kubernetes may call it OOMKilled, the code is the driver's.
    Case {
        name: "s16-child-oom",
        script: "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; python3 -c 'x = bytearray(1 << 30)'; \
            [ $? = 137 ] && exit 3",
        change: |_, pod| {
            pod["spec"]["containers"][0]["resources"] =
                json!({"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"memory": "64Mi"}});
        },
        ..PLAIN
    },
    // Its own files and the socket's folder, as far as it may.
    Case {
        name: "s16-wiped",
        script: "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; rm -rf /codriver/* 2>/dev/null; exit 3",
        ..PLAIN
    },
    Case {
        name: "s16-own-message",
        script: "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; echo mine >/dev/termination-log; exit 3",
        also: |_, driver, end| {
            let message = container(&end.pod, "driver")["state"]["terminated"]["message"].as_str().unwrap_or_default();
            holds(driver, message, message.contains("exited with code 3"))
        },
        ..PLAIN
    },
    // It cannot hear the farewell when it is said; it is there when it can.
    Case { name: "s16-frozen-sidecar", mischief: |stage, driver| frozen(stage, driver), ..PLAIN },
];

fn frozen(stage: &Stage, driver: &Driver) -> Result<()> {
    let (wrapper, sidecar) = (driver.container_id("driver")?, driver.container_id("codriver")?);
    pause(&sidecar)?;
    // From below: 30 s after the driver's end the kubelet kills the sidecar, and that may come before its word of the end.
    let ended = tell(stage, driver).and_then(|()| until_ended(&wrapper, PATIENCE));
    resume(&sidecar)?;
    ended
}

/// As early as a request to stop can be heard: before the driver runs, between its fork and its exec, or just after.
fn stopped_at_the_start(stage: &Stage) -> Result<()> {
    for round in 1..=3 {
        let driver = start(stage, &format!("s16-start-{round}"), "exec sleep 3600", |_: &Stage, _: &mut Value| {})?;
        let wrapper = driver.container_id("driver")?;
        driver.until_it_says("supervising the driver")?;
        terminate(&wrapper)?;
        let end = driver.end()?;
        equal(&driver, "exit code", end.code, Some(143))?;
        equal(&driver, "evidence", end.report["evidence"].as_str(), Some("farewell"))?;
        nothing_is_left(&driver)?;
    }
    Ok(())
}
