//! What to do when STS cannot be reached: for each trouble on the way its remedy.

use crate::sts::asked::Asked;
use crate::wire::{TlsTrouble, WireFault};

/// The remedy for a fault of the wire.
pub(crate) fn remedy(fault: &WireFault, asked: &Asked<'_>) -> String {
    let Asked { endpoint, region, regional, proxy, .. } = asked;
    let setting = if *regional { "AWS_REGION" } else { "AWS_ENDPOINT_URL_STS" };
    let advice = match fault {
        WireFault::Name { host, .. } if *regional && (host.contains("-fips.") || host.ends_with(".api.aws")) => {
            format!(
                "check AWS_REGION, AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT: not each region has {host}; and \
             that the pod can resolve names"
            )
        }
        WireFault::Name { host, .. } => format!(
            "check {setting} and that the pod can resolve {host} (dnsPolicy, the cluster's DNS, a network policy that \
             forbids port 53)"
        ),
        WireFault::Connect { to, .. } => format!(
            "check {setting}, that something listens at {to}, and that the network policies of this namespace let the \
             pod out"
        ),
        WireFault::ConnectTimeout { .. } | WireFault::AnswerTimeout(_) => return silence(asked),
        WireFault::Tls { trouble: TlsTrouble::Issuer, .. } => "set AWS_CA_BUNDLE to a file with the certificate of \
             the authority that signed the server's (or of the proxy that breaks TLS up), mounted into this container"
            .to_owned(),
        WireFault::Tls { trouble: TlsTrouble::Name, host, .. } => {
            format!("the certificate is not for {host}: set AWS_ENDPOINT_URL_STS to a name that is in it, or renew it")
        }
        WireFault::Tls { trouble: TlsTrouble::Time, .. } => {
            "renew the server's certificate, or set the clock of this node".to_owned()
        }
        WireFault::Tls { trouble: TlsTrouble::Plain, .. } => {
            format!(
                "what answers speaks no TLS: write http:// in AWS_ENDPOINT_URL_STS, or another port than {endpoint}"
            )
        }
        WireFault::Tls { trouble: TlsTrouble::Other, .. } => {
            format!("check the TLS settings of {endpoint}: TLS 1.2 or 1.3, a certificate that is valid for servers")
        }
        WireFault::Proxy { cause, .. } if cause == "407" => {
            "give user and password in the proxy's URL: http://user:password@host:port".to_owned()
        }
        WireFault::Proxy { to, .. } => format!("let the proxy allow CONNECT to {to}"),
        WireFault::Broken(_) => format!("check that {endpoint} speaks HTTP, and https:// where the port has TLS"),
        WireFault::TooLong(_) | WireFault::BadUrl(_) => format!("check {setting}"),
    };
    let region = if *regional { format!("; the region is {region}") } else { String::new() };
    match proxy {
        Some(proxy) => format!("{advice}; or check the proxy {proxy}, or add the server's host to NO_PROXY{region}"),
        None => advice + &region,
    }
}

/// The remedy when nothing comes back at all.
pub(crate) fn silence(asked: &Asked<'_>) -> String {
    let Asked { endpoint, region, regional, proxy, .. } = asked;
    if let Some(proxy) = proxy {
        return format!("check the proxy {proxy}, or add the host of {endpoint} to NO_PROXY");
    }
    let all = "check that the network policies of this namespace let the pod out";
    if *regional {
        format!(
            "{all}; in a private VPC create an STS interface endpoint with private DNS for the region {region}, whose \
             security group lets the nodes in on port 443"
        )
    } else {
        format!("{all} to {endpoint} (AWS_ENDPOINT_URL_STS), and that the server works")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sts::asked::What;

    fn asked(regional: bool, proxy: Option<&str>) -> Asked<'static> {
        Asked {
            endpoint: "https://sts.example.org".into(),
            region: "eu-west-1",
            regional,
            proxy: proxy.map(str::to_owned),
            what: What::Caller,
            attempts: 1,
            skew: None,
        }
    }

    #[test]
    fn each_fault_has_its_remedy() {
        let tls = |trouble| WireFault::Tls { host: "sts.example.org".into(), trouble, cause: String::new() };
        let proxy = |cause: &str| WireFault::Proxy {
            proxy: "http://proxy:3128".into(),
            to: "sts.example.org:443".into(),
            cause: cause.into(),
        };
        for (fault, expected) in [
            (WireFault::Name { host: "sts.example.org".into(), cause: String::new() }, "dnsPolicy"),
            (WireFault::Connect { to: "sts.example.org:443".into(), cause: String::new() }, "network policies"),
            (tls(TlsTrouble::Issuer), "AWS_CA_BUNDLE"),
            (tls(TlsTrouble::Name), "not for sts.example.org"),
            (tls(TlsTrouble::Time), "clock"),
            (tls(TlsTrouble::Plain), "write http://"),
            (tls(TlsTrouble::Other), "TLS 1.2"),
            (proxy("407"), "user and password"),
            (proxy("403"), "allow CONNECT to sts.example.org:443"),
            (WireFault::Broken(String::new()), "speaks HTTP"),
        ] {
            let text = remedy(&fault, &asked(false, None));
            assert!(text.contains(expected), "{fault:?}: {text}");
            let text = remedy(&fault, &asked(false, Some("http://proxy:3128")));
            assert!(text.contains(expected) && text.contains("NO_PROXY"), "{fault:?}: {text}");
        }
    }

    #[test]
    fn what_is_special_about_aws_is_explained() {
        let fault = WireFault::ConnectTimeout { to: "x".into(), after: Duration::from_secs(3) };
        let fips = WireFault::Name { host: "sts-fips.eu-west-1.amazonaws.com".into(), cause: String::new() };
        assert!(remedy(&fips, &asked(true, None)).contains("AWS_USE_FIPS_ENDPOINT"));
        let text = remedy(&fault, &asked(true, None));
        assert!(text.contains("STS interface endpoint with private DNS for the region eu-west-1"), "{text}");
        assert!(!remedy(&fault, &asked(false, None)).contains("VPC"));
        assert!(remedy(&fault, &asked(true, Some("http://proxy:3128"))).contains("NO_PROXY"));
    }
}
