//! One stream's copy: from a pipe to a descriptor that may be slow, full, non-blocking or gone.

use std::{
    fs::File,
    io::{self, PipeReader, Read, Write},
    os::fd::{AsFd, OwnedFd},
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::{Errno, ioctl_fionread},
    pipe::PIPE_BUF,
};

/// At once; a pipe holds as much.
const CHUNK: usize = 64 * 1024;
/// Of the thread.
pub const STACK: usize = 64 * 1024;

/// What the copying thread does.
pub struct Copy<F> {
    from: Arc<PipeReader>,
    to: File,
    moved: Arc<AtomicU64>,
    busy: Arc<AtomicBool>,
    heard: F,
}

/// Whether it has something to do; for others to look at.
#[derive(Debug)]
pub struct State {
    from: Weak<PipeReader>,
    busy: Arc<AtomicBool>,
}

impl State {
    /// Nothing is in the pipe and nothing in the thread's hands. First the pipe: what leaves it is in its hands already.
    pub fn is_idle(&self) -> bool {
        let is_empty = |from: Arc<PipeReader>| ioctl_fionread(&from).is_ok_and(|bytes| bytes == 0);
        self.from.upgrade().is_none_or(is_empty) && !self.busy.load(Ordering::SeqCst)
    }
}

impl<F: FnMut(&[u8])> Copy<F> {
    /// Counts what was `moved`, and lets the bytes be `heard` before that.
    pub fn new(from: PipeReader, to: OwnedFd, moved: Arc<AtomicU64>, heard: F) -> (Self, State) {
        let (from, busy) = (Arc::new(from), Arc::default());
        let state = State { from: Arc::downgrade(&from), busy: Arc::clone(&busy) };
        (Self { from, to: to.into(), moved, busy, heard }, state)
    }

    /// Until nobody writes any more, or nobody reads. In the second case the driver gets what it would have got without us,
    /// though a write later: SIGPIPE, or EPIPE where it ignores that, as Java and Python do.
    pub fn run(mut self) {
        let mut chunk = vec![0; CHUNK];
        while wait_for(&self.from, PollFlags::IN) {
            self.busy.store(true, Ordering::SeqCst);
            match (&*self.from).read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => {
                    (self.heard)(&chunk[..read]);
                    if !self.pass_on(&chunk[..read]) {
                        break;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
            self.busy.store(false, Ordering::SeqCst);
        }
        self.busy.store(false, Ordering::SeqCst);
    }

    /// False when the reader is gone. What cannot be written for another reason (a full disk) is dropped, and the next is tried.
    fn pass_on(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let piece = &bytes[..piece(bytes)];
            let passed = match self.to.write(piece) {
                Ok(written) => {
                    self.moved.fetch_add(written as u64, Ordering::Relaxed);
                    written
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::BrokenPipe => return false,
                    io::ErrorKind::Interrupted => 0,
                    // Somebody has made our own stderr non-blocking.
                    io::ErrorKind::WouldBlock if wait_for(&self.to, PollFlags::OUT) => 0,
                    _ => piece.len(),
                },
            };
            bytes = &bytes[passed..];
        }
        true
    }
}

/// How much of it is written at once: what a pipe takes whole (pipe(7)), and whole lines of that, so that a line of somebody
/// else's (the log's) does not come in the midst of one.
fn piece(bytes: &[u8]) -> usize {
    let most = &bytes[..bytes.len().min(PIPE_BUF)];
    most.iter().rposition(|byte| *byte == b'\n').map_or(most.len(), |at| at + 1)
}

fn wait_for(file: impl AsFd, what: PollFlags) -> bool {
    loop {
        match poll(&mut [PollFd::new(&file, what)], None) {
            Err(Errno::INTR) => {}
            result => return result.is_ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use nix::fcntl::{FcntlArg, OFlag, fcntl};

    use super::*;

    /// A copy between two pipes, under way: where to write, where to read, and how it is.
    fn under_way() -> (io::PipeWriter, io::PipeReader, State) {
        let ((from, writer), (reader, to)) = (io::pipe().unwrap(), io::pipe().unwrap());
        // As it may be inherited.
        fcntl(&to, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let (copy, state) = Copy::new(from, to.into(), Arc::default(), |_: &[u8]| {});
        thread::spawn(move || copy.run());
        (writer, reader, state)
    }

    fn until_idle(state: &State) {
        while !state.is_idle() {
            thread::yield_now();
        }
    }

    #[test]
    fn every_byte_is_heard_and_copied_however_slowly_it_is_read() {
        let text: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
        let ((from, mut writer), (mut reader, to)) = (io::pipe().unwrap(), io::pipe().unwrap());
        fcntl(&to, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
        let (hear, heard) = mpsc::channel();
        let moved = Arc::new(AtomicU64::new(0));
        let (copy, _) =
            Copy::new(from, to.into(), Arc::clone(&moved), move |bytes: &[u8]| hear.send(bytes.to_vec()).unwrap());
        let (written, copying) = (text.clone(), thread::spawn(move || copy.run()));
        let writing = thread::spawn(move || writer.write_all(&written));
        let mut copied = Vec::new();
        while reader.by_ref().take(1000).read_to_end(&mut copied).unwrap() > 0 {}
        writing.join().unwrap().unwrap();
        copying.join().unwrap();
        assert!(copied == text && heard.iter().flatten().eq(text));
        assert_eq!(moved.load(Ordering::Relaxed), 1_000_000);
    }

    #[test]
    fn it_is_idle_once_nothing_is_left_to_copy_though_somebody_holds_the_pipe() {
        let (mut writer, mut reader, state) = under_way();
        until_idle(&state);
        // More than the pipe behind it takes.
        let text = vec![b'x'; CHUNK + PIPE_BUF];
        writer.write_all(&text[..CHUNK]).unwrap();
        writer.write_all(&text[CHUNK..]).unwrap();
        assert!(!state.is_idle());
        reader.read_exact(&mut vec![0; text.len()]).unwrap();
        until_idle(&state);
        drop(writer);
    }

    #[test]
    fn a_writer_whose_reader_is_gone_gets_what_it_would_have_got() {
        let (mut writer, reader, state) = under_way();
        drop(reader);
        let refused = loop {
            if let Err(error) = writer.write(b"line\n") {
                break error;
            }
        };
        assert_eq!(refused.kind(), io::ErrorKind::BrokenPipe);
        until_idle(&state);
    }

    #[test]
    fn a_full_disk_stops_nobody() {
        let (from, mut writer) = io::pipe().unwrap();
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (copy, state) = Copy::new(from, full.into(), Arc::default(), |_: &[u8]| {});
        thread::spawn(move || copy.run());
        writer.write_all(&[b'x'; 3 * CHUNK]).unwrap();
        until_idle(&state);
    }

    #[test]
    fn whole_lines_are_written_at_once_if_they_fit() {
        for (bytes, expected) in [
            ("a\nb\nc".to_owned(), 4),
            ("abc".into(), 3),
            (format!("a\n{}\n", "x".repeat(PIPE_BUF)), 2),
            ("x".repeat(PIPE_BUF + 1), PIPE_BUF),
        ] {
            assert_eq!(piece(bytes.as_bytes()), expected);
        }
    }
}
