//! The driver's output on its way through the wrapper, when it is asked to read along: copied byte for byte, and its last words kept.
//!
//! A thread for each stream does it, since writing to our own may block (the container runtime's pipe is full) and signals must
//! be heard all the same. Back-pressure reaches the driver as without us, and so does a reader that goes away.
//!
//! Standard output is read too: what the python of `spark-submit app.py` says on stderr comes out there (Spark:
//! `PythonRunner`).

mod copy;
mod settle;

use std::{
    fs,
    io::{self, PipeReader},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use nix::unistd::Pid;

use self::copy::Copy;
use super::last_words::{LastWords, Stream};

/// The read ends of the pipes that are the driver's streams.
#[derive(Debug, Default)]
pub struct Pipes {
    /// Where it is to be read.
    pub stdout: Option<PipeReader>,
    /// Where it is to be read.
    pub stderr: Option<PipeReader>,
}

/// The copying.
#[derive(Debug, Default)]
pub struct Output {
    /// The name of stderr's pipe under /proc.
    stderr: Option<PathBuf>,
    words: Arc<Mutex<LastWords>>,
    /// Bytes that were written.
    moved: Arc<AtomicU64>,
    under_way: Vec<copy::State>,
}

impl Output {
    /// Copies from each pipe until its end.
    ///
    /// # Errors
    /// When there can be no thread, or no descriptor; the driver's output is lost then.
    pub fn copy(from: Pipes) -> io::Result<Self> {
        let mut output = Self::default();
        if let Some(pipe) = from.stderr {
            output.stderr = fs::read_link(format!("/proc/self/fd/{}", pipe.as_raw_fd())).ok();
            output.begin(Stream::Stderr, pipe, io::stderr().as_fd().try_clone_to_owned()?)?;
        }
        if let Some(pipe) = from.stdout {
            output.begin(Stream::Stdout, pipe, io::stdout().as_fd().try_clone_to_owned()?)?;
        }
        Ok(output)
    }

    /// `to` is a descriptor of its own: nobody else waits for a lock while a write to it blocks.
    fn begin(&mut self, stream: Stream, from: PipeReader, to: OwnedFd) -> io::Result<()> {
        let words = Arc::clone(&self.words);
        let heard = move |bytes: &[u8]| words.lock().unwrap_or_else(PoisonError::into_inner).feed(stream, bytes);
        let (copy, state) = Copy::new(from, to, Arc::clone(&self.moved), heard);
        thread::Builder::new().name(stream.to_string()).stack_size(copy::STACK).spawn(move || copy.run())?;
        self.under_way.push(state);
        Ok(())
    }

    /// Whether the process's stderr is what is read here: a script may have sent it elsewhere.
    #[must_use]
    pub fn is_stderr_of(&self, pid: Pid) -> bool {
        let its_stderr = fs::read_link(format!("/proc/{pid}/fd/2")).ok();
        its_stderr.is_some() && its_stderr == self.stderr
    }

    /// What was read so far.
    #[must_use]
    pub fn words(&self) -> LastWords {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits, after the driver's end, until all that it wrote is copied; not for those it left, who may hold the pipes open. For
    /// as long as bytes move (between two that do, at most [`settle::STALL`]), and at most `longest`. False when not all is.
    pub async fn settle(&self, longest: Duration) -> bool {
        let idle = || self.under_way.iter().all(copy::State::is_idle);
        settle::settle(idle, || self.moved.load(Ordering::Relaxed), longest).await
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_process_whose_stderr_is_elsewhere_is_not_read_here() {
        let (reader, writer) = io::pipe().unwrap();
        let mut ours = Command::new("sleep").arg("3600").stderr(writer).spawn().unwrap();
        let mut others = Command::new("sleep").arg("3600").stderr(Stdio::null()).spawn().unwrap();
        let output = Output::copy(Pipes { stdout: None, stderr: Some(reader) }).unwrap();
        let read = [&ours, &others].map(|child| output.is_stderr_of(Pid::from_raw(child.id().cast_signed())));
        for child in [&mut ours, &mut others] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert_eq!(read, [true, false]);
        assert!(!output.is_stderr_of(Pid::from_raw(i32::MAX)));
    }
}
