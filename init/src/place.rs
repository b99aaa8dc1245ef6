//! Puts files into the shared volume, whole or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;

use crate::failure::{Exit, Failure};

/// Mode of what everybody in the pod may read. There is no secret in it.
pub const READABLE: u32 = 0o444;
/// Mode of what holds secrets: for us, and for the group that `fsGroup` gives to all containers of the pod.
pub const PRIVATE: u32 = 0o440;
/// Mode of programs.
pub const EXECUTABLE: u32 = 0o555;
/// Mode of folders that only we write to.
pub const FOLDER: u32 = 0o755;
/// Mode of folders that all users in the pod share, as /tmp.
pub const SHARED: u32 = 0o1777;

/// Set on a volume by `fsGroup`: what is made in it belongs to that group.
const SET_GROUP: u32 = 0o2000;

/// Makes a folder with this mode, and those above it. One that is there already, with this mode, may be somebody else's.
/// A folder that hands its group down goes on to do so.
///
/// # Errors
/// [`Exit::Volume`], with what the system objects to.
pub fn folder(path: &Path, mode: u32) -> Result<(), Failure> {
    let made = fs::create_dir_all(path).and_then(|()| {
        let have = fs::metadata(path)?.mode() & 0o7777;
        if have & !SET_GROUP == mode {
            return Ok(());
        }
        fs::set_permissions(path, Permissions::from_mode(mode | have & SET_GROUP))
    });
    made.map_err(|error| explain(path, &error))
}

/// Reads a file, opened anew, since the kubelet replaces them. What is longer than the bound, in bytes, is an error.
///
/// # Errors
/// What the system says, [`io::ErrorKind::FileTooLarge`], or that it is a folder, a pipe or a device.
pub fn read(path: &Path, bound: u64) -> io::Result<Vec<u8>> {
    // A pipe without a writer would keep us waiting at its opening.
    let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut content = Vec::new();
    let read = file.take(bound + 1).read_to_end(&mut content)?;
    if u64::try_from(read).is_ok_and(|read| read > bound) {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {bound} bytes")));
    }
    Ok(content)
}

/// Writes a file: under a temporary name beside it, with its mode, synchronised, then renamed. A program that runs from
/// the old file goes on with the old one.
///
/// # Errors
/// [`Exit::Volume`], with what the system objects to; then the old file, if any, is as it was.
pub fn file(path: &Path, mode: u32, content: &mut impl Read) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.new"));
    write(&temporary, mode, content).and_then(|()| fs::rename(&temporary, path)).map_err(|error| {
        let _ = fs::remove_file(&temporary);
        explain(path, &error)
    })
}

fn write(path: &Path, mode: u32, content: &mut impl Read) -> io::Result<()> {
    // Left behind by a run that was killed; never followed if it is a link.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    io::copy(content, &mut file)?;
    file.flush()?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()
}

/// Can containers that run as other users read what is [`PRIVATE`]? With `fsGroup` they can: it shows on the folder.
pub fn hands_its_group_down(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|meta| meta.mode() & SET_GROUP != 0)
}

/// Says what an error of the file system means for a volume of a pod.
pub fn explain(path: &Path, error: &io::Error) -> Failure {
    let remedy = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EROFS) => {
            "mount the volume without readOnly at CODRIVER_DIR; the container's root may stay read-only".to_owned()
        }
        Some(Errno::ENOSPC | Errno::EDQUOT) => {
            "the volume is full: give the emptyDir a sizeLimit of 32Mi or more".to_owned()
        }
        Some(Errno::EACCES | Errno::EPERM) => {
            let owner = path.ancestors().find_map(|path| Some((path, fs::metadata(path).ok()?)));
            let owner = owner.map_or_else(String::new, |(path, meta)| {
                format!("{} is mode {:o} of user {}; ", path.display(), meta.mode() & 0o7777, meta.uid())
            });
            format!("{owner}use an emptyDir, or set securityContext.fsGroup")
        }
        _ => "check the volume that is mounted at CODRIVER_DIR".to_owned(),
    };
    Failure::new(Exit::Volume, format!("cannot write {}: {error}", path.display()), remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(path: &Path, text: &str) {
        file(path, READABLE, &mut text.as_bytes()).unwrap();
    }

    #[test]
    fn a_file_appears_whole_with_its_mode_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        put(&path, "A=1\n");
        put(&path, "A=2\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "A=2\n");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, READABLE);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_run_left_behind_does_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (folder.path().join("env"), folder.path().join("elsewhere"));
        put(&elsewhere, "precious");
        std::os::unix::fs::symlink(&elsewhere, folder.path().join(".env.new")).unwrap();
        put(&path, "A=1\n");
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "precious");
        assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
    }

    #[test]
    fn a_write_that_fails_leaves_the_old_file() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::from_raw_os_error(Errno::ENOSPC as i32))
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        put(&path, "A=1\n");
        let failure = file(&path, READABLE, &mut Broken).unwrap_err();
        assert_eq!(failure.exit, Exit::Volume);
        assert!(failure.faults[0].remedy.contains("full"), "{failure}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "A=1\n");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let root = tempfile::tempdir().unwrap();
        let pipe = root.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        for path in [pipe.as_path(), root.path(), Path::new("/dev/zero")] {
            assert!(read(path, 10).unwrap_err().to_string().contains("no file"), "{}", path.display());
        }
    }

    #[test]
    fn shared_folders_are_like_tmp() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("run");
        folder(&path, SHARED).unwrap();
        folder(&path, SHARED).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, SHARED);
    }
}
