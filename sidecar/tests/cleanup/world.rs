//! An API server with objects in memory, reached over in-memory pipes: with the clock paused, everything happens in order
//! and nobody waits. It does what the real one does with the requests of a cleanup, and fails the test at any other.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use codriver_kube::{Client, Config, Timestamp};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use crate::answer::{Answer, Tail};
use crate::asked::Asked;

pub const NAMESPACE: &str = "etl";
pub const DRIVER: &str = "u-driver";
/// On executors, by codriver-init.
pub const LABEL: &str = "codriver/driver-uid";
pub const APPLICATION: &str = "spark-1";

/// One stored object.
#[derive(Clone, Debug)]
pub struct Stored {
    pub resource: &'static str,
    pub name: String,
    namespace: String,
    uid: String,
    labels: BTreeMap<String, String>,
    /// Kind and uid.
    owner: Option<(&'static str, String)>,
    created: String,
    status: Value,
    /// It is not there before.
    from: Instant,
    /// Once deleted, it stays for this long.
    lingers: Duration,
    /// Deleted, and gone from then on.
    until: Option<Instant>,
}

impl Stored {
    fn new(resource: &'static str, name: String, application_id: &str) -> Self {
        Self {
            resource,
            namespace: NAMESPACE.into(),
            uid: format!("u-{resource}-{name}"),
            name,
            labels: BTreeMap::from([("spark-app-selector".to_owned(), application_id.to_owned())]),
            owner: Some(("Pod", DRIVER.into())),
            created: "2026-11-22T22:00:00Z".into(),
            status: json!({}),
            from: Instant::now(),
            lingers: Duration::ZERO,
            until: None,
        }
        .with_label("spark-role", "executor")
    }

    pub fn with_label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Of another driver's pod.
    pub fn owned_by(self, uid: &str) -> Self {
        self.owned_by_a("Pod", uid)
    }

    /// What a driver's pod owns bears its label, when it is an executor.
    pub fn owned_by_a(mut self, kind: &'static str, uid: &str) -> Self {
        if kind == "Pod" && self.resource == "pods" {
            self.labels.insert(LABEL.into(), uid.into());
        }
        Self { owner: Some((kind, uid.to_owned())), ..self }
    }

    pub fn without_owner(self) -> Self {
        Self { owner: None, ..self }.without_label(LABEL)
    }

    pub fn in_namespace(self, namespace: &str) -> Self {
        Self { namespace: namespace.into(), ..self }
    }

    pub fn without_label(mut self, name: &str) -> Self {
        self.labels.remove(name);
        self
    }

    pub fn with_uid(self, uid: &str) -> Self {
        Self { uid: uid.into(), ..self }
    }

    pub fn created(self, at: &str) -> Self {
        Self { created: at.to_owned(), ..self }
    }

    pub fn arrives_after(self, pause: Duration) -> Self {
        Self { from: Instant::now() + pause, ..self }
    }

    /// Once deleted it stays for this long, whatever the grace period: a claim in use, a node that does not answer.
    pub fn lingers(self, pause: Duration) -> Self {
        Self { lingers: pause, ..self }
    }

    pub fn with_status(self, status: Value) -> Self {
        Self { status, ..self }
    }

    fn phase(&self) -> &str {
        self.status["phase"].as_str().unwrap_or("Running")
    }

    fn is_there(&self) -> bool {
        let now = Instant::now();
        self.from <= now && self.until.is_none_or(|until| now < until)
    }

    fn is_asked_for(&self, asked: &Asked) -> bool {
        self.is_there()
            && self.resource == asked.resource
            && asked.namespace.as_ref().is_none_or(|namespace| self.namespace == *namespace)
            && asked.phases.iter().all(|(is, phase)| *is == (self.phase() == phase))
            && asked.name.as_ref().is_none_or(|name| self.name == *name)
            && self.name > asked.after
            && asked.without.iter().all(|(name, value)| self.labels.get(name) != Some(value))
            && asked.labels.iter().all(|(name, value)| match (self.labels.get(name), value) {
                (Some(found), Some(value)) => found == value,
                (found, _) => found.is_some(),
            })
    }

    fn json(&self, metadata_only: bool) -> Value {
        let mut metadata = json!({ "name": self.name, "namespace": self.namespace, "uid": self.uid, "labels": self.labels,
            "creationTimestamp": self.created,
            "managedFields": [{ "manager": "okhttp", "fieldsV1": { "f:metadata": { "}{][\"": {} } } }] });
        if let Some((kind, uid)) = &self.owner {
            metadata["ownerReferences"] = json!([{ "kind": kind, "name": "o", "uid": uid }]);
        }
        if self.until.is_some() {
            metadata["deletionTimestamp"] = json!("2026-11-22T22:00:11Z");
        }
        let mut object = json!({ "metadata": metadata });
        if !metadata_only {
            object["spec"] = json!({});
            object["status"] = self.status.clone();
        }
        object
    }
}

pub fn executors(application_id: &str, count: usize) -> Vec<Stored> {
    let name = |number| format!("{application_id}-exec-{number:05}");
    (0..count).map(|number| executor(application_id, &name(number))).collect()
}

pub fn executor(application_id: &str, name: &str) -> Stored {
    Stored::new("pods", name.to_owned(), application_id).with_label(LABEL, DRIVER)
}

/// A pod that is no executor, and bears no label.
pub fn pod(name: &str, uid: &str, phase: &str) -> Stored {
    Stored { labels: BTreeMap::new(), ..Stored::new("pods", name.to_owned(), "") }
        .with_uid(uid)
        .without_owner()
        .with_status(json!({ "phase": phase }))
}

/// Controllers bear no label.
pub fn controller(resource: &'static str, name: &str) -> Stored {
    Stored { labels: BTreeMap::new(), ..Stored::new(resource, name.to_owned(), "") }
}

pub fn config_map(application_id: &str) -> Stored {
    Stored::new("configmaps", format!("spark-exec-{application_id}-conf-map"), application_id)
}

/// Spark puts no role on claims.
pub fn claim(application_id: &str, name: &str) -> Stored {
    let mut claim = Stored::new("persistentvolumeclaims", name.to_owned(), application_id);
    claim.labels.remove("spark-role");
    claim
}

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

/// As the real server does: at once with a grace of 0, unless something holds the object.
fn delete(object: &mut Stored, grace: u64) {
    let grace = if object.resource == "pods" { Duration::from_secs(grace) } else { Duration::ZERO };
    object.until = object.until.or(Some(Instant::now() + grace.max(object.lingers)));
}

fn failure(code: u16) -> Response<Answer> {
    let text = json!({ "kind": "Status", "code": code, "message": format!("the server says {code}") }).to_string();
    Response::builder().status(code).body(Answer::new(text, Tail::End)).unwrap()
}

/// The moment at which the driver ended, in the time of the objects.
pub fn ended_at() -> Timestamp {
    Timestamp::parse("2026-11-22T22:00:10Z").unwrap()
}
