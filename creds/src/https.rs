//! HTTP to STS: one connection for each request, plain or with TLS. Only this file names rustls's client.
//!
//! The SDK's own client brings HTTP/2, a connection pool and the native trust store along, more than a megabyte that
//! an init container, which sends one request, has no use for.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::roots::Roots;

/// What HTTP is spoken over; boxed, so that HTTP is compiled once for both kinds.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Opens connections and sends requests. The time that an answer takes is bounded by the SDK.
#[derive(Clone)]
pub struct Https {
    tls: Option<TlsConnector>,
    connect_timeout: Duration,
}

impl Https {
    /// For `http://` only.
    pub fn plain(connect_timeout: Duration) -> Self {
        Self { tls: None, connect_timeout }
    }

    /// For `https://` as well, with servers that one of these roots vouches for.
    pub fn new(roots: &Roots, connect_timeout: Duration) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // Ring has the default versions; without them no connection could be made.
        let tls =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok().map(|config| {
                let config = config.with_root_certificates(roots.store()).with_no_client_auth();
                TlsConnector::from(Arc::new(config))
            });
        Self { tls, connect_timeout }
    }

    async fn exchange(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let stream = match timeout(self.connect_timeout, self.open(request.uri())).await {
            Ok(opened) => opened.map_err(|error| ConnectorError::io(error.into()))?,
            Err(_) => {
                let told = format!("no connection within {} ms", self.connect_timeout.as_millis());
                return Err(ConnectorError::timeout(told.into()));
            }
        };
        let failed = |error: hyper::Error| ConnectorError::io(error.into());
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        // Ends with the answer, or when the caller has had enough of it.
        tokio::spawn(connection);
        address(&mut request).map_err(|error| ConnectorError::user(error.into()))?;
        let answer = sender.send_request(request).await.map_err(failed)?;
        HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
            .map_err(|error| ConnectorError::other(error.into(), None))
    }

    async fn open(&self, uri: &Uri) -> io::Result<Box<dyn Stream>> {
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("{uri} has no valid {what}"));
        let host = uri.host().ok_or_else(|| invalid("host"))?.trim_start_matches('[').trim_end_matches(']');
        let secure = uri.scheme_str() == Some("https");
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(if secure { 443 } else { 80 }))).await?;
        stream.set_nodelay(true)?;
        if !secure {
            return Ok(Box::new(stream));
        }
        let tls = self.tls.as_ref().ok_or_else(|| invalid("scheme"))?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| invalid("host"))?;
        Ok(Box::new(tls.connect(name, stream).await?))
    }
}

impl HttpConnector for Https {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().exchange(request))
    }
}

impl fmt::Debug for Https {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Https")
    }
}

/// On the wire the host stands in its header, and the path alone in the first line.
fn address(request: &mut Request<SdkBody>) -> Result<(), hyper::http::Error> {
    if let Some(authority) = request.uri().authority() {
        let host = HeaderValue::from_str(authority.as_str())?;
        request.headers_mut().insert(HOST, host);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = Uri::try_from(path)?;
    Ok(())
}
