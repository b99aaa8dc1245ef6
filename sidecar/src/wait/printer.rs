//! Lines to a stdout that may be full and read by nobody: a thread of its own waits for room, so that the rest does not.

use std::{
    io::{self, Write},
    thread,
};

use tokio::sync::{mpsc, oneshot};

/// Lines that wait for room.
const WAITING: usize = 16;

/// Writes lines in their order. Its thread ends after the last line, or with the process.
pub struct Printer {
    lines: mpsc::Sender<Vec<u8>>,
    done: oneshot::Receiver<()>,
}

/// Nobody reads any more.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed;

impl Printer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the kernel gives no thread.
    pub fn start(mut to: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, mut waiting) = mpsc::channel::<Vec<u8>>(WAITING);
        let (tell, done) = oneshot::channel();
        thread::Builder::new().name("printer".into()).spawn(move || {
            while let Some(line) = waiting.blocking_recv() {
                if to.write_all(&line).and_then(|()| to.flush()).is_err() {
                    break;
                }
            }
            drop(waiting);
            let _ = tell.send(());
        })?;
        Ok(Self { lines, done })
    }

    /// Shows a line. Waits while too many are waiting already, for as long as nobody reads them.
    ///
    /// # Errors
    /// When the reader is gone.
    pub async fn show(&self, line: &[u8]) -> Result<(), Closed> {
        self.lines.send([line, b"\n"].concat()).await.map_err(|_| Closed)
    }

    /// Waits until each line was written, or the reader is gone.
    pub async fn finish(self) {
        drop(self.lines);
        let _ = self.done.await;
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, pipe};

    use super::*;

    #[tokio::test]
    async fn lines_come_in_their_order_and_all_are_written_at_the_end() {
        let (mut reader, writer) = pipe().unwrap();
        let printer = Printer::start(writer).unwrap();
        for number in 0..2 * WAITING {
            printer.show(number.to_string().as_bytes()).await.unwrap();
        }
        printer.finish().await;
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, (0..2 * WAITING).map(|number| format!("{number}\n")).collect::<String>());
    }

    #[tokio::test]
    async fn a_reader_that_is_gone_is_told() {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let printer = Printer::start(writer).unwrap();
        while printer.show(b"line").await.is_ok() {}
        printer.finish().await;
    }
}
