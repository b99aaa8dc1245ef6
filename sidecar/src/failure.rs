//! What codriver itself can fail at, and the exit code of each.

use std::{io, path::PathBuf};

/// A failure of codriver's own; a driver's end is a [`crate::verdict::Verdict`].
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file of ours cannot be read or written.
    #[error("cannot {doing} {path}: {source}; hint: {hint}")]
    Files {
        /// The verb: "create", "read", …
        doing: &'static str,
        /// The object.
        path: PathBuf,
        /// The kernel's word.
        source: io::Error,
        /// What to do.
        hint: &'static str,
    },
    /// The kernel refused something that always works.
    #[error("cannot {doing}: {source}")]
    Kernel {
        /// The verb.
        doing: &'static str,
        /// The kernel's word.
        source: io::Error,
    },
    /// Settings are missing or wrong; all of them, one to a line.
    #[error("the configuration is wrong:\n{}", .0.join("\n"))]
    Configuration(Vec<String>),
    /// `codriver probe`: nobody answered, or not well.
    #[error("{0}")]
    Unhealthy(String),
}

impl Failure {
    /// The exit code (sysexits(3), and what `docs/exit-codes.md` promises).
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Unhealthy(_) => 69,
            Self::Kernel { .. } => 70,
            Self::Files { .. } => 73,
            Self::Configuration(_) => 78,
        }
    }
}
