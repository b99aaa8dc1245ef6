//! What the sidecar has told of the last end: in its termination message, and once more in the message of a container that was
//! started again. Each begins with an empty one, and few look into the `lastState` of the one before.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::Value;

use crate::{
    run::attempt::application_id,
    termination_log::{LONGEST, put, text},
};

/// The kubelet's file, and a copy in the shared volume.
#[derive(Debug)]
pub struct Told {
    termination_log: PathBuf,
    copy: PathBuf,
    /// What all application ids of this pod begin with.
    ours: String,
}

impl Told {
    /// The copy is in the volume's folder `run`.
    #[must_use]
    pub fn new(termination_log: PathBuf, volume: &Path, pod_uid: &str) -> Self {
        Self { termination_log, copy: volume.join("run/told.json"), ours: application_id(pod_uid, 0) }
    }

    /// Tells of an end. A copy that cannot be written costs the message after a restart, and nothing else.
    pub fn tell(&self, report: &impl Serialize) {
        let report = text(report);
        put(&self.termination_log, &report);
        let fresh = self.copy.with_extension("json.new");
        if let Err(error) = fs::write(&fresh, &report).and_then(|()| fs::rename(&fresh, &self.copy)) {
            tracing::debug!(path = %self.copy.display(), %error, "cannot keep what was told");
        }
    }

    /// Tells again what a container before this one has told of this pod.
    pub fn tell_again(&self) {
        if let Ok(report) = self.read() {
            put(&self.termination_log, &report);
        }
    }

    fn read(&self) -> io::Result<String> {
        let mut report = String::new();
        // The driver can write there as well.
        File::open(&self.copy)?.take(LONGEST as u64).read_to_string(&mut report)?;
        let of =
            serde_json::from_str::<Value>(&report)?["application_id"].as_str().map(|id| id.starts_with(&self.ours));
        if of == Some(true) { Ok(report) } else { Err(io::Error::other("it is another pod's")) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A volume, and the kubelet's new and empty file.
    fn started(folder: &Path, pod_uid: &str) -> (Told, PathBuf) {
        let message = folder.join("message");
        fs::create_dir_all(folder.join("run")).unwrap();
        fs::write(&message, "").unwrap();
        (Told::new(message.clone(), folder, pod_uid), message)
    }

    #[test]
    fn a_container_that_is_started_again_says_what_the_one_before_has_told() {
        let folder = tempfile::tempdir().unwrap();
        let report = json!({"verdict": "exited with code 3", "application_id": "spark-5f3c-1"});
        started(folder.path(), "5f3c").0.tell(&report);
        let (again, message) = started(folder.path(), "5f3c");
        again.tell_again();
        assert_eq!(fs::read_to_string(message).unwrap(), report.to_string());
    }

    #[test]
    fn what_is_not_of_this_pod_or_not_whole_is_not_told_again() {
        let other = json!({"verdict": "exited with code 3", "application_id": "spark-other-1"}).to_string();
        let long = json!({"application_id": "spark-5f3c-1", "verdict": "x".repeat(LONGEST)}).to_string();
        for copy in ["", "{", "[]", "{}", &other, &long] {
            let folder = tempfile::tempdir().unwrap();
            let (told, message) = started(folder.path(), "5f3c");
            fs::write(folder.path().join("run/told.json"), copy).unwrap();
            told.tell_again();
            assert_eq!(fs::read_to_string(message).unwrap(), "", "{copy}");
        }
    }
}
