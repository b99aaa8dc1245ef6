use std::{fs, os::unix::fs::PermissionsExt};

use crate::bench::{Running, code_of, shell, wrapper};

#[test]
fn every_exit_code_passes_unchanged() {
    for code in 0..=255 {
        assert_eq!(code_of(&format!("exit {code}")), Some(code));
    }
}

#[test]
fn every_deadly_signal_is_128_and_its_number() {
    // Those that end a process by default; the rest stop it, continue it or do nothing.
    let deadly = (1..=64).filter(|signal| ![17, 18, 19, 20, 21, 22, 23, 28, 32, 33].contains(signal));
    for signal in deadly {
        assert_eq!(code_of(&format!("kill -{signal} $$")), Some(128 + signal), "signal {signal}");
    }
}

#[test]
fn a_command_that_does_not_exist_is_127_and_one_that_cannot_run_126() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let cases = [
        (folder.path().join("missing"), 127),
        ("not-in-the-path".into(), 127),
        (file("no-interpreter", "#!/nonexistent/sh\n", 0o755), 127),
        (file("not-executable", "#!/bin/sh\n", 0o644), 126),
        (file("no-program", "\u{1}\u{2}\u{3}", 0o755), 126),
        (folder.path().to_owned(), 126),
    ];
    for (path, code) in cases {
        assert_eq!(Running::start(wrapper().arg("--").arg(&path)).code(), code, "{}", path.display());
    }
}

#[test]
fn wrong_arguments_are_78() {
    for arguments in [&["--grace", "soon", "--", "true"][..], &["--unknown"], &[]] {
        assert_eq!(Running::start(wrapper().args(arguments)).code(), 78, "{arguments:?}");
    }
}

#[test]
fn nested_wrappers_pass_the_code_through() {
    let codriver = env!("CARGO_BIN_EXE_codriver");
    for (script, code) in [("exit 7", 7), ("kill -9 $$", 137)] {
        let mut running =
            Running::start(wrapper().args(["--", codriver, "--log", "off", "run", "--", "sh", "-c", script]));
        assert_eq!(running.code(), code);
    }
}

#[test]
fn a_log_that_cannot_be_written_loses_no_code() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut logging = std::process::Command::new(env!("CARGO_BIN_EXE_codriver"));
    logging.args(["--log", "debug", "run"]).args(shell("exit 7")).env("CODRIVER_DIR", "/nonexistent").stderr(full);
    assert_eq!(Running::start(&mut logging).code(), 7);
}
