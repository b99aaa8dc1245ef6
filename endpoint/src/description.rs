//! What codriver-init decided about the endpoint: `endpoint/endpoint.json` in the volume, or the same text in a variable, where
//! there is no codriver-init. No secret is in it.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf};

use serde::Deserialize;

/// Where to listen, what to serve, and whom to ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Description {
    /// Address and port; IPv6 loopback is served on the same port where there is one.
    pub address: SocketAddr,
    /// The one path that is served.
    pub path: String,
    /// The file whose content clients must show.
    pub token_file: PathBuf,
    /// Where credentials come from.
    pub source: Source,
    /// A second role, assumed with the first credentials.
    pub assume_role: Option<String>,
    /// Narrows the session.
    pub session_policy: Option<String>,
    /// Narrow the session too.
    #[serde(default)]
    pub session_policy_arns: Vec<String>,
    /// How the session is called in audit logs.
    pub session: String,
    /// How long credentials shall live.
    pub duration_seconds: u64,
    /// The region, which gives STS's endpoint unless one is set.
    pub region: String,
    /// Another STS than the region's.
    pub sts_endpoint: Option<String>,
    /// The region's FIPS endpoint.
    #[serde(default)]
    pub fips: bool,
    /// The region's endpoint for IPv4 and IPv6.
    #[serde(default)]
    pub dual_stack: bool,
    /// Files of certificates to trust beside the web's.
    #[serde(default)]
    pub bundles: BTreeSet<PathBuf>,
    /// More of them, as PEM.
    pub certificates: Option<String>,
}

/// Where credentials come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "way", rename_all = "kebab-case")]
pub enum Source {
    /// Keys out of this process's own environment.
    Keys {},
    /// The pod's service account.
    WebIdentity {
        /// The role to assume; without it the webhook of EKS has set `AWS_ROLE_ARN` for this process.
        role: Option<String>,
        /// The projected token, which is replaced from time to time; without it `AWS_WEB_IDENTITY_TOKEN_FILE` says.
        token_file: Option<PathBuf>,
        /// For whom the token must be.
        audience: String,
    },
    /// An agent of the pod's, or the machine, as this process's own environment says.
    Instance {},
}

/// Why a description cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}; hint: codriver-init writes it: the two images must be of one version")]
pub struct BadDescription(String);

impl Description {
    /// Reads it, and looks that only this pod can be served.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &[u8]) -> Result<Self, BadDescription> {
        let description: Self = serde_json::from_slice(text).map_err(|error| BadDescription(error.to_string()))?;
        if !description.address.ip().is_loopback() {
            return Err(BadDescription(format!(
                "{} is not loopback: whoever reaches it could ask",
                description.address
            )));
        }
        if !description.path.starts_with('/') {
            return Err(BadDescription(format!("the path `{}` does not begin with a slash", description.path)));
        }
        Ok(description)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(address: &str, path: &str) -> String {
        format!(
            r#"{{"address":"{address}","path":"{path}","token_file":"/codriver/endpoint/token","assume_role":null,
            "source":{{"way":"web-identity","role":"arn:aws:iam::123456789012:role/x","token_file":"/t","audience":"sts.amazonaws.com"}},
            "session_policy":null,"session":"etl","duration_seconds":3600,"region":"eu-west-1","sts_endpoint":null}}"#
        )
    }

    #[test]
    fn it_is_for_loopback_only() {
        let path = "/v1/credentials";
        for (address, path, wrong) in [
            ("127.0.0.1:8687", path, None),
            ("[::1]:8687", path, None),
            ("0.0.0.0:8687", path, Some("0.0.0.0:8687 is not loopback")),
            ("10.0.0.7:8687", path, Some("10.0.0.7:8687 is not loopback")),
            ("localhost:8687", path, Some("invalid socket address")),
            ("127.0.0.1:8687", "v1", Some("the path `v1` does not begin with a slash")),
        ] {
            let found = Description::parse(text(address, path).as_bytes()).map_err(|error| error.to_string());
            match wrong {
                None => assert_eq!(found.unwrap().path, path),
                Some(wrong) => assert!(found.clone().unwrap_err().contains(wrong), "{address}: {found:?}"),
            }
        }
    }

    #[test]
    fn each_way_is_known() {
        for (way, expected) in [("keys", Source::Keys {}), ("instance", Source::Instance {})] {
            let source = format!(r#"{{"way":"{way}","role":null,"origin":"http://169.254.170.2"}}"#);
            assert_eq!(serde_json::from_str::<Source>(&source).unwrap(), expected);
        }
        assert!(Description::parse(b"{}").unwrap_err().to_string().contains("of one version"));
    }
}
