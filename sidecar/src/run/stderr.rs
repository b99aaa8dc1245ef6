//! The driver's stderr on its way through the wrapper, when it is asked to read along: copied byte for byte, and its last words kept.
//!
//! A thread of its own does it, since writing to our stderr may block (the container runtime's pipe is full) and signals must be
//! heard all the same. Back-pressure reaches the driver as without us. Nobody waits for a reader that is gone: what it would have
//! read is dropped, and the driver goes on.

use std::{
    fs,
    io::{self, PipeReader, Read, Write},
    os::fd::AsRawFd,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use nix::unistd::Pid;
use tokio::{sync::oneshot, time::timeout};

use crate::run::last_words::LastWords;

/// After the driver's end, for what is still in the pipe. Somebody that it left may hold the other end open.
const DRAIN: Duration = Duration::from_millis(300);
/// At once; a pipe holds as much.
const CHUNK: usize = 64 * 1024;

/// The copying.
#[derive(Debug)]
pub struct Stderr {
    /// The pipe's name under /proc.
    pipe: Option<PathBuf>,
    words: Arc<Mutex<LastWords>>,
    ended: Option<oneshot::Receiver<()>>,
}

impl Stderr {
    /// Copies from the pipe until its end.
    ///
    /// # Errors
    /// When there can be no thread.
    pub fn copy(from: PipeReader) -> io::Result<Self> {
        let pipe = fs::read_link(format!("/proc/self/fd/{}", from.as_raw_fd())).ok();
        let words = Arc::new(Mutex::new(LastWords::default()));
        let (end, ended) = oneshot::channel();
        let kept = Arc::clone(&words);
        thread::Builder::new().name("stderr".into()).stack_size(2 * CHUNK).spawn(move || {
            copy(from, io::stderr(), &kept);
            let _ = end.send(());
        })?;
        Ok(Self { pipe, words, ended: Some(ended) })
    }

    /// Whether the process's stderr is what is read here: a script may have sent it elsewhere.
    #[must_use]
    pub fn is_that_of(&self, pid: Pid) -> bool {
        let its_stderr = fs::read_link(format!("/proc/{pid}/fd/2")).ok();
        its_stderr.is_some() && its_stderr == self.pipe
    }

    /// What was read so far.
    #[must_use]
    pub fn read(&self) -> LastWords {
        self.words.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for the pipe's end, at most [`DRAIN`], and says what was read.
    pub async fn finish(&mut self) -> LastWords {
        if let Some(ended) = self.ended.take() {
            let _ = timeout(DRAIN, ended).await;
        }
        self.read()
    }
}

fn copy(mut from: impl Read, mut to: impl Write, words: &Mutex<LastWords>) {
    let mut chunk = vec![0; CHUNK];
    let mut reader_is_there = true;
    loop {
        let read = match from.read(&mut chunk) {
            Ok(0) => return,
            Ok(read) => &chunk[..read],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        words.lock().unwrap_or_else(PoisonError::into_inner).feed(read);
        reader_is_there = reader_is_there && to.write_all(read).is_ok();
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_byte_is_copied_and_the_words_are_kept() {
        let mut text: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
        text.extend(b"\nTraceback (most recent call last):\nKeyError: 'x'\n");
        let (mut copied, words) = (Vec::new(), Mutex::default());
        copy(&text[..], &mut copied, &words);
        assert!(copied == text);
        assert_eq!(words.lock().unwrap().words().as_deref(), Some("KeyError: 'x'"));
    }

    #[test]
    fn a_reader_that_is_gone_stops_nobody() {
        let text = [vec![b'a'; 3 * CHUNK], b"\nException in thread \"main\" x.Y\n".to_vec()].concat();
        let words = Mutex::default();
        copy(&text[..], Gone, &words);
        assert_eq!(words.lock().unwrap().earned(), 1);
    }

    #[test]
    fn a_process_whose_stderr_is_elsewhere_is_not_read_here() {
        let (reader, writer) = io::pipe().unwrap();
        let mut ours = Command::new("sleep").arg("3600").stderr(writer).spawn().unwrap();
        let mut others = Command::new("sleep").arg("3600").stderr(Stdio::null()).spawn().unwrap();
        let stderr = Stderr::copy(reader).unwrap();
        let read = [&ours, &others].map(|child| stderr.is_that_of(Pid::from_raw(child.id().cast_signed())));
        for child in [&mut ours, &mut others] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert_eq!(read, [true, false]);
        assert!(!stderr.is_that_of(Pid::from_raw(i32::MAX)));
    }
}
