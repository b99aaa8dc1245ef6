//! Whose clock is wrong: ours is compared with the `Date` of an answer.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

/// Differences up to this are those of ordinary clocks, and of the time that an answer takes.
const ORDINARY: Duration = Duration::from_secs(60);

/// A difference between this node's clock and a server's that makes trouble: more than a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skew {
    /// This node's clock is ahead, by whole seconds.
    Ahead(u64),
    /// This node's clock is behind, by whole seconds.
    Behind(u64),
}

impl Skew {
    /// Compares the `Date` header of an answer with our own time at that moment; none when they agree, or when the
    /// header is no date.
    #[must_use]
    pub fn of(date: &str, now: SystemTime) -> Option<Self> {
        let theirs = SystemTime::try_from(DateTime::from_str(date, Format::HttpDate).ok()?).ok()?;
        match now.duration_since(theirs) {
            Ok(ahead) => (ahead > ORDINARY).then_some(Self::Ahead(ahead.as_secs())),
            Err(behind) => (behind.duration() > ORDINARY).then_some(Self::Behind(behind.duration().as_secs())),
        }
    }
}

/// Follows "this node's clock is", and is followed by whose clock the other one is.
impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ahead(seconds) => write!(f, "{seconds} s ahead of"),
            Self::Behind(seconds) => write!(f, "{seconds} s behind"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_compared() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_763_863_200);
        for (date, expected) in [
            ("Sun, 23 Nov 2025 02:00:00 GMT", None),
            ("Sun, 23 Nov 2025 02:01:00 GMT", None),
            ("Sun, 23 Nov 2025 02:05:12 GMT", Some(Skew::Behind(312))),
            ("Sun, 23 Nov 2025 01:58:00 GMT", Some(Skew::Ahead(120))),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(Skew::Ahead(1_763_863_200))),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(Skew::of(date, now), expected, "{date}");
        }
        assert_eq!(Skew::Behind(312).to_string(), "312 s behind");
    }
}
