//! For tests: an API server behind in-memory pipes, which answers as a test says and remembers what it was asked.

use std::sync::{Arc, Mutex};

use codriver_kube::{Client, Config};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Bytes, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;

use crate::sidecar::Pod;

/// Status and body, or never an answer.
type Answer = Option<(u16, &'static str)>;

pub struct Api {
    answer: Box<dyn Fn(&str) -> Answer + Send + Sync>,
    asked: Mutex<Vec<(String, Value)>>,
}

impl Api {
    /// `answer` gets each request as `METHOD /path`.
    pub fn new(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { answer: Box::new(answer), asked: Mutex::default() })
    }

    pub fn client(self: &Arc<Self>) -> Arc<Client> {
        let api = Arc::clone(self);
        let open = move || {
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            let api = Arc::clone(&api);
            tokio::spawn(async move {
                let service = service_fn(|request| api.serve(request));
                let connection = hyper::server::conn::http1::Builder::new();
                let _ = connection.serve_connection(TokioIo::new(theirs), service).await;
            });
            Ok(ours)
        };
        Arc::new(Client::new(Config::over(open)))
    }

    async fn serve(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
        let asked = format!("{} {}", request.method(), request.uri().path());
        let body = request.into_body().collect().await?.to_bytes();
        self.asked.lock().unwrap().push((asked.clone(), serde_json::from_slice(&body).unwrap_or_default()));
        let Some((status, text)) = (self.answer)(&asked) else { std::future::pending().await };
        Ok(Response::builder().status(status).body(Full::from(text)).unwrap())
    }

    /// What came, in order.
    pub fn requests(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(request, _)| request.clone()).collect()
    }

    /// What came with it.
    pub fn bodies(&self) -> Vec<Value> {
        self.asked.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }
}

/// Some pod.
pub fn pod() -> Pod {
    Pod { namespace: "etl".into(), name: "daily-0".into(), uid: "5f3c-6f6e".into(), container: "driver".into() }
}
