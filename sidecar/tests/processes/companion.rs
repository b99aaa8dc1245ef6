use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
    process::Command,
};

use nix::sys::signal::Signal::{SIGTERM, SIGWINCH};
use serde_json::{Value, json};

use crate::bench::{PATIENCE, Running, until, wrapper};

const ID: &str = "spark-pod-1";

/// The test plays the sidecar.
struct Sidecar {
    volume: tempfile::TempDir,
    listener: UnixListener,
    command: Command,
}

impl Sidecar {
    fn new() -> Self {
        let volume = tempfile::tempdir().unwrap();
        for folder in ["attempts", "run"] {
            fs::create_dir(volume.path().join(folder)).unwrap();
        }
        let listener = UnixListener::bind(socket(volume.path())).unwrap();
        let mut command = wrapper();
        command.env("CODRIVER_DIR", volume.path()).env("POD_UID", "pod");
        Self { volume, listener, command }
    }

    fn meet(&self) -> Stream {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Stream(BufReader::new(stream))
    }
}

fn socket(volume: &Path) -> std::path::PathBuf {
    volume.join("run/sidecar.sock")
}

struct Stream(BufReader<UnixStream>);

impl Stream {
    /// The next message; none at the end of the stream.
    fn hear(&mut self) -> Option<Value> {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("nothing was said");
        (!line.is_empty()).then(|| serde_json::from_str(&line).unwrap())
    }

    fn hear_hello(&mut self) {
        let hello = self.hear().unwrap();
        assert_eq!((&hello["hello"]["number"], &hello["hello"]["application_id"]), (&json!(1), &json!(ID)));
    }

    fn hear_started(&mut self) {
        assert!(self.hear().unwrap()["started"]["pid"].is_u64());
    }
}

#[test]
fn the_sidecar_hears_hello_started_and_the_farewell() {
    let mut sidecar = Sidecar::new();
    let mut running = Running::echo(&mut sidecar.command);
    let mut stream = sidecar.meet();
    stream.hear_hello();
    stream.hear_started();
    running.say("exit 7");
    assert_eq!(stream.hear(), Some(json!({"farewell": {"verdict": {"exited": 7}}})));
    assert_eq!(stream.hear(), None);
    assert_eq!(running.code(), 7);
}

#[test]
fn the_farewell_tells_the_truth_and_what_the_exit_map_makes_of_it() {
    let mut sidecar = Sidecar::new();
    let mut running = Running::echo(sidecar.command.env("CODRIVER_MAP", "143=0"));
    let mut stream = sidecar.meet();
    stream.hear_hello();
    stream.hear_started();
    running.say("exit 143");
    assert_eq!(stream.hear(), Some(json!({"farewell": {"verdict": {"exited": 143}, "mapped": 0}})));
    assert_eq!(running.code(), 0);
}

#[test]
fn a_killed_wrapper_leaves_an_end_of_stream_without_a_farewell() {
    let mut sidecar = Sidecar::new();
    let running = Running::echo(&mut sidecar.command);
    let mut stream = sidecar.meet();
    stream.hear_hello();
    stream.hear_started();
    running.signal(nix::sys::signal::Signal::SIGKILL);
    assert_eq!(stream.hear(), None);
}

#[test]
fn a_driver_that_cannot_start_is_told_too() {
    let mut sidecar = Sidecar::new();
    let mut running = Running::start(sidecar.command.args(["--", "/nonexistent"]));
    let mut stream = sidecar.meet();
    stream.hear_hello();
    assert_eq!(stream.hear().unwrap()["farewell"]["verdict"]["never-started"]["code"], 127);
    assert_eq!(running.code(), 127);
}

#[test]
fn the_sidecar_may_ask_for_the_end() {
    let mut sidecar = Sidecar::new();
    let mut running = Running::echo(&mut sidecar.command);
    let mut stream = sidecar.meet();
    stream.0.get_mut().write_all(b"{\"terminate\":{\"why\":\"a test\"}}\n").unwrap();
    assert_eq!(running.line(), "SIGTERM");
    running.say("exit 4");
    assert_eq!(running.code(), 4);
}

#[test]
fn a_lost_sidecar_leaves_the_driver_alone_and_is_met_again() {
    let mut sidecar = Sidecar::new();
    let mut running = Running::echo(&mut sidecar.command);
    drop(sidecar.meet());
    let mut stream = sidecar.meet();
    stream.hear_hello();
    stream.hear_started();
    running.signal(SIGTERM);
    assert_eq!(running.line(), "SIGTERM");
    running.say("exit 0");
    assert_eq!(stream.hear(), Some(json!({"farewell": {"verdict": {"exited": 0}}})));
    assert_eq!(running.code(), 0);
}

#[test]
fn a_sidecar_that_says_rubbish_is_left_and_tried_again() {
    let mut sidecar = Sidecar::new();
    let mut running = Running::echo(&mut sidecar.command);
    // The last has no end: it must be given up, not be kept in memory.
    for rubbish in [&b"nonsense\n"[..], b"{}\n", b"\xff\n", &[b'x'; 1_000_000]] {
        let mut stream = sidecar.meet();
        // The wrapper may hang up in the middle, and what it has not read then cuts off what it said: an error, but an end.
        let _ = stream.0.get_mut().write_all(rubbish);
        let end = stream.0.read_to_end(&mut Vec::new()).map_err(|error| error.kind());
        assert_ne!(end.err(), Some(ErrorKind::WouldBlock), "it listens still");
    }
    let mut stream = sidecar.meet();
    stream.hear_hello();
    stream.hear_started();
    running.say("exit 3");
    assert_eq!(stream.hear(), Some(json!({"farewell": {"verdict": {"exited": 3}}})));
    assert_eq!(running.code(), 3);
}

#[test]
fn a_flood_of_orders_keeps_no_deadline_from_ringing() {
    let mut sidecar = Sidecar::new();
    let mut running = Running::echo(sidecar.command.args(["--grace", "1"]));
    let mut stream = sidecar.meet();
    let orders = b"{\"terminate\":{\"why\":\"a test\"}}\n".repeat(1_000);
    while stream.0.get_mut().write_all(&orders).is_ok() {}
    assert_eq!(running.code(), 137);
}

#[test]
fn a_stream_of_signals_keeps_no_sidecar_from_being_met_again() {
    let mut sidecar = Sidecar::new();
    let mut running = Running::echo(&mut sidecar.command);
    drop(sidecar.meet());
    sidecar.listener.set_nonblocking(true).unwrap();
    until("the wrapper is back", || {
        running.signal(SIGWINCH);
        sidecar.listener.accept().is_ok()
    });
    running.say("exit 5");
    assert_eq!(running.code(), 5);
}

#[test]
fn without_a_sidecar_the_driver_runs_all_the_same() {
    let mut sidecar = Sidecar::new();
    fs::remove_file(socket(sidecar.volume.path())).unwrap();
    let mut running = Running::echo(&mut sidecar.command);
    running.say("exit 5");
    assert_eq!(running.code(), 5);
}
