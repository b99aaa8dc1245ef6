//! The wrapper without a sidecar: alone it cleans up itself; and where the sidecar is only missing, no code is lost.

use codriver_e2e::{
    containers::{kill, terminate},
    driver::set,
    stage::Stage,
};
use serde_json::{Value, json};

use crate::{
    Needs, Test,
    cases::{Case, PLAIN, play},
};

pub const ALL: &[Test] = &[
    ("s15_alone_the_wrapper_keeps_the_code_and_cleans_up_after_its_driver", Needs::OurCluster, |stage| {
        play(stage, &REMOVED)
    }),
    ("s15_what_nobody_could_remove_goes_with_the_pod", Needs::OurCluster, |stage| play(stage, &LEFT)),
];

const ALONE: Case = Case { change: alone, evidence: "", ..PLAIN };

const REMOVED: [Case; 3] = [
    Case { name: "s15-code", ..ALONE },
    Case {
        name: "s15-zero",
        script: "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done",
        code: 0,
        verdict: "exited with code 0",
        ..ALONE
    },
    Case {
        name: "s15-term",
        script: "echo waiting; exec sleep 3600",
        mischief: |_, driver| terminate(&driver.container_id("driver")?),
        code: 143,
        verdict: "was killed by signal 15 (SIGTERM)",
        ..ALONE
    },
];

const LEFT: [Case; 4] = [
    Case {
        name: "s15-killed",
        mischief: |_, driver| kill(&driver.container_id("driver")?),
        code: 137,
        verdict: "the whole container was killed at once",
        removed: false,
        ..ALONE
    },
    Case {
        name: "s15-forbidden",
        change: |stage, pod| {
            alone(stage, pod);
            // An account without any role; codriver-init would say so, and stop here.
            pod["spec"]["serviceAccountName"] = json!("spark-executor");
            pod["spec"]["automountServiceAccountToken"] = json!(true);
            set(&mut pod["spec"]["initContainers"][0]["env"], "CODRIVER_PREFLIGHT", "false");
        },
        removed: false,
        ..ALONE
    },
    Case {
        name: "s15-no-api",
        change: |stage, pod| {
            alone(stage, pod);
            set(&mut pod["spec"]["containers"][0]["env"], "KUBERNETES_SERVICE_PORT", "1");
            set(&mut pod["spec"]["containers"][0]["env"], "CODRIVER_CLEANUP", "2");
        },
        removed: false,
        ..ALONE
    },
    // Nobody said that it is alone.
    Case { name: "s15-missing", change: |_, pod| without_sidecar(pod), removed: false, ..ALONE },
];

fn alone(_: &Stage, pod: &mut Value) {
    without_sidecar(pod);
    let environment = &mut pod["spec"]["containers"][0]["env"];
    if environment.is_null() {
        *environment = json!([]);
    }
    set(environment, "CODRIVER_ALONE", "true");
}

fn without_sidecar(pod: &mut Value) {
    if let Some(containers) = pod["spec"]["initContainers"].as_array_mut() {
        containers.truncate(1);
    }
}
