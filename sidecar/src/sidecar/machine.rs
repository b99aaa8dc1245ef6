//! What the sidecar does, as a machine without a world: events say what happened, effects what to do about it.
//!
//! Evidence comes in this order: a farewell is a verdict at once; an end of stream without one means that the wrapper was killed,
//! and then the container's status says how, within the settle time; the kubelet's SIGTERM alone comes last.
//! A driver that the API server calls running is never cleaned up after, unless its pod is being deleted under it.
//!
//! Where no wrapper is, the status is looked at slowly while the driver runs: a proxy in an ordinary container keeps SIGTERM away.
//! Its ends are the last one's only: the starts in place share one application id, so nothing is removed between them.
//!
//! From the end to the verdict: at once by a farewell; else the settle time at most (10 s), and 1 s at most once SIGTERM came. Without
//! a wrapper: 10 s by the slow look; after SIGTERM 1 s, or the settle time more where the API server says that the driver runs.
//! A clock that jumps costs the code at most, not the bound: an end that seems older than its attempt is no evidence.
//!
//! After a verdict: clean up, and tell of it; then ask the proxies to quit, which takes the network away.
mod alphabet;

use std::collections::VecDeque;

use crate::{
    protocol::Attempt,
    verdict::{Evidence, Verdict},
};

pub use self::alphabet::{Effect, Ended, Event, Memory, Status, Timer, Why};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Current {
    attempt: Attempt,
    connected: bool,
    /// The API server called its container running since the last doubt.
    runs: bool,
    /// Somebody looks after its executors.
    watched: bool,
}

impl Current {
    fn new(attempt: Attempt, connected: bool) -> Self {
        Self { attempt, connected, runs: false, watched: false }
    }
}

/// The sidecar's machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Supervisor {
    current: Option<Current>,
    ended: VecDeque<Ended>,
    stopping: bool,
    met: bool,
    /// The newest attempt whose verdict is known: what its wrapper said may be heard late, after the status.
    decided: u32,
    served: Option<u32>,
    /// The oldest ended attempt is cleaned up after, and the proxies are being asked. A restart begins with the cleanup again.
    quitting: bool,
    /// Stands for the driver when no wrapper ever came: codriver-init wrote its application id.
    unwrapped: Attempt,
}

impl Supervisor {
    /// `unwrapped` is the attempt to clean up after when no wrapper ever came.
    #[must_use]
    pub fn new(unwrapped: Attempt) -> Self {
        Self {
            current: None,
            ended: VecDeque::new(),
            stopping: false,
            met: false,
            decided: 0,
            served: None,
            quitting: false,
            unwrapped,
        }
    }

    /// One event in, the effects to carry out in this order.
    pub fn step(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Awake(memory) => self.awake(memory),
            Event::Hello(attempt) if attempt.number <= self.decided => Vec::new(),
            Event::Hello(attempt) => self.hello(attempt),
            Event::Started => self.watch_executors(),
            Event::ExecutorsCame(number) => self.executors_came(number),
            Event::NoExecutors { attempt, why } if self.may_give_up(attempt) => vec![Effect::GiveUp(why)],
            Event::NoExecutors { .. } => Vec::new(),
            Event::Farewell { verdict, mapped } => self.end(verdict, Evidence::Farewell, mapped, None),
            Event::StreamEnded => self.stream_ended(),
            Event::Overdue(Timer::Alone) => self.look_alone(),
            Event::Status(status) if self.in_doubt() => self.status(status),
            Event::Overdue(timer) if self.in_doubt() => self.overdue(timer),
            // The wrapper came back, or its farewell was faster.
            Event::Status(_) | Event::Overdue(_) => Vec::new(),
            Event::CleanupEnded => self.cleanup_ended(),
            Event::QuitEnded if self.quitting => self.done_with_oldest(),
            Event::QuitEnded => Vec::new(),
            Event::Terminated => self.terminated(),
        }
    }

    /// Nobody vouches for the attempt: its stream is gone, or SIGTERM says that the pod is at its end.
    fn in_doubt(&self) -> bool {
        self.current.as_ref().is_some_and(|current| !current.connected || self.stopping)
    }

    fn awake(&mut self, memory: Memory) -> Vec<Effect> {
        (self.met, self.decided, self.served) = (memory.met, memory.decided, memory.served);
        self.ended = memory.ended;
        let current = memory.current.filter(|attempt| *attempt != self.unwrapped);
        self.current = current.map(|attempt| Current::new(attempt, false));
        let mut effects = self.clean_oldest();
        effects.extend(self.doubt());
        effects.extend((!self.met).then_some(Effect::Arm(Timer::Alone)));
        effects
    }

    /// Puts the stand-in where no wrapper came.
    fn stand_in(&mut self) {
        if !self.met && self.current.is_none() {
            self.current = Some(Current::new(self.unwrapped.clone(), false));
        }
    }

    fn look_alone(&mut self) -> Vec<Effect> {
        self.stand_in();
        let looks = self.is_alone() && !self.stopping;
        looks.then(|| Effect::AskStatus(self.unwrapped.clone())).into_iter().collect()
    }

    /// No wrapper was ever there.
    fn is_alone(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.attempt == self.unwrapped)
    }

    fn hello(&mut self, attempt: Attempt) -> Vec<Effect> {
        let mut effects = self.stop_quitting();
        // A new attempt means that the one before is over, even if nobody saw its end.
        // The stand-in for a wrapper was no attempt: this is the one that it stood for.
        let another = |current: &Current| current.attempt != attempt && current.attempt != self.unwrapped;
        if self.current.as_ref().is_some_and(another) {
            effects.extend(self.lose(Evidence::EndOfStream));
        }
        self.met = true;
        self.current = Some(Current::new(attempt, true));
        effects.push(self.remember());
        if self.stopping {
            effects.extend(self.doubt());
        }
        effects
    }

    fn stream_ended(&mut self) -> Vec<Effect> {
        match &mut self.current {
            Some(current) if current.connected => {
                current.connected = false;
                self.doubt()
            }
            _ => Vec::new(),
        }
    }

    fn doubt(&mut self) -> Vec<Effect> {
        let timer = if self.stopping { Timer::LastSettle } else { Timer::Settle };
        match &mut self.current {
            Some(current) => {
                current.runs = false;
                vec![Effect::AskStatus(current.attempt.clone()), Effect::Arm(timer)]
            }
            None => Vec::new(),
        }
    }

    fn status(&mut self, status: Status) -> Vec<Effect> {
        let alone = self.is_alone();
        let Some(current) = &mut self.current else { return Vec::new() };
        match status {
            Status::Ended { verdict, reason } => self.end(verdict, Evidence::ContainerStatus, None, reason),
            Status::Running { .. } if alone && !self.stopping => {
                let mut effects = self.watch_executors();
                effects.push(Effect::Arm(Timer::Alone));
                effects
            }
            Status::Unknown if alone && !self.stopping => vec![Effect::Arm(Timer::Alone)],
            Status::Running { deleting: false } if current.connected => vec![Effect::Exit(Why::DriverLives)],
            // The grace period is used up and SIGKILL is next, for the driver and for us.
            Status::Running { deleting: true } if current.connected => self.lose(Evidence::Termination),
            Status::Running { deleting } => {
                current.runs = !(deleting && self.stopping);
                vec![Effect::AskAgain(current.attempt.clone())]
            }
            Status::Unknown => {
                current.runs &= !self.stopping;
                vec![Effect::AskAgain(current.attempt.clone())]
            }
        }
    }

    fn overdue(&mut self, timer: Timer) -> Vec<Effect> {
        let alone = self.is_alone();
        let Some(current) = &mut self.current else { return Vec::new() };
        match timer {
            // Either the API server is late, or SIGTERM came to this container alone and the driver is to keep its executors.
            Timer::LastSettle if alone && current.runs => {
                current.runs = false;
                vec![Effect::Arm(Timer::Settle)]
            }
            Timer::Settle if alone && self.stopping && current.runs => vec![Effect::Exit(Why::DriverLives)],
            // SIGTERM came in between and armed the shorter one.
            Timer::Settle if self.stopping && !alone => Vec::new(),
            Timer::Settle if current.runs => vec![Effect::Arm(Timer::Settle)],
            Timer::Settle | Timer::LastSettle if current.connected || alone => self.lose(Evidence::Termination),
            Timer::Settle | Timer::LastSettle => self.lose(Evidence::EndOfStream),
            Timer::Alone => Vec::new(),
        }
    }

    /// Of an attempt whose executors came once, none is missing later: it may have let them go.
    fn watch_executors(&mut self) -> Vec<Effect> {
        match &mut self.current {
            Some(current) if !current.watched && self.served != Some(current.attempt.number) => {
                current.watched = true;
                vec![Effect::WatchExecutors(current.attempt.clone())]
            }
            _ => Vec::new(),
        }
    }

    fn executors_came(&mut self, number: u32) -> Vec<Effect> {
        if self.current.as_ref().is_none_or(|current| current.attempt.number != number) {
            return Vec::new();
        }
        self.served = Some(number);
        vec![self.remember()]
    }

    /// Only a wrapper can end a driver; and at the pod's end everything ends anyhow.
    fn may_give_up(&self, number: u32) -> bool {
        let its = |current: &Current| current.attempt.number == number && current.connected;
        self.current.as_ref().is_some_and(its) && !self.stopping
    }

    /// Nobody could say how it ended.
    fn lose(&mut self, evidence: Evidence) -> Vec<Effect> {
        self.end(Verdict::Unknown, evidence, None, None)
    }

    fn end(&mut self, verdict: Verdict, evidence: Evidence, mapped: Option<u8>, reason: Option<String>) -> Vec<Effect> {
        let Some(Current { attempt, watched, .. }) = self.current.take() else { return Vec::new() };
        if verdict != Verdict::Unknown {
            self.decided = self.decided.max(attempt.number);
        }
        self.met = true;
        self.ended.push_back(Ended { attempt, verdict, evidence, mapped, reason });
        let mut effects = vec![self.remember()];
        effects.extend(watched.then_some(Effect::StopWatching));
        if self.ended.len() == 1 {
            effects.extend(self.clean_oldest());
        }
        effects
    }

    fn clean_oldest(&self) -> Vec<Effect> {
        let spare = self.current.as_ref().map(|current| current.attempt.application_id.clone());
        self.ended.front().map(|ended| Effect::Clean { ended: ended.clone(), spare }).into_iter().collect()
    }

    fn cleanup_ended(&mut self) -> Vec<Effect> {
        // At SIGTERM the kubelet ends the proxies; and an attempt that lives needs them.
        let is_last = self.ended.len() == 1 && self.current.is_none() && !self.stopping;
        match self.ended.front().filter(|_| is_last && !self.quitting) {
            Some(ended) => {
                self.quitting = true;
                vec![Effect::Quit(ended.clone())]
            }
            None => self.done_with_oldest(),
        }
    }

    fn stop_quitting(&mut self) -> Vec<Effect> {
        if !self.quitting {
            return Vec::new();
        }
        let mut effects = vec![Effect::StopQuitting];
        effects.extend(self.done_with_oldest());
        effects
    }

    fn done_with_oldest(&mut self) -> Vec<Effect> {
        self.quitting = false;
        if self.ended.pop_front().is_none() {
            return Vec::new();
        }
        let mut effects = vec![self.remember()];
        effects.extend(self.clean_oldest());
        effects.extend(self.leave_when_done());
        effects
    }

    fn terminated(&mut self) -> Vec<Effect> {
        let mut effects = self.stop_quitting();
        self.stopping = true;
        self.stand_in();
        effects.extend(self.doubt());
        effects.extend(self.leave_when_done());
        effects
    }

    fn leave_when_done(&self) -> Option<Effect> {
        let done = self.stopping && self.current.is_none() && self.ended.is_empty();
        done.then_some(Effect::Exit(Why::AllDone))
    }

    fn remember(&self) -> Effect {
        let current = self.current.as_ref().map(|current| current.attempt.clone());
        let Self { ended, met, decided, served, .. } = self;
        Effect::Remember(Memory { current, ended: ended.clone(), met: *met, decided: *decided, served: *served })
    }
}

#[cfg(test)]
mod tests;
