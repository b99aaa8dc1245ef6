//! Proxies: which one stands between us and a host, by the rules of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;

use crate::credentials::Secret;
use crate::no_proxy::NoProxy;

/// The values of the variables, whichever way they are written. Blank is the same as not set.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProxyVariables<'a> {
    /// `HTTPS_PROXY`: for `https://`.
    pub https: &'a str,
    /// `HTTP_PROXY`: for `http://`.
    pub http: &'a str,
    /// `ALL_PROXY`: for both, where the one above is not set.
    pub all: &'a str,
    /// `NO_PROXY`: hosts to which we go directly.
    pub no: &'a str,
}

/// Which proxy is for whom; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    https: Option<Proxy>,
    http: Option<Proxy>,
    no: NoProxy,
}

impl Proxies {
    /// Judges the variables.
    ///
    /// # Errors
    /// All mistakes, each a sentence that begins with the variable's name. A password is never in one.
    pub fn parse(variables: ProxyVariables<'_>) -> Result<Self, Vec<String>> {
        let mut mistakes = Vec::new();
        let mut read = |name: &str, text: &str| {
            let text = text.trim();
            if text.is_empty() {
                return None;
            }
            Proxy::parse(text).map_err(|wrong| mistakes.push(format!("{name} {wrong}"))).ok()
        };
        let all = read("ALL_PROXY", variables.all);
        let https = read("HTTPS_PROXY", variables.https).or_else(|| all.clone());
        let http = read("HTTP_PROXY", variables.http).or(all);
        if mistakes.is_empty() { Ok(Self { https, http, no: NoProxy::parse(variables.no) }) } else { Err(mistakes) }
    }

    /// The proxy for a host, if there is one. Never for loopback: there a proxy would come to itself.
    pub(crate) fn choose(&self, secure: bool, host: &str, port: u16) -> Option<&Proxy> {
        let proxy = if secure { &self.https } else { &self.http }.as_ref()?;
        (!self.no.covers(host, port)).then_some(proxy)
    }

    /// The URL of the proxy for this URL, without user and password, for a report.
    #[must_use]
    pub fn for_url(&self, url: &str) -> Option<&str> {
        let uri: Uri = url.parse().ok()?;
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        self.choose(secure, uri.host()?.trim_start_matches('[').trim_end_matches(']'), port).map(Proxy::url)
    }
}

impl Proxies {
    /// Host and port of the proxy for this URL, for software that is told of proxies so; and whether it wants a password,
    /// which must not be told with them.
    #[must_use]
    pub fn parts_for_url(&self, url: &str) -> Option<(&str, u16, bool)> {
        let uri: Uri = url.parse().ok()?;
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let proxy = self.choose(secure, uri.host()?.trim_start_matches('[').trim_end_matches(']'), port)?;
        Some((&proxy.host, proxy.port, proxy.authorization.is_some()))
    }
}

/// One proxy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    url: String,
    host: String,
    port: u16,
    secure: bool,
    authorization: Option<Secret>,
}

impl Proxy {
    /// Reads a URL; without a scheme it is `http://`. Errors end a sentence that begins with the variable's name.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let uri: Uri = whole.parse().map_err(|_| "is no URL such as http://proxy:3128")?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err("must begin with http:// or https://: other kinds of proxies are not supported"),
        };
        let authority = uri.authority().ok_or("has no host")?;
        let host = authority.host();
        if host.is_empty() {
            return Err("has no host");
        }
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let authorization = match authority.as_str().rsplit_once('@') {
            None => None,
            Some((user, _)) => {
                let plain = percent_decoded(user).ok_or("has a user or a password with a broken % in it")?;
                let plain = if plain.contains(&b':') { plain } else { [&plain[..], b":"].concat() };
                Some(Secret::new(format!("Basic {}", STANDARD.encode(plain))))
            }
        };
        let scheme = if secure { "https" } else { "http" };
        Ok(Self {
            url: format!("{scheme}://{host}:{port}"),
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            secure,
            authorization,
        })
    }

    /// Without user and password.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Is TLS spoken with the proxy itself?
    pub(crate) fn secure(&self) -> bool {
        self.secure
    }

    /// The value of `Proxy-Authorization`.
    pub(crate) fn authorization(&self) -> Option<&Secret> {
        self.authorization.as_ref()
    }
}

fn percent_decoded(text: &str) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let digits = str::from_utf8(rest.get(..2)?).ok()?;
            plain.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            plain.push(byte);
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_proxies() {
        for (text, url, authorization) in [
            ("http://proxy:3128", "http://proxy:3128", None),
            ("proxy:3128", "http://proxy:3128", None),
            ("http://proxy", "http://proxy:80", None),
            ("https://proxy/", "https://proxy:443", None),
            ("http://[fd00::1]:3128", "http://[fd00::1]:3128", None),
            ("http://user:pa%40ss@proxy:3128", "http://proxy:3128", Some("Basic dXNlcjpwYUBzcw==")),
            ("http://user@proxy:3128", "http://proxy:3128", Some("Basic dXNlcjo=")),
        ] {
            let proxy = Proxy::parse(text).unwrap();
            assert_eq!(proxy.url(), url);
            assert_eq!(proxy.authorization().map(Secret::expose), authorization, "{text}");
        }
        assert_eq!(Proxy::parse("http://[fd00::1]:3128").unwrap().host(), "fd00::1");
    }

    #[test]
    fn mistakes_come_together_and_without_the_password() {
        let variables = ProxyVariables {
            https: "socks5://user:hunter2@proxy:1080",
            http: "http://user:hunter2%@proxy",
            all: "http://user:hunter2@pro xy",
            no: "",
        };
        let mistakes = Proxies::parse(variables).unwrap_err();
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
        assert!(mistakes.iter().all(|mistake| !mistake.contains("hunter2")), "{mistakes:?}");
    }

    #[test]
    fn a_password_does_not_show_in_debug_output() {
        let proxies =
            Proxies::parse(ProxyVariables { all: "http://user:hunter2@proxy", ..ProxyVariables::default() }).unwrap();
        let shown = format!("{proxies:?}");
        assert!(!shown.contains("hunter2") && !shown.contains(&STANDARD.encode("user:hunter2")), "{shown}");
    }

    #[test]
    fn each_kind_of_url_has_its_proxy() {
        let variables =
            ProxyVariables { https: "http://secure:1", http: " ", all: "http://all:2", no: ".svc,10.0.0.0/8" };
        let proxies = Proxies::parse(variables).unwrap();
        for (url, expected) in [
            ("https://sts.eu-west-1.amazonaws.com", Some("http://secure:1")),
            ("http://minio.example.org:9000/", Some("http://all:2")),
            ("http://minio.store.svc:9000", None),
            ("http://10.1.2.3:9000", None),
            ("http://127.0.0.1:9000", None),
            ("https://[::1]:9000", None),
        ] {
            assert_eq!(proxies.for_url(url), expected, "{url}");
        }
        assert_eq!(Proxies::default().for_url("https://sts.amazonaws.com"), None);
    }
}
