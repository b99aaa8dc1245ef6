use tokio::time::timeout;

use super::*;
use crate::sidecar::test_api::{self, Api};

const EMPTY: &str = r#"{"kind":"PodList","metadata":{},"items":[]}"#;
const READY: &str = r#"{"items":[{"metadata":{"name":"e-1","uid":"u-1"},"status":{"phase":"Running",
    "conditions":[{"type":"Ready","status":"True"}]}}]}"#;
const CREATING: &str = r#"{"items":[{"metadata":{"name":"e-1","uid":"u-1"},"spec":{"nodeName":"n"},"status":{"phase":"Pending",
    "containerStatuses":[{"name":"executor","state":{"waiting":{"reason":"ContainerCreating"}}}]}}]}"#;
const MOUNT: &str = r#"{"items":[{"involvedObject":{"uid":"u-1"},"reason":"FailedMount",
    "message":"configmap \"none\" not found"}]}"#;
const QUOTA: &str = r#"{"kind":"Status","code":403,"message":"pods \"x\" is forbidden: exceeded quota: small"}"#;
const REFUSED: &str = r#"{"kind":"Status","code":403,"message":"events is forbidden: User \"d\" cannot list"}"#;

const LIST: &str = "GET /api/v1/namespaces/etl/pods";
const TRIAL: &str = "POST /api/v1/namespaces/etl/pods";
const EVENTS: &str = "GET /api/v1/namespaces/etl/events";
const TOLD: &str = "POST /api/v1/namespaces/etl/events";

/// An API server that lists these pods and events, and refuses the trial because of a quota.
fn api(pods: (u16, &'static str), events: (u16, &'static str)) -> Arc<Api> {
    Api::new(move |asked| match asked {
        LIST => Some(pods),
        TRIAL => Some((403, QUOTA)),
        EVENTS => Some(events),
        TOLD => Some((201, "{}")),
        _ => Some((404, "{}")),
    })
}

/// What the watch tells within some seconds.
async fn watched(api: &Arc<Api>, deadline: Option<u64>, seconds: u64) -> Option<Event> {
    told_after(api, 60, deadline, seconds).await
}

async fn told_after(api: &Arc<Api>, after: u64, deadline: Option<u64>, seconds: u64) -> Option<Event> {
    let volume = tempfile::tempdir().unwrap();
    let (client, pod) = (Some(api.client()), test_api::pod());
    let events = Arc::new(Events::new(client.clone(), pod.clone()));
    let (after, deadline) = (Duration::from_secs(after), deadline.map(Duration::from_secs));
    let watcher = Watcher { client, pod, volume: volume.path().to_owned(), after, deadline, events };
    let attempt = Attempt { number: 1, application_id: "spark-1".into(), since: now() };
    let (tell, mut told) = mpsc::channel(1);
    let _ = timeout(Duration::from_secs(seconds), watcher.watch(&attempt, tell)).await;
    told.try_recv().ok()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_before_an_executor_could_be_expected() {
    let api = api((200, EMPTY), (200, EMPTY));
    assert_eq!(watched(&api, None, 59).await, None);
    assert_eq!(api.requests(), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_executor_one_is_tried_and_the_refusal_is_told_once() {
    let api = api((200, EMPTY), (200, EMPTY));
    assert_eq!(watched(&api, None, 80).await, None);
    let look = [LIST, LIST, TRIAL];
    assert_eq!(api.requests(), [&look[..], &[TOLD], &look].concat());
    let (trial, told) = (&api.bodies()[2], &api.bodies()[3]);
    assert_eq!(trial["metadata"]["labels"]["spark-app-selector"], "spark-1");
    assert_eq!((&told["reason"], &told["type"]), (&"NoExecutors".into(), &"Warning".into()));
    assert_eq!(told["metadata"]["name"], "codriver-5f3c-6f6e-executors-1-quota");
    let message = told["message"].as_str().unwrap();
    let words = "No executor is ready: the API server refuses executors: the namespace's quota is used up: pods \"x\" is \
                 forbidden: exceeded quota: small. Hint: ask for fewer";
    assert!(message.starts_with(words), "{message}");
}

#[tokio::test(start_paused = true)]
async fn an_executor_that_stays_ready_ends_the_watch() {
    let api = api((200, READY), (200, EMPTY));
    assert_eq!(watched(&api, Some(60), 80).await, Some(Event::ExecutorsCame(1)));
    assert_eq!(api.requests(), [LIST, LIST]);
}

#[tokio::test(start_paused = true)]
async fn an_executor_that_is_being_made_is_explained_by_its_events() {
    let api = api((200, CREATING), (200, MOUNT));
    assert_eq!(watched(&api, None, 61).await, None);
    assert_eq!(api.requests(), [LIST, EVENTS, TOLD]);
    let message = api.bodies()[2]["message"].to_string();
    assert!(message.contains("a volume cannot be mounted (e-1): configmap"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn without_the_right_to_read_events_the_rest_is_told() {
    let api = api((200, CREATING), (403, REFUSED));
    assert_eq!(watched(&api, None, 61).await, None);
    assert!(api.bodies()[2]["message"].to_string().contains("still starting the pod"));
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_the_driver_is_given_up_with_the_reason() {
    let api = api((200, EMPTY), (200, EMPTY));
    let Some(Event::NoExecutors { attempt, why }) = watched(&api, Some(70), 71).await else { panic!("not given up") };
    assert_eq!(attempt, 1);
    let words =
        "no executor came within 70 s (CODRIVER_EXECUTORS_DEADLINE): the API server refuses executors: the namespace's";
    assert!(why.starts_with(words), "{why}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_before_the_first_look_tells_the_reason_too_and_without_looks_it_holds_all_the_same() {
    for (after, told) in [(60, &[TOLD][..]), (300, &[TOLD]), (0, &[])] {
        let api = api((200, EMPTY), (200, EMPTY));
        let Some(Event::NoExecutors { why, .. }) = told_after(&api, after, Some(60), 61).await else {
            panic!("not given up with {after}")
        };
        assert!(why.contains("quota is used up"), "{why}");
        assert_eq!(api.requests(), [&[LIST, LIST, TRIAL], told].concat(), "{after}");
    }
    let api = api((200, EMPTY), (200, EMPTY));
    assert_eq!(told_after(&api, 0, None, 3600).await, None);
    assert_eq!(api.requests(), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_is_away_gives_no_driver_up() {
    let api = api((500, "{}"), (500, "{}"));
    assert_eq!(watched(&api, Some(70), 600).await, None);
}
