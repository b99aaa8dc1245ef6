//! The driver's pod as it is meant to be: which containers it has and whether they are started again.
//!
//! It is read at the start, since an API server that is away at the end would leave proxies unasked for ever. In a mesh
//! the network may come later than this container, so it is tried until it succeeds.
//!
//! What it shows of this container is looked at once: one that lost its `restartPolicy` holds up the pod for ever.

use std::{sync::Arc, time::Duration};

use codriver_kube::{Client, Object, PodSpec};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use crate::sidecar::{
    Pod,
    events::{Events, Note, Reason},
};

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
    pub fn read(client: Option<Arc<Client>>, pod: &Pod, events: Arc<Events>) -> Self {
        let (tell, told) = watch::channel(None);
        if let Some(client) = client {
            let (namespace, name) = (pod.namespace.clone(), pod.name.clone());
            tokio::spawn(async move {
                let pod = until_told(&client, &namespace, &name).await;
                if let Some(note) = not_native(&pod) {
                    tracing::error!("{}", note.message);
                    events.tell(&note).await;
                }
                let _ = tell.send(Some(pod.spec));
                // The next request may be hours away.
                client.hang_up();
            });
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

async fn until_told(client: &Client, namespace: &str, name: &str) -> Object {
    let mut pause = FIRST_PAUSE;
    loop {
        match client.pod(namespace, name).await {
            Ok(pod) => return pod,
            // Said once: what comes of it is said again at the end.
            Err(error) if pause == FIRST_PAUSE => tracing::warn!(%error, "cannot read this pod yet"),
            Err(error) => tracing::debug!(%error, "cannot read this pod yet"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// None of the init containers is a native sidecar, and still they are not done while this one runs: so it is one of them, and
/// the pod waits for its end. Webhooks that were built for an older Kubernetes drop `restartPolicy` of init containers.
fn not_native(pod: &Object) -> Option<Note> {
    let native = pod.spec.init_containers.iter().any(|it| it.restart_policy.as_deref() == Some("Always"));
    let waits = pod.status.condition("Initialized").is_some_and(|initialized| initialized.status == "False");
    (waits && !native).then(|| Note {
        reason: Reason::NotNative,
        is_warning: true,
        key: "not-native".into(),
        message: "The driver cannot start: codriver's sidecar is an init container without restartPolicy: Always, and \
                  the pod waits for its end. Hint: if the pod's manifest has the field, the cluster is older than \
                  Kubernetes 1.29, or a mutating webhook that was built for an older one has dropped it."
            .into(),
    })
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::sidecar::test_api::{Api, pod};

    fn nowhere() -> Arc<Events> {
        Arc::new(Events::new(None, pod()))
    }

    #[test]
    fn a_sidecar_that_lost_its_restart_policy_is_noticed() {
        for (init, initialized, noticed) in [
            (r#"{"name":"codriver","restartPolicy":"Always"}"#, "False", false),
            (r#"{"name":"codriver"}"#, "False", true),
            // Among the ordinary containers, on a Kubernetes without native sidecars: all init containers are done.
            (r#"{"name":"codriver-init"}"#, "True", false),
        ] {
            let pod = format!(
                r#"{{"spec":{{"initContainers":[{init}]}},
                "status":{{"conditions":[{{"type":"Initialized","status":"{initialized}"}}]}}}}"#
            );
            assert_eq!(not_native(&serde_json::from_str(&pod).unwrap()).is_some(), noticed, "{pod}");
        }
        assert_eq!(not_native(&Object::default()), None, "nobody knows");
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_asked_for_until_the_api_server_tells_it() {
        let began = Instant::now();
        let api = Api::new(move |_| match began.elapsed().as_secs() {
            0..10 => Some((503, "{}")),
            _ => Some((200, r#"{"spec":{"restartPolicy":"Never"}}"#)),
        });
        let own = OwnPod::read(Some(api.client()), &pod(), nowhere());
        assert!(!own.is_known());
        assert_eq!(own.specification(Duration::from_secs(5)).await, None);
        let specification = own.specification(Duration::from_secs(60)).await.unwrap();
        // Pauses of 1, 2, 4 and 8 s.
        assert_eq!((specification.restart_policy.as_deref(), began.elapsed().as_secs()), (Some("Never"), 15));
        assert_eq!((own.is_known(), api.requests().len()), (true, 5));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_service_account_nobody_waits() {
        let (began, own) = (Instant::now(), OwnPod::read(None, &pod(), nowhere()));
        assert_eq!(own.specification(Duration::from_secs(60)).await, None);
        assert_eq!((own.is_known(), began.elapsed()), (false, Duration::ZERO));
    }
}
