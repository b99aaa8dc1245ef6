//! What codriver itself can fail at, and the exit code of each.

use std::{io, path::PathBuf};

use codriver_kube::Error;

/// A bug of ours (sysexits(3): `EX_SOFTWARE`).
pub const BUG: u8 = 70;

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
    /// The API server refused, or did not answer.
    #[error("{0}")]
    Api(#[from] codriver_kube::Error),
    /// Not all could be done in the time there was.
    #[error("{0}")]
    NotInTime(String),
    /// `codriver probe`: nobody answered, or not well.
    #[error("{0}")]
    Unhealthy(String),
    /// The API server did not answer for too long.
    #[error("{0}")]
    Unreachable(String),
    /// `codriver wait`: the pod was taken away from its driver. The same once more may end well.
    #[error("the driver was lost: {0}; hint: trying again may help")]
    Lost(String),
    /// Rights are missing.
    #[error("{0}")]
    Refused(String),
    /// `codriver wait`: the driver took longer than the wait may.
    #[error("waited for too long; {0}; hint: the driver goes on; --timeout says how long to wait")]
    Late(String),
}

impl Failure {
    /// The exit code (sysexits(3), and what `docs/exit-codes.md` promises).
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Api(error) => of_api(error),
            Self::NotInTime(_) => 75,
            Self::Unhealthy(_) | Self::Unreachable(_) => 69,
            Self::Kernel { .. } => BUG,
            Self::Files { .. } => 73,
            Self::Lost(_) => 75,
            Self::Refused(_) => 77,
            Self::Configuration(_) => 78,
            // timeout(1).
            Self::Late(_) => 124,
        }
    }
}

/// By what would help: another network, another moment, or another role.
fn of_api(error: &Error) -> u8 {
    match error {
        Error::Forbidden { .. } | Error::Unauthorized { .. } | Error::Token { .. } => 77,
        Error::Throttled { .. } | Error::Server { .. } | Error::Gone { .. } | Error::Conflict { .. } => 75,
        Error::Unreachable { .. }
        | Error::Untrusted { .. }
        | Error::TimedOut { .. }
        | Error::Cut { .. }
        | Error::NotFound { .. }
        | Error::Malformed { .. } => 69,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codriver_kube::{Kind, Subject, Verb};

    use crate::verdict::{NOT_EXECUTABLE, NOT_FOUND, TEMPORARY};

    /// The codes in the first column of the table under a heading of `docs/exit-codes.md`.
    fn documented(heading: &str) -> Vec<u8> {
        let document = include_str!("../../docs/exit-codes.md");
        let section = document.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
        let cells = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
        cells.flat_map(|cell| cell.split(", ")).filter_map(|code| code.parse().ok()).collect()
    }

    #[test]
    fn the_documentation_names_exactly_the_codes_that_there_are() {
        let io = || io::Error::from_raw_os_error(28);
        let files = Failure::Files { doing: "write", path: "/codriver".into(), source: io(), hint: "" }.code();
        let kernel = Failure::Kernel { doing: "catch signals", source: io() }.code();
        let configuration = Failure::Configuration(Vec::new()).code();
        let subject = || Subject { verb: Verb::List, kind: Kind::Pods, namespace: "etl".into(), name: None };
        let unreachable = Failure::Api(Error::Unreachable { server: String::new(), cause: String::new() }).code();
        let forbidden = Failure::Api(Error::Forbidden { subject: subject(), message: String::new() }).code();
        let not_in_time = Failure::NotInTime(String::new()).code();
        let unhealthy = Failure::Unhealthy(String::new()).code();
        let [away, lost, refused, late] =
            [Failure::Unreachable, Failure::Lost, Failure::Refused, Failure::Late].map(|it| it(String::new()).code());
        for (heading, codes) in [
            (
                "The driver's container",
                vec![NOT_EXECUTABLE, NOT_FOUND, 143, 130, kernel, files, TEMPORARY, configuration],
            ),
            ("`codriver sidecar`", vec![0, kernel, files, configuration]),
            ("`codriver sweep`", vec![0, unreachable, not_in_time, forbidden, configuration]),
            ("`codriver probe`", vec![0, unhealthy]),
            ("`codriver wait`", vec![lost, away, refused, configuration, late, 143, 130, kernel]),
        ] {
            assert_eq!(documented(heading), codes, "{heading}");
        }
    }
}
