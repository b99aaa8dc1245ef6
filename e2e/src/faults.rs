//! An API server that misbehaves, between codriver and the real one: `cluster/faults.py` says how.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::{Result, driver::set, kubectl::HERE};

/// Where the cluster's own network has it.
const ADDRESS: &str = "10.245.0.1";

/// It misbehaves until it is dropped.
#[derive(Debug)]
pub struct Faults {
    child: Child,
    port: String,
}

impl Faults {
    /// Starts it with the fault, and how often it holds if that is said.
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
        let stdout = child.stdout.take().ok_or("faults without stdout")?;
        let mut port = String::new();
        let read = BufReader::new(stdout).read_line(&mut port);
        read.map_err(|error| format!("e2e/cluster/faults did not say its port: {error}"))?;
        Ok(Self { child, port: port.trim().to_owned() })
    }

    /// Makes it the API server of a container.
    pub fn replace_api_server(&self, container: &mut Value) {
        set(&mut container["env"], "KUBERNETES_SERVICE_HOST", ADDRESS);
        set(&mut container["env"], "KUBERNETES_SERVICE_PORT", &self.port);
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        // Its stdin closes, and it ends.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
