//! The cache of artefacts (`e2e/lib.sh`): built once, whole or not at all, whoever else is at it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
};

/// Asks for the artefact `thing/v1`, which this shell text builds at `$1`.
fn ask(cache: &Path, build: &str) -> Child {
    let script = format!(". {}/lib.sh; build() {{ {build}; }}; cached thing v1 build", env!("CARGO_MANIFEST_DIR"));
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).env("CODRIVER_CACHE", cache).env("HOME", cache);
    bash.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// The path that was answered, and whether all was well.
fn answer(child: Child) -> (String, bool) {
    let done = child.wait_with_output().unwrap();
    (String::from_utf8(done.stdout).unwrap().trim().to_owned(), done.status.success())
}

/// What lies in the cache beside the lock.
fn entries(cache: &Path) -> Vec<String> {
    let all = fs::read_dir(cache.join("thing")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    all.filter(|name| name != ".lock").collect()
}

#[test]
fn two_at_once_build_once_and_both_get_it() {
    let cache = tempfile::tempdir().unwrap();
    // Each builder adds a line beside the artefact: one line is one build.
    let build = r#"echo built >> "$CODRIVER_CACHE/builds"; echo content > "$1""#;
    let both = [ask(cache.path(), build), ask(cache.path(), build)].map(answer);
    let path = cache.path().join("thing/v1");
    for (answered, well) in both {
        assert_eq!((answered.as_str(), well), (path.to_str().unwrap(), true));
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "content\n");
    assert_eq!(fs::read_to_string(cache.path().join("builds")).unwrap(), "built\n");
}

#[test]
fn a_build_that_fails_halfway_leaves_nothing_and_the_next_one_is_whole() {
    let cache = tempfile::tempdir().unwrap();
    assert_eq!(answer(ask(cache.path(), r#"echo half > "$1"; exit 3"#)), (String::new(), false));
    assert_eq!(entries(cache.path()), [""; 0]);
    assert!(answer(ask(cache.path(), r#"echo whole > "$1""#)).1);
    assert_eq!(fs::read_to_string(cache.path().join("thing/v1")).unwrap(), "whole\n");
}

#[test]
fn a_build_that_was_killed_leaves_nothing_in_the_way() {
    let cache = tempfile::tempdir().unwrap();
    // Half made, and then killed with its whole shell; the lock goes with the process.
    let killed = r#"echo half > "$1"; kill -KILL $$ $BASHPID"#;
    assert!(!answer(ask(cache.path(), killed)).1);
    assert!(answer(ask(cache.path(), r#"echo whole > "$1""#)).1);
    assert_eq!(fs::read_to_string(cache.path().join("thing/v1")).unwrap(), "whole\n");
    assert_eq!(entries(cache.path()), ["v1"]);
}
