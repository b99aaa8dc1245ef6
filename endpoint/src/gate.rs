//! Who may read: everybody in the pod reaches loopback, and a browser's or a proxy's request may be somebody else's wish.

use hyper::{
    HeaderMap, Method, StatusCode,
    header::{AUTHORIZATION, FORWARDED, HOST, HeaderName},
    http::request::Parts,
};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What only proxies add.
const FORWARDERS: [HeaderName; 3] =
    [FORWARDED, HeaderName::from_static("x-forwarded-for"), HeaderName::from_static("x-forwarded-host")];

/// What a request must have.
pub struct Gate {
    token: Zeroizing<Vec<u8>>,
    path: String,
    hosts: Vec<String>,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// 400, 401, 404 or 405.
    pub status: StatusCode,
    /// One word.
    pub code: &'static str,
    /// For people.
    pub message: &'static str,
}

const fn refusal(status: StatusCode, code: &'static str, message: &'static str) -> Refusal {
    Refusal { status, code, message }
}

const NO_TOKEN: Refusal = refusal(
    StatusCode::UNAUTHORIZED,
    "Unauthorized",
    "the Authorization header must be the content of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE; only the driver's container has it",
);
const WRONG_HOST: Refusal =
    refusal(StatusCode::BAD_REQUEST, "WrongHost", "ask by the address in AWS_CONTAINER_CREDENTIALS_FULL_URI");
const FORWARDED_REQUEST: Refusal = refusal(
    StatusCode::BAD_REQUEST,
    "Forwarded",
    "a proxy has forwarded this request; set NO_PROXY to 127.0.0.1,localhost",
);
const WRONG_PATH: Refusal =
    refusal(StatusCode::NOT_FOUND, "NotFound", "there is one path only, the one in AWS_CONTAINER_CREDENTIALS_FULL_URI");
const WRONG_METHOD: Refusal = refusal(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", "only GET");

impl Gate {
    /// For who shows this token, on this path of this port.
    #[must_use]
    pub fn new(token: &[u8], path: &str, port: u16) -> Self {
        let hosts = ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}"));
        Self { token: Zeroizing::new(token.to_owned()), path: path.to_owned(), hosts: hosts.into() }
    }

    /// Judges a request's head. Who has no token learns nothing else.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn judge(&self, head: &Parts) -> Result<(), Refusal> {
        let shown = single(&head.headers, &AUTHORIZATION).ok_or(NO_TOKEN)?;
        if !bool::from(shown.ct_eq(self.token.as_slice())) {
            return Err(NO_TOKEN);
        }
        let host = single(&head.headers, &HOST).ok_or(WRONG_HOST)?;
        if head.uri.authority().is_some() || !self.hosts.iter().any(|own| own.as_bytes() == host) {
            return Err(WRONG_HOST);
        }
        if FORWARDERS.iter().any(|name| head.headers.contains_key(name)) {
            return Err(FORWARDED_REQUEST);
        }
        if head.uri.path() != self.path || head.uri.query().is_some() {
            return Err(WRONG_PATH);
        }
        if head.method == Method::GET { Ok(()) } else { Err(WRONG_METHOD) }
    }
}

/// The one header of that name: of several, servers and clients may mean different ones.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.as_bytes();
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    const TOKEN: &str = "0123456789abcdef";
    const OWN: (&str, &str) = ("host", "127.0.0.1:8687");
    const SHOWN: (&str, &str) = ("authorization", TOKEN);

    fn judged(method: &str, uri: &str, headers: &[(&str, &str)]) -> Option<&'static str> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let head = request.body(()).unwrap().into_parts().0;
        Gate::new(TOKEN.as_bytes(), "/v1/credentials", 8687).judge(&head).err().map(|refusal| refusal.code)
    }

    #[test]
    fn who_shows_the_token_may_read() {
        for host in ["127.0.0.1:8687", "localhost:8687", "[::1]:8687"] {
            assert_eq!(judged("GET", "/v1/credentials", &[("host", host), SHOWN]), None, "{host}");
        }
    }

    #[test]
    fn who_does_not_learns_nothing_else() {
        for (method, uri) in
            [("GET", "/v1/credentials"), ("POST", "/v1/credentials"), ("GET", "/"), ("GET", "/healthz")]
        {
            for headers in [
                &[OWN][..],
                &[],
                &[OWN, ("authorization", "")],
                &[OWN, ("authorization", "0123456789abcdeg")],
                &[OWN, ("authorization", "0123456789abcde")],
                &[OWN, ("authorization", "0123456789abcdef0")],
                &[OWN, ("authorization", "Bearer 0123456789abcdef")],
                &[OWN, SHOWN, SHOWN],
                &[OWN, SHOWN, ("authorization", "other")],
                &[("host", "evil.example"), ("x-forwarded-for", "10.0.0.1")],
            ] {
                assert_eq!(judged(method, uri, headers), Some("Unauthorized"), "{method} {uri} {headers:?}");
            }
        }
    }

    #[test]
    fn only_a_plain_get_of_the_one_path_by_our_own_address_is_answered() {
        let path = "/v1/credentials";
        for (method, uri, headers, code) in [
            ("GET", path, &[SHOWN][..], "WrongHost"),
            ("GET", path, &[SHOWN, OWN, OWN], "WrongHost"),
            ("GET", path, &[SHOWN, ("host", "127.0.0.1:8687@evil")], "WrongHost"),
            ("GET", path, &[SHOWN, ("host", "evil.example:8687")], "WrongHost"),
            ("GET", path, &[SHOWN, ("host", "127.0.0.1")], "WrongHost"),
            ("GET", path, &[SHOWN, ("host", "127.0.0.1:8688")], "WrongHost"),
            ("GET", "http://evil.example/v1/credentials", &[SHOWN, OWN], "WrongHost"),
            ("GET", path, &[SHOWN, OWN, ("x-forwarded-for", "10.0.0.1")], "Forwarded"),
            ("GET", path, &[SHOWN, OWN, ("forwarded", "for=10.0.0.1")], "Forwarded"),
            ("GET", "//v1/credentials", &[SHOWN, OWN], "NotFound"),
            ("GET", "/v1/credentials/", &[SHOWN, OWN], "NotFound"),
            ("GET", "/v1/./credentials", &[SHOWN, OWN], "NotFound"),
            ("GET", "/v1/credentials?x=1", &[SHOWN, OWN], "NotFound"),
            ("GET", "/", &[SHOWN, OWN], "NotFound"),
            ("HEAD", path, &[SHOWN, OWN], "MethodNotAllowed"),
            ("POST", path, &[SHOWN, OWN], "MethodNotAllowed"),
            ("OPTIONS", path, &[SHOWN, OWN], "MethodNotAllowed"),
        ] {
            assert_eq!(judged(method, uri, headers), Some(code), "{method} {uri} {headers:?}");
        }
    }
}
