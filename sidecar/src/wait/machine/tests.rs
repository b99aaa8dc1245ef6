//! Pods as the API server shows them, one look after the other.

use serde_json::{Value, json};

use super::*;

fn pod(policy: &str, status: Value) -> Object {
    let containers = json!([{ "name": "driver" }, { "name": "istio-proxy" }]);
    let mut pod = json!({ "metadata": { "name": "job", "uid": "u-1" },
        "spec": { "restartPolicy": policy, "containers": containers } });
    pod["status"] = status;
    object(pod)
}

fn object(json: Value) -> Object {
    serde_json::from_value(json).unwrap()
}

fn never(status: Value) -> Object {
    pod("Never", status)
}

fn driver(state: Value) -> Value {
    let mut status = json!({ "phase": "Running", "containerStatuses": [{ "name": "driver" }] });
    status["containerStatuses"][0]["state"] = state;
    status
}

fn terminated(code: i32, reason: &str) -> Value {
    json!({ "terminated": { "exitCode": code, "reason": reason } })
}

fn waiter() -> Waiter {
    let seconds = Duration::from_secs;
    Waiter::new(Settings { container: None, for_pod: seconds(60), patience: seconds(300) })
}

/// What is said of these looks, one after the other, and how it ends.
fn told(looks: impl IntoIterator<Item = Event>) -> (Vec<String>, Option<Ending>) {
    let (mut waiter, mut said) = (waiter(), Vec::new());
    for look in looks {
        for effect in waiter.step(look) {
            match effect {
                Effect::Say(text) | Effect::Warn(text) => said.push(text),
                Effect::End(ending) => return (said, Some(ending)),
                Effect::Arm(..) | Effect::Log { .. } => {}
            }
        }
    }
    (said, None)
}

/// How one look at a pod ends the wait.
fn end(pod: Object) -> Option<Ending> {
    told([Event::Seen(vec![pod])]).1
}

fn changed(pod: Object) -> Event {
    Event::Changed(Box::new(pod))
}

fn ended(code: u8, why: &str) -> Option<Ending> {
    Some(Ending::Driver { code, why: why.into() })
}

#[test]
fn a_driver_is_followed_from_its_birth_to_its_end() {
    let unschedulable = json!({ "phase": "Pending", "conditions": [{ "type": "PodScheduled", "status": "False",
        "reason": "Unschedulable", "message": "0/3 nodes are available:\n 3 Insufficient memory." }] });
    let no_image = json!({ "phase": "Pending", "containerStatuses": [{ "name": "driver",
        "state": { "waiting": { "reason": "ImagePullBackOff", "message": "not found" } } }] });
    let init = json!({ "phase": "Pending",
        "initContainerStatuses": [{ "name": "codriver-init", "state": { "running": {} } }],
        "containerStatuses": [{ "name": "driver", "state": { "waiting": { "reason": "PodInitializing" } } }] });
    let (said, ending) = told([
        Event::Seen(vec![]),
        changed(never(json!({ "phase": "Pending" }))),
        changed(never(unschedulable.clone())),
        changed(never(unschedulable)),
        changed(never(no_image)),
        changed(never(init)),
        changed(never(driver(json!({ "running": {} })))),
        changed(never(driver(terminated(7, "Error")))),
    ]);
    assert_eq!(
        said,
        [
            "no such pod yet",
            "waiting for the container driver of pod job",
            "Pending",
            "Pending: Unschedulable: 0/3 nodes are available: 3 Insufficient memory.",
            "Pending: driver: ImagePullBackOff: not found",
            "Pending: the init container codriver-init runs",
            "Running: the driver runs",
            "Running: the driver ended with code 7 (Error)",
        ]
    );
    // The proxy beside it lives on, and so does the pod.
    assert_eq!(ending, ended(7, "ended with code 7"));
}

#[test]
fn the_log_is_asked_for_once_when_the_driver_has_started() {
    let mut waiter = waiter();
    let log = |effects: Vec<Effect>| effects.iter().filter(|effect| matches!(effect, Effect::Log { .. })).count();
    assert_eq!(log(waiter.step(Event::Seen(vec![never(json!({ "phase": "Pending" }))]))), 0);
    assert_eq!(log(waiter.step(changed(never(driver(json!({ "running": {} })))))), 1);
    assert_eq!(log(waiter.step(Event::Seen(vec![never(driver(json!({ "running": {} })))]))), 0);
    let ended = super::tests::waiter().step(Event::Seen(vec![never(driver(terminated(0, "Completed")))]));
    assert_eq!(log(ended), 1, "one that ended before anybody looked");
}

#[test]
fn a_driver_that_is_started_again_has_not_ended() {
    for (policy, code, last) in [
        ("Never", 1, true),
        ("Never", 0, true),
        ("OnFailure", 1, false),
        ("OnFailure", 137, false),
        ("OnFailure", 0, true),
        ("Always", 0, false),
    ] {
        let ending = end(pod(policy, driver(terminated(code, "Error"))));
        assert_eq!(ending.is_some(), last, "{policy}, code {code}: {ending:?}");
    }
    let again = json!({ "phase": "Running", "containerStatuses": [{ "name": "driver", "restartCount": 2,
        "state": { "waiting": { "reason": "CrashLoopBackOff" } }, "lastState": terminated(1, "Error") }] });
    let (said, ending) = told([Event::Seen(vec![pod("OnFailure", again)])]);
    let words = "Running: the driver ended with code 1 and is started again: CrashLoopBackOff (restarts: 2)";
    assert_eq!((said[1].as_str(), ending), (words, None));
}

#[test]
fn the_end_of_the_pod_is_the_end_of_the_driver_whatever_the_policy_says() {
    let mut status = driver(terminated(3, "Error"));
    status["phase"] = "Failed".into();
    assert_eq!(end(pod("Always", status)), ended(3, "ended with code 3"));
}

#[test]
fn what_the_driver_and_codriver_say_of_the_end_is_handed_on() {
    let mut status = driver(json!({ "terminated": { "exitCode": 137, "reason": "OOMKilled",
        "message": "{\"verdict\":\n\"was killed\"}" } }));
    status["initContainerStatuses"] =
        json!([{ "name": "codriver", "state": { "terminated": { "exitCode": 0, "message": "nothing left" } } }]);
    let why = "ended with code 137 (OOMKilled); it says: {\"verdict\": \"was killed\"}; codriver's sidecar says: nothing left";
    assert_eq!(end(never(status)), ended(137, why));
}

#[test]
fn a_pod_that_was_taken_away_is_lost_and_a_driver_that_spoke_is_not() {
    let target = |reason: &str| json!([{ "type": "DisruptionTarget", "status": "True", "reason": reason }]);
    for (status, lost) in [
        (json!({ "phase": "Failed", "reason": "Evicted", "message": "low on memory" }), "Evicted: low on memory"),
        (json!({ "phase": "Failed", "reason": "OutOfcpu" }), "OutOfcpu"),
        (json!({ "phase": "Failed", "conditions": target("DeletionByPodGC") }), "DeletionByPodGC"),
        (json!({ "phase": "Failed", "reason": "Odd" }), "its pod ended with: Odd, and its container has no status"),
        (json!({ "phase": "Failed" }), "its pod ended without a word, and its container has no status"),
        (
            json!({ "phase": "Failed", "containerStatuses": [{ "name": "driver",
                "state": terminated(137, "ContainerStatusUnknown") }] }),
            "the kubelet lost its container (ContainerStatusUnknown)",
        ),
        (
            json!({ "phase": "Running", "conditions": target("PreemptionByScheduler"),
                "containerStatuses": [{ "name": "driver", "state": terminated(143, "Error") }] }),
            "PreemptionByScheduler",
        ),
    ] {
        assert_eq!(end(never(status.clone())), Some(Ending::Lost(lost.into())), "{status}");
    }
    for code in [0, 7] {
        let mut status = driver(terminated(code, "Error"));
        status["conditions"] = target("EvictionByEvictionAPI");
        let code = u8::try_from(code).unwrap();
        assert_eq!(end(never(status)), ended(code, &format!("ended with code {code}")));
    }
}

#[test]
fn a_driver_that_never_started_has_the_code_of_the_init_container_that_failed() {
    let status = json!({ "phase": "Failed",
        "initContainerStatuses": [{ "name": "codriver-init",
            "state": { "terminated": { "exitCode": 77, "message": "the role was refused" } } }],
        "containerStatuses": [{ "name": "driver", "state": { "waiting": { "reason": "PodInitializing" } } }] });
    let why = "never started, since the init container codriver-init ended with code 77: the role was refused";
    assert_eq!(end(never(status)), ended(77, why));
}

#[test]
fn a_pod_that_disappears_is_lost_unless_its_driver_was_seen_to_end() {
    let pending = || never(json!({ "phase": "Pending" }));
    let lost = Some(Ending::Lost("it was deleted, and nobody saw its driver end".into()));
    let first = || Event::Seen(vec![pending()]);
    assert_eq!(told([first(), Event::Deleted(Box::new(pending()))]).1, lost);
    assert_eq!(told([first(), Event::Seen(vec![])]).1, lost, "while nobody watched");
    let mut other = pending();
    other.metadata.uid = "u-2".into();
    assert_eq!(told([first(), Event::Seen(vec![other.clone()])]).1, lost, "another pod has its name now");
    assert_eq!(told([first(), Event::Deleted(Box::new(other))]).1, None, "another pod's end");

    let stopped = pod("Always", driver(terminated(143, "Error")));
    let ending = told([first(), Event::Deleted(Box::new(stopped))]).1;
    assert_eq!(ending, ended(143, "ended with code 143"));
}

#[test]
fn a_driver_that_ends_while_its_pod_is_deleted_has_ended_for_good() {
    let mut leaving = pod("Always", driver(terminated(143, "Error")));
    leaving.metadata.deletion_timestamp = codriver_kube::Timestamp::parse("2026-11-22T22:00:30Z");
    assert_eq!(end(leaving), ended(143, "ended with code 143 while its pod was being deleted"));
}

#[test]
fn a_node_that_is_gone_never_says_that_the_driver_ended() {
    let mut leaving = never(driver(json!({ "running": {} })));
    leaving.metadata.deletion_timestamp = codriver_kube::Timestamp::parse("2026-11-22T22:00:30Z");
    leaving.metadata.deletion_grace_period_seconds = Some(30);
    let mut waiter = waiter();
    let effects = waiter.step(Event::Seen(vec![leaving.clone()]));
    assert!(effects.contains(&Effect::Say("Running, being deleted: the driver runs".into())), "{effects:?}");
    assert!(effects.contains(&Effect::Arm(Timer::Leave, Duration::from_secs(90))), "{effects:?}");
    assert_eq!(waiter.step(changed(leaving)), [], "armed once");
    let effects = waiter.step(Event::Overdue(Timer::Leave));
    assert!(matches!(&effects[..], [Effect::End(Ending::Lost(why))] if why.contains("node")), "{effects:?}");
}

#[test]
fn of_several_pods_the_newest_is_followed_to_its_end() {
    let run = |name: &str, created: &str| {
        object(json!({ "metadata": { "name": name, "uid": name, "creationTimestamp": created },
            "spec": { "restartPolicy": "Never", "containers": [{ "name": "driver" }] },
            "status": { "phase": "Pending" } }))
    };
    let (old, new) = (run("old", "2026-11-22T22:00:00Z"), run("new", "2026-11-22T22:00:01Z"));
    let newer = changed(run("newer", "2026-11-22T22:00:02Z"));
    let (said, ending) = told([Event::Seen(vec![new, old]), newer]);
    assert_eq!(said, ["waiting for the container driver of pod new, the newest of 2 that match", "Pending"]);
    assert_eq!(ending, None);
}

#[test]
fn the_drivers_container_is_found_by_its_name() {
    for (containers, wanted, found) in [
        (&["spark-kubernetes-driver", "driver"][..], None, Ok("spark-kubernetes-driver")),
        (&["proxy", "driver"], None, Ok("driver")),
        (&["odd"], None, Ok("odd")),
        (&["odd", "driver"], Some("odd"), Ok("odd")),
        (&["a", "b"], None, Err("it has: a, b")),
        (&["driver"], Some("main"), Err("no container main")),
    ] {
        let containers: Vec<_> = containers.iter().map(|name| json!({ "name": name })).collect();
        let pod = object(json!({ "metadata": { "name": "job" }, "spec": { "containers": containers } }));
        let mut waiter = waiter();
        waiter.settings.container = wanted.map(str::to_owned);
        let effects = waiter.step(Event::Seen(vec![pod]));
        match (found, &effects[..]) {
            (Ok(name), [Effect::Say(text), ..]) => assert!(text.contains(&format!("container {name} ")), "{text}"),
            (Err(words), [Effect::End(Ending::Mistaken(text))]) => assert!(text.contains(words), "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_wait_has_an_end() {
    let mut waiter = waiter();
    assert_eq!(waiter.step(Event::Seen(vec![]))[1], Effect::Arm(Timer::Appear, Duration::from_secs(60)));
    assert_eq!(waiter.step(Event::Seen(vec![])), [], "the alarm is not put off");
    let effects = waiter.step(Event::Overdue(Timer::Appear));
    assert!(matches!(&effects[..], [Effect::End(Ending::Mistaken(_))]), "{effects:?}");

    let runs = || Event::Seen(vec![never(driver(json!({ "running": {} })))]);
    let (_, ending) = told([runs(), Event::Overdue(Timer::Appear), Event::Overdue(Timer::All)]);
    assert_eq!(ending, Some(Ending::Late("the pod was last seen as: Running: the driver runs".into())));
    assert_eq!(told([runs(), Event::Asked(15)]).1, Some(Ending::Stopped(15)));
}

#[test]
fn an_api_server_that_is_away_is_waited_for_with_patience() {
    let runs = || Event::Seen(vec![never(driver(json!({ "running": {} })))]);
    let away = || Event::Trouble("away".into());
    let mut waiter = waiter();
    waiter.step(runs());
    let first = [Effect::Warn("away".into()), Effect::Arm(Timer::Answer, Duration::from_secs(300))];
    assert_eq!(waiter.step(away()), first);
    assert_eq!(waiter.step(away()), [], "said once");
    assert_eq!(waiter.step(runs()), [Effect::Say("the API server answers again".into())]);
    assert_eq!(waiter.step(Event::Overdue(Timer::Answer)), [], "it came in time");
    assert_eq!(waiter.step(away()), first);
    assert_eq!(waiter.step(Event::Overdue(Timer::Answer)), [Effect::End(Ending::Unreachable("away".into()))]);
}

#[test]
fn a_refusal_is_believed_when_it_is_repeated() {
    let no = || Event::Refused("no".into());
    let runs = || Event::Seen(vec![never(driver(json!({ "running": {} })))]);
    assert_eq!(told([no(), no(), runs(), no(), no()]).1, None);
    assert_eq!(told([no(), no(), no()]).1, Some(Ending::Refused("no".into())));
}
