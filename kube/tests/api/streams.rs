//! Answers that go on: watches and logs, over in-memory pipes with the clock paused.

use std::time::Duration;

use crate::requests::client;
use crate::server::{Script, Tail, on};
use codriver_kube::{Change, Collection, Error, Kind, Object, WATCH};
use tokio::time::Instant;

const JOB: Collection<'_> =
    Collection { kind: Kind::Pods, namespace: "etl", selector: "", fields: "metadata.name=job" };
const LIST: &str = "GET /api/v1/namespaces/etl/pods?fieldSelector=metadata.name%3Djob&limit=500";
const WATCH_FROM_7: &str = "GET /api/v1/namespaces/etl/pods?fieldSelector=metadata.name%3Djob&resourceVersion=7\
    &allowWatchBookmarks=true&timeoutSeconds=120&watch=true";
const LOG: &str = "GET /api/v1/namespaces/etl/pods/job/log?container=driver&follow=true&timestamps=true";

fn line(what: &str, name: &str, version: u32) -> String {
    format!(r#"{{"type":"{what}","object":{{"metadata":{{"name":"{name}","resourceVersion":"{version}"}}}}}}"#) + "\n"
}

fn name(change: Option<Change<Object>>) -> Option<(&'static str, String)> {
    Some(match change? {
        Change::Is(object) => ("is", object.metadata.name),
        Change::Gone(object) => ("gone", object.metadata.name),
    })
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_has_all_pages_and_the_version_to_go_on_from() {
    let second = format!("{LIST}&continue=more");
    let script = Script::new([
        on(LIST, r#"{"metadata":{"resourceVersion":"7","continue":"more"},"items":[{"metadata":{"name":"a"}}]}"#),
        on(&second, r#"{"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"b"}}]}"#),
    ]);
    let (mut names, client) = (Vec::new(), client(&script));
    let version = client.snapshot(&JOB, &mut |object: Object| names.push(object.metadata.name)).await;
    assert_eq!((version, names), (Ok("7".into()), vec!["a".into(), "b".into()]));
    script.was_played_on(1);
}

#[tokio::test(start_paused = true)]
async fn a_watch_hands_out_changes_and_remembers_the_last_version_bookmarks_too() {
    let body =
        line("ADDED", "a", 8) + &line("MODIFIED", "a", 9) + &line("BOOKMARK", "", 12) + &line("DELETED", "a", 13);
    let body = body + &line("BOOKMARK", "", 20);
    let script = Script::new([on(WATCH_FROM_7, &body)]);
    let client = client(&script);
    let mut watch = client.watch(&JOB, "7").await.unwrap();
    for (expected, version) in [("is", "8"), ("is", "9"), ("gone", "13")] {
        assert_eq!(name(watch.next().await.unwrap()), Some((expected, "a".into())));
        assert_eq!(watch.version(), Some(version));
    }
    assert_eq!(name(watch.next().await.unwrap()), None);
    assert_eq!(watch.version(), Some("20"));
    script.was_played_on(1);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_too_old_is_told_apart_however_the_server_says_it() {
    let status = r#"{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version: 7 (99)"}"#;
    let in_a_line = format!(r#"{{"type":"ERROR","object":{status}}}"#);
    let script = Script::new([on(WATCH_FROM_7, &in_a_line), on(WATCH_FROM_7, status).status(410)]);
    let client = client(&script);
    let error = client.watch(&JOB, "7").await.unwrap().next::<Object>().await.unwrap_err();
    assert!(matches!(&error, Error::Gone { message, .. } if message.starts_with("too old")), "{error:?}");
    assert!(matches!(client.watch(&JOB, "7").await, Err(Error::Gone { .. })));
    script.was_played_on(2);
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_breaks_off_or_falls_silent_or_is_rubbish_is_an_error() {
    let rubbish = "<html>\n".to_owned();
    for (body, tail, after, expected) in [
        (line("ADDED", "a", 8), Tail::Cut, Duration::ZERO, "broke off"),
        (line("ADDED", "a", 8), Tail::Silence, WATCH, "no more of the body"),
        (line("ADDED", "a", 8) + &rubbish, Tail::Silence, Duration::ZERO, "makes no sense"),
    ] {
        let script = Script::new([on(WATCH_FROM_7, &body).tail(tail)]);
        let (began, client) = (Instant::now(), client(&script));
        let mut watch = client.watch(&JOB, "7").await.unwrap();
        assert_eq!(name(watch.next().await.unwrap()), Some(("is", "a".into())));
        let error = watch.next::<Object>().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!((after..after + Duration::from_secs(11)).contains(&began.elapsed()), "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_without_an_end_is_never_gathered() {
    let script = Script::new([on(WATCH_FROM_7, "").tail(Tail::Flood)]);
    let error = client(&script).watch(&JOB, "7").await.unwrap().next::<Object>().await.unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_log_comes_line_by_line_long_lines_in_pieces_and_the_last_without_an_end() {
    let since = format!("{LOG}&sinceTime=2026-11-22T22%3A00%3A00Z");
    let script = Script::new([on(&since, "one\n\nlong line\n1234\nrest")]);
    let client = client(&script);
    let mut log = client.log("etl", "job", "driver", "2026-11-22T22:00:00Z", 4).await.unwrap();
    for expected in ["one", "", "long", " lin", "e", "1234", "rest"] {
        assert_eq!(log.next().await.unwrap().as_deref(), Some(expected.as_bytes()));
    }
    assert_eq!(log.next().await.unwrap(), None);
    script.was_played_on(1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_log_prints_the_rule_to_paste() {
    let script = Script::new([on(LOG, r#"{"message":"no"}"#).status(403)]);
    let error = client(&script).log("etl", "job", "driver", "", 4).await.unwrap_err().to_string();
    assert!(error.ends_with("resources: [\"pods/log\"]\n  verbs: [\"get\"]"), "{error}");
}
