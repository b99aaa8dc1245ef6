//! `codriver run --stuck-after` on real Sparks whose JVM does not end.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use codriver_e2e::kubectl::HERE;
use serde_json::Value;

use crate::java::within_deadline;
use crate::world::World;

/// # Errors
/// What came of it instead.
pub fn after_main_returned(world: &World, home: &Path) -> Result<(), String> {
    ends_with(0, world, home, "return")
}

/// # Errors
/// What came of it instead.
pub fn after_main_threw(world: &World, home: &Path) -> Result<(), String> {
    ends_with(1, world, home, "throw")
}

/// The JVM is ended, with the code that its main method has earned, and the thread that kept it alive is named.
fn ends_with(earned: i32, world: &World, home: &Path, end: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let class = compile(home, folder.path());
    let message = folder.path().join("message");
    File::create(&message).unwrap();
    for name in ["attempts", "spark"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    // Nobody else takes ports here but those who bind any, as this does.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = format!("spark.driver.port={port}\nspark.master=local\nspark.ui.enabled=false\n");
    fs::write(folder.path().join("spark/spark-defaults.conf"), settings).unwrap();

    let mut wrapper = within_deadline();
    wrapper.arg(&world.codriver).args(["--log=debug", "run", "--stuck-after=1", "--"]);
    wrapper.arg(home.join("bin/spark-submit")).args(["--class", "Stuck", "--driver-class-path", &class]);
    wrapper.args(["spark-internal", end]).env_clear();
    wrapper.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", folder.path());
    wrapper.env("CODRIVER_DIR", folder.path()).env("POD_UID", "pod").env("CODRIVER_TERMINATION_LOG", &message);
    // This machine's own name leads nowhere inside.
    wrapper.env("SPARK_HOME", home).env("SPARK_LOCAL_IP", "127.0.0.1");
    let mut running = wrapper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut job = running.stdin.take();
    let mut log = Vec::new();
    for line in BufReader::new(running.stderr.take().unwrap()).lines().map_while(Result::ok) {
        // The port was seen open, so the context may go.
        if line.contains(r#""open":true"#)
            && let Some(mut job) = job.take()
        {
            job.write_all(b"\n").unwrap();
        }
        log.push(line);
    }
    let code = running.wait().unwrap().code();
    let said = fs::read_to_string(&message).unwrap();
    let verdict: Value = serde_json::from_str(&said).map_err(|error| format!("{error} in `{said}`"))?;
    let is_told = verdict["verdict"].as_str().is_some_and(|verdict| verdict.contains("`Timer-0`"));
    if code == Some(earned) && verdict["whose"] == "driver" && verdict["code"] == earned && is_told {
        return Ok(());
    }
    Err(format!("exit code {code:?}, not {earned}; it said {said}; its log: {}", log.join("\n")))
}

/// The job's class; the class path that has it.
fn compile(home: &Path, folder: &Path) -> String {
    let class_path = folder.join("classes").to_str().unwrap().to_owned();
    let jars = home.join("jars/*");
    let mut javac = Command::new("javac");
    javac.args(["-proc:none", "-nowarn", "-d", &class_path, "-cp"]).arg(jars).arg(format!("{HERE}/jvm/Stuck.java"));
    assert!(javac.status().unwrap().success(), "javac has said why");
    class_path
}
