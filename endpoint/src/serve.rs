//! Listens on loopback: connections are few and bounded, heads short and quick, and what is asked for too early is held.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::AbortHandle,
    time::sleep,
};

use crate::{crowd::Crowd, gate::Gate, page, shelf::Shelf};

/// A client that has not said a head by then is none; an idle connection is closed as well.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// The longest head, in bytes: hyper's least. Java's SDK says about 400.
const LONGEST_HEAD: usize = 8 * 1024;
/// The most headers.
const MOST_HEADERS: usize = 32;
/// Connections that the kernel keeps for us while we are busy.
const BACKLOG: u32 = 1024;
/// After a failed accept, before the next one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Binds the address, and IPv6 loopback on the same port where there is one. A port that an earlier start has just left is free.
///
/// # Errors
/// When the address cannot be had.
pub fn bind(address: SocketAddr) -> io::Result<Vec<TcpListener>> {
    let first = listen(address)?;
    let port = first.local_addr()?.port();
    let other = SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port);
    let mut listeners = vec![first];
    if other != address {
        match listen(other) {
            Ok(listener) => listeners.push(listener),
            Err(error) => tracing::debug!(%error, "no IPv6 loopback"),
        }
    }
    Ok(listeners)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What each connection needs.
pub struct Server {
    /// Who may read.
    pub gate: Gate,
    /// What is read.
    pub shelf: Shelf,
    /// Who is connected.
    pub crowd: Mutex<Crowd<AbortHandle>>,
}

impl Server {
    fn crowd(&self) -> MutexGuard<'_, Crowd<AbortHandle>> {
        // Each change of it is whole, so a panic elsewhere does not spoil it.
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves for ever.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => self.admit(stream),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a client of the credentials' endpoint");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn admit(self: &Arc<Self>, stream: TcpStream) {
        // Head and body are one write, which need not wait for more.
        let _ = stream.set_nodelay(true);
        let server = Arc::clone(self);
        let displaced = self.crowd().admit(|id| tokio::spawn(server.talk(id, stream)).abort_handle());
        if let Some(displaced) = displaced {
            displaced.abort();
        }
    }

    async fn talk(self: Arc<Self>, id: u64, stream: TcpStream) {
        let answer = service_fn(async |request| Ok::<_, Infallible>(self.answer(id, request).await));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_DEADLINE)
            .max_buf_size(LONGEST_HEAD)
            .max_headers(MOST_HEADERS)
            .serve_connection(TokioIo::new(stream), answer);
        // What is wrong with a connection is its client's to say.
        let _ = connection.await;
        self.crowd().leave(id);
    }

    async fn answer(&self, id: u64, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (status, body, stays) = match self.gate.judge(&request.into_parts().0) {
            Ok(()) => {
                self.crowd().trust(id);
                let (status, body) = self.shelf.take().await;
                (status, body, true)
            }
            Err(refusal) => (refusal.status, page::refusal(refusal.code, refusal.message).into(), false),
        };
        self.shelf.count(status);
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if !stays && status != StatusCode::OK {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
