//! The token that clients must show, in a file of a folder that only they and we mount. codriver-init makes the driver's; an
//! executor's pod has no codriver-init.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use codriver_creds::random_token;

/// The fewest characters of one that is given.
const SHORTEST: usize = 32;
/// Readable by all users: what guards it is the folder, which other containers do not mount, and an executor may run as any
/// user.
const MODE: u32 = 0o444;

/// Puts the token into the file, whole or not at all: the one that is given, or else the one that is there, since a restarted
/// sidecar must serve who knows it, or else one made by chance. Without a line feed, which SDKs would refuse.
///
/// # Errors
/// When it cannot be written, or when the one that is given is no token.
pub fn keep(path: &Path, given: Option<&str>) -> Result<(), String> {
    let token = match given {
        Some(token) if token.len() < SHORTEST || !token.bytes().all(|b| b.is_ascii_graphic()) => {
            return Err(format!("CODRIVER_ENDPOINT_TOKEN is no token: it wants {SHORTEST} visible characters or more"));
        }
        Some(token) => Ok(token.to_owned()),
        None => match fs::read_to_string(path) {
            Ok(token) if token.len() >= SHORTEST => return Ok(()),
            _ => random_token()
                .map(|token| token.expose().to_owned())
                .ok_or_else(|| io::Error::other("the system gives no random bytes")),
        },
    };
    token.and_then(|token| write(path, &token)).map_err(|error| {
        format!(
            "the token of the endpoint cannot be written to {}: {error}; hint: a volume must be mounted there that this \
             container may write to",
            path.display()
        )
    })
}

fn write(path: &Path, token: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let _ = fs::remove_file(&new);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
    file.write_all(token.as_bytes())?;
    file.set_permissions(fs::Permissions::from_mode(MODE))?;
    fs::rename(&new, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        keep(&path, None).unwrap();
        let token = fs::read_to_string(&path).unwrap();
        assert!(token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit()), "{token}");
        keep(&path, None).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), token);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o444);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::remove_file(&path).unwrap();
        keep(&path, None).unwrap();
        assert_ne!(fs::read_to_string(&path).unwrap(), token);
    }

    #[test]
    fn one_that_is_given_wins_and_one_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "0123456789abcdef0123456789abcdef").unwrap();
        let given = "x".repeat(32);
        keep(&path, Some(&given)).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), given);
        for wrong in ["short", &format!("{given}\n"), &format!("{given} ")] {
            let said = keep(&path, Some(wrong)).unwrap_err();
            assert!(said.starts_with("CODRIVER_ENDPOINT_TOKEN") && !said.contains(wrong.trim()), "{said}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), given);
        assert!(keep(Path::new("/nowhere/token"), None).unwrap_err().contains("/nowhere/token"));
    }
}
