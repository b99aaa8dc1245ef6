//! What one scenario cannot show: two runs, signals, `check`, and the command line.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
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
    // What wrapper and sidecar keep there: the kubelet may run all containers of a pod again (`RestartAllContainers`).
    fs::create_dir(pod.volume().join("attempts/1")).unwrap();
    for file in ["attempts/1/kept", "run/sidecar.json"] {
        fs::write(pod.volume().join(file), "kept").unwrap();
    }
    let first = contents();
    assert_eq!(pod.run(&[]).code, 0, "`configure` is the default");
    assert_eq!(contents(), first);
}

#[test]
fn tokens_of_the_endpoint_stay_over_runs_and_go_with_its_mode() {
    let (mut pod, _sts) = good_pod();
    pod.env.insert("CODRIVER_MODE".into(), "endpoint".into());
    pod.env.insert("CODRIVER_IMAGE".into(), "codriver:0.1.0".into());
    // Not told: so executors may have the SDK that reads a token from a variable only.
    pod.env.remove("CODRIVER_HADOOP_VERSION");
    let folder = pod.volume().join("endpoint");
    let tokens = || ["token", "executors-token"].map(|name| fs::read_to_string(folder.join(name)).unwrap());
    assert_eq!(pod.run(&[]).code, 0);
    let [driver, executors] = tokens();
    assert_eq!((driver.len(), executors.len()), (64, 64));
    assert_ne!(driver, executors);
    let template = pod.volume().join("spark/executor.yaml");
    assert!(fs::read_to_string(&template).unwrap().contains(&executors));
    assert_eq!(fs::metadata(&template).unwrap().permissions().mode() & 0o777, 0o440);
    // The sidecar's.
    fs::write(folder.join("last.json"), "{}").unwrap();
    assert_eq!(pod.run(&[]).code, 0);
    assert_eq!(tokens(), [driver, executors]);
    assert_eq!(files(&folder).len(), 4);
    pod.env.insert("CODRIVER_MODE".into(), "session".into());
    assert_eq!(pod.run(&[]).code, 0);
    assert!(files(&folder).is_empty());
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
fn check_asks_sts_writes_nothing_and_says_so_without_colours() {
    let (pod, sts) = good_pod();
    let text = pod.run(&["check"]);
    assert_eq!((text.code, text.log.as_str()), (0, ""));
    for line in [
        "token         ok       system:serviceaccount:etl:spark-driver of https://kubernetes.default.svc, for",
        "STS           ok       gave arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA until 2099-01-01T00:00:00Z",
        "mode          web-identity (each JVM renews its own)",
        "All is well: the driver can start.",
    ] {
        assert!(text.stdout.contains(line), "{line} in\n{}", text.stdout);
    }
    assert!(!text.stdout.contains('\x1b'), "{}", text.stdout);
    let report: Value = serde_json::from_str(&pod.run(&["check", "--output", "json"]).stdout).unwrap();
    assert_eq!(report["token"]["sub"], "system:serviceaccount:etl:spark-driver");
    assert_eq!(report["code"], 0);
    assert_eq!(sts.requests().len(), 2);
    assert!(!pod.volume().exists());
}

#[test]
fn check_reports_what_is_wrong_beside_what_is_right() {
    let (mut pod, _sts) = good_pod();
    let denied = json!([{ "status": 403, "body": "<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized \
        to perform sts:AssumeRoleWithWebIdentity</Message></Error></ErrorResponse>" }]);
    let sts = Sts::play(&denied, "", false);
    pod.env.insert("AWS_ENDPOINT_URL".into(), sts.url);
    let ended = pod.run(&["check"]);
    assert_eq!(ended.code, 77);
    for line in [
        "token         ok       ",
        "STS           FAILED   STS at ",
        "                       → ",
        "The driver would not start: exit code 77.",
    ] {
        assert!(ended.stdout.contains(line), "{line} in\n{}", ended.stdout);
    }
    assert!(ended.message.starts_with("codriver-init ended with 77: "), "{}", ended.message);
}

#[test]
fn check_reports_mistakes_as_json_too() {
    let (mut pod, _sts) = good_pod();
    pod.env.remove("POD_IP");
    pod.env.insert("CODRIVER_DURATION".into(), "1h".into());
    let ended = pod.run(&["check", "--output", "json"]);
    assert_eq!(ended.code, 78);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&report["code"], &report["checks"][0]["outcome"]), (&json!(78), &json!("failed")));
    assert_eq!(report["checks"][0]["faults"].as_array().unwrap().len(), 2);
}

/// Not even text.
const RUBBISH: &[u8] = b"\xff\x1b[31m\n\r${x}<&'\"";

#[test]
fn rubbish_in_every_variable_is_told_at_once_and_nothing_is_written() {
    let (pod, sts) = good_pod();
    let help = pod.run(&["--help"]).stdout;
    let names: Vec<&str> = help.split("[env: ").skip(1).filter_map(|rest| Some(rest.split_once(']')?.0)).collect();
    assert!(names.len() > 40, "{names:?}");
    // Where messages go is no matter of right and wrong; nor are these, which may be any text.
    let any_text = [
        "CODRIVER_TERMINATION_LOG",
        "AWS_DEFAULT_REGION",
        "AWS_PROFILE",
        "AWS_ROLE_SESSION_NAME",
        "AWS_CA_BUNDLE",
        "SSL_CERT_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "CODRIVER_KEYS_DIR",
        "CODRIVER_KEYS_SECRET",
        "CODRIVER_WRAPPER_SOURCE",
        "CODRIVER_WAY",
    ];
    let mut command = Command::new(env!("CARGO_BIN_EXE_codriver-init"));
    command.env_clear();
    for name in &names {
        command.env(name, OsStr::from_bytes(RUBBISH));
    }
    command.env("CODRIVER_WAY", "web-identity").env("CODRIVER_TERMINATION_LOG", "/nonexistent");
    let output = command.output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{log}");
    for name in names.iter().filter(|name| !any_text.contains(name)) {
        assert!(log.contains(name), "{name} in\n{log}");
    }
    assert!(!log.contains('\x1b'), "{log}");
    assert!(sts.requests().is_empty() && !pod.volume().exists());
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

#[test]
fn a_token_that_is_for_another_user_is_told_with_the_numbers() {
    let (pod, sts) = good_pod();
    let folder = pod.folder.path();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(folder.join("termination-log"), fs::Permissions::from_mode(0o666)).unwrap();
    let is_root = nix::unistd::geteuid().is_root();
    // Root reads everything; and others may not start what lies in root's home.
    fs::set_permissions(folder.join("token"), fs::Permissions::from_mode(if is_root { 0o600 } else { 0 })).unwrap();
    let copy = folder.join("codriver-init");
    fs::copy(env!("CARGO_BIN_EXE_codriver-init"), &copy).unwrap();
    let mut program = Command::new(copy);
    if is_root {
        program.uid(65_534);
    }
    let ended = pod.finish(program, |_, _| {});
    assert_eq!(ended.code, 78, "{}", ended.log);
    let (mode, owner, me) = if is_root {
        ("600", 0, 65_534)
    } else {
        ("0", nix::unistd::geteuid().as_raw(), nix::unistd::geteuid().as_raw())
    };
    for words in [
        format!("cannot be read: Permission denied (os error 13): it is mode {mode} of user {owner} and group "),
        format!(", I am user {me}"),
        "set securityContext.fsGroup, or the same runAsUser for all containers of the pod".to_owned(),
    ] {
        assert!(ended.message.contains(&words), "{words} in {}", ended.message);
    }
    assert!(sts.requests().is_empty());
}

/// The variables of the help with what it says of them, in its order.
fn variables(help: &str) -> Vec<(String, String)> {
    let mut variables = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for line in help.lines().map(str::trim) {
        if line.starts_with("--") || line.ends_with(':') {
            words.clear();
        } else if let Some(name) = line.strip_prefix("[env: ").and_then(|line| line.strip_suffix(']')) {
            variables.push((name.to_owned(), words.join(" ")));
        } else if !line.is_empty() {
            words.push(line);
        }
    }
    variables
}

#[test]
fn the_documentation_lists_every_variable_as_the_help_does() {
    let (pod, _sts) = good_pod();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let page = fs::read_to_string(path).unwrap();
    let (text, table) = page.split_once("## All variables\n").unwrap();
    let told = variables(&pod.run(&["--help"]).stdout);
    assert!(told.len() > 40, "{told:?}");
    let rows: String = told.iter().map(|(name, words)| format!("| `{name}` | {words} |\n")).collect();
    let expected = format!("\n| variable | meaning |\n|---|---|\n{rows}");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(path, format!("{text}## All variables\n{expected}")).unwrap();
    } else {
        assert_eq!(table, expected, "run the tests with UPDATE_GOLDEN=1");
    }
}
