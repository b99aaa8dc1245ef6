//! Looks at the pods that match and goes on looking: a list, then watches, then a list again when they have lost the thread.

use std::{sync::Arc, time::Duration};

use codriver_kube::{Change, Client, Collection, Error, Kind};
use tokio::{sync::mpsc::Sender, time::sleep};

use crate::wait::machine::Event;

/// Between two watches, and at first after a failure.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Which pods match: one of the two is there.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where they are.
    pub namespace: String,
    /// By name.
    pub pod: Option<String>,
    /// By labels.
    pub selector: Option<String>,
}

/// What goes from one watch to the next.
struct Thread {
    /// Where to go on; none when a list must come first.
    version: Option<String>,
    pause: Duration,
    tell: Sender<Event>,
}

/// Tells what it sees, without an end of its own.
pub async fn follow(client: Arc<Client>, wanted: Wanted, tell: Sender<Event>) {
    let fields = wanted.pod.as_ref().map_or_else(String::new, |pod| format!("metadata.name={pod}"));
    let selector = wanted.selector.as_deref().unwrap_or_default();
    let of = Collection { kind: Kind::Pods, namespace: &wanted.namespace, selector, fields: &fields };
    let mut thread = Thread { version: None, pause: PAUSE, tell };
    loop {
        match thread.go_on(&client, &of).await {
            Ok(()) => sleep(PAUSE).await,
            Err(error) => thread.broke(&error).await,
        }
    }
}

impl Thread {
    /// A list, if there is nothing to go on from, and a watch until the server ends it.
    async fn go_on(&mut self, client: &Client, of: &Collection<'_>) -> Result<(), Error> {
        let from = match self.version.take() {
            Some(from) => from,
            None => {
                let mut pods = Vec::new();
                let from = client.snapshot(of, &mut |pod| pods.push(pod)).await?;
                self.pause = PAUSE;
                self.tell(Event::Seen(pods)).await;
                from
            }
        };
        let mut watch = client.watch(of, &from).await?;
        while let Some(change) = watch.next().await? {
            self.tell(match change {
                Change::Is(pod) => Event::Changed(Box::new(pod)),
                Change::Gone(pod) => Event::Deleted(Box::new(pod)),
            })
            .await;
        }
        self.version = Some(watch.version().unwrap_or(&from).to_owned());
        Ok(())
    }

    /// Begins anew after a while: a list tells what happened meanwhile.
    async fn broke(&mut self, error: &Error) {
        match error {
            // Nothing is wrong: the version was too old.
            Error::Gone { .. } => {}
            Error::Forbidden { .. } | Error::Unauthorized { .. } => self.tell(Event::Refused(error.to_string())).await,
            _ => self.tell(Event::Trouble(error.to_string())).await,
        }
        let asked = if let Error::Throttled { retry_after, .. } = error { *retry_after } else { None };
        sleep(self.pause.max(asked.unwrap_or_default()).min(LONGEST_PAUSE)).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    async fn tell(&self, event: Event) {
        // Nobody listens any more when the program ends.
        let _ = self.tell.send(event).await;
    }
}
