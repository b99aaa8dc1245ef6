//! An API server for one pod: each route has its answers, one for each request in order, and the last one for all that follow.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::answer::{Answer, Tail};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    List,
    Watch,
    Log,
}

/// Status, text and end.
type Answers = VecDeque<(u16, String, Tail)>;

/// The server; its clones are the same one.
#[derive(Clone, Default)]
pub struct Api(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    answers: Vec<(Route, Answers)>,
    asked: Vec<String>,
}

impl Api {
    /// The answers of a route.
    pub fn on(self, route: Route, answers: impl IntoIterator<Item = (u16, String, Tail)>) -> Self {
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
    fn answer(&self, request: &Request<Incoming>) -> Result<Response<Answer>, std::io::Error> {
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
        Ok(Response::builder().status(status).body(Answer::new(body, tail)).unwrap())
    }
}
