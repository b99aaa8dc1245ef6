//! The endpoint as clients meet it: real sockets, and a stand-in for STS that answers as it is told.

#![allow(clippy::unwrap_used, reason = "clippy knows only test functions as tests, not what they call")]

mod hostile;
mod odd;
mod storm;
mod sts;

use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use codriver_endpoint::{Description, Endpoint, Standing};
use sts::{Answer, Sts};

const TOKEN: &str = "5d41402abc4b2a76b9719d911017c592";
/// For whatever must happen, and does so at once when all is well.
const PATIENCE: Duration = Duration::from_secs(30);

/// An endpoint in a thread of its own, for as long as this lives.
struct Running {
    address: SocketAddr,
    standing: Box<dyn Fn() -> Standing + Send + Sync>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Running {
    /// `port` 0 is any.
    fn start(folder: &Path, sts: &Sts, port: u16) -> Self {
        fs::write(folder.join("token"), TOKEN).unwrap();
        fs::write(folder.join("identity"), sts::identity_token()).unwrap();
        let description = Description::parse(describe(folder, sts, port).as_bytes()).unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (told, heard) = mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let endpoint = Endpoint::bind(&description).unwrap();
                let standing: Box<dyn Fn() -> Standing + Send + Sync> = Box::new(endpoint.watcher());
                told.send((endpoint.address().unwrap(), standing)).unwrap();
                tokio::select! {
                    _ = stopped => {}
                    () = async { endpoint.run(|_, _| {}).await; } => {}
                }
            });
        });
        let (address, standing) = heard.recv_timeout(PATIENCE).unwrap();
        Self { address, standing, stop: Some(stop), thread: Some(thread) }
    }

    fn get(&self) -> (u16, String) {
        ask(self.address, &good(self.address))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn describe(folder: &Path, sts: &Sts, port: u16) -> String {
    let file = |name: &str| -> PathBuf { folder.join(name) };
    format!(
        r#"{{"address":"127.0.0.1:{port}","path":"/v1/credentials","token_file":{:?},
        "source":{{"way":"web-identity","role":"arn:minio:iam:::role/test","token_file":{:?},"audience":"sts.amazonaws.com"}},
        "session":"test","duration_seconds":900,"region":"us-east-1","sts_endpoint":"http://{}",
        "assume_role":null,"session_policy":null}}"#,
        file("token"),
        file("identity"),
        sts.address(),
    )
}

/// What a well-behaved client says.
fn good(address: SocketAddr) -> String {
    format!(
        "GET /v1/credentials HTTP/1.1\r\nHost: {address}\r\nAuthorization: {TOKEN}\r\nAccept: application/json\r\n\r\n"
    )
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn ask(address: SocketAddr, request: &str) -> (u16, String) {
    let mut stream = connect(address);
    // A server that has heard enough may close before all is said.
    let _ = stream.write_all(request.as_bytes());
    read_answer(&mut stream)
}

/// Status and body; (0, "") when the connection was closed without.
fn read_answer(stream: &mut TcpStream) -> (u16, String) {
    let (mut answer, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&answer).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return (head[9..12].parse().unwrap(), body.to_owned());
            }
        }
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return (0, String::new()),
            Ok(read) => answer.extend(&chunk[..read]),
        }
    }
}

fn until(what: &str, mut happens: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happens() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_request_that_comes_too_early_is_held_and_many_cost_one_call() {
    let folder = tempfile::tempdir().unwrap();
    let (sts, release) = Sts::held();
    let running = Running::start(folder.path(), &sts, 0);
    let address = running.address;
    let clients: Vec<_> = (0..50).map(|_| thread::spawn(move || ask(address, &good(address)))).collect();
    until("STS is asked", || sts.calls() == 1);
    release.send(Answer::For(Duration::from_secs(3600))).unwrap();
    let answers: Vec<_> = clients.into_iter().map(|client| client.join().unwrap()).collect();
    assert!(
        answers[0]
            .1
            .starts_with(r#"{"AccessKeyId":"ASIA1","SecretAccessKey":"secret1","Token":"session1","Expiration":"20"#)
    );
    assert!(answers.iter().all(|(status, body)| *status == 200 && *body == answers[0].1), "{answers:?}");
    assert_eq!(sts.calls(), 1);
    assert_eq!((running.standing)().refreshes, 1);
}

#[test]
fn credentials_are_new_before_the_old_ones_end() {
    let folder = tempfile::tempdir().unwrap();
    let sts = Sts::always(Answer::For(Duration::from_secs(4)));
    let running = Running::start(folder.path(), &sts, 0);
    let mut seen: Vec<String> = Vec::new();
    until("three sets are seen", || {
        let (status, body) = running.get();
        assert_eq!(status, 200, "{body}");
        if seen.last() != Some(&body) {
            seen.push(body);
        }
        seen.len() == 3
    });
}

#[test]
fn while_sts_is_away_the_last_good_ones_are_served_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (port, first) = {
        let sts = Sts::always(Answer::For(Duration::from_secs(3600)));
        let running = Running::start(folder.path(), &sts, 0);
        (running.address.port(), running.get())
    };
    let sts = Sts::always(Answer::Refused(503, "ServiceUnavailable", "away"));
    let running = Running::start(folder.path(), &sts, port);
    assert_eq!(running.address.port(), port);
    assert_eq!(running.get(), first);
    assert_eq!(sts.calls(), 0, "they live long enough");
}

#[test]
fn a_refusal_is_told_with_cause_and_remedy_and_without_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let sts =
        Sts::always(Answer::Refused(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"));
    let running = Running::start(folder.path(), &sts, 0);
    let (status, body) = running.get();
    assert_eq!(status, 400, "{body}");
    for part in
        [r#"{"code":"AccessDenied","message":"codriver has no credentials: "#, "arn:minio:iam:::role/test", "; hint: "]
    {
        assert!(body.contains(part), "{part} in {body}");
    }
    assert!(!body.contains(&sts::identity_token()), "{body}");
}

#[test]
fn throttling_in_its_400_form_passes() {
    let folder = tempfile::tempdir().unwrap();
    let sts = Sts::first(Answer::Refused(400, "Throttling", "Rate exceeded"), Answer::For(Duration::from_secs(3600)));
    let running = Running::start(folder.path(), &sts, 0);
    let (status, body) = running.get();
    assert_eq!(status, 200, "{body}");
    assert!(sts.calls() >= 2);
}

#[test]
fn ipv6_loopback_is_served_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let sts = Sts::always(Answer::For(Duration::from_secs(3600)));
    let running = Running::start(folder.path(), &sts, 0);
    let other = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), running.address.port());
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        let _ = writeln!(io::stderr(), "SKIPPED TEST: no IPv6 loopback here");
        return;
    }
    assert_eq!(ask(other, &good(other)), running.get());
    assert_eq!(ask(other, &good(other).replace(TOKEN, "guess")).0, 401);
}

#[test]
fn all_that_is_wrong_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let sts = Sts::always(Answer::For(Duration::from_secs(3600)));
    let text = describe(folder.path(), &sts, 0).replace("arn:minio:iam:::role/test", "role/test");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let description = Description::parse(text.as_bytes()).unwrap();
    let wrong = runtime.block_on(async { Endpoint::bind(&description).err() }).unwrap();
    assert_eq!(wrong.len(), 2, "{wrong:?}");
    assert!(wrong[0].starts_with("the role `role/test` is no role ARN"), "{wrong:?}");
    assert!(wrong[1].contains("token cannot be read: No such file"), "{wrong:?}");
}
