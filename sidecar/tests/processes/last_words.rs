//! The driver's stderr on its way through the wrapper, and what is told of it.

use std::{
    fs,
    io::Read,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::bench::{shell, wrapper};

const FAILING: &str = "i=0; while [ $i -lt 20000 ]; do echo \"line $i of many\" >&2; i=$((i+1)); done; printf 'no text: \\377\\376\\n' >&2; \
    printf 'Traceback (most recent call last):\\n  File \"job.py\"\\nValueError: token=abc is bad\\n' >&2; exit 1";

fn told(message: &tempfile::NamedTempFile) -> Value {
    serde_json::from_slice(&fs::read(message.path()).unwrap()).unwrap()
}

fn stderr_of(command: &mut Command) -> Vec<u8> {
    let done = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    done.stderr
}

#[test]
fn stderr_is_copied_byte_for_byte_and_its_last_exception_is_told_without_secrets() {
    let message = tempfile::NamedTempFile::new().unwrap();
    let alone = stderr_of(Command::new("sh").args(["-c", FAILING]));
    let mut command = wrapper();
    command.arg("--last-words").env("CODRIVER_TERMINATION_LOG", message.path());
    let through = stderr_of(command.args(shell(FAILING)));
    assert!(alone == through, "{} bytes became {}", alone.len(), through.len());
    let told = told(&message);
    assert_eq!((&told["code"], &told["whose"]), (&1.into(), &"driver".into()));
    assert_eq!(told["last_words"], "ValueError: token=… is bad");
}

#[test]
fn unless_it_is_asked_to_the_wrapper_does_not_read_it() {
    let message = tempfile::NamedTempFile::new().unwrap();
    let stderr = stderr_of(wrapper().env("CODRIVER_TERMINATION_LOG", message.path()).args(shell(FAILING)));
    assert!(stderr.ends_with(b"ValueError: token=abc is bad\n"));
    assert_eq!(told(&message)["last_words"], Value::Null);
}

#[test]
fn a_reader_of_stderr_that_goes_away_costs_the_driver_nothing() {
    let script = "head -c 1000000 /dev/zero >&2; exit 1";
    let mut command = wrapper();
    command.arg("--last-words").args(shell(script)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_exact(&mut [0; 1000]).unwrap();
    drop(stderr);
    assert_eq!(child.wait().unwrap().code(), Some(1));
}
