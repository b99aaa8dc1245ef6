//! The driver's output on its way through the wrapper, and what is told of it.

use std::{
    fs,
    io::{PipeReader, Read, pipe},
    os::fd::AsFd,
    process::{Command, ExitStatus, Stdio},
};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use serde_json::Value;

use crate::bench::{Running, shell, until, wrapper};

const FAILING: &str = "i=0; while [ $i -lt 20000 ]; do echo \"line $i of many\" >&2; i=$((i+1)); done; printf 'no text: \\377\\376\\n' >&2; \
    printf 'Traceback (most recent call last):\\n  File \"job.py\"\\nValueError: token=abc is bad' >&2; exit 1";

struct Message(tempfile::NamedTempFile);

impl Message {
    /// Empty, to be written by this wrapper, which reads the driver's output.
    fn of(command: &mut Command) -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        command.arg("--last-words").env("CODRIVER_TERMINATION_LOG", file.path());
        Self(file)
    }

    fn told(&self) -> Value {
        serde_json::from_slice(&fs::read(self.0.path()).unwrap()).unwrap()
    }

    /// The driver's code is in it from its end on.
    fn is_final(&self) -> bool {
        serde_json::from_slice(&fs::read(self.0.path()).unwrap()).is_ok_and(|told: Value| told["code"].is_number())
    }
}

/// What comes out on stderr.
fn stderr_of(command: &mut Command) -> (Vec<u8>, ExitStatus) {
    let done = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
    (done.stderr, done.status)
}

#[test]
fn output_is_copied_byte_for_byte_and_its_last_exception_is_told_without_secrets() {
    let (alone, _) = stderr_of(Command::new("sh").args(["-c", FAILING]));
    let mut command = wrapper();
    let message = Message::of(&mut command);
    let (through, _) = stderr_of(command.args(shell(FAILING)));
    assert!(alone == through, "{} bytes became {}", alone.len(), through.len());
    let told = message.told();
    assert_eq!((&told["code"], &told["whose"]), (&1.into(), &"driver".into()));
    assert_eq!(told["last_words"], "ValueError: token=… is bad");
}

#[test]
fn what_python_says_by_way_of_the_jvms_standard_output_is_read_too() {
    let script =
        "echo one; printf 'Traceback (most recent call last):\\n  File\\nKeyError: 1\\n'; echo two >&2; exit 1";
    let mut command = wrapper();
    let message = Message::of(&mut command);
    let mut running = Running::start(command.args(shell(script)));
    assert_eq!(running.rest(), ["one", "Traceback (most recent call last):", "  File", "KeyError: 1"]);
    assert_eq!(running.code(), 1);
    assert_eq!(message.told()["last_words"], "KeyError: 1");
}

#[test]
fn unless_it_is_asked_to_the_wrapper_does_not_read_it() {
    let message = tempfile::NamedTempFile::new().unwrap();
    let (stderr, _) = stderr_of(wrapper().env("CODRIVER_TERMINATION_LOG", message.path()).args(shell(FAILING)));
    assert!(stderr.ends_with(b"ValueError: token=abc is bad"));
    assert_eq!(Message(message).told()["last_words"], Value::Null);
}

#[test]
fn a_driver_that_did_not_fail_has_no_last_words() {
    for (end, words) in [("exit 0", Value::Null), ("exit 3", "x.Y".into()), ("kill -9 $$", "x.Y".into())] {
        let mut command = wrapper();
        let message = Message::of(&mut command);
        stderr_of(command.args(shell(&format!("echo 'Exception in thread \"a\" x.Y' >&2; {end}"))));
        let told = message.told()["last_words"].clone();
        let words = words.as_str().map(|words| format!("Exception in thread \"a\" {words}"));
        assert_eq!(told.as_str(), words.as_deref(), "{end}");
    }
}

/// More than the pipe to the reader holds, and less than that and the driver's own pipe together: it ends while nobody has read.
const MUCH: &str = "head -c 120000 /dev/zero >&2; printf '\\nException in thread \"main\" x.Y\\n' >&2; exit 1";

/// A driver that said [`MUCH`], and its end is told. Nobody has read yet.
fn unread(block: bool) -> (Running, PipeReader, Message) {
    let (reader, stderr) = pipe().unwrap();
    if !block {
        fcntl(stderr.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    }
    let mut command = wrapper();
    let message = Message::of(&mut command);
    let running = Running::start(command.args(shell(MUCH)).stderr(stderr));
    until("the end is told", || message.is_final());
    (running, reader, message)
}

#[test]
fn a_slow_reader_gets_everything_and_the_words_that_come_late_are_told() {
    for block in [true, false] {
        let (mut running, mut reader, message) = unread(block);
        let mut output = Vec::new();
        reader.read_to_end(&mut output).unwrap();
        assert_eq!(running.code(), 1);
        assert!(output.len() > 120_000 && output.ends_with(b"x.Y\n"), "{} bytes, blocking: {block}", output.len());
        assert_eq!(message.told()["last_words"], "Exception in thread \"main\" x.Y");
    }
}

#[test]
fn nobody_waits_for_a_reader_that_never_reads() {
    let (mut running, _reader, _) = unread(true);
    assert_eq!(running.code(), 1);
}

#[test]
fn a_driver_whose_reader_goes_away_ends_as_it_would_without_the_wrapper() {
    for words in [false, true] {
        let mut command = wrapper();
        command.args(words.then_some("--last-words")).args(["--", "yes"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 1000]).unwrap();
        drop(stdout);
        assert_eq!(child.wait().unwrap().code(), Some(141), "words: {words}");
    }
}

#[test]
fn a_leftover_that_is_silent_costs_no_time() {
    let mut command = wrapper();
    let message = Message::of(&mut command);
    // Its grace period is a day, and the leftover outlives its SIGTERM by reading.
    let script = "sh -c 'trap \"\" TERM; read line' <&3 & exit 1";
    let mut running = Running::start(command.args(["--grace", "86400"]).args(shell(&format!("exec 3<&0; {script}"))));
    until("the end is told", || message.is_final());
    running.say("end");
    assert_eq!(running.code(), 1);
}
