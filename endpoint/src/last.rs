//! The last good credentials, in a file beside the token: a sidecar that is started again serves them at once, while STS is
//! asked. Who can read the file has the token as well, and so could ask for them.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use codriver_creds::Credentials;
use zeroize::Zeroizing;

use crate::page;

/// More than any answer of ours.
const LONGEST: u64 = 64 * 1024;

/// The file.
#[derive(Debug, Clone)]
pub struct Last {
    path: PathBuf,
}

impl Last {
    /// Beside this token.
    #[must_use]
    pub fn beside(token: &Path) -> Self {
        Self { path: token.with_file_name("last.json") }
    }

    /// What is there; none when it is not, or is not whole.
    #[must_use]
    pub fn read(&self) -> Option<Credentials> {
        let is_small = fs::metadata(&self.path).is_ok_and(|file| file.len() <= LONGEST);
        is_small.then(|| fs::read(&self.path).ok()).flatten().map(Zeroizing::new).and_then(|text| page::parse(&text))
    }

    /// Keeps the answer, whole or not at all.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn keep(&self, answer: &[u8]) -> io::Result<()> {
        let new = self.path.with_extension("new");
        let _ = fs::remove_file(&new);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        file.write_all(answer)?;
        fs::rename(&new, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt as _, time::UNIX_EPOCH};

    use codriver_creds::Secret;

    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_nobody_else_may() {
        let folder = tempfile::tempdir().unwrap();
        let last = Last::beside(&folder.path().join("token"));
        assert_eq!(last.read(), None);
        for key in ["first", "second"] {
            let secret = |text: &str| Secret::new(text.to_owned());
            let given = Credentials {
                access_key_id: secret(key),
                secret_access_key: secret("key"),
                session_token: Some(secret("token")),
                expires: Some(UNIX_EPOCH),
            };
            last.keep(&page::credentials(&given, UNIX_EPOCH)).unwrap();
            assert_eq!(last.read(), Some(given));
        }
        let files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap()).collect();
        assert_eq!(files.len(), 1, "{files:?}");
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_is_not_whole_is_as_good_as_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let last = Last::beside(&folder.path().join("token"));
        for text in ["", "{\"AccessKeyId\":\"ASIA\"", "x"] {
            fs::write(&last.path, text).unwrap();
            assert_eq!(last.read(), None, "{text}");
        }
        fs::write(&last.path, vec![b' '; 70_000]).unwrap();
        assert_eq!(last.read(), None);
        assert!(Last::beside(Path::new("/nowhere/token")).keep(b"{}").is_err());
    }
}
