//! Where the API server is and how codriver proves itself to it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use hyper::Uri;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::pki_types::ServerName;

use crate::Deadlines;
use crate::transport::{Transport, tls};

/// How to reach one API server. Reads no variable by itself.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) transport: Transport,
    /// Host and port as they stand in the `Host` header, an IPv6 address in brackets.
    pub(crate) authority: String,
    pub(crate) token: Option<PathBuf>,
    pub(crate) deadlines: Deadlines,
}

/// Everything that keeps the client from being made, each with its remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub Vec<String>);

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot use the API server: {}", self.0.join("; "))
    }
}

impl Config {
    /// The server of the cluster that this pod runs in. `lookup` reads the environment; `service_account` is the folder
    /// that the kubelet fills, usually `/var/run/secrets/kubernetes.io/serviceaccount`.
    ///
    /// # Errors
    /// All that is missing, together.
    pub fn in_cluster(lookup: impl Fn(&str) -> Option<String>, service_account: &Path) -> Result<Self, ConfigError> {
        let mut problems = Vec::new();
        let mut variable = |name: &str| {
            let value = lookup(name).filter(|value| !value.is_empty());
            if value.is_none() {
                problems
                    .push(format!("{name} is not set — hint: Kubernetes sets it in every container; is this a pod?"));
            }
            value
        };
        let (host, port) = (variable("KUBERNETES_SERVICE_HOST"), variable("KUBERNETES_SERVICE_PORT"));
        let (token, ca) = (service_account.join("token"), service_account.join("ca.crt"));
        for file in [&token, &ca] {
            if let Err(error) = std::fs::File::open(file) {
                problems.push(format!(
                    "cannot read {}: {error} — hint: automountServiceAccountToken must not be false in the pod or its \
                     service account",
                    file.display()
                ));
            }
        }
        let (Some(host), Some(port), []) = (host, port, problems.as_slice()) else {
            return Err(ConfigError(problems));
        };
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        Self::at(&format!("https://{host}:{port}"), Some(&ca), Some(&token))
    }

    /// The server at a URL, `https://…` with the file of its authority or `http://…` without; IPv6 addresses stand in
    /// brackets.
    ///
    /// # Errors
    /// All that is wrong with the URL and the authority, together. The token is read with each request, not here.
    pub fn at(url: &str, ca: Option<&Path>, token: Option<&Path>) -> Result<Self, ConfigError> {
        let problem = |text: String| ConfigError(vec![text]);
        let Some(Address { encrypted, authority, host, port }) = Address::parse(url) else {
            return Err(problem(format!("{url:?} is not a URL like https://host:port without a path")));
        };
        let tls = match (encrypted, ca) {
            (false, _) => None,
            (true, None) => return Err(problem(format!("{url} needs the certificate of its authority"))),
            (true, Some(ca)) => {
                let bad = |cause: String| {
                    problem(format!(
                        "cannot use {}: {cause} — hint: it must hold the cluster's authority; the ConfigMap \
                         kube-root-ca.crt of the namespace has it",
                        ca.display()
                    ))
                };
                let authorities = std::fs::read(ca).map_err(|error| bad(error.to_string()))?;
                let name = ServerName::try_from(host.clone()).map_err(|error| problem(format!("{host}: {error}")))?;
                Some((tls(&authorities).map_err(bad)?, name))
            }
        };
        let transport = Transport::network(host, port, tls);
        Ok(Self { transport, authority, token: token.map(Path::to_owned), deadlines: Deadlines::default() })
    }

    /// Over streams that the caller opens, without a token. Tests use in-memory pipes: no socket is in play then, and
    /// tokio's paused clock governs everything.
    pub fn over<S, F>(open: F) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        F: Fn() -> io::Result<S> + Send + Sync + 'static,
    {
        Self {
            transport: Transport::from_fn(open),
            authority: "in-memory".into(),
            token: None,
            deadlines: Deadlines::default(),
        }
    }

    /// With other deadlines than the default ones.
    #[must_use]
    pub fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self { deadlines, ..self }
    }
}

/// A base URL in its parts.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    encrypted: bool,
    authority: String,
    /// Without brackets.
    host: String,
    port: u16,
}

impl Address {
    fn parse(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let encrypted = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = uri.authority()?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.as_str().contains('@');
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        // `host:` and `host:99999` have no port that could be read, but are more than the host.
        let port = match authority.port_u16() {
            None if authority.as_str() != authority.host() => return None,
            port => port.unwrap_or(if encrypted { 443 } else { 80 }),
        };
        (bare && !host.is_empty()).then(|| Self { encrypted, authority: authority.to_string(), host, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        for (url, encrypted, authority, host, port) in [
            ("https://10.0.0.1:6443", true, "10.0.0.1:6443", "10.0.0.1", 6443),
            ("https://[fd00::1]:443/", true, "[fd00::1]:443", "fd00::1", 443),
            ("https://api.example", true, "api.example", "api.example", 443),
            ("http://[::1]", false, "[::1]", "::1", 80),
        ] {
            let expected = Address { encrypted, authority: authority.into(), host: host.into(), port };
            assert_eq!(Address::parse(url), Some(expected), "{url}");
        }
        for url in
            ["", "10.0.0.1:443", "ftp://a", "https://", "https://a/b", "https://a?b", "https://u@a", "https://a:99999"]
        {
            assert_eq!(Address::parse(url), None, "{url}");
        }
    }

    #[test]
    fn all_that_is_missing_is_named_at_once_with_its_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let ConfigError(problems) = Config::in_cluster(|_| None, folder.path()).unwrap_err();
        let starts = [
            "KUBERNETES_SERVICE_HOST is not set",
            "KUBERNETES_SERVICE_PORT is not set",
            "cannot read /",
            "cannot read /",
        ];
        assert_eq!(problems.len(), starts.len(), "{problems:?}");
        for (problem, start) in problems.iter().zip(starts) {
            assert!(problem.starts_with(start) && problem.contains("hint: "), "{problem}");
        }
        assert!(
            problems[2].contains("/token") && problems[2].contains("automountServiceAccountToken"),
            "{}",
            problems[2]
        );
    }

    #[test]
    fn an_authority_without_a_certificate_is_refused_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let lookup = |name: &str| Some(if name.ends_with("PORT") { "443" } else { "fd00::1" }.to_owned());
        for content in ["", "rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            std::fs::write(folder.path().join("token"), "t").unwrap();
            std::fs::write(folder.path().join("ca.crt"), content).unwrap();
            let error = Config::in_cluster(lookup, folder.path()).unwrap_err().to_string();
            assert!(error.contains("ca.crt") && error.contains("kube-root-ca.crt"), "{error}");
        }
    }

    #[test]
    fn an_ipv6_service_host_is_put_in_brackets() {
        let folder = tempfile::tempdir().unwrap();
        let authority = rcgen::generate_simple_self_signed(["api".to_owned()]).unwrap();
        std::fs::write(folder.path().join("token"), "t").unwrap();
        std::fs::write(folder.path().join("ca.crt"), authority.cert.pem()).unwrap();
        let lookup = |name: &str| Some(if name.ends_with("PORT") { "443" } else { "fd00::1" }.to_owned());
        let config = Config::in_cluster(lookup, folder.path()).unwrap();
        assert_eq!(config.authority, "[fd00::1]:443");
    }
}
