//! A stderr that is a full pipe nobody reads: it costs the wrapper its lines, and nobody the exit code. And what a panic writes there.

use std::{
    io::{ErrorKind, PipeReader, PipeWriter, Write, pipe},
    process::Command,
};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::bench::{Running, example, shell, wrapper};

/// The reader stays open for as long as the test needs it.
fn full() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    block(&writer, false);
    let refused = loop {
        if let Err(error) = writer.write(&[b'x'; 4096]) {
            break error;
        }
    };
    assert_eq!(refused.kind(), ErrorKind::WouldBlock);
    block(&writer, true);
    (reader, writer)
}

fn block(pipe: &PipeWriter, block: bool) {
    let flags = if block { OFlag::empty() } else { OFlag::O_NONBLOCK };
    fcntl(pipe, FcntlArg::F_SETFL(flags)).unwrap();
}

#[test]
fn nobody_waits_for_the_reader_of_the_log() {
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)] {
        let (_reader, stderr) = full();
        let mut command = Command::new(env!("CARGO_BIN_EXE_codriver"));
        command.args(["--log", "debug", "run", "--dir", "/nonexistent"]).args(shell(script)).stderr(stderr);
        assert_eq!(Running::start(&mut command).code(), code, "{script}");
    }
}

#[test]
fn nobody_waits_for_the_reader_of_a_wrong_command_line() {
    let (_reader, stderr) = full();
    assert_eq!(Running::start(wrapper().arg("--nonsense").stderr(stderr)).code(), 78);
}

#[test]
fn a_panic_is_one_line_of_the_log() {
    let output = Command::new(example("panics")).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let line: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&line["level"], &line["code"], &line["whose"]),
        (&"ERROR".into(), &70.into(), &"codriver".into()),
        "{said}"
    );
    let message = line["message"].as_str().unwrap();
    assert!(message.starts_with("a bug of codriver: ") && message.ends_with("on purpose"), "{said}");
}

#[test]
fn a_panic_waits_for_no_reader() {
    let (_reader, stderr) = full();
    assert_eq!(Running::start(Command::new(example("panics")).stderr(stderr)).code(), 3);
}
