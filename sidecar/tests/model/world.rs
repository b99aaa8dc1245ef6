//! The whole of a driver's pod as one state, and what is promised of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use codriver::{protocol::Attempt, sidecar::machine::Memory, verdict::Verdict};

use crate::{explore::Model, kubelet, sidecar::Sidecar, wrapper::Container};

/// What may still happen beside a driver that starts and ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Chances {
    /// Starts of the driver's container in all (`restartPolicy: OnFailure`).
    pub attempts: u8,
    /// Things that go wrong, of any kind and in any order: SIGKILL to the whole container (out of memory), to the driver alone, to
    /// the sidecar (between two steps, or in the middle of one); an API server that goes away; a pod that is deleted; SIGTERM to
    /// the sidecar alone while its driver runs.
    pub mishaps: u8,
}

/// A line on the way from a wrapper to the sidecar.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Line {
    Hello,
    Started,
    Farewell(Verdict),
    End,
}

/// What the API server shows.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub struct Api {
    pub away: bool,
    pub running: Option<u8>,
    pub ended: BTreeMap<u8, Verdict>,
}

/// Why a promise may be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bound {
    /// No status came within the settle time, since the API server was away.
    Settled,
    /// The pod was deleted, its grace period is used up, and SIGKILL follows for everyone.
    GraceUsedUp,
    /// No wrapper was ever heard, SIGTERM came, and the API server showed an end that a restart had followed.
    StatusLate,
    /// The sidecar was dead when the pod ended: the kubelet starts none in a pod that ends. Owner references and `codriver sweep`
    /// are for this.
    NoSidecarAtTheEnd,
}

/// One state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    pub chances: Chances,
    /// The driver's container while it runs.
    pub container: Option<Container>,
    /// Starts of it so far.
    pub started: u8,
    /// How each attempt's container ended in truth.
    pub ended: BTreeMap<u8, Verdict>,
    /// What is on its way, by attempt.
    pub lines: BTreeMap<u8, VecDeque<Line>>,
    pub sidecar: Option<Sidecar>,
    /// The sidecar's file in the shared volume.
    pub notebook: Memory,
    pub api: Api,
    pub deleting: bool,
    /// The kubelet has ended the sidecar for good.
    pub over: bool,
    pub history: History,
}

/// What only an observer knows.
#[derive(Debug, Default, Clone, PartialEq, Eq, Hash)]
pub struct History {
    /// What each wrapper announced.
    pub announced: BTreeMap<u8, Verdict>,
    /// What the sidecar made of each attempt.
    pub verdicts: BTreeMap<u8, Verdict>,
    /// A driver ran since the last cleanup began.
    pub dirty: bool,
    /// The bounds that were used.
    pub bounds: BTreeSet<Bound>,
    /// The first promise that was broken.
    pub broken: Option<String>,
}

impl World {
    pub fn new(chances: Chances) -> Self {
        let mut world = Self {
            chances,
            container: None,
            started: 0,
            ended: BTreeMap::new(),
            lines: BTreeMap::new(),
            sidecar: None,
            notebook: Memory::default(),
            api: Api::default(),
            deleting: false,
            over: false,
            history: History::default(),
        };
        // The startup probe: no container starts before the sidecar listens.
        Sidecar::start(&mut world);
        kubelet::start_container(&mut world);
        world
    }

    /// Two at once, such as a SIGTERM that is overtaken by a SIGKILL, may count as one.
    pub fn goes_wrong(&mut self) {
        self.chances.mishaps = self.chances.mishaps.saturating_sub(1);
    }

    pub fn promise(&mut self, kept: bool, promise: &str) {
        if !kept && self.history.broken.is_none() {
            self.history.broken = Some(promise.to_owned());
        }
    }

    /// Whether the attempt's driver is alive; attempt 0 stands for whichever runs.
    pub fn driver_lives(&self, attempt: u8) -> bool {
        let is_its = |number: u8| attempt == 0 || number == attempt;
        self.container.as_ref().is_some_and(|container| is_its(container.number) && container.driver.lives())
    }
}

/// The attempt of this number, as the wrapper makes it.
pub fn attempt(number: u8) -> Attempt {
    Attempt { number: number.into(), application_id: format!("spark-{number}"), since: number.into() }
}

impl Model for World {
    fn next(&self) -> Vec<(String, Self)> {
        let mut next = kubelet::steps(self);
        next.extend(crate::wrapper::steps(self));
        next.extend(crate::sidecar::steps(self));
        next
    }

    fn broken(&self) -> Option<String> {
        if self.history.broken.is_some() {
            return self.history.broken.clone();
        }
        let left = self.over && self.history.dirty && self.history.bounds.is_empty();
        left.then(|| "it is over, nothing was cleaned up since a driver ran, and no bound says why".to_owned())
    }

    fn is_over(&self) -> bool {
        self.over
    }
}
