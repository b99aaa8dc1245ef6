//! A JVM that answers many questions (`e2e/jvm/Server.java`).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

/// The longest that a JVM of these tests may live, in seconds; `timeout` ends it then, and the test with it.
const DEADLINE: &str = "120";

/// Short-lived JVMs: the better compiler would only take time from the tests beside.
const OPTIONS: [&str; 4] = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m", "-Xshare:auto"];

/// A command that ends in time, whatever it does; its arguments follow.
pub fn within_deadline() -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", DEADLINE]);
    command
}

/// The JVM. It ends when this is dropped.
pub struct Java {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    folder: TempDir,
}

impl Java {
    /// Starts one. `environment` is all that it has beside what finds `java`; `trusted` is its trust store.
    pub fn start(class_path: &str, environment: &BTreeMap<String, String>, trusted: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut java = within_deadline();
        java.arg("java").args(OPTIONS);
        if let Some(store) = trusted {
            java.arg(format!("-Djavax.net.ssl.trustStore={}", store.display()));
            java.arg("-Djavax.net.ssl.trustStorePassword=changeit");
        }
        java.arg(format!("-Djava.io.tmpdir={0}", folder.path().display())).args(["-cp", class_path, "Server"]);
        Self::spawn(java, environment, folder)
    }

    /// Has the `bin/spark-submit` of a Spark start it, with what stands in a spark-defaults.conf.
    pub fn submit(home: &Path, class_path: &str, defaults: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("spark-defaults.conf"), defaults).unwrap();
        let mut submit = within_deadline();
        submit.arg(home.join("bin/spark-submit")).args(["--master", "local", "--class", "Server"]);
        submit.args(["--driver-class-path", class_path, "spark-internal"]);
        let folders = [("SPARK_HOME", home), ("SPARK_CONF_DIR", folder.path())];
        let mut environment: BTreeMap<String, String> =
            folders.map(|(name, path)| (name.to_owned(), path.to_str().unwrap().to_owned())).into();
        // This machine's own name leads nowhere inside.
        environment.insert("SPARK_LOCAL_IP".to_owned(), "127.0.0.1".to_owned());
        Self::spawn(submit, &environment, folder)
    }

    fn spawn(mut java: Command, environment: &BTreeMap<String, String>, folder: TempDir) -> Self {
        java.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", folder.path());
        java.envs(environment).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = java.stderr(File::create(folder.path().join("log")).unwrap()).spawn().unwrap();
        let (requests, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, requests, answers, folder }
    }

    /// A file that it can read.
    pub fn file(&self, content: &str) -> PathBuf {
        let path = self.folder.path().join("file");
        fs::write(&path, content).unwrap();
        path
    }

    /// Asks, and returns the words of the answer.
    ///
    /// # Errors
    /// With what Java threw, or the end of its log when it is gone.
    pub fn ask(&mut self, verb: &str, words: &[&str]) -> Result<Vec<String>, String> {
        let mut line = verb.to_owned();
        for word in words {
            line.push(' ');
            line.push_str(&STANDARD.encode(word));
        }
        line.push('\n');
        let sent = self.requests.as_mut().unwrap().write_all(line.as_bytes());
        let mut answer = String::new();
        // Whatever starts Java may say something first.
        while !answer.starts_with("ok") && !answer.starts_with("failed") {
            answer.clear();
            if sent.is_err() || self.answers.read_line(&mut answer).unwrap_or(0) == 0 {
                return Err(format!("the JVM is gone: {}", self.log()));
            }
        }
        let mut parts = answer.trim_end_matches('\n').split(' ');
        let verdict = parts.next().unwrap_or_default();
        let words: Vec<String> = parts.map(|word| String::from_utf8(STANDARD.decode(word).unwrap()).unwrap()).collect();
        if verdict == "ok" { Ok(words) } else { Err(words.concat()) }
    }

    /// The end of what it has logged.
    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Java {
    fn drop(&mut self) {
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}
