use std::process::Command;

use crate::bench::{Running, wrapper};

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
    let script = r#"trap "echo interrupted" INT; echo ready; while [ -z "$code" ]; do read code; done; exit $code"#;
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
