//! `--stuck-after`, as far as it needs no JVM; with one it is tried in `e2e/tests/jvm`.

use std::{fs, net::TcpListener, process::Command};

use crate::bench::Running;

/// A wrapper that looks at this port, with its log on stdout.
fn looking_at(port: u16) -> (Running, tempfile::TempDir) {
    let volume = tempfile::tempdir().unwrap();
    for folder in ["attempts", "spark"] {
        fs::create_dir(volume.path().join(folder)).unwrap();
    }
    fs::write(volume.path().join("spark/spark-defaults.conf"), format!("spark.driver.port={port}\n")).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", r#"exec "$0" --log debug run --stuck-after 1 -- sleep 3600 2>&1"#]);
    command.arg(env!("CARGO_BIN_EXE_codriver")).env("CODRIVER_DIR", volume.path()).env("POD_UID", "pod");
    (Running::start(&mut command), volume)
}

#[test]
fn a_driver_whose_port_was_open_and_is_closed_is_ended_and_keeps_its_own_code_where_no_jvm_tells_more() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut running, _volume) = looking_at(listener.local_addr().unwrap().port());
    while !running.line().contains(r#""open":true"#) {}
    drop(listener);
    let log = running.rest().join("\n");
    assert_eq!(running.code(), 143);
    assert!(log.contains("SparkContext had stopped") && log.contains("no JVM told why"), "{log}");
}
