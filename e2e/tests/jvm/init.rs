//! A run of codriver-init, as in a pod, and what it left in the volume.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

use crate::world::World;

/// Where S3 and STS are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// AWS, as the JVM knows it without being told.
    Aws,
    /// A store of one's own, by plain http.
    Own,
}

/// The volume after a run.
pub struct Volume {
    folder: TempDir,
}

impl Volume {
    /// Runs codriver-init for this place, with more settings.
    ///
    /// # Errors
    /// With its log, when it did not end well.
    pub fn write(world: &World, place: Place, more: &[(&str, &str)]) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let store = |name: &str| world.store.join(name).to_str().unwrap().to_owned();
        fs::write(path("codriver"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(path("codriver"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut init = Command::new(&world.init);
        init.env_clear().envs(more.iter().copied());
        match place {
            Place::Aws => {
                init.env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/driver");
                init.env("AWS_REGION", "us-east-1").env("AWS_CA_BUNDLE", store("ca.pem"));
            }
            Place::Own => {
                init.env("AWS_ROLE_ARN", "arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA");
                init.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9000");
            }
        }
        init.env("AWS_WEB_IDENTITY_TOKEN_FILE", store("token")).env("CODRIVER_DIR", path("volume"));
        init.env("CODRIVER_WRAPPER_SOURCE", path("codriver"));
        for (name, value) in [
            ("CODRIVER_EXECUTOR_IMAGE", "spark:4.3.0"),
            ("CODRIVER_EXECUTOR_SERVICE_ACCOUNT", "spark-executor"),
            ("POD_IP", "10.1.2.3"),
            ("POD_NAME", "daily-0"),
            ("POD_NAMESPACE", "etl"),
            ("POD_UID", "5f3c6f6e-0c7d-4b6e-9d8a-1f2e3d4c5b6a"),
        ] {
            init.env(name, value);
        }
        let done = init.output().unwrap();
        if !done.status.success() {
            return Err(format!("codriver-init: {}\n{}", done.status, String::from_utf8_lossy(&done.stderr)));
        }
        Ok(Self { folder })
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("volume").join(name)
    }

    /// What the file `env` sets, but where this volume is.
    pub fn environment(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.path("env")).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with(['#', '-'])).filter_map(|line| line.split_once('='));
        lines.filter(|(name, _)| *name != "HADOOP_CONF_DIR").map(|(name, value)| (name.into(), value.into())).collect()
    }
}
