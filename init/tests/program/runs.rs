//! What one scenario cannot show: two runs, signals, `check`, and the command line.

use std::fs;
use std::process::Command;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::world::run::Pod;
use crate::world::sts::Sts;
use crate::world::{files, good_answer, good_claims, jwt};

/// A pod for which everything is well, as often as it asks.
fn good_pod() -> (Pod, Sts) {
    let token = jwt(&good_claims());
    let sts = Sts::play(&json!([good_answer()]), &token, false);
    let pod = Pod::new(&sts.url);
    pod.bring_token(&token);
    (pod, sts)
}

#[test]
fn a_second_run_over_the_same_volume_gives_the_same() {
    let (pod, _sts) = good_pod();
    let contents = || -> Vec<(String, String)> {
        let volume = pod.volume();
        let read = |path| (format!("{path:?}"), fs::read_to_string(volume.join(&path)).unwrap());
        files(&volume).into_iter().map(read).collect()
    };
    assert_eq!(pod.run(&["configure"]).code, 0);
    let first = contents();
    assert_eq!(pod.run(&[]).code, 0, "`configure` is the default");
    assert_eq!(contents(), first);
}

#[test]
fn a_program_that_runs_from_the_volume_is_replaced_all_the_same() {
    let (mut pod, _sts) = good_pod();
    // A real executable, which stays while it waits for a token.
    pod.env.insert("CODRIVER_WRAPPER_SOURCE".into(), env!("CARGO_BIN_EXE_codriver-init").into());
    assert_eq!(pod.run(&[]).code, 0);
    let installed = Command::new(pod.volume().join("bin/codriver"));
    let mut waiting = Pod::new("http://127.0.0.1:1");
    waiting.env.insert("CODRIVER_TOKEN_WAIT".into(), "30".into());
    let ended = waiting.finish(installed, |line, process| {
        if line.contains("waiting for the token") {
            let ended = pod.run(&[]);
            assert_eq!(ended.code, 0, "{}", ended.log);
            kill(Pid::from_raw(process.try_into().unwrap()), Signal::SIGTERM).unwrap();
        }
    });
    assert_eq!(ended.code, 143);
}

#[test]
fn a_stop_while_waiting_ends_it_at_once() {
    let mut pod = Pod::new("http://127.0.0.1:1");
    pod.env.insert("CODRIVER_TOKEN_WAIT".into(), "30".into());
    let program = Command::new(env!("CARGO_BIN_EXE_codriver-init"));
    let ended = pod.finish(program, |line, process| {
        if line.contains("waiting for the token") {
            kill(Pid::from_raw(process.try_into().unwrap()), Signal::SIGTERM).unwrap();
        }
    });
    assert_eq!(ended.code, 143);
    assert!(!pod.volume().exists());
}

#[test]
fn check_asks_sts_and_writes_nothing() {
    let (pod, sts) = good_pod();
    let text = pod.run(&["check"]);
    assert_eq!(text.code, 0, "{}", text.log);
    assert!(text.stdout.contains("arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA"), "{}", text.stdout);
    let report: Value = serde_json::from_str(&pod.run(&["check", "--output", "json"]).stdout).unwrap();
    assert_eq!(report["token"]["sub"], "system:serviceaccount:etl:spark-driver");
    assert_eq!(sts.requests().len(), 2);
    assert!(!pod.volume().exists());
}

#[test]
fn flags_win_over_the_environment() {
    let (pod, _sts) = good_pod();
    let ended = pod.run(&["--duration", "12", "--pod-ip", "nowhere"]);
    assert_eq!(ended.code, 78);
    assert!(ended.log.contains("CODRIVER_DURATION `12`"), "{}", ended.log);
    assert!(ended.log.contains("POD_IP is not what Kubernetes gives"), "{}", ended.log);
}

#[test]
fn a_flag_that_nobody_knows_is_a_configuration_mistake() {
    let (pod, _sts) = good_pod();
    let mut command = Command::new(env!("CARGO_BIN_EXE_codriver-init"));
    let output = command.arg("--bogus").env_clear().envs(&pod.env).output().unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(String::from_utf8(output.stderr).unwrap().contains("--bogus"));
}

#[test]
fn the_help_names_every_variable_and_shows_no_value() {
    let (pod, _sts) = good_pod();
    let help = pod.run(&["--help"]);
    assert_eq!(help.code, 0);
    for name in pod.env.keys() {
        assert!(help.stdout.contains(&format!("[env: {name}]")), "{name} in\n{}", help.stdout);
    }
    assert!(!help.stdout.contains("arn:minio"), "{}", help.stdout);
}
