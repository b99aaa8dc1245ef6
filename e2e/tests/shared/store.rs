//! The stores that tests inside of namespaces of their own work on.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use codriver_e2e::kubectl::HERE;

/// Starts issuer and stores (`jvm/store.sh`) on loopback, with their files in this folder.
///
/// # Panics
/// When one does not start within 30 s; the script says why.
#[expect(clippy::zombie_processes, reason = "it ends with the namespaces, as this program does")]
pub fn start(minio: &str, store: &Path) {
    let mut script = Command::new(format!("{HERE}/jvm/store.sh"));
    let mut child = script.arg(minio).arg(store).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "jvm/store.sh has said why");
}
