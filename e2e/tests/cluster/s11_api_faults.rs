//! An API server that misbehaves, between the sidecar and the real one: no code is lost, every wait is bounded, what can be removed is
//! removed, and what cannot is told and goes with the pod.

use std::{
    ops::Range,
    time::{Duration, SystemTime},
};

use codriver_e2e::{
    Result,
    containers::kill,
    driver::{Driver, End, Script, container, set},
    faults::Faults,
    stage::Stage,
};
use codriver_kube::Timestamp;

use crate::{
    Needs, Test,
    world::{equal, holds, leave_behind, nothing_is_left},
};

/// One fault, one end of the driver, and what must come of it.
struct Case {
    name: &'static str,
    /// For `cluster/faults.py`; none for a port that nobody listens on.
    fault: &'static [&'static str],
    /// The whole container is killed; else the driver exits with 3.
    killed: bool,
    evidence: &'static str,
    verdict: &'static str,
    /// What the sidecar says it could not do; nothing when all was removed.
    problem: &'static str,
}

const EXITED: Case =
    Case { name: "", fault: &[], killed: false, evidence: "farewell", verdict: "exited with code 3", problem: "" };
const KILLED: Case =
    Case { killed: true, evidence: "container status", verdict: "was killed by signal 9 (SIGKILL)", ..EXITED };

/// For a cleanup that meets a fault for ever; a passing fault is over long before.
const CLEANUP: Duration = Duration::from_secs(12);
/// For a container's status.
const SETTLE: Duration = Duration::from_secs(2);
/// The kubelet's own time, twice: to see the end, and to end the sidecar.
const KUBELET: Duration = Duration::from_secs(10);

const CASES: [Case; 13] = [
    Case { name: "refused", problem: "cannot reach the API server", ..EXITED },
    Case { name: "silent", fault: &["silent"], problem: "not done within its 12 s", ..EXITED },
    Case { name: "mute", fault: &["mute"], problem: "not done within its 12 s", ..EXITED },
    Case { name: "slow", fault: &["slow", "4"], ..EXITED },
    Case { name: "busy", fault: &["busy", "3"], ..EXITED },
    Case { name: "busy-for-ever", fault: &["busy"], problem: "asks to come back later", ..EXITED },
    Case { name: "broken", fault: &["broken", "3"], ..EXITED },
    Case { name: "broken-for-ever", fault: &["broken"], problem: "answered 500", ..EXITED },
    Case { name: "cut", fault: &["cut", "2"], ..EXITED },
    Case { name: "token-rotated", fault: &["unauthorized", "1"], ..EXITED },
    Case {
        name: "token-expired",
        fault: &["unauthorized"],
        problem: "does not accept the service account's token",
        ..EXITED
    },
    Case { name: "killed-busy", fault: &["busy", "2"], ..KILLED },
    Case {
        name: "killed-mute",
        fault: &["mute"],
        evidence: "end of stream",
        verdict: "ended, nobody could say how",
        problem: "not done within its 12 s",
        ..KILLED
    },
];

pub const ALL: &[Test] = &[
    ("s11_an_api_server_that_refuses_or_hangs_bounds_the_end", Needs::OurCluster, |stage| play(stage, 0..3)),
    ("s11_an_api_server_that_is_slow_or_busy_or_broken_is_waited_for", Needs::OurCluster, |stage| play(stage, 3..8)),
    ("s11_answers_that_break_off_and_tokens_that_expire_are_met", Needs::OurCluster, |stage| play(stage, 8..11)),
    ("s11_a_killed_container_is_settled_within_its_bound", Needs::OurCluster, |stage| play(stage, 11..13)),
];

fn play(stage: &Stage, cases: Range<usize>) -> Result<()> {
    CASES[cases].iter().try_for_each(|case| one(stage, case))
}

fn one(stage: &Stage, case: &Case) -> Result<()> {
    let mut faults = (!case.fault.is_empty()).then(|| Faults::start(case.fault)).transpose()?;
    let redirect = faults.as_ref().map(Faults::redirect);
    let script = "echo waiting; until [ -e /tmp/end ]; do sleep 0.1; done; exit 3";
    let script = Script::shell(&format!("s11-{}", case.name), script).changed(move |pod| {
        let sidecar = &mut pod["spec"]["initContainers"][1];
        match &redirect {
            Some(redirect) => redirect(sidecar),
            None => set(&mut sidecar["env"], "KUBERNETES_SERVICE_PORT", "1"),
        }
        set(&mut sidecar["env"], "CODRIVER_CLEANUP", &CLEANUP.as_secs().to_string());
        set(&mut sidecar["env"], "CODRIVER_SETTLE", &SETTLE.as_secs().to_string());
    });
    let driver = Driver::start(stage, &script)?;
    driver.until_it_says("waiting")?;
    leave_behind(stage, &driver, 1)?;
    faults.as_mut().map_or(Ok(()), Faults::begin)?;
    if case.killed {
        kill(&driver.container_id("driver")?)?;
    } else {
        stage.kubectl(&["exec", &driver.name, "-c", "driver", "--", "touch", "/tmp/end"])?;
    }
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(if case.killed { 137 } else { 3 }))?;
    equal(&driver, "evidence", end.report["evidence"].as_str(), Some(case.evidence))?;
    equal(&driver, "verdict", end.report["verdict"].as_str(), Some(case.verdict))?;
    let sidecar = &container(&end.pod, "codriver")["state"]["terminated"];
    equal(&driver, "the sidecar's exit code", sidecar["exitCode"].as_i64(), Some(0))?;
    let took = after_the_driver(&end);
    holds(
        &driver,
        &format!("it ended in time: {took:?}"),
        took.is_some_and(|took| took <= SETTLE + CLEANUP + KUBELET),
    )?;
    let problems = end.report["problems"].to_string();
    if case.problem.is_empty() {
        equal(&driver, "problems", problems.as_str(), "null")?;
    } else {
        holds(&driver, &format!("{} in {problems}", case.problem), problems.contains(case.problem))?;
        stage.kubectl(&["delete", "pod", &driver.name])?;
        stage.kubectl(&["wait", "--for=delete", "--timeout=60s", &format!("pod/{}-exec-1", driver.name)])?;
        stage.kubectl(&["wait", "--for=delete", "--timeout=60s", &format!("configmap/{}-conf-map", driver.name)])?;
        stage.kubectl(&["wait", "--for=delete", "--timeout=60s", &format!("pvc/{}-pvc", driver.name)])?;
    }
    nothing_is_left(&driver)
}

/// From the end of the driver's container to the sidecar's, in the kubelet's whole seconds.
fn after_the_driver(end: &End) -> Option<Duration> {
    let finished = |name| {
        let at = container(&end.pod, name)["state"]["terminated"]["finishedAt"].as_str()?;
        Timestamp::parse(at).map(SystemTime::from)
    };
    finished("codriver")?.duration_since(finished("driver")?).ok()
}
