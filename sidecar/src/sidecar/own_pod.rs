//! The driver's pod as it is meant to be: which containers it has and whether they are started again.
//!
//! It is read at the start, since an API server that is away at the end would leave proxies unasked for ever. In a mesh
//! the network may come later than this container, so it is tried until it succeeds.

use std::{sync::Arc, time::Duration};

use codriver_kube::{Client, PodSpec};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::sidecar::Pod;

/// After the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// A question a minute troubles nobody.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The pod's specification, once it is known.
#[derive(Debug, Clone)]
pub struct OwnPod(watch::Receiver<Option<PodSpec>>);

impl OwnPod {
    /// Begins to read it in the background.
    #[must_use]
    pub fn read(client: Option<Arc<Client>>, pod: &Pod) -> Self {
        let (tell, told) = watch::channel(None);
        if let Some(client) = client {
            tokio::spawn(keep_asking(client, pod.namespace.clone(), pod.name.clone(), tell));
        }
        Self(told)
    }

    /// Whether the API server has told it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// What it is; waits for at most so long.
    pub async fn specification(&self, patience: Duration) -> Option<PodSpec> {
        let mut told = self.0.clone();
        let known = timeout(patience, told.wait_for(Option::is_some)).await.ok()?.ok()?;
        known.clone()
    }
}

async fn keep_asking(client: Arc<Client>, namespace: String, name: String, tell: watch::Sender<Option<PodSpec>>) {
    let mut pause = FIRST_PAUSE;
    loop {
        match client.pod(&namespace, &name).await {
            Ok(pod) => {
                let _ = tell.send(Some(pod.spec));
                // The next request may be hours away.
                client.hang_up();
                return;
            }
            // Said once: what comes of it is said again at the end.
            Err(error) if pause == FIRST_PAUSE => tracing::warn!(%error, "cannot read this pod yet"),
            Err(error) => tracing::debug!(%error, "cannot read this pod yet"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::sidecar::test_api::{Api, pod};

    #[tokio::test(start_paused = true)]
    async fn it_is_asked_for_until_the_api_server_tells_it() {
        let began = Instant::now();
        let api = Api::new(move |_| match began.elapsed().as_secs() {
            0..10 => Some((503, "{}")),
            _ => Some((200, r#"{"spec":{"restartPolicy":"Never"}}"#)),
        });
        let own = OwnPod::read(Some(api.client()), &pod());
        assert!(!own.is_known());
        assert_eq!(own.specification(Duration::from_secs(5)).await, None);
        let specification = own.specification(Duration::from_secs(60)).await.unwrap();
        // Pauses of 1, 2, 4 and 8 s.
        assert_eq!((specification.restart_policy.as_deref(), began.elapsed().as_secs()), (Some("Never"), 15));
        assert_eq!((own.is_known(), api.requests().len()), (true, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_service_account_nobody_waits() {
        let (began, own) = (Instant::now(), OwnPod::read(None, &pod()));
        assert_eq!(own.specification(Duration::from_secs(60)).await, None);
        assert_eq!((own.is_known(), began.elapsed()), (false, Duration::ZERO));
    }
}
