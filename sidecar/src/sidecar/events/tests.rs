use std::sync::Mutex;

use codriver_kube::Config;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::*;

fn pod() -> Pod {
    Pod { namespace: "etl".into(), name: "daily-0".into(), uid: "5f3c-6f6e".into(), container: "driver".into() }
}

fn note(message: &str) -> Note {
    Note { reason: Reason::DriverFailed, is_warning: true, key: "end-1".into(), message: message.into() }
}

/// An API server that answers each request with the next of these statuses, and then never.
struct Server {
    statuses: Mutex<Vec<u16>>,
    bodies: Mutex<Vec<Value>>,
}

impl Server {
    fn answering(statuses: &[u16]) -> Arc<Self> {
        let statuses = statuses.iter().rev().copied().collect();
        Arc::new(Self { statuses: Mutex::new(statuses), bodies: Mutex::default() })
    }

    fn events(self: &Arc<Self>) -> Events {
        let server = Arc::clone(self);
        let open = move || {
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                let service = service_fn(|request| server.answer(request));
                let connection = hyper::server::conn::http1::Builder::new();
                let _ = connection.serve_connection(TokioIo::new(theirs), service).await;
            });
            Ok(ours)
        };
        Events::new(Some(Arc::new(Client::new(Config::over(open)))), pod())
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
        assert_eq!(request.uri(), "/api/v1/namespaces/etl/events");
        let body = request.into_body().collect().await?.to_bytes();
        self.bodies.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        let status = self.statuses.lock().unwrap().pop();
        let Some(status) = status else { std::future::pending().await };
        Ok(Response::builder().status(status).body(Full::from("{}")).unwrap())
    }
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
    let server = Server::answering(&[201, 409, 403, 403, 500]);
    let events = server.events();
    for _ in 0..5 {
        events.tell(&note("ended")).await;
    }
    assert_eq!(server.bodies.lock().unwrap().len(), 5);
    assert!(events.refused.load(Ordering::Relaxed));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_left_after_two_seconds() {
    let started = Instant::now();
    Server::answering(&[]).events().tell(&note("ended")).await;
    assert_eq!(started.elapsed().as_secs(), DEADLINE.as_secs());
}
