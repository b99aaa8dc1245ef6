//! Lines to a descriptor that may be a full pipe which nobody reads: a line waits a moment for room, and then it is dropped.
//!
//! A log that blocks would keep the driver's end from the sidecar, and its exit code from the kubelet. O_NONBLOCK is no way out:
//! it belongs to the open file, and so would be the driver's as well.

use std::{
    io::{self, Write},
    os::fd::AsFd,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FileType, fstat},
    io::{Errno, IoSlice, ReadWriteFlags, pwritev2, write},
    pipe::PIPE_BUF,
};

/// For room, once: while there still is none, the lines that follow are dropped at once.
pub const PATIENCE: Duration = Duration::from_millis(500);
/// pwritev2(2): wherever the file is at.
const HERE: u64 = u64::MAX;

/// Writes each line that it is given whole, or says later that it did not.
#[derive(Debug)]
pub struct Bounded<F> {
    to: F,
    patience: Duration,
    /// A write that would block can be asked not to: of pipes since Linux 6.4, of sockets for longer.
    asks: bool,
    /// Lines, since the last that was written.
    dropped: u64,
    /// The last of them was written in part.
    cut: bool,
}

impl<F: AsFd> Bounded<F> {
    /// Lines to this file, which stays as it is.
    pub fn new(to: F) -> Self {
        let kind = fstat(&to).map(|stat| FileType::from_raw_mode(stat.st_mode));
        let asks = matches!(kind, Ok(FileType::Fifo | FileType::Socket));
        Self { to, patience: PATIENCE, asks, dropped: 0, cut: false }
    }

    fn say(&mut self, line: &[u8]) {
        let patience = if self.dropped == 0 { self.patience } else { Duration::ZERO };
        let written = match self.excuse() {
            None => self.write_within(patience, line),
            Some(excuse) => self.write_within(patience, &[excuse.as_bytes(), line].concat()),
        };
        match written {
            Ok(()) => (self.dropped, self.cut) = (0, false),
            Err(written) => {
                self.dropped += 1;
                self.cut |= written > 0;
            }
        }
    }

    /// What comes before the first line that follows those that were dropped.
    fn excuse(&self) -> Option<String> {
        let dropped = self.dropped;
        let end_of_line = if self.cut { "\n" } else { "" };
        let message = "lines of log were dropped: nobody read stderr for a while";
        (dropped > 0)
            .then(|| format!("{end_of_line}{{\"level\":\"WARN\",\"message\":\"{message}\",\"dropped\":{dropped}}}\n"))
    }

    /// # Errors
    /// With the number of bytes that were written, when that was not all.
    fn write_within(&mut self, patience: Duration, bytes: &[u8]) -> Result<(), usize> {
        let begin = Instant::now();
        let mut written = 0;
        while written < bytes.len() {
            // For as much there is room in a pipe that poll(2) calls writable: pipe(7).
            let piece = &bytes[written..bytes.len().min(written + PIPE_BUF)];
            match self.attempt(piece) {
                Ok(count) => written += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN)
                    if begin.elapsed() < patience && self.has_room(patience.saturating_sub(begin.elapsed())) => {}
                Err(_) => return Err(written),
            }
        }
        Ok(())
    }

    /// Writes at once or not at all.
    fn attempt(&mut self, piece: &[u8]) -> rustix::io::Result<usize> {
        if self.asks {
            match pwritev2(&self.to, &[IoSlice::new(piece)], HERE, ReadWriteFlags::NOWAIT) {
                // An older kernel, or somebody's filter of system calls.
                Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::PERM) => self.asks = false,
                result => return result,
            }
        }
        // Between the two the driver may fill a pipe: rare, and the best that such a kernel has.
        if self.has_room(Duration::ZERO) { write(&self.to, piece) } else { Err(Errno::AGAIN) }
    }

    /// Waits for it. A reader that is gone counts as room, since the write then says so.
    fn has_room(&self, patience: Duration) -> bool {
        let begin = Instant::now();
        loop {
            let left = Timespec::try_from(patience.saturating_sub(begin.elapsed())).unwrap_or_default();
            match poll(&mut [PollFd::new(&self.to, PollFlags::OUT)], Some(&left)) {
                Err(Errno::INTR) => {}
                result => return result.is_ok_and(|ready| ready > 0),
            }
        }
    }
}

impl<F: AsFd> Write for Bounded<F> {
    /// Takes one line. Never fails: nobody could say so.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.say(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{PipeReader, PipeWriter, Read, pipe},
        os::fd::OwnedFd,
        thread,
    };

    use super::*;

    fn bounded(to: PipeWriter) -> Bounded<OwnedFd> {
        Bounded { patience: Duration::from_millis(20), ..Bounded::new(to.into()) }
    }

    /// Full, and how much that is.
    fn full() -> (PipeReader, PipeWriter, usize) {
        let (reader, writer) = pipe().unwrap();
        let mut held = 0;
        while let Ok(written) = pwritev2(&writer, &[IoSlice::new(&[b'x'; PIPE_BUF])], HERE, ReadWriteFlags::NOWAIT) {
            held += written;
        }
        (reader, writer, held)
    }

    fn read(reader: &mut PipeReader, bytes: usize) {
        reader.read_exact(&mut vec![0; bytes]).unwrap();
    }

    fn rest(mut reader: PipeReader, log: Bounded<OwnedFd>) -> String {
        drop(log);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    }

    const EXCUSE: &str = "\"message\":\"lines of log were dropped: nobody read stderr for a while\"";

    #[test]
    fn lines_that_find_no_room_are_dropped_and_counted_when_there_is_room_again() {
        for asks in [true, false] {
            let (mut reader, writer, held) = full();
            let mut log = Bounded { asks, ..bounded(writer) };
            log.write_all(b"first\n").unwrap();
            log.write_all(b"second\n").unwrap();
            read(&mut reader, held);
            log.write_all(b"third\n").unwrap();
            log.write_all(b"fourth\n").unwrap();
            assert_eq!(
                rest(reader, log),
                format!("{{\"level\":\"WARN\",{EXCUSE},\"dropped\":2}}\nthird\nfourth\n"),
                "asks: {asks}"
            );
        }
    }

    #[test]
    fn a_long_line_that_was_cut_ends_before_the_next_begins() {
        let (mut reader, writer, held) = full();
        read(&mut reader, PIPE_BUF);
        let mut log = bounded(writer);
        log.write_all(&[b'y'; 2 * PIPE_BUF]).unwrap();
        read(&mut reader, held);
        log.write_all(b"next\n").unwrap();
        assert_eq!(rest(reader, log), format!("\n{{\"level\":\"WARN\",{EXCUSE},\"dropped\":1}}\nnext\n"));
    }

    #[test]
    fn lines_of_any_length_arrive_whole_where_somebody_reads() {
        let (mut reader, writer) = pipe().unwrap();
        let line = "z".repeat(50 * PIPE_BUF);
        let said = line.clone();
        let log = thread::spawn(move || {
            let mut log = Bounded { patience: Duration::from_secs(3600), ..Bounded::new(writer) };
            log.write_all(said.as_bytes()).unwrap();
        });
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        log.join().unwrap();
        assert!(text == line, "{} bytes became {}", line.len(), text.len());
    }

    #[test]
    fn a_reader_that_is_gone_is_not_waited_for() {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let mut log = Bounded { patience: Duration::from_secs(3600), ..bounded(writer) };
        log.write_all(b"line\n").unwrap();
        assert_eq!(log.dropped, 1);
    }
}
