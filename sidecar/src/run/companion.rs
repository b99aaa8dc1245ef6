//! The wrapper's end of the stream to the sidecar. Losing it never harms the driver; it is opened again as long as the driver lives.

use std::{io, mem, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::protocol::{Attempt, MAX_LINE, ToSidecar, ToWrapper, line};

/// Between two tries to reach a sidecar that is away. The kubelet restarts one at once at first, later after 10 s and more.
const RETRY: Duration = Duration::from_secs(1);
/// Between two tries for the farewell.
const FAREWELL_RETRY: Duration = Duration::from_millis(100);
/// How long the wrapper stays for a sidecar that was there once, so that it hears the verdict: while the wrapper lives the
/// kubelet restarts the sidecar, afterwards not.
const FAREWELL_DEADLINE: Duration = Duration::from_secs(5);

/// The sidecar as the wrapper sees it.
#[derive(Debug)]
pub struct Companion {
    path: PathBuf,
    attempt: Attempt,
    /// Told again on each new connection.
    pid: Option<i32>,
    stream: Option<Stream>,
    met: bool,
    /// Not before this is it tried again.
    retry: Instant,
}

#[derive(Debug)]
struct Stream {
    reader: BufReader<OwnedReadHalf>,
    /// The beginning of a line whose end has not come yet.
    heard: Vec<u8>,
    writer: OwnedWriteHalf,
}

impl Companion {
    /// Connects when somebody listens.
    pub async fn new(path: PathBuf, attempt: Attempt) -> Self {
        let mut companion = Self { path, attempt, pid: None, stream: None, met: false, retry: Instant::now() };
        if let Err(error) = companion.connect().await {
            tracing::info!(%error, path = %companion.path.display(), "no sidecar yet; the driver starts without it");
        }
        companion
    }

    /// Tells that the driver runs.
    pub async fn started(&mut self, pid: i32) {
        self.pid = Some(pid);
        self.tell(&ToSidecar::Started { pid }).await;
    }

    /// Waits for what the sidecar asks, without a bound. Reconnects in between. May lose a `select!` at any time.
    pub async fn next(&mut self) -> ToWrapper {
        loop {
            let Some(stream) = &mut self.stream else {
                // Until a moment, not for a while: every event that wins the `select!` would begin the while anew.
                sleep_until(self.retry).await;
                self.retry = Instant::now() + RETRY;
                if self.connect().await.is_ok() {
                    tracing::info!("the sidecar is back");
                }
                continue;
            };
            match stream.hear().await {
                Ok(message) => return message,
                Err(error) => {
                    tracing::warn!(%error, "lost the sidecar; the driver goes on");
                    self.stream = None;
                    self.retry = Instant::now() + RETRY;
                }
            }
        }
    }

    /// Tells the verdict, waiting at most [`FAREWELL_DEADLINE`] for a sidecar that was there once.
    pub async fn farewell(&mut self, verdict: ToSidecar) {
        let told = timeout(FAREWELL_DEADLINE, async {
            while !(self.tell(&verdict).await || self.connect().await.is_ok() && self.tell(&verdict).await) {
                if !self.met {
                    return;
                }
                sleep(FAREWELL_RETRY).await;
            }
        });
        if told.await.is_err() {
            tracing::warn!("the sidecar did not come back; the executors are left to the owner references");
        }
    }

    /// The greeting is said before the stream is kept, so that none is ever kept without one.
    async fn connect(&mut self) -> io::Result<()> {
        let (read, mut writer) = UnixStream::connect(&self.path).await?.into_split();
        let mut greeting = line(&ToSidecar::Hello(self.attempt.clone()));
        if let Some(pid) = self.pid {
            greeting.extend(line(&ToSidecar::Started { pid }));
        }
        writer.write_all(&greeting).await?;
        self.stream = Some(Stream { reader: BufReader::new(read), heard: Vec::new(), writer });
        self.met = true;
        Ok(())
    }

    /// A line fits the socket's buffer, so this does not wait for the sidecar to read it.
    async fn tell(&mut self, message: &ToSidecar) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        let written = stream.writer.write_all(&line(message)).await;
        if written.is_err() {
            self.stream = None;
        }
        written.is_ok()
    }
}

impl Stream {
    /// Waits for one message. A line that is too long or unknown is an error as the end of the stream is: whoever listens there
    /// is no sidecar of ours, and must cost the driver neither memory nor log.
    async fn hear(&mut self) -> io::Result<ToWrapper> {
        let room = MAX_LINE.saturating_sub(self.heard.len());
        // When this loses a `select!`, what was read is in `heard` already.
        (&mut self.reader).take(room as u64).read_until(b'\n', &mut self.heard).await?;
        let text = mem::take(&mut self.heard);
        match text.len() {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            MAX_LINE.. if !text.ends_with(b"\n") => Err(io::Error::other("a line that is too long")),
            _ => Ok(serde_json::from_slice(&text)?),
        }
    }
}
