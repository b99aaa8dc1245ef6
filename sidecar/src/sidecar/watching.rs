//! Looks after one attempt's executors until one serves, and tells what keeps them away: in the log and as an event.

use std::{
    collections::BTreeSet,
    fs, mem,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use codriver_kube::{Client, Error};
use serde_json::Value;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    executors::{
        look::{Question, look},
        patience::{Patience, Step},
        reason::Reason,
        trial::{self, Wanted},
    },
    protocol::{Attempt, now},
    run::attempt::spark_defaults,
    sidecar::{
        Pod,
        events::{self, Events, Note},
        machine::Event,
    },
    spark_conf::{NAMESPACE, SparkConf},
};

/// What watching takes.
pub struct Watcher {
    /// The API server; absent without a service account.
    pub client: Option<Arc<Client>>,
    /// The driver's pod.
    pub pod: Pod,
    /// The shared volume, with Spark's settings and the executors' template.
    pub volume: PathBuf,
    /// From the driver's start until it is told; zero means never.
    pub after: Duration,
    /// From the driver's start until it is given up.
    pub deadline: Option<Duration>,
    /// Where it is told.
    pub events: Arc<Events>,
}

impl Watcher {
    /// Watches until an executor serves or the driver is given up, and tells that. Without a service account, or where no
    /// executor is ever wanted, it ends at once. Dropping the future ends it.
    pub async fn watch(&self, attempt: &Attempt, tell: mpsc::Sender<Event>) {
        let Some(client) = &self.client else { return };
        let conf = SparkConf::load(&spark_defaults(&self.volume, attempt.number));
        let wanted = Wanted::of(&conf);
        if wanted == Wanted::None {
            return;
        }
        let trial = trial::pod(template(&self.volume), &conf, &attempt.application_id);
        let question = Question {
            namespace: conf.get(NAMESPACE).unwrap_or(&self.pod.namespace),
            application_id: &attempt.application_id,
            driver_uid: &self.pod.uid,
            trial: &trial,
        };
        let mut patience = Patience::new(wanted, self.after, self.deadline);
        let Some(first_look) = patience.first_look() else { return };
        // Of a driver that ran already when this sidecar came; a clock that jumped makes the first look early, no more.
        let already = Duration::from_secs(now().saturating_sub(attempt.since)).min(first_look);
        let already = if attempt.number == 0 { Duration::ZERO } else { already };
        let begun = Instant::now();
        sleep_until(begun + first_look - already).await;
        let mut complaints = Complaints::default();
        loop {
            let looked = look(client, &question, &mut |error| complaints.say(&error)).await;
            let looked = looked.inspect_err(|error| complaints.say(error)).ok();
            for step in patience.step(already + begun.elapsed(), looked) {
                match step {
                    Step::Say(reason) => self.say(attempt, &reason).await,
                    Step::Came => {
                        let _ = tell.send(Event::ExecutorsCame(attempt.number)).await;
                        return;
                    }
                    Step::GiveUp(reason) => {
                        let _ = tell.send(self.give_up(attempt, reason.as_ref())).await;
                        return;
                    }
                    Step::Wait(pause) => sleep(pause).await,
                }
            }
        }
    }

    async fn say(&self, attempt: &Attempt, reason: &Reason) {
        tracing::warn!(attempt = attempt.number, kind = reason.kind.key(), "no executor is ready: {reason}");
        let key = format!("executors-{}-{}", attempt.number, reason.kind.key());
        let message = format!("No executor is ready: {reason}.");
        self.events.tell(&Note { reason: events::Reason::NoExecutors, is_warning: true, key, message }).await;
    }

    fn give_up(&self, attempt: &Attempt, reason: Option<&Reason>) -> Event {
        let seconds = self.deadline.unwrap_or_default().as_secs();
        let why = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        let why = format!("no executor came within {seconds} s (CODRIVER_EXECUTORS_DEADLINE){why}");
        if attempt.number == 0 {
            tracing::error!("{why}; without `codriver run` as the driver's command it cannot be ended");
        }
        Event::NoExecutors { attempt: attempt.number, why }
    }
}

/// Errors, each kind of which is said once: there is a look every few seconds, and a missing rule stays missing.
#[derive(Default)]
struct Complaints(BTreeSet<String>);

impl Complaints {
    fn say(&mut self, error: &Error) {
        let kind = match error {
            Error::Forbidden { subject, .. } => subject.to_string(),
            error => format!("{:?}", mem::discriminant(error)),
        };
        if self.0.insert(kind) {
            tracing::warn!(%error, "cannot find out why no executor comes");
        }
    }
}

/// What codriver-init wrote; none where there is no such file.
fn template(volume: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(volume.join("spark/executor.yaml")).ok()?).ok()
}

#[cfg(test)]
mod tests;
