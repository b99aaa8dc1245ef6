//! Another container of the same pod, without the token: it reaches loopback, and with a shared process namespace also /proc.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    os::unix::fs::MetadataExt as _,
};

use nix::sys::{
    resource::{Resource, getrlimit, setrlimit},
    signal::Signal::SIGTERM,
};

use crate::{
    pod::{PATIENCE, Pod, Running},
    sts::{IDENTITY, SECRETS, Sts},
};

/// Connections of the neighbour, where this machine lets a process have so many.
const MANY: u64 = 10_000;
/// By so much the program may grow under them, in KiB.
const GROWTH: u64 = 4096;

#[test]
fn nothing_secret_is_in_the_log_the_metrics_and_proc() {
    let pod = Pod::new(&Sts::start());
    let running = pod.start();
    assert_eq!(pod.get().0, Some(200));
    let token = pod.token();
    let mut seen = vec![("/metrics", pod.told("/metrics").1), ("/readyz", pod.told("/readyz").1)];
    for name in ["cmdline", "environ"] {
        seen.push((name, String::from_utf8_lossy(&fs::read(running.file(name)).unwrap_or_default()).into_owned()));
    }
    assert_eq!(running.end(SIGTERM).code(), Some(0));
    seen.push(("the log", pod.log()));
    assert!(seen[0].1.contains(r#"codriver_credentials_requests_total{code="200"} 1"#), "{}", seen[0].1);
    let signature = IDENTITY.rsplit('.').next().unwrap();
    for (place, text) in &seen {
        for secret in SECRETS.iter().chain([&token.as_str(), &signature]) {
            assert!(!text.contains(secret), "{secret} in {place}: {text}");
        }
    }
}

#[test]
fn no_core_is_dumped_and_proc_is_closed() {
    let pod = Pod::new(&Sts::start());
    let running = pod.start();
    let limits = fs::read_to_string(running.file("limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
    // What is not dumpable belongs to root there, whoever runs it (proc(5)).
    for name in ["environ", "mem", "maps", "fd"] {
        assert_eq!(fs::metadata(running.file(name)).unwrap().uid(), 0, "{name}");
    }
}

#[test]
fn thousands_of_connections_cost_little_memory_and_keep_nobody_out() {
    let many = connections();
    let pod = Pod::new(&Sts::start());
    let running = pod.start();
    assert_eq!(pod.get().0, Some(200));
    let before = running.resident();
    let mut crowd = Vec::new();
    for number in 0..many {
        crowd.push(attack(&pod, number));
        if number % 1000 == 999 {
            assert_eq!(pod.get().0, Some(200), "beside {number} others");
            assert_growth(&running, before, number);
        }
    }
    drop(crowd);
    assert_eq!(pod.get().0, Some(200));
    assert_growth(&running, before, many);
}

fn assert_growth(running: &Running, before: u64, number: u64) {
    let now = running.resident();
    assert!(now < before + GROWTH, "{before} KiB, and {now} KiB under {number} connections");
}

/// One connection, which is kept: silent, slow, half closed, too long, or without the token.
fn attack(pod: &Pod, number: u64) -> TcpStream {
    let mut stream = TcpStream::connect(pod.endpoint).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = match number % 5 {
        0 => Ok(()),
        1 => stream.write_all(b"GET /v1/cre"),
        2 => stream.write_all(b"GET /v1/credentials HTTP/1.1\r\nA: b").and_then(|()| stream.shutdown(Shutdown::Write)),
        3 => stream.write_all(&[b'x'; 20_000]),
        _ => {
            let host = pod.endpoint;
            let request = format!("GET /v1/credentials HTTP/1.1\r\nHost: {host}\r\nAuthorization: guess\r\n\r\n");
            let mut said = Vec::new();
            let heard = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut said).map(|_| ()));
            let said = String::from_utf8_lossy(&said);
            assert!(SECRETS.iter().all(|secret| !said.contains(secret)), "{said}");
            heard
        }
    };
    stream
}

/// As many as this process may have open, with some for all else.
fn connections() -> u64 {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    MANY.min(most.saturating_sub(500))
}
