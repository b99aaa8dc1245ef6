//! What will be written, decided before anybody is asked and before anything is touched.

use std::path::PathBuf;

use crate::failure::{Exit, Failure, Fault};
use crate::hadoop::{core_site, s3a};
use crate::settings::Settings;
use crate::spark::{self, properties};
use crate::{environment, executor};

/// Hadoop's configuration folder, in the volume.
pub const HADOOP_FOLDER: &str = "hadoop";
/// The executors' pod template, in the volume.
pub const EXECUTOR_TEMPLATE: &str = "spark/executor.yaml";
/// Folders that whoever runs in the pod may write to, as in /tmp.
pub const SHARED_FOLDERS: [&str; 2] = ["run", "attempts"];

/// The files, and what the reader should know about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Path in the volume, and content. No secret in any of them: all may be read by everybody in the pod.
    pub files: Vec<(PathBuf, String)>,
    /// What will not work, or not as one might think.
    pub warnings: Vec<String>,
}

impl Plan {
    /// Decides everything but the report.
    ///
    /// # Errors
    /// Settings of the user's that a file cannot carry, all together.
    pub fn new(settings: &Settings) -> Result<Self, Failure> {
        let hadoop = s3a::properties(settings);
        let spark = spark::properties(settings, &hadoop);
        let (core_site, defaults) = match (core_site::render(&hadoop), properties::render(&spark)) {
            (Ok(core_site), Ok(defaults)) => (core_site, defaults),
            (core_site, defaults) => {
                let faults: Vec<Fault> = core_site.err().into_iter().chain(defaults.err()).collect();
                return Err(Failure { exit: Exit::Configuration, faults });
            }
        };
        let files = [
            ("hadoop/core-site.xml", core_site),
            ("spark/spark-defaults.conf", defaults),
            (EXECUTOR_TEMPLATE, executor::render(settings)),
            ("env", environment::render(settings)),
        ];
        let mut warnings = s3a::warnings(settings);
        if settings.spark_conf.iter().any(|(key, _)| key == "spark.kubernetes.executor.podTemplateFile") {
            warnings.push(
                "CODRIVER_SPARK_CONF names a pod template, which is used instead of spark/executor.yaml: it must give \
                 executors their token and environment"
                    .to_owned(),
            );
        }
        Ok(Self { files: files.into_iter().map(|(path, content)| (path.into(), content)).collect(), warnings })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::minio;

    #[test]
    fn what_no_file_can_carry_is_a_configuration_mistake() {
        let line = ("fs.s3a.endpoint.region".to_owned(), String::new());
        let failure = Plan::new(&Settings { hadoop_conf: vec![line], ..minio() }).unwrap_err();
        assert_eq!(failure.exit, Exit::Configuration);
        assert!(failure.faults[0].cause.contains("fs.s3a.endpoint.region"));
    }

    #[test]
    fn a_template_of_the_users_own_is_warned_about() {
        let line = ("spark.kubernetes.executor.podTemplateFile".to_owned(), "/t.yaml".to_owned());
        let plan = Plan::new(&Settings { spark_conf: vec![line], ..minio() }).unwrap();
        assert!(plan.warnings.iter().any(|warning| warning.contains("pod template")));
    }
}
