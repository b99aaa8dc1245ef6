//! PySpark is two processes: spark-submit makes the JVM the parent of python, and `python app.py` makes it python's child.
//! Here are shells that behave alike: a python dies of SIGTERM at once, a JVM runs its shutdown hooks and ends with 143.

use std::fs;

use nix::sys::signal::Signal::SIGTERM;

use crate::bench::{Running, lives, shell, wrapper};

#[test]
fn the_jvm_shuts_down_while_its_python_lives_and_the_python_does_not_outlive_it() {
    let jvm = r#"sleep 3600 & python=$!
        trap 'kill -0 $python && echo the python lives; exit 143' TERM
        echo $python; while :; do sleep 0.01; done"#;
    let mut running = Running::start(wrapper().args(shell(jvm)));
    let python = running.line();
    running.signal(SIGTERM);
    assert_eq!(running.line(), "the python lives");
    assert_eq!(running.code(), 143);
    assert!(!lives(&python));
}

#[test]
fn a_python_whose_jvm_was_killed_does_not_stay() {
    let mut running = Running::start(wrapper().args(shell("sleep 3600 & echo $!; kill -9 $$")));
    let python = running.line();
    assert_eq!(running.code(), 137);
    assert!(!lives(&python));
}

#[test]
fn a_jvm_may_write_its_event_log_after_its_python_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let jvm = r#"trap "echo stopping; until [ -e $0 ]; do :; done; echo written; exit 143" TERM; echo $$; while :; do sleep 0.01; done"#;
    // Asked to stop, and by itself.
    for (end, code) in [("wait", 143), ("read end; exit 3", 3)] {
        let _ = fs::remove_file(&log);
        let python = format!("sh -c '{jvm}' \"$0\" & {end}");
        let mut running = Running::start(wrapper().args(shell(&python)).arg(&log));
        let jvm = running.line();
        if code == 143 {
            running.signal(SIGTERM);
        } else {
            running.say("end");
        }
        assert_eq!(running.line(), "stopping");
        fs::write(&log, "").unwrap();
        assert_eq!(running.line(), "written");
        assert_eq!(running.code(), code);
        assert!(!lives(&jvm));
    }
}
