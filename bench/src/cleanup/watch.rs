//! Watches executors with curl, and so with none of codriver's code.

use std::{
    io::{BufRead as _, BufReader, Lines, Write as _},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use crate::{Error, cluster::Cluster, executors::Application};

/// Between the end of a removal and the news of the last pod; and for the pods that are there to be told.
const PATIENCE: Duration = Duration::from_secs(30);

/// A watch on one application's executors.
#[derive(Debug)]
pub struct Watch {
    curl: Child,
    gone: Receiver<Instant>,
}

impl Watch {
    /// Begins to watch. On return all executors were seen, and each deletion from now on will be.
    ///
    /// # Errors
    /// When the watch ends before.
    pub fn start(cluster: &Cluster, application: &Application) -> Result<Self, Error> {
        let mut curl = Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--no-buffer", "--header", "@-", "--cacert"])
            .arg(&cluster.authority)
            .args(["--header", "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"])
            .arg(format!("{}&watch=true&timeoutSeconds=3600", cluster.pods(&application.selector())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        curl.stdin.take().ok_or("curl has no stdin")?.write_all(cluster.authorization()?.as_bytes())?;
        let mut events = BufReader::new(curl.stdout.take().ok_or("curl has no stdout")?).lines();
        until(&mut events, r#"{"type":"ADDED""#, application.executors).ok_or("the watch ended before its time")?;
        let (tell, gone) = channel();
        let executors = application.executors;
        thread::spawn(move || {
            if let Some(at) = until(&mut events, r#"{"type":"DELETED""#, executors) {
                // Nobody listens any more when the removal has failed.
                let _ = tell.send(at);
            }
        });
        Ok(Self { curl, gone })
    }

    /// When the last executor was gone. Waits at most half a minute.
    ///
    /// # Errors
    /// When there is one still, or the watch ended before its time.
    pub fn last_one_gone(&mut self) -> Result<Instant, Error> {
        self.gone.recv_timeout(PATIENCE).map_err(|_| "not all executors were seen to be gone".into())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.curl.kill();
        let _ = self.curl.wait();
    }
}

/// When so many events of this kind were there.
fn until(events: &mut Lines<BufReader<ChildStdout>>, start: &str, count: usize) -> Option<Instant> {
    events.map_while(Result::ok).filter(|event| event.starts_with(start)).nth(count - 1)?;
    Some(Instant::now())
}
