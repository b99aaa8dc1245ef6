//! `NO_PROXY`: hosts to which we go directly, in the forms that people write it.

use std::net::IpAddr;

/// The list, read once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NoProxy(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    All,
    Network { address: IpAddr, bits: u8 },
    Host { name: String, port: Option<u16> },
}

impl NoProxy {
    /// Reads a list with commas or blanks between: `*`, addresses, networks (`10.0.0.0/8`), names, with or without a dot
    /// (or `*.`) before them and a port behind them. A name is for what is below it too, as curl and Go have it.
    pub(crate) fn parse(text: &str) -> Self {
        let words = text.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty());
        Self(words.map(Rule::parse).collect())
    }

    /// Is the host reached directly? Loopback always is.
    pub(crate) fn covers(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        host == "localhost"
            || address.is_some_and(|address| address.is_loopback())
            || self.0.iter().any(|rule| rule.covers(&host, address, port))
    }
}

impl Rule {
    fn parse(word: &str) -> Self {
        if word == "*" {
            return Self::All;
        }
        if let Some((address, bits)) = word.split_once('/')
            && let (Ok(address), Ok(bits)) = (address.parse(), bits.parse())
        {
            return Self::Network { address, bits };
        }
        let bare = word.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Self::Network { address, bits: 128 };
        }
        let (name, port) = match word.rsplit_once(':') {
            Some((name, port)) => (name, port.parse().ok()),
            None => (word, None),
        };
        let name = name.trim_start_matches("*.").trim_matches(['.', '[', ']']).to_ascii_lowercase();
        Self::Host { name, port }
    }

    fn covers(&self, host: &str, address: Option<IpAddr>, port: u16) -> bool {
        match self {
            Self::All => true,
            Self::Network { address: network, bits } => {
                address.is_some_and(|address| same_network(address, *network, *bits))
            }
            Self::Host { name, port: only } => {
                let below = host.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
                below && !name.is_empty() && only.is_none_or(|only| only == port)
            }
        }
    }
}

fn same_network(one: IpAddr, other: IpAddr, bits: u8) -> bool {
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let shift = 32 - u32::from(bits.min(32));
            one.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let shift = 128 - u32::from(bits.min(128));
            one.to_bits().checked_shr(shift) == other.to_bits().checked_shr(shift)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_are_reached_directly() {
        for (list, host, port, expected) in [
            ("", "sts.amazonaws.com", 443, false),
            ("", "localhost", 9000, true),
            ("", "127.0.0.9", 9000, true),
            ("*", "sts.amazonaws.com", 443, true),
            ("amazonaws.com", "sts.eu-west-1.amazonaws.com", 443, true),
            (".amazonaws.com", "sts.eu-west-1.amazonaws.com", 443, true),
            ("*.amazonaws.com", "sts.eu-west-1.amazonaws.com", 443, true),
            ("amazonaws.com", "notamazonaws.com", 443, false),
            ("AmazonAWS.com", "STS.amazonaws.com.", 443, true),
            ("a, .svc ,b", "minio.store.svc", 9000, true),
            (".svc", "minio.store.svc.cluster.local", 9000, false),
            ("minio:9000", "minio", 9000, true),
            ("minio:9000", "minio", 9001, false),
            ("10.0.0.0/8", "10.200.1.1", 80, true),
            ("10.0.0.0/8", "11.0.0.1", 80, false),
            ("0.0.0.0/0", "11.0.0.1", 80, true),
            ("10.1.2.3", "10.1.2.3", 80, true),
            ("10.1.2.3", "10.1.2.4", 80, false),
            ("10.1.2.3:80", "10.1.2.3", 80, true),
            ("fd00::/8", "fd12::1", 80, true),
            ("[fd12::1]", "fd12::1", 80, true),
            ("fd00::/8", "10.1.2.3", 80, false),
            ("10.0.0.0/8", "ten.example.org", 80, false),
            (",,.", "sts.amazonaws.com", 443, false),
        ] {
            assert_eq!(NoProxy::parse(list).covers(host, port), expected, "{list} {host}:{port}");
        }
    }
}
