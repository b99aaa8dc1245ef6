use serde_json::{Value, json};

use super::*;

fn pod(name: &str, status: &Value) -> Value {
    let node = status["conditions"].as_array().is_none_or(|all| all.iter().all(|it| it["type"] != "PodScheduled"));
    let node = node.then_some("node-1");
    json!({ "metadata": { "name": name, "uid": format!("u-{name}") }, "spec": { "nodeName": node }, "status": status })
}

/// As the kubelet writes it of a pod whose container waits.
fn waiting(reason: &str, message: Option<&str>) -> Value {
    json!({ "phase": "Pending", "conditions": [{ "type": "PodReadyToStartContainers", "status": "True" },
            { "type": "Ready", "status": "False", "reason": "ContainersNotReady" }],
        "containerStatuses": [{ "name": "executor", "ready": false, "restartCount": 0, "image": "spark:none",
            "state": { "waiting": { "reason": reason, "message": message } } }] })
}

fn ended(code: i32, reason: &str) -> Value {
    json!({ "phase": "Failed", "containerStatuses": [{ "name": "executor",
        "state": { "terminated": { "exitCode": code, "reason": reason, "finishedAt": "2026-11-22T22:00:09Z" } } }] })
}

fn unscheduled(reason: &str, message: &str) -> Value {
    json!({ "phase": "Pending", "conditions": [
        { "type": "PodScheduled", "status": "False", "reason": reason, "message": message }] })
}

fn event(reason: &str, message: &str) -> Value {
    json!({ "metadata": { "name": "job-exec-1.18" }, "involvedObject": { "kind": "Pod", "uid": "u-job-exec-1" },
        "type": "Warning", "reason": reason, "message": message, "count": 3 })
}

fn reason(pods: &[Value], events: &[Value]) -> Option<Reason> {
    let pods: Vec<_> = pods.iter().map(|pod| serde_json::from_value(pod.clone()).unwrap()).collect();
    let events: Vec<_> = events.iter().map(|event| serde_json::from_value(event.clone()).unwrap()).collect();
    diagnose(&pods, &events)
}

const UNBOUND: &str = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.";

#[test]
fn each_trouble_of_one_executor_is_told_in_the_words_of_whoever_met_it() {
    let creating = || waiting("ContainerCreating", None);
    let no_quota = "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available";
    let pull = "Failed to pull image \"spark:none\": rpc error: code = NotFound desc = not found";
    let mount = "MountVolume.SetUp failed for volume \"conf\" : configmap \"none\" not found";
    let start = "failed to create containerd task: exec: \"/opt/none\": no such file or directory";
    for (status, events, kind, said) in [
        (waiting("ErrImagePull", Some("rpc error: not found")), vec![], Kind::Image, "rpc error: not found"),
        (
            waiting("ImagePullBackOff", Some("Back-off pulling image \"spark:none\"")),
            vec![event("Failed", pull), event("Failed", "Error: ErrImagePull"), event("Failed", pull)],
            Kind::Image,
            pull,
        ),
        (waiting("ErrImageNeverPull", Some("is not present with pull policy of Never")), vec![], Kind::Image, "is not"),
        (waiting("InvalidImageName", Some("couldn't parse image name")), vec![], Kind::Image, "couldn't parse"),
        (
            waiting("CreateContainerConfigError", Some("secret \"s3\" not found")),
            vec![],
            Kind::Configuration,
            "secret \"s3\" not found",
        ),
        (waiting("CreateContainerError", Some("context deadline exceeded")), vec![], Kind::Start, "context deadline"),
        (waiting("RunContainerError", Some(start)), vec![], Kind::Start, start),
        (ended(128, "StartError"), vec![], Kind::Start, "container executor ended with code 128, StartError"),
        (
            ended(52, "Error"),
            vec![],
            Kind::Failing,
            "container executor ended with code 52 (the JVM ran out of memory)",
        ),
        (ended(137, "OOMKilled"), vec![], Kind::Failing, "container executor ended with code 137, OOMKilled"),
        (
            json!({ "phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory." }),
            vec![],
            Kind::Failing,
            "Evicted: The node was low on resource: memory.",
        ),
        (
            json!({ "phase": "Running", "containerStatuses": [{ "name": "executor", "restartCount": 4,
                "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "back-off 40s" } },
                "lastState": { "terminated": { "exitCode": 1, "reason": "Error" } } }] }),
            vec![],
            Kind::Failing,
            "container executor ended with code 1",
        ),
        (
            json!({ "phase": "Pending", "containerStatuses": [{ "name": "executor",
                "state": { "waiting": { "reason": "PodInitializing" } } }],
                "initContainerStatuses": [{ "name": "codriver",
                "state": { "waiting": { "reason": "ErrImagePull", "message": "denied" } } }] }),
            vec![],
            Kind::Image,
            "denied",
        ),
        (unscheduled("Unschedulable", no_quota), vec![], Kind::Unschedulable, no_quota),
        (
            unscheduled("Unschedulable", "persistentvolumeclaim \"data\" not found"),
            vec![],
            Kind::Volume,
            "persistentvolumeclaim \"data\" not found",
        ),
        (unscheduled("Unschedulable", UNBOUND), vec![], Kind::Volume, UNBOUND),
        (unscheduled("SchedulingGated", "waiting for gates"), vec![], Kind::Unschedulable, "waiting for gates"),
        (creating(), vec![event("FailedMount", mount)], Kind::Volume, mount),
        (creating(), vec![event("FailedAttachVolume", "timed out")], Kind::Volume, "timed out"),
        (creating(), vec![event("FailedCreatePodSandBox", "plugin type=\"bridge\" failed")], Kind::Sandbox, "plugin"),
        (creating(), vec![event("Pulling", "Pulling image \"spark:4\"")], Kind::Pulling, "Pulling image"),
        (creating(), vec![event("Pulling", "x"), event("Pulled", "y")], Kind::Starting, ""),
        (creating(), vec![], Kind::Starting, ""),
    ] {
        let found = reason(&[pod("job-exec-1", &status)], &events).unwrap_or_else(|| panic!("{status}"));
        assert_eq!((found.kind, found.who.as_deref()), (kind, Some("job-exec-1")), "{status}");
        assert!(found.said.starts_with(said), "{} is not {said}", found.said);
    }
}

#[test]
fn a_pod_that_no_scheduler_has_seen_says_so() {
    let bare = json!({ "metadata": { "name": "e", "uid": "u" }, "status": { "phase": "Pending" } });
    let found = reason(&[bare], &[]).unwrap();
    assert_eq!(found.kind, Kind::Unschedulable);
    assert!(found.said.contains("no scheduler has looked at it"), "{found}");
}

#[test]
fn what_runs_or_is_well_done_is_no_trouble() {
    for status in [
        json!({ "phase": "Running", "containerStatuses": [{ "name": "executor", "state": { "running": {} } }] }),
        json!({ "phase": "Succeeded", "containerStatuses": [{ "name": "executor",
            "state": { "terminated": { "exitCode": 0 } } }] }),
    ] {
        assert_eq!(reason(&[pod("job-exec-1", &status)], &[]), None, "{status}");
    }
    assert_eq!(reason(&[], &[]), None);
}

#[test]
fn of_several_troubles_that_of_most_executors_is_told() {
    let pull = || waiting("ErrImagePull", Some("not found"));
    let full = || unscheduled("Unschedulable", "Insufficient cpu");
    let found = reason(&[pod("a", &full()), pod("b", &pull()), pod("c", &full()), pod("d", &full())], &[]).unwrap();
    assert_eq!((found.kind, found.who.unwrap().contains("and 2 more")), (Kind::Unschedulable, true));
    let found = reason(&[pod("a", &full()), pod("b", &pull())], &[]).unwrap();
    assert_eq!((found.kind, found.who.as_deref()), (Kind::Image, Some("b")));
}

#[test]
fn events_of_other_pods_mean_nothing() {
    let other = event("FailedMount", "not mine");
    let found = reason(&[pod("job-exec-2", &waiting("ContainerCreating", None))], &[other]).unwrap();
    assert_eq!(found.kind, Kind::Starting);
}
