//! The sidecar's container: its machine, and what it hears, asks and remembers.

use std::collections::{BTreeSet, VecDeque};

use codriver::{
    protocol::Attempt,
    run::machine::Event as ToWrapper,
    sidecar::machine::{Effect, Ended, Event, Status, Supervisor, Timer, Why},
    verdict::Verdict,
};

use crate::{
    world::{Bound, Line, World, attempt},
    wrapper,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sidecar {
    machine: Supervisor,
    timers: BTreeSet<Timer>,
    question: Option<Attempt>,
    cleaning: bool,
    quitting: bool,
    watching: bool,
    /// The wrapper that said hello last.
    vouching: u8,
    /// SIGTERM has come.
    pub told: bool,
}

impl Sidecar {
    /// The kubelet starts it, for the first time or again.
    pub fn start(world: &mut World) {
        world.sidecar = Some(Self {
            machine: Supervisor::new(attempt(0)),
            timers: BTreeSet::new(),
            question: None,
            cleaning: false,
            quitting: false,
            watching: false,
            vouching: 0,
            told: false,
        });
        let memory = world.notebook.clone();
        tell(world, Event::Awake(memory), usize::MAX);
    }

    /// It is gone, and what was on its way to it too.
    pub fn die(world: &mut World) {
        world.sidecar = None;
        world.lines.clear();
        if let Some(container) = &mut world.container {
            container.connected = false;
        }
    }
}

/// All that can happen to the sidecar but for what the kubelet does.
pub fn steps(world: &World) -> Vec<(String, World)> {
    let Some(sidecar) = &world.sidecar else { return Vec::new() };
    let mut next = Vec::new();
    for number in world.lines.iter().filter(|(_, line)| !line.is_empty()).map(|(number, _)| *number) {
        each_kill(world, &format!("the sidecar hears attempt {number}"), &mut next, &|world, kill| {
            hear(world, number, kill)
        });
    }
    // What lies in the socket is heard first, as in drive.rs.
    let heard_all = world.lines.values().all(VecDeque::is_empty);
    if let Some(about) = sidecar.question.as_ref().filter(|_| heard_all) {
        let status = answer(world, about);
        each_kill(world, &format!("the API server answers {status:?}"), &mut next, &|world, kill| {
            let status = answer(world, about);
            change(world, |sidecar| sidecar.question = None);
            tell(world, Event::Status(status), kill)
        });
    }
    if sidecar.watching && heard_all && world.chances.mishaps > 0 {
        let number = world.container.as_ref().map_or(0, |container| container.number.into());
        each_kill(world, "no executor comes", &mut next, &|world, kill| {
            world.goes_wrong();
            change(world, |sidecar| sidecar.watching = false);
            tell(world, Event::NoExecutors { attempt: number, why: String::new() }, kill)
        });
    }
    if sidecar.cleaning {
        each_kill(world, "the cleanup ends", &mut next, &|world, kill| {
            change(world, |sidecar| sidecar.cleaning = false);
            tell(world, Event::CleanupEnded, kill)
        });
    }
    if sidecar.quitting {
        each_kill(world, "the proxies are asked", &mut next, &|world, kill| {
            change(world, |sidecar| sidecar.quitting = false);
            tell(world, Event::QuitEnded, kill)
        });
    }
    // Timers take seconds, where an answer and a wrapper that comes back are there in milliseconds.
    let settled = sidecar.question.as_ref().is_some_and(|about| matches!(answer(world, about), Status::Ended { .. }));
    let comes_back = world.container.as_ref().is_some_and(|container| !container.connected);
    for timer in sidecar.timers.iter().filter(|_| heard_all && !settled && !comes_back) {
        each_kill(world, &format!("{timer:?} rings"), &mut next, &|world, kill| {
            // The slow look decides nothing by itself.
            world.history.bounds.extend((*timer != Timer::Alone).then_some(Bound::Settled));
            change(world, |sidecar| sidecar.timers.retain(|armed| armed != timer));
            tell(world, Event::Overdue(*timer), kill)
        });
    }
    next
}

/// The step as it should be, and as it is when SIGKILL comes before one of its effects.
pub fn each_kill(world: &World, name: &str, next: &mut Vec<(String, World)>, step: &dyn Fn(&mut World, usize) -> bool) {
    let mut whole = world.clone();
    step(&mut whole, usize::MAX);
    next.push((name.to_owned(), whole));
    if world.chances.mishaps == 0 {
        return;
    }
    for kill in 0.. {
        let mut cut = world.clone();
        cut.goes_wrong();
        if !step(&mut cut, kill) {
            return; // it had no more effects
        }
        next.push((format!("{name}, and is killed before effect {kill}"), cut));
    }
}

/// An event for the sidecar; SIGKILL comes before effect number `kill`, which is false if there are not so many.
pub fn tell(world: &mut World, event: Event, kill: usize) -> bool {
    let Some(sidecar) = &mut world.sidecar else { return false };
    let effects = sidecar.machine.step(event);
    for (at, effect) in effects.into_iter().enumerate() {
        if at == kill {
            Sidecar::die(world);
            return true;
        }
        carry_out(world, effect);
    }
    false
}

fn carry_out(world: &mut World, effect: Effect) {
    match effect {
        Effect::AskStatus(about) | Effect::AskAgain(about) => {
            change(world, |sidecar| sidecar.question = Some(about));
        }
        Effect::Arm(timer) => change(world, |sidecar| sidecar.timers.extend([timer])),
        Effect::Remember(memory) => world.notebook = memory,
        Effect::Clean { ended, spare } => clean(world, &ended, spare.as_deref()),
        Effect::WatchExecutors(_) => change(world, |sidecar| sidecar.watching = true),
        Effect::StopWatching => change(world, |sidecar| sidecar.watching = false),
        Effect::GiveUp(why) => wrapper::tell(world, ToWrapper::Terminate(Some(Verdict::GivenUp { code: 75, why }))),
        Effect::Quit(_) => change(world, |sidecar| sidecar.quitting = true),
        Effect::StopQuitting => change(world, |sidecar| sidecar.quitting = false),
        Effect::Exit(why) => {
            // The API server may not have heard of its end yet.
            let late = world.api.running.is_some() || world.history.bounds.contains(&Bound::Settled);
            let lives = world.container.is_some() || late;
            world.promise(why == Why::AllDone || lives, "the sidecar left for a driver that is not there");
            Sidecar::die(world);
        }
    }
}

fn clean(world: &mut World, ended: &Ended, spare: Option<&str>) {
    let number = u8::try_from(ended.attempt.number).unwrap_or(u8::MAX);
    if number == 0 && world.api.running != world.container.as_ref().map(|container| container.number) {
        world.history.bounds.insert(Bound::StatusLate);
    }
    let bounded = !world.history.bounds.is_empty() || world.deleting;
    let spared = world.container.as_ref().is_some_and(|it| Some(&*attempt(it.number).application_id) == spare);
    let lives = world.driver_lives(number) && !spared;
    world.promise(!lives || bounded, "a driver that lives was cleaned up after");
    let known = [world.history.announced.get(&number).cloned(), world.ended.get(&number).map(as_status)];
    let told = known.into_iter().flatten().collect::<Vec<_>>();
    let believed = told.is_empty() || told.contains(&ended.verdict) || ended.verdict == Verdict::Unknown;
    world.promise(believed, "the sidecar's verdict is neither the wrapper's nor the container's");
    // Not to know is no verdict; and the stand-in for a wrapper that never came is no attempt.
    let before = world.history.verdicts.insert(number, ended.verdict.clone());
    let kept = before.is_none_or(|before| before == ended.verdict || before == Verdict::Unknown);
    world.promise(kept || number == 0, "a verdict changed");
    world.history.dirty &= world.container.as_ref().is_some_and(|container| container.driver.lives());
    change(world, |sidecar| sidecar.cleaning = true);
}

/// A verdict as an exit code tells it: the container's status knows no more.
fn as_status(verdict: &Verdict) -> Verdict {
    match verdict.code() {
        Some(code @ 129..=192) => Verdict::Signalled(code - 128),
        Some(code) => Verdict::Exited(code),
        None => Verdict::Unknown,
    }
}

fn hear(world: &mut World, number: u8, kill: usize) -> bool {
    let Some(line) = world.lines.get_mut(&number).and_then(VecDeque::pop_front) else { return false };
    let event = match line {
        // As drive.rs has it: an older attempt's wrapper cannot be there any more.
        Line::Hello if world.sidecar.as_ref().is_some_and(|sidecar| sidecar.vouching > number) => return false,
        Line::Hello => {
            // The slow look at a driver without a wrapper rings in vain from now on.
            change(world, |sidecar| {
                sidecar.vouching = number;
                sidecar.timers.remove(&Timer::Alone);
            });
            Event::Hello(attempt(number))
        }
        Line::Started => Event::Started,
        Line::Farewell(verdict) => Event::Farewell { verdict, mapped: None },
        Line::End => Event::StreamEnded,
    };
    world.sidecar.as_ref().is_some_and(|sidecar| sidecar.vouching == number) && tell(world, event, kill)
}

/// As `sidecar::status::read` makes it of what the API server shows.
fn answer(world: &World, about: &Attempt) -> Status {
    let number = u8::try_from(about.number).unwrap_or(u8::MAX);
    let end = match (number, world.api.running) {
        (0, Some(_)) => None,
        (0, None) => world.api.ended.iter().last(),
        _ => world.api.ended.iter().find(|(ended, _)| **ended >= number),
    };
    match (world.api.away, end, world.api.running) {
        (true, ..) => Status::Unknown,
        (false, Some((_, verdict)), _) => Status::Ended { verdict: as_status(verdict), reason: None },
        (false, None, Some(_)) => Status::Running { deleting: world.deleting },
        (false, None, None) => Status::Unknown,
    }
}

fn change(world: &mut World, change: impl FnOnce(&mut Sidecar)) {
    if let Some(sidecar) = &mut world.sidecar {
        change(sidecar);
    }
}
