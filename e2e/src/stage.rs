//! The stage: a cluster with a store in it, the images, and a namespace under the restricted Pod Security Standard.

use std::{env, process::Command};

use crate::{
    Result,
    kubectl::{HERE, kubectl, output},
    scripts::{load, script},
    spark::{Images, Spark},
};

/// Where drivers play.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The namespace; the store's policy names it.
    pub namespace: String,
    /// The bucket of the same audience.
    pub bucket: String,
    /// The reference of codriver's image in the cluster.
    pub codriver_image: String,
    /// Spark's, by version.
    pub spark_images: Images,
}

/// Why the stage cannot be had here, if so: the one-node cluster needs root, another one a name.
#[must_use]
pub fn cannot_be_had() -> Option<String> {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let named = env::var("CONTEXT").is_ok_and(|context| !context.is_empty());
    (!root && !named)
        .then(|| "neither root (for a cluster in namespaces of its own) nor CONTEXT=… (a cluster of yours)".into())
}

impl Stage {
    /// Brings everything up and into place; what is there already is only looked at. The first time on a machine this
    /// compiles a cluster, which takes about 20 minutes on two cores; the scripts show how far they are.
    ///
    /// # Errors
    /// With the step that failed; its script has said what to look at.
    pub fn prepare(name: &str) -> Result<Self> {
        script(&["cluster/up.sh"])?;
        let codriver_image = load(&["../images/build.sh"])?;
        let spark_images = Images::default();
        spark_images.get(Spark::NEWEST)?;
        let stage =
            Self { namespace: format!("codriver-{name}"), bucket: name.to_owned(), codriver_image, spark_images };
        stage.make_namespace()?;
        stage.fill_bucket()?;
        Ok(stage)
    }

    /// An address in this stage's bucket.
    #[must_use]
    pub fn uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    /// `kubectl -n NAMESPACE ARGS…`
    ///
    /// # Errors
    /// With what kubectl said.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        kubectl(&[&["-n", &self.namespace], arguments].concat(), "")
    }

    /// Creates or changes objects in this stage's namespace.
    ///
    /// # Errors
    /// With what the API server refused.
    pub fn apply(&self, objects: &[serde_json::Value]) -> Result<()> {
        let text: String = objects.iter().map(|object| format!("{object}\n")).collect();
        let apply = || kubectl(&["-n", &self.namespace, "apply", "-f", "-"], &text).map(drop);
        match apply() {
            // Another test has made the same object in this very moment.
            Err(error) if error.contains("(AlreadyExists)") => apply(),
            applied => applied,
        }
    }

    fn make_namespace(&self) -> Result<()> {
        let labels = serde_json::json!({"pod-security.kubernetes.io/enforce": "restricted"});
        self.apply(&[serde_json::json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace, "labels": labels},
        })])
    }

    fn fill_bucket(&self) -> Result<()> {
        for folder in ["jobs", "input"] {
            let path = format!("{HERE}/spark/{folder}");
            let files = std::fs::read_dir(&path).map_err(|error| format!("{path}: {error}"))?;
            for file in files.filter_map(std::result::Result::ok).filter(|file| file.path().is_file()) {
                let target = self.uri(&format!("{folder}/{}", file.file_name().display()));
                script(&["store/s3", "put", &file.path().display().to_string(), &target])?;
            }
        }
        Ok(())
    }
}

/// Reads an object of the store.
///
/// # Errors
/// When it is not there.
pub fn keys(prefix: &str) -> Result<Vec<String>> {
    output(Command::new(format!("{HERE}/store/s3")).args(["ls", prefix]), "")
        .map(|text| text.lines().map(str::to_owned).collect())
}
