//! A stderr that is a full pipe nobody reads: it costs the wrapper its lines, and nobody the exit code.

use std::{
    io::{ErrorKind, PipeReader, PipeWriter, Write, pipe},
    process::Command,
};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::bench::{Running, shell, wrapper};

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
