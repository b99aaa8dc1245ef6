use std::{
    fs,
    os::unix::{
        fs::{MetadataExt as _, PermissionsExt as _},
        process::CommandExt as _,
    },
    path::Path,
    process::Command,
};

use serde_json::{Value, json};

use crate::bench::{Running, shell, wrapper};

const UID: &str = "0c1b2d3e-0000-4000-8000-123456789abc";
const ID: &str = "spark-0c1b2d3e000040008000123456789abc";

/// As codriver-init leaves it.
fn volume() -> tempfile::TempDir {
    let volume = tempfile::tempdir().unwrap();
    for folder in ["attempts", "run", "spark"] {
        fs::create_dir(volume.path().join(folder)).unwrap();
    }
    fs::write(volume.path().join("spark/spark-defaults.conf"), "spark.a=codriver\nspark.app.id=fallback\n").unwrap();
    fs::write(volume.path().join("env"), "HADOOP_CONF_DIR=/codriver/hadoop\n-AWS_PROFILE\n").unwrap();
    volume
}

fn in_volume(volume: &Path, script: &str) -> Running {
    let mut command = wrapper();
    command.env("CODRIVER_DIR", volume).env("POD_UID", UID).env("AWS_PROFILE", "mine").args(shell(script));
    Running::start(&mut command)
}

#[test]
fn the_driver_sees_the_environment_and_the_merged_configuration() {
    let volume = volume();
    let script =
        "echo $HADOOP_CONF_DIR ${AWS_PROFILE-none} $SPARK_CONF_DIR; grep -v '^#' $SPARK_CONF_DIR/spark-defaults.conf";
    for attempt in 1..=2 {
        let mut running = in_volume(volume.path(), script);
        let conf = volume.path().join(format!("attempts/{attempt}/conf"));
        let lines: Vec<_> = running.rest().into_iter().filter(|line| !line.is_empty()).collect();
        assert_eq!(
            lines,
            [
                format!("/codriver/hadoop none {}", conf.display()),
                "spark.a=codriver".into(),
                "spark.app.id=fallback".into(),
                format!("spark.app.id={ID}-{attempt}"),
            ]
        );
        assert_eq!(running.code(), 0);
    }
}

#[test]
fn the_termination_message_is_provisional_first_and_final_at_the_end() {
    let volume = volume();
    let message = volume.path().join("termination-log");
    for (script, verdict, code) in
        [("exit 7", "exited with code 7", 7), ("kill -9 $$", "was killed by signal 9 (SIGKILL)", 137)]
    {
        fs::write(&message, "").unwrap();
        let mut command = wrapper();
        let script = format!("cat {}; echo; {script}", message.display());
        command.env("CODRIVER_TERMINATION_LOG", &message).args(shell(&script));
        let mut running = Running::start(&mut command);
        assert!(running.line().contains("if this is the last word, the whole container was killed at once"));
        assert_eq!(running.code(), code);
        let said: Value = serde_json::from_slice(&fs::read(&message).unwrap()).unwrap();
        assert_eq!(json!(["verdict", "code", "whose"].map(|field| &said[field])), json!([verdict, code, "driver"]));
    }
}

#[test]
fn what_is_wrong_before_the_start_is_in_the_termination_message_and_nothing_is_started() {
    let volume = volume();
    let message = volume.path().join("termination-log");
    let ran = volume.path().join("ran");
    fs::write(&message, "").unwrap();
    fs::write(volume.path().join("env"), "nonsense\n").unwrap();
    let mut command = wrapper();
    command.env("CODRIVER_DIR", volume.path()).env("CODRIVER_TERMINATION_LOG", &message);
    assert_eq!(Running::start(command.args(shell(&format!("touch {}", ran.display())))).code(), 78);
    assert!(
        fs::read_to_string(&message).unwrap().contains("line 1 is none of NAME=value, NAME+=a,b, NAME<FILE and -NAME")
    );
    assert!(!ran.exists());
}

#[test]
fn a_forgotten_downward_api_is_said() {
    let volume = volume();
    let message = volume.path().join("termination-log");
    fs::write(&message, "").unwrap();
    let mut command = wrapper();
    command.env("CODRIVER_DIR", volume.path()).env("CODRIVER_TERMINATION_LOG", &message);
    assert_eq!(Running::start(command.args(shell("true"))).code(), 78);
    assert!(fs::read_to_string(&message).unwrap().contains("POD_UID is not set; hint: codriver-init writes it"));
}

#[test]
fn an_empty_pod_uid_is_as_none() {
    // An application id without the uid would be another pod's too, and so would its executors.
    let volume = volume();
    let env = volume.path().join("env");
    let run = || Running::start(wrapper().env("CODRIVER_DIR", volume.path()).env("POD_UID", "").args(shell("true")));
    assert_eq!(run().code(), 78);
    fs::write(env, format!("POD_UID={UID}\n")).unwrap();
    assert_eq!(run().code(), 0);
    let defaults = fs::read_to_string(volume.path().join("attempts/1/conf/spark-defaults.conf")).unwrap();
    assert!(defaults.contains(&format!("spark.app.id={ID}-1\n")), "{defaults}");
}

#[test]
fn a_hadoop_configuration_that_is_for_others_is_said_before_the_driver_starts() {
    let is_root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let volume = volume();
    let (hadoop, message) = (volume.path().join("hadoop"), volume.path().join("termination-log"));
    fs::create_dir(&hadoop).unwrap();
    fs::write(hadoop.join("core-site.xml"), "<configuration/>").unwrap();
    fs::set_permissions(hadoop.join("core-site.xml"), fs::Permissions::from_mode(0o000)).unwrap();
    fs::write(volume.path().join("env"), format!("HADOOP_CONF_DIR={}\n", hadoop.display())).unwrap();
    fs::write(&message, "").unwrap();
    for path in [volume.path(), &message, &volume.path().join("attempts")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    // Others may not start what lies in root's home.
    let copy = volume.path().join("codriver");
    fs::copy(env!("CARGO_BIN_EXE_codriver"), &copy).unwrap();
    let mut command = Command::new(copy);
    command.args(["--log", "off", "run"]).args(shell("echo started"));
    command.env("CODRIVER_DIR", volume.path()).env("POD_UID", UID).env("CODRIVER_TERMINATION_LOG", &message);
    if is_root {
        // Root may read everything.
        command.uid(65_534);
    }
    assert_eq!(Running::start(&mut command).code(), 73);
    let message = fs::read_to_string(&message).unwrap();
    assert!(message.contains("core-site.xml") && message.contains("set securityContext.fsGroup"), "{message}");
}
