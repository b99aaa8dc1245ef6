use std::fs;

use crate::bench::{Running, lives, shell, state, until, wrapper};

#[test]
fn a_descendant_with_a_session_of_its_own_is_ended_too_and_gets_a_term_first() {
    let script =
        r#"setsid sh -c 'trap "echo asked; exit" TERM; echo $$; while :; do sleep 0.01; done' & read go; exit 5"#;
    let mut running = Running::start(wrapper().args(shell(script)));
    let left = running.line();
    running.say("go");
    assert_eq!(running.line(), "asked");
    assert_eq!(running.code(), 5);
    assert!(!lives(&left), "{left} lives on");
}

#[test]
fn a_whole_tree_of_descendants_that_ignore_term_is_killed() {
    // Killing one re-parents its children to the wrapper, which did not know them as its own.
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree.sh");
    fs::write(&tree, "trap '' TERM; echo $$; [ $1 = 0 ] || setsid sh $0 $(($1 - 1)) & sleep 3600").unwrap();
    let script = r#"setsid sh "$0" 3 & read go; exit 5"#;
    let mut running = Running::start(wrapper().args(["--grace", "0"]).args(shell(script)).arg(&tree));
    let left: Vec<_> = (0..=3).map(|_| running.line()).collect();
    running.say("go");
    assert_eq!(running.code(), 5);
    assert_eq!(left.iter().filter(|pid| lives(pid)).count(), 0);
}

#[test]
fn a_stopped_descendant_hears_the_term_all_the_same() {
    let script = r#"setsid sh -c 'trap "echo asked; exit" TERM; echo $$; kill -STOP $$; sleep 3600' & read go; exit 5"#;
    let mut running = Running::start(wrapper().args(shell(script)));
    let left = running.line();
    until("it is stopped", || state(&left) == Some('T'));
    running.say("go");
    assert_eq!(running.line(), "asked");
    assert_eq!(running.code(), 5);
}

#[test]
fn the_wrapper_waits_for_a_descendant_that_ends_in_its_own_time() {
    let folder = tempfile::tempdir().unwrap();
    let gate = folder.path().join("gate");
    let script = r#"setsid sh -c 'trap "echo asked" TERM; echo ready; until [ -e $0 ]; do :; done; echo ended' "$0" & read go; exit 5"#;
    let mut running = Running::start(wrapper().args(shell(script)).arg(&gate));
    assert_eq!(running.line(), "ready");
    running.say("go");
    assert_eq!(running.line(), "asked");
    fs::write(&gate, "").unwrap();
    assert_eq!(running.line(), "ended");
    assert_eq!(running.code(), 5);
}

#[test]
fn ten_thousand_zombies_are_reaped_while_the_driver_runs_and_no_status_is_stolen() {
    // The shell in the middle does not collect its children: they come to the wrapper all at once when it ends.
    let script = "sh -c 'i=0; while [ $i -lt 10000 ]; do (exit 3) & i=$((i+1)); done; exit 4'; echo $?; \
        until [ $(wc -w < /proc/$PPID/task/$PPID/children) = 1 ]; do :; done; exit 8";
    let mut running = Running::start(wrapper().args(shell(script)));
    assert_eq!(running.line(), "4");
    assert_eq!(running.code(), 8);
}

#[test]
fn a_leftover_that_runs_hears_one_signal_and_no_other() {
    let leftover = "trap 'echo TERM' TERM; trap 'echo CONT' CONT; echo ready; while :; do sleep 0.05; done";
    let script = format!("sh -c \"{leftover}\" & read line; exit 4");
    let mut running = Running::start(wrapper().env("CODRIVER_GRACE", "1").args(shell(&script)));
    assert_eq!(running.line(), "ready");
    running.say("go");
    assert_eq!(running.rest(), ["TERM"]);
    assert_eq!(running.code(), 4);
}
