//! What the sidecar's machine hears and says: its events and effects, and what these carry.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::{
    protocol::Attempt,
    verdict::{Evidence, Verdict},
};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// The sidecar starts, with what an earlier life of it wrote down.
    Awake(Memory),
    /// A wrapper connected, for the first time or again.
    Hello(Attempt),
    /// Its driver runs.
    Started,
    /// It said how its driver ended.
    Farewell {
        /// How.
        verdict: Verdict,
        /// The code that its container ends with instead of the verdict's.
        mapped: Option<u8>,
    },
    /// Its stream ended.
    StreamEnded,
    /// The API server's answer about the driver's container.
    Status(Status),
    /// A timer that was armed rang.
    Overdue(Timer),
    /// An executor of the attempt of this number serves.
    ExecutorsCame(u32),
    /// No executor came by the deadline that the user set.
    NoExecutors {
        /// To which attempt.
        attempt: u32,
        /// In words.
        why: String,
    },
    /// The cleanup after the oldest ended attempt is over, well or not.
    CleanupEnded,
    /// There is nothing more to ask the proxies.
    QuitEnded,
    /// The kubelet's SIGTERM: the pod is at its end.
    Terminated,
}

/// What the API server says of the driver's container.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Status {
    /// It runs, or is about to run again without anybody who counts its starts.
    Running {
        /// The pod carries a deletion timestamp.
        deleting: bool,
    },
    /// This attempt of it is over.
    Ended {
        /// As its exit code says.
        verdict: Verdict,
        /// The kubelet's word: `OOMKilled`, `Error`, …
        reason: Option<String>,
    },
    /// No answer, or an empty status: node loss and pod garbage collection leave none.
    Unknown,
}

/// The waits of the sidecar; [`crate::sidecar::drive`] says how long each is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// For the status after an end of stream.
    Settle,
    /// The same after SIGTERM: there may be two seconds in all, and the cleanup matters more.
    LastSettle,
    /// Between two looks at a driver that has no wrapper.
    Alone,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[must_use = "an effect not carried out is a promise not kept"]
pub enum Effect {
    /// Ask the API server about the driver's container, instead of any question before; answered by [`Event::Status`].
    AskStatus(Attempt),
    /// The same after a pause, since the last answer settled nothing.
    AskAgain(Attempt),
    /// Start a timer; there is one of each kind.
    Arm(Timer),
    /// Look after the attempt's executors, instead of any before; answered by [`Event::ExecutorsCame`] or [`Event::NoExecutors`].
    WatchExecutors(Attempt),
    /// No longer.
    StopWatching,
    /// Order the wrapper to end its driver, for this reason, with the code that means that a retry may help.
    GiveUp(String),
    /// Write down what a restarted sidecar must know.
    Remember(Memory),
    /// Remove what the attempt left; answered by [`Event::CleanupEnded`].
    Clean {
        /// Whose.
        ended: Ended,
        /// The application id of an attempt that lives already.
        spare: Option<String>,
    },
    /// Ask the proxies of the pod to quit, if this was the last attempt; answered by [`Event::QuitEnded`].
    Quit(Ended),
    /// Leave them alone: the driver is back, or the kubelet ends them now.
    StopQuitting,
    /// End with 0.
    Exit(Why),
}

/// Why the sidecar ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// All attempts are over and cleaned up after.
    AllDone,
    /// SIGTERM came, but the driver runs and its pod is not being deleted: somebody ended this container alone, and the kubelet restarts it.
    DriverLives,
}

/// An attempt that is over.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ended {
    /// Which.
    pub attempt: Attempt,
    /// How it ended.
    pub verdict: Verdict,
    /// How that is known.
    pub evidence: Evidence,
    /// The code that its container ends with instead of the verdict's.
    pub mapped: Option<u8>,
    /// The kubelet's word on it, where it was asked.
    pub reason: Option<String>,
}

impl Ended {
    /// What the kubelet goes by: the code of the driver's container, where it is known.
    #[must_use]
    pub fn container_code(&self) -> Option<u8> {
        self.mapped.or(self.verdict.code())
    }
}

/// What survives a restart of the sidecar.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Memory {
    /// The attempt that lived when this was written.
    pub current: Option<Attempt>,
    /// Those that wait for their cleanup, the oldest first.
    pub ended: VecDeque<Ended>,
    /// Whether a wrapper was ever there, or the end of a driver without one is known.
    pub met: bool,
    /// The newest attempt whose verdict is known.
    #[serde(default)]
    pub decided: u32,
    /// The attempt whose executors came; it may have let them go since.
    #[serde(default)]
    pub served: Option<u32>,
}
