//! `--stuck-after`, as far as it needs no JVM; with one it is tried in `e2e/tests/jvm`.

use std::{fs, net::TcpListener, os::unix::fs::symlink, process::Command};

use crate::bench::{Running, unshare};

/// A volume whose settings name this port.
fn volume(port: u16) -> tempfile::TempDir {
    let volume = tempfile::tempdir().unwrap();
    for folder in ["attempts", "spark"] {
        fs::create_dir(volume.path().join(folder)).unwrap();
    }
    fs::write(volume.path().join("spark/spark-defaults.conf"), format!("spark.driver.port={port}\n")).unwrap();
    volume
}

/// Starts this shell script, in which `$0` is codriver: its driver must become stuck and be ended. Returns its code and its log,
/// which it must write to stdout.
fn stuck(command: &mut Command, script: &str, prepare: impl FnOnce(&tempfile::TempDir)) -> (i32, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let volume = volume(listener.local_addr().unwrap().port());
    prepare(&volume);
    command.args(["sh", "-c", script, env!("CARGO_BIN_EXE_codriver")]);
    let mut running = Running::start(command.env("CODRIVER_DIR", volume.path()).env("POD_UID", "pod"));
    while !running.line().contains(r#""open":true"#) {}
    drop(listener);
    let log = running.rest().join("\n");
    (running.code(), log)
}

#[test]
fn a_driver_whose_port_was_open_and_is_closed_is_ended_and_keeps_its_own_code_where_no_jvm_tells_more() {
    let script = r#"exec "$0" --log debug run --stuck-after 1 -- sleep 3600 2>&1"#;
    let (code, log) = stuck(&mut Command::new("env"), script, |_| {});
    assert_eq!(code, 143);
    assert!(log.contains("SparkContext had stopped") && log.contains("no JVM told why"), "{log}");
}

#[test]
fn a_jvm_cannot_be_asked_without_a_tmp_to_write_to_which_is_said_and_costs_no_code() {
    let options: &[&str] =
        if rustix::process::geteuid().is_root() { &["--mount"] } else { &["--mount", "--map-root-user"] };
    let Some(mut unshare) = unshare(options) else { return };
    // As with readOnlyRootFilesystem; the volume may itself be in /tmp. A JVM is known by its name, and it
    // catches SIGQUIT, which a shell cannot where a run in the background has it ignored.
    let script = r#"set -e
        mount --bind "$CODRIVER_DIR" /mnt
        mount --bind /tmp /tmp
        mount -o remount,bind,ro /tmp
        export CODRIVER_DIR=/mnt
        exec env --default-signal=QUIT "$0" --log debug run --stuck-after 1 -- /mnt/java -c 'trap : QUIT; while :; do sleep 1; done' 2>&1"#;
    let (code, log) = stuck(&mut unshare, script, |volume| symlink("/bin/sh", volume.path().join("java")).unwrap());
    assert_eq!(code, 143);
    assert!(log.contains("Read-only file system") && log.contains("hint: mount an emptyDir at /tmp"), "{log}");
    assert!(log.contains("SparkContext had stopped") && log.contains("no JVM told why"), "{log}");
}
