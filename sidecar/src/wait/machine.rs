//! What to make of each look at the driver's pod: pure.

use std::time::Duration;

use codriver_kube::Object;

use crate::wait::{
    fate::{self, Ending},
    words::state,
};

/// What the world tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// All pods that match, at one moment.
    Seen(Vec<Object>),
    /// One of them is new, or is now like this.
    Changed(Box<Object>),
    /// One of them is gone; this is how it was at last.
    Deleted(Box<Object>),
    /// The API server cannot be asked, and why; more tries follow.
    Trouble(String),
    /// The API server refuses to answer us, and why; more tries follow, since it also does that while it starts.
    Refused(String),
    /// An alarm rang.
    Overdue(Timer),
    /// Somebody wants us to end, by this signal.
    Asked(u8),
}

/// What is waited for, each with its own length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// That a pod appears.
    Appear,
    /// That the API server answers again.
    Answer,
    /// That a pod which is being deleted is gone.
    Leave,
    /// The whole.
    All,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Show this.
    Say(String),
    /// Show that something is amiss.
    Warn(String),
    /// Ring after this time.
    Arm(Timer, Duration),
    /// The driver of this pod writes a log now.
    Log {
        /// The pod.
        pod: String,
        /// Its container.
        container: String,
    },
    /// It is over.
    End(Ending),
}

/// The names that a driver's container has: `spark-submit` gives the first, codriver's manifests the second.
const DRIVERS: [&str; 2] = ["spark-kubernetes-driver", "driver"];

/// Refusals in a row until they are believed.
const REFUSALS: u32 = 3;

/// How long a pod may be there after the grace period of its deletion: longer means that its node does not answer.
const LEAVING: Duration = Duration::from_secs(60);

/// What the user may choose.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The driver's container; without it, the one that is the driver by its name.
    pub container: Option<String>,
    /// Until the pod must be there.
    pub for_pod: Duration,
    /// For which the API server may be away.
    pub patience: Duration,
}

/// The state of a wait.
#[derive(Debug)]
pub struct Waiter {
    settings: Settings,
    followed: Option<Followed>,
    /// Why the API server did not answer last time.
    trouble: Option<String>,
    refusals: u32,
    looked: bool,
}

/// The pod that is waited for, from when it was found.
#[derive(Debug)]
struct Followed {
    pod: Object,
    container: String,
    said: String,
    logged: bool,
    leaving: bool,
}

impl Followed {
    fn is(&self, pod: &Object) -> bool {
        self.pod.metadata.uid == pod.metadata.uid
    }
}

impl Waiter {
    /// Nothing was seen yet.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, followed: None, trouble: None, refusals: 0, looked: false }
    }

    /// Takes in one event.
    pub fn step(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Seen(pods) => {
                let mut effects = self.answered();
                effects.extend(match &self.followed {
                    None => self.choose(pods),
                    Some(followed) => match pods.into_iter().find(|pod| followed.is(pod)) {
                        Some(pod) => self.look(pod),
                        None => self.gone(),
                    },
                });
                effects
            }
            Event::Changed(pod) => match &self.followed {
                None => self.choose(vec![*pod]),
                Some(followed) if followed.is(&pod) => self.look(*pod),
                Some(_) => Vec::new(),
            },
            Event::Deleted(pod) => match &mut self.followed {
                Some(followed) if followed.is(&pod) => {
                    followed.pod = *pod;
                    self.gone()
                }
                _ => Vec::new(),
            },
            Event::Trouble(why) => self.trouble(why),
            Event::Refused(why) => {
                self.refusals += 1;
                if self.refusals < REFUSALS { self.trouble(why) } else { vec![Effect::End(Ending::Refused(why))] }
            }
            Event::Overdue(timer) => self.overdue(timer),
            Event::Asked(signal) => vec![Effect::End(Ending::Stopped(signal))],
        }
    }

    fn trouble(&mut self, why: String) -> Vec<Effect> {
        let first = self.trouble.replace(why.clone()).is_none();
        if first { vec![Effect::Warn(why), Effect::Arm(Timer::Answer, self.settings.patience)] } else { Vec::new() }
    }

    fn answered(&mut self) -> Vec<Effect> {
        self.refusals = 0;
        let was_away = self.trouble.take().is_some();
        if was_away { vec![Effect::Say("the API server answers again".into())] } else { Vec::new() }
    }

    /// The newest of those that match.
    fn choose(&mut self, mut pods: Vec<Object>) -> Vec<Effect> {
        let made = |pod: &Object| (pod.metadata.creation_timestamp, pod.metadata.name.clone());
        let matching = pods.len();
        let newest = (0..matching).max_by_key(|at| made(&pods[*at]));
        let Some(pod) = newest.map(|at| pods.swap_remove(at)) else {
            let first = !std::mem::replace(&mut self.looked, true);
            return if first {
                vec![Effect::Say("no such pod yet".into()), Effect::Arm(Timer::Appear, self.settings.for_pod)]
            } else {
                Vec::new()
            };
        };
        let container = match self.driver(&pod) {
            Ok(container) => container,
            Err(mistake) => return vec![Effect::End(Ending::Mistaken(mistake))],
        };
        let name = &pod.metadata.name;
        let among = if matching > 1 { format!(", the newest of {matching} that match") } else { String::new() };
        let mut effects = vec![Effect::Say(format!("waiting for the container {container} of pod {name}{among}"))];
        self.followed =
            Some(Followed { pod: pod.clone(), container, said: String::new(), logged: false, leaving: false });
        effects.extend(self.look(pod));
        effects
    }

    /// The driver's container in this pod.
    fn driver(&self, pod: &Object) -> Result<String, String> {
        let names: Vec<_> = pod.spec.containers.iter().map(|container| container.name.as_str()).collect();
        let wanted = match (&self.settings.container, names.as_slice()) {
            (Some(wanted), _) => Some(wanted.as_str()),
            (None, [only]) => Some(*only),
            (None, names) => DRIVERS.into_iter().find(|known| names.contains(known)),
        };
        wanted.filter(|wanted| names.contains(wanted)).map(str::to_owned).ok_or_else(|| {
            let wanted = self.settings.container.as_deref().unwrap_or("spark-kubernetes-driver or driver");
            let (pod, names) = (&pod.metadata.name, names.join(", "));
            format!("pod {pod} has no container {wanted}; hint: name the driver's with --container; it has: {names}")
        })
    }

    /// A new look at the pod that is waited for.
    fn look(&mut self, pod: Object) -> Vec<Effect> {
        let Some(followed) = &mut self.followed else { return Vec::new() };
        followed.pod = pod;
        let (pod, container) = (&followed.pod, &followed.container);
        let mut effects = Vec::new();
        let now = state(pod, container);
        if followed.said != now {
            effects.push(Effect::Say(now.clone()));
            followed.said = now;
        }
        let begun = pod.status.container(container).is_some_and(|status| {
            status.state.running.is_some() || status.state.terminated.is_some() || status.restart_count > 0
        });
        if begun && !followed.logged {
            followed.logged = true;
            effects.push(Effect::Log { pod: pod.metadata.name.clone(), container: container.clone() });
        }
        if let Some(ending) = fate::fate(pod, container) {
            effects.push(Effect::End(ending));
        } else if pod.metadata.deletion_timestamp.is_some() && !followed.leaving {
            followed.leaving = true;
            let grace = Duration::from_secs(pod.metadata.deletion_grace_period_seconds.unwrap_or(0));
            effects.push(Effect::Arm(Timer::Leave, grace + LEAVING));
        }
        effects
    }

    fn gone(&self) -> Vec<Effect> {
        let ending = |followed: &Followed| fate::gone(&followed.pod, &followed.container);
        self.followed.iter().map(|followed| Effect::End(ending(followed))).collect()
    }

    fn overdue(&self, timer: Timer) -> Vec<Effect> {
        let ending = match (timer, &self.followed, &self.trouble) {
            (Timer::Appear, None, _) => Ending::Mistaken("no such pod came".into()),
            (Timer::Answer, _, Some(why)) => Ending::Unreachable(why.clone()),
            (Timer::Leave, Some(_), _) => {
                Ending::Lost("it is being deleted, and its node does not say that it ended: is the node gone?".into())
            }
            (Timer::All, Some(followed), _) => Ending::Late(format!("the pod was last seen as: {}", followed.said)),
            (Timer::All, None, _) => Ending::Late("no such pod came".into()),
            // What it was to guard has come since.
            _ => return Vec::new(),
        };
        vec![Effect::End(ending)]
    }
}

#[cfg(test)]
mod tests;
