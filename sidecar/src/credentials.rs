//! `codriver credentials`: serves an executor's pod its credentials, and does nothing else. It is a native sidecar there, put
//! into the executors' pod template by codriver-init; the driver's pod has them from [`crate::sidecar`]. [`codriver_endpoint`]
//! does the work.

use std::{
    env,
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use codriver_endpoint::{Description, Endpoint, Standing, token};
use nix::sys::signal::Signal;

use crate::{
    args::CredentialsArgs,
    failure::Failure,
    health::{self, Shown},
    metrics::{
        CREDENTIALS_EXPIRATION, CREDENTIALS_REFRESHES, CREDENTIALS_REQUESTS, CREDENTIALS_START, Metrics, number,
    },
    signals::{Arrived, Caught},
    undumped,
};

/// What clients must show where they can have it from a variable only (the AWS SDK of Hadoop before 3.4). Without it a token is
/// made by chance. No flag: command lines are seen by all.
const TOKEN: &str = "CODRIVER_ENDPOINT_TOKEN";
/// So long the startup probe waits for the first credentials, if they may come. SDKs give up after 6 to 9 s, and an STS that throttles
/// needs longer for hundreds of executors that start together. codriver-init sets the probe's patience, which is longer.
const FIRST: Duration = Duration::from_secs(120);
/// What says at any time how it stands.
pub type Watcher = Box<dyn Fn() -> Standing + Send + Sync>;

/// Serves until SIGTERM, and returns 0.
///
/// # Errors
/// At the start only: all that is wrong with the description, the token's folder and the addresses. The startup probe fails
/// then, and the executor does not start: it would become somebody else.
pub async fn run(args: CredentialsArgs) -> Result<u8, Failure> {
    let mut signals = Caught::register()?;
    let description = Description::parse(args.endpoint.as_bytes())
        .map_err(|error| Failure::Configuration(vec![format!("CODRIVER_ENDPOINT is wrong: {error}")]))?;
    let given = env::var(TOKEN).ok();
    token::keep(&description.token_file, given.as_deref()).map_err(|why| Failure::Configuration(vec![why]))?;
    let endpoint = bind(&description)?;
    // After the endpoint, since the startup probe asks here: no client is ever refused.
    let listener = health::bind(args.health).await?;
    tokio::spawn(health::serve(listener, shown(Box::new(endpoint.watcher()))));
    tokio::select! {
        // Shortage is in the log already; there is nobody here to tell an event.
        () = endpoint.run(|_, _| ()) => {}
        () = end(&mut signals) => tracing::info!("asked to stop; the executor's containers have ended"),
    }
    Ok(0)
}

/// Listens, from now on, in a process whose memory nobody else reads.
///
/// # Errors
/// All that is wrong.
pub fn bind(description: &Description) -> Result<Endpoint, Failure> {
    undumped::hide_memory()?;
    let endpoint = Endpoint::bind(description).map_err(Failure::Configuration)?;
    tracing::info!(address = %description.address, session = description.session, "serving credentials");
    Ok(endpoint)
}

async fn end(signals: &mut Caught) {
    loop {
        if let Arrived::Named(Signal::SIGTERM | Signal::SIGINT) = signals.next().await {
            return;
        }
    }
}

fn shown(standing: Watcher) -> Shown {
    const NONE: &str = "there are no credentials yet";
    let standing: Arc<Watcher> = Arc::new(standing);
    let [first, watched] = [(); 2].map(|()| Arc::clone(&standing));
    let (begun, metrics) = (Instant::now(), Metrics::default());
    Shown {
        awaits: Box::new(move || awaits_first(&first(), begun.elapsed()).then_some(NONE)),
        lacks: Box::new(move || watched().since.is_none().then_some(NONE)),
        page: Box::new(move || {
            measure(&standing(), &metrics);
            metrics.page()
        }),
    }
}

/// Whether an executor that starts now would meet an endpoint with nothing, and would better start a little later.
fn awaits_first(standing: &Standing, since: Duration) -> bool {
    standing.since.is_none() && !standing.is_hopeless && since < FIRST
}

/// Puts how it stands among the metrics.
pub fn measure(standing: &Standing, metrics: &Metrics) {
    if standing.since.is_some() {
        metrics.set(&CREDENTIALS_START, &[], number(seconds(standing.since)));
    }
    if standing.expires.is_some() {
        metrics.set(&CREDENTIALS_EXPIRATION, &[], number(seconds(standing.expires)));
    }
    metrics.set(&CREDENTIALS_REFRESHES, &["ok"], number(standing.refreshes));
    for (kind, count) in &standing.failures {
        metrics.set(&CREDENTIALS_REFRESHES, &[kind], number(*count));
    }
    for (status, count) in &standing.answers {
        metrics.set(&CREDENTIALS_REQUESTS, &[&status.to_string()], number(*count));
    }
}

/// Since 1970.
pub fn seconds(time: Option<SystemTime>) -> u64 {
    time.and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing() -> Standing {
        Standing {
            since: Some(UNIX_EPOCH + Duration::from_secs(1_795_431_845)),
            expires: Some(UNIX_EPOCH + Duration::from_secs(1_795_435_445)),
            refreshes: 3,
            failures: [("unreachable", 2)].into(),
            answers: [(200, 7), (401, 1)].into(),
            trouble: None,
            is_hopeless: false,
        }
    }

    #[test]
    fn it_is_measured() {
        let metrics = Metrics::default();
        measure(&Standing::default(), &metrics);
        assert!(!metrics.page().contains("expiration"), "{}", metrics.page());
        measure(&standing(), &metrics);
        let page = metrics.page();
        for line in [
            "codriver_credentials_start_timestamp_seconds 1795431845",
            "codriver_credentials_expiration_timestamp_seconds 1795435445",
            r#"codriver_credentials_refreshes_total{result="ok"} 3"#,
            r#"codriver_credentials_refreshes_total{result="unreachable"} 2"#,
            r#"codriver_credentials_requests_total{code="200"} 7"#,
            r#"codriver_credentials_requests_total{code="401"} 1"#,
        ] {
            assert!(page.lines().any(|it| it == line), "{line}\n{page}");
        }
    }

    #[test]
    fn executors_wait_for_the_first_credentials_while_these_may_come() {
        let (nothing, refused) = (Standing::default(), Standing { is_hopeless: true, ..Standing::default() });
        for (standing, seconds, waits) in [
            (&nothing, 0, true),
            (&nothing, 119, true),
            (&nothing, 120, false),
            (&refused, 1, false),
            (&standing(), 1, false),
        ] {
            assert_eq!(awaits_first(standing, Duration::from_secs(seconds)), waits, "{standing:?} after {seconds} s");
        }
    }

    #[test]
    fn it_is_ready_with_the_first_credentials() {
        assert_eq!((shown(Box::new(Standing::default)).lacks)(), Some("there are no credentials yet"));
        assert_eq!((shown(Box::new(standing)).lacks)(), None);
    }
}
