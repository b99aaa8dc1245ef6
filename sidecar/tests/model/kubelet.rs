//! What kubelet, kernel, API server and people do.

use codriver::{run::machine::Event as ToWrapper, sidecar::machine::Event as ToSidecar, verdict::Verdict};
use nix::sys::signal::Signal;

use crate::{
    sidecar::{Sidecar, each_kill, tell},
    world::{Api, Bound, Line, World},
    wrapper::{self, Container},
};

pub fn start_container(world: &mut World) {
    world.started += 1;
    world.container = Some(Container::new(world.started));
}

/// The container is gone, and with it the wrapper's end of the stream.
pub fn end_container(world: &mut World, verdict: Verdict) {
    let Some(container) = world.container.take() else { return };
    if container.connected {
        world.lines.entry(container.number).or_default().push_back(Line::End);
    }
    world.ended.insert(container.number, verdict);
}

/// All that can happen to the pod from outside.
pub fn steps(world: &World) -> Vec<(String, World)> {
    if world.over {
        return Vec::new();
    }
    let mut next = Vec::new();
    let mut add = |name: &str, change: &dyn Fn(&mut World)| {
        let mut world = world.clone();
        change(&mut world);
        next.push((name.to_owned(), world));
    };
    around_the_container(world, &mut add);
    around_the_api(world, &mut add);
    around_the_sidecar(world, &mut add);
    terminations(world, &mut next);
    next
}

type Add<'a> = &'a mut dyn FnMut(&str, &dyn Fn(&mut World));

fn around_the_container(world: &World, add: Add<'_>) {
    match &world.container {
        Some(container) => {
            if world.chances.mishaps > 0 {
                add("the whole container is killed", &|world| {
                    world.goes_wrong();
                    end_container(world, Verdict::Signalled(9));
                });
            }
            if world.deleting && !container.told {
                add("the kubelet ends the driver's container", &|world| {
                    if let Some(container) = &mut world.container {
                        container.told = true;
                    }
                    wrapper::tell(world, ToWrapper::Signal(Signal::SIGTERM));
                });
            }
        }
        None if comes_again(world) => add("the container is started again", &start_container),
        None => {}
    }
    if world.chances.mishaps > 0 && !world.deleting {
        add("the pod is deleted", &|world| {
            world.goes_wrong();
            world.deleting = true;
        });
    }
}

fn around_the_api(world: &World, add: Add<'_>) {
    let shown = Api {
        away: world.api.away,
        running: world.container.as_ref().map(|container| container.number),
        ended: world.ended.clone(),
    };
    if shown != world.api {
        add("the kubelet reports", &|world| world.api = shown.clone());
    }
    if world.api.away {
        add("the API server is back", &|world| world.api.away = false);
    } else if world.chances.mishaps > 0 {
        add("the API server goes away", &|world| {
            world.goes_wrong();
            world.api.away = true;
        });
    }
}

fn around_the_sidecar(world: &World, add: Add<'_>) {
    let ends = world.container.is_none() && !comes_again(world);
    match &world.sidecar {
        Some(_) if world.chances.mishaps > 0 => add("the sidecar is killed", &|world| {
            world.goes_wrong();
            Sidecar::die(world);
        }),
        Some(_) => {}
        None if ends => add("the pod is over", &|world| {
            world.over = true;
            if world.history.dirty {
                world.history.bounds.insert(Bound::NoSidecarAtTheEnd);
            }
        }),
        None => add("the kubelet starts the sidecar again", &Sidecar::start),
    }
    if world.deleting {
        add("the grace period is used up, and all are killed", &|world| {
            world.history.bounds.insert(Bound::GraceUsedUp);
            end_container(world, Verdict::Signalled(9));
            Sidecar::die(world);
            world.over = true;
        });
    }
}

/// SIGTERM to the sidecar: at the pod's end, when the grace period is used up, or by somebody's hand.
fn terminations(world: &World, next: &mut Vec<(String, World)>) {
    // What wrappers said is heard first: it was there before the kubelet saw their end, and drive.rs looks there first.
    let said = world.lines.values().any(|line| !line.is_empty());
    if said || world.sidecar.as_ref().is_none_or(|sidecar| sidecar.told) {
        return;
    }
    let told = |world: &mut World, kill: usize| {
        if let Some(sidecar) = &mut world.sidecar {
            sidecar.told = true;
        }
        tell(world, ToSidecar::Terminated, kill)
    };
    if world.container.is_none() && !comes_again(world) {
        each_kill(world, "the kubelet ends the sidecar", next, &told);
    } else if world.deleting {
        each_kill(world, "the grace period is nearly used up, and the sidecar ends too", next, &|world, kill| {
            world.history.bounds.insert(Bound::GraceUsedUp);
            told(world, kill)
        });
    } else if world.chances.mishaps > 0 {
        each_kill(world, "somebody ends the sidecar alone", next, &|world, kill| {
            world.goes_wrong();
            told(world, kill)
        });
    }
}

fn comes_again(world: &World) -> bool {
    let failed = world.ended.get(&world.started).is_none_or(|verdict| verdict.code() != Some(0));
    world.started < world.chances.attempts && failed && !world.deleting
}
