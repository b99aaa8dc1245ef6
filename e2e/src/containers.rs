//! Containers of the one-node cluster from below, by containerd: what the kernel and the runtime would do to them.

use std::{
    env,
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    Result,
    kubectl::{HERE, output, within},
};

/// For a call that answers at once.
const DEADLINE: Duration = Duration::from_secs(30);

/// Whether there is a way from below: only into the cluster that we started.
#[must_use]
pub fn are_reached() -> bool {
    env::var("CONTEXT").map_or(true, |context| context.is_empty())
}

/// Sends SIGKILL to every process of a container at once, as the kernel does when it kills a whole control group.
///
/// # Errors
/// When containerd does not have it.
pub fn kill(id: &str) -> Result<()> {
    ctr(&["task", "kill", "--all", "--signal", "9", id]).map(drop)
}

/// Sends SIGKILL to the first process of a container alone; the kernel takes the others with it, as they are in its PID namespace.
///
/// # Errors
/// When containerd does not have it.
pub fn kill_first(id: &str) -> Result<()> {
    ctr(&["task", "kill", "--signal", "9", id]).map(drop)
}

/// Sends SIGTERM to the first process of a container, as the kubelet does.
///
/// # Errors
/// When containerd does not have it.
pub fn terminate(id: &str) -> Result<()> {
    ctr(&["task", "kill", "--signal", "15", id]).map(drop)
}

/// Lets no process of a container run, until [`resume`].
///
/// # Errors
/// When containerd does not have it.
pub fn pause(id: &str) -> Result<()> {
    ctr(&["task", "pause", id]).map(drop)
}

/// Lets them run again.
///
/// # Errors
/// When containerd does not have it.
pub fn resume(id: &str) -> Result<()> {
    ctr(&["task", "resume", id]).map(drop)
}

/// Waits until the container has no process. The kubelet may be a while before it tells the API server.
///
/// # Errors
/// When it has one after this time, or containerd does not answer.
pub fn until_ended(id: &str, patience: Duration) -> Result<()> {
    let end = Instant::now() + patience;
    let runs =
        || Ok::<_, String>(ctr(&["task", "ls"])?.lines().any(|line| line.starts_with(id) && line.contains("RUNNING")));
    while runs()? {
        if Instant::now() > end {
            return Err(format!("the container {id} runs after {} s", patience.as_secs()));
        }
    }
    Ok(())
}

fn ctr(words: &[&str]) -> Result<String> {
    let mut command: Command = within(DEADLINE, &format!("{HERE}/cluster/ctr"));
    output(command.args(words), "")
}
