//! `codriver wait` as a real process, against an API server that breaks off, forgets, refuses and goes away.

#![allow(clippy::unwrap_used, reason = "clippy knows only test functions as tests, not what they call")]

#[path = "../shared/answer.rs"]
mod answer;
mod api;
#[path = "../shared/cluster.rs"]
mod cluster;
#[path = "../shared/role.rs"]
mod role;

use std::process::Stdio;

use answer::Tail;
use api::{Api, Route};
use cluster::{Cluster, said};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

async fn cluster_of(api: &Api) -> Cluster {
    let api = api.clone();
    Cluster::serving("etl", move |stream| api.clone().serve(stream)).await
}

/// A driver's pod at this version; its proxy outlives the driver.
fn pod(version: u32, driver: &Value) -> Value {
    json!({
        "metadata": { "name": "job", "uid": "u-1", "resourceVersion": version.to_string() },
        "spec": { "restartPolicy": "Never", "containers": [{ "name": "spark-kubernetes-driver" }, { "name": "proxy" }] },
        "status": { "phase": "Running", "containerStatuses": [
            { "name": "spark-kubernetes-driver", "state": driver }, { "name": "proxy", "state": { "running": {} } }] },
    })
}

fn runs() -> Value {
    json!({ "running": {} })
}

fn ended(code: u8) -> Value {
    json!({ "terminated": { "exitCode": code, "reason": "Error" } })
}

fn list(version: u32, pods: &[Value]) -> (u16, String, Tail) {
    let body = json!({ "metadata": { "resourceVersion": version.to_string() }, "items": pods });
    (200, body.to_string(), Tail::End)
}

fn change(tail: Tail, object: &Value) -> (u16, String, Tail) {
    (200, json!({ "type": "MODIFIED", "object": object }).to_string() + "\n", tail)
}

fn waits(cluster: &Cluster, arguments: &[&str]) -> tokio::process::Command {
    let mut command = cluster.codriver(&[&["wait"], arguments].concat());
    // Whatever goes wrong, the test ends. A flag wins over it.
    command.env("CODRIVER_WAIT_TIMEOUT", "60");
    command
}

#[tokio::test]
async fn a_driver_is_followed_through_breaks_and_forgotten_versions_to_its_own_code() {
    let expired = json!({ "type": "ERROR", "object": { "kind": "Status", "code": 410, "message": "too old" } });
    let api =
        Api::default().on(Route::List, [list(1, &[]), list(5, &[pod(4, &runs())]), list(9, &[pod(9, &runs())])]).on(
            Route::Watch,
            [
                change(Tail::Cut, &pod(3, &runs())),
                (200, expired.to_string(), Tail::End),
                (200, String::new(), Tail::End),
                change(Tail::Silence, &pod(10, &ended(7))),
            ],
        );
    let output = waits(&cluster_of(&api).await, &["job"]).output().await.unwrap();
    let (_, log, code) = said(&output);
    assert_eq!(code, Some(7), "{log}");
    let last = log.lines().last().unwrap();
    assert!(last.contains(r#""code":7,"whose":"driver""#), "{last}");
    let asked = api.asked();
    let version = |target: &String| {
        assert!(target.contains("fieldSelector=metadata.name%3Djob"), "{target}");
        target.split_once("resourceVersion=").map(|(_, rest)| rest.split('&').next().unwrap().to_owned())
    };
    let versions: Vec<_> = asked.iter().map(version).collect();
    let watched = |version: &str| Some(version.to_owned());
    let expected = [None, watched("1"), None, watched("5"), None, watched("9"), watched("9")];
    assert_eq!(versions, expected, "lists have no version; a watch that ended well is gone on with");
}

#[tokio::test]
async fn the_log_is_shown_without_a_line_lost_or_doubled() {
    let first = "2026-11-22T22:00:01.5Z one\n2026-11-22T22:00:02.25Z two\n2026-11-22T22:00:02.25Z two\n";
    let again = "2026-11-22T22:00:02.25Z two\n2026-11-22T22:00:02.25Z two\n2026-11-22T22:00:02.25Z three\n\
                 2026-11-22T22:00:02.5Z last";
    let api = Api::default()
        .on(Route::List, [list(1, &[pod(1, &runs())])])
        .on(Route::Watch, [(200, String::new(), Tail::End), change(Tail::Silence, &pod(2, &ended(0)))])
        .on(Route::Log, [(200, first.into(), Tail::Cut), (200, again.into(), Tail::End)]);
    let selector = "spark-role=driver";
    let output = waits(&cluster_of(&api).await, &["--selector", selector, "--follow-log"]).output().await.unwrap();
    let (text, log, code) = said(&output);
    assert_eq!((text.as_str(), code), ("one\ntwo\ntwo\nthree\nlast\n", Some(0)), "{log}");
    let asked = api.asked();
    assert!(asked[0].contains("labelSelector=spark-role%3Ddriver"), "{asked:?}");
    assert!(asked.iter().any(|target| target.ends_with("sinceTime=2026-11-22T22%3A00%3A02Z")), "{asked:?}");
}

#[tokio::test]
async fn the_role_in_the_documentation_allows_what_a_wait_asks_and_no_more() {
    let api = Api::default()
        .on(Route::List, [list(1, &[pod(1, &runs())])])
        .on(Route::Watch, [change(Tail::Silence, &pod(2, &ended(0)))])
        .on(Route::Log, [(200, "2026-11-22T22:00:01.5Z one\n".into(), Tail::End)]);
    let output = waits(&cluster_of(&api).await, &["job", "--follow-log"]).output().await.unwrap();
    assert_eq!(said(&output).2, Some(0), "{output:?}");
    let right = |target: &String| match target.split_once('?').map_or((target.as_str(), ""), |parts| parts) {
        (path, _) if path.ends_with("/log") => "get pods/log",
        (_, query) if query.contains("watch=true") => "watch pods",
        _ => "list pods",
    };
    let mut asked: Vec<_> = api.asked().iter().map(right).collect();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(asked, role::rights(include_str!("../../../docs/wait.md")));
}

#[tokio::test]
async fn each_failure_has_its_code_and_its_words() {
    let forbidden = || (403, r#"{"message":"pods is forbidden"}"#.to_owned(), Tail::End);
    let silence = || (200, String::new(), Tail::Silence);
    let lost = json!({ "metadata": { "name": "job" }, "spec": { "containers": [{ "name": "driver" }] },
        "status": { "phase": "Failed", "reason": "Evicted", "message": "low on memory" } });
    for (api, arguments, expected, words) in [
        (Api::default(), &["job", "--patience", "0"][..], 69, "the connection broke off"),
        (Api::default().on(Route::List, [list(1, &[lost])]), &["job"], 75, "Evicted: low on memory"),
        (Api::default().on(Route::List, [forbidden()]), &["job"], 77, r#"resources: [\"pods\"]"#),
        (
            Api::default().on(Route::List, [list(1, &[])]).on(Route::Watch, [silence()]),
            &["job", "--for-pod", "0"],
            78,
            "no such pod came",
        ),
        (
            Api::default().on(Route::List, [list(1, &[pod(1, &runs())])]).on(Route::Watch, [silence()]),
            &["job", "--timeout", "1"],
            124,
            "the driver runs",
        ),
    ] {
        let (_, log, code) = said(&waits(&cluster_of(&api).await, arguments).output().await.unwrap());
        assert_eq!(code, Some(expected), "{log}");
        let last = log.lines().last().unwrap();
        assert!(last.contains(words) && last.contains(&format!(r#""code":{expected},"whose":"codriver""#)), "{last}");
    }
}

#[tokio::test]
async fn settings_that_are_wrong_are_told_together() {
    let cluster = cluster_of(&Api::default()).await;
    for arguments in [&[][..], &["job", "--selector", "a=b"]] {
        let (_, _, code) = said(&waits(&cluster, arguments).output().await.unwrap());
        assert_eq!(code, Some(78), "{arguments:?}");
    }
    let mut outside = waits(&cluster, &["job"]);
    outside.env("CODRIVER_SERVICE_ACCOUNT_DIR", "/nonexistent");
    let (_, log, code) = said(&outside.output().await.unwrap());
    assert_eq!(code, Some(78));
    assert!(log.contains("/nonexistent/token") && log.contains("--namespace"), "{log}");
}

#[tokio::test]
async fn asked_to_end_it_ends_and_leaves_the_driver_alone() {
    for (signal, code) in [(Signal::SIGTERM, 143), (Signal::SIGINT, 130)] {
        let api = Api::default()
            .on(Route::List, [list(1, &[pod(1, &runs())])])
            .on(Route::Watch, [(200, String::new(), Tail::Silence)]);
        let cluster = cluster_of(&api).await;
        let mut child = waits(&cluster, &["job"]).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        while !lines.next_line().await.unwrap().unwrap().contains("the driver runs") {}
        kill(Pid::from_raw(child.id().unwrap().cast_signed()), signal).unwrap();
        assert_eq!(child.wait().await.unwrap().code(), Some(code));
        assert!(api.asked().iter().all(|target| target.starts_with("/api/v1/namespaces/etl/pods?")));
    }
}
