//! The wrapper's world: the one `select!` that turns it into events, and the carrying out of effects.

use std::{future::pending, path::PathBuf, pin::Pin, time::Duration};

use nix::sys::signal::Signal;
use tokio::{
    task::{JoinHandle, yield_now},
    time::Instant,
};

use crate::{
    failure::BUG,
    protocol::{Attempt, ToSidecar, ToWrapper},
    run::{
        Deadlines,
        alone::Alone,
        companion::Companion,
        driver::Driver,
        machine::{Effect, Event, Timer, Wrapper},
        map::ExitMap,
        memory::Watched,
        message::{self, Circumstances},
        output::Output,
        spawn::Task,
        stuck::{Lookout, Stuck},
        terminal::Terminal,
    },
    signals::{Arrived, Caught},
    timers::Timers,
    verdict::Verdict,
};

/// For the driver's last words, after its end and before anybody is told of it.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// All that the wrapper touches.
pub struct World {
    /// Caught since before anything else.
    pub signals: Caught,
    /// Absent without a shared volume, or without a sidecar.
    pub companion: Option<Companion>,
    /// Cleans up when there is no sidecar for it.
    pub alone: Option<Alone>,
    /// Absent without a shared volume.
    pub attempt: Option<Attempt>,
    /// The kubelet's file.
    pub termination_log: PathBuf,
    /// How long the machine's timers are.
    pub deadlines: Deadlines,
    /// What the container ends with instead of the driver's code.
    pub map: ExitMap,
    /// How the container's memory was before the start.
    pub memory: Watched,
    /// Looks whether the driver is stuck, where that is wished.
    pub lookout: Option<Lookout>,
}

/// What there is once the world moves.
struct Moving<'a> {
    world: World,
    task: &'a Task,
    driver: Option<Driver>,
    /// The driver's, as far as it is read along.
    output: Output,
    /// What has been told of its end, while not all of its output was read.
    told: Option<Circumstances>,
    /// Says that the driver is stuck; there while it lives.
    stuck: Option<Pin<Box<dyn Future<Output = Stuck>>>>,
    timers: Timers<Timer>,
    /// Since when somebody waits for the end.
    grace: Option<Instant>,
    /// The cleanup, once it is under way.
    cleanup: Option<JoinHandle<()>>,
    /// The driver has it while it lives.
    terminal: Option<Terminal>,
    /// The driver's end was told to the machine; from then on what it left is watched.
    ended: bool,
}

impl World {
    /// Starts the driver, lives with it and returns the exit code.
    pub async fn supervise(self, task: &Task) -> u8 {
        let mut machine = if self.alone.is_some() { Wrapper::alone() } else { Wrapper::default() };
        let mut moving = Moving {
            world: self,
            task,
            driver: None,
            output: Output::default(),
            told: None,
            stuck: None,
            timers: Timers::default(),
            grace: None,
            cleanup: None,
            terminal: None,
            ended: false,
        };
        loop {
            let event = moving.next_event().await;
            for effect in machine.step(event) {
                if let Some(code) = moving.carry_out(effect).await {
                    return code;
                }
            }
        }
    }
}

impl Moving<'_> {
    async fn next_event(&mut self) -> Event {
        loop {
            let event = tokio::select! {
                // In this order: a request to stop that came before the start is seen before the start.
                biased;
                signal = self.world.signals.next() => match signal {
                    Arrived::Named(Signal::SIGCHLD) => self.collect(),
                    Arrived::Named(signal) => Some(Event::Signal(signal)),
                    Arrived::RealTime(number) => Some(Event::RealTime(number)),
                },
                // One turn of the reactor, so that signals which wait already are heard first.
                () = yield_now(), if self.driver.is_none() => Some(self.start().await),
                timer = self.timers.ring() => Some(Event::Overdue(timer)),
                () = end_of(&mut self.cleanup) => Some(Event::CleanedUp),
                stuck = found(&mut self.stuck) => Some(self.give_up(&stuck)),
                // Last, so that no flood of words keeps a deadline from ringing.
                order = listen(self.world.companion.as_mut()) => Some(obey(order)),
            };
            if let Some(event) = event {
                return event;
            }
        }
    }

    async fn start(&mut self) -> Event {
        match Driver::spawn(self.task) {
            Ok((driver, output)) => {
                self.output = output;
                self.terminal = Terminal::hand_over(driver.group());
                if let Some(companion) = &mut self.world.companion {
                    companion.started(driver.pid()).await;
                }
                self.driver = Some(driver);
                self.stuck = self.world.lookout.map(|lookout| Box::pin(lookout.wait()) as _);
                Event::Started
            }
            Err(error) => Event::NotStarted { code: error.code, why: error.why },
        }
    }

    /// Reaps; the driver's own end is an event, and later the end of each that it left.
    fn collect(&mut self) -> Option<Event> {
        let driver = self.driver.as_mut()?;
        let verdict = driver.reap();
        if let Some(verdict) = verdict {
            self.ended = true;
            self.stuck = None;
            return Some(Event::Ended { verdict, leftovers: driver.has_leftovers() });
        }
        if self.ended {
            return Some(if driver.has_leftovers() { Event::LeftoverGone } else { Event::AllGone });
        }
        if !driver.wake()
            && let Some(terminal) = &self.terminal
            && let Some(Signal::SIGTSTP | Signal::SIGTTIN | Signal::SIGTTOU) = driver.stopped_by()
        {
            terminal.stop_with(driver.group());
        }
        None
    }

    /// With the code that the application has earned, if it can be known.
    fn give_up(&self, stuck: &Stuck) -> Event {
        tracing::warn!("ending the driver: {stuck}");
        let heard = stuck.jvm().is_some_and(|pid| self.output.is_stderr_of(pid));
        Event::Terminate(heard.then(|| stuck.verdict(self.output.words().earned())).flatten())
    }

    async fn carry_out(&mut self, effect: Effect) -> Option<u8> {
        match (effect, &mut self.driver) {
            (Effect::Forward(signal), Some(driver)) => driver.signal(signal),
            (Effect::ForwardRealTime(number), Some(driver)) => driver.signal_real_time(number),
            (Effect::SignalGroup(signal), Some(driver)) => driver.signal_group(signal),
            (Effect::SignalLeftovers(signal), Some(driver)) => driver.signal_leftovers(signal),
            // The machine signals nobody before the start.
            (
                Effect::Forward(_) | Effect::ForwardRealTime(_) | Effect::SignalGroup(_) | Effect::SignalLeftovers(_),
                None,
            ) => {}
            (Effect::Arm(timer), _) => {
                if timer == Timer::Grace {
                    self.grace.get_or_insert_with(Instant::now);
                }
                self.timers.arm(timer, self.world.deadlines.of(timer));
            }
            (Effect::Announce(verdict), _) => self.announce(verdict).await,
            (Effect::CleanUp, _) => self.cleanup = self.world.alone.take().map(|alone| tokio::spawn(alone.clean())),
            // The machine never leaves without a verdict that has a code.
            (Effect::Leave(verdict), _) => {
                self.hear_the_rest(&verdict).await;
                if let Some(terminal) = &self.terminal {
                    terminal.take_back();
                }
                return Some(self.world.map.becomes(&verdict).or(verdict.code()).unwrap_or(BUG));
            }
        }
        None
    }

    async fn announce(&mut self, verdict: Verdict) {
        let all_is_read = self.output.settle(LAST_WORDS).await;
        let circumstances = Circumstances {
            out_of_memory: self.world.memory.evidence(),
            last_words: self.last_words(&verdict),
            mapped: self.world.map.becomes(&verdict),
        };
        self.write_message(&verdict, &circumstances);
        if let Some(companion) = &mut self.world.companion {
            companion.farewell(ToSidecar::Farewell { verdict: verdict.clone(), mapped: circumstances.mapped }).await;
        }
        if let Some(out_of_memory) = &circumstances.out_of_memory {
            tracing::warn!("{out_of_memory}");
        }
        let note = circumstances.mapped.map_or_else(String::new, |code| format!("; mapped to {code}"));
        tracing::info!(code = verdict.code(), whose = verdict.whose(), "the driver {verdict}{note}");
        self.told = (!all_is_read).then_some(circumstances);
    }

    /// A slow reader holds up neither the sidecar nor the cleanup; here, at the very end, it has its time.
    async fn hear_the_rest(&mut self, verdict: &Verdict) {
        let begun = self.grace.map(|begun| begun.elapsed());
        self.output.settle(self.world.deadlines.rest(begun)).await;
        if let Some(mut told) = self.told.take() {
            let last_words = self.last_words(verdict);
            if last_words != told.last_words {
                told.last_words = last_words;
                self.write_message(verdict, &told);
            }
        }
    }

    /// Of a driver that failed. One that did not may have caught an exception all the same.
    fn last_words(&self, verdict: &Verdict) -> Option<String> {
        if verdict.code() == Some(0) { None } else { self.output.words().words() }
    }

    fn write_message(&self, verdict: &Verdict, circumstances: &Circumstances) {
        message::write_final(&self.world.termination_log, self.world.attempt.as_ref(), verdict, circumstances);
    }
}

/// Waits for the task's end, once; for ever when there is none.
async fn end_of(task: &mut Option<JoinHandle<()>>) {
    match task {
        // A task that panicked is over as well, and the panic has been said.
        Some(running) => drop(running.await),
        None => pending().await,
    }
    *task = None;
}

/// Waits until the driver is stuck, once; for ever when nobody looks.
async fn found(stuck: &mut Option<Pin<Box<dyn Future<Output = Stuck>>>>) -> Stuck {
    let found = match stuck {
        Some(looking) => looking.await,
        None => pending().await,
    };
    *stuck = None;
    found
}

async fn listen(companion: Option<&mut Companion>) -> ToWrapper {
    match companion {
        Some(companion) => companion.next().await,
        None => pending().await,
    }
}

fn obey(order: ToWrapper) -> Event {
    match order {
        ToWrapper::Terminate { why, code } => {
            tracing::warn!(why, code, "the sidecar asks for the driver's end");
            Event::Terminate(code.map(|code| Verdict::GivenUp { code, why }))
        }
    }
}
