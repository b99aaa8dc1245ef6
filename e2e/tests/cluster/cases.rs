//! Drivers that need no Spark, as a table: what is changed of the pod, what happens to it, and what must come of it.

use std::thread;

use codriver_e2e::{
    Result,
    containers::kill,
    driver::{Driver, End, Script, container},
    kubectl::{get, kubectl},
    stage::Stage,
};
use serde_json::{Value, json};

use crate::world::{equal, holds, leave_behind, nothing_is_left};

/// A driver, what happens to it, and what must come of it.
pub struct Case {
    /// The pod's.
    pub name: &'static str,
    /// For `sh -c`; Kubernetes makes one dollar sign of two.
    pub script: &'static str,
    /// Of the pod.
    pub change: fn(&Stage, &mut Value),
    /// Once it has said `waiting` and there is an executor, a ConfigMap and a claim.
    pub mischief: fn(&Stage, &Driver) -> Result<()>,
    /// The driver's exit code, as Kubernetes saw it.
    pub code: i64,
    /// As the sidecar says it; where there is none, as the wrapper does.
    pub verdict: &'static str,
    /// Empty where there is no sidecar.
    pub evidence: &'static str,
    /// Whether all is removed at the driver's end; else it goes with the pod.
    pub removed: bool,
    /// What else must hold.
    pub also: fn(&Stage, &Driver, &End) -> Result<()>,
}

/// Waits to be told.
pub const UNTIL_TOLD: &str = "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; exit 3";

/// A driver that ends by itself.
pub const PLAIN: Case = Case {
    name: "",
    script: UNTIL_TOLD,
    change: |_, _| {},
    mischief: tell,
    code: 3,
    verdict: "exited with code 3",
    evidence: "farewell",
    removed: true,
    also: |_, _, _| Ok(()),
};

/// So many play side by side: they wait more than they do, but each is followed by several kubectls.
const SIDE_BY_SIDE: usize = 4;

/// Plays them all, and says all that was wrong.
pub fn play(stage: &Stage, cases: &[Case]) -> Result<()> {
    side_by_side(cases, |case| one(stage, case))
}

/// Plays some at a time, and says all that was wrong.
pub fn side_by_side<T: Sync>(cases: &[T], one: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    let some = |cases: &[T]| -> Vec<String> {
        thread::scope(|scope| {
            let all: Vec<_> = cases.iter().map(|case| scope.spawn(|| one(case))).collect();
            let ended = all.into_iter().map(|case| case.join().unwrap_or_else(|_| Err("a case panicked".to_owned())));
            ended.filter_map(Result::err).collect()
        })
    };
    let errors: Vec<String> = cases.chunks(SIDE_BY_SIDE).flat_map(some).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n\n")) }
}

/// Starts a driver that asks for next to nothing, so that many fit on one node.
pub fn start(
    stage: &Stage,
    name: &str,
    script: &str,
    change: impl Fn(&Stage, &mut Value) + Send + Sync + 'static,
) -> Result<Driver> {
    let own = stage.clone();
    let script = Script::shell(name, script).changed(move |pod| {
        pod["spec"]["containers"][0]["resources"] = json!({"requests": {"cpu": "10m", "memory": "64Mi"}});
        change(&own, pod);
    });
    Driver::start(stage, &script)
}

fn one(stage: &Stage, case: &Case) -> Result<()> {
    let driver = start(stage, case.name, case.script, case.change)?;
    driver.until_it_says("waiting")?;
    leave_behind(stage, &driver, 1)?;
    (case.mischief)(stage, &driver)?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(case.code))?;
    if case.evidence.is_empty() {
        let message = container(&end.pod, "driver")["state"]["terminated"]["message"].as_str().unwrap_or_default();
        holds(&driver, message, message.contains(case.verdict))?;
    } else {
        equal(&driver, "verdict", end.report["verdict"].as_str(), Some(case.verdict))?;
        equal(&driver, "evidence", end.report["evidence"].as_str(), Some(case.evidence))?;
        let sidecar = &container(&end.pod, "codriver")["state"]["terminated"]["exitCode"];
        equal(&driver, "the sidecar's exit code", sidecar.as_i64(), Some(0))?;
        // By what it did, whatever code it was mapped to.
        told(stage, &driver, if case.verdict == "exited with code 0" { "DriverEnded" } else { "DriverFailed" })?;
    }
    (case.also)(stage, &driver, &end)?;
    if !case.removed {
        stage.kubectl(&["delete", "pod", &driver.name])?;
        gone(stage, &driver)?;
    }
    nothing_is_left(&driver)
}

/// The end was told as an event on the pod, with this reason.
pub fn told(stage: &Stage, driver: &Driver, reason: &str) -> Result<()> {
    holds(driver, &format!("an event {reason}"), events(stage, driver, reason)? > 0)
}

/// How many events with this reason are there on the pod.
pub fn events(stage: &Stage, driver: &Driver, reason: &str) -> Result<usize> {
    let fields = format!("involvedObject.name={},reason={reason}", driver.name);
    let events = get(&["-n", &stage.namespace, "events", "--field-selector", &fields])?;
    let ours = |event: &&Value| {
        let uid = event["involvedObject"]["uid"].as_str().unwrap_or_default().replace('-', "");
        driver.application.ends_with(&uid)
    };
    Ok(events["items"].as_array().into_iter().flatten().filter(ours).count())
}

/// All that the pod owned goes with it.
pub fn gone(stage: &Stage, driver: &Driver) -> Result<()> {
    for kind_and_suffix in [("pod", "-exec-1"), ("configmap", "-conf-map"), ("pvc", "-pvc")] {
        let object = format!("{}/{}{}", kind_and_suffix.0, driver.name, kind_and_suffix.1);
        stage.kubectl(&["wait", "--for=delete", "--timeout=50s", &object])?;
    }
    nothing_is_left(driver)
}

/// A driver whose wrapper and sidecar were killed in the same moment, with what it left.
pub fn killed_at_once(stage: &Stage, name: &str) -> Result<Driver> {
    let driver = start(stage, name, UNTIL_TOLD, |_, _| {})?;
    driver.until_it_says("waiting")?;
    leave_behind(stage, &driver, 1)?;
    let (wrapper, sidecar) = (driver.container_id("driver")?, driver.container_id("codriver")?);
    kill(&wrapper)?;
    kill(&sidecar)?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(137))?;
    Ok(driver)
}

/// Puts what Spark would have left beside a driver that waits, and lets it end.
pub fn leave_and_tell(stage: &Stage, driver: &Driver) -> Result<()> {
    driver.until_it_says("waiting")?;
    leave_behind(stage, driver, 1)?;
    tell(stage, driver)
}

/// Lets [`UNTIL_TOLD`] end.
pub fn tell(stage: &Stage, driver: &Driver) -> Result<()> {
    match within(stage, driver, "touch /tmp/end") {
        // The container was gone before this shell of it was.
        Err(error) if error.contains("exit code 137") => Ok(()),
        told => told,
    }
}

/// What `kubectl drain` does to a pod.
pub fn evict(stage: &Stage, name: &str) -> Result<()> {
    let namespace = &stage.namespace;
    let body =
        json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}});
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}/eviction");
    kubectl(&["create", "--raw", &path, "-f", "-"], &body.to_string()).map(drop)
}

/// Runs a script in the driver's container.
pub fn within(stage: &Stage, driver: &Driver, script: &str) -> Result<()> {
    stage.kubectl(&["exec", &driver.name, "-c", "driver", "--", "sh", "-c", script]).map(drop)
}

/// Adds to a list of the pod, which may not be there.
pub fn push(list: &mut Value, item: Value) {
    match list.as_array_mut() {
        Some(list) => list.push(item),
        None => *list = json!([item]),
    }
}
