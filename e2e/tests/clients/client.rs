//! A client that runs: one of the programs of `e2e/clients`, as the driver of a pod.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use tempfile::TempDir;

use crate::pod::Pod;
use crate::world::{BUCKET, Known};

/// The longest that one may live, in seconds; `timeout` ends it then, and the test with it.
const DEADLINE: &str = "240";

/// It ends when this is dropped.
pub struct Client {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    home: TempDir,
    name: String,
    rounds: usize,
}

impl Client {
    /// Starts it by `codriver run`, which gives it what codriver-init has written into `env`, and nothing else.
    pub fn start(pod: &Pod, known: &Known) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut timeout = Command::new("timeout");
        timeout.args(["--kill-after=5", DEADLINE]).arg(pod.path("bin/codriver")).args(["--log=warn", "run", "--"]);
        timeout.args(known.command.split(' ')).arg(BUCKET);
        timeout.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home.path());
        timeout.env("CODRIVER_DIR", pod.path("")).env("CODRIVER_TERMINATION_LOG", home.path().join("message"));
        timeout.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = timeout.stderr(File::create(home.path().join("log")).unwrap()).spawn().unwrap();
        let (orders, answers) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, orders, answers, home, name: known.name.clone(), rounds: 0 }
    }

    /// Puts and gets one object.
    ///
    /// # Errors
    /// What the client said instead of `ok`, or the end of its log when it is gone.
    pub fn round(&mut self) -> Result<(), String> {
        self.rounds += 1;
        let order = format!("{}/{}\n", self.name, self.rounds);
        let sent = self.orders.as_mut().unwrap().write_all(order.as_bytes());
        let mut answer = String::new();
        if sent.is_err() || self.answers.read_line(&mut answer).unwrap_or(0) == 0 {
            return Err(format!("{} is gone in round {}: {}", self.name, self.rounds, self.log()));
        }
        if answer == "ok\n" {
            Ok(())
        } else {
            Err(format!("{}, round {}: {answer}{}", self.name, self.rounds, self.log()))
        }
    }

    /// The end of what it has logged.
    fn log(&self) -> String {
        let log = fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}
