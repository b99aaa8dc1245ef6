//! Asks the pod's proxies to quit, all at once, and says what comes of it: in the log, and of those that stay as an event.

use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    mesh::{
        Target,
        ask::ask,
        asking::{Came, PAUSE},
        plan::{Plan, plan},
        wish::Wish,
    },
    sidecar::{
        events::{Events, Note, Reason},
        machine::Ended,
        own_pod::OwnPod,
    },
};

/// For the API server to tell what the pod is, if it has not yet. Nothing else is waiting by then.
const READ: Duration = Duration::from_secs(20);

/// Ends proxies that are ordinary containers.
pub struct Quitter {
    /// Whom the user wants to be asked.
    pub wish: Wish,
    /// The driver's container.
    pub container: String,
    /// Which containers there are.
    pub own_pod: OwnPod,
    /// Where proxies that stay are told.
    pub events: Arc<Events>,
}

impl Quitter {
    /// Asks if the attempt was the last, until all are gone for a while or nothing more can be done. Dropping the future
    /// ends it.
    pub async fn quit(&self, ended: &Ended) {
        if self.wish == Wish::default() {
            return;
        }
        let pod = self.own_pod.specification(READ).await;
        match plan(&self.wish, pod.as_ref(), &self.container, ended.verdict.code()) {
            Plan::Restarts => tracing::info!("the driver will be started again, so its proxies are left alone"),
            Plan::Ask(targets) => self.ask_all(targets, ended.attempt.number).await,
        }
    }

    async fn ask_all(&self, targets: Vec<Target>, attempt: u32) {
        let (tell, mut told) = mpsc::channel(targets.len().max(1));
        // Ends with this scope, as when the future is dropped.
        let _asking: JoinSet<()> = targets.into_iter().map(|target| ask(target, PAUSE, tell.clone())).collect();
        drop(tell);
        while let Some((target, came)) = told.recv().await {
            self.tell(&target, came, attempt).await;
        }
    }

    async fn tell(&self, target: &Target, came: Came, attempt: u32) {
        let Target { name, method, port, path, remedy, .. } = target;
        let request = format!("{method} http://127.0.0.1:{port}{path}");
        if came == Came::Quit {
            tracing::info!(proxy = name, request, "a proxy has quit");
            return;
        }
        tracing::warn!(proxy = name, request, hint = remedy, "a proxy may keep the pod alive: {came}");
        let message = format!(
            "The driver has ended, and {name} may keep the pod alive: asked to quit by {request}, {came}. Hint: {remedy}."
        );
        let key = format!("proxy-{port}-{attempt}");
        self.events.tell(&Note { reason: Reason::ProxyStays, is_warning: true, key, message }).await;
    }
}
