use std::{fs, process::Command};

use crate::bench::{Running, until, wrapper};

/// A driver that ends with the code which is typed, and does not take the rest of a line for one. Ready once it is the
/// terminal's foreground: what is typed before may be the wrapper's.
const PATIENT: &str = r#"while read -r _ _ _ _ _ _ _ group _ </proc/$$/stat; [ $group != $$ ]; do :; done; echo ready; while [ -z "$code" ]; do read code; done; exit $code"#;

/// A command on a terminal of its own, made by script(1); its input is typed there.
fn on_a_terminal(command: &str) -> Running {
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--echo", "never", "--command", command, "/dev/null"]);
    Running::start(script.env("CODRIVER_DIR", "/nonexistent").env_remove("POD_UID"))
}

/// The wrapper's command line up to the `--`.
fn run() -> String {
    let wrapper = wrapper();
    let words = [wrapper.get_program()].into_iter().chain(wrapper.get_args());
    words.map(|word| word.to_str().unwrap().to_owned() + " ").collect::<String>() + "--"
}

#[test]
fn the_driver_reads_from_the_terminal() {
    let mut running = on_a_terminal(&format!("{} sh -c 'echo ready; read code; exit $code'", run()));
    assert_eq!(running.line(), "ready");
    running.say("4");
    assert_eq!(running.code(), 4);
}

#[test]
fn ctrl_c_reaches_the_driver_alone_and_is_no_request_to_stop() {
    let script = format!("trap \"echo interrupted\" INT; {PATIENT}");
    let mut running = on_a_terminal(&format!("{} --grace 0 -- sh -c '{script}'", run().trim_end_matches("--")));
    assert_eq!(running.line(), "ready");
    running.say("\x03");
    assert_eq!(running.line(), "interrupted");
    running.say("5");
    assert_eq!(running.code(), 5);
}

#[test]
fn the_terminal_is_given_back() {
    let mut running = on_a_terminal(&format!("{} true; echo ready; read code; exit $code", run()));
    assert_eq!(running.line(), "ready");
    running.say("6");
    assert_eq!(running.code(), 6);
}

#[test]
fn ctrl_z_stops_the_wrapper_too_and_gives_the_terminal_to_the_shell_until_it_says_fg() {
    let job = format!("{} sh -c '{PATIENT}'", run()).replace('$', "\\$").replace('"', "\\\"");
    let shell = format!("bash -mc \"{job}; echo back; fg >/dev/null\"");
    let mut running = on_a_terminal(&shell);
    assert_eq!(running.line(), "ready");
    running.say("\x1a");
    until_said(&running, "back");
    running.say("5");
    assert_eq!(running.code(), 5);
}

#[test]
fn ctrl_z_without_a_shell_behind_changes_nothing() {
    // As `kubectl run -it` does it: the wrapper is the terminal's first process.
    let mut running = on_a_terminal(&format!("exec {} sh -c '{PATIENT}'", run()));
    assert_eq!(running.line(), "ready");
    running.say("\x1a");
    running.say("5");
    assert_eq!(running.code(), 5);
}

#[test]
fn when_the_terminal_goes_the_driver_is_hung_up_on() {
    let folder = tempfile::tempdir().unwrap();
    for exec in ["", "exec "] {
        let message = folder.path().join(format!("message {exec}"));
        fs::write(&message, "").unwrap();
        let run = run().replace("run", &format!("run --termination-log '{}'", message.display()));
        // It does not read: the end of its input would end it too.
        let running = on_a_terminal(&format!("{exec}{run} sh -c 'echo ready; exec sleep 3600'"));
        assert_eq!(running.line(), "ready");
        drop(running);
        until("the wrapper tells the end", || {
            fs::read_to_string(&message).unwrap().contains("was killed by signal 1 (SIGHUP)")
        });
    }
}

/// Passes by what a terminal and a shell say in between.
fn until_said(running: &Running, line: &str) {
    while running.line().trim() != line {}
}
