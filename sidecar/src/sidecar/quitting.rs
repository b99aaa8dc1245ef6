//! Asks the pod's proxies to quit, all at once, and says what comes of it: in the log, and of those that stay as an event.

use std::{sync::Arc, time::Duration};

use codriver_kube::Client;
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    mesh::{
        Target,
        ask::ask,
        asking::{Came, PAUSE},
        plan::{Plan, plan},
        wish::Wish,
    },
    metrics::Metrics,
    sidecar::{
        events::{Events, Note, Reason},
        machine::Ended,
        measured,
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
    /// The API server; absent without a service account.
    pub client: Option<Arc<Client>>,
    /// Which containers there are.
    pub own_pod: OwnPod,
    /// Where proxies that stay are told.
    pub events: Arc<Events>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl Quitter {
    /// Asks if the attempt was the last, until all are gone for a while or nothing more can be done. Dropping the future
    /// ends it.
    pub async fn quit(&self, ended: &Ended) {
        if self.wish == Wish::default() {
            return;
        }
        let pod = self.own_pod.specification(READ).await;
        match plan(&self.wish, pod.as_ref(), &self.container, ended.container_code()) {
            Plan::Restarts => tracing::info!("the driver will be started again, so its proxies are left alone"),
            Plan::Ask(targets) => self.ask_all(targets, ended.attempt.number).await,
        }
    }

    async fn ask_all(&self, targets: Vec<Target>, attempt: u32) {
        // A proxy that drains waits for the connections that go through it.
        self.client.iter().for_each(|client| client.hang_up());
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
        measured::proxy(&self.metrics, target.proxy, came);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mesh::catalogue::Known,
        protocol::Attempt,
        sidecar::test_api::{Api, pod},
        verdict::{Evidence, Verdict},
    };

    fn quitter(api: &Arc<Api>, wish: &str) -> Quitter {
        let events = Arc::new(Events::new(Some(api.client()), pod()));
        Quitter {
            wish: wish.parse().unwrap(),
            container: "driver".into(),
            client: None,
            own_pod: OwnPod::read(Some(api.client()), &pod(), Arc::clone(&events)),
            events,
            metrics: Arc::default(),
        }
    }

    fn ended(verdict: Verdict) -> Ended {
        let attempt = Attempt { number: 1, application_id: "spark-x-1".into(), since: 5 };
        Ended { attempt, verdict, evidence: Evidence::Farewell, mapped: None, reason: None }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_asked_while_the_driver_is_to_be_started_again() {
        let api = Api::new(|_| Some((200, r#"{"spec":{"restartPolicy":"OnFailure"}}"#)));
        let quitter = quitter(&api, "auto; POST http://127.0.0.1:1/quit");
        quitter.quit(&ended(Verdict::Exited(1))).await;
        assert_eq!(api.requests(), ["GET /api/v1/namespaces/etl/pods/daily-0"]);
        assert_eq!(quitter.metrics.page(), "");
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_exit_map_made_of_the_code_decides_whether_the_driver_is_started_again() {
        for (code, mapped, asks) in [(143, None, false), (143, Some(0), true), (0, Some(1), false), (0, None, true)] {
            let api = Api::new(|_| Some((200, r#"{"spec":{"restartPolicy":"OnFailure"}}"#)));
            let quitter = quitter(&api, "POST http://127.0.0.1:1/quit");
            quitter.quit(&Ended { mapped, ..ended(Verdict::Exited(code)) }).await;
            assert_eq!(!quitter.metrics.page().is_empty(), asks, "{code} {mapped:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_proxy_there_is_nothing_to_wait_for() {
        let began = tokio::time::Instant::now();
        let api = Api::new(|_| Some((200, r#"{"spec":{"restartPolicy":"Never","containers":[{"name":"driver"}]}}"#)));
        quitter(&api, "auto").quit(&ended(Verdict::Exited(0))).await;
        let away = Api::new(|_| None);
        quitter(&away, "none").quit(&ended(Verdict::Exited(0))).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        quitter(&away, "auto").quit(&ended(Verdict::Exited(0))).await;
        assert_eq!(began.elapsed(), READ, "the API server may come back");
    }

    #[tokio::test]
    async fn a_proxy_that_stays_is_told_with_the_remedy_and_one_that_goes_is_only_counted() {
        let api = Api::new(|request| Some(if request.starts_with("POST") { (201, "{}") } else { (200, "{}") }));
        let quitter = quitter(&api, "none");
        let target = Known::named("linkerd").unwrap().target("linkerd-proxy");
        quitter.tell(&target, Came::Quit, 1).await;
        assert!(!api.requests().iter().any(|request| request.starts_with("POST")));
        quitter.tell(&target, Came::Refused(404), 1).await;
        let events = api.bodies();
        let event = events.iter().find(|body| body["kind"] == "Event").unwrap();
        assert_eq!(
            (&event["reason"], &event["metadata"]["name"]),
            (&"ProxyStays".into(), &"codriver-5f3c-6f6e-proxy-4191-1".into())
        );
        assert_eq!(
            event["message"],
            "The driver has ended, and linkerd-proxy may keep the pod alive: asked to quit by POST \
             http://127.0.0.1:4191/shutdown, it answers 404. Hint: Linkerd must be installed with \
             proxy.enableShutdownEndpoint=true; or with proxy.nativeSidecar=true, which needs no request."
        );
        for result in ["quit", "refused"] {
            let line = format!("codriver_proxy_quits_total{{proxy=\"linkerd\",result=\"{result}\"}} 1");
            assert!(quitter.metrics.page().contains(&line), "{line}");
        }
    }
}
