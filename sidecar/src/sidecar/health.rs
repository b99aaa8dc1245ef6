//! `/healthz`, `/readyz` and `/metrics`. Nothing secret is served here, so any interface is fine.
//!
//! Healthy: it listens for its wrapper. Ready: the API server has told it what its pod is, so that an end of the driver could be
//! settled and cleaned up after. The startup probe asks for the first; the second would let the driver wait for the API server.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use codriver_kube::Client;
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

use crate::{
    failure::Failure,
    metrics::{self, API_ERRORS, Metrics, READY},
    sidecar::own_pod::OwnPod,
};

/// A client that has not said its headers by then is not a probe.
const HEADER_DEADLINE: Duration = Duration::from_secs(2);
/// At most so many connections at once: the kubelet and Prometheus need one each.
const CONNECTIONS: usize = 16;
/// After a failed accept, before the next one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What is shown.
pub struct Shown {
    /// The API server; absent without a service account.
    pub client: Option<Arc<Client>>,
    /// Known once the API server has told it.
    pub own_pod: OwnPod,
    /// What was counted.
    pub metrics: Arc<Metrics>,
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
            ("/healthz", _) => (StatusCode::OK, "ok\n".to_owned()),
            ("/readyz", _) => self.readiness(),
            ("/metrics", _) => (StatusCode::OK, self.page()),
            _ => (StatusCode::NOT_FOUND, "only /healthz, /readyz and /metrics\n".to_owned()),
        };
        let mut response = Response::new(Full::from(text));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(metrics::CONTENT_TYPE));
        response
    }

    fn readiness(&self) -> (StatusCode, String) {
        let lacks = match &self.client {
            _ if self.own_pod.is_known() => return (StatusCode::OK, "ok\n".to_owned()),
            None => "there is no service account to ask the API server with",
            Some(_) => "the API server has not told this pod yet",
        };
        (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {lacks}; the log says why\n"))
    }

    fn page(&self) -> String {
        self.metrics.set(&READY, &[], f64::from(self.own_pod.is_known()));
        let failures = self.client.as_ref().map_or(0, |client| client.failures());
        self.metrics.set(&API_ERRORS, &[], metrics::number(failures));
        self.metrics.page()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sidecar::{
        events::Events,
        test_api::{Api, pod},
    };

    fn nowhere() -> Arc<Events> {
        Arc::new(Events::new(None, pod()))
    }

    fn get(shown: &Shown, path: &str) -> StatusCode {
        shown.answer(&Request::get(path).body(()).unwrap()).status()
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_ready_once_the_api_server_has_told_the_pod_and_healthy_before() {
        let began = tokio::time::Instant::now();
        let api = Api::new(move |_| Some(if began.elapsed().is_zero() { (403, "{}") } else { (200, "{}") }));
        let client = Some(api.client());
        let own_pod = OwnPod::read(client.clone(), &pod(), nowhere());
        let shown = Shown { client, own_pod, metrics: Arc::default() };
        let statuses = |shown: &Shown| ["/healthz", "/readyz", "/metrics"].map(|path| get(shown, path).as_u16());
        assert_eq!(statuses(&shown), [200, 503, 200]);
        assert!(shown.page().contains("codriver_ready 0"));
        shown.own_pod.specification(Duration::from_secs(60)).await.unwrap();
        assert_eq!(statuses(&shown), [200, 200, 200]);
        let page = shown.page();
        assert!(page.contains("codriver_ready 1\n") && page.contains("codriver_api_errors_total 1\n"), "{page}");
    }

    #[tokio::test]
    async fn only_get_and_only_these_paths_are_answered() {
        let shown = Shown { client: None, own_pod: OwnPod::read(None, &pod(), nowhere()), metrics: Arc::default() };
        for path in ["/", "/healthz/", "/metrics2"] {
            assert_eq!(get(&shown, path), StatusCode::NOT_FOUND, "{path}");
        }
        for path in ["/healthz", "/readyz", "/metrics"] {
            let status = shown.answer(&Request::post(path).body(()).unwrap()).status();
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        }
    }
}
