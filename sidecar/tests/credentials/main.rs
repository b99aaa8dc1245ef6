//! `codriver credentials` as a real process: it starts, serves, is started again, and ends; and a neighbour in its pod learns
//! nothing and stops nobody.

#![allow(clippy::unwrap_used, reason = "clippy knows only test functions as tests, not what they call")]

mod neighbour;
mod pod;
mod sts;

use std::{fs, net::TcpListener, process::Stdio};

use nix::sys::signal::Signal::{SIGKILL, SIGTERM};
use pod::{Pod, said};
use sts::{SECRETS, Sts};

#[test]
fn it_serves_from_the_moment_that_the_probe_passes_and_ends_with_0() {
    let pod = Pod::new(&Sts::start());
    assert!(!pod.probe().success(), "nobody listens yet");
    let running = pod.start();
    let (status, body) = pod.get();
    assert_eq!(status, Some(200), "{body}");
    assert!(SECRETS.iter().all(|part| body.contains(part)), "{body}");
    assert_eq!(pod.told("/readyz"), (Some(200), "ok\n".to_owned()));
    assert_eq!(running.end(SIGTERM).code(), Some(0));
    assert!(!pod.probe().success());
}

#[test]
fn killed_and_started_again_it_has_the_token_and_the_last_good_credentials() {
    let sts = Sts::start();
    let pod = Pod::new(&sts);
    let running = pod.start();
    let (token, answer) = (pod.token(), pod.get());
    assert_eq!(answer.0, Some(200));
    running.end(SIGKILL);
    sts.go_away();
    let again = pod.start();
    assert_eq!((pod.token(), pod.get()), (token, answer), "the last good ones count as the first");
    assert_eq!(again.end(SIGTERM).code(), Some(0));
}

#[test]
fn before_the_first_credentials_it_listens_and_the_executor_waits() {
    let sts = Sts::start();
    sts.go_away();
    let pod = Pod::new(&sts);
    let mut child = pod.command().spawn().unwrap();
    let why = "there are no credentials yet; the log says why\n";
    pod::until("it listens", || pod.told("/healthz") == (Some(503), format!("not started: {why}")));
    assert_eq!(pod.told("/readyz"), (Some(503), format!("not ready: {why}")));
    assert!(!pod.probe().success());
    let client = std::thread::scope(|scope| {
        let client = scope.spawn(|| pod.get());
        sts.come_back();
        pod::until("the probe passes", || pod.probe().success());
        client.join().unwrap()
    });
    assert_eq!(client.0, Some(200), "it was held, not refused");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn all_that_is_wrong_is_said_at_once_with_78() {
    let sts = Sts::start();
    let pod = Pod::new(&sts).but("arn:aws:iam::123456789012:role/etl", "role/etl");
    let _other = TcpListener::bind(pod.endpoint).unwrap();
    let (code, log) = said(&pod.command().stderr(Stdio::piped()).output().unwrap());
    assert_eq!(code, Some(78), "{log}");
    for part in ["the role `role/etl` is no role ARN", "another container of the pod may use the port"] {
        assert!(log.contains(part), "{part} in {log}");
    }
    for (description, wrong) in [
        ("{}", "CODRIVER_ENDPOINT is wrong: missing field `address`"),
        ("", "CODRIVER_ENDPOINT is wrong: EOF while parsing"),
    ] {
        let output = pod.command().stderr(Stdio::piped()).env("CODRIVER_ENDPOINT", description).output().unwrap();
        let (code, log) = said(&output);
        assert!(code == Some(78) && log.contains(wrong), "{code:?} {log}");
    }
    assert_eq!(fs::read_dir(pod.folder.path()).unwrap().count(), 3, "identity, log and token; nothing else");
}

#[test]
fn keys_come_from_variables_or_from_the_files_of_a_secret() {
    let pod = Pod::new(&Sts::start()).of_keys();
    let folder = pod.folder.path().join("keys");
    fs::create_dir(&folder).unwrap();
    for (name, content) in [("AWS_ACCESS_KEY_ID", "AKIAFILE\n"), ("AWS_SECRET_ACCESS_KEY", " from-a-file \n")] {
        fs::write(folder.join(name), content).unwrap();
    }
    let variables = [("AWS_ACCESS_KEY_ID", "AKIAVARIABLE"), ("AWS_SECRET_ACCESS_KEY", "from-a-variable")];
    for (variables, expected) in [
        (
            &variables[..],
            r#"{"AccessKeyId":"AKIAVARIABLE","SecretAccessKey":"from-a-variable","Token":"","Expiration":"20"#,
        ),
        (
            &[("CODRIVER_KEYS_DIR", folder.to_str().unwrap())],
            r#"{"AccessKeyId":"AKIAFILE","SecretAccessKey":"from-a-file","Token":"","Expiration":"20"#,
        ),
    ] {
        let running = pod.start_with(variables);
        let (status, body) = pod.get();
        assert!(status == Some(200) && body.starts_with(expected), "{status:?} {body}");
        assert_eq!(running.end(SIGTERM).code(), Some(0));
    }
    // An executor without any starts at once: it would wait in vain.
    let _running = pod.start();
    let (status, body) = pod.get();
    assert_eq!(status, Some(400), "{body}");
    assert!(body.contains("AWS_ACCESS_KEY_ID is not in the sidecar's variables"), "{body}");
}

#[test]
fn a_token_that_is_given_is_the_one_that_counts() {
    let pod = Pod::new(&Sts::start());
    let given = "5d41402abc4b2a76b9719d911017c592";
    let output = pod.command().stderr(Stdio::piped()).env("CODRIVER_ENDPOINT_TOKEN", "short").output().unwrap();
    let (code, log) = said(&output);
    assert!(code == Some(78) && log.contains("CODRIVER_ENDPOINT_TOKEN is no token"), "{code:?} {log}");
    let _running = pod.start_with(&[("CODRIVER_ENDPOINT_TOKEN", given)]);
    assert_eq!((pod.token().as_str(), pod.get().0), (given, Some(200)));
}
