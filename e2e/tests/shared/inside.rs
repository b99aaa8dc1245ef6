//! Test programs that run twice: outside, which gets what needs the network, and once more inside of namespaces of their own
//! (`jvm/inside.sh`), where all ports are free, AWS's names lead to loopback, and everything ends with them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use codriver_e2e::kubectl::HERE;

/// Set inside, to the folder that holds what was got outside.
const INSIDE: &str = "CODRIVER_TESTS_INSIDE";

/// The folder that holds what was got outside; none outside.
pub fn folder() -> Option<PathBuf> {
    std::env::var_os(INSIDE).map(PathBuf::from)
}

/// Has `get` put what is needed into a folder, and runs this program again inside; its exit code.
///
/// # Errors
/// Why there can be no inside here.
///
/// # Panics
/// When something could not be got: that is a failure, and no reason to skip.
pub fn start_again(get: impl FnOnce(&Path)) -> Result<i32, String> {
    let mut probe = inside();
    let can = probe.arg("true").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !can.is_ok_and(|status| status.success()) {
        return Err("neither root nor namespaces are to be had".to_owned());
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    get(folder.path());
    let program = std::env::current_exe().expect("this program's path");
    let status = inside().arg(program).args(std::env::args_os().skip(1)).env(INSIDE, folder.path()).status();
    Ok(status.expect("bash").code().unwrap_or(101))
}

fn inside() -> Command {
    let mut command = Command::new(format!("{HERE}/jvm/inside.sh"));
    command.arg(format!("{HERE}/jvm/hosts"));
    command
}

/// What a command of the scripts prints; its progress goes to the terminal.
pub fn bash(library: &str, command: &str) -> String {
    let script = format!("cd {HERE}; . {library}; {command}");
    let done = Command::new("bash").args(["-c", &script]).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let done = done.expect("bash");
    assert!(done.status.success(), "e2e: {command} failed; it has said why");
    String::from_utf8(done.stdout).expect("text")
}

/// A program under test, which is called as its package is; built if need be.
pub fn program(package: &str) -> String {
    let test = std::env::current_exe().expect("this program's path");
    // …/debug/deps/jvm-0123: the folder above `deps` is where programs are.
    let folder = test.parent().and_then(Path::parent).expect("cargo's folder").to_owned();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    // Of this package; build scripts that look at them would run again, and then once more for the next `cargo test`.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| name.to_string_lossy().starts_with(start)) {
            build.env_remove(name);
        }
    }
    build.args(["build", "--quiet", "--locked", "--package", package]).current_dir(format!("{HERE}/.."));
    assert!(build.status().expect("cargo").success(), "{package} does not compile");
    folder.join(package).to_str().expect("text").to_owned()
}
