//! The shelf between the one who asks and the many who want: the last good credentials, or why there are none.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use codriver_creds::{Credentials, Error, ErrorKind};
use hyper::{StatusCode, body::Bytes};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::page;

/// A request that comes before the credentials is held so long, rather than refused: after one refusal some clients ask the
/// machine for ever. SDKs wait 2 to 5 s for an answer and ask again; the others need not.
pub const HOLD: Duration = Duration::from_secs(10);
/// What has no end of its own is said to live so long from each answer on.
const ROLLING: Duration = Duration::from_secs(3600);

/// How it stands with the credentials: for metrics, health and events. Nothing secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// When the present ones came.
    pub since: Option<SystemTime>,
    /// When they end.
    pub expires: Option<SystemTime>,
    /// Calls upstream that gave something.
    pub refreshes: u64,
    /// Calls that failed, by kind.
    pub failures: BTreeMap<&'static str, u64>,
    /// Answers to clients, by status.
    pub answers: BTreeMap<u16, u64>,
    /// Why the last call failed; none after a success.
    pub trouble: Option<String>,
    /// The last call failed for a reason that waiting does not mend.
    pub is_hopeless: bool,
}

/// What is served at the moment.
#[derive(Debug, Default)]
struct Stock {
    held: Option<Served>,
    /// Why the last call failed.
    trouble: Option<Error>,
}

#[derive(Debug)]
struct Served {
    credentials: Credentials,
    page: Bytes,
    /// By the steady clock.
    ends: Option<Instant>,
}

/// Where clients find the credentials.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    stock: watch::Sender<Stock>,
    standing: Arc<Mutex<Standing>>,
}

impl Shelf {
    /// The answer for a client that may have it; waits for it at most [`HOLD`], and not at all once it is known that it cannot
    /// be had.
    pub async fn take(&self) -> (StatusCode, Bytes) {
        let deadline = Instant::now() + HOLD;
        let mut stock = self.stock.subscribe();
        loop {
            if let Some(answer) = stock.borrow_and_update().answer() {
                return answer;
            }
            let changed = timeout_at(deadline, stock.changed()).await;
            if !matches!(changed, Ok(Ok(()))) {
                return stock.borrow().excuse();
            }
        }
    }

    /// One more answer.
    pub fn count(&self, status: StatusCode) {
        *self.numbers().answers.entry(status.as_u16()).or_default() += 1;
    }

    /// Puts new credentials on it, which came at this time; what is served of them comes back.
    pub fn stock(&self, credentials: Credentials, now: SystemTime) -> Bytes {
        let page = Bytes::from_owner(page::credentials(&credentials, now + ROLLING));
        let left = credentials.expires.map(|ends| ends.duration_since(now).unwrap_or_default());
        // Keys are looked at again, and mostly the same.
        if self.stock.borrow().held.as_ref().is_none_or(|held| held.credentials != credentials) {
            tracing::info!(seconds_left = left.map(|left| left.as_secs()), "serving new credentials");
            let mut standing = self.numbers();
            (standing.since, standing.expires) = (Some(now), credentials.expires);
        }
        let ends = left.map(|left| Instant::now() + left);
        let held = Some(Served { credentials, page: page.clone(), ends });
        self.stock.send_modify(|stock| *stock = Stock { held, trouble: None });
        page
    }

    /// A call gave something.
    pub fn refreshed(&self) {
        let mut standing = self.numbers();
        (standing.refreshes, standing.trouble, standing.is_hopeless) = (standing.refreshes + 1, None, false);
    }

    /// A call failed; what is there is served as long as it lives.
    pub fn failed(&self, error: Error) {
        tracing::warn!(hint = error.remedy(), "no new credentials: {error}");
        let mut standing = self.numbers();
        *standing.failures.entry(label(error.kind())).or_default() += 1;
        standing.trouble = Some(error.to_string());
        standing.is_hopeless = !can_pass(&error);
        drop(standing);
        self.stock.send_modify(|stock| stock.trouble = Some(error));
    }

    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.numbers().clone()
    }

    fn numbers(&self) -> MutexGuard<'_, Standing> {
        // Each number is whole at any time, so a panic elsewhere does not spoil them.
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stock {
    /// What can be said at once.
    fn answer(&self) -> Option<(StatusCode, Bytes)> {
        let served = self.held.as_ref().filter(|served| served.is_alive());
        if let Some(served) = served {
            return Some((StatusCode::OK, served.page()));
        }
        // What can pass is worth waiting for.
        let trouble = self.trouble.as_ref()?;
        (!can_pass(trouble)).then(|| self.excuse())
    }

    /// What is said when nothing came.
    fn excuse(&self) -> (StatusCode, Bytes) {
        let (status, body) = self.trouble.as_ref().map_or_else(
            || (503, page::refusal("NotYet", "codriver has not got credentials yet; its log says what it waits for")),
            page::trouble,
        );
        (StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE), body.into())
    }
}

impl Served {
    fn is_alive(&self) -> bool {
        let wall = self.credentials.expires.is_none_or(|ends| ends > SystemTime::now());
        wall && self.ends.is_none_or(|ends| ends > Instant::now())
    }

    fn page(&self) -> Bytes {
        match self.credentials.expires {
            Some(_) => self.page.clone(),
            None => Bytes::from_owner(page::credentials(&self.credentials, SystemTime::now() + ROLLING)),
        }
    }
}

fn can_pass(error: &Error) -> bool {
    page::trouble(error).0 >= 500
}

/// The kind of a failure, as a metric's label.
fn label(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Refused => "refused",
        ErrorKind::Unreachable => "unreachable",
        ErrorKind::Temporary => "temporary",
        ErrorKind::Configuration => "configuration",
        ErrorKind::Malformed => "malformed",
        ErrorKind::Unsupported => "unsupported",
    }
}

#[cfg(test)]
mod tests;
