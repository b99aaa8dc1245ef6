//! What the client sends and what it makes of answers, over in-memory pipes: the clock is paused, so each deadline is
//! met to the millisecond and nobody waits for it.

use std::time::Duration;

use crate::server::{Script, Step, Tail, on};
use codriver_kube::{Client, Collection, Config, Deadlines, Error, Kind, Object, View};
use tokio::time::Instant;

const PODS: Collection<'_> = Collection {
    kind: Kind::Pods,
    namespace: "etl",
    selector: "spark-role=executor,spark-app-selector=spark-1",
    fields: "",
};
const LIST: &str =
    "GET /api/v1/namespaces/etl/pods?labelSelector=spark-role%3Dexecutor%2Cspark-app-selector%3Dspark-1&limit=500";
const DELETE_ALL: &str =
    "DELETE /api/v1/namespaces/etl/pods?labelSelector=spark-role%3Dexecutor%2Cspark-app-selector%3Dspark-1&limit=500";
const REVIEW: &str = "POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
const GET_POD: &str = "GET /api/v1/namespaces/etl/pods/job";

pub fn client(script: &Script) -> Client {
    let script = script.clone();
    Client::new(Config::over(move || {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let script = script.clone();
        tokio::spawn(async move { script.serve(theirs).await });
        Ok(ours)
    }))
}

async fn list(client: &Client, page: Option<&str>) -> (Vec<String>, Result<Option<String>, Error>) {
    let mut names = Vec::new();
    let next = client.list_metadata(&PODS, page, &mut |object: Object| names.push(object.metadata.name)).await;
    (names, next)
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_page_by_page() {
    let second = format!("{LIST}&continue=to%2Fken%3D");
    let script = Script::new([
        on(
            LIST,
            r#"{"metadata":{"continue":"to/ken="},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}"#,
        ),
        on(&second, r#"{"items":[{"metadata":{"name":"c"}}],"metadata":{"continue":""}}"#),
    ]);
    let client = client(&script);
    assert_eq!(list(&client, None).await, (vec!["a".into(), "b".into()], Ok(Some("to/ken=".into()))));
    assert_eq!(list(&client, Some("to/ken=")).await, (vec!["c".into()], Ok(None)));
    script.was_played_on(1);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_of_many_says_grace_and_limit_and_hands_out_what_it_found() {
    let options =
        r#"{"apiVersion":"v1","gracePeriodSeconds":0,"kind":"DeleteOptions","propagationPolicy":"Background"}"#;
    let answer = r#"{"kind":"PodList","metadata":{},"items":[{"metadata":{"name":"e-1"},"status":{"phase":"Failed",
        "containerStatuses":[{"name":"x","state":{"terminated":{"exitCode":52,"reason":"Error"}}}]}}]}"#;
    let script = Script::new([on(DELETE_ALL, answer).with_sent(options)]);
    let mut found = Vec::new();
    let next = client(&script).delete_collection(&PODS, View::Full, Some(0), None, &mut |pod| found.push(pod)).await;
    assert_eq!(next, Ok(None));
    assert_eq!((found.len(), found[0].status.phase.as_deref()), (1, Some("Failed")));
    assert_eq!(found[0].status.container("x").unwrap().state.terminated.as_ref().unwrap().exit_code, 52);
    script.was_played_on(1);
}

#[tokio::test(start_paused = true)]
async fn one_object_is_deleted_only_if_it_is_the_one_that_was_meant() {
    let options =
        r#"{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u-1"},"propagationPolicy":"Background"}"#;
    let target = "DELETE /api/v1/namespaces/etl/configmaps/c";
    let refusal = r#"{"kind":"Status","message":"the UID in the precondition (u-1) does not match"}"#;
    let script = Script::new([on(target, "{}").with_sent(options), on(target, refusal).status(409)]);
    let client = client(&script);
    assert_eq!(client.delete(Kind::ConfigMaps, "etl", "c", "u-1", None).await, Ok(()));
    let error = client.delete(Kind::ConfigMaps, "etl", "c", "u-1", None).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }) && error.to_string().contains("does not match"), "{error}");
    script.was_played_on(1);
}

#[tokio::test(start_paused = true)]
async fn what_one_may_do_is_asked_with_one_review() {
    let question =
        r#"{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectRulesReview","spec":{"namespace":"etl"}}"#;
    let answer = r#"{"kind":"SelfSubjectRulesReview","metadata":{},"spec":{},"status":{"incomplete":false,
        "resourceRules":[{"verbs":["list"],"apiGroups":[""],"resources":["pods"]}],"nonResourceRules":[]}}"#;
    let forbidden = r#"{"kind":"Status","message":"selfsubjectrulesreviews is forbidden"}"#;
    let script = Script::new([
        on(REVIEW, answer).status(201).with_sent(question),
        on(REVIEW, forbidden).status(403),
        on(REVIEW, "{}").status(201),
        on(REVIEW, "[").tail(Tail::Flood),
    ]);
    let client = client(&script);
    let rules = client.self_subject_rules("etl").await.unwrap();
    assert!(rules.allows("", "pods", "list") && !rules.allows("", "pods", "create") && !rules.incomplete);
    let error = client.self_subject_rules("etl").await.unwrap_err().to_string();
    assert!(error.starts_with("cannot create selfsubjectrulesreviews in namespace etl: forbidden"), "{error}");
    assert!(error.contains("- apiGroups: [\"authorization.k8s.io\"]"), "{error}");
    for _ in ["no status", "no end"] {
        let error = client.self_subject_rules("etl").await.unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_success_keeps_the_connection() {
    let script = Script::new([
        on(LIST, r#"{"message":"too many requests"}"#).status(429).header("retry-after", "7"),
        on(LIST, r#"{"message":"The provided continue parameter is too old"}"#).status(410),
        on(LIST, "upstream failed").status(503),
        on(LIST, r#"{"items":[]}"#),
    ]);
    let client = client(&script);
    let throttled = list(&client, None).await.1.unwrap_err();
    assert!(
        matches!(&throttled, Error::Throttled { retry_after: Some(after), .. } if after.as_secs() == 7),
        "{throttled}"
    );
    let gone = list(&client, None).await.1.unwrap_err();
    assert!(matches!(gone, Error::Gone { .. }), "{gone}");
    let failed = list(&client, None).await.1.unwrap_err();
    assert_eq!(failed.to_string(), "cannot list pods in namespace etl: the API server answered 503: upstream failed");
    assert_eq!(list(&client, None).await, (vec![], Ok(None)));
    script.was_played_on(1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_cut_hands_out_what_came_and_the_next_request_connects_anew() {
    let half = r#"{"metadata":{},"items":[{"metadata":{"name":"a"}},{"metadata":{"na"#;
    let script = Script::new([on(LIST, half).tail(Tail::Cut), on(LIST, r#"{"items":[]}"#)]);
    let client = client(&script);
    let (names, result) = list(&client, None).await;
    assert_eq!(names, ["a"]);
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Cut { .. }) && error.is_transient(), "{error}");
    assert_eq!(list(&client, None).await, (vec![], Ok(None)));
    script.was_played_on(2);
}

#[tokio::test(start_paused = true)]
async fn rubbish_is_named_and_never_fills_the_memory() {
    let endless = on(GET_POD, "{").tail(Tail::Flood);
    let html = on(LIST, "<html>");
    let truncated = on(LIST, r#"{"items":["#);
    let wrong_type = on(LIST, r#"{"items":[{"metadata":{"creationTimestamp":"yesterday"}}]}"#);
    let failure = on(LIST, "").status(500).tail(Tail::Flood);
    let script = Script::new([endless, html, truncated, wrong_type, failure]);
    let client = client(&script);
    let error = client.pod("etl", "job").await.unwrap_err();
    assert!(matches!(error, Error::Malformed { .. }), "{error}");
    for cause in ["'<' was not expected there", "it ends in the middle", "\"yesterday\" is not a time in RFC 3339"] {
        let error = list(&client, None).await.1.unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }) && error.to_string().contains(cause), "{error}");
        assert!(!error.is_transient());
    }
    let error = list(&client, None).await.1.unwrap_err();
    assert!(matches!(error, Error::Server { code: 500, .. }), "{error}");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_in_the_deadline_that_the_error_names() {
    let deadlines = Deadlines::default();
    let drip = Tail::Drip(deadlines.idle / 2);
    let begun = r#"{"items":["#;
    let table: [(Step, &str, Duration); 4] = [
        (on(LIST, "").tail(Tail::Silence), "no answer within 10 s", deadlines.answer),
        (on(LIST, begun).tail(Tail::Silence), "no more of the body within 10 s", deadlines.idle),
        (on(LIST, begun).tail(drip), "no end of the body within 62 s", deadlines.body),
        (on(LIST, begun).status(403).tail(Tail::Silence), "forbidden", deadlines.idle),
    ];
    for (step, words, deadline) in table {
        let script = Script::new([step]);
        let started = Instant::now();
        let error = list(&client(&script), None).await.1.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(started.elapsed().as_secs(), deadline.as_secs(), "{words}");
        script.was_played_on(1);
    }
    let script = Script::new([on(DELETE_ALL, "").tail(Tail::Silence)]);
    let started = Instant::now();
    let deleted = client(&script).delete_collection(&PODS, View::Metadata, None, None, &mut |_| {}).await;
    assert!(matches!(deleted, Err(Error::TimedOut { what: "answer", .. })), "{deleted:?}");
    assert_eq!(started.elapsed().as_secs(), deadlines.deletion.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_rested_for_long_is_not_trusted_again() {
    let script = Script::new([on(GET_POD, "{}"), on(GET_POD, "{}"), on(GET_POD, "{}")]);
    let client = client(&script);
    client.pod("etl", "job").await.unwrap();
    tokio::time::advance(Duration::from_secs(29)).await;
    client.pod("etl", "job").await.unwrap();
    tokio::time::advance(Duration::from_secs(31)).await;
    client.pod("etl", "job").await.unwrap();
    script.was_played_on(2);
}

#[tokio::test(start_paused = true)]
async fn an_object_is_made_or_only_tried() {
    let body = serde_json::json!({ "kind": "Event", "metadata": { "name": "job.1" } });
    let path = "POST /api/v1/namespaces/etl/events";
    let tried = "POST /api/v1/namespaces/etl/pods?dryRun=All";
    let refusal = r#"{"kind":"Status","message":"exceeded quota: small"}"#;
    let script = Script::new([
        on(path, "{}").with_sent(r#"{"kind":"Event","metadata":{"name":"job.1"}}"#),
        on(path, r#"{"message":"it is there"}"#).status(409),
        on(tried, refusal).status(403),
    ]);
    let client = client(&script);
    assert_eq!(client.create(Kind::Events, "etl", &body, false).await, Ok(()));
    let again = client.create(Kind::Events, "etl", &body, false).await.unwrap_err();
    assert!(matches!(again, Error::Conflict { .. }), "{again}");
    let refused = client.create(Kind::Pods, "etl", &body, true).await.unwrap_err();
    assert!(refused.to_string().contains("exceeded quota: small"), "{refused}");
    script.was_played_on(1);
}

#[tokio::test(start_paused = true)]
async fn a_list_may_be_of_all_namespaces_and_narrowed_by_fields() {
    let target = "GET /api/v1/events?fieldSelector=involvedObject.uid%3Du-1&limit=500";
    let script = Script::new([on(target, r#"{"metadata":{},"items":[{"reason":"FailedMount"},{"reason":"Pulled"}]}"#)]);
    let of = Collection { kind: Kind::Events, namespace: "", selector: "", fields: "involvedObject.uid=u-1" };
    let mut reasons = Vec::new();
    let mut each = |event: serde_json::Value| reasons.push(event["reason"].as_str().unwrap_or_default().to_owned());
    assert_eq!(client(&script).list(&of, View::Full, None, &mut each).await, Ok(None));
    assert_eq!(reasons, ["FailedMount", "Pulled"]);
    script.was_played_on(1);
}

#[tokio::test(start_paused = true)]
async fn failures_are_counted_and_answers_are_not() {
    let begun = r#"{"metadata":{"name":"jo"#;
    let script = Script::new([
        on(GET_POD, "{}"),
        on(GET_POD, "{}").status(404),
        on(GET_POD, "{}").status(409),
        on(GET_POD, "{}").status(410),
        on(GET_POD, "{}").status(403),
        on(GET_POD, "{}").status(500),
        on(GET_POD, begun).tail(Tail::Cut),
    ]);
    let client = client(&script);
    for failures in [0, 0, 0, 0, 1, 2, 3] {
        let _ = client.pod("etl", "job").await;
        assert_eq!(client.failures(), failures);
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_hang_up_the_next_request_opens_a_connection_of_its_own() {
    let script = Script::new([on(GET_POD, "{}"), on(GET_POD, "{}"), on(GET_POD, "{}")]);
    let client = client(&script);
    client.pod("etl", "job").await.unwrap();
    client.pod("etl", "job").await.unwrap();
    client.hang_up();
    client.pod("etl", "job").await.unwrap();
    script.was_played_on(2);
}
