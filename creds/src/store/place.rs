//! The URL under which a store is asked for a bucket: AWS's own hosts, path style, and the bucket as part of the host.

use std::net::IpAddr;

use hyper::Uri;

use crate::store::{S3Uri, StoreSettings};

/// Where the request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The URL of the store, without the bucket; for messages.
    pub endpoint: String,
    /// The whole URL, query included.
    pub url: String,
    /// Does the bucket stand in the host name?
    pub virtual_host: bool,
}

impl Place {
    /// The first page, of one key, of a folder's keys.
    ///
    /// # Errors
    /// When the endpoint is no URL; a sentence.
    pub fn of(settings: &StoreSettings, uri: &S3Uri) -> Result<Self, String> {
        let endpoint = settings.endpoint.clone().unwrap_or_else(|| aws(settings));
        let base: Uri = endpoint.parse().map_err(|error| format!("the endpoint {endpoint} is no URL: {error}"))?;
        let (Some(scheme), Some(host)) = (base.scheme_str(), base.host()) else {
            return Err(format!("the endpoint {endpoint} is no URL with a scheme and a host"));
        };
        let secure = scheme == "https";
        let bucket = uri.bucket();
        // As AWS's SDKs do it: no bucket goes before an IP address, and none with dots where a certificate must match.
        let is_address = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        let virtual_host = !(settings.path_style || is_address || secure && bucket.contains('.'));
        // The signature covers the host as it is sent; a port that is meant anyway stays out of both.
        let port = base.port_u16().filter(|&port| port != if secure { 443 } else { 80 });
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        let path = base.path().trim_end_matches('/');
        let query = format!("list-type=2&max-keys=1&prefix={}", escape(&uri.folder()));
        let url = if virtual_host {
            format!("{scheme}://{bucket}.{host}{port}{path}/?{query}")
        } else {
            format!("{scheme}://{host}{port}{path}/{bucket}?{query}")
        };
        Ok(Self { endpoint: endpoint.trim_end_matches('/').to_owned(), url, virtual_host })
    }
}

/// S3 in a region of AWS; the names are those of the SDKs' endpoint rules.
fn aws(settings: &StoreSettings) -> String {
    let region = settings.region.as_str();
    let fips = if settings.fips { "-fips" } else { "" };
    let dual_stack = if settings.dual_stack { ".dualstack" } else { "" };
    format!("https://s3{fips}{dual_stack}.{region}.{}", suffix(region))
}

fn suffix(region: &str) -> &'static str {
    match region.split('-').next().unwrap_or_default() {
        "cn" => "amazonaws.com.cn",
        "eusc" => "amazonaws.eu",
        _ if region.starts_with("us-iso-") => "c2s.ic.gov",
        _ if region.starts_with("us-isob-") => "sc2s.sgov.gov",
        _ if region.starts_with("us-isof-") => "csp.hci.ic.gov",
        _ if region.starts_with("eu-isoe-") => "cloud.adc-e.uk",
        _ => "amazonaws.com",
    }
}

/// Everything but the unreserved characters becomes `%XX`, as the signature has it.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(settings: &StoreSettings, uri: &str) -> (String, bool) {
        let place = Place::of(settings, &S3Uri::parse(uri).unwrap()).unwrap();
        let cut = place.url.find("?list-type=2&max-keys=1&prefix=").unwrap();
        (place.url[..cut].to_owned(), place.virtual_host)
    }

    fn aws(region: &str) -> StoreSettings {
        StoreSettings::of_region(region)
    }

    #[test]
    fn aws_has_a_host_for_each_region_and_bucket() {
        for (settings, uri, expected) in [
            (aws("eu-west-1"), "s3://data", "https://data.s3.eu-west-1.amazonaws.com/"),
            (aws("cn-north-1"), "s3://data", "https://data.s3.cn-north-1.amazonaws.com.cn/"),
            (aws("us-iso-east-1"), "s3://data", "https://data.s3.us-iso-east-1.c2s.ic.gov/"),
            (aws("eusc-de-east-1"), "s3://data", "https://data.s3.eusc-de-east-1.amazonaws.eu/"),
            (
                StoreSettings { fips: true, dual_stack: true, ..aws("us-gov-west-1") },
                "s3://data",
                "https://data.s3-fips.dualstack.us-gov-west-1.amazonaws.com/",
            ),
            // A wildcard certificate holds for one label only.
            (aws("eu-west-1"), "s3://my.data", "https://s3.eu-west-1.amazonaws.com/my.data"),
        ] {
            assert_eq!(url(&settings, uri).0, expected);
        }
    }

    #[test]
    fn other_stores_have_the_bucket_in_the_host_or_in_the_path() {
        for (endpoint, path_style, expected) in [
            ("http://minio.store.svc:9000", true, ("http://minio.store.svc:9000/data", false)),
            ("http://minio.store.svc:9000/", false, ("http://data.minio.store.svc:9000/", true)),
            ("http://10.0.0.5:9000", false, ("http://10.0.0.5:9000/data", false)),
            ("http://[fd00::1]:9000", false, ("http://[fd00::1]:9000/data", false)),
            ("https://gateway.example.org/s3/", true, ("https://gateway.example.org/s3/data", false)),
            ("https://gateway.example.org/s3", false, ("https://data.gateway.example.org/s3/", true)),
            ("https://store.example.org:443", true, ("https://store.example.org/data", false)),
            ("http://store.example.org:80", true, ("http://store.example.org/data", false)),
            ("http://store.example.org:443", true, ("http://store.example.org:443/data", false)),
        ] {
            let settings = StoreSettings { endpoint: Some(endpoint.to_owned()), path_style, ..aws("us-east-1") };
            let (url, virtual_host) = url(&settings, "s3://data");
            assert_eq!((url.as_str(), virtual_host), expected);
        }
    }

    #[test]
    fn a_prefix_is_escaped() {
        let place = Place::of(&aws("eu-west-1"), &S3Uri::parse("s3://data/ä b+c&d=/~").unwrap()).unwrap();
        assert!(place.url.ends_with("&prefix=%C3%A4%20b%2Bc%26d%3D%2F~%2F"), "{}", place.url);
    }

    #[test]
    fn what_is_no_endpoint_is_said() {
        for endpoint in ["minio", "", "http://", "http://mi nio"] {
            let settings = StoreSettings { endpoint: Some(endpoint.to_owned()), ..aws("us-east-1") };
            let error = Place::of(&settings, &S3Uri::parse("s3://data").unwrap()).unwrap_err();
            assert!(error.contains("is no URL"), "{error}");
        }
    }
}
