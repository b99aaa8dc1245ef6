//! The URL of a service: scheme and authority, nothing that could hold a secret.

use std::fmt;

/// `http://` or `https://`, a host, perhaps a port and a path; without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: String,
    tls: bool,
}

impl Endpoint {
    /// Checks a URL.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with the setting's name. Never quotes a password.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let (tls, rest) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            _ => return Err("must begin with https:// or http://"),
        };
        if rest.contains('@') {
            return Err("must not hold a user or a password");
        }
        if rest.contains(['?', '#']) || rest.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err("must be a URL without query and blanks");
        }
        let authority = rest.split('/').next().unwrap_or_default();
        let host = match authority.strip_prefix('[').and_then(|v6| v6.split_once(']')) {
            Some((host, port)) if port.is_empty() || port_is_valid(port) => host,
            Some(_) => return Err("has a port that is no number from 1 to 65535"),
            None => match authority.split_once(':') {
                Some((host, port)) if port_is_valid(&format!(":{port}")) => host,
                Some(_) => return Err("has a port that is no number from 1 to 65535"),
                None => authority,
            },
        };
        if host.is_empty() || !host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b)) {
            return Err("has no valid host");
        }
        if text.contains(['$', '{', '}', '<', '>', '"', '\'', '`', '\\']) {
            return Err("has characters that no URL has");
        }
        let endpoint = Self { url: text.trim_end_matches('/').to_owned(), tls };
        if endpoint.is_aws() && !tls {
            return Err("must begin with https://, since AWS would be told the token in clear");
        }
        Ok(endpoint)
    }

    /// The URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Is it `https://`?
    pub fn tls(&self) -> bool {
        self.tls
    }

    /// Does it lead to AWS itself?
    pub fn is_aws(&self) -> bool {
        let host = self.url.split("://").nth(1).unwrap_or_default();
        let host = host.split(['/', ':']).next().unwrap_or_default();
        [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|domain| host.ends_with(domain))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

fn port_is_valid(port: &str) -> bool {
    port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_services() {
        for (text, url, tls, aws) in [
            ("http://minio.store.svc:9000", "http://minio.store.svc:9000", false, false),
            ("https://sts.eu-west-1.amazonaws.com/", "https://sts.eu-west-1.amazonaws.com", true, true),
            ("https://sts.cn-north-1.amazonaws.com.cn", "https://sts.cn-north-1.amazonaws.com.cn", true, true),
            ("https://sts.operator.svc:4223/sts/tenant", "https://sts.operator.svc:4223/sts/tenant", true, false),
            ("http://[fd00::1]:9000", "http://[fd00::1]:9000", false, false),
            ("https://amazonaws.com.example.org", "https://amazonaws.com.example.org", true, false),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!((endpoint.url(), endpoint.tls(), endpoint.is_aws()), (url, tls, aws));
        }
    }

    #[test]
    fn what_is_no_endpoint() {
        for (text, why) in [
            ("minio:9000", "must begin"),
            ("ftp://minio", "must begin"),
            ("http://", "host"),
            ("http://:9000", "host"),
            ("http://minio:0", "port"),
            ("http://minio:70000", "port"),
            ("http://[fd00::1]9000", "port"),
            ("http://user:pass@minio", "password"),
            ("http://minio/?x=1", "query"),
            ("http://mi nio", "blanks"),
            ("http://minio/${user.name}", "no URL has"),
            ("http://sts.eu-west-1.amazonaws.com", "in clear"),
        ] {
            assert!(Endpoint::parse(text).unwrap_err().contains(why), "{text}");
        }
    }
}
