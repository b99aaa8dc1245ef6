//! The driver's container: the wrapper's machine, and a driver that does what it likes.

use std::collections::{BTreeSet, VecDeque};

use codriver::{
    run::machine::{Effect, Event, Timer, Wrapper},
    verdict::Verdict,
};
use nix::sys::signal::Signal;

use crate::{
    kubelet,
    world::{Line, World},
};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Container {
    pub number: u8,
    machine: Wrapper,
    timers: BTreeSet<Timer>,
    pub driver: Driver,
    pub connected: bool,
    /// It was connected once, so that it waits for a sidecar that is away before it leaves.
    met: bool,
    /// Effects that wait until the farewell is told or its deadline has passed.
    waiting: VecDeque<Effect>,
    /// The kubelet's SIGTERM has come.
    pub told: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Driver {
    Absent,
    Alive {
        asked: bool,
    },
    /// Not collected yet.
    Dead {
        verdict: Verdict,
        leftovers: bool,
    },
    Collected {
        leftovers: bool,
    },
}

impl Driver {
    pub fn lives(&self) -> bool {
        matches!(self, Self::Alive { .. })
    }
}

impl Container {
    pub fn new(number: u8) -> Self {
        Self {
            number,
            machine: Wrapper::default(),
            timers: BTreeSet::new(),
            driver: Driver::Absent,
            connected: false,
            met: false,
            waiting: VecDeque::new(),
            told: false,
        }
    }
}

/// All that can happen in the container.
pub fn steps(world: &World) -> Vec<(String, World)> {
    let Some(container) = &world.container else { return Vec::new() };
    let mut next = Vec::new();
    let mut add = |name: &str, change: &dyn Fn(&mut World)| {
        let mut world = world.clone();
        change(&mut world);
        next.push((format!("attempt {}: {name}", container.number), world));
    };
    if !container.connected && world.sidecar.is_some() {
        add("the wrapper connects", &connect);
    }
    if !container.waiting.is_empty() {
        // The wrapper is in its farewell, and deaf.
        if world.sidecar.is_none() {
            add("the farewell's deadline passes", &go_on);
        }
        return next;
    }
    match &container.driver {
        // The wrapper looks for a sidecar before it starts the driver.
        Driver::Absent if !container.connected && world.sidecar.is_some() => {}
        Driver::Absent => {
            add("the driver starts", &|world| {
                world.history.dirty = true;
                set(world, Driver::Alive { asked: false });
                if world.container.as_ref().is_some_and(|container| container.connected) {
                    say(world, Line::Started);
                }
                tell(world, Event::Started);
            });
            add("the driver cannot start", &|world| tell(world, Event::NotStarted { code: 127, why: "no".into() }));
        }
        Driver::Alive { asked } => {
            let codes = if *asked { vec![143, 0] } else { vec![7, 0] };
            for (code, leftovers) in codes.into_iter().flat_map(|code| [(code, false), (code, true)]) {
                let verdict = Verdict::Exited(code);
                let name = format!("the driver exits with {code}{}", if leftovers { ", others stay" } else { "" });
                add(&name, &|world| set(world, Driver::Dead { verdict: verdict.clone(), leftovers }));
            }
            if world.chances.mishaps > 0 {
                add("the driver is killed", &|world| {
                    world.goes_wrong();
                    set(world, Driver::Dead { verdict: Verdict::Signalled(9), leftovers: false });
                });
            }
        }
        Driver::Dead { verdict, leftovers } => add("the wrapper collects the driver", &|world| {
            set(world, Driver::Collected { leftovers: *leftovers });
            tell(world, Event::Ended { verdict: verdict.clone(), leftovers: *leftovers });
        }),
        Driver::Collected { leftovers: true } => {
            add("a leftover is gone", &|world| tell(world, Event::LeftoverGone));
            add("the last leftover is gone", &|world| {
                set(world, Driver::Collected { leftovers: false });
                tell(world, Event::AllGone);
            });
        }
        Driver::Collected { leftovers: false } => {}
    }
    for timer in &container.timers {
        add(&format!("{timer:?} rings"), &|world| {
            if let Some(container) = &mut world.container {
                container.timers.remove(timer);
            }
            tell(world, Event::Overdue(*timer));
        });
    }
    next
}

/// An event for the wrapper.
pub fn tell(world: &mut World, event: Event) {
    let Some(container) = &mut world.container else { return };
    let effects = container.machine.step(event);
    container.waiting.extend(effects);
    go_on(world);
}

/// Carries out effects until one must wait.
fn go_on(world: &mut World) {
    while let Some(container) = &mut world.container
        && let Some(effect) = container.waiting.pop_front()
    {
        match effect {
            Effect::Forward(signal) => {
                let collected = matches!(container.driver, Driver::Collected { .. });
                if let Driver::Alive { asked } = &mut container.driver {
                    *asked |= signal == Signal::SIGTERM;
                }
                world.promise(!collected, "a signal went to a driver that was collected");
            }
            Effect::SignalGroup(signal) => kill_group(&mut container.driver, signal),
            Effect::SignalLeftovers(_) => {
                let collected = matches!(container.driver, Driver::Collected { .. });
                world.promise(collected, "leftovers were signalled while the driver lived");
            }
            // None comes in this world.
            Effect::ForwardRealTime(_) => {}
            Effect::Arm(timer) => drop(container.timers.insert(timer)),
            Effect::CleanUp => unreachable!("it is not alone"),
            Effect::Announce(verdict) => {
                let number = container.number;
                let first = world.history.announced.insert(number, verdict.clone()).is_none();
                world.promise(first, "a wrapper announced two verdicts");
                if say(world, Line::Farewell(verdict)) {
                    continue;
                }
                // It stays for a sidecar that it knew, within its deadline.
                if world.container.as_ref().is_some_and(|container| container.met) {
                    return;
                }
            }
            Effect::Leave(verdict) => {
                let told = world.history.announced.get(&container.number) == Some(&verdict);
                world.promise(told, "a wrapper left with another verdict than it announced");
                kubelet::end_container(world, verdict);
            }
        }
    }
}

fn kill_group(driver: &mut Driver, signal: Signal) {
    match driver {
        Driver::Alive { .. } if signal == Signal::SIGKILL => {
            *driver = Driver::Dead { verdict: Verdict::Signalled(9), leftovers: false };
        }
        Driver::Dead { leftovers, .. } if signal == Signal::SIGKILL => *leftovers = false,
        _ => {}
    }
}

/// Sends a line, over a new connection if need be; false when nobody listens.
fn say(world: &mut World, line: Line) -> bool {
    if world.sidecar.is_none() {
        return false;
    }
    connect(world);
    let Some(container) = &world.container else { return false };
    world.lines.entry(container.number).or_default().push_back(line);
    true
}

/// Says hello on a new connection, and what waits to be told.
fn connect(world: &mut World) {
    let Some(container) = world.container.as_mut().filter(|container| !container.connected) else { return };
    (container.connected, container.met) = (true, true);
    let number = container.number;
    let waits = !container.waiting.is_empty();
    let line = world.lines.entry(number).or_default();
    line.push_back(Line::Hello);
    if waits && let Some(verdict) = world.history.announced.get(&number) {
        line.push_back(Line::Farewell(verdict.clone()));
        go_on(world);
    }
}

fn set(world: &mut World, driver: Driver) {
    if let Some(container) = &mut world.container {
        container.driver = driver;
    }
}
