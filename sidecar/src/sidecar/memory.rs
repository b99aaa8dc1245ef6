//! What a restarted sidecar must know, in a file of the shared volume that is replaced by rename.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::sidecar::machine::Memory;

/// The file.
#[derive(Debug)]
pub struct Notebook {
    path: PathBuf,
}

impl Notebook {
    /// In the volume's folder `run`.
    #[must_use]
    pub fn new(volume: &Path) -> Self {
        Self { path: volume.join("run/sidecar.json") }
    }

    /// What was written last; nothing at the first start. An unreadable file is as good as none, and said.
    #[must_use]
    pub fn read(&self) -> Memory {
        let read = fs::read(&self.path).and_then(|text| serde_json::from_slice(&text).map_err(io::Error::other));
        read.unwrap_or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                tracing::warn!(path = %self.path.display(), %error, "forgot what was before; going on without it");
            }
            Memory::default()
        })
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
    use crate::protocol::Attempt;

    #[test]
    fn it_reads_back_what_it_wrote() {
        let volume = tempfile::tempdir().unwrap();
        fs::create_dir(volume.path().join("run")).unwrap();
        let notebook = Notebook::new(volume.path());
        assert_eq!(notebook.read(), Memory::default());
        let attempt = Attempt { number: 2, application_id: "spark-x-2".into(), since: 5 };
        let memory = Memory { current: Some(attempt), ..Memory::default() };
        notebook.write(&memory);
        assert_eq!(notebook.read(), memory);
        assert_eq!(fs::read_dir(volume.path().join("run")).unwrap().count(), 1);
    }

    #[test]
    fn rubbish_is_as_good_as_nothing() {
        let volume = tempfile::tempdir().unwrap();
        fs::create_dir(volume.path().join("run")).unwrap();
        fs::write(volume.path().join("run/sidecar.json"), "{").unwrap();
        assert_eq!(Notebook::new(volume.path()).read(), Memory::default());
    }
}
