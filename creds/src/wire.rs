//! What can go wrong on the way to a server and back, told apart, since each has another remedy.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use rustls::CertificateError;

/// What went wrong below HTTP, or while an answer was read. Holds no secret: the password of a proxy is not in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireFault {
    /// DNS has no such name, or did not answer.
    #[error("the name {host} cannot be resolved: {cause}")]
    Name {
        /// The name.
        host: String,
        /// What the resolver said.
        cause: String,
    },
    /// Nobody listens there, or the way is closed.
    #[error("cannot connect to {to}: {cause}")]
    Connect {
        /// Host and port of the server, or of the proxy.
        to: String,
        /// What the kernel said.
        cause: String,
    },
    /// Packets vanish: a firewall, a security group, a network policy, no route.
    #[error("no connection to {to} within the connect timeout of {} ms", .after.as_millis())]
    ConnectTimeout {
        /// Host and port of the server, or of the proxy.
        to: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The server's certificate is not accepted, or it speaks no TLS.
    #[error("no TLS with {host}: {cause}")]
    Tls {
        /// The name that the certificate should be for.
        host: String,
        /// What kind of trouble.
        trouble: TlsTrouble,
        /// In the words of the TLS library.
        cause: String,
    },
    /// The proxy does not let us through.
    #[error("the proxy {proxy} refused CONNECT to {to}: {cause}")]
    Proxy {
        /// The proxy's URL without user and password.
        proxy: String,
        /// Host and port of the server behind it.
        to: String,
        /// The proxy's status, or what is wrong with its answer.
        cause: String,
    },
    /// The server took the request and said nothing, or not enough.
    #[error("no complete answer within {} ms", .0.as_millis())]
    AnswerTimeout(Duration),
    /// The connection ended, or what came was no HTTP.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The answer broke the bound that was set for it, in bytes.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// The URL cannot be used.
    #[error("{0}")]
    BadUrl(String),
}

/// The kinds of trouble that TLS makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsTrouble {
    /// Nobody who is trusted vouches for the certificate.
    Issuer,
    /// The certificate is for another name.
    Name,
    /// The certificate is not valid now.
    Time,
    /// What answered does not speak TLS.
    Plain,
    /// Anything else.
    Other,
}

impl WireFault {
    /// Of a TLS handshake that failed.
    pub(crate) fn tls(host: &str, error: &io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        let trouble = inner.map_or(TlsTrouble::Other, trouble);
        Self::Tls { host: host.to_owned(), trouble, cause: error.to_string() }
    }
}

fn trouble(error: &rustls::Error) -> TlsTrouble {
    use CertificateError as Bad;
    match error {
        rustls::Error::InvalidMessage(_) => TlsTrouble::Plain,
        rustls::Error::InvalidCertificate(bad) => match bad {
            Bad::UnknownIssuer | Bad::BadSignature => TlsTrouble::Issuer,
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => TlsTrouble::Name,
            Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                TlsTrouble::Time
            }
            // webpki says so of a self-signed certificate that is its own, unknown, authority.
            Bad::Other(_) => TlsTrouble::Issuer,
            _ => TlsTrouble::Other,
        },
        _ => TlsTrouble::Other,
    }
}

/// An error with what caused it, outermost first, each thing said once.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in causes(error).map(ToString::to_string) {
        if !said.last().is_some_and(|last| last.ends_with(&cause)) {
            said.push(cause);
        }
    }
    said.join(": ")
}

/// An error and what caused it, outermost first.
pub(crate) fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_trouble_is_told_apart() {
        use rustls::{Error, InvalidMessage};
        for (error, expected) in [
            (Error::InvalidCertificate(CertificateError::UnknownIssuer), TlsTrouble::Issuer),
            (Error::InvalidCertificate(CertificateError::NotValidForName), TlsTrouble::Name),
            (Error::InvalidCertificate(CertificateError::Expired), TlsTrouble::Time),
            (Error::InvalidCertificate(CertificateError::NotValidYet), TlsTrouble::Time),
            (Error::InvalidCertificate(CertificateError::Revoked), TlsTrouble::Other),
            (Error::InvalidMessage(InvalidMessage::InvalidContentType), TlsTrouble::Plain),
            (Error::DecryptError, TlsTrouble::Other),
        ] {
            let told = error.to_string();
            let fault = WireFault::tls("sts.example.org", &io::Error::new(io::ErrorKind::InvalidData, error));
            assert_eq!(fault, WireFault::Tls { host: "sts.example.org".into(), trouble: expected, cause: told });
        }
    }

    #[test]
    fn a_chain_says_each_thing_once() {
        let error = io::Error::other(io::Error::other("connection refused"));
        assert_eq!(chain(&error), "connection refused");
    }
}
