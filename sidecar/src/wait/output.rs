//! Shows on stdout what the driver writes.

use std::{
    io::{self, Write},
    sync::Arc,
    time::Duration,
};

use codriver_kube::{Client, Error};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::wait::seen::Seen;

/// Before the log is taken up again.
const PAUSE: Duration = Duration::from_secs(1);
/// For what the driver wrote last, once it has ended.
const LAST_LINES: Duration = Duration::from_secs(10);
/// Bytes of a line that are shown as one.
const LONGEST_LINE: usize = 256 << 10;

/// The driver's log, from when its container has started.
pub struct Output {
    client: Arc<Client>,
    namespace: String,
    over: watch::Sender<bool>,
    showing: Option<JoinHandle<()>>,
}

impl Output {
    /// Nothing is shown before [`Output::start`].
    #[must_use]
    pub fn new(client: Arc<Client>, namespace: String) -> Self {
        Self { client, namespace, over: watch::Sender::new(false), showing: None }
    }

    /// Shows the log of this container from its begin.
    pub fn start(&mut self, pod: &str, container: &str) {
        let source = Source {
            client: Arc::clone(&self.client),
            namespace: self.namespace.clone(),
            pod: pod.to_owned(),
            container: container.to_owned(),
        };
        self.showing = Some(tokio::spawn(show(source, self.over.subscribe())));
    }

    /// The driver has ended: waits until all that it wrote is shown, for some seconds at most.
    pub async fn finish(self) {
        let _ = self.over.send(true);
        if let Some(showing) = self.showing
            && timeout(LAST_LINES, showing).await.is_err()
        {
            tracing::warn!("the end of the driver's log did not come within {} s", LAST_LINES.as_secs());
        }
    }
}

struct Source {
    client: Arc<Client>,
    namespace: String,
    pod: String,
    container: String,
}

/// Follows the log through all breaks, until it was read to its end after the driver's.
async fn show(source: Source, mut over: watch::Receiver<bool>) {
    let (mut seen, mut warned) = (Seen::default(), false);
    loop {
        let was_over = *over.borrow_and_update();
        match follow(&source, &mut seen).await {
            Ok(()) if was_over => return,
            Ok(()) => {}
            Err(Trouble::Output) => return,
            Err(Trouble::Server(error)) => {
                let lasting = matches!(error, Error::Forbidden { .. });
                // The pod may be gone, and its log with it.
                let gone = was_over && matches!(error, Error::NotFound { .. });
                if lasting || gone || !std::mem::replace(&mut warned, true) {
                    tracing::warn!("the driver's log: {error}");
                }
                if lasting || gone {
                    return;
                }
            }
        }
        // When the driver ends meanwhile, what it wrote last is there at once.
        let _ = timeout(PAUSE, over.changed()).await;
        if *over.borrow() && was_over {
            sleep(PAUSE).await;
        }
    }
}

enum Trouble {
    Server(Error),
    /// Nobody reads our stdout.
    Output,
}

async fn follow(source: &Source, seen: &mut Seen) -> Result<(), Trouble> {
    let Source { client, namespace, pod, container } = source;
    let log = client.log(namespace, pod, container, &seen.since(), LONGEST_LINE).await;
    let mut log = log.map_err(Trouble::Server)?;
    seen.begin_again();
    while let Some(line) = log.next().await.map_err(Trouble::Server)? {
        if let Some(line) = seen.show(&line) {
            let mut stdout = io::stdout().lock();
            stdout.write_all(line).and_then(|()| stdout.write_all(b"\n")).map_err(|_| Trouble::Output)?;
        }
    }
    Ok(())
}
