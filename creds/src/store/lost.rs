//! What to do when a store gives no answer at all: for each trouble on the way its remedy.

use crate::error::{Error, ErrorKind};
use crate::patience::Failed;
use crate::store::question::{PATH_STYLE, Question};
use crate::wire::{TlsTrouble, WireFault};

/// A question that was not answered.
pub fn failed(question: &Question<'_>, fault: &WireFault) -> Failed {
    let Question { settings, uri, place, .. } = question;
    let own_store = settings.endpoint.is_some();
    let proxy = settings.proxies.for_url(&place.url);
    let error = |kind, remedy: &str| {
        let cause = format!("cannot list {uri} at {}: {fault}", place.endpoint);
        match proxy {
            Some(proxy) => {
                let remedy = format!("{remedy}; or check the proxy {proxy}, or add the store's host to NO_PROXY");
                Error::new(kind, cause, remedy)
            }
            None => Error::new(kind, cause, remedy),
        }
    };
    match fault {
        WireFault::Name { .. } | WireFault::Tls { trouble: TlsTrouble::Name, .. }
            if own_store && place.virtual_host =>
        {
            Failed::never(error(ErrorKind::Configuration, PATH_STYLE))
        }
        WireFault::BadUrl(_) => Failed::never(error(ErrorKind::Configuration, "correct AWS_ENDPOINT_URL_S3")),
        WireFault::TooLong(_) => Failed::never(error(
            ErrorKind::Malformed,
            "check that AWS_ENDPOINT_URL_S3 is the S3 API: it was asked for one key",
        )),
        WireFault::Tls { .. } | WireFault::Proxy { .. } => {
            Failed::never(error(ErrorKind::Unreachable, remedy(fault, own_store)))
        }
        _ => Failed::few(error(ErrorKind::Unreachable, remedy(fault, own_store))),
    }
}

fn remedy(fault: &WireFault, own_store: bool) -> &'static str {
    match fault {
        WireFault::Name { .. } if own_store => "check AWS_ENDPOINT_URL_S3, and that the pod can resolve names",
        WireFault::Name { .. } => "check AWS_REGION, and that the pod can resolve names of AWS",
        WireFault::Connect { .. } | WireFault::ConnectTimeout { .. } if own_store => {
            "check AWS_ENDPOINT_URL_S3 with its port, that the store runs, and this namespace's network policies"
        }
        WireFault::Connect { .. } | WireFault::ConnectTimeout { .. } => {
            "check this namespace's network policies; in a private VPC create a gateway endpoint for S3 and put it into \
             the route tables of the nodes' subnets"
        }
        WireFault::Tls { trouble, .. } => match trouble {
            TlsTrouble::Issuer => {
                "set AWS_CA_BUNDLE to a file with the certificate of the authority that signed the store's; the JVMs need \
                 it in their trust store as well"
            }
            TlsTrouble::Name => "write a host name that is in the store's certificate into AWS_ENDPOINT_URL_S3",
            TlsTrouble::Time => "renew the store's certificate, or set the clock of this node",
            TlsTrouble::Plain => "write http:// in AWS_ENDPOINT_URL_S3, or the port on which the store speaks TLS",
            TlsTrouble::Other => "check the TLS settings of the store: TLS 1.2 or 1.3, a certificate for servers",
        },
        WireFault::Proxy { cause, .. } if cause == "407" => {
            "give user and password in the proxy's URL: http://user:password@host:port"
        }
        WireFault::Proxy { .. } => "let the proxy allow CONNECT to the store",
        _ => "check that the store is well, and that AWS_ENDPOINT_URL_S3 has the right scheme (http or https) and port",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::proxy::{Proxies, ProxyVariables};
    use crate::quote::Mask;
    use crate::store::place::Place;
    use crate::store::{S3Uri, StoreSettings};

    fn asked(endpoint: Option<&str>, fault: &WireFault) -> Error {
        let proxies =
            Proxies::parse(ProxyVariables { https: "http://proxy:3128", ..ProxyVariables::default() }).unwrap();
        let endpoint = endpoint.map(str::to_owned);
        let settings = StoreSettings { endpoint, proxies, ..StoreSettings::of_region("eu-west-1") };
        let uri = S3Uri::parse("s3://data/jobs").unwrap();
        let place = Place::of(&settings, &uri).unwrap();
        failed(&Question { settings: &settings, uri: &uri, place: &place, mask: &Mask::new([]) }, fault).error
    }

    #[test]
    fn each_fault_has_its_remedy() {
        let name = WireFault::Name { host: "h".into(), cause: "unknown".into() };
        let connect = WireFault::Connect { to: "h:443".into(), cause: "refused".into() };
        let silent = WireFault::ConnectTimeout { to: "h:443".into(), after: Duration::from_secs(3) };
        let tls = |trouble| WireFault::Tls { host: "h".into(), trouble, cause: "no".into() };
        let proxy = |cause: &str| WireFault::Proxy {
            proxy: "http://proxy:3128".into(),
            to: "h:443".into(),
            cause: cause.into(),
        };
        let (aws, own) = (None, Some("http://minio:9000"));
        for (endpoint, fault, kind, expected) in [
            (aws, &name, ErrorKind::Unreachable, "check AWS_REGION"),
            (own, &name, ErrorKind::Configuration, "CODRIVER_PATH_STYLE=true"),
            (own, &tls(TlsTrouble::Name), ErrorKind::Configuration, "CODRIVER_PATH_STYLE=true"),
            (Some("http://10.0.0.5"), &tls(TlsTrouble::Name), ErrorKind::Unreachable, "in the store's certificate"),
            (own, &connect, ErrorKind::Unreachable, "that the store runs"),
            (aws, &silent, ErrorKind::Unreachable, "in a private VPC create a gateway endpoint"),
            (own, &tls(TlsTrouble::Issuer), ErrorKind::Unreachable, "AWS_CA_BUNDLE"),
            (own, &tls(TlsTrouble::Time), ErrorKind::Unreachable, "clock"),
            (own, &tls(TlsTrouble::Plain), ErrorKind::Unreachable, "http://"),
            (own, &tls(TlsTrouble::Other), ErrorKind::Unreachable, "TLS 1.2"),
            (aws, &proxy("407"), ErrorKind::Unreachable, "user:password@"),
            (aws, &proxy("403"), ErrorKind::Unreachable, "allow CONNECT"),
            (own, &WireFault::AnswerTimeout(Duration::from_secs(1)), ErrorKind::Unreachable, "is well"),
            (own, &WireFault::TooLong(9), ErrorKind::Malformed, "one key"),
            (own, &WireFault::BadUrl("no".into()), ErrorKind::Configuration, "AWS_ENDPOINT_URL_S3"),
        ] {
            let error = asked(endpoint, fault);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.remedy().contains(expected), "{error}: {}", error.remedy());
            // The proxy is for https, and so for AWS only.
            assert_eq!(error.remedy().contains("check the proxy http://proxy:3128"), endpoint.is_none(), "{error}");
        }
    }
}
