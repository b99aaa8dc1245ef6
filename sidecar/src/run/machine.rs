//! What the wrapper does, as a machine without a world: events say what happened, effects what to do about it.

use nix::sys::signal::Signal;

use crate::verdict::{SIGNALLED, Verdict};

/// Where the driver is in its life.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum State {
    /// Signals are caught already, the driver is not there yet.
    Starting,
    Running,
    /// Asked to stop; it has until the grace timer to leave by itself. What is said of its end, if codriver gave it up.
    Stopping(Option<Verdict>),
    /// The driver is gone and its verdict final; this is waited for before leaving.
    Lingering {
        verdict: Verdict,
        /// Its leftover group (PySpark's python).
        group: bool,
        /// The cleanup, when there is no sidecar for it.
        cleanup: bool,
    },
    Done,
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
    /// The sidecar asks for the driver's end; with a verdict when the driver is given up.
    Terminate(Option<Verdict>),
    /// The driver's own status was collected.
    Ended {
        /// How.
        verdict: Verdict,
        /// Whether others of its process group still live.
        leftovers: bool,
    },
    /// The last of the driver's process group is gone.
    GroupGone,
    /// The cleanup is over, well or not.
    CleanedUp,
    /// A timer that was armed rang.
    Overdue(Timer),
}

/// The waits of the wrapper; [`crate::run::Deadlines`] says how long each is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Between the request to stop and SIGKILL.
    Grace,
    /// Between the driver's end and SIGKILL for what it left.
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
    /// Send the signal to the driver's whole process group.
    SignalGroup(Signal),
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
            (State::Stopping(_), Event::Signal(signal)) if asks_to_stop(signal) => {
                vec![Effect::SignalGroup(Signal::SIGKILL)]
            }
            (State::Stopping(_), Event::Overdue(Timer::Grace)) => vec![Effect::SignalGroup(Signal::SIGKILL)],
            (State::Running | State::Stopping(_), Event::Signal(signal)) => vec![Effect::Forward(signal)],
            // It may have ended by itself in this very moment; then that is the truth.
            (State::Stopping(Some(given_up)), Event::Ended { verdict, leftovers }) if obeyed(&verdict) => {
                let verdict = given_up.clone();
                self.ended(verdict, leftovers)
            }
            (State::Running | State::Stopping(_), Event::Ended { verdict, leftovers }) => {
                self.ended(verdict, leftovers)
            }
            // The driver is gone, so a second request can only mean its leftovers.
            (State::Lingering { group: true, .. }, Event::Signal(signal)) if asks_to_stop(signal) => {
                vec![Effect::SignalGroup(Signal::SIGKILL)]
            }
            (State::Lingering { group: true, .. }, Event::Overdue(Timer::Leftovers)) => {
                vec![Effect::SignalGroup(Signal::SIGKILL), Effect::Arm(Timer::LastLook)]
            }
            (State::Lingering { verdict, cleanup, .. }, Event::GroupGone | Event::Overdue(Timer::LastLook)) => {
                self.linger(verdict.clone(), false, *cleanup)
            }
            (State::Lingering { verdict, group, .. }, Event::CleanedUp) => self.linger(verdict.clone(), *group, false),
            _ => Vec::new(),
        }
    }

    fn never_started(&mut self, code: u8, why: String) -> Vec<Effect> {
        self.state = State::Done;
        let verdict = Verdict::NeverStarted { code, why };
        vec![Effect::Announce(verdict.clone()), Effect::Leave(verdict)]
    }

    fn stop(&mut self, signal: Signal, given_up: Option<Verdict>) -> Vec<Effect> {
        self.state = State::Stopping(given_up);
        vec![Effect::Forward(signal), Effect::Arm(Timer::Grace)]
    }

    /// The verdict is told before anything else is done, and no cleanup waits for a leftover.
    fn ended(&mut self, verdict: Verdict, leftovers: bool) -> Vec<Effect> {
        let mut effects = vec![Effect::Announce(verdict.clone())];
        if self.alone {
            effects.push(Effect::CleanUp);
        }
        if leftovers {
            effects.extend([Effect::SignalGroup(Signal::SIGTERM), Effect::Arm(Timer::Leftovers)]);
        }
        effects.extend(self.linger(verdict, leftovers, self.alone));
        effects
    }

    fn linger(&mut self, verdict: Verdict, group: bool, cleanup: bool) -> Vec<Effect> {
        if group || cleanup {
            self.state = State::Lingering { verdict, group, cleanup };
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
