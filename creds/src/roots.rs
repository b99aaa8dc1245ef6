//! Whom TLS trusts: the compiled-in roots of the web, since a scratch image has none, and the bundles that are given.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// Certificates to trust beside the compiled-in ones, checked.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    given: Vec<CertificateDer<'static>>,
}

/// A bundle that cannot be used; begins a sentence with the file's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is no bundle of PEM certificates: {0}")]
pub struct BadRoots(String);

impl Roots {
    /// Adds the content of a PEM file (`AWS_CA_BUNDLE`, `SSL_CERT_FILE`).
    ///
    /// # Errors
    /// [`BadRoots`] when a certificate in it cannot be read, or when there is none.
    pub fn add_pem(&mut self, pem: &[u8]) -> Result<(), BadRoots> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let certificates = certificates.map_err(|error| BadRoots(error.to_string()))?;
        if certificates.is_empty() {
            return Err(BadRoots("there is no certificate in it".to_owned()));
        }
        let mut trial = RootCertStore::empty();
        for certificate in &certificates {
            trial.add(certificate.clone()).map_err(|error| BadRoots(error.to_string()))?;
        }
        self.given.extend(certificates);
        Ok(())
    }

    /// All of them. Never the native roots: what is trusted shall not depend on the image.
    pub(crate) fn store(&self) -> RootCertStore {
        let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        // Each was added once before, when it was checked.
        store.add_parsable_certificates(self.given.iter().cloned());
        store
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roots_of_the_web_are_compiled_in() {
        assert!(Roots::default().store().len() > 100);
    }

    #[test]
    fn a_bundle_that_cannot_be_read_is_refused_before_use() {
        for (pem, why) in [
            ("", "no certificate"),
            ("hello", "no certificate"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate"),
            ("-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n", "base64"),
        ] {
            let error = Roots::default().add_pem(pem.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(why), "{pem}: {error}");
        }
    }
}
