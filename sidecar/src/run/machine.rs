//! What the wrapper does, as a machine without a world: events say what happened, effects what to do about it.

use nix::sys::signal::Signal;

use crate::verdict::{SIGNALLED, Verdict};

/// Where the driver is in its life.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum State {
    /// Signals are caught already, the driver is not there yet.
    Starting,
    Running,
    /// Asked to stop; it has until the grace timer to leave by itself.
    Stopping {
        /// What is said of its end, if codriver gave it up.
        given_up: Option<Verdict>,
        /// It did not leave by itself.
        killed: bool,
    },
    /// The driver is gone and its verdict final; this is waited for before leaving.
    Lingering {
        verdict: Verdict,
        left: Left,
        /// The cleanup, when there is no sidecar for it.
        cleanup: bool,
    },
    Done,
}

/// Who lives of those that descend from an ended driver: PySpark's python, or its JVM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Left {
    /// Nobody, or nobody who can be ended.
    Nobody,
    /// They have got SIGTERM.
    Asked,
    /// They get SIGKILL, until the last is gone.
    Killed,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// The driver process runs.
    Started,
    /// It could not be run.
    NotStarted {
        /// The exit code that says why.
        code: u8,
        /// In words.
        why: String,
    },
    /// A signal came to the wrapper.
    Signal(Signal),
    /// A real-time signal came to the wrapper: a number, since it has no name.
    RealTime(i32),
    /// The sidecar asks for the driver's end, or the driver is stuck; with a verdict where its process's own end will not be the
    /// truth.
    Terminate(Option<Verdict>),
    /// The driver's own status was collected.
    Ended {
        /// How.
        verdict: Verdict,
        /// Whether any of its descendants, or of its process group, still lives.
        leftovers: bool,
    },
    /// One of those is gone, others still live: maybe its own children, which are the wrapper's now.
    LeftoverGone,
    /// The last of them is gone.
    AllGone,
    /// The cleanup is over, well or not.
    CleanedUp,
    /// A timer that was armed rang.
    Overdue(Timer),
}

/// The waits of the wrapper; [`crate::run::Deadlines`] says how long each is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Between the request to stop and SIGKILL. A driver's own end is such a request to what it left.
    Grace,
    /// Between SIGTERM and SIGKILL for what a driver left that was killed itself, when the grace period is over.
    Leftovers,
    /// Between that SIGKILL and leaving regardless: a process in an uninterruptible sleep may never end.
    LastLook,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[must_use = "an effect not carried out is a promise not kept"]
pub enum Effect {
    /// Send the signal to the driver process alone.
    Forward(Signal),
    /// Send the real-time signal to the driver process alone.
    ForwardRealTime(i32),
    /// Send the signal to the driver's whole process group.
    SignalGroup(Signal),
    /// Send the signal to all that an ended driver left: its group, and whoever else descends from it.
    SignalLeftovers(Signal),
    /// Start a timer; there is one of each kind.
    Arm(Timer),
    /// Tell the termination message, the sidecar and the log, in this order.
    Announce(Verdict),
    /// Remove what the driver left in the cluster, within a bound; answered by [`Event::CleanedUp`].
    CleanUp,
    /// End with the verdict's code.
    Leave(Verdict),
}

/// The wrapper's machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wrapper {
    state: State,
    /// There is no sidecar, so the cleanup is the wrapper's own.
    alone: bool,
}

impl Default for Wrapper {
    fn default() -> Self {
        Self { state: State::Starting, alone: false }
    }
}

impl Wrapper {
    /// One that cleans up after its driver itself.
    #[must_use]
    pub fn alone() -> Self {
        Self { alone: true, ..Self::default() }
    }

    /// One event in, the effects to carry out in this order.
    pub fn step(&mut self, event: Event) -> Vec<Effect> {
        match (&self.state, event) {
            (State::Starting, Event::Started) => {
                self.state = State::Running;
                Vec::new()
            }
            (State::Starting, Event::NotStarted { code, why }) => self.never_started(code, why),
            // Nothing to forward it to: the request to stop wins over the start.
            (State::Starting, Event::Signal(signal)) if asks_to_stop(signal) => {
                self.never_started(number(signal), format!("{signal} came before the driver was started"))
            }
            (State::Starting, Event::Terminate(_)) => self.never_started(
                number(Signal::SIGTERM),
                "the sidecar asked for the end before the driver was started".into(),
            ),
            (State::Running, Event::Signal(signal)) if asks_to_stop(signal) => self.stop(signal, None),
            (State::Running, Event::Terminate(verdict)) => self.stop(Signal::SIGTERM, verdict),
            // The second request means: do not wait.
            (State::Stopping { .. }, Event::Signal(signal)) if asks_to_stop(signal) => self.kill(),
            (State::Stopping { .. }, Event::Overdue(Timer::Grace)) => self.kill(),
            (State::Running | State::Stopping { .. }, Event::Signal(signal)) => vec![Effect::Forward(signal)],
            (State::Running | State::Stopping { .. }, Event::RealTime(number)) => vec![Effect::ForwardRealTime(number)],
            // It may have ended by itself in this very moment; then that is the truth.
            (State::Stopping { given_up: Some(given_up), .. }, Event::Ended { verdict, leftovers })
                if obeyed(&verdict) =>
            {
                let verdict = given_up.clone();
                self.ended(verdict, leftovers)
            }
            (State::Running | State::Stopping { .. }, Event::Ended { verdict, leftovers }) => {
                self.ended(verdict, leftovers)
            }
            // The driver is gone, so a second request can only mean its leftovers.
            (State::Lingering { left: Left::Asked, .. }, Event::Signal(signal)) if asks_to_stop(signal) => {
                self.kill_leftovers()
            }
            (State::Lingering { left: Left::Asked, .. }, Event::Overdue(Timer::Grace | Timer::Leftovers)) => {
                self.kill_leftovers()
            }
            (State::Lingering { left: Left::Killed, .. }, Event::LeftoverGone) => {
                vec![Effect::SignalLeftovers(Signal::SIGKILL)]
            }
            (State::Lingering { verdict, cleanup, .. }, Event::AllGone | Event::Overdue(Timer::LastLook)) => {
                self.linger(verdict.clone(), Left::Nobody, *cleanup)
            }
            (State::Lingering { verdict, left, .. }, Event::CleanedUp) => self.linger(verdict.clone(), *left, false),
            _ => Vec::new(),
        }
    }

    fn never_started(&mut self, code: u8, why: String) -> Vec<Effect> {
        self.state = State::Done;
        let verdict = Verdict::NeverStarted { code, why };
        vec![Effect::Announce(verdict.clone()), Effect::Leave(verdict)]
    }

    fn stop(&mut self, signal: Signal, given_up: Option<Verdict>) -> Vec<Effect> {
        self.state = State::Stopping { given_up, killed: false };
        vec![Effect::Forward(signal), Effect::Arm(Timer::Grace)]
    }

    fn kill(&mut self) -> Vec<Effect> {
        if let State::Stopping { killed, .. } = &mut self.state {
            *killed = true;
        }
        vec![Effect::SignalGroup(Signal::SIGKILL)]
    }

    fn kill_leftovers(&mut self) -> Vec<Effect> {
        if let State::Lingering { left, .. } = &mut self.state {
            *left = Left::Killed;
        }
        vec![Effect::SignalLeftovers(Signal::SIGKILL), Effect::Arm(Timer::LastLook)]
    }

    /// The verdict is told before anything else is done, and no cleanup waits for a leftover.
    ///
    /// What is left may be the JVM itself, whose python has ended: it gets as long to write its event log as a driver gets.
    fn ended(&mut self, verdict: Verdict, leftovers: bool) -> Vec<Effect> {
        let mut effects = vec![Effect::Announce(verdict.clone())];
        if self.alone {
            effects.push(Effect::CleanUp);
        }
        if leftovers {
            effects.push(Effect::SignalLeftovers(Signal::SIGTERM));
            match self.state {
                // The grace period goes on.
                State::Stopping { killed: false, .. } => {}
                State::Stopping { .. } => effects.push(Effect::Arm(Timer::Leftovers)),
                _ => effects.push(Effect::Arm(Timer::Grace)),
            }
        }
        let left = if leftovers { Left::Asked } else { Left::Nobody };
        effects.extend(self.linger(verdict, left, self.alone));
        effects
    }

    fn linger(&mut self, verdict: Verdict, left: Left, cleanup: bool) -> Vec<Effect> {
        if left != Left::Nobody || cleanup {
            self.state = State::Lingering { verdict, left, cleanup };
            return Vec::new();
        }
        self.state = State::Done;
        vec![Effect::Leave(verdict)]
    }
}

/// SIGTERM is the kubelet's, SIGINT a terminal's. SIGHUP means "reload" to some and SIGQUIT "thread dump" to a JVM: they are only forwarded.
fn asks_to_stop(signal: Signal) -> bool {
    matches!(signal, Signal::SIGTERM | Signal::SIGINT)
}

/// Whether this is how a driver ends when it is asked to, or killed: a JVM that is asked to ends with 143.
fn obeyed(verdict: &Verdict) -> bool {
    [Signal::SIGTERM, Signal::SIGKILL].into_iter().any(|signal| verdict.code() == Some(number(signal)))
}

fn number(signal: Signal) -> u8 {
    SIGNALLED.saturating_add(u8::try_from(signal as i32).unwrap_or(0))
}

#[cfg(test)]
mod tests;
