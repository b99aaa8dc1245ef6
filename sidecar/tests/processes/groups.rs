use std::fs;

use nix::{sys::signal::kill, unistd::Pid};

use crate::bench::{Running, shell, until, wrapper};

#[test]
fn what_the_driver_leaves_of_its_group_is_ended() {
    // As PySpark's python: it lives on when the JVM is gone.
    let mut running = Running::start(wrapper().args(shell("sleep 3600 & echo $!; exit 5")));
    let left = running.line();
    assert_eq!(running.code(), 5);
    assert!(!alive(&left), "{left} lives on");
}

#[test]
fn leftovers_that_ignore_term_are_killed() {
    let mut running =
        Running::start(wrapper().args(["--grace", "0"]).args(shell("trap '' TERM; sleep 3600 & echo $!; exit 5")));
    let left = running.line();
    assert_eq!(running.code(), 5);
    assert!(!alive(&left), "{left} lives on");
}

#[test]
fn a_killed_driver_does_not_leave_its_group_either() {
    let mut running = Running::start(wrapper().args(shell("sleep 3600 & echo $!; kill -9 $$")));
    let left = running.line();
    assert_eq!(running.code(), 137);
    assert!(!alive(&left), "{left} lives on");
}

#[test]
fn orphans_are_reaped_while_the_driver_runs() {
    let script = "(sh -c 'echo $$; exit 3' &); (sh -c 'echo $$; kill -40 $$' &); read end; exit 8";
    let mut running = Running::start(wrapper().args(shell(script)));
    for orphan in [running.line(), running.line()] {
        until("the orphan is reaped", || !fs::exists(format!("/proc/{orphan}")).unwrap());
    }
    running.say("end");
    assert_eq!(running.code(), 8);
}

#[test]
fn a_thousand_orphans_at_once_lose_no_code() {
    let script = "i=0; while [ $i -lt 1000 ]; do (true &); i=$((i+1)); done; exit 11";
    assert_eq!(Running::start(wrapper().args(shell(script))).code(), 11);
}

fn alive(pid: &str) -> bool {
    kill(Pid::from_raw(pid.parse().unwrap()), None).is_ok()
}
