//! What of the driver's output is worth keeping: its last exception, and what it says of its own end.

mod exceptions;
mod lines;
#[cfg(test)]
mod tests;

use std::fmt;

use self::{exceptions::Exceptions, lines::Lines};

/// One of the driver's two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Python's words, where spark-submit has started it.
    Stdout,
    /// Everybody else's.
    Stderr,
}

/// What was read so far. Each stream is read by itself, since they come in any order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct LastWords {
    stdout: Heard,
    stderr: Heard,
    /// Where the last exception was.
    last: Option<Stream>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Heard {
    lines: Lines,
    exceptions: Exceptions,
}

impl LastWords {
    /// Takes the next bytes of a stream.
    pub fn feed(&mut self, stream: Stream, bytes: &[u8]) {
        let Heard { lines, exceptions } = match stream {
            Stream::Stdout => &mut self.stdout,
            Stream::Stderr => &mut self.stderr,
        };
        let before = exceptions.count();
        lines.feed(bytes, |line| exceptions.read(line));
        if exceptions.count() != before {
            self.last = Some(stream);
        }
    }

    /// The last exception with its last cause, or else the last error that was logged; what may be a secret is left out. The
    /// last line counts without its end, too.
    #[must_use]
    pub fn words(mut self) -> Option<String> {
        for stream in [Stream::Stdout, Stream::Stderr] {
            self.feed(stream, b"\n");
        }
        let Self { stdout, stderr, last } = self;
        let exception = match last {
            Some(Stream::Stdout) => stdout.exceptions.exception(),
            Some(Stream::Stderr) => stderr.exceptions.exception(),
            None => None,
        };
        exception.or_else(|| stderr.exceptions.error().or(stdout.exceptions.error()).map(str::to_owned))
    }

    /// The code that the application has earned so far, if its main method has returned or thrown: what Spark said of it on
    /// stderr, or else 1 after an uncaught exception, and 0.
    #[must_use]
    pub fn earned(&self) -> u8 {
        self.stderr.exceptions.earned()
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        })
    }
}
