//! Who is no client: without the token, without manners, or by the thousand.

use std::{
    io::{self, Read as _, Write as _},
    time::{Duration, Instant},
};

use crate::{
    Running, TOKEN, ask, connect, good, read_answer,
    sts::{Answer, Sts},
    until,
};

#[test]
fn a_neighbour_without_the_token_gets_401_and_the_connection_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let sts = Sts::always(Answer::For(Duration::from_secs(3600)));
    let running = Running::start(folder.path(), &sts, 0);
    let host = running.address;
    for request in [
        format!("GET /v1/credentials HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        format!("GET /v1/credentials HTTP/1.1\r\nHost: {host}\r\nAuthorization: wrong\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 100000000\r\n\r\n"),
        format!("GET /metrics HTTP/1.0\r\nHost: {host}\r\n\r\n"),
    ] {
        let mut stream = connect(host);
        stream.write_all(request.as_bytes()).unwrap();
        let (status, body) = read_answer(&mut stream);
        assert_eq!(status, 401, "{request}");
        assert!(body.starts_with(r#"{"code":"Unauthorized","#), "{body}");
        let mut rest = Vec::new();
        assert!(matches!(stream.read_to_end(&mut rest), Ok(0) | Err(_)), "closed");
    }
    assert_eq!((running.standing)().answers.get(&401), Some(&4));
}

#[test]
fn what_is_no_request_is_answered_shortly_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let sts = Sts::always(Answer::For(Duration::from_secs(3600)));
    let running = Running::start(folder.path(), &sts, 0);
    let host = running.address;
    let long = "x".repeat(20_000);
    for (request, expected) in [
        (format!("GET /v1/credentials HTTP/1.1\r\nHost: {host}\r\nAuthorization: {long}\r\n\r\n"), 431),
        (format!("GET /{long} HTTP/1.1\r\nHost: {host}\r\n\r\n"), 431),
        (format!("GET /v1/credentials HTTP/1.1\r\nHost : {host}\r\nAuthorization: {TOKEN}\r\n\r\n"), 400),
        (format!("GET /v1/credentials HTTP/1.1\r\nHost: {host}\r\n{}\r\n", "A: b\r\n".repeat(40)), 431),
        ("\0\r\n\r\n".to_owned(), 400),
    ] {
        assert_eq!(ask(host, &request).0, expected, "{}", &request[..request.len().min(80)]);
    }
    assert_eq!(running.get().0, 200);
}

#[test]
fn who_drips_a_head_byte_by_byte_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let sts = Sts::always(Answer::For(Duration::from_secs(3600)));
    let running = Running::start(folder.path(), &sts, 0);
    let mut stream = connect(running.address);
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let begun = Instant::now();
    let mut drops = good(running.address).into_bytes().into_iter();
    until("the connection is closed", || {
        let drop = drops.next().expect("it was left before it had said all");
        // The read waits for the next drop's time.
        let said = stream.write_all(&[drop]).and_then(|()| stream.read(&mut [0; 64]));
        !said.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    });
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(running.get().0, 200);
}

#[test]
fn thousands_of_silent_and_slow_connections_keep_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let sts = Sts::always(Answer::For(Duration::from_secs(3600)));
    let running = Running::start(folder.path(), &sts, 0);
    let mut kept = connect(running.address);
    kept.write_all(good(running.address).as_bytes()).unwrap();
    assert_eq!(read_answer(&mut kept).0, 200);
    let mut crowd = Vec::new();
    for number in 0..1000 {
        let mut stream = connect(running.address);
        if number % 2 == 0 {
            let _ = stream.write_all(b"GET /v1/cre");
        }
        crowd.push(stream);
        if number % 100 == 0 {
            assert_eq!(running.get().0, 200, "beside {number} others");
        }
    }
    kept.write_all(good(running.address).as_bytes()).unwrap();
    assert_eq!(read_answer(&mut kept).0, 200, "who has shown the token stays connected");
}
