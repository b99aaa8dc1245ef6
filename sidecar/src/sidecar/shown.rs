//! What the sidecar shows of itself: whether the API server has told it what its pod is, so that an end of the driver could be
//! settled and cleaned up after, and its metrics.

use std::sync::Arc;

use codriver_kube::Client;

use crate::{
    credentials,
    health::Shown,
    metrics::{self, API_ERRORS, Metrics, READY},
    sidecar::own_pod::OwnPod,
};

/// Reads it off these. Without a client there is no service account, without credentials none are served.
pub fn shown(
    client: Option<Arc<Client>>,
    own_pod: OwnPod,
    credentials: Option<credentials::Watcher>,
    metrics: Arc<Metrics>,
) -> Shown {
    let has_account = client.is_some();
    let known = own_pod.clone();
    let lacks = move || match has_account {
        _ if known.is_known() => None,
        false => Some("there is no service account to ask the API server with"),
        true => Some("the API server has not told this pod yet"),
    };
    let page = move || {
        metrics.set(&READY, &[], f64::from(own_pod.is_known()));
        let failures = client.as_ref().map_or(0, |client| client.failures());
        metrics.set(&API_ERRORS, &[], metrics::number(failures));
        if let Some(standing) = &credentials {
            credentials::measure(&standing(), &metrics);
        }
        metrics.page()
    };
    // A driver is not kept waiting: what it needs is there, or held for it.
    Shown { awaits: Box::new(|| None), lacks: Box::new(lacks), page: Box::new(page) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sidecar::{
        events::Events,
        test_api::{Api, pod},
    };

    #[tokio::test(start_paused = true)]
    async fn it_is_ready_once_the_api_server_has_told_the_pod() {
        let began = tokio::time::Instant::now();
        let api = Api::new(move |_| Some(if began.elapsed().is_zero() { (403, "{}") } else { (200, "{}") }));
        let client = Some(api.client());
        let own_pod = OwnPod::read(client.clone(), &pod(), Arc::new(Events::new(None, pod())));
        let shown = shown(client, own_pod.clone(), None, Arc::default());
        assert_eq!((shown.lacks)(), Some("the API server has not told this pod yet"));
        assert!((shown.page)().contains("codriver_ready 0"));
        own_pod.specification(Duration::from_secs(60)).await.unwrap();
        assert_eq!((shown.lacks)(), None);
        let page = (shown.page)();
        assert!(page.contains("codriver_ready 1\n") && page.contains("codriver_api_errors_total 1\n"), "{page}");
    }

    #[tokio::test]
    async fn without_a_service_account_it_is_never_ready() {
        let own_pod = OwnPod::read(None, &pod(), Arc::new(Events::new(None, pod())));
        let shown = shown(None, own_pod, None, Arc::default());
        assert_eq!((shown.lacks)(), Some("there is no service account to ask the API server with"));
    }
}
