//! Executors that never come: after the deadline the driver ends with 75, and the log and an event say why none came.

use std::thread;

use codriver_e2e::{
    Result,
    driver::{container, set},
    kubectl::get,
    stage::Stage,
};
use serde_json::{Value, json};

use crate::{
    Needs, Test,
    cases::start,
    world::{equal, holds, left_behind, nothing_is_left},
};

/// What is wrong with the executors, and how it is told.
struct Case {
    name: &'static str,
    /// Of an executor's pod; none is made where this is none, as where admission refuses them.
    executor: Option<fn(&mut Value)>,
    /// Of the driver's pod.
    change: fn(&mut Value),
    words: &'static str,
}

const PLAIN: Case = Case { name: "", executor: None, change: |_| {}, words: "" };

const PODS: [Case; 4] = [
    Case {
        name: "s18-image",
        executor: Some(|pod| {
            pod["spec"]["containers"][0]["image"] = json!("codriver-nowhere:1");
            pod["spec"]["containers"][0]["imagePullPolicy"] = json!("Never");
        }),
        words: "the image cannot be pulled",
        ..PLAIN
    },
    Case {
        name: "s18-nodes",
        executor: Some(|pod| pod["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "1000"}})),
        words: "no node takes the pod",
        ..PLAIN
    },
    Case {
        name: "s18-volume",
        executor: Some(|pod| {
            pod["spec"]["volumes"] = json!([{"name": "v", "configMap": {"name": "s18-nowhere"}}]);
            pod["spec"]["containers"][0]["volumeMounts"] = json!([{"name": "v", "mountPath": "/v"}]);
        }),
        words: "a volume cannot be mounted",
        ..PLAIN
    },
    Case {
        name: "s18-account",
        change: |pod| {
            set(&mut pod["spec"]["initContainers"][0]["env"], "CODRIVER_EXECUTOR_SERVICE_ACCOUNT", "s18-nobody");
        },
        words: "their service account is not there",
        ..PLAIN
    },
];

const CONTAINERS: [Case; 3] = [
    Case {
        name: "s18-configuration",
        executor: Some(|pod| {
            pod["spec"]["containers"][0]["envFrom"] = json!([{"configMapRef": {"name": "s18-nowhere"}}]);
        }),
        words: "the container's configuration is wrong",
        ..PLAIN
    },
    Case {
        name: "s18-start",
        executor: Some(|pod| pod["spec"]["containers"][0]["command"] = json!(["/nowhere"])),
        words: "the container cannot be started",
        ..PLAIN
    },
    Case {
        name: "s18-failing",
        executor: Some(|pod| pod["spec"]["containers"][0]["command"] = json!(["sh", "-c", "exit 52"])),
        words: "ended with code 52",
        ..PLAIN
    },
];

pub const ALL: &[Test] = &[
    ("s18_a_driver_whose_executors_get_no_place_ends_with_75_and_says_why", Needs::AnyCluster, |stage| {
        play(stage, &PODS)
    }),
    ("s18_a_driver_whose_executors_do_not_start_ends_with_75_and_says_why", Needs::AnyCluster, |stage| {
        play(stage, &CONTAINERS)
    }),
];

/// The first look, in seconds; the others are 15 s apart. What is wrong is there at the third at the latest.
const AFTER: &str = "5";
/// From the driver's start to its end.
const DEADLINE: &str = "40";

fn play(stage: &Stage, cases: &[Case]) -> Result<()> {
    let errors: Vec<String> = thread::scope(|scope| {
        let all: Vec<_> = cases.iter().map(|case| scope.spawn(|| one(stage, case))).collect();
        let ended = all.into_iter().map(|case| case.join().unwrap_or_else(|_| Err("a case panicked".to_owned())));
        ended.filter_map(Result::err).collect()
    });
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n\n")) }
}

fn one(stage: &Stage, case: &Case) -> Result<()> {
    let change = case.change;
    let driver = start(stage, case.name, "echo waiting; exec sleep 3600", move |_, pod| {
        set(&mut pod["spec"]["initContainers"][1]["env"], "CODRIVER_EXECUTORS_AFTER", AFTER);
        set(&mut pod["spec"]["initContainers"][1]["env"], "CODRIVER_EXECUTORS_DEADLINE", DEADLINE);
        change(pod);
    })?;
    driver.until_it_says("waiting")?;
    if let Some(executor) = case.executor {
        let mut objects = left_behind(stage, &driver, 1)?;
        executor(&mut objects[0]);
        stage.apply(&objects)?;
    }
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(75))?;
    let verdict = end.report["verdict"].as_str().unwrap_or_default();
    holds(&driver, verdict, verdict.starts_with("was given up (code 75)") && verdict.contains(case.words))?;
    equal(&driver, "evidence", end.report["evidence"].as_str(), Some("farewell"))?;
    let message = container(&end.pod, "driver")["state"]["terminated"]["message"].as_str().unwrap_or_default();
    holds(&driver, message, message.contains("\"whose\":\"codriver\"") && message.contains(case.words))?;
    let fields = format!("involvedObject.name={},reason=NoExecutors", driver.name);
    let events = get(&["-n", &stage.namespace, "events", "--field-selector", &fields])?.to_string();
    holds(&driver, &format!("{} in {events}", case.words), events.contains(case.words))?;
    nothing_is_left(&driver)
}
