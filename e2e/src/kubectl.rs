//! `kubectl`, as a person would call it. The wrapper script reaches the one-node cluster, or the context that `CONTEXT` names.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde_json::{Deserializer, Value};

use crate::Result;

/// For a call that answers at once.
const DEADLINE: Duration = Duration::from_secs(60);

/// The folder of this crate, where the scripts are.
pub const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// A command that is ended after so long (coreutils' timeout says 124 then).
#[must_use]
pub fn within(deadline: Duration, program: &str) -> Command {
    let mut command = Command::new("timeout");
    command.arg("--kill-after=5").arg(deadline.as_secs().to_string()).arg(program);
    command
}

/// Runs a command and returns what it wrote on stdout.
///
/// # Errors
/// With the command and what it said on stderr.
pub fn output(command: &mut Command, input: &str) -> Result<String> {
    let what = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{what}: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that does not read to the end says so by its exit code.
        let _ = stdin.write_all(input.as_bytes());
    }
    let done = child.wait_with_output().map_err(|error| format!("{what}: {error}"))?;
    if !done.status.success() {
        return Err(format!("{what}: {}: {}", done.status, String::from_utf8_lossy(&done.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

/// `kubectl ARGS…`, with `input` on its stdin.
///
/// # Errors
/// With what kubectl said.
pub fn kubectl(arguments: &[&str], input: &str) -> Result<String> {
    output(within(DEADLINE, &format!("{HERE}/cluster/kubectl")).args(arguments), input)
}

/// `kubectl get ARGS… -o json`.
///
/// # Errors
/// With what kubectl said.
pub fn get(arguments: &[&str]) -> Result<Value> {
    let text = kubectl(&[&["get", "-o", "json"], arguments].concat(), "")?;
    serde_json::from_str(&text).map_err(|error| format!("kubectl get {arguments:?}: {error}"))
}

/// The objects of a YAML file, as JSON.
///
/// # Errors
/// When kubectl cannot read it.
pub fn objects(file: &str) -> Result<Vec<Value>> {
    let text = kubectl(&["create", "--dry-run=client", "-o", "json", "-f", file], "")?;
    let all = Deserializer::from_str(&text).into_iter().collect::<std::result::Result<Vec<Value>, _>>();
    let all = all.map_err(|error| format!("{file}: {error}"))?;
    // Older kubectls answer with one list, newer ones with one document after another; both fill in a namespace.
    let mut all: Vec<Value> = all
        .into_iter()
        .flat_map(|object| object["items"].as_array().cloned().unwrap_or_else(|| vec![object]))
        .collect();
    for object in &mut all {
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("namespace");
        }
    }
    Ok(all)
}

/// A kubectl that goes on: `get --watch` or `logs --follow`. It ends with the deadline or when dropped.
#[derive(Debug)]
pub struct Following {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Following {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(arguments: &[&str], deadline: Duration) -> Result<Self> {
        let mut child = within(deadline, &format!("{HERE}/cluster/kubectl"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("kubectl {arguments:?}: {error}"))?;
        let output = child.stdout.take().ok_or("kubectl without stdout")?;
        Ok(Self { child, output: BufReader::new(output) })
    }

    /// The next line; none at the end.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.output.read_line(&mut line).ok().filter(|read| *read > 0)?;
        Some(line.trim_end().to_owned())
    }

    /// Each JSON document, until `wanted` makes something of one. None when it ended before.
    pub fn find<T>(&mut self, mut wanted: impl FnMut(&Value) -> Option<T>) -> Option<T> {
        let documents = Deserializer::from_reader(self.output.by_ref()).into_iter::<Value>();
        documents.map_while(std::result::Result::ok).find_map(|document| wanted(&document))
    }
}

impl Drop for Following {
    /// `timeout` passes SIGTERM on to its child; SIGKILL would orphan it.
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
