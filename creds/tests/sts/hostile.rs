//! Answers that no STS should give: none may panic, hang, fill the memory or tell a secret.

use codriver_creds::ErrorKind::{self, Malformed, Refused, Temporary, Unreachable};

use crate::server::{Reply, Server, http};
use crate::world::{SECRETS, credentials, error, granted, identity, now, sts, token};

/// The answer to both ways to a role is the same.
async fn both_are(reply: Reply, kind: ErrorKind, cause: &str) {
    let server = Server::play(vec![reply]);
    let sts = sts(&server.address);
    for error in [
        sts.assume_with_token(&identity(3600), &token(), now()).await.unwrap_err(),
        sts.assume_with(&identity(3600), &credentials(true), now()).await.unwrap_err(),
    ] {
        let told = format!("{error}\n{}\n{error:?}", error.remedy());
        assert_eq!(error.kind(), kind, "{told}");
        assert!(told.contains(cause), "{cause} in {told}");
        assert!(error.to_string().len() < 2000 && !error.to_string().contains('\n'), "{told}");
        for secret in SECRETS.iter().chain(&[&SECRETS[2].replace('/', "%2F")[..], "given-token"]) {
            assert!(!told.contains(secret), "{secret} in {told}");
        }
    }
}

#[tokio::test]
async fn bodies_that_are_none_of_sts() {
    let whole = granted("AssumeRoleWithWebIdentity", "2026-11-23T03:00:00Z");
    let cut = &whole[..whole.len() / 2];
    let deep = format!("{}x", "<a>".repeat(50_000));
    for (status, body, kind, cause) in [
        (200, "", Malformed, "of no use"),
        (200, "hello", Malformed, "and not the XML of STS: hello"),
        (200, "{\"Credentials\":{}}", Malformed, "not the XML of STS"),
        (200, "<html><body>Welcome</body></html>", Malformed, "Welcome"),
        (200, cut, Malformed, "of no use"),
        (200, "<?xml version=\"1.0\"?>", Malformed, "of no use"),
        (200, "<Other/>", Malformed, "of no use"),
        (200, &deep, Malformed, "of no use"),
        (200, "<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>", Malformed, "of no use"),
        (204, "", Malformed, "status 204"),
        (418, "", Malformed, "status 418"),
        (404, "page not found", Malformed, "status 404"),
        (400, "Client sent an HTTP request to an HTTPS server.\n", Malformed, "with https://"),
        (502, "<html>Bad Gateway</html>", Unreachable, "it answered 502"),
        (429, "", Temporary, "throttled each of 1 attempts"),
    ] {
        both_are(Reply::Bytes(http(status, "", body)), kind, cause).await;
    }
}

#[tokio::test]
async fn an_error_is_understood_wherever_it_stands() {
    for (status, body, kind, cause) in [
        (200, error("AccessDenied", "no"), Refused, "AccessDenied: no"),
        (200, "<Error><Code>SlowDown</Code><Message>later</Message></Error>".into(), Temporary, "SlowDown: later"),
        (403, "<Error><Code>AccessDenied</Code></Error>".into(), Refused, "refused the role"),
        (503, error("STSNotInitialized", "STS API not initialized, please try again."), Temporary, "was not ready"),
        (500, error("InternalError", "oops"), Temporary, "was not ready"),
    ] {
        both_are(Reply::Bytes(http(status, "", &body)), kind, cause).await;
    }
}

#[tokio::test]
async fn redirects_are_told_and_not_followed() {
    let reply = http(302, "location: https://login.example.org/?next=sts\r\n", "");
    both_are(Reply::Bytes(reply), Malformed, "status 302, a redirect to https://login.example.org/").await;
}

#[tokio::test]
async fn credentials_that_are_of_no_use_are_refused() {
    let answer = |from: &str, to: &str| {
        ["AssumeRole", "AssumeRoleWithWebIdentity"]
            .map(|action| granted(action, "2026-11-23T03:00:00Z").replace(from, to))
    };
    for (from, to, cause) in [
        ("<Expiration>2026-11-23T03:00:00Z</Expiration>", "", "no expiration"),
        ("2026-11-23T03", "2026-11-23T01", "expired before they were given"),
        ("2026-11-23T03:00:00Z", "tomorrow", "status 200"),
        ("ASIAGIVEN", "", "is empty"),
        ("ASIAGIVEN", "ASIA GIVEN", "has blanks"),
        ("given-token", "given\ntoken", "has blanks"),
        (">given<", ">giv&#10;en<", "has blanks"),
        (">given<", ">gévèn<", "no header can carry"),
        ("<SecretAccessKey>given</SecretAccessKey>", "", "is empty"),
    ] {
        let [with_keys, with_token] = answer(from, to);
        let replies = vec![Reply::Bytes(http(200, "", &with_token)), Reply::Bytes(http(200, "", &with_keys))];
        let server = Server::play(replies);
        let sts = sts(&server.address);
        let errors = [
            sts.assume_with_token(&identity(3600), &token(), now()).await.unwrap_err(),
            sts.assume_with(&identity(3600), &credentials(true), now()).await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), Malformed, "{error}");
            assert!(error.to_string().contains(cause), "{cause} in {error}");
            assert!(!error.to_string().contains("given-token"), "{error}");
        }
    }
}

#[tokio::test]
async fn secrets_that_are_sent_back_are_masked() {
    let token = token();
    let whole = token.text().expose();
    let encoded = SECRETS[2].replace('/', "%2F");
    for echo in [whole, SECRETS[0], &whole[..30], SECRETS[1], SECRETS[2], SECRETS[3], &encoded] {
        for (status, body) in [
            (400, error("InvalidParameterValue", &format!("cannot read {echo}"))),
            (400, error(echo, "what?")),
            (400, format!("cannot read {echo}")),
            (200, format!("cannot read {echo}")),
        ] {
            let server = Server::play(vec![Reply::Bytes(http(status, "", &body))]);
            let sts = sts(&server.address);
            let by_token = sts.assume_with_token(&identity(3600), &token, now()).await.unwrap_err();
            let by_keys = sts.assume_with(&identity(3600), &credentials(true), now()).await.unwrap_err();
            let is_of_token = whole.contains(echo);
            let error = if is_of_token { by_token } else { by_keys };
            let told = format!("{error} {} {error:?}", error.remedy());
            assert!(!told.contains(echo), "{told}");
            assert!(told.contains('…'), "{told}");
        }
    }
}

#[tokio::test]
async fn heads_that_are_none_of_http() {
    let flood = b"x-flood: 0123456789abcdef0123456789abcdef\r\n".repeat(100);
    for reply in [
        Reply::Close,
        Reply::Bytes(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n<short>".to_vec()),
        Reply::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n".to_vec()),
        Reply::Bytes(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec()),
        Reply::Bytes(b"HTTP/1.1 99999 OK\r\n\r\n".to_vec()),
        Reply::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), flood),
        Reply::Endless(b"HTTP/1.1 200 OK\r\nx-long: ".to_vec(), vec![b'x'; 65536]),
    ] {
        let server = Server::play(vec![reply]);
        let error = sts(&server.address).assume_with_token(&identity(3600), &token(), now()).await.unwrap_err();
        assert!(matches!(error.kind(), Unreachable | Malformed), "{error}");
        assert!(error.to_string().len() < 1000, "{error}");
    }
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_the_end() {
    for head in ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 400 Bad\r\ncontent-length: 9999999999999\r\n\r\n"] {
        both_are(Reply::Endless(head.into(), vec![b'x'; 65536]), Malformed, "longer than 262144 bytes").await;
    }
}
