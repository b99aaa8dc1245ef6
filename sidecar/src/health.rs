//! `/healthz`, `/readyz` and `/metrics`. Nothing secret is served here, so any interface is fine.
//!
//! Healthy: it listens where it is to listen, and has started. Ready: it can do its work now. The startup probe asks for the first;
//! the second would let a driver wait for the API server for ever.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Bytes,
    header::{CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore, time::sleep};

use crate::{failure::Failure, metrics};

/// A client that has not said its headers by then is not a probe.
const HEADER_DEADLINE: Duration = Duration::from_secs(2);
/// At most so many connections at once: the kubelet and Prometheus need one each.
const CONNECTIONS: usize = 16;
/// After a failed accept, before the next one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What is shown, looked up at each request.
pub struct Shown {
    /// Why it has not started yet, though it listens; none from then on.
    pub awaits: Box<dyn Fn() -> Option<&'static str> + Send + Sync>,
    /// Why it is not ready; none when it is.
    pub lacks: Box<dyn Fn() -> Option<&'static str> + Send + Sync>,
    /// The page of metrics.
    pub page: Box<dyn Fn() -> String + Send + Sync>,
}

/// Binds, so that a port that is taken is an error at the start.
///
/// # Errors
/// When the address cannot be had.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::Configuration(vec![format!(
            "cannot listen on {address} (CODRIVER_HEALTH_ADDRESS): {error}; hint: another container of the pod may use the port"
        )])
    })
}

/// Serves for ever.
pub async fn serve(listener: TcpListener, shown: Shown) {
    static SLOTS: Semaphore = Semaphore::const_new(CONNECTIONS);
    let shown = Arc::new(shown);
    loop {
        let Ok(slot) = SLOTS.acquire().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let shown = Arc::clone(&shown);
                tokio::spawn(async move {
                    let _slot = slot;
                    let connection = http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(HEADER_DEADLINE)
                        .keep_alive(false)
                        .serve_connection(
                            TokioIo::new(stream),
                            service_fn(async |request| Ok::<_, Infallible>(shown.answer(&request))),
                        );
                    let _ = connection.await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a probe");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

impl Shown {
    fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let (status, text) = match (request.uri().path(), request.method()) {
            ("/healthz" | "/readyz" | "/metrics", method) if method != Method::GET => {
                (StatusCode::METHOD_NOT_ALLOWED, "only GET\n".to_owned())
            }
            ("/healthz", _) => well((self.awaits)(), "not started"),
            ("/readyz", _) => well((self.lacks)(), "not ready"),
            ("/metrics", _) => (StatusCode::OK, (self.page)()),
            _ => (StatusCode::NOT_FOUND, "only /healthz, /readyz and /metrics\n".to_owned()),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
        response
    }
}

fn well(lacks: Option<&str>, otherwise: &str) -> (StatusCode, String) {
    match lacks {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(lacks) => (StatusCode::SERVICE_UNAVAILABLE, format!("{otherwise}: {lacks}; the log says why\n")),
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    fn shown(lacks: Option<&'static str>) -> Shown {
        Shown {
            awaits: Box::new(|| None),
            lacks: Box::new(move || lacks),
            page: Box::new(|| "codriver_ready 0\n".to_owned()),
        }
    }

    async fn get(lacks: Option<&'static str>, path: &str) -> (u16, String) {
        let answer = shown(lacks).answer(&Request::get(path).body(()).unwrap());
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.into()).unwrap())
    }

    #[tokio::test]
    async fn it_is_healthy_in_any_case_and_ready_when_nothing_lacks() {
        let why = Some("nobody has told anything yet");
        for (lacks, path, status, body) in [
            (why, "/healthz", 200, "ok\n"),
            (why, "/readyz", 503, "not ready: nobody has told anything yet; the log says why\n"),
            (None, "/readyz", 200, "ok\n"),
            (why, "/metrics", 200, "codriver_ready 0\n"),
        ] {
            assert_eq!(get(lacks, path).await, (status, body.to_owned()), "{path}");
        }
    }

    #[tokio::test]
    async fn while_it_awaits_something_it_has_not_started() {
        let shown = Shown { awaits: Box::new(|| Some("there are no credentials yet")), ..shown(None) };
        let answer = shown.answer(&Request::get("/healthz").body(()).unwrap());
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "not started: there are no credentials yet; the log says why\n");
    }

    #[tokio::test]
    async fn only_get_and_only_these_paths_are_answered() {
        for path in ["/", "/healthz/", "/metrics2"] {
            assert_eq!(get(None, path).await.0, 404, "{path}");
        }
        for path in ["/healthz", "/readyz", "/metrics"] {
            let status = shown(None).answer(&Request::post(path).body(()).unwrap()).status();
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
    }
}
