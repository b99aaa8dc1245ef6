//! Container endpoints: EKS Pod Identity's agent and others.

use codriver_creds::{
    ContainerToken, Error, ErrorKind, Found, InstanceSettings, Patience, Skew, Source, SourceVariables,
    instance_credentials,
};

use crate::server::{Reply, Server};
use crate::{now, patience, run};

const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzcGFyayJ9.c2lnbmF0dXJl";
const GOOD: &str = r#"{"AccessKeyId":"ASIAX","SecretAccessKey":"secret-key","Token":"session-token",
    "Expiration":"2026-01-02T09:00:00Z"}"#;

fn ask(url: &str, token: Option<&str>, patience: Patience) -> Result<Found, Error> {
    let variables = SourceVariables { full_uri: url, ..SourceVariables::default() };
    let mut settings = InstanceSettings::new(Source::choose(&variables).unwrap());
    settings.patience = patience;
    let token = token.map(|token| ContainerToken::parse(token.as_bytes()).unwrap());
    run(instance_credentials(&settings, token.as_ref(), now()))
}

fn asked(replies: Vec<Reply>) -> (Result<Found, Error>, Server) {
    let server = Server::start(replies);
    let result = ask(&format!("{}/v1/credentials?x=y", server.url()), Some(TOKEN), server.patience);
    (result, server)
}

#[test]
fn credentials_are_given_for_the_token() {
    let server = Server::start(vec![Reply::new(200, &[("Date", "Fri, 02 Jan 2026 03:09:17 GMT")], GOOD)]);
    let found = ask(&format!("{}/v1/credentials?x=y", server.url()), Some(TOKEN), server.patience).unwrap();
    assert_eq!(found.credentials.secret_access_key.expose(), "secret-key");
    assert_eq!(found.credentials.session_token.unwrap().expose(), "session-token");
    assert_eq!((found.origin, found.role, found.first_version), (server.url(), None, false));
    assert!(matches!(found.clock, Some(Skew::Behind(311..=312))), "{:?}", found.clock);
    let head = &server.asked()[0];
    assert!(head.starts_with("GET /v1/credentials?x=y HTTP/1.1\r\n"), "{head}");
    for header in [format!("authorization: {TOKEN}\r\n"), "accept: application/json\r\n".to_owned()] {
        assert!(head.contains(&header), "{head}");
    }
}

#[test]
fn what_can_pass_is_tried_again() {
    for first in [
        Reply::plain(500, "dial tcp: i/o timeout"),
        Reply::plain(429, "Rate exceeded"),
        Reply::plain(404, "ResourceNotFoundException: No association found"),
        Reply::plain(200, "<html>starting</html>"),
        Reply::plain(200, r#"{"AccessKeyId":"A","SecretAccessKey":"B","Expiration":"2026-01-02T03:00:00Z"}"#),
        Reply::Bytes(Vec::new()),
        Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{".to_vec()),
    ] {
        let (result, server) = asked(vec![first.clone(), Reply::plain(200, GOOD)]);
        assert!(result.is_ok(), "{first:?}: {result:?}");
        assert_eq!(server.asked().len(), 2);
    }
}

#[test]
fn trouble_is_told_with_its_remedy_and_without_secrets() {
    let leak = format!("bad token {TOKEN}, part {}", &TOKEN[21..]);
    let huge = "x".repeat(100_000);
    for (reply, requests, kind, cause, remedy) in [
        (
            Reply::plain(400, &leak),
            1,
            ErrorKind::Refused,
            "refused to give credentials: 400 bad token …, part …",
            "check the token",
        ),
        (
            Reply::plain(403, r#"{"code":"AccessDenied","message":"no"}"#),
            1,
            ErrorKind::Refused,
            "403 AccessDenied: no",
            "check the token",
        ),
        (Reply::plain(200, r#"{"Code":"Failed","Message":"no"}"#), 1, ErrorKind::Refused, "200 Failed: no", "log"),
        (Reply::plain(500, "a\nb"), 3, ErrorKind::Temporary, "500 a b (3 attempts in", "log"),
        (Reply::plain(500, "<html>a</html>"), 3, ErrorKind::Temporary, "credentials: 500  (3", "log"),
        (Reply::plain(200, "{}"), 3, ErrorKind::Malformed, "it has no AccessKeyId", "FULL_URI"),
        (Reply::plain(200, &huge), 1, ErrorKind::Malformed, "longer than 65536 bytes", "FULL_URI"),
        (Reply::Endless, 1, ErrorKind::Malformed, "longer than 65536 bytes", "FULL_URI"),
        (Reply::Bytes(b"SSH-2.0-x\r\n".to_vec()), 3, ErrorKind::Unreachable, "the connection broke", "its port"),
        (Reply::silence(), 3, ErrorKind::Unreachable, "no complete answer within 100 ms", "runs before"),
        (
            Reply::Stalls(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".to_vec()),
            3,
            ErrorKind::Unreachable,
            "no complete answer",
            "runs before",
        ),
        (Reply::new(302, &[("Location", "http://169.254.169.254/")], ""), 1, ErrorKind::Refused, "302", "log"),
    ] {
        let (result, server) = asked(vec![reply.clone()]);
        let error = result.unwrap_err();
        let told = error.to_string();
        assert_eq!((error.kind(), server.asked().len()), (kind, requests), "{reply:?}: {told}");
        assert!(told.contains(cause), "{reply:?}: {told}");
        assert!(error.remedy().contains(remedy), "{reply:?}: {}", error.remedy());
        assert!(told.len() < 800 && !told.contains('\n'), "{told}");
        for secret in [TOKEN, &TOKEN[21..], "secret-key"] {
            assert!(!told.contains(secret), "{told}");
        }
    }
}

#[test]
fn an_association_that_is_not_known_yet_is_waited_for_until_the_total() {
    let server = Server::start(vec![Reply::plain(404, "ResourceNotFoundException")]);
    let patience = Patience { total: std::time::Duration::from_millis(100), ..server.patience };
    let error = ask(&format!("{}/v1/credentials", server.url()), Some(TOKEN), patience).unwrap_err();
    assert!(server.asked().len() > 4, "{error}");
    assert!(error.to_string().contains("404 ResourceNotFoundException ("), "{error}");
}

#[test]
fn a_token_that_was_not_sent_is_missed() {
    let server = Server::start(vec![Reply::plain(401, "")]);
    let error = ask(&format!("{}/v1/credentials", server.url()), None, server.patience).unwrap_err();
    assert!(error.remedy().contains("set AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"), "{}", error.remedy());
    assert!(!server.asked()[0].contains("authorization"));
}

#[test]
fn the_path_of_ecs_is_kept_secret() {
    let id = "0123abcd-4567-89ef-0123-456789abcdef";
    let server = Server::start(vec![Reply::plain(400, &format!("no task for /v2/credentials/{id}"))]);
    let error = ask(&format!("{}/v2/credentials/{id}", server.url()), None, server.patience).unwrap_err();
    assert!(error.to_string().ends_with("400 no task for /v2/credentials/…"), "{error}");
}

#[test]
fn nobody_there() {
    let error = ask("http://127.0.0.1:1/v2/credentials/secret-guid", None, patience(&[])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    let told = error.to_string();
    assert!(
        told.starts_with("cannot ask http://127.0.0.1:1 for credentials: cannot connect") && !told.contains("guid"),
        "{told}"
    );
}
