//! How a driver ended, and the exit codes that follow from it.
//!
//! This file and [`crate::failure`] are the only places that name exit codes; `docs/exit-codes.md` is compared with them by a test.

use std::{fmt, os::unix::process::ExitStatusExt, process::ExitStatus};

use serde::{Deserialize, Serialize};

/// Found, but it cannot be executed (POSIX shell, "Exit Status for Commands").
pub const NOT_EXECUTABLE: u8 = 126;
/// Not found (POSIX shell, "Exit Status for Commands").
pub const NOT_FOUND: u8 = 127;
/// Temporary: a retry may help (sysexits(3): `EX_TEMPFAIL`).
pub const TEMPORARY: u8 = 75;
/// A process killed by signal n is reported as this plus n.
pub const SIGNALLED: u8 = 128;

/// How the driver ended. Decided once for an attempt, never changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It ended by itself, with this code.
    Exited(u8),
    /// It was killed by this signal.
    Signalled(u8),
    /// It never ran, and why.
    NeverStarted {
        /// The exit code that says so: 126, 127, 128+n for a stop request that came first, or one of ours.
        code: u8,
        /// In words, with the remedy.
        why: String,
    },
    /// The application was over, but its process did not end by itself, so codriver ended it.
    Finished {
        /// What the application earned.
        code: u8,
        /// How that is known, and what kept the process alive.
        why: String,
    },
    /// codriver ended it.
    GivenUp {
        /// The exit code that says why, such as 75: no executor ever came.
        code: u8,
        /// In words, with the remedy.
        why: String,
    },
    /// It is gone and nobody could say how: the wrapper was killed and the API server did not tell (the wrapper itself says this
    /// only of a status that was lost).
    Unknown,
}

impl Verdict {
    /// The wrapper's exit code. Only an unknown end has none.
    #[must_use]
    pub fn code(&self) -> Option<u8> {
        match self {
            Self::Exited(code)
            | Self::NeverStarted { code, .. }
            | Self::Finished { code, .. }
            | Self::GivenUp { code, .. } => Some(*code),
            Self::Signalled(signal) => Some(SIGNALLED.saturating_add(*signal)),
            Self::Unknown => None,
        }
    }

    /// Whose number it is: a driver may itself end with a code that we use too.
    #[must_use]
    pub fn whose(&self) -> &'static str {
        match self {
            Self::Exited(_) | Self::Signalled(_) | Self::Finished { .. } => "driver",
            Self::NeverStarted { .. } | Self::GivenUp { .. } => "codriver",
            Self::Unknown => "unknown",
        }
    }
}

impl From<ExitStatus> for Verdict {
    /// Real-time signals (up to 64) have no name in any library, so the number is kept.
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => u8::try_from(code).map_or(Self::Unknown, Self::Exited),
            (None, Some(signal)) => u8::try_from(signal).map_or(Self::Unknown, Self::Signalled),
            (None, None) => Self::Unknown,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exited with code {code}"),
            Self::Signalled(signal) => match i32::from(*signal).try_into() {
                Ok(name) => write!(f, "was killed by signal {signal} ({})", nix::sys::signal::Signal::as_str(name)),
                Err(_) => write!(f, "was killed by signal {signal}"),
            },
            Self::NeverStarted { code, why } => write!(f, "never started (code {code}): {why}"),
            Self::Finished { code, why } => write!(f, "finished with code {code}, and its process was ended: {why}"),
            Self::GivenUp { code, why } => write!(f, "was given up (code {code}): {why}"),
            Self::Unknown => f.write_str("ended, nobody could say how"),
        }
    }
}

/// How the sidecar knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// The wrapper's last message.
    Farewell,
    /// The API server's status of the driver's container, after the wrapper's stream ended without a farewell.
    ContainerStatus,
    /// The wrapper's stream ended, and no status came within the settle time.
    EndOfStream,
    /// Only the kubelet's SIGTERM to the sidecar came.
    Termination,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Farewell => "farewell",
            Self::ContainerStatus => "container status",
            Self::EndOfStream => "end of stream",
            Self::Termination => "termination",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_code_is_the_drivers_own() {
        for code in 0..=255 {
            let verdict = Verdict::from(ExitStatus::from_raw(i32::from(code) << 8));
            assert_eq!(verdict, Verdict::Exited(code));
            assert_eq!((verdict.code(), verdict.whose()), (Some(code), "driver"));
        }
    }

    #[test]
    fn every_signal_is_128_and_its_number_real_time_ones_too() {
        for signal in 1..=64 {
            let verdict = Verdict::from(ExitStatus::from_raw(i32::from(signal)));
            assert_eq!(verdict, Verdict::Signalled(signal));
            assert_eq!(verdict.code(), Some(128 + signal));
        }
    }

    #[test]
    fn a_core_dump_does_not_change_the_signal() {
        assert_eq!(Verdict::from(ExitStatus::from_raw(0x80 | 11)), Verdict::Signalled(11));
    }

    #[test]
    fn it_reads_as_a_sentence() {
        assert_eq!(Verdict::Exited(7).to_string(), "exited with code 7");
        assert_eq!(Verdict::Signalled(9).to_string(), "was killed by signal 9 (SIGKILL)");
        assert_eq!(Verdict::Signalled(40).to_string(), "was killed by signal 40");
    }
}
