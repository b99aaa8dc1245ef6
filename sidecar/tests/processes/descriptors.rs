use std::process::Command;

use crate::bench::{Running, wrapper};

/// A shell's own glob would open the folder.
const LIST: &str =
    "n=0; while [ $n -lt 20 ]; do if [ -e /proc/$$/fd/$n ]; then printf '%s ' $n; fi; n=$((n+1)); done; echo";

/// The wrapper under a shell that leaves 7 and 9 open, over a driver that says which of its descriptors it has.
fn open_with(before: &str, last: &str) -> Vec<String> {
    let wrapped = wrapper();
    let mut command = Command::new("bash");
    let script = format!(r#"exec 7</dev/null 9</dev/null; {before} "$@" {last}"#);
    command.args(["-c", &script, "bash"]).arg(wrapped.get_program()).args(wrapped.get_args());
    command.args(["--", "sh", "-c", LIST]).env("CODRIVER_DIR", "/nonexistent").env_remove("POD_UID");
    let mut running = Running::start(&mut command);
    let open = running.line();
    assert_eq!(running.code(), 0);
    open.trim().split(' ').map(str::to_owned).collect()
}

#[test]
fn what_the_parent_left_open_does_not_reach_the_driver() {
    assert_eq!(open_with("", ""), ["0", "1", "2"]);
}

#[test]
fn what_the_command_names_or_a_socket_activation_hands_over_does() {
    assert_eq!(open_with("", "/dev/fd/9"), ["0", "1", "2", "9"]);
    assert_eq!(open_with("LISTEN_FDS=5", ""), ["0", "1", "2", "7"]);
}
