//! The file whose content `kubectl describe pod` shows of an ended container (Kubernetes: `terminationMessagePath`).

use std::{fs::OpenOptions, io::Write, path::Path};

use serde::Serialize;

/// Where the kubelet mounts it unless the pod says otherwise.
pub const DEFAULT_PATH: &str = "/dev/termination-log";

/// Replaces the message. The file is mounted by the kubelet, so it can neither be renamed nor made: where there is none
/// (a laptop), nothing is written. A message that cannot be written changes nothing else.
pub fn write(path: &Path, message: &impl Serialize) {
    let text = serde_json::to_string(message).unwrap_or_default();
    if let Ok(mut file) = OpenOptions::new().write(true).truncate(true).open(path)
        && let Err(error) = file.write_all(text.as_bytes())
    {
        tracing::warn!(path = %path.display(), %error, "cannot write the termination message");
    }
}
