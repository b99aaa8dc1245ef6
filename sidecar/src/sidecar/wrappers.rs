//! The sidecar's end of the streams: one listener in the shared volume, one connection for each wrapper that comes.

use std::{fs, io, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    net::{UnixListener, UnixStream, unix::OwnedWriteHalf},
    sync::mpsc,
    time::sleep,
};

use crate::{
    failure::Failure,
    protocol::{MAX_LINE, ToSidecar, ToWrapper, line},
    sidecar::machine::Event,
};

/// After a failed accept (out of file descriptors), before the next one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A machine event of one connection. Connections are counted, so that a late end of an old one is not taken for the new one's.
#[derive(Debug)]
pub struct Heard {
    /// Which connection.
    pub connection: u64,
    /// What it said.
    pub event: Event,
    /// With its hello: where it listens. Dropping it hangs up.
    pub ear: Option<OwnedWriteHalf>,
}

/// Says something to a wrapper. A line fits the socket's buffer, so this never waits.
///
/// # Errors
/// When it is gone, or has long not read what it was told.
pub fn say(ear: &OwnedWriteHalf, message: &ToWrapper) -> io::Result<()> {
    let line = line(message);
    match ear.try_write(&line)? {
        written if written == line.len() => Ok(()),
        _ => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// Listens on the socket; a file that an earlier life of the sidecar left is replaced.
/// Any user may connect: the driver's image chooses its own.
///
/// # Errors
/// When the socket cannot be made.
pub fn listen(path: &Path) -> Result<UnixListener, Failure> {
    let bind = || -> io::Result<UnixListener> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o666))?;
        Ok(listener)
    };
    bind().map_err(|source| Failure::Files {
        doing: "listen on",
        path: path.to_owned(),
        source,
        hint: "codriver-init makes the folder; is the volume mounted in the sidecar, and writable?",
    })
}

/// Accepts for ever and sends what the wrappers say. Ends when nobody hears.
pub async fn accept(listener: UnixListener, events: mpsc::Sender<Heard>) {
    let mut connection = 0;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connection += 1;
                tokio::spawn(read(stream, connection, events.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a wrapper");
                sleep(ACCEPT_PAUSE).await;
            }
        }
        if events.is_closed() {
            return;
        }
    }
}

/// Reads lines until the stream ends. A line that is too long or unknown ends it too: this is no wrapper of ours.
async fn read(stream: UnixStream, connection: u64, events: mpsc::Sender<Heard>) {
    let (reader, writer) = stream.into_split();
    let (mut reader, mut writer) = (BufReader::new(reader), Some(writer));
    loop {
        let mut text = Vec::new();
        match (&mut reader).take(MAX_LINE as u64).read_until(b'\n', &mut text).await {
            Ok(1..) if text.ends_with(b"\n") => {}
            Ok(_) | Err(_) => break,
        }
        let event = match serde_json::from_slice(&text) {
            Ok(ToSidecar::Hello(attempt)) => Event::Hello(attempt),
            Ok(ToSidecar::Farewell { verdict, mapped }) => Event::Farewell { verdict, mapped },
            Ok(ToSidecar::Started { pid }) => {
                tracing::info!(pid, "the driver runs");
                Event::Started
            }
            Err(error) => {
                tracing::warn!(%error, "hung up on a wrapper that said something unknown");
                break;
            }
        };
        let ear = if matches!(event, Event::Hello(_)) { writer.take() } else { None };
        if events.send(Heard { connection, event, ear }).await.is_err() {
            return;
        }
    }
    let _ = events.send(Heard { connection, event: Event::StreamEnded, ear: None }).await;
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncWriteExt, time::timeout};

    use super::*;
    use crate::protocol::Attempt;

    #[tokio::test]
    async fn a_wrapper_that_said_hello_can_be_told_something_until_it_is_hung_up_on() {
        let (ours, mut wrapper) = UnixStream::pair().unwrap();
        let (events, mut heard) = mpsc::channel(16);
        tokio::spawn(read(ours, 7, events));
        let attempt = Attempt { number: 1, application_id: "spark-1".into(), since: 5 };
        for message in [ToSidecar::Hello(attempt.clone()), ToSidecar::Hello(attempt), ToSidecar::Started { pid: 2 }] {
            wrapper.write_all(&line(&message)).await.unwrap();
        }
        let (first, second, third) =
            (heard.recv().await.unwrap(), heard.recv().await.unwrap(), heard.recv().await.unwrap());
        assert!(second.ear.is_none() && third.ear.is_none() && third.event == Event::Started);
        let (ear, order) = (first.ear.unwrap(), ToWrapper::Terminate { why: "why".into(), code: Some(75) });
        say(&ear, &order).unwrap();
        let mut told = vec![0; line(&order).len()];
        wrapper.read_exact(&mut told).await.unwrap();
        assert_eq!(told, line(&order));
        drop(ear);
        assert_eq!(wrapper.read(&mut [0]).await.unwrap(), 0, "hung up");
    }

    #[tokio::test]
    async fn one_that_does_not_listen_keeps_nobody_waiting() {
        let (ours, _deaf) = UnixStream::pair().unwrap();
        let (_, ear) = ours.into_split();
        let order = ToWrapper::Terminate { why: "why".into(), code: None };
        let told = async { while say(&ear, &order).is_ok() {} };
        timeout(Duration::from_secs(10), told).await.unwrap();
    }
}
