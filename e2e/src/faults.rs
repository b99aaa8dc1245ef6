//! An API server that misbehaves, between codriver and the real one: `cluster/faults.py` says how.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;

use crate::{Result, driver::set, kubectl::HERE};

/// Where the cluster's own network has it.
const ADDRESS: &str = "10.245.0.1";

/// It is there until it is dropped.
#[derive(Debug)]
pub struct Faults {
    child: Child,
    stdout: BufReader<ChildStdout>,
    port: String,
}

impl Faults {
    /// Starts it with the fault, and how often it holds if that is said. It behaves at first.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(fault: &[&str]) -> Result<Self> {
        let mut child = Command::new(format!("{HERE}/cluster/faults"))
            .args(fault)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("e2e/cluster/faults: {error}"))?;
        let stdout = child.stdout.take().map(BufReader::new).ok_or("faults without stdout")?;
        let mut faults = Self { child, stdout, port: String::new() };
        faults.port = faults.hear()?;
        Ok(faults)
    }

    /// Makes it the API server of a container.
    pub fn redirect(&self) -> impl Fn(&mut Value) + Send + Sync + 'static {
        let port = self.port.clone();
        move |container| {
            set(&mut container["env"], "KUBERNETES_SERVICE_HOST", ADDRESS);
            set(&mut container["env"], "KUBERNETES_SERVICE_PORT", &port);
        }
    }

    /// Its address, for a driver's own Spark.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{ADDRESS}:{}", self.port)
    }

    /// From now on it misbehaves; what it does once, it does once more.
    ///
    /// # Errors
    /// When it is gone.
    pub fn begin(&mut self) -> Result<()> {
        let told = self.child.stdin.as_mut().map(|stdin| stdin.write_all(b"begin\n"));
        told.ok_or("faults without stdin")?.map_err(|error| format!("e2e/cluster/faults: {error}"))?;
        self.hear().map(drop)
    }

    fn hear(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.stdout.read_line(&mut line) {
            Ok(1..) => Ok(line.trim().to_owned()),
            _ => Err("e2e/cluster/faults ended; what it said is above".into()),
        }
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        // Its stdin closes, and it ends.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
