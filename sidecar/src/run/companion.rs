//! The wrapper's end of the stream to the sidecar. Losing it never harms the driver; it is opened again as long as the driver lives.

use std::{io, path::PathBuf, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::{sleep, timeout},
};

use crate::protocol::{Attempt, ToSidecar, ToWrapper, line};

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
    stream: Option<(Lines<BufReader<OwnedReadHalf>>, OwnedWriteHalf)>,
    met: bool,
}

impl Companion {
    /// Connects when somebody listens.
    pub async fn new(path: PathBuf, attempt: Attempt) -> Self {
        let mut companion = Self { path, attempt, pid: None, stream: None, met: false };
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

    /// Waits for what the sidecar asks, without a bound. Reconnects in between.
    pub async fn next(&mut self) -> ToWrapper {
        loop {
            match &mut self.stream {
                None => {
                    sleep(RETRY).await;
                    if self.connect().await.is_ok() {
                        tracing::info!("the sidecar is back");
                    }
                }
                // A cancelled `next_line` loses nothing, so this may lose a `select!`.
                Some((lines, _)) => match lines.next_line().await {
                    Ok(Some(text)) => match serde_json::from_str(&text) {
                        Ok(message) => return message,
                        Err(error) => tracing::warn!(%error, "the sidecar said something unknown"),
                    },
                    Ok(None) | Err(_) => {
                        tracing::warn!("lost the sidecar; the driver goes on");
                        self.stream = None;
                    }
                },
            }
        }
    }

    /// Tells the verdict, waiting at most [`FAREWELL_DEADLINE`] for a sidecar that was there once.
    pub async fn farewell(&mut self, verdict: ToSidecar) {
        let told = timeout(FAREWELL_DEADLINE, async {
            while !self.tell(&verdict).await {
                if self.connect().await.is_err() {
                    if !self.met {
                        return;
                    }
                    sleep(FAREWELL_RETRY).await;
                }
            }
        });
        if told.await.is_err() {
            tracing::warn!("the sidecar did not come back; the executors are left to the owner references");
        }
    }

    async fn connect(&mut self) -> io::Result<()> {
        let (read, write) = UnixStream::connect(&self.path).await?.into_split();
        self.stream = Some((BufReader::new(read).lines(), write));
        self.met = true;
        self.tell(&ToSidecar::Hello(self.attempt.clone())).await;
        if let Some(pid) = self.pid {
            self.tell(&ToSidecar::Started { pid }).await;
        }
        Ok(())
    }

    /// A line fits the socket's buffer, so this does not wait for the sidecar to read it.
    async fn tell(&mut self, message: &ToSidecar) -> bool {
        let Some((_, writer)) = &mut self.stream else { return false };
        let written = writer.write_all(&line(message)).await;
        if written.is_err() {
            self.stream = None;
        }
        written.is_ok()
    }
}
