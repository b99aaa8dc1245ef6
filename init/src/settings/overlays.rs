//! The user's own settings: files that are mounted, and lines in variables, which win over the files.

use std::path::Path;

use super::given;
use super::reader::Reader;
use super::surroundings::Surroundings;
use crate::args::Args;
use crate::environment;
use crate::executor::template;
use crate::failure::shown;
use crate::hadoop::{self, Properties, Value, names_a_secret};
use crate::lines::Lines;
use crate::spark;

/// More than any configuration that people write, in bytes. Spark's own ConfigMap takes as much.
const LONGEST: u64 = 1024 * 1024;
/// More than any pod template, in bytes.
const LONGEST_TEMPLATE: u64 = 256 * 1024;
/// How Spark is told of a pod template.
pub const TEMPLATE_KEY: &str = "spark.kubernetes.executor.podTemplateFile";
/// How Spark is told which container of it is the executor's.
pub const CONTAINER_KEY: &str = "spark.kubernetes.executor.podTemplateContainerName";

impl Reader {
    /// Spark's: the file's settings, then the lines.
    pub fn spark_conf(&mut self, args: &Args, around: &Surroundings<'_>) -> Lines {
        let setting = "CODRIVER_SPARK_CONF_FILE";
        let mut settings = Lines::new();
        if let Some((path, text)) = self.overlay(setting, &args.spark_conf_file, around) {
            match spark::overlay::parse(&text) {
                Ok(found) => settings = found,
                Err(problem) => self.wrong(setting, path, &problem),
            }
        }
        for (key, _) in &settings {
            if names_a_secret(key) {
                self.mistake(
                    format!("{setting} has `{key}`, a secret, which Spark would show and copy"),
                    "give executors secrets by spark.kubernetes.executor.secretKeyRef.*; S3A's belong into \
                     CODRIVER_HADOOP_CONF_FILE",
                );
            }
        }
        // Spark reads keys of its own only, and ignores the others as silently.
        settings.retain(|(key, _)| key.starts_with("spark."));
        settings.extend(self.lines("CODRIVER_SPARK_CONF", &args.spark_conf, true));
        for (key, _) in &settings {
            if key.strip_prefix("spark.executorEnv.").is_some_and(environment::says_who) {
                self.mistake(
                    format!("`{key}` would make executors somebody else"),
                    "take it out: CODRIVER_EXECUTOR_ROLE_ARN and CODRIVER_KEYS_SECRET say who executors are",
                );
            }
        }
        settings
    }

    /// Hadoop's: the file's settings, and over them the lines.
    pub fn hadoop_conf(&mut self, args: &Args, around: &Surroundings<'_>) -> Properties {
        let setting = "CODRIVER_HADOOP_CONF_FILE";
        let mut properties = Properties::new();
        if let Some((path, text)) = self.overlay(setting, &args.hadoop_conf_file, around) {
            match hadoop::overlay::parse(&text) {
                Ok(found) => properties = found,
                Err(problem) => self.wrong(setting, path, &problem),
            }
        }
        let lines = self.lines("CODRIVER_HADOOP_CONF", &args.hadoop_conf, false);
        properties.extend(lines.into_iter().map(|(key, value)| (key, Value::new(value))));
        properties
    }

    /// The executors' pod template of the user's own.
    pub fn template(&mut self, args: &Args, around: &Surroundings<'_>, spark: &Lines) -> Option<serde_json::Value> {
        let named = spark.iter().rev().find(|(key, _)| key == TEMPLATE_KEY).map(|(_, path)| path.as_str());
        let (setting, path) = match (given(&args.executor_template), named) {
            (Some(path), _) => ("CODRIVER_EXECUTOR_TEMPLATE", path),
            (None, Some(path)) => (TEMPLATE_KEY, path),
            (None, None) => return None,
        };
        let path = self.absolute(setting, path.trim_start_matches("file://"))?;
        match around.text(&path, LONGEST_TEMPLATE) {
            Ok(text) => template::parse(setting, &path, &text).map_err(|fault| self.mistakes.push(fault)).ok(),
            Err(problem) => {
                self.mistake(
                    format!("{setting} {} {problem}", shown(&path.to_string_lossy())),
                    "mount the template into codriver-init, which merges it with the executors' identity, and set \
                     CODRIVER_EXECUTOR_TEMPLATE to its path",
                );
                None
            }
        }
    }

    fn overlay<'a>(
        &mut self,
        setting: &str,
        path: &'a Option<String>,
        around: &Surroundings<'_>,
    ) -> Option<(&'a str, String)> {
        let path = given(path)?;
        self.absolute(setting, path)?;
        match around.text(Path::new(path), LONGEST) {
            Ok(text) => Some((path, text)),
            Err(problem) => {
                self.wrong(setting, path, &problem);
                None
            }
        }
    }

    fn wrong(&mut self, setting: &str, path: &str, problem: &str) {
        self.mistake(format!("{setting} {} {problem}", shown(path)), "mount the file into codriver-init, and mend it");
    }
}
