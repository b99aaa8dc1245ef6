//! How codriver-init ends when it cannot do its work. Only this file knows the numbers; `docs/exit-codes.md` explains them.

use std::fmt;

use codriver_creds::{Error as StsError, ErrorKind};
use serde::Serialize;

/// The exit codes, in the sense of sysexits(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// STS could not be reached.
    Unreachable = 69,
    /// A bug of ours.
    Bug = 70,
    /// The volume cannot be written to, or programs on it cannot be started.
    Volume = 73,
    /// Throttled, or the token is late: a retry may help.
    Temporary = 75,
    /// The token or the role was refused.
    Refused = 77,
    /// The configuration is wrong.
    Configuration = 78,
}

impl Exit {
    /// The one with this number; a number that is none of ours is a bug of ours.
    pub fn of(code: u8) -> Self {
        use Exit::{Configuration, Refused, Temporary, Unreachable, Volume};
        [Unreachable, Volume, Temporary, Refused, Configuration]
            .into_iter()
            .find(|exit| *exit as u8 == code)
            .unwrap_or(Self::Bug)
    }
}

/// One thing that is wrong: the object with the cause, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// What is wrong with what, in one line.
    pub cause: String,
    /// What to do, in one line.
    pub remedy: String,
}

impl Fault {
    /// Of a cause and its remedy.
    pub fn new(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { cause: cause.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  remedy: {}", self.cause, self.remedy)
    }
}

/// The most that is quoted of a setting, in characters.
const LONGEST_QUOTE: usize = 120;

/// A setting's text as messages quote it: in one line, without what a terminal would obey, and not too long.
pub fn shown(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars().take(LONGEST_QUOTE) {
        if c.is_control() {
            shown.extend(c.escape_debug());
        } else {
            shown.push(c);
        }
    }
    if text.chars().nth(LONGEST_QUOTE).is_some() {
        shown.push('…');
    }
    shown
}

/// The end: the code, and everything that is wrong at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What the scheduler sees.
    pub exit: Exit,
    /// Never empty. More than one for configuration mistakes only.
    pub faults: Vec<Fault>,
}

impl Failure {
    /// One fault.
    pub fn new(exit: Exit, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { exit, faults: vec![Fault::new(cause, remedy)] }
    }

    /// A bug of ours, for which nobody else has a remedy.
    pub fn bug(cause: impl Into<String>) -> Self {
        Self::new(Exit::Bug, cause, "this is a bug in codriver-init: please report this message")
    }

    /// The number of the exit code.
    pub fn code(&self) -> u8 {
        self.exit as u8
    }
}

/// Plain text for the termination message: each cause with its remedy.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: Vec<String> = self.faults.iter().map(Fault::to_string).collect();
        write!(f, "codriver-init ended with {}: {}", self.code(), faults.join("\n"))
    }
}

impl From<StsError> for Failure {
    fn from(error: StsError) -> Self {
        let exit = match error.kind() {
            ErrorKind::Refused => Exit::Refused,
            ErrorKind::Unreachable | ErrorKind::Malformed => Exit::Unreachable,
            ErrorKind::Temporary => Exit::Temporary,
            ErrorKind::Configuration | ErrorKind::Unsupported => Exit::Configuration,
        };
        Self::new(exit, error.to_string(), error.remedy())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_sts_error_has_its_code() {
        for (kind, code) in [
            (ErrorKind::Refused, 77),
            (ErrorKind::Unreachable, 69),
            (ErrorKind::Malformed, 69),
            (ErrorKind::Temporary, 75),
            (ErrorKind::Configuration, 78),
            (ErrorKind::Unsupported, 78),
        ] {
            let error = StsError::new(kind, "cause", "remedy");
            assert_eq!(Failure::from(error).code(), code);
        }
    }

    #[test]
    fn the_codes_are_those_of_the_documentation_and_of_the_help() {
        let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/exit-codes.md")).unwrap();
        let section = page.split("\n## ").find(|section| section.starts_with("codriver-init\n")).unwrap();
        let told: Vec<u8> = section
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.split_once(" |")?.0.parse().ok())
            .filter(|code| ![0, 143].contains(code))
            .collect();
        use Exit::{Bug, Configuration, Refused, Temporary, Unreachable, Volume};
        let ours = [Unreachable, Bug, Volume, Temporary, Refused, Configuration].map(|exit| exit as u8);
        assert_eq!(told, ours);
        let help = <crate::args::Args as clap::CommandFactory>::command().render_long_help().to_string();
        assert!(ours.iter().all(|code| help.contains(&format!(" {code} "))), "{help}");
    }

    #[test]
    fn what_is_quoted_is_harmless_and_short() {
        assert_eq!(shown("a b\n\u{1b}[31m"), "a b\\n\\u{1b}[31m");
        assert_eq!(shown(&"x".repeat(200)), format!("{}…", "x".repeat(LONGEST_QUOTE)));
    }

    #[test]
    fn the_text_names_code_cause_and_remedy() {
        let failure = Failure::new(Exit::Volume, "/codriver is read-only", "mount it writable");
        assert_eq!(
            failure.to_string(),
            "codriver-init ended with 73: /codriver is read-only\n  remedy: mount it writable"
        );
    }
}
