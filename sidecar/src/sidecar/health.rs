//! `/healthz`: says 200 once the sidecar listens for its wrapper. Nothing secret is served here, so any interface is fine.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use http_body_util::Full;
use hyper::{Method, Request, Response, StatusCode, body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore, time::sleep};

use crate::failure::Failure;

/// A client that has not said its headers by then is not a probe.
const HEADER_DEADLINE: Duration = Duration::from_secs(2);
/// At most so many connections at once: the kubelet needs one.
const CONNECTIONS: usize = 16;
/// After a failed accept, before the next one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
pub async fn serve(listener: TcpListener) {
    static SLOTS: Semaphore = Semaphore::const_new(CONNECTIONS);
    loop {
        let Ok(slot) = SLOTS.acquire().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(async move {
                    let _slot = slot;
                    let connection = http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(HEADER_DEADLINE)
                        .keep_alive(false)
                        .serve_connection(
                            TokioIo::new(stream),
                            service_fn(async |request| Ok::<_, Infallible>(answer(&request))),
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

fn answer<B>(request: &Request<B>) -> Response<Full<Bytes>> {
    let (status, text) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/healthz") => (StatusCode::OK, "ok\n"),
        (_, "/healthz") => (StatusCode::METHOD_NOT_ALLOWED, "only GET\n"),
        _ => (StatusCode::NOT_FOUND, "only /healthz\n"),
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response
}
