//! Asks a HotSpot JVM for a thread dump, as `jstack` does: JDK 8 to 25 (OpenJDK: `attachListener_posix.cpp`).
//!
//! The JVM listens on `/tmp/.java_pidN`. It begins to when it gets SIGQUIT and finds `/tmp/.attach_pidN` of its own user;
//! without that file the signal makes it print a thread dump, and nothing worse.

use std::{
    fs::{self, OpenOptions},
    io,
    path::PathBuf,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    time::{sleep, timeout},
};

use super::threads::Threads;

/// For all of it: a JVM that is short of memory may not answer at all.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks whether it listens.
const PAUSE: Duration = Duration::from_millis(50);
/// Bytes of a dump that are read; a thread needs some 2 KB.
const LONGEST: u64 = 16 * 1024 * 1024;
/// The protocol's version, the command, and its three arguments.
const REQUEST: &[u8] = b"1\0threaddump\0\0\0\0";

/// Its threads. Takes at most [`PATIENCE`], and leaves nothing behind.
///
/// # Errors
/// When it is no such JVM, is another user's, has no `/tmp` to write to, or is not to be asked (`-XX:+DisableAttachMechanism`).
pub async fn threads(pid: Pid) -> io::Result<Threads> {
    timeout(PATIENCE, dump(pid)).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}

async fn dump(pid: Pid) -> io::Result<Threads> {
    let mut stream = connect(pid).await?;
    stream.write_all(REQUEST).await?;
    let mut answer = BufReader::new(stream.take(LONGEST));
    let (mut threads, mut line) = (Threads::default(), Vec::new());
    while answer.read_until(b'\n', &mut line).await? > 0 {
        threads.hear(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    Ok(threads)
}

async fn connect(pid: Pid) -> io::Result<UnixStream> {
    let socket = format!("/tmp/.java_pid{pid}");
    // Somebody may have asked it before.
    if let Ok(stream) = UnixStream::connect(&socket).await {
        return Ok(stream);
    }
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    if !catches_quit(&status) {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "SIGQUIT would kill it (-Xrs, or no JVM)"));
    }
    let _wish = Wish::make(pid)?;
    kill(pid, Signal::SIGQUIT)?;
    loop {
        sleep(PAUSE).await;
        if let Ok(stream) = UnixStream::connect(&socket).await {
            return Ok(stream);
        }
    }
}

/// The file that makes the JVM listen; removed when this is dropped.
struct Wish(PathBuf);

impl Wish {
    fn make(pid: Pid) -> io::Result<Self> {
        let path = PathBuf::from(format!("/tmp/.attach_pid{pid}"));
        let made = OpenOptions::new().write(true).create_new(true).open(&path).map_err(|error| {
            let words = format!("cannot make {}: {error}; hint: mount an emptyDir at /tmp", path.display());
            io::Error::new(error.kind(), words)
        });
        made.map(|_| Self(path))
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        // The JVM may have removed it already.
        let _ = fs::remove_file(&self.0);
    }
}

/// Of /proc/PID/status: whether the process has a handler for SIGQUIT (proc_pid_status(5)).
fn catches_quit(status: &str) -> bool {
    let caught = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
    caught.is_some_and(|caught| caught & (1 << (Signal::SIGQUIT as i32 - 1)) != 0)
}

#[cfg(test)]
mod tests {
    use std::process;

    use super::*;

    #[test]
    fn only_a_process_that_catches_the_signal_is_asked() {
        for (status, catches) in [
            ("Name:\tjava\nSigIgn:\t0000000000000000\nSigCgt:\t2000000181005ccf\n", true),
            ("SigCgt:\t0000000000000004\n", true),
            ("SigCgt:\t000000018100040b\n", false),
            ("SigIgn:\t0000000000000004\nSigCgt:\t0000000000000000\n", false),
            ("SigCgt:\tnonsense\n", false),
            ("", false),
        ] {
            assert_eq!(catches_quit(status), catches, "{status}");
        }
    }

    #[tokio::test]
    async fn what_is_no_jvm_is_left_alone() {
        let mut child = process::Command::new("sleep").arg("3600").spawn().unwrap();
        let refused = threads(Pid::from_raw(child.id().cast_signed())).await.unwrap_err();
        let alive = child.try_wait().unwrap().is_none();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(alive);
        assert_eq!(refused.kind(), io::ErrorKind::Unsupported);
    }
}
