//! An API server with objects in memory, reached over in-memory pipes: with the clock paused, everything happens in order
//! and nobody waits. It does what the real one does with the requests of a cleanup, and fails the test at any other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use codriver_kube::{Client, Config};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::answer::{Answer, Tail};
use crate::asked::Asked;
use crate::objects::{Stored, delete};

/// What goes wrong with a request.
#[derive(Clone, Copy)]
pub enum Fault {
    /// The right answer.
    None,
    /// This answer in place of the right one.
    Status(u16),
    /// 429, asking to come back after so many seconds.
    ComeBackIn(u32),
    /// It is carried out, and the answer breaks off in the middle.
    Cut,
    /// No answer, for ever.
    Silence,
}

#[derive(Default)]
struct State {
    objects: Vec<Stored>,
    /// Faults for the next requests of a verb and resource, such as `list pods`.
    faults: HashMap<&'static str, Vec<Fault>>,
    forbidden: Vec<&'static str>,
    down_until: Option<Instant>,
    requests: Vec<String>,
    problems: Vec<String>,
}

impl State {
    /// As a controller does with a pod of its own.
    fn make_anew(&mut self, pod: &Stored) {
        let owner = pod.owner.as_ref().map(|(_, uid)| uid);
        if self.objects.iter().any(|it| it.resource == "statefulsets" && Some(&it.uid) == owner && it.is_there()) {
            let (name, uid) = (format!("{}-again", pod.name), format!("{}-again", pod.uid));
            self.objects.push(Stored { name, uid, ..pod.clone() });
        }
    }
}

/// The server.
#[derive(Clone, Default)]
pub struct World(Arc<Mutex<State>>);

impl World {
    pub fn with(objects: impl IntoIterator<Item = Stored>) -> Self {
        let world = Self::default();
        world.state().objects.extend(objects);
        world
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The next requests of this verb and resource meet these faults, one each.
    pub fn faulty(self, what: &'static str, faults: &[Fault]) -> Self {
        self.state().faults.insert(what, faults.to_vec());
        self
    }

    pub fn forbidding(self, what: &'static str) -> Self {
        self.state().forbidden.push(what);
        self
    }

    /// Nobody listens until then.
    pub fn down_for(self, pause: Duration) -> Self {
        self.state().down_until = Some(Instant::now() + pause);
        self
    }

    pub fn client(&self) -> Client {
        let world = self.clone();
        Client::new(Config::over(move || {
            if world.state().down_until.is_some_and(|until| Instant::now() < until) {
                return Err(std::io::ErrorKind::ConnectionRefused.into());
            }
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            tokio::spawn(world.clone().serve(theirs));
            Ok(ours)
        }))
    }

    /// One connection, until it ends.
    pub async fn serve(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let service = service_fn(|request| self.answer(request));
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    /// What is there, or will be.
    pub fn names(&self) -> Vec<String> {
        let now = Instant::now();
        let state = self.state();
        state.objects.iter().filter(|it| it.until.is_none_or(|until| now < until)).map(|it| it.name.clone()).collect()
    }

    /// The verbs and resources of all requests so far, in order. Fails the test if one made no sense.
    pub fn requests(&self) -> Vec<String> {
        let state = self.state();
        assert_eq!(state.problems, [] as [&str; 0]);
        state.requests.clone()
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Answer>, std::io::Error> {
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let Some(asked) = Asked::read(&head, &body) else {
            let problem = format!("{} {} {body:?}", head.method, head.uri);
            self.state().problems.push(problem);
            return Ok(failure(418));
        };
        let what = format!("{} {}", asked.verb, asked.resource);
        let fault = {
            let mut state = self.state();
            state.requests.push(what.clone());
            if state.forbidden.contains(&what.as_str()) {
                return Ok(failure(403));
            }
            state.faults.get_mut(what.as_str()).filter(|faults| !faults.is_empty()).map(|faults| faults.remove(0))
        };
        match fault {
            Some(Fault::Status(code)) => return Ok(failure(code)),
            Some(Fault::ComeBackIn(seconds)) => {
                let mut response = failure(429);
                response.headers_mut().insert("retry-after", seconds.into());
                return Ok(response);
            }
            Some(Fault::Silence) => std::future::pending().await,
            Some(Fault::Cut | Fault::None) | None => {}
        }
        let (code, mut text) = self.carry_out(&asked);
        let tail = if matches!(fault, Some(Fault::Cut)) { Tail::Cut } else { Tail::End };
        if tail == Tail::Cut {
            text.truncate(text.len() / 2);
        }
        Ok(Response::builder().status(code).body(Answer::new(text, tail)).unwrap())
    }

    fn carry_out(&self, asked: &Asked) -> (u16, String) {
        let mut state = self.state();
        let mut selected: Vec<_> = state.objects.iter_mut().filter(|it| it.is_asked_for(asked)).collect();
        selected.sort_by(|one, other| one.name.cmp(&other.name));
        if let Some(name) = &asked.name {
            return match selected.first_mut() {
                None => (404, json!({ "message": format!("{name} not found") }).to_string()),
                Some(object) if asked.uid.as_ref() != Some(&object.uid) => (409, "{}".into()),
                Some(object) => {
                    delete(object, asked.grace);
                    (200, "{}".into())
                }
            };
        }
        let more = selected.len() > asked.limit;
        selected.truncate(asked.limit);
        let token = if more { selected.last().map_or(String::new(), |last| last.name.clone()) } else { String::new() };
        let items: Vec<_> = selected.iter().map(|object| object.json(asked.metadata_only)).collect();
        if asked.verb == "deletecollection" {
            let controlled: Vec<_> = selected.iter().map(|object| (**object).clone()).collect();
            selected.into_iter().for_each(|object| delete(object, asked.grace));
            controlled.iter().for_each(|object| state.make_anew(object));
        }
        (200, json!({ "kind": "List", "metadata": { "continue": token }, "items": items }).to_string())
    }
}

fn failure(code: u16) -> Response<Answer> {
    let text = json!({ "kind": "Status", "code": code, "message": format!("the server says {code}") }).to_string();
    Response::builder().status(code).body(Answer::new(text, Tail::End)).unwrap()
}
