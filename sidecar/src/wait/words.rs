//! A pod's state in one line, as a person wants to read it.

use codriver_kube::{ContainerStatus, Object};

/// Characters of others' words that are shown; the kubelet keeps up to 4096 of a termination message.
const LONGEST: usize = 1000;

/// How the pod and its driver are now.
#[must_use]
pub fn state(pod: &Object, driver: &str) -> String {
    let phase = pod.status.phase.as_deref().unwrap_or("Unknown");
    let leaving = if pod.metadata.deletion_timestamp.is_some() { ", being deleted" } else { "" };
    let container = pod.status.container(driver);
    match container.and_then(container_state) {
        Some(state) => format!("{phase}{leaving}: {state}"),
        None => match waiting_for(pod, container) {
            Some(cause) => format!("{phase}{leaving}: {cause}"),
            None => format!("{phase}{leaving}"),
        },
    }
}

/// What its driver's container does, once it has been started.
fn container_state(container: &ContainerStatus) -> Option<String> {
    let state = &container.state;
    let starts = match container.restart_count {
        0 => String::new(),
        count => format!(" (restarts: {count})"),
    };
    if let Some(end) = &state.terminated {
        let reason = end.reason.as_deref().unwrap_or("ended");
        return Some(format!("the driver ended with code {} ({reason}){starts}", end.exit_code));
    }
    if state.running.is_some() {
        return Some(format!("the driver runs{starts}"));
    }
    let before = container.last_state.terminated.as_ref()?;
    let waiting = state.waiting.as_ref().and_then(|it| it.reason.as_deref()).unwrap_or("waiting");
    Some(format!("the driver ended with code {} and is started again: {waiting}{starts}", before.exit_code))
}

/// What keeps a driver that has not started: its node, an init container, its image, its volumes.
fn waiting_for(pod: &Object, container: Option<&ContainerStatus>) -> Option<String> {
    if let Some(scheduled) = pod.status.condition("PodScheduled").filter(|condition| condition.status == "False") {
        return stated(scheduled.reason.as_deref(), scheduled.message.as_deref());
    }
    let inits = pod.status.init_container_statuses.iter();
    let stuck = inits.chain(container).find_map(|status| {
        let waiting = status.state.waiting.as_ref()?;
        let reason = waiting.reason.as_deref().filter(|reason| !matches!(*reason, "PodInitializing"))?;
        Some(format!("{}: {}", status.name, stated(Some(reason), waiting.message.as_deref())?))
    });
    stuck.or_else(|| {
        let running = pod.status.init_container_statuses.iter().find(|init| {
            let native = pod.spec.init_containers.iter().any(|it| it.name == init.name && it.restart_policy.is_some());
            init.state.running.is_some() && !native
        })?;
        Some(format!("the init container {} runs", running.name))
    })
}

/// A reason and its explanation, as far as there are any.
#[must_use]
pub fn stated(reason: Option<&str>, message: Option<&str>) -> Option<String> {
    let message = message.map(one_line).filter(|message| !message.is_empty());
    match (reason, message) {
        (Some(reason), Some(message)) => Some(format!("{reason}: {message}")),
        (Some(reason), None) => Some(reason.to_owned()),
        (None, message) => message,
    }
}

/// Others' words on one line, and not too many of them.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = words.char_indices().nth(LONGEST) {
        words.truncate(end);
        words.push('…');
    }
    words
}
