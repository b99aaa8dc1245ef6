//! Versions of Hadoop and Spark, told or unknown. Unknown means: nothing that not every version understands.

use std::fmt;

/// A version of three numbers; what follows them (`-amzn-1`, `-SNAPSHOT`) does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u16, pub u16, pub u16);

impl Version {
    /// Reads `3.5`, `3.5.0` or `3.3.4-amzn-1`.
    pub fn parse(text: &str) -> Option<Self> {
        let numbers = text.split(['-', '+', '_']).next()?;
        let mut parts = numbers.split('.');
        let mut next = || parts.next().map_or(Some(0), |part| part.parse().ok());
        let version = Self(next()?, next()?, next()?);
        (text.contains('.') && version > Self(0, 0, 0)).then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// Is the version known to be at least this one?
pub fn at_least(version: Option<Version>, least: Version) -> bool {
    version.is_some_and(|version| version >= least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_as_people_write_them() {
        for (text, expected) in [
            ("3.5.0", Some(Version(3, 5, 0))),
            ("3.5", Some(Version(3, 5, 0))),
            ("3.3.4-amzn-1", Some(Version(3, 3, 4))),
            ("4.3.0-SNAPSHOT", Some(Version(4, 3, 0))),
            ("3", None),
            ("", None),
            ("three", None),
            ("3.x", None),
            ("0.0.0", None),
        ] {
            assert_eq!(Version::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_version_is_at_least_nothing() {
        assert!(!at_least(None, Version(3, 2, 0)));
        assert!(at_least(Some(Version(3, 4, 1)), Version(3, 3, 6)));
        assert!(!at_least(Some(Version(3, 3, 4)), Version(3, 3, 6)));
    }
}
