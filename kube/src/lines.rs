//! The body of an answer that goes on for as long as there is something to tell, line by line.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::timeout;

use crate::{Error, Subject};

/// Lines as they arrive. Dropping it closes its connection.
#[derive(Debug)]
pub struct Lines {
    subject: Subject,
    body: Incoming,
    /// What has arrived and was not handed out.
    buffer: Vec<u8>,
    /// The bytes at the buffer's begin that hold no end of a line.
    searched: usize,
    longest: usize,
    idle: Duration,
    ended: bool,
}

impl Lines {
    pub(crate) fn new(subject: Subject, body: Incoming, longest: usize, idle: Duration) -> Self {
        Self { subject, body, buffer: Vec::new(), searched: 0, longest, idle, ended: false }
    }

    /// The next line, without its end; none when the server has said all. A line that is longer than the bound comes in
    /// pieces of that length. Losing a `select!` loses nothing.
    ///
    /// # Errors
    /// The connection broke off, or nothing came for too long.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Error> {
        loop {
            if let Some(line) = self.take() {
                return Ok(Some(line));
            }
            if self.ended {
                return Ok(None);
            }
            let frame = timeout(self.idle, self.body.frame()).await.map_err(|_| Error::TimedOut {
                subject: self.subject.clone(),
                what: "more of the body",
                deadline: self.idle,
            })?;
            match frame {
                Some(frame) => {
                    let frame = frame.map_err(|error| Error::broken(&self.subject, &error))?;
                    self.buffer.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
                }
                None => self.ended = true,
            }
        }
    }

    /// A line that has arrived in full, or as much of one as is handed out at once, or the rest.
    fn take(&mut self) -> Option<Vec<u8>> {
        let end = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n').map(|at| self.searched + at);
        let (line, used) = match end {
            Some(end) if end <= self.longest => (end, end + 1),
            _ if self.buffer.len() > self.longest => (self.longest, self.longest),
            _ if self.ended && !self.buffer.is_empty() => (self.buffer.len(), self.buffer.len()),
            _ => {
                self.searched = self.buffer.len();
                return None;
            }
        };
        let rest = self.buffer.split_off(used);
        let mut taken = std::mem::replace(&mut self.buffer, rest);
        taken.truncate(line);
        self.searched = 0;
        Some(taken)
    }

    /// An answer that makes no sense, for whoever reads the lines.
    pub(crate) fn malformed(&self, cause: String) -> Error {
        Error::Malformed { subject: self.subject.clone(), cause }
    }

    pub(crate) fn subject(&self) -> &Subject {
        &self.subject
    }
}
