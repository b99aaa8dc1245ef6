//! One HTTP/1.1 connection, kept between requests.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout};

use crate::transport::Transport;

/// How long the client waits for what.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// For TCP and TLS together.
    pub connect: Duration,
    /// For the head of an answer, once the request is sent.
    pub answer: Duration,
    /// The same for a deletecollection, which is answered only when everything is deleted.
    pub deletion: Duration,
    /// Between two pieces of a body.
    pub idle: Duration,
    /// For a whole body.
    pub body: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            // Inside a cluster a connection takes milliseconds; after this the network drops our packets.
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(10),
            // A little more than the 60 s after which the API server cuts a request by itself, so that its answer wins.
            deletion: Duration::from_secs(62),
            idle: Duration::from_secs(10),
            body: Duration::from_secs(62),
        }
    }
}

/// The sending half of a connection. A request's body is empty or in one piece.
pub(crate) type Sender = SendRequest<Full<Bytes>>;

/// A connection that was idle for longer than this is not used again: routers between forget it without a word, and
/// what is then sent on it is lost silently.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// The largest head of an answer, and the most that is read ahead of a body.
const BUFFER: usize = 32 << 10;

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum NoConnection {
    Late,
    Untrusted(String),
    Failed(String),
}

/// The place where a connection waits for the next request. Two requests at once use two connections, and one of them is
/// kept.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Option<(Sender, Instant)>>);

impl Kept {
    fn slot(&self) -> MutexGuard<'_, Option<(Sender, Instant)>> {
        // The slot is whole at any time, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection kept, if it still lives. Waits for it at most this long, and in fact not at all.
    pub(crate) async fn take(&self, deadline: Duration) -> Option<Sender> {
        let (mut sender, since) = self.slot().take()?;
        // Ready once the connection has noticed the end of the last body, which has been read already; an error means
        // that the server closed it.
        let ready =
            since.elapsed() < LONGEST_REST && timeout(deadline, sender.ready()).await.is_ok_and(|it| it.is_ok());
        ready.then_some(sender)
    }

    /// Keeps this connection, whose last answer has been read to its end.
    pub(crate) fn put(&self, sender: Sender) {
        *self.slot() = Some((sender, Instant::now()));
    }

    /// Keeps none any more: without its sender a connection ends.
    pub(crate) fn clear(&self) {
        *self.slot() = None;
    }
}

/// Opens a connection. Its driving task ends with the sender and the last answer.
pub(crate) async fn open(transport: &Transport, deadline: Duration) -> Result<Sender, NoConnection> {
    let opening = async {
        let stream = transport.open().await.map_err(|error| {
            let tls = error.get_ref().is_some_and(|inner| inner.is::<tokio_rustls::rustls::Error>());
            if tls { NoConnection::Untrusted(error.to_string()) } else { NoConnection::Failed(error.to_string()) }
        })?;
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(BUFFER)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| NoConnection::Failed(error.to_string()))?;
        // What goes wrong on the connection comes back with the request that was on it.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    };
    timeout(deadline, opening).await.unwrap_or(Err(NoConnection::Late))
}
