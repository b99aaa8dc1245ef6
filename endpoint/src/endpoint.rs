//! The endpoint as a whole: the one `select!` that turns the world into the keeper's events and its effects into the world.

use std::{
    future::pending,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use codriver_creds::{Credentials, Error};
use tokio::{
    net::TcpListener,
    time::{Instant, sleep_until},
};

use zeroize::Zeroizing;

use crate::{
    description::Description,
    gate::Gate,
    keeper::{Effect, Event, Keeper, Moment},
    last::Last,
    serve::{self, Server},
    shelf::{Shelf, Standing},
    upstream::Upstream,
};

/// An endpoint that listens, before anything is asked.
pub struct Endpoint {
    listeners: Vec<TcpListener>,
    upstream: Upstream,
    last: Last,
    gate: Gate,
    shelf: Shelf,
}

impl Endpoint {
    /// Listens: from now on clients are held and not refused.
    ///
    /// # Errors
    /// All that is wrong, each in a sentence: the address is taken, the token cannot be read, the description makes no sense.
    pub fn bind(description: &Description) -> Result<Self, Vec<String>> {
        let upstream = Upstream::new(description);
        let token = std::fs::read(&description.token_file)
            .map(Zeroizing::new)
            .and_then(|token| if token.is_empty() { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(token) })
            .map_err(|error| {
                format!("the endpoint's token {} cannot be read: {error}", description.token_file.display())
            });
        let listeners = serve::bind(description.address).map_err(|error| {
            format!(
                "cannot serve credentials on {}: {error}; hint: another container of the pod may use the port",
                description.address
            )
        });
        match (upstream, token, listeners) {
            (Ok(upstream), Ok(token), Ok(listeners)) => {
                let port =
                    listeners.first().and_then(|first| first.local_addr().ok()).map_or(0, |address| address.port());
                Ok(Self {
                    upstream,
                    last: Last::beside(&description.token_file),
                    gate: Gate::new(&token, &description.path, port),
                    listeners,
                    shelf: Shelf::default(),
                })
            }
            (upstream, token, listeners) => {
                let mut wrong = upstream.err().unwrap_or_default();
                wrong.extend(token.err());
                wrong.extend(listeners.err());
                Err(wrong)
            }
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.listeners.first().and_then(|first| first.local_addr().ok())
    }

    /// Says how it stands, at any time.
    pub fn watcher(&self) -> impl Fn() -> Standing + Send + Sync + 'static {
        let shelf = self.shelf.clone();
        move || shelf.standing()
    }

    /// Serves and refreshes for ever. The alarm is for credentials that are about to end while no new ones can be had, with
    /// how it stands and what is left; once for each shortage.
    pub async fn run(self, alarm: impl Fn(&Standing, Duration)) {
        let server = Arc::new(Server { gate: self.gate, shelf: self.shelf.clone(), crowd: Mutex::default() });
        for listener in self.listeners {
            tokio::spawn(Arc::clone(&server).serve(listener));
        }
        let begun = Instant::now();
        let (mut keeper, mut asking, mut wake) = (Keeper::default(), None, None);
        let mut event = Event::Begun(self.last.read());
        loop {
            let now = Moment { wall: SystemTime::now(), steady: begun.elapsed() };
            for effect in keeper.step(event, now, fastrand::f64()) {
                match effect {
                    Effect::Ask => asking = Some(Box::pin(self.upstream.ask()) as Call<'_>),
                    Effect::Wake(after) => wake = Some(Instant::now() + after),
                    Effect::Publish(credentials) => publish(credentials, now.wall, &self.shelf, &self.last),
                    Effect::Warn(left) => {
                        tracing::error!(seconds_left = left.as_secs(), "the credentials are about to end");
                        alarm(&self.shelf.standing(), left);
                    }
                }
            }
            event = tokio::select! {
                answer = finished(&mut asking) => match answer {
                    Ok(credentials) => {
                        self.shelf.refreshed();
                        Event::Granted(credentials)
                    }
                    Err(error) => {
                        let kind = error.kind();
                        self.shelf.failed(error);
                        Event::Failed(kind)
                    }
                },
                () = at(&mut wake) => Event::Woken,
            };
        }
    }
}

/// A call upstream.
type Call<'a> = Pin<Box<dyn Future<Output = Result<Credentials, Error>> + 'a>>;

fn publish(credentials: Credentials, now: SystemTime, shelf: &Shelf, last: &Last) {
    // Keys without an end are in this process's own environment, and may be replaced there.
    let ends = credentials.expires.is_some();
    let page = shelf.stock(credentials, now);
    if ends && let Err(error) = last.keep(&page) {
        tracing::warn!(%error, "the credentials are not kept for a restart of this sidecar");
    }
}

/// Waits for the call's end, once; for ever when none is under way.
async fn finished(call: &mut Option<Call<'_>>) -> Result<Credentials, Error> {
    let result = match call {
        Some(call) => call.await,
        None => pending().await,
    };
    *call = None;
    result
}

/// Waits for the moment, once; for ever when there is none.
async fn at(moment: &mut Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(*moment).await,
        None => pending().await,
    }
    *moment = None;
}
