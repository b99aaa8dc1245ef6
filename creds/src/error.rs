//! Why there are no credentials: what kind of trouble, the cause, and what to do about it.

use crate::clock::Skew;

/// What callers tell apart, since they do different things about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Understood, and refused. Asking again changes nothing until somebody changes the token, the keys or the role.
    Refused,
    /// Nothing that could have answered did so in time.
    Unreachable,
    /// Asked to come later, as often as it was tried.
    Temporary,
    /// What was asked can never be granted: the request itself, or a setting behind it, is wrong.
    Configuration,
    /// Something answered, but not as it should.
    Malformed,
    /// The server is well, but does not know this kind of request. Stores that imitate AWS leave some out.
    Unsupported,
}

/// Why something was not given. `Display` is the cause in one line, without any secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Error {
    kind: ErrorKind,
    cause: String,
    remedy: String,
    clock: Option<Skew>,
}

impl Error {
    /// Of a cause (object and what is wrong with it) and a remedy, one line each. Whoever makes one has masked secrets.
    #[must_use]
    pub fn new(kind: ErrorKind, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { kind, cause: cause.into(), remedy: remedy.into(), clock: None }
    }

    /// The same, with what the answer told about the clocks.
    #[must_use]
    pub(crate) fn at(mut self, clock: Option<Skew>) -> Self {
        self.clock = clock;
        self
    }

    /// How far this node's clock is from that of the server that answered, when that makes trouble.
    #[must_use]
    pub fn clock(&self) -> Option<Skew> {
        self.clock
    }

    /// What kind of trouble it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What to do, in one line; may hold a policy statement to paste.
    #[must_use]
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}
