//! The scripts of this folder, called from Rust.

use std::process::{Command, Stdio};

use crate::{Result, kubectl::HERE};

/// Builds an image's archive and brings it into the cluster; returns the reference for pods.
///
/// # Errors
/// With the step that failed; its script has said what to look at.
pub fn load(build: &[&str]) -> Result<String> {
    let archive = script(build)?;
    script(&["cluster/load-image", archive.trim()]).map(|reference| reference.trim().to_owned())
}

/// Runs a script of this folder. Its progress goes to the terminal, its last line of stdout is the answer.
///
/// # Errors
/// When it failed; it has said why on stderr.
pub fn script(words: &[&str]) -> Result<String> {
    let name = words.first().copied().unwrap_or_default();
    let mut command = Command::new(format!("{HERE}/{name}"));
    let done = command.args(words.iter().skip(1)).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let done = done.map_err(|error| format!("e2e/{name}: {error}"))?;
    if !done.status.success() {
        return Err(format!("e2e/{name} failed ({}); what to look at is said above", done.status));
    }
    let text = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    Ok(text.lines().last().unwrap_or_default().to_owned())
}
