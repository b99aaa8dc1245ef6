//! What will be written, decided before anybody is asked and before anything is touched. Only keys that STS has yet to
//! give come later, by [`Plan::core_site`].

use std::path::PathBuf;

use codriver_creds::{Credentials, Secret};

use crate::failure::{Exit, Failure, Fault};
use crate::hadoop::{Properties, core_site, provider, s3a};
use crate::place::{PRIVATE, READABLE};
use crate::settings::{Mode, Settings};
use crate::spark::{self, properties};
use crate::volume::EXECUTOR_TEMPLATE;
use crate::{endpoint_files, environment, executor};

/// A file to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path in the volume.
    pub path: PathBuf,
    /// Its mode: [`READABLE`] by everybody in the pod, or [`PRIVATE`].
    pub mode: u32,
    /// Its content, which may be secret where the mode is private.
    pub content: Secret,
}

impl File {
    fn readable(path: &str, content: String) -> Self {
        Self { path: path.into(), mode: READABLE, content: Secret::new(content) }
    }

    fn private(path: &str, content: String) -> Self {
        Self { path: path.into(), mode: PRIVATE, content: Secret::new(content) }
    }
}

fn executor_template(content: String, holds_a_token: bool) -> File {
    if holds_a_token { File::private(EXECUTOR_TEMPLATE, content) } else { File::readable(EXECUTOR_TEMPLATE, content) }
}

/// The files, and what the reader should know about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// All files but `core-site.xml` and the report.
    pub files: Vec<File>,
    /// What will not work, or not as one might think.
    pub warnings: Vec<String>,
    hadoop: Properties,
}

impl Plan {
    /// Decides everything that can be decided.
    ///
    /// # Errors
    /// Settings of the user's that a file cannot carry, all together.
    pub fn new(settings: &Settings) -> Result<Self, Failure> {
        let executors_token = endpoint_files::is_in_the_template(settings)
            .then(|| endpoint_files::token_content(&settings.dir, endpoint_files::EXECUTORS_TOKEN))
            .transpose()?;
        let hadoop = s3a::properties(settings);
        let mut faults = core_site::render(&hadoop).err().unwrap_or_default();
        let mut keep = |rendered: Result<String, Vec<Fault>>| {
            rendered.unwrap_or_else(|wrong| {
                faults.extend(wrong);
                String::new()
            })
        };
        let mut files = vec![
            File::readable(
                "spark/spark-defaults.conf",
                keep(properties::render(&spark::properties(settings, &hadoop))),
            ),
            executor_template(keep(executor::render(settings, executors_token.as_deref())), executors_token.is_some()),
            File::readable("env", environment::render(settings)),
        ];
        if !faults.is_empty() {
            return Err(Failure { exit: Exit::Configuration, faults });
        }
        if settings.mode == Mode::Endpoint {
            files.push(File::readable(endpoint_files::DESCRIPTION, endpoint_files::of_driver(settings)));
            let token = endpoint_files::token_content(&settings.dir, endpoint_files::TOKEN)?;
            files.push(File::private(endpoint_files::TOKEN, token));
        }
        if let Some(token) = executors_token {
            files.push(File::private(endpoint_files::EXECUTORS_TOKEN, token));
        }
        let mut warnings = settings.notes.clone();
        warnings.extend(s3a::warnings(settings));
        warnings.extend(spark::warnings(settings));
        Ok(Self { files, warnings, hadoop })
    }

    /// `core-site.xml` with the keys that stand in it, if any do. `session`: what STS gave to codriver-init.
    ///
    /// # Errors
    /// When STS gave a key that XML cannot carry, or that Hadoop would alter.
    pub fn core_site(&self, settings: &Settings, session: &Credentials) -> Result<File, Failure> {
        let mut properties = self.hadoop.clone();
        // The user's own keys, in an overlay, win as everything of the user's does.
        for (key, value) in provider::secrets(settings, session) {
            properties.entry(key).or_insert(value);
        }
        let secret = properties.values().any(crate::hadoop::Value::is_secret);
        match core_site::render(&properties) {
            Ok(xml) if secret => Ok(File::private("hadoop/core-site.xml", xml)),
            Ok(xml) => Ok(File::readable("hadoop/core-site.xml", xml)),
            Err(faults) => Err(Failure { exit: Exit::Unreachable, faults }),
        }
    }

    /// Will `core-site.xml` hold keys?
    pub fn holds_keys(&self, settings: &Settings) -> bool {
        provider::holds_keys(settings) || self.hadoop.values().any(crate::hadoop::Value::is_secret)
    }

    /// The user's settings that replace codriver's, by name.
    pub fn replaced(settings: &Settings) -> Vec<String> {
        let ours = s3a::ours(settings);
        let spark = spark::ours(settings, &ours);
        let hadoop = settings.hadoop_conf.keys().filter(|key| ours.contains_key(*key)).cloned();
        let mut names: Vec<String> =
            settings.spark_conf.iter().map(|(key, _)| key).filter(|key| spark.contains_key(*key)).cloned().collect();
        names.extend(hadoop);
        names.sort();
        names.dedup();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hadoop::Value;
    use crate::settings::tests::minio;

    #[test]
    fn what_no_file_can_carry_is_a_configuration_mistake_and_all_are_told() {
        let hadoop_conf = Properties::from([
            ("fs.s3a.endpoint.region".to_owned(), Value::new("")),
            ("fs.s3a.user.agent.prefix".to_owned(), Value::new("${user.name}")),
        ]);
        let failure = Plan::new(&Settings { hadoop_conf, ..minio() }).unwrap_err();
        assert_eq!(failure.exit, Exit::Configuration);
        assert_eq!(failure.faults.len(), 2, "{failure}");
    }

    #[test]
    fn what_the_user_replaces_is_known() {
        let hadoop_conf = Properties::from([
            ("fs.s3a.path.style.access".to_owned(), Value::new("false")),
            ("fs.s3a.threads.max".to_owned(), Value::new("200")),
        ]);
        let spark_conf = vec![("spark.driver.port".to_owned(), "1".to_owned()), ("spark.x".to_owned(), "1".to_owned())];
        let settings = Settings { hadoop_conf, spark_conf, ..minio() };
        assert_eq!(Plan::replaced(&settings), ["fs.s3a.path.style.access", "spark.driver.port"]);
    }
}
