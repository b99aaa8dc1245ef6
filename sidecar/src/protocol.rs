//! What wrapper and sidecar say to each other: JSON lines on a unix stream socket in the shared volume.
//!
//! The wrapper keeps the stream open for as long as it lives. A farewell is a verdict. An end of stream without a
//! farewell means that the wrapper was killed, since it says farewell on every other way out.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use crate::verdict::Verdict;

/// A longer line is not of this protocol: the reader hangs up.
pub const MAX_LINE: usize = 8 * 1024;

/// Where the sidecar listens, in the shared volume.
#[must_use]
pub fn socket_path(volume: &Path) -> PathBuf {
    volume.join("run/sidecar.sock")
}

/// One start of the driver container.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attempt {
    /// 1 for the first start; 0 when there is no wrapper to count.
    pub number: u32,
    /// `spark.app.id`, and so the label `spark-app-selector` on everything that Spark creates.
    pub application_id: String,
    /// When it began, in seconds since 1970; older container statuses belong to an earlier attempt.
    pub since: u64,
}

/// From the wrapper to the sidecar.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToSidecar {
    /// The first message of each connection, also of a renewed one.
    Hello(Attempt),
    /// The driver process runs.
    Started {
        /// Its process id, in the driver container's namespace.
        pid: i32,
    },
    /// The driver has ended; nothing follows.
    Farewell {
        /// How.
        verdict: Verdict,
        /// The code that its container ends with instead of the verdict's (`--map`), which is what the kubelet goes by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mapped: Option<u8>,
    },
}

/// From the sidecar to the wrapper.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToWrapper {
    /// End the driver as SIGTERM would.
    Terminate {
        /// For the log, and for the verdict if there is a code.
        why: String,
        /// The driver is given up, and its container is to end with this code.
        code: Option<u8>,
    },
}

/// One message as a line.
#[must_use]
pub fn line(message: &impl Serialize) -> Vec<u8> {
    // These types have no maps with odd keys and no fallible serializers, so this cannot fail; an empty line is skipped by the reader.
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}

/// The wall clock as the protocol counts it. Both ends are on one node, so they share it.
#[must_use]
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}
