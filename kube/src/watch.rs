//! Changes to objects as they happen (Kubernetes, "API concepts": efficient detection of changes).

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::lines::Lines;
use crate::{Error, Metadata};

/// How long one watch lasts before the server ends it, and so, with a little more, how long a connection that died in
/// silence is believed.
pub const WATCH: Duration = Duration::from_secs(120);

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<T> {
    /// The object is new, or is now like this.
    Is(T),
    /// It is gone; this is how it was at last.
    Gone(T),
}

/// A watch that runs. Dropping it ends it.
#[derive(Debug)]
pub struct Watch {
    lines: Lines,
    version: Option<String>,
}

/// A line of a watch.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    what: String,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// What every line's object has.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Versioned {
    metadata: Metadata,
}

/// What the server sends in place of a change when the watch failed.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    code: u16,
}

impl Watch {
    pub(crate) fn new(lines: Lines) -> Self {
        Self { lines, version: None }
    }

    /// The version that was heard of last, if any: where the next watch goes on. Bookmarks move it without a change.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The next change; none when the server has ended the watch. Losing a `select!` loses nothing.
    ///
    /// # Errors
    /// The connection broke off, or [`Error::Gone`]: the version is too old.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<Change<T>>, Error> {
        while let Some(line) = self.lines.next().await? {
            let malformed = |error: serde_json::Error| self.lines.malformed(error.to_string());
            let line: Line<'_> = serde_json::from_slice(&line).map_err(malformed)?;
            let object = line.object.get();
            if line.what == "ERROR" {
                let status: Status = serde_json::from_str(object).map_err(malformed)?;
                return Err(Error::of_answer(self.lines.subject().clone(), status.code, None, object.as_bytes()));
            }
            let of: Versioned = serde_json::from_str(object).map_err(malformed)?;
            let change = match line.what.as_str() {
                "ADDED" | "MODIFIED" => Some(Change::Is(serde_json::from_str(object).map_err(malformed)?)),
                "DELETED" => Some(Change::Gone(serde_json::from_str(object).map_err(malformed)?)),
                // A bookmark, or what a later Kubernetes may invent.
                _ => None,
            };
            self.version = Some(of.metadata.resource_version);
            if change.is_some() {
                return Ok(change);
            }
        }
        Ok(None)
    }
}
