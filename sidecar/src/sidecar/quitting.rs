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
    use std::sync::Mutex;

    use codriver_kube::{Client, Config};
    use http_body_util::{BodyExt, Full};
    use hyper::{Request, Response, body::Bytes, body::Incoming, service::service_fn};
    use hyper_util::rt::TokioIo;
    use serde_json::Value;

    use super::*;
    use crate::{mesh::catalogue::Known, sidecar::Pod};

    /// An API server that takes any event.
    fn server(events: &Arc<Mutex<Vec<Value>>>) -> Arc<Client> {
        let events = Arc::clone(events);
        let open = move || {
            let (ours, theirs) = tokio::io::duplex(1 << 16);
            let events = Arc::clone(&events);
            tokio::spawn(async move {
                let service = service_fn(async |request: Request<Incoming>| {
                    let body = request.into_body().collect().await?.to_bytes();
                    events.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
                    Ok::<_, hyper::Error>(Response::new(Full::<Bytes>::from("{}")))
                });
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(theirs), service).await;
            });
            Ok(ours)
        };
        Arc::new(Client::new(Config::over(open)))
    }

    #[tokio::test]
    async fn a_proxy_that_stays_is_told_with_the_remedy_and_one_that_goes_is_only_counted() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let pod = Pod { namespace: "etl".into(), name: "p".into(), uid: "u".into(), container: "driver".into() };
        let quitter = Quitter {
            wish: Wish::default(),
            container: "driver".into(),
            own_pod: OwnPod::read(None, &pod),
            events: Arc::new(Events::new(Some(server(&told)), pod)),
            metrics: Arc::default(),
        };
        let target = Known::named("linkerd").unwrap().target("linkerd-proxy");
        quitter.tell(&target, Came::Quit, 1).await;
        assert_eq!(*told.lock().unwrap(), [] as [Value; 0]);
        quitter.tell(&target, Came::Refused(404), 1).await;
        let events = told.lock().unwrap();
        let [event] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(
            (&event["reason"], &event["metadata"]["name"]),
            (&"ProxyStays".into(), &"codriver-u-proxy-4191-1".into())
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
