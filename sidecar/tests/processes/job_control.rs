//! Drivers that are stopped, as a shell's job control or a debugger does it.

use nix::{
    sys::signal::{
        Signal::{self, *},
        kill,
    },
    unistd::Pid,
};

use crate::bench::{Running, shell, state, until, wrapper};

fn is_stopped(pid: &str) -> bool {
    state(pid) == Some('T')
}

/// A wrapper over the echoing child, which is stopped.
fn stopped(arguments: &[&str]) -> Running {
    let running = Running::echo(wrapper().args(arguments));
    let driver = running.driver();
    kill(Pid::from_raw(driver.parse().unwrap()), SIGSTOP).unwrap();
    until("the driver is stopped", || is_stopped(&driver));
    running
}

#[test]
fn a_stopped_driver_is_not_dead_and_the_wrapper_sleeps() {
    let mut running = stopped(&[]);
    until("the wrapper sleeps", || state(&running.pid().to_string()) == Some('S'));
    running.signal(SIGCONT);
    assert_eq!(running.line(), "SIGCONT");
    running.say("exit 9");
    assert_eq!(running.code(), 9);
}

#[test]
fn a_request_to_stop_wakes_a_stopped_driver() {
    for signal in [SIGTERM, SIGINT] {
        let mut running = stopped(&[]);
        running.signal(signal);
        let mut heard = [running.line(), running.line()];
        heard.sort();
        let mut expected = [signal.as_str(), "SIGCONT"];
        expected.sort_unstable();
        assert_eq!(heard, expected);
        running.say("exit 9");
        assert_eq!(running.code(), 9);
    }
}

#[test]
fn the_end_of_the_grace_period_kills_a_stopped_driver() {
    let mut running = stopped(&["--grace", "0"]);
    running.signal(SIGTERM);
    assert_eq!(running.code(), 137);
}

#[test]
fn each_suspending_signal_stops_the_driver_and_only_the_driver() {
    // dumb-init stops itself too. Then it is deaf to SIGTERM.
    for signal in [SIGTSTP, SIGTTIN, SIGTTOU] {
        let mut running = Running::start(wrapper().args(shell("echo ready; read code; exit $code")));
        assert_eq!(running.line(), "ready");
        let driver = running.driver();
        running.signal(signal);
        until("the driver is stopped", || is_stopped(&driver));
        assert!(!is_stopped(&running.pid().to_string()));
        running.signal(Signal::SIGCONT);
        until("the driver goes on", || !is_stopped(&driver));
        running.say("9");
        assert_eq!(running.code(), 9);
    }
}
