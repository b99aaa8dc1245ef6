//! HTTP: one connection for each request, plain or with TLS, through a proxy where one is set. Only this file names
//! rustls's client.
//!
//! The SDK's own client brings HTTP/2, a connection pool and the native trust store along, more than a megabyte that
//! an init container, which sends a few requests, has no use for.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::proxy::{Proxies, Proxy};
use crate::roots::Roots;
use crate::tunnel::{self, Stream};
use crate::wire::{TlsTrouble, WireFault, chain};

/// Opens connections and sends requests.
#[derive(Clone)]
pub(crate) struct Https {
    tls: Option<TlsConnector>,
    connect_timeout: Duration,
    proxies: Proxies,
}

impl Https {
    /// For `http://` only.
    pub fn plain(connect_timeout: Duration) -> Self {
        Self { tls: None, connect_timeout, proxies: Proxies::default() }
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
        Self { tls, connect_timeout, proxies: Proxies::default() }
    }

    /// The same client, which goes through these proxies where they are for the host.
    pub fn through(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Sends one request to its absolute URL and reads the whole answer, whatever its status; redirects are not
    /// followed. Takes the connect timeout and `within` at most, and reads no more than `longest` bytes of body.
    ///
    /// # Errors
    /// [`WireFault`] when there is no whole answer in time.
    pub async fn send(
        &self,
        request: Request<SdkBody>,
        within: Duration,
        longest: usize,
    ) -> Result<Response<Bytes>, WireFault> {
        let (stream, request) = self.connect(request).await?;
        let answer = async {
            let (head, body) = speak(stream, request).await?.into_parts();
            let body = Limited::new(body, longest).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() { WireFault::TooLong(longest) } else { broken(&*error) }
            })?;
            Ok(Response::from_parts(head, body.to_bytes()))
        };
        timeout(within, answer).await.unwrap_or(Err(WireFault::AnswerTimeout(within)))
    }

    async fn exchange(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let (stream, request) = self.connect(request).await.map_err(connector_error)?;
        let answer = speak(stream, request).await.map_err(connector_error)?;
        HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
            .map_err(|error| ConnectorError::other(error.into(), None))
    }

    /// A connection that is ready for the request, and the request in the form that belongs on it.
    async fn connect(&self, mut request: Request<SdkBody>) -> Result<(Box<dyn Stream>, Request<SdkBody>), WireFault> {
        let target = Target::of(request.uri())?;
        let proxy = self.proxies.choose(target.secure, target.host, target.port);
        let to = proxy.map_or_else(|| target.authority(), |proxy| proxy.url().to_owned());
        let stream = timeout(self.connect_timeout, self.open(&target, proxy))
            .await
            .unwrap_or(Err(WireFault::ConnectTimeout { to, after: self.connect_timeout }))?;
        let proxy = proxy.filter(|_| !target.secure);
        address(&mut request, proxy).map_err(|error| WireFault::BadUrl(error.to_string()))?;
        Ok((stream, request))
    }

    async fn open(&self, target: &Target<'_>, proxy: Option<&Proxy>) -> Result<Box<dyn Stream>, WireFault> {
        let mut stream: Box<dyn Stream> = match proxy {
            None => Box::new(tcp(target.host, target.port).await?),
            Some(proxy) => {
                let stream = tcp(proxy.host(), proxy.port()).await?;
                if proxy.secure() { self.secure(stream, proxy.host()).await? } else { Box::new(stream) }
            }
        };
        if !target.secure {
            return Ok(stream);
        }
        if let Some(proxy) = proxy {
            tunnel::dig(&mut stream, proxy, &target.authority()).await?;
        }
        self.secure(stream, target.host).await
    }

    async fn secure<S: Stream + 'static>(&self, stream: S, host: &str) -> Result<Box<dyn Stream>, WireFault> {
        let bad = || WireFault::BadUrl(format!("{host} is no name that TLS can be spoken with"));
        let tls = self.tls.as_ref().ok_or_else(bad)?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| bad())?;
        let stream: Box<dyn Stream> = Box::new(stream);
        match tls.connect(name, stream).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(WireFault::tls(host, &error)),
        }
    }
}

/// The errors keep their type below the SDK's, so that they can be found again. What asking again cannot change is the
/// user's: the SDK tries the rest again, and a reader should not wait for that.
fn connector_error(fault: WireFault) -> ConnectorError {
    match fault {
        WireFault::ConnectTimeout { .. } => ConnectorError::timeout(fault.into()),
        WireFault::BadUrl(_) => ConnectorError::user(fault.into()),
        WireFault::Tls { trouble, .. } if trouble != TlsTrouble::Other => ConnectorError::user(fault.into()),
        WireFault::Proxy { ref cause, .. } if cause.starts_with('4') => ConnectorError::user(fault.into()),
        _ => ConnectorError::io(fault.into()),
    }
}

fn broken(error: &(dyn std::error::Error + 'static)) -> WireFault {
    WireFault::Broken(chain(error))
}

/// Sends the request and waits for the head of the answer.
async fn speak(stream: Box<dyn Stream>, request: Request<SdkBody>) -> Result<Response<Incoming>, WireFault> {
    let failed = |error: hyper::Error| broken(&error);
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    // Ends with the answer, or when the caller has had enough of it.
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(failed)
}

/// The name is looked up apart, so that an unknown name is told from a closed port.
async fn tcp(host: &str, port: u16) -> Result<TcpStream, WireFault> {
    let addresses: Vec<_> = match tokio::net::lookup_host((host, port)).await {
        Ok(addresses) => addresses.collect(),
        Err(error) => return Err(WireFault::Name { host: host.to_owned(), cause: error.to_string() }),
    };
    let failed = |error: io::Error| WireFault::Connect { to: format!("{host}:{port}"), cause: error.to_string() };
    let stream = TcpStream::connect(&addresses[..]).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    Ok(stream)
}

/// Where a URL leads.
struct Target<'a> {
    secure: bool,
    host: &'a str,
    port: u16,
}

impl<'a> Target<'a> {
    fn of(uri: &'a Uri) -> Result<Self, WireFault> {
        let secure = uri.scheme_str() == Some("https");
        let host = uri.host().ok_or_else(|| WireFault::BadUrl(format!("{uri} has no host")))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok(Self { secure, host, port: uri.port_u16().unwrap_or(if secure { 443 } else { 80 }) })
    }

    fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

/// On the wire the host stands in its header, and in the first line the path alone, or for a proxy the whole URL.
fn address(request: &mut Request<SdkBody>, proxy: Option<&Proxy>) -> Result<(), hyper::http::Error> {
    if let Some(authority) = request.uri().authority() {
        let host = HeaderValue::from_str(authority.as_str())?;
        request.headers_mut().insert(HOST, host);
    }
    let Some(proxy) = proxy else {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = Uri::try_from(path)?;
        return Ok(());
    };
    if let Some(authorization) = proxy.authorization() {
        let mut value = HeaderValue::from_str(authorization.expose())?;
        value.set_sensitive(true);
        request.headers_mut().insert(PROXY_AUTHORIZATION, value);
    }
    Ok(())
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
