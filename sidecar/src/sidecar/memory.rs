//! What a restarted sidecar must know, in a file of the shared volume that is replaced by rename.
//!
//! Where there is no such file, or none that can be read, the folders that wrappers make for their attempts tell of the newest one:
//! a sidecar that was killed before it heard of a driver would otherwise not know its application id.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    protocol::Attempt,
    run::attempt::{application_id, newest},
    sidecar::machine::Memory,
};

/// The file.
#[derive(Debug)]
pub struct Notebook {
    path: PathBuf,
    volume: PathBuf,
    pod_uid: String,
}

impl Notebook {
    /// In the volume's folder `run`.
    #[must_use]
    pub fn new(volume: &Path, pod_uid: &str) -> Self {
        Self { path: volume.join("run/sidecar.json"), volume: volume.to_owned(), pod_uid: pod_uid.to_owned() }
    }

    /// What was written last; at the first start nothing. A file that is torn, or of another pod (a volume that outlives pods), is
    /// as good as none, and said.
    #[must_use]
    pub fn read(&self) -> Memory {
        let read = fs::read(&self.path).and_then(|text| serde_json::from_slice(&text).map_err(io::Error::other));
        match read.and_then(|memory| self.check(memory)) {
            Ok(memory) => memory,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(path = %self.path.display(), %error, "forgot what was before; going on without it");
                }
                self.recall()
            }
        }
    }

    fn check(&self, memory: Memory) -> io::Result<Memory> {
        let attempts = memory.current.iter().chain(memory.ended.iter().map(|ended| &ended.attempt));
        let ours = application_id(&self.pod_uid, 0);
        match attempts.map(|attempt| &attempt.application_id).find(|id| !id.starts_with(&ours)) {
            Some(other) => Err(io::Error::other(format!("it is another pod's: {other} is not of {ours}"))),
            None => Ok(memory),
        }
    }

    /// The newest attempt that a wrapper began, as if it had been heard of.
    fn recall(&self) -> Memory {
        let current: Option<Attempt> = newest(&self.volume, &self.pod_uid);
        Memory { met: current.is_some(), current, ..Memory::default() }
    }

    /// Writes it whole or not at all. A full volume costs the memory, not the supervision.
    pub fn write(&self, memory: &Memory) {
        let fresh = self.path.with_extension("json.new");
        let text = serde_json::to_vec(memory).unwrap_or_default();
        if let Err(error) = fs::write(&fresh, text).and_then(|()| fs::rename(&fresh, &self.path)) {
            tracing::warn!(path = %self.path.display(), %error, "cannot note what goes on; a restart of the sidecar would not know");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::attempt::{merge_conf, next};

    const UID: &str = "5f3c-6f6e";

    fn volume() -> tempfile::TempDir {
        let volume = tempfile::tempdir().unwrap();
        for folder in ["run", "attempts"] {
            fs::create_dir(volume.path().join(folder)).unwrap();
        }
        volume
    }

    fn attempt(number: u32, application_id: &str) -> Attempt {
        Attempt { number, application_id: application_id.into(), since: 5 }
    }

    #[test]
    fn it_reads_back_what_it_wrote() {
        let volume = volume();
        let notebook = Notebook::new(volume.path(), UID);
        assert_eq!(notebook.read(), Memory::default());
        let memory = Memory { current: Some(attempt(2, "spark-5f3c6f6e-2")), served: Some(2), ..Memory::default() };
        notebook.write(&memory);
        assert_eq!(notebook.read(), memory);
        assert_eq!(fs::read_dir(volume.path().join("run")).unwrap().count(), 1);
    }

    #[test]
    fn an_older_codrivers_notes_are_read() {
        let volume = volume();
        let old = r#"{"current":{"number":1,"application_id":"spark-5f3c6f6e-1","since":5},"ended":[],"met":true}"#;
        fs::write(volume.path().join("run/sidecar.json"), old).unwrap();
        let current = Some(attempt(1, "spark-5f3c6f6e-1"));
        assert_eq!(Notebook::new(volume.path(), UID).read(), Memory { current, met: true, ..Memory::default() });
    }

    #[test]
    fn a_torn_file_and_another_pods_are_as_good_as_none() {
        for text in
            ["{", "", r#"{"current":{"number":1,"application_id":"spark-0000-1","since":5},"ended":[],"met":true}"#]
        {
            let volume = volume();
            fs::write(volume.path().join("run/sidecar.json"), text).unwrap();
            assert_eq!(Notebook::new(volume.path(), UID).read(), Memory::default(), "{text}");
        }
    }

    #[test]
    fn without_notes_the_newest_attempt_is_known_by_its_folder() {
        let volume = volume();
        let notebook = Notebook::new(volume.path(), UID);
        let _ = next(volume.path(), UID).unwrap();
        let (second, folder) = next(volume.path(), UID).unwrap();
        assert_eq!(notebook.read(), Memory::default(), "it was killed before there was anything to clean up after");
        merge_conf(volume.path(), None, &folder, &second, &[]).unwrap();
        assert_eq!(Notebook::new(volume.path(), "another").read(), Memory::default());
        let recalled = notebook.read();
        let current = recalled.current.unwrap();
        assert_eq!((current.number, current.application_id.as_str(), recalled.met), (2, "spark-5f3c6f6e-2", true));
        assert!(current.since.abs_diff(second.since) <= 1);
    }
}
