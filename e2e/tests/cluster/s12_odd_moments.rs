//! Ends at odd moments and in odd containers: whatever happens to driver, wrapper, sidecar or pod, the code is true, the verdict says
//! on what evidence, and nothing is left. The drivers need no Spark: what Spark would have left is put there.

use codriver_e2e::{
    Result,
    containers::{kill, kill_first, terminate},
    driver::{Driver, container},
    stage::Stage,
};
use serde_json::{Value, json};

use crate::{
    Needs, Test,
    cases::{Case, PLAIN, evict, gone, killed_at_once, play, push, start, tell, within},
    world::{equal, holds, leave_behind, nothing_is_left},
};

const DEAF: &str = "trap '' TERM; echo waiting; while :; do sleep 0.1; done";

const KILLED: Case = Case { code: 137, verdict: "was killed by signal 9 (SIGKILL)", ..PLAIN };

const SIGNALS: [Case; 6] = [
    Case { name: "s12-second-term", script: DEAF, mischief: |_, driver| twice(driver), ..KILLED },
    Case {
        name: "s12-grace",
        script: DEAF,
        change: |_, pod| variable(pod, "CODRIVER_GRACE", "1"),
        mischief: |_, driver| terminate(&driver.container_id("driver")?),
        ..KILLED
    },
    Case {
        name: "s12-wrapper-killed",
        mischief: |_, driver| kill_first(&driver.container_id("driver")?),
        evidence: "container status",
        ..KILLED
    },
    Case {
        name: "s12-urg-storm",
        mischief: |stage, driver| within(stage, driver, "for i in $(seq 300); do kill -URG 1; done; touch /tmp/end"),
        ..PLAIN
    },
    Case {
        name: "s12-stopped",
        script: "echo waiting; kill -STOP $$$$; while :; do sleep 0.1; done",
        mischief: |_, driver| terminate(&driver.container_id("driver")?),
        code: 143,
        verdict: "was killed by signal 15 (SIGTERM)",
        ..PLAIN
    },
    Case {
        name: "s12-memory",
        script: "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; exec python3 -c 'x = bytearray(1 << 30)'",
        change: |_, pod| {
            pod["spec"]["containers"][0]["resources"] =
                json!({"requests": {"memory": "64Mi"}, "limits": {"memory": "64Mi"}});
        },
        also: |_, driver, end| {
            let message = container(&end.pod, "driver")["state"]["terminated"]["message"].as_str().unwrap_or_default();
            let said = "out of memory: the kernel killed 1 process of this container, at its limit of 64 MiB";
            holds(driver, message, message.contains(said))
        },
        ..KILLED
    },
];

const FAMILIES: [Case; 4] = [
    Case {
        name: "s12-orphans",
        script: "for i in $(seq 500); do (true &); done; echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; exit 3",
        ..PLAIN
    },
    Case {
        name: "s12-setsid",
        script: "echo waiting; setsid sleep 3600 & until [ -e /tmp/end ]; do sleep 0.1; done; exit 3",
        ..PLAIN
    },
    Case { name: "s12-nested", change: |_, pod| nest(pod), ..PLAIN },
    Case {
        name: "s12-flood",
        script: "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; head -c 20000000 /dev/zero; exit 3",
        ..PLAIN
    },
];

const CONTAINERS: [Case; 3] = [
    Case {
        name: "s12-any-user",
        change: |_, pod| pod["spec"]["containers"][0]["securityContext"]["runAsUser"] = json!(123_456_789),
        ..PLAIN
    },
    Case {
        name: "s12-read-only",
        change: |_, pod| {
            let driver = &mut pod["spec"]["containers"][0];
            driver["securityContext"]["readOnlyRootFilesystem"] = json!(true);
            push(&mut driver["volumeMounts"], json!({"name": "tmp", "mountPath": "/tmp"}));
            push(&mut pod["spec"]["volumes"], json!({"name": "tmp", "emptyDir": {}}));
        },
        ..PLAIN
    },
    Case {
        name: "s12-full-volume",
        mischief: |stage, driver| {
            within(stage, driver, "head -c 64000000 /dev/zero > /codriver/attempts/1/filled; touch /tmp/end")
        },
        ..PLAIN
    },
];

const SIDECARS: [Case; 2] = [
    Case {
        name: "s12-sidecar-term",
        mischief: |stage, driver| {
            terminate(&driver.container_id("codriver")?)?;
            back(driver)?;
            tell(stage, driver)
        },
        ..PLAIN
    },
    Case {
        name: "s12-sidecar-twice",
        mischief: |stage, driver| {
            kill(&driver.container_id("codriver")?)?;
            back(driver)?;
            kill(&driver.container_id("codriver")?)?;
            // It comes back while the wrapper says farewell, or the kubelet waits longer than that: then it goes with the pod.
            driver.until(|pod| (container(pod, "codriver")["restartCount"] == 2).then_some(()))?;
            tell(stage, driver)
        },
        ..PLAIN
    },
];

pub const ALL: &[Test] = &[
    ("s12_signals_and_kills_at_odd_moments", Needs::OurCluster, |stage| play(stage, &SIGNALS)),
    ("s12_drivers_with_odd_families", Needs::AnyCluster, |stage| play(stage, &FAMILIES)),
    ("s12_drivers_in_odd_containers", Needs::AnyCluster, |stage| play(stage, &CONTAINERS)),
    ("s12_sidecars_that_end_too_early_or_stand_alone", Needs::OurCluster, |stage| play(stage, &SIDECARS)),
    ("s12_a_driver_in_an_image_with_nothing_else", Needs::AnyCluster, scratch),
    ("s12_pods_that_are_taken_away_take_their_executors_along", Needs::AnyCluster, taken_away),
    ("s12_wrapper_and_sidecar_killed_at_once_leave_the_rest_to_the_pod", Needs::OurCluster, both_killed),
];

/// An image without a shell, or anything else but codriver.
fn scratch(stage: &Stage) -> Result<()> {
    let driver = start(stage, "s12-scratch", "", |stage, pod| {
        let driver = &mut pod["spec"]["containers"][0];
        driver["image"] = json!(stage.codriver_image);
        driver["args"] = json!(["/bin/codriver", "probe", "--address", "127.0.0.1:1"]);
    })?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(69))?;
    equal(&driver, "verdict", end.report["verdict"].as_str(), Some("exited with code 69"))?;
    equal(&driver, "evidence", end.report["evidence"].as_str(), Some("farewell"))?;
    nothing_is_left(&driver)
}

/// Deletion with one second of grace and a deaf driver, with none at all, and by the Eviction API.
fn taken_away(stage: &Stage) -> Result<()> {
    for name in ["one-second", "forced", "evicted"] {
        let driver = start(stage, &format!("s12-{name}"), DEAF, |_, pod| variable(pod, "CODRIVER_GRACE", "2"))?;
        driver.until_it_says("waiting")?;
        leave_behind(stage, &driver, 1)?;
        match name {
            "one-second" => stage.kubectl(&["delete", "pod", &driver.name, "--grace-period=1"]).map(drop)?,
            "forced" => stage.kubectl(&["delete", "pod", &driver.name, "--grace-period=0", "--force"]).map(drop)?,
            _ => evict(stage, &driver.name)?,
        }
        gone(stage, &driver)?;
    }
    Ok(())
}

/// No sidecar is started again in a pod that ends. What is left is the pod's, and goes with it.
fn both_killed(stage: &Stage) -> Result<()> {
    let driver = killed_at_once(stage, "s12-both-killed")?;
    stage.kubectl(&["delete", "pod", &driver.name])?;
    gone(stage, &driver)
}

fn twice(driver: &Driver) -> Result<()> {
    let wrapper = driver.container_id("driver")?;
    terminate(&wrapper)?;
    terminate(&wrapper)
}

/// The sidecar is there again.
fn back(driver: &Driver) -> Result<()> {
    driver.until(|pod| {
        let status = container(pod, "codriver");
        (status["restartCount"].as_i64() > Some(0) && status["started"] == true).then_some(())
    })
}

fn nest(pod: &mut Value) {
    let driver = &mut pod["spec"]["containers"][0];
    let inner = [json!("/codriver/bin/codriver"), json!("run"), json!("--")];
    if let Some(arguments) = driver["args"].as_array_mut() {
        arguments.splice(0..0, inner);
    }
}

fn variable(pod: &mut Value, name: &str, value: &str) {
    push(&mut pod["spec"]["containers"][0]["env"], json!({"name": name, "value": value}));
}
