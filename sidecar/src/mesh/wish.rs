//! Whom the user wants to be asked: `CODRIVER_QUIT`.
//!
//! Entries with `;` or line ends between: `auto` (what the catalogue knows among the pod's ordinary containers), a name of
//! the catalogue (`istio`), or a request of one's own (`POST http://127.0.0.1:9000/stop expect=204 timeout=10`). `none`
//! alone asks nobody.

use std::{str::FromStr, time::Duration};

use hyper::{Method, Uri};

use crate::mesh::{
    PATIENCE, Target,
    catalogue::{CATALOGUE, Known, OTHER},
};

/// Entries that are taken; a pod with more proxies is a mistake.
const MOST: usize = 16;
/// The longest time-out of one's own, in seconds.
const LONGEST_TIMEOUT: u64 = 60;

/// The setting, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Find out by the pod's containers.
    pub auto: bool,
    /// Ask these in any case.
    pub listed: Vec<Target>,
}

impl FromStr for Wish {
    type Err = String;

    /// All that is wrong with it, together.
    fn from_str(text: &str) -> Result<Self, String> {
        let (mut wish, mut problems, mut none) = (Self::default(), Vec::new(), false);
        let entries = text.split([';', '\n']).map(str::trim).filter(|entry| !entry.is_empty());
        for (count, entry) in entries.enumerate() {
            none |= entry == "none";
            match entry {
                _ if count == MOST => problems.push(format!("more than {MOST} entries")),
                _ if count > MOST => {}
                "none" if count > 0 => problems.push("none stands alone".to_owned()),
                _ if none && count > 0 => problems.push("none stands alone".to_owned()),
                "none" => {}
                "auto" => wish.auto = true,
                _ => match Known::named(entry).map_or_else(|| request(entry), |known| Ok(known.target(known.name))) {
                    Ok(target) => wish.listed.push(target),
                    Err(problem) => problems.push(format!("{entry:?}: {problem}")),
                },
            }
        }
        if problems.is_empty() { Ok(wish) } else { Err(problems.join("; ")) }
    }
}

/// `METHOD URL [expect=STATUS] [timeout=SECONDS]`.
fn request(entry: &str) -> Result<Target, String> {
    let mut words = entry.split_whitespace();
    let (Some(method), Some(url)) = (words.next(), words.next()) else {
        let names: Vec<_> = CATALOGUE.iter().map(|known| known.name).collect();
        return Err(format!("expected auto, none, one of {}, or METHOD URL", names.join(", ")));
    };
    let method = match method {
        "GET" => Method::GET,
        "POST" => Method::POST,
        "PUT" => Method::PUT,
        "DELETE" => Method::DELETE,
        _ => return Err("the method is one of GET, POST, PUT, DELETE".to_owned()),
    };
    let (port, path) = address(url)?;
    let (mut expect, mut patience) = (None, PATIENCE);
    for word in words {
        match word.split_once('=').map(|(key, value)| (key, value.parse::<u64>())) {
            Some(("expect", Ok(status @ 100..=599))) => expect = u16::try_from(status).ok(),
            Some(("timeout", Ok(seconds @ 1..=LONGEST_TIMEOUT))) => patience = Duration::from_secs(seconds),
            _ => return Err(format!("{word:?} is not expect=STATUS or timeout=SECONDS (1 to {LONGEST_TIMEOUT})")),
        }
    }
    let remedy = "compare CODRIVER_QUIT with what the container understands";
    Ok(Target { proxy: OTHER, name: url.to_owned(), method, port, path, expect, patience, remedy })
}

/// Port and path of a URL on loopback. Nothing else is asked: what leaves the pod is no proxy of its own.
fn address(url: &str) -> Result<(u16, String), String> {
    let bad = || "the URL is one like http://127.0.0.1:15020/quitquitquit, of this pod's loopback".to_owned();
    let uri: Uri = url.parse().map_err(|_| bad())?;
    let port = |authority: &str| {
        let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
        port.parse().ok().filter(|_| matches!(host, "127.0.0.1" | "localhost"))
    };
    let port = uri.authority().and_then(|authority| port(authority.as_str()));
    match (uri.scheme_str(), port, uri.path_and_query()) {
        (Some("http"), Some(port), Some(path)) => Ok((port, path.as_str().to_owned())),
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Wish, String> {
        text.parse()
    }

    #[test]
    fn auto_none_names_and_requests_are_read() {
        assert_eq!(read("auto"), Ok(Wish { auto: true, listed: Vec::new() }));
        assert_eq!(read("none"), Ok(Wish::default()));
        assert_eq!(read(" \n;"), Ok(Wish::default()));
        let wish = read("auto; istio\nPUT http://localhost:9000/stop?now expect=204 timeout=10").unwrap();
        assert!(wish.auto);
        let [istio, other] = wish.listed.as_slice() else { panic!("{wish:?}") };
        assert_eq!((istio.proxy, istio.port, istio.path.as_str()), ("istio", 15020, "/quitquitquit"));
        assert_eq!(
            (other.proxy, &other.method, other.port, other.path.as_str()),
            (OTHER, &Method::PUT, 9000, "/stop?now")
        );
        assert_eq!((other.expect, other.patience.as_secs()), (Some(204), 10));
        assert_eq!(
            (other.agrees(204), other.agrees(200), istio.agrees(204), istio.agrees(404)),
            (true, false, true, false)
        );
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let said = read("sitio; POST http://10.0.0.1/x; HEAD http://127.0.0.1/x; POST http://127.0.0.1/x expect=no")
            .unwrap_err();
        for words in
            ["\"sitio\": expected auto, none, one of istio, linkerd", "http://10.0.0.1", "GET, POST", "\"expect=no\""]
        {
            assert!(said.contains(words), "{words}: {said}");
        }
    }

    #[test]
    fn only_loopback_without_tls_is_asked() {
        for url in [
            "http://127.0.0.1.example.com/",
            "http://127.0.0.1@example.com/",
            "http://user@127.0.0.1/",
            "https://127.0.0.1/",
            "http://[::1]/",
            "http://169.254.169.254/",
            "http://127.0.0.1:99999/",
            "127.0.0.1/",
            "/quit",
            "http://",
        ] {
            assert!(read(&format!("POST {url}")).is_err(), "{url}");
        }
    }

    #[test]
    fn none_stands_alone_and_there_is_a_bound() {
        for text in ["none; auto", "auto; none", "none;istio"] {
            assert!(read(text).unwrap_err().contains("none stands alone"), "{text}");
        }
        assert!(read(&"istio;".repeat(MOST)).is_ok());
        assert_eq!(read(&"istio;".repeat(MOST + 9)).unwrap_err(), "more than 16 entries");
    }
}
