//! The Sparks that drivers are played with, and their images.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{Result, kubectl::HERE, scripts::load};

/// A Spark of which `e2e/spark/versions` has a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spark(&'static str);

impl Spark {
    /// The newest, with AWS SDK v2: what is played with when nothing else is said.
    pub const NEWEST: Self = Self("4.3.0");
    /// The line before, with AWS SDK v1 and Scala 2.12.
    pub const OLDER: Self = Self("3.5.9");

    /// Its version.
    #[must_use]
    pub fn version(self) -> &'static str {
        self.0
    }

    /// The version of Hadoop in its image.
    ///
    /// # Errors
    /// When the file that brings S3A into the image does not say it.
    pub fn hadoop(self) -> Result<String> {
        let path = format!("{HERE}/spark/versions/{}/s3a-pom.xml", self.0);
        let pom = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
        let version = pom.split_once("<hadoop.version>").and_then(|(_, rest)| rest.split_once('<'));
        version.map(|(version, _)| version.to_owned()).ok_or_else(|| format!("{path}: no hadoop.version"))
    }
}

/// The images in the cluster, each built and brought there when it is asked for the first time.
#[derive(Debug, Clone, Default)]
pub struct Images(Arc<Mutex<BTreeMap<Spark, String>>>);

impl Images {
    /// The reference of this Spark's image. Who asks while it is being built waits; the first time on a machine that takes minutes.
    ///
    /// # Errors
    /// With the step that failed; its script has said what to look at.
    pub fn get(&self, spark: Spark) -> Result<String> {
        let mut images = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = images.get(&spark) {
            return Ok(image.clone());
        }
        let image = load(&["spark/build.sh", spark.0])?;
        images.insert(spark, image.clone());
        Ok(image)
    }
}
