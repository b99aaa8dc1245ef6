use tokio::time::Instant;

use super::*;
use crate::sidecar::test_api::{Api, pod};

fn note(message: &str) -> Note {
    Note { reason: Reason::DriverFailed, is_warning: true, key: "end-1".into(), message: message.into() }
}

#[test]
fn an_event_is_about_the_pod_and_has_one_name_for_one_note() {
    let now = Timestamp::parse("2026-11-23T05:00:00Z").unwrap();
    let event = event(&pod(), &note("The driver exited with code 7."), now);
    assert_eq!(
        event,
        json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": { "name": "codriver-5f3c-6f6e-end-1", "namespace": "etl" },
            "involvedObject": { "apiVersion": "v1", "kind": "Pod", "namespace": "etl", "name": "daily-0",
                "uid": "5f3c-6f6e" },
            "type": "Warning", "reason": "DriverFailed", "message": "The driver exited with code 7.",
            "source": { "component": "codriver" }, "reportingComponent": "codriver", "reportingInstance": "daily-0",
            "firstTimestamp": "2026-11-23T05:00:00Z", "lastTimestamp": "2026-11-23T05:00:00Z", "count": 1,
        })
    );
}

#[test]
fn a_message_is_cut_at_a_kilobyte_between_characters() {
    for (message, bytes) in [("x".repeat(1024), 1024), ("x".repeat(1025), 1024), ("ä".repeat(2000), 1023)] {
        let cut = cut(&message);
        assert_eq!(cut.len(), bytes);
        assert_eq!(cut.ends_with('…'), cut != message);
    }
}

#[tokio::test(start_paused = true)]
async fn each_note_is_one_request_whatever_comes_of_it() {
    for (status, refused) in [(201, false), (409, false), (500, false), (403, true), (403, true)] {
        let api = Api::new(move |_| Some((status, "{}")));
        let events = Events::new(Some(api.client()), pod());
        events.tell(&note("ended")).await;
        assert_eq!(api.requests(), ["POST /api/v1/namespaces/etl/events"]);
        assert_eq!(events.refused.load(Ordering::Relaxed), refused, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_left_after_two_seconds() {
    let (started, api) = (Instant::now(), Api::new(|_| None));
    Events::new(Some(api.client()), pod()).tell(&note("ended")).await;
    assert_eq!(started.elapsed().as_secs(), DEADLINE.as_secs());
}
