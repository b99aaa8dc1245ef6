//! An API server that follows a script: it says what requests must come, in order, and how each is answered. Anything
//! else that arrives fails the test, and so does a request that never comes.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;

/// One request that must come, and its answer.
pub struct Step {
    request: String,
    bearer: Option<&'static str>,
    sent: Option<&'static str>,
    status: u16,
    header: Option<(&'static str, &'static str)>,
    body: String,
    tail: Tail,
    before: Option<Box<dyn FnOnce() + Send>>,
}

/// How an answer's body goes on after its text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    End,
    /// The connection breaks off.
    Cut,
    /// Nothing comes any more.
    Silence,
    /// A space every few seconds, for ever.
    Drip(Duration),
    /// Spaces without end, as fast as they are read.
    Flood,
    /// It ends well, and then the connection is closed without a word.
    EndAndHangUp,
}

/// This request must come, such as `GET /api/v1/…`; it is answered with 200 and this body.
pub fn on(request: &str, body: &str) -> Step {
    let (request, body) = (request.to_owned(), body.to_owned());
    Step { request, bearer: None, sent: None, status: 200, header: None, body, tail: Tail::End, before: None }
}

impl Step {
    pub fn with_bearer(self, token: &'static str) -> Self {
        Self { bearer: Some(token), ..self }
    }

    /// The request must have this body.
    pub fn with_sent(self, body: &'static str) -> Self {
        Self { sent: Some(body), ..self }
    }

    /// The answer has this status in place of 200.
    pub fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub fn header(self, name: &'static str, value: &'static str) -> Self {
        Self { header: Some((name, value)), ..self }
    }

    pub fn tail(self, tail: Tail) -> Self {
        Self { tail, ..self }
    }

    /// Something that happens between the request and its answer.
    pub fn before(self, act: impl FnOnce() + Send + 'static) -> Self {
        Self { before: Some(Box::new(act)), ..self }
    }
}

#[derive(Default)]
struct State {
    script: VecDeque<Step>,
    problems: Vec<String>,
    connections: usize,
}

/// The script and what came of it; cloned into each connection.
#[derive(Clone, Default)]
pub struct Script(Arc<Mutex<State>>);

impl Script {
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        let script = Self::default();
        script.0.lock().unwrap().script.extend(steps);
        script
    }

    /// Serves one connection until it ends.
    pub async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        self.0.lock().unwrap().connections += 1;
        let hang_up = Notify::new();
        let service = service_fn(|request| self.answer(request, &hang_up));
        let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        tokio::select! {
            _ = &mut connection => {}
            () = hang_up.notified() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }

    async fn answer(&self, request: Request<Incoming>, hang_up: &Notify) -> Result<Response<Answer>, std::io::Error> {
        let came = format!("{} {}", request.method(), request.uri());
        let bearer = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
        let sent = request.into_body().collect().await.unwrap().to_bytes();
        let Some(step) = self.0.lock().unwrap().script.pop_front() else {
            return self.refuse(format!("{came} came after the end of the script"));
        };
        if step.request != came {
            return self.refuse(format!("{came} came in place of {}", step.request));
        }
        if step.bearer.is_some_and(|token| bearer != Some(format!("Bearer {token}"))) {
            return self.refuse(format!("{came} came with {bearer:?} in place of {:?}", step.bearer));
        }
        if step.sent.is_some_and(|body| body.as_bytes() != sent) {
            return self.refuse(format!("{came} came with the body {sent:?}"));
        }
        if let Some(act) = step.before {
            act();
        }
        if step.tail == Tail::Silence && step.body.is_empty() {
            std::future::pending::<()>().await;
        }
        if step.tail == Tail::EndAndHangUp {
            hang_up.notify_one();
        }
        let mut response = Response::builder().status(step.status);
        if let Some((name, value)) = step.header {
            response = response.header(name, value);
        }
        Ok(response.body(Answer { text: Some(step.body), tail: step.tail, next: None }).unwrap())
    }

    fn refuse(&self, problem: String) -> Result<Response<Answer>, std::io::Error> {
        self.0.lock().unwrap().problems.push(problem);
        Err(std::io::Error::other("not in the script"))
    }

    /// Fails the test unless exactly the script was played, on this many connections.
    pub fn was_played_on(&self, connections: usize) {
        let state = self.0.lock().unwrap();
        assert_eq!(state.problems, [] as [&str; 0]);
        let left: Vec<_> = state.script.iter().map(|step| &step.request).collect();
        assert!(left.is_empty(), "these never came: {left:?}");
        assert_eq!(state.connections, connections, "connections");
    }
}

struct Answer {
    text: Option<String>,
    tail: Tail,
    next: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(text) = self.text.take().filter(|text| !text.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(text.into()))));
        }
        match self.tail {
            Tail::End | Tail::EndAndHangUp => Poll::Ready(None),
            Tail::Silence => Poll::Pending,
            Tail::Flood => Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b' '; 65_536]))))),
            // After a moment, in which the text is sent.
            Tail::Cut => match self.wait(Duration::from_millis(1), context) {
                Poll::Ready(()) => Poll::Ready(Some(Err(std::io::Error::other("cut by the script")))),
                Poll::Pending => Poll::Pending,
            },
            Tail::Drip(pause) => self.wait(pause, context).map(|()| Some(Ok(Frame::data(Bytes::from_static(b" "))))),
        }
    }
}

impl Answer {
    fn wait(&mut self, pause: Duration, context: &mut Context<'_>) -> Poll<()> {
        let next = self.next.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
        let ready = next.as_mut().poll(context);
        if ready.is_ready() {
            self.next = None;
        }
        ready
    }
}
