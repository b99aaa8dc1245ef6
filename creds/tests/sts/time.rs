//! Clocks that differ, and waits that end: by a clock that stands still until nothing else happens.

use std::net::TcpStream;
use std::time::Duration;

use codriver_creds::{ErrorKind, Skew};
use tokio::net::TcpSocket;

use crate::server::{Reply, Server, http};
use crate::world::{credentials, error, granted, identity, now, sts, token};

#[tokio::test]
async fn a_clock_that_is_wrong_is_told_with_the_credentials() {
    let body = granted("AssumeRoleWithWebIdentity", "2026-11-23T03:05:12Z");
    let server = Server::play(vec![Reply::Bytes(http(200, "Date: Mon, 23 Nov 2026 02:05:12 GMT\r\n", &body))]);
    let answer = sts(&server.address).assume_with_token(&identity(3600), &token(), now()).await.unwrap();
    assert!(matches!(answer.clock, Some(Skew::Behind(310..=312))), "{:?}", answer.clock);
}

#[tokio::test]
async fn a_clock_that_is_wrong_explains_a_refusal() {
    for (code, message) in [
        ("ExpiredTokenException", "Token expired: current date/time 2 must be before the expiration date/time 1"),
        ("InvalidParameterValue", "Token used before issued"),
        ("InvalidParameterValue", "token is expired by 5m0s"),
    ] {
        let answer = http(400, "date: Mon, 23 Nov 2026 01:50:00 GMT\r\n", &error(code, message));
        let server = Server::play(vec![Reply::Bytes(answer)]);
        let error = sts(&server.address).assume_with_token(&identity(3600), &token(), now()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        let told = error.to_string();
        assert!(told.contains("; this node's clock is 60") && told.ends_with(" s ahead of that of STS"), "{told}");
        assert!(error.remedy().starts_with("set this node's clock (NTP); "), "{}", error.remedy());
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_does_not_explain_everything() {
    let answer = http(403, "date: Mon, 23 Nov 2026 01:50:00 GMT\r\n", &error("AccessDenied", "Not authorized"));
    let server = Server::play(vec![Reply::Bytes(answer)]);
    let error = sts(&server.address).assume_with_token(&identity(3600), &token(), now()).await.unwrap_err();
    assert!(!error.to_string().contains("clock"), "{error}");
}

#[tokio::test]
async fn credentials_that_only_seem_to_be_over_are_taken() {
    let body = granted("AssumeRoleWithWebIdentity", "2026-11-23T01:50:00Z");
    let server = Server::play(vec![Reply::Bytes(http(200, "date: Mon, 23 Nov 2026 00:50:00 GMT\r\n", &body))]);
    let answer = sts(&server.address).assume_with_token(&identity(3600), &token(), now()).await.unwrap();
    let life = answer.credentials.expires.unwrap().duration_since(now()).unwrap();
    assert!((3590..=3610).contains(&life.as_secs()), "{life:?}");
}

#[tokio::test]
async fn a_clock_that_is_wrong_explains_credentials_that_are_over() {
    let body = granted("AssumeRoleWithWebIdentity", "2026-11-23T00:40:00Z");
    let server = Server::play(vec![Reply::Bytes(http(200, "date: Mon, 23 Nov 2026 00:50:00 GMT\r\n", &body))]);
    let error = sts(&server.address).assume_with_token(&identity(3600), &token(), now()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.clock().is_some() && error.remedy().starts_with("set this node's clock"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_left() {
    let server = Server::play(vec![Reply::Silent(Vec::new())]);
    let error = sts(&server.address).assume_with_token(&identity(3600), &token(), now()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.to_string().ends_with("no answer in time"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_in_the_middle_is_left() {
    let begun = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n<AssumeRoleResponse>".to_vec();
    let server = Server::play(vec![Reply::Silent(begun)]);
    let error = sts(&server.address).assume_with(&identity(3600), &credentials(true), now()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
}

#[tokio::test(start_paused = true)]
async fn packets_that_vanish_are_a_connect_timeout() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Nobody accepts: when its queue is full, the kernel drops what comes.
    let mut queue = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(50)) {
        queue.push(stream);
    }
    let error = sts(&address.to_string()).assume_with_token(&identity(3600), &token(), now()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    let told = format!("no connection to {address} within the connect timeout of 3100 ms");
    assert!(error.to_string().ends_with(&told), "{error}");
    assert!(error.remedy().contains("network policies"), "{}", error.remedy());
}
