//! Where S3 and STS are, and who stands between.

use codriver_creds::{Proxies, ProxyVariables, RoleArn, S3Uri, StsKind};

use super::reader::Reader;
use super::surroundings::Surroundings;
use super::{Store, StsPart, TRUE_OR_FALSE, given};
use crate::args::Args;
use crate::endpoint::Endpoint;
use crate::failure::shown;

impl Reader {
    /// S3, and the region of both.
    pub fn store(&mut self, args: &Args, endpoint: Option<Endpoint>, sts: Option<&Endpoint>) -> Option<Store> {
        let is_aws = endpoint.as_ref().is_none_or(Endpoint::is_aws);
        let path_style = self.one_of("CODRIVER_PATH_STYLE", &args.path_style, &TRUE_OR_FALSE).unwrap_or(!is_aws);
        let region = match given(&args.region).or(given(&args.default_region)) {
            Some(region) if region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') => region,
            Some(region) => {
                self.mistake(
                    format!("AWS_REGION `{}` is no region", shown(region)),
                    "write it as eu-west-1: small letters, digits and -",
                );
                return None;
            }
            // An endpoint that is no URL may be meant for another store: one mistake is enough.
            None if [&args.endpoint, &args.s3_endpoint, &args.sts_endpoint].iter().any(|it| given(it).is_some())
                && endpoint.is_none()
                && sts.is_none() =>
            {
                return None;
            }
            None if is_aws || sts.is_none_or(Endpoint::is_aws) => {
                self.mistake("AWS_REGION is not set", "set it to the region of the buckets, such as eu-west-1");
                return None;
            }
            // Other stores do not care, but S3A wants one.
            None => "us-east-1",
        };
        Some(Store { endpoint, region: region.to_owned(), path_style })
    }

    /// AWS's kinds of endpoints are no help where the endpoint is said.
    pub fn endpoints_fit(&mut self, sts: &StsPart, store: Option<&Store>) {
        let said = sts.endpoint.as_ref().or(store.and_then(|store| store.endpoint.as_ref()));
        for (is_set, setting) in [(sts.fips, "AWS_USE_FIPS_ENDPOINT"), (sts.dual_stack, "AWS_USE_DUALSTACK_ENDPOINT")] {
            if let (true, Some(endpoint)) = (is_set, said) {
                self.mistake(
                    format!("{setting} is true, and the endpoint is said to be {endpoint}"),
                    "leave one of the two out: such endpoints are AWS's to choose",
                );
            }
        }
    }

    /// What is to be read once.
    pub fn probe(&mut self, args: &Args) -> Option<S3Uri> {
        match S3Uri::parse(given(&args.probe)?) {
            Ok(uri) => Some(uri),
            Err(problem) => {
                self.mistake(format!("CODRIVER_PROBE {problem}"), "write it as s3://bucket/prefix");
                None
            }
        }
    }

    /// The proxies of the usual variables.
    pub fn proxies(&mut self, around: &Surroundings<'_>) -> Proxies {
        // Both cases are in use; curl and Go take the small one first.
        let variable = |small: &str, large: &str| around.first_of(&[small, large]).unwrap_or_default();
        let variables = ProxyVariables {
            https: variable("https_proxy", "HTTPS_PROXY"),
            http: variable("http_proxy", "HTTP_PROXY"),
            all: variable("all_proxy", "ALL_PROXY"),
            no: variable("no_proxy", "NO_PROXY"),
        };
        Proxies::parse(variables).unwrap_or_else(|mistakes| {
            for mistake in mistakes {
                self.mistake(mistake, "write it as http://host:port or http://user:password@host:port");
            }
            Proxies::default()
        })
    }

    /// What the variable says, where there is a proxy.
    pub fn no_proxy(around: &Surroundings<'_>) -> Option<String> {
        let proxies = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"];
        around.first_of(&proxies)?;
        Some(around.first_of(&["no_proxy", "NO_PROXY"]).unwrap_or_default().to_owned())
    }

    /// A role of another partition than the region can never be assumed.
    pub fn partitions(&mut self, roles: &[&Option<String>], kind: StsKind, store: Option<&Store>) {
        let (StsKind::Aws, Some(store)) = (kind, store) else { return };
        for role in roles.iter().filter_map(|role| RoleArn::parse(given(role)?, kind).ok()) {
            if let Err(mismatch) = role.fits(&store.region) {
                self.mistake(
                    mismatch,
                    "set AWS_REGION to a region of the role's partition, or take a role of the region's",
                );
            }
        }
    }
}
