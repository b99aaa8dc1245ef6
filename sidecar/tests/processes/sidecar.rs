//! The sidecar without an API server: what it hears, says and survives. Cleanups against a server are in `tests/cleanup`, and
//! against a real one in `e2e`.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    process::{Command, ExitStatus},
};

use nix::sys::signal::Signal::{SIGKILL, SIGTERM};
use serde_json::{Value, json};

use crate::bench::{Running, until, wrapper};

/// A pod's volume and addresses, without the pod.
struct Pod {
    volume: tempfile::TempDir,
    health: SocketAddr,
}

impl Pod {
    fn new() -> Self {
        let volume = tempfile::tempdir().unwrap();
        for folder in ["attempts", "run"] {
            fs::create_dir(volume.path().join(folder)).unwrap();
        }
        for file in ["sidecar.log", "message"] {
            fs::write(volume.path().join(file), "").unwrap();
        }
        // A port that was free a moment ago.
        let health = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        Self { volume, health }
    }

    fn probe(&self) -> ExitStatus {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codriver"));
        command.args(["--log", "off", "probe", "--address"]).arg(self.health.to_string()).status().unwrap()
    }

    /// Started, and its probe passes. It takes an end of stream at its word.
    fn sidecar(&self) -> Running {
        self.sidecar_that_settles_within("0")
    }

    fn sidecar_that_settles_within(&self, seconds: &str) -> Running {
        self.sidecar_with("CODRIVER_SETTLE", seconds)
    }

    fn sidecar_with(&self, variable: &str, value: &str) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_codriver"));
        command
            .arg("sidecar")
            .env("CODRIVER_DIR", self.volume.path())
            .env("CODRIVER_TERMINATION_LOG", self.volume.path().join("message"))
            .env("CODRIVER_SERVICE_ACCOUNT_DIR", "/nonexistent")
            .env("CODRIVER_HEALTH_ADDRESS", self.health.to_string())
            .env("CODRIVER_SETTLE", "0")
            .env(variable, value)
            .envs([("POD_NAME", "p"), ("POD_NAMESPACE", "n"), ("POD_UID", "u")])
            .stderr(fs::OpenOptions::new().append(true).open(self.volume.path().join("sidecar.log")).unwrap());
        let running = Running::start(&mut command);
        until("the probe passes", || self.probe().success());
        running
    }

    fn wrapper(&self) -> Running {
        let running = Running::echo(wrapper().env("CODRIVER_DIR", self.volume.path()).env("POD_UID", "u"));
        self.until_logged("the driver runs");
        running
    }

    /// All that the sidecars of this pod have logged.
    fn log(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.volume.path().join("sidecar.log")).unwrap();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn until_logged(&self, words: &str) -> Value {
        let mut found = None;
        until(words, || {
            found =
                self.log().into_iter().find(|line| line["message"].as_str().is_some_and(|text| text.contains(words)));
            found.is_some()
        });
        found.unwrap()
    }

    /// Status and body of what the sidecar serves there.
    fn get(&self, path: &str) -> (u16, String) {
        use std::{
            io::{Read, Write},
            net::TcpStream,
        };

        let mut stream = TcpStream::connect(self.health).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.health).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn memory(&self) -> Value {
        serde_json::from_slice(&fs::read(self.volume.path().join("run/sidecar.json")).unwrap()).unwrap()
    }
}

#[test]
fn the_probe_fails_before_the_sidecar_is_there_and_passes_when_it_listens() {
    let pod = Pod::new();
    assert_eq!(pod.probe().code(), Some(69));
    let mut sidecar = pod.sidecar();
    let socket = fs::metadata(pod.volume.path().join("run/sidecar.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o666, "a driver of any user may connect");
    sidecar.signal(SIGTERM);
    assert_eq!(sidecar.code(), 0);
}

#[test]
fn a_port_that_is_taken_is_said_at_the_start() {
    let pod = Pod::new();
    let _taken = TcpListener::bind(pod.health).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_codriver"))
        .args(["sidecar", "--pod-name", "p", "--pod-namespace", "n", "--pod-uid", "u", "--health"])
        .arg(pod.health.to_string())
        .env("CODRIVER_DIR", pod.volume.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("(CODRIVER_HEALTH_ADDRESS)") && said.contains("another container of the pod"), "{said}");
}

#[test]
fn it_hears_the_farewell_and_leaves_with_0_at_sigterm() {
    let pod = Pod::new();
    let mut sidecar = pod.sidecar();
    let mut wrapper = pod.wrapper();
    wrapper.say("exit 7");
    assert_eq!(wrapper.code(), 7);
    let line = pod.until_logged("the driver ended");
    assert_eq!((&line["verdict"], &line["evidence"]), (&json!("exited with code 7"), &json!("farewell")));
    sidecar.signal(SIGTERM);
    assert_eq!(sidecar.code(), 0);
    assert_eq!(pod.memory(), json!({"current": null, "decided": 1, "ended": [], "met": true, "served": null}));
}

#[test]
fn a_killed_wrapper_is_an_end_of_stream() {
    let pod = Pod::new();
    let mut sidecar = pod.sidecar();
    pod.wrapper().signal(SIGKILL);
    let line = pod.until_logged("the driver ended");
    assert_eq!(line["evidence"], "end of stream");
    sidecar.signal(SIGTERM);
    assert_eq!(sidecar.code(), 0);
}

#[test]
fn sigterm_without_any_wrapper_is_evidence_enough() {
    let pod = Pod::new();
    let mut sidecar = pod.sidecar();
    sidecar.signal(SIGTERM);
    assert_eq!(sidecar.code(), 0);
    assert_eq!(pod.until_logged("the driver ended")["evidence"], "termination");
}

#[test]
fn a_killed_sidecar_comes_back_and_the_driver_never_notices() {
    let pod = Pod::new();
    let mut sidecar = pod.sidecar();
    let mut wrapper = pod.wrapper();
    sidecar.signal(SIGKILL);
    sidecar.end_by_signal(SIGKILL);
    let mut sidecar = pod.sidecar_that_settles_within("3600");
    until("the wrapper is back", || {
        pod.log()
            .iter()
            .filter(|line| line["message"].as_str().is_some_and(|text| text == "a wrapper is there"))
            .count()
            == 2
    });
    wrapper.say("exit 5");
    assert_eq!(wrapper.code(), 5);
    let line = pod.until_logged("the driver ended");
    assert_eq!((&line["verdict"], &line["evidence"]), (&json!("exited with code 5"), &json!("farewell")));
    sidecar.signal(SIGTERM);
    assert_eq!(sidecar.code(), 0);
}

#[test]
fn a_stranger_on_the_socket_changes_nothing() {
    use std::{
        io::{Read, Write},
        os::unix::net::UnixStream,
    };

    let pod = Pod::new();
    let mut sidecar = pod.sidecar();
    let mut wrapper = pod.wrapper();
    for rubbish in [&b"{}\n"[..], b"\xff\n", &[b'x'; 100_000], b"{\"farewell\":{\"verdict\":{\"exited\":0}}}\n", b""] {
        let mut stranger = UnixStream::connect(pod.volume.path().join("run/sidecar.sock")).unwrap();
        // The sidecar may have hung up in the middle.
        let _ = stranger.write_all(rubbish);
        let _ = stranger.shutdown(std::net::Shutdown::Write);
        let mut nothing = Vec::new();
        let _ = stranger.read_to_end(&mut nothing);
        assert_eq!(nothing, b"");
    }
    wrapper.say("exit 3");
    assert_eq!(wrapper.code(), 3);
    assert_eq!(pod.until_logged("the driver ended")["verdict"], "exited with code 3");
    sidecar.signal(SIGTERM);
    assert_eq!(sidecar.code(), 0);
}

#[test]
fn a_proxy_is_asked_after_the_last_end_and_sigterm_waits_for_none() {
    use std::io::{BufRead, BufReader};

    let pod = Pod::new();
    let proxy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("POST http://{}/quit timeout=60", proxy.local_addr().unwrap());
    let mut sidecar = pod.sidecar_with("CODRIVER_QUIT", &url);
    let mut wrapper = pod.wrapper();
    proxy.set_nonblocking(true).unwrap();
    assert!(proxy.accept().is_err(), "it was asked while the driver lives");
    proxy.set_nonblocking(false).unwrap();
    wrapper.say("exit 7");
    assert_eq!(wrapper.code(), 7);
    // It takes the request and never answers.
    let mut asked = BufReader::new(proxy.accept().unwrap().0);
    let mut line = String::new();
    asked.read_line(&mut line).unwrap();
    assert_eq!(line, "POST /quit HTTP/1.1\r\n");
    sidecar.signal(SIGTERM);
    assert_eq!(sidecar.code(), 0);
}

#[test]
fn a_list_of_proxies_with_mistakes_is_refused_at_the_start() {
    let output = Command::new(env!("CARGO_BIN_EXE_codriver"))
        .args(["sidecar", "--pod-name", "p", "--pod-namespace", "n", "--pod-uid", "u", "--quit", "sitio"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("one of istio, linkerd, consul, cloud-sql, alloydb, vault, dapr"), "{said}");
}

#[test]
fn health_readiness_and_metrics_are_served() {
    let pod = Pod::new();
    let mut sidecar = pod.sidecar();
    assert_eq!(pod.get("/healthz"), (200, "ok\n".into()));
    let (status, text) = pod.get("/readyz");
    assert!(status == 503 && text.contains("no service account"), "{status} {text}");
    assert_eq!(pod.get("/").0, 404);
    let mut wrapper = pod.wrapper();
    let says = |line: &str| pod.get("/metrics").1.lines().any(|it| it == line);
    assert!(says("codriver_wrapper_connected 1") && says("codriver_driver_attempt 1") && says("codriver_ready 0"));
    wrapper.say("exit 7");
    assert_eq!(wrapper.code(), 7);
    until("the end is counted", || says("codriver_driver_exit_code 7"));
    assert!(says("codriver_driver_ends_total{verdict=\"exited\",evidence=\"farewell\"} 1"));
    until("the stream is over", || says("codriver_wrapper_connected 0"));
    sidecar.signal(SIGTERM);
    assert_eq!(sidecar.code(), 0);
}
