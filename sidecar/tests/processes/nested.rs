//! The wrapper inside of other inits, around them, and as PID 1.

use std::process::Command;

use nix::sys::signal::Signal::{SIGTERM, SIGUSR1};

use crate::bench::{Running, echo_child, shell, unshare, wrapper};

/// As Argo's emissary: starts the command, hands signals to this one child, and ends with its code. A trap waits for the command
/// that sets `$!`, and would not wait for one more.
const EMISSARY: &str = r#"trap 'kill -USR1 $!' USR1; trap 'kill -TERM $!' TERM
    exec 3<&0; "$@" <&3 & code=129; while [ $code -gt 128 ]; do wait $!; code=$?; done; exit $code"#;

/// Those that are common, and a codriver. test.sh installs them.
fn inits() -> Vec<Vec<String>> {
    let codriver = wrapper();
    let codriver = [codriver.get_program()].into_iter().chain(codriver.get_args());
    let codriver = codriver.map(|word| word.to_str().unwrap().to_owned()).chain(["--".to_owned()]).collect();
    let others: [&[&str]; 5] = [
        &["tini", "-s", "--"],
        &["dumb-init", "--"],
        &["dumb-init", "--single-child", "--"],
        &["catatonit", "--"],
        &["bash", "-c", EMISSARY, "emissary"],
    ];
    for name in others.map(|words| words[0]) {
        let found = Command::new(name).arg("--version").output();
        assert!(found.is_ok(), "{name} is missing: {found:?}; hint: apt-get install tini dumb-init catatonit");
    }
    others.iter().map(|words| words.iter().map(|word| (*word).to_owned()).collect()).chain([codriver]).collect()
}

fn command(words: &[String]) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("CODRIVER_DIR", "/nonexistent").env_remove("POD_UID");
    command
}

/// The wrapper's own words.
fn codriver() -> Vec<String> {
    ["--log", "off", "run", "--"].into_iter().map(str::to_owned).collect()
}

fn hears_once_and_ends_with_its_code(mut command: Command, what: &str) {
    let mut running = Running::start(command.arg(echo_child()));
    assert_eq!(running.line(), "ready", "{what}");
    running.signal(SIGUSR1);
    assert_eq!(running.line(), "SIGUSR1", "{what}");
    running.signal(SIGTERM);
    assert_eq!(running.line(), "SIGTERM", "{what}");
    running.say("exit 9");
    assert_eq!(running.rest(), [""; 0], "{what}: a signal came twice");
    assert_eq!(running.code(), 9, "{what}");
}

#[test]
fn inside_of_another_init_signals_come_once_and_the_code_passes() {
    for init in inits() {
        let mut outer = command(&init);
        outer.arg(env!("CARGO_BIN_EXE_codriver")).args(codriver());
        hears_once_and_ends_with_its_code(outer, &init.join(" "));
    }
}

#[test]
fn around_another_init_signals_come_once_and_the_code_passes() {
    for init in inits() {
        let mut outer = wrapper();
        outer.arg("--").args(&init);
        hears_once_and_ends_with_its_code(outer, &init.join(" "));
    }
}

/// The wrapper as PID 1 of a namespace of its own; none where that is not allowed.
fn as_pid_1(arguments: &[&str]) -> Option<Running> {
    let mut command = unshare(&["--user", "--map-root-user", "--pid", "--fork", "--mount-proc", "--kill-child"])?;
    command.arg(env!("CARGO_BIN_EXE_codriver")).args(["--log", "off", "run"]).args(arguments);
    Some(Running::start(command.env("CODRIVER_DIR", "/nonexistent").env_remove("POD_UID")))
}

#[test]
fn as_pid_1_it_reaps_forwards_and_passes_the_code() {
    let script = "echo $PPID; (setsid true &); until [ \"$(cat /proc/1/task/1/children)\" = \"$$ \" ]; do :; done
        trap 'echo asked; exit 7' TERM; kill -TERM 1; while :; do sleep 0.01; done";
    let Some(mut running) = as_pid_1(&shell(script)) else { return };
    assert_eq!((running.line(), running.line()), ("1".into(), "asked".into()));
    assert_eq!(running.code(), 7);
}

#[test]
fn as_pid_1_it_asks_before_the_kernel_kills() {
    let script =
        "setsid sh -c 'trap \"echo asked; exit\" TERM; echo ready; while :; do sleep 0.01; done' & read go; exit 5";
    let Some(mut running) = as_pid_1(&shell(script)) else { return };
    assert_eq!(running.line(), "ready");
    running.say("go");
    assert_eq!(running.line(), "asked");
    assert_eq!(running.code(), 5);
}

#[test]
fn as_pid_1_a_driver_that_kills_itself_is_128_and_its_number() {
    for (signal, code) in [("KILL", 137), ("TERM", 143), ("SEGV", 139)] {
        let Some(mut running) = as_pid_1(&shell(&format!("kill -{signal} $$"))) else { return };
        assert_eq!(running.code(), code);
    }
}
