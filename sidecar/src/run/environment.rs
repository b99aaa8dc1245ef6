//! The `env` file that codriver-init leaves for the driver's environment.
//!
//! One entry a line: `NAME=value` sets, `-NAME` removes, `#` starts a comment line. No quoting: the value is the rest of the line.

use std::{ffi::OsString, fs, io, path::Path};

use crate::failure::Failure;

/// What the driver's environment must have and must not have.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Set, in this order.
    pub set: Vec<(OsString, OsString)>,
    /// Removed.
    pub remove: Vec<OsString>,
}

impl Environment {
    /// Reads the file; a missing one is an empty one, since the wrapper also works without codriver-init.
    ///
    /// # Errors
    /// When it cannot be read, or when lines are not of the form above (all of them are named).
    pub fn load(path: &Path) -> Result<Self, Failure> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map_err(|lines| {
                Failure::Configuration(lines.into_iter().map(|line| format!("{}: {line}", path.display())).collect())
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(Failure::Files {
                doing: "read",
                path: path.to_owned(),
                source,
                hint: "codriver-init writes it; do all containers mount the same volume?",
            }),
        }
    }

    fn parse(text: &str) -> Result<Self, Vec<String>> {
        let mut environment = Self::default();
        let mut mistakes = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match (line.strip_prefix('-'), line.split_once('=')) {
                (Some(name), None) if !name.is_empty() => environment.remove.push(name.into()),
                (None, Some((name, value))) if !name.is_empty() => environment.set.push((name.into(), value.into())),
                // The line itself stays unsaid: it may hold what nobody should read in a log.
                _ => mistakes.push(format!("line {number} is neither NAME=value nor -NAME")),
            }
        }
        if mistakes.is_empty() { Ok(environment) } else { Err(mistakes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sets_and_removes_and_keeps_values_as_they_are() {
        let text = "# made by codriver-init\nHADOOP_CONF_DIR=/codriver/hadoop\n\nA=b=c \"d\"\n-AWS_PROFILE\n";
        let expected = Environment {
            set: vec![("HADOOP_CONF_DIR".into(), "/codriver/hadoop".into()), ("A".into(), "b=c \"d\"".into())],
            remove: vec!["AWS_PROFILE".into()],
        };
        assert_eq!(Environment::parse(text), Ok(expected));
    }

    #[test]
    fn all_mistakes_are_named_and_none_is_quoted() {
        let mistakes = Environment::parse("=x\nGOOD=1\nnonsense\n-\n-A=b\n").unwrap_err();
        assert_eq!(mistakes, [1, 3, 4, 5].map(|line| format!("line {line} is neither NAME=value nor -NAME")));
    }

    #[test]
    fn without_the_file_nothing_changes() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Environment::load(&folder.path().join("env")).unwrap(), Environment::default());
    }
}
