//! How a stream to the server comes about: TCP, with TLS on it, or whatever the caller hands in.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// What HTTP is spoken over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type Opening = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send>>;

/// Opens streams to one server. The streams are boxed, so that HTTP is compiled once for all kinds of them.
#[derive(Clone)]
pub(crate) struct Transport(Arc<dyn Fn() -> Opening + Send + Sync>);

impl Transport {
    /// TCP to this host (a name, or an address without brackets) and port, and TLS on it when it is given.
    pub(crate) fn network(host: String, port: u16, tls: Option<(TlsConnector, ServerName<'static>)>) -> Self {
        Self(Arc::new(move || {
            let (host, tls) = (host.clone(), tls.clone());
            Box::pin(async move {
                let stream = TcpStream::connect((host.as_str(), port)).await?;
                // Requests are small and each waits for its answer: nothing is gained by holding them back.
                stream.set_nodelay(true)?;
                let stream: Box<dyn Stream> = match tls {
                    Some((connector, name)) => Box::new(connector.connect(name, stream).await?),
                    None => Box::new(stream),
                };
                Ok(stream)
            })
        }))
    }

    /// Whatever streams the caller makes.
    pub(crate) fn from_fn<S, F>(open: F) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        F: Fn() -> io::Result<S> + Send + Sync + 'static,
    {
        Self(Arc::new(move || {
            let stream = open().map(|stream| Box::new(stream) as Box<dyn Stream>);
            Box::pin(std::future::ready(stream))
        }))
    }

    pub(crate) fn open(&self) -> Opening {
        (self.0)()
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

/// TLS that trusts the certificates of this PEM text as authorities, and no others.
pub(crate) fn tls(authorities: &[u8]) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authorities) {
        let certificate = certificate.map_err(|error| format!("not PEM: {error}"))?;
        roots.add(certificate).map_err(|error| format!("not a certificate: {error}"))?;
    }
    if roots.is_empty() {
        return Err("no certificate in it".into());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
