//! Installs the program `codriver` in the shared volume, and makes sure that it can be started from there.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::statvfs::{FsFlags, statvfs};

use crate::failure::{Exit, Failure};
use crate::place;

/// Where the program lies in the volume.
const PROGRAM: &str = "bin/codriver";
/// How long `codriver --version` may take; it takes a millisecond.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Looks at the volume without writing to it.
///
/// # Errors
/// [`Exit::Volume`] when it is mounted read-only or `noexec`.
pub fn inspect(dir: &Path) -> Result<(), Failure> {
    let existing = dir.ancestors().find(|path| path.exists()).unwrap_or(dir);
    let flags = statvfs(existing).map_err(|error| place::explain(dir, &error.into()))?.flags();
    if flags.contains(FsFlags::ST_RDONLY) {
        return Err(place::explain(dir, &nix::errno::Errno::EROFS.into()));
    }
    if flags.contains(FsFlags::ST_NOEXEC) {
        return Err(noexec(dir));
    }
    Ok(())
}

/// Looks for the program to install, before anything is written.
///
/// # Errors
/// [`Exit::Configuration`] when it is not there, or no file.
pub fn look_for(source: Option<&Path>) -> Result<(), Failure> {
    let source = match source {
        Some(source) => source.to_owned(),
        None => beside_us()?,
    };
    let found = fs::metadata(&source)
        .and_then(|meta| if meta.is_file() { Ok(()) } else { Err(std::io::Error::other("it is no file")) });
    found.map_err(|error| unreadable(&source, &error))
}

/// Copies the program and starts it once with `--version`. Takes up to 10 s if the program hangs.
///
/// # Errors
/// [`Exit::Volume`] when it cannot be written or started; [`Exit::Configuration`] when there is nothing to copy.
pub fn install(source: Option<&Path>, dir: &Path) -> Result<(), Failure> {
    let source = match source {
        Some(source) => source.to_owned(),
        None => beside_us()?,
    };
    let mut content = File::open(&source).map_err(|error| unreadable(&source, &error))?;
    let target = dir.join(PROGRAM);
    place::file(&target, place::EXECUTABLE, &mut content)?;
    match start(&target) {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::new(
            Exit::Volume,
            format!("{} was installed, but `--version` ended with {status}", target.display()),
            "check that the image is for this machine's architecture",
        )),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Err(noexec(dir)),
        Err(error) => Err(Failure::new(
            Exit::Volume,
            format!("{} was installed, but cannot be started: {error}", target.display()),
            "check that the image is for this machine's architecture",
        )),
    }
}

fn unreadable(source: &Path, error: &std::io::Error) -> Failure {
    Failure::new(
        Exit::Configuration,
        format!("the program {} cannot be read: {error}", source.display()),
        "use codriver's own image, or set CODRIVER_WRAPPER_SOURCE",
    )
}

fn beside_us() -> Result<PathBuf, Failure> {
    let ourselves = std::env::current_exe().and_then(fs::canonicalize);
    let ourselves = ourselves.map_err(|error| Failure::bug(format!("our own program cannot be found: {error}")))?;
    Ok(ourselves.with_file_name("codriver"))
}

fn noexec(dir: &Path) -> Failure {
    Failure::new(
        Exit::Volume,
        format!("programs cannot be started from {}: the volume is mounted noexec", dir.display()),
        "use an emptyDir (medium: Memory) without the mount option noexec; the driver starts bin/codriver from it",
    )
}

/// Runs `--version` to its end, or kills it.
fn start(program: &Path) -> std::io::Result<ExitStatus> {
    let mut command = Command::new(program);
    command.arg("--version").env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let deadline = Instant::now() + START_TIMEOUT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if Instant::now() >= deadline {
            child.kill()?;
            return child.wait();
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}
