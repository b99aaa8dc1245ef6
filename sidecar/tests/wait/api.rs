//! An API server for one pod: each route has its answers, one for each request in order, and the last one for all that follow.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    List,
    Watch,
    Log,
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    End,
    /// The connection breaks off.
    Cut,
    /// Nothing comes any more.
    Silence,
}

type Answer = (u16, String, Tail);

/// The server; its clones are the same one.
#[derive(Clone, Default)]
pub struct Api(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    answers: Vec<(Route, VecDeque<Answer>)>,
    asked: Vec<String>,
}

impl Api {
    /// The answers of a route.
    pub fn on(self, route: Route, answers: impl IntoIterator<Item = Answer>) -> Self {
        self.0.lock().unwrap().answers.push((route, answers.into_iter().collect()));
        self
    }

    /// The targets of all requests so far, in order.
    pub fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }

    /// One connection, until it ends.
    pub async fn serve(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let service = service_fn(|request| std::future::ready(self.answer(&request)));
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    /// A request that no route knows breaks the connection off.
    fn answer(&self, request: &Request<Incoming>) -> Result<Response<Rest>, std::io::Error> {
        let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
        let route = match path {
            "/api/v1/namespaces/etl/pods/job/log" => Route::Log,
            "/api/v1/namespaces/etl/pods" if query.contains("watch=true") => Route::Watch,
            "/api/v1/namespaces/etl/pods" => Route::List,
            _ => return Err(std::io::Error::other("no such route")),
        };
        let mut state = self.0.lock().unwrap();
        state.asked.push(request.uri().to_string());
        let answers = state.answers.iter_mut().find(|(of, _)| *of == route).map(|(_, answers)| answers);
        let answer = answers.and_then(|it| if it.len() > 1 { it.pop_front() } else { it.front().cloned() });
        let (status, body, tail) = answer.ok_or_else(|| std::io::Error::other("no answer"))?;
        Ok(Response::builder().status(status).body(Rest { body: Some(body), tail, after: false }).unwrap())
    }
}

struct Rest {
    body: Option<String>,
    tail: Tail,
    after: bool,
}

impl Body for Rest {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(body) = self.body.take().filter(|body| !body.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(body.into()))));
        }
        match self.tail {
            Tail::End => Poll::Ready(None),
            Tail::Silence => Poll::Pending,
            // In the next turn, so that the text is sent.
            Tail::Cut if self.after => Poll::Ready(Some(Err(std::io::Error::other("cut")))),
            Tail::Cut => {
                self.after = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }
}
