//! Whom TLS trusts: the compiled-in roots of the web, since a scratch image has none, and the bundles that are given.

use std::fmt::Write as _;

use aws_smithy_http_client::tls::TrustStore;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Certificates to trust beside the compiled-in ones, checked.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    bundles: Vec<Vec<u8>>,
}

/// A bundle that cannot be used; begins a sentence with the file's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is no bundle of PEM certificates: {0}")]
pub struct BadRoots(String);

impl Roots {
    /// Adds the content of a PEM file (`AWS_CA_BUNDLE`, `SSL_CERT_FILE`).
    ///
    /// # Errors
    /// [`BadRoots`] when a certificate in it cannot be read, or when there is none. The HTTP client would panic on it.
    pub fn add_pem(&mut self, pem: Vec<u8>) -> Result<(), BadRoots> {
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            certificate
                .map_err(|error| error.to_string())
                .and_then(|der| store.add(der).map_err(|error| error.to_string()))
                .map_err(BadRoots)?;
        }
        if store.is_empty() {
            return Err(BadRoots("there is no certificate in it".to_owned()));
        }
        self.bundles.push(pem);
        Ok(())
    }

    /// The trust store for the HTTP client. Never the native roots: what is trusted shall not depend on the image.
    pub(crate) fn trust_store(&self) -> TrustStore {
        let mut store = TrustStore::empty().with_pem_certificate(compiled_in());
        for bundle in &self.bundles {
            store.add_pem_certificate(bundle.clone());
        }
        store
    }
}

/// Mozilla's roots as PEM, which is all that the HTTP client takes.
fn compiled_in() -> String {
    let mut pem = String::with_capacity(256 * 1024);
    for root in webpki_root_certs::TLS_SERVER_ROOT_CERTS {
        let _ = writeln!(pem, "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", STANDARD.encode(root));
    }
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compiled_in_roots_can_be_read() {
        let mut roots = Roots::default();
        roots.add_pem(compiled_in().into_bytes()).unwrap();
        assert!(webpki_root_certs::TLS_SERVER_ROOT_CERTS.len() > 100);
    }

    #[test]
    fn a_bundle_that_cannot_be_read_is_refused_before_use() {
        for (pem, why) in [
            ("", "no certificate"),
            ("hello", "no certificate"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate"),
            ("-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n", "base64"),
        ] {
            let error = Roots::default().add_pem(pem.into()).unwrap_err().to_string();
            assert!(error.contains(why), "{pem}: {error}");
        }
    }
}
