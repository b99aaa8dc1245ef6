//! Reads single settings from their text, and collects what is wrong with them.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use codriver_creds::{RoleArn, StsKind};

use super::given;
use crate::endpoint::Endpoint;
use crate::failure::{Fault, shown};
use crate::lines::{self, Lines};
use crate::version::Version;

/// Each method gives the value or, when it is wrong, notes the mistake and gives nothing or the default.
#[derive(Debug, Default)]
pub struct Reader {
    /// What was wrong so far.
    pub mistakes: Vec<Fault>,
}

impl Reader {
    /// Notes a mistake.
    pub fn mistake(&mut self, cause: impl Into<String>, remedy: impl Into<String>) {
        self.mistakes.push(Fault::new(cause, remedy));
    }

    /// A URL.
    pub fn endpoint(&mut self, setting: &str, value: &Option<String>) -> Option<Endpoint> {
        match Endpoint::parse(given(value)?) {
            Ok(endpoint) => Some(endpoint),
            Err(problem) => {
                self.mistake(format!("{setting} {problem}"), "write it as https://host or http://host:port");
                None
            }
        }
    }

    /// A role ARN.
    pub fn role(&mut self, setting: &str, value: &Option<String>, kind: StsKind) -> Option<RoleArn> {
        match RoleArn::parse(&self.word(setting, value)?, kind) {
            Ok(role) => Some(role),
            Err(problem) => {
                self.mistake(format!("{setting} {problem}"), "copy the ARN from the role itself");
                None
            }
        }
    }

    /// The user's lines for Spark, or else for Hadoop.
    pub fn lines(&mut self, setting: &str, value: &Option<String>, spark: bool) -> Lines {
        let lines = lines::parse(given(value).unwrap_or_default()).unwrap_or_else(|wrong| {
            for problem in wrong {
                self.mistake(
                    format!("{setting} {problem}"),
                    "write one key=value a line; S3A's secrets belong into the file of CODRIVER_HADOOP_CONF_FILE, and \
                     executors get others by spark.kubernetes.executor.secretKeyRef.*",
                );
            }
            Lines::new()
        });
        for (key, _) in &lines {
            if key.starts_with("spark.") != spark {
                let other = if spark { "CODRIVER_HADOOP_CONF" } else { "CODRIVER_SPARK_CONF" };
                self.mistake(
                    format!("{setting} has `{key}`, which Spark would not read there"),
                    format!("move it to {other}"),
                );
            }
        }
        lines
    }

    /// A version, at least this one.
    pub fn version(&mut self, setting: &str, value: &Option<String>, least: Version) -> Option<Version> {
        let text = given(value)?;
        match Version::parse(text) {
            Some(version) if version >= least => Some(version),
            Some(_) => {
                self.mistake(
                    format!("{setting} {} is too old", shown(text)),
                    format!("{least} and later are supported"),
                );
                None
            }
            None => {
                self.mistake(
                    format!("{setting} `{}` is no version", shown(text)),
                    "write it as 3.5.0, or leave it out",
                );
                None
            }
        }
    }

    /// Of Hadoop the third number matters: 3.3.0 and 3.3.6 are far apart.
    pub fn whole_version(&mut self, setting: &str, value: &Option<String>) {
        if let Some(text) = given(value)
            && Version::parse(text).is_some()
            && text.split(['-', '+', '_']).next().is_some_and(|numbers| numbers.split('.').count() < 3)
        {
            self.mistake(
                format!("{setting} `{}` has no third number", shown(text)),
                "write it whole, as 3.3.4: the jars hadoop-aws-… of the image have it in their names",
            );
        }
    }

    /// One of a few words.
    pub fn one_of<T: Copy>(&mut self, setting: &str, value: &Option<String>, choices: &[(&str, T)]) -> Option<T> {
        let text = given(value)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        if found.is_none() {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.mistake(
                format!("{setting} `{}` is not known", shown(text)),
                format!("set it to {}", names.join(" or ")),
            );
        }
        found
    }

    /// A whole number in a range.
    pub fn number<T: TryFrom<u64> + Default>(
        &mut self,
        setting: &str,
        value: &Option<String>,
        default: u64,
        range: RangeInclusive<u64>,
    ) -> T {
        let number = match given(value) {
            None => default,
            Some(text) => match text.parse() {
                Ok(number) if range.contains(&number) => number,
                _ => {
                    self.mistake(
                        format!("{setting} `{}` is no number from {} to {}", shown(text), range.start(), range.end()),
                        format!("leave it out for {default}"),
                    );
                    default
                }
            },
        };
        T::try_from(number).unwrap_or_default()
    }

    /// A word: what may stand in a manifest or a file without being taken for something else.
    pub fn word(&mut self, setting: &str, value: &Option<String>) -> Option<String> {
        let text = given(value)?;
        if text.chars().all(|c| !c.is_control() && !c.is_whitespace() && !"<>\"'`$\\".contains(c)) {
            return Some(text.to_owned());
        }
        self.mistake(
            format!("{setting} `{}` has blanks, quotes or control characters", shown(text)),
            "write it without them",
        );
        None
    }

    /// A path that begins with `/`.
    pub fn absolute(&mut self, setting: &str, text: &str) -> Option<PathBuf> {
        if text.starts_with('/') && !text.chars().any(char::is_control) {
            return Some(PathBuf::from(text));
        }
        self.mistake(format!("{setting} `{}` is no absolute path", shown(text)), "begin it with /");
        None
    }
}
