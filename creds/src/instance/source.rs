//! Whom to ask: what AWS's own variables say, by the rules of AWS's SDKs.

use std::net::IpAddr;

use hyper::Uri;

use crate::credentials::Secret;

/// Where ECS serves.
const ECS: &str = "http://169.254.170.2";
/// Where the instance metadata service is, by IPv4 and IPv6.
const IMDS: (&str, &str) = ("http://169.254.169.254", "http://[fd00:ec2::254]");
/// The hosts other than loopback that may be asked over plain http: ECS, and EKS Pod Identity.
const PLAIN_HOSTS: [&str; 3] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23"];
/// The longest authorization token, in bytes; a projected one has about 1 KiB.
const LONGEST_TOKEN: usize = 20_000;

/// The values of the variables. Empty is the same as not set.
#[derive(Debug, Clone, Copy, Default)]
pub struct SourceVariables<'a> {
    /// `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`: a path on ECS's host; goes before the next one.
    pub relative_uri: &'a str,
    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    pub full_uri: &'a str,
    /// `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
    pub endpoint: &'a str,
    /// `AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE`: `IPv4` or `IPv6`.
    pub endpoint_mode: &'a str,
    /// `AWS_EC2_METADATA_DISABLED`.
    pub disabled: &'a str,
    /// `AWS_EC2_METADATA_V1_DISABLED`.
    pub first_version_disabled: &'a str,
}

/// Whom to ask for credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An endpoint that the pod was told of.
    Container(Container),
    /// The instance metadata service, or what stands in for it.
    Metadata(Metadata),
}

/// The URL of a container endpoint, allowed by the rules.
#[derive(Clone, PartialEq, Eq)]
pub struct Container {
    url: String,
    origin: String,
}

/// Where the instance metadata service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// Without a slash at its end.
    pub(super) endpoint: String,
    /// May it be asked without a session?
    pub(super) first_version: bool,
}

impl Source {
    /// A container endpoint if one is set, and else the metadata service.
    ///
    /// # Errors
    /// All mistakes, each a sentence that begins with the variable's name.
    pub fn choose(variables: &SourceVariables<'_>) -> Result<Self, Vec<String>> {
        let SourceVariables { relative_uri, full_uri, .. } = variables;
        if !relative_uri.is_empty() {
            return Container::relative(relative_uri)
                .map(Self::Container)
                .map_err(|wrong| vec![format!("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI {wrong}")]);
        }
        if !full_uri.is_empty() {
            return Container::full(full_uri)
                .map(Self::Container)
                .map_err(|wrong| vec![format!("AWS_CONTAINER_CREDENTIALS_FULL_URI {wrong}")]);
        }
        Metadata::choose(variables).map(Self::Metadata)
    }

    /// Scheme, host and port of whom is asked. The path is left out: on ECS it is a secret.
    #[must_use]
    pub fn origin(&self) -> &str {
        match self {
            Self::Container(container) => &container.origin,
            Self::Metadata(metadata) => &metadata.endpoint,
        }
    }
}

impl Container {
    fn relative(path: &str) -> Result<Self, String> {
        if !path.starts_with('/') || path.starts_with("//") {
            return Err("must be a path that begins with one slash; a whole URL belongs into \
                        AWS_CONTAINER_CREDENTIALS_FULL_URI"
                .to_owned());
        }
        Self::full(&format!("{ECS}{path}"))
    }

    fn full(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|_| "is no URL".to_owned())?;
        let (Some(scheme), Some(host), Some(authority)) = (uri.scheme_str(), uri.host(), uri.authority()) else {
            return Err("must be a URL with http:// or https:// and a host".to_owned());
        };
        if authority.as_str().contains('@') {
            return Err("must not hold a user or a password".to_owned());
        }
        match scheme {
            "https" => {}
            "http" if may_be_plain(host.trim_matches(['[', ']'])) => {}
            "http" => {
                return Err(format!(
                    "must use https:// for the host {host}: without TLS the SDKs ask only loopback, 169.254.170.2, \
                     169.254.170.23 and [fd00:ec2::23]"
                ));
            }
            _ => return Err("must begin with http:// or https://".to_owned()),
        }
        Ok(Self { url: url.to_owned(), origin: format!("{scheme}://{authority}") })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// The end of the path where it is the only thing that keeps others away, as the id is that ECS makes up.
    pub(super) fn secret(&self) -> Option<&str> {
        let end = self.url.split('?').next()?.rsplit('/').next()?;
        (end.len() >= 16 && end.bytes().any(|b| b.is_ascii_digit())).then_some(end)
    }

    /// Is it the agent of EKS Pod Identity?
    pub(super) fn is_pod_identity(&self) -> bool {
        self.origin.contains("169.254.170.23") || self.origin.contains("[fd00:ec2::23]")
    }
}

impl std::fmt::Debug for Container {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Container").field(&self.origin).finish()
    }
}

/// Names other than `localhost` are refused, as botocore does: what they resolve to may change under our feet.
fn may_be_plain(host: &str) -> bool {
    let is_loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    is_loopback || host.eq_ignore_ascii_case("localhost") || PLAIN_HOSTS.contains(&host)
}

impl Metadata {
    fn choose(variables: &SourceVariables<'_>) -> Result<Self, Vec<String>> {
        let mut mistakes = Vec::new();
        if is_true(variables.disabled) {
            mistakes.push(
                "AWS_EC2_METADATA_DISABLED is true, and no container endpoint is set: take it away, or give the pod \
                 another way to credentials (web identity, EKS Pod Identity, keys)"
                    .to_owned(),
            );
        }
        let endpoint = match variables.endpoint_mode.to_ascii_lowercase().as_str() {
            "" | "ipv4" => IMDS.0,
            "ipv6" => IMDS.1,
            _ => {
                mistakes.push("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE must be IPv4 or IPv6".to_owned());
                IMDS.0
            }
        };
        let endpoint = if variables.endpoint.is_empty() { endpoint } else { variables.endpoint }.trim_end_matches('/');
        let uri = endpoint.parse::<Uri>().ok();
        let is_endpoint = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() && uri.query().is_none()
        });
        if !is_endpoint || endpoint.contains('@') {
            mistakes.push(
                "AWS_EC2_METADATA_SERVICE_ENDPOINT must be a URL with http:// or https:// and a host, without user, \
                 password and query"
                    .to_owned(),
            );
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self { endpoint: endpoint.to_owned(), first_version: !is_true(variables.first_version_disabled) })
    }
}

/// As AWS's SDKs read a switch.
fn is_true(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

/// What a container endpoint wants to see in `Authorization`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerToken(Secret);

impl ContainerToken {
    /// Reads a token: the value of `AWS_CONTAINER_AUTHORIZATION_TOKEN`, or the content of the file that
    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` names.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with the variable's name. A line end is an error, and
    /// not trimmed: the SDKs of the job itself would send none of it, or something else.
    pub fn parse(content: &[u8]) -> Result<Self, String> {
        if content.is_empty() {
            return Err("is empty".to_owned());
        }
        if content.len() > LONGEST_TOKEN {
            return Err(format!("has {} bytes; no token is longer than {LONGEST_TOKEN}", content.len()));
        }
        if content.ends_with(b"\n") {
            return Err(
                "ends with a line end, which AWS's SDKs refuse: write it without (printf %s, not echo)".to_owned()
            );
        }
        let text = str::from_utf8(content).ok().filter(|text| text.bytes().all(|b| b.is_ascii_graphic() || b == b' '));
        match text {
            Some(text) if text.trim() == text => Ok(Self(Secret::new(text.to_owned()))),
            Some(_) => Err("begins or ends with a blank".to_owned()),
            None => Err("holds a line end or another character that no HTTP header may have".to_owned()),
        }
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full(url: &str) -> Result<Source, Vec<String>> {
        Source::choose(&SourceVariables { full_uri: url, ..SourceVariables::default() })
    }

    #[test]
    fn a_container_endpoint_goes_before_the_metadata_service() {
        let all = SourceVariables {
            relative_uri: "/v2/credentials/1234",
            full_uri: "http://169.254.170.23/v1/credentials",
            endpoint: "http://127.0.0.1:1338/",
            ..SourceVariables::default()
        };
        for (variables, expected) in [
            (all, "http://169.254.170.2"),
            (SourceVariables { relative_uri: "", ..all }, "http://169.254.170.23"),
            (SourceVariables { relative_uri: "", full_uri: "", ..all }, "http://127.0.0.1:1338"),
            (SourceVariables::default(), "http://169.254.169.254"),
            (SourceVariables { endpoint_mode: "IPv6", ..SourceVariables::default() }, "http://[fd00:ec2::254]"),
            (SourceVariables { disabled: "false", endpoint_mode: "ipv4", ..SourceVariables::default() }, IMDS.0),
            // What is disabled is the metadata service only.
            (SourceVariables { disabled: "true", ..all }, "http://169.254.170.2"),
        ] {
            assert_eq!(Source::choose(&variables).unwrap().origin(), expected, "{variables:?}");
        }
    }

    #[test]
    fn only_some_hosts_are_asked_without_tls() {
        for url in [
            "http://127.0.0.1:8080/creds",
            "http://127.1.2.3/",
            "http://localhost:9911",
            "http://[::1]:80/x",
            "http://169.254.170.2/v2",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "https://credentials.example.org/x?y=z",
        ] {
            assert!(matches!(full(url), Ok(Source::Container(_))), "{url}");
        }
        for (url, why) in [
            ("http://10.0.0.1/creds", "must use https://"),
            ("http://169.254.169.254/creds", "must use https://"),
            ("http://localhost.example.org/", "must use https://"),
            ("http://credentials.svc/", "must use https://"),
            ("http://user:hunter2@127.0.0.1/", "user or a password"),
            ("ftp://127.0.0.1/", "must begin with"),
            ("/v1/credentials", "must be a URL"),
            ("127.0.0.1", "must be a URL"),
            ("http://a b/", "no URL"),
        ] {
            let mistakes = full(url).unwrap_err();
            assert_eq!(mistakes.len(), 1);
            assert!(mistakes[0].contains(why), "{url}: {mistakes:?}");
            assert!(mistakes[0].starts_with("AWS_CONTAINER_CREDENTIALS_FULL_URI ") && !mistakes[0].contains("hunter2"));
        }
        for path in ["v1/credentials", "//evil.example.org/x", "http://127.0.0.1/"] {
            let variables = SourceVariables { relative_uri: path, ..SourceVariables::default() };
            assert!(Source::choose(&variables).unwrap_err()[0].contains("one slash"), "{path}");
        }
    }

    #[test]
    fn all_mistakes_about_the_metadata_service_are_told() {
        let variables = SourceVariables {
            endpoint: "169.254.169.254/latest?x",
            endpoint_mode: "IPv5",
            disabled: "TRUE",
            ..SourceVariables::default()
        };
        let mistakes = Source::choose(&variables).unwrap_err();
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
        for (mistake, name) in mistakes.iter().zip(["DISABLED is true", "MODE must be", "ENDPOINT must be"]) {
            assert!(mistake.starts_with("AWS_EC2_METADATA_") && mistake.contains(name), "{mistake}");
        }
    }

    #[test]
    fn a_path_and_a_token_do_not_show_in_debug_output() {
        let source = full("http://127.0.0.1/v2/credentials/secret-guid").unwrap();
        assert!(!format!("{source:?}").contains("secret-guid"));
        let token = ContainerToken::parse(b"hunter2").unwrap();
        assert!(!format!("{token:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_no_authorization_token() {
        assert_eq!(ContainerToken::parse(b"Bearer abc").unwrap().expose(), "Bearer abc");
        let long = "t".repeat(LONGEST_TOKEN + 1);
        for (content, why) in [
            ("", "is empty"),
            ("abc\n", "ends with a line end"),
            ("abc\r\n", "ends with a line end"),
            ("a\nb", "holds a line end"),
            ("abc\r", "holds a line end"),
            ("abc ", "begins or ends with a blank"),
            ("ä", "holds a line end or another"),
            (long.as_str(), "20001 bytes"),
        ] {
            let error = ContainerToken::parse(content.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{content:?}: {error}");
        }
    }
}
