//! The requests that go on for as long as there is something to tell: a watch, and a container's log.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::{Client, Collection, page_query};
use crate::items::LARGEST_OBJECT;
use crate::lines::Lines;
use crate::request::query;
use crate::watch::{WATCH, Watch};
use crate::{Error, Kind, Verb};

/// A wait without an end that the clock can still count to.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

impl Client {
    /// All of these objects as they were at one moment, page by page, and the version of that moment, from which a
    /// [watch](Client::watch) goes on.
    ///
    /// # Errors
    /// As [`Client::list_metadata`].
    pub async fn snapshot<T: DeserializeOwned>(
        &self,
        of: &Collection<'_>,
        each: &mut (dyn FnMut(T) + Send),
    ) -> Result<String, Error> {
        let mut page = None;
        loop {
            let mut call = self.call(Verb::List, of.kind, of.namespace, None);
            call.target.push_str(&page_query(of, page.as_deref()));
            let answer = self.exchange.send(&call).await?;
            let metadata = self.read_list(&call, answer, each).await?;
            let version = metadata.resource_version.clone().unwrap_or_default();
            page = metadata.into_next();
            if page.is_none() {
                return Ok(version);
            }
        }
    }

    /// Every change to these objects after this version, as it happens. The server ends it after [`crate::WATCH`], and then
    /// the next one goes on from the last version that was heard.
    ///
    /// # Errors
    /// As [`Error`] says; [`Error::Gone`]: the version is too old, so take a new [snapshot](Client::snapshot).
    pub async fn watch(&self, of: &Collection<'_>, version: &str) -> Result<Watch, Error> {
        let mut call = self.call(Verb::Watch, of.kind, of.namespace, None);
        let seconds = WATCH.as_secs().to_string();
        call.target.push_str(&query(&[
            ("labelSelector", of.selector),
            ("fieldSelector", of.fields),
            ("resourceVersion", version),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", &seconds),
            ("watch", "true"),
        ]));
        Ok(Watch::new(self.exchange.lines(&call, LARGEST_OBJECT, WATCH + self.deadlines.idle).await?))
    }

    /// The lines that a container writes, with the time before each, until it ends. `since` is a time in RFC 3339, or empty
    /// for all of them; the server counts it in whole seconds, so lines of that second may come again. Lines longer than
    /// `longest` bytes come in pieces. A container may be silent for long, so there is no deadline between two lines: the
    /// caller ends it by dropping it.
    ///
    /// # Errors
    /// As [`Error`] says; while the container has not started, the server answers 400.
    pub async fn log(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        since: &str,
        longest: usize,
    ) -> Result<Lines, Error> {
        let mut call = self.call(Verb::Get, Kind::PodLogs, namespace, Some(pod));
        call.accept = "*/*";
        call.target.push_str(&query(&[
            ("container", container),
            ("follow", "true"),
            ("timestamps", "true"),
            ("sinceTime", since),
        ]));
        self.exchange.lines(&call, longest, FOR_EVER).await
    }
}
