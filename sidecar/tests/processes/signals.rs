use nix::{
    sys::signal::Signal::{self, *},
    sys::stat::Mode,
    unistd::mkfifo,
};
use std::fs;

use crate::bench::{Running, code_of, shell, wrapper, wrapper_under_env};

const FORWARDED: [Signal; 18] = [
    SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU, SIGXCPU, SIGXFSZ,
    SIGVTALRM, SIGPROF, SIGWINCH, SIGIO, SIGPWR,
];

#[test]
fn each_signal_reaches_the_driver_and_the_driver_alone_decides() {
    for signal in FORWARDED {
        let mut running = Running::echo(&mut wrapper());
        running.signal(signal);
        assert_eq!(running.line(), signal.as_str());
        running.say("exit 9");
        assert_eq!(running.code(), 9);
    }
}

#[test]
fn so_does_each_real_time_signal() {
    // 32 and 33 (with musl 34 too) are the C library's own.
    let mut running = Running::echo(&mut wrapper());
    for number in 35..=64 {
        running.signal_number(number);
        assert_eq!(running.line(), number.to_string());
    }
    running.say("exit 9");
    assert_eq!(running.code(), 9);
}

#[test]
fn chld_urg_and_pipe_are_never_forwarded() {
    let mut running = Running::echo(&mut wrapper());
    for signal in [SIGCHLD, SIGURG, SIGPIPE, SIGUSR1] {
        running.signal(signal);
    }
    assert_eq!(running.line(), "SIGUSR1");
    running.say("exit 0");
    assert_eq!(running.rest(), [""; 0]);
    assert_eq!(running.code(), 0);
}

#[test]
fn a_second_request_to_stop_kills() {
    let mut running = Running::echo(wrapper().args(["--grace", "3600"]));
    running.signal(SIGTERM);
    assert_eq!(running.line(), "SIGTERM");
    running.signal(SIGTERM);
    assert_eq!(running.code(), 137);
}

#[test]
fn the_end_of_the_grace_period_kills() {
    let mut running = Running::echo(wrapper().args(["--grace", "0"]));
    running.signal(SIGTERM);
    assert_eq!(running.code(), 137);
}

#[test]
fn a_request_to_stop_that_comes_before_the_start_wins() {
    let folder = tempfile::tempdir().unwrap();
    let (gate, ran) = (folder.path().join("env"), folder.path().join("ran"));
    mkfifo(&gate, Mode::S_IRWXU).unwrap();
    let script = format!("touch {}", ran.display());
    let mut running = Running::start(wrapper().env("CODRIVER_DIR", folder.path()).args(shell(&script)));
    // Opening it for writing waits until the wrapper reads it: by then signals are caught, and nothing has been started.
    let gate = fs::OpenOptions::new().write(true).open(gate).unwrap();
    running.signal(SIGTERM);
    drop(gate);
    assert_eq!(running.code(), 143);
    assert!(!ran.exists());
}

#[test]
fn the_driver_starts_with_the_signals_of_a_fresh_process() {
    let script = "exec grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status";
    let mut plain = Running::start(std::process::Command::new("env").args(["--default-signal", "sh", "-c", script]));
    let mut wrapped = Running::start(wrapper().args(shell(script)));
    assert_eq!(wrapped.rest(), plain.rest());
    assert!(plain.end().success() && wrapped.end().success());
}

#[test]
fn a_storm_of_signals_loses_no_code() {
    let mut running = Running::echo(&mut wrapper());
    for _ in 0..2_000 {
        running.signal(SIGURG);
        running.signal(SIGCHLD);
        running.signal(SIGWINCH);
    }
    running.say("exit 42");
    assert_eq!(running.code(), 42);
    assert_eq!(code_of("for i in 1 2 3 4 5 6 7 8 9; do (exit 1) & done; exit 6"), Some(6));
}

#[test]
fn what_the_parent_has_blocked_is_blocked_in_the_driver_too() {
    // TERM is 15, TTIN 21.
    let mut command = wrapper_under_env(&["--block-signal=TERM,TTIN"]);
    let mut running = Running::start(command.args(["--", "grep", "SigBlk", "/proc/self/status"]));
    assert_eq!(running.line(), "SigBlk:\t0000000000104000");
    assert_eq!(running.code(), 0);
}

#[test]
fn a_wrapper_hears_what_its_parent_has_blocked() {
    let mut command = wrapper_under_env(&["--block-signal"]);
    let mut running = Running::start(command.env("CODRIVER_GRACE", "0").args(shell("echo ready; exec sleep 3600")));
    assert_eq!(running.line(), "ready");
    running.signal(Signal::SIGTERM);
    assert_eq!(running.code(), 137, "the driver does not hear it, and its grace period is over");
}

#[test]
fn a_wrapper_whose_parent_has_blocked_every_signal_sees_the_end_of_its_driver() {
    assert_eq!(Running::start(wrapper_under_env(&["--block-signal"]).args(shell("exit 9"))).code(), 9);
}

#[test]
fn what_was_ignored_stays_ignored_for_the_driver_too() {
    // As nohup(1) does it, and `&` in a script. The driver sends SIGHUP to the wrapper and to itself.
    let script = "kill -HUP $PPID $$; kill -INT $PPID $$; exit 6";
    let mut running = Running::start(wrapper_under_env(&["--ignore-signal=HUP,INT"]).args(shell(script)));
    assert_eq!(running.code(), 6);
}

#[test]
fn a_parent_that_ignores_term_and_chld_changes_nothing() {
    let mut running = Running::echo(&mut wrapper_under_env(&["--ignore-signal=TERM,CHLD"]));
    running.signal(SIGTERM);
    assert_eq!(running.line(), "SIGTERM");
    running.say("exit 9");
    assert_eq!(running.code(), 9);
}

#[test]
fn a_grace_period_beyond_what_a_clock_can_count_is_as_good_as_none() {
    let mut running = Running::echo(wrapper().args(["--grace", &u64::MAX.to_string()]));
    running.signal(SIGTERM);
    assert_eq!(running.line(), "SIGTERM");
    running.say("exit 9");
    assert_eq!(running.code(), 9);
}
