//! The tunnel through a proxy: `CONNECT`, as far as a client needs it.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::proxy::Proxy;
use crate::wire::WireFault;

/// The longest answer to `CONNECT` that is read, in bytes.
const LONGEST_HEAD: usize = 8 * 1024;

/// What HTTP is spoken over; boxed, so that HTTP is compiled once for both kinds.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Asks the proxy for a way to `to` (host and port). Afterwards the stream leads there. The caller bounds the wait.
///
/// # Errors
/// [`WireFault::Proxy`] with the proxy's status, or what is wrong with its answer.
pub(crate) async fn dig(stream: &mut Box<dyn Stream>, proxy: &Proxy, to: &str) -> Result<(), WireFault> {
    let refused = |cause: String| WireFault::Proxy { proxy: proxy.url().to_owned(), to: to.to_owned(), cause };
    let mut request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
    if let Some(authorization) = proxy.authorization() {
        request.push_str(&format!("Proxy-Authorization: {}\r\n", authorization.expose()));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.map_err(|error| refused(error.to_string()))?;

    // Byte by byte: what follows the head belongs to TLS. A few hundred bytes, once.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == LONGEST_HEAD {
            return Err(refused(format!("its answer has no end after {LONGEST_HEAD} bytes")));
        }
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) => return Err(refused(format!("it closed the connection: {error}"))),
        }
    }
    match status(&head) {
        Some(200..=299) => Ok(()),
        Some(status) => Err(refused(status.to_string())),
        None => Err(refused("its answer is no HTTP".to_owned())),
    }
}

fn status(head: &[u8]) -> Option<u16> {
    let line = str::from_utf8(head.split(|&b| b == b'\r').next()?).ok()?;
    let (version, rest) = line.split_once(' ')?;
    if !version.starts_with("HTTP/1.") {
        return None;
    }
    rest.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_a_proxy() {
        for (head, expected) in [
            ("HTTP/1.1 200 Connection established\r\n\r\n", Some(200)),
            ("HTTP/1.0 407 Proxy Authentication Required\r\nx: y\r\n\r\n", Some(407)),
            ("HTTP/1.1 403\r\n\r\n", Some(403)),
            ("SSH-2.0-OpenSSH\r\n\r\n", None),
            ("HTTP/1.1 ok\r\n\r\n", None),
            ("\r\n\r\n", None),
        ] {
            assert_eq!(status(head.as_bytes()), expected, "{head}");
        }
    }
}
