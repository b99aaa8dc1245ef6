//! What may be swept, by what was seen: no clock, no server.
//!
//! The rules, each for safety:
//! * An object goes only if a pod owns it, and that pod is gone or has ended. What a controller owns goes with the controller; a
//!   claim that an executor owns goes with the executor.
//! * An object that nobody owns may belong to a driver that cannot be seen; it goes only when that is asked for, and no pod of
//!   its application is left that has not ended.
//! * Object and end must be older than the minimum age: the sidecar of a driver that has just ended is at work.
//! * Executors that failed stay for as long as their driver's `CODRIVER_KEEP_FAILED` says, counted from its end.
//! * Everything is deleted by its uid. Many objects of one application go together only under an id that no other driver can
//!   come to use: one that holds a uid.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::{Duration, SystemTime},
};

use codriver_kube::{Kind, Metadata, Timestamp};

use crate::cleanup::{controllers, strays::Named};

/// From this number on objects of one kind and application go together, where they may; fewer are not worth a second thought.
const MANY: usize = 10;

/// An object of an application, as it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    pub kind: Kind,
    pub application_id: String,
    pub metadata: Metadata,
}

/// A pod that is no executor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    Lives,
    Ended {
        /// When, if the kubelet said it: of evicted pods and lost nodes it says nothing.
        at: Option<Timestamp>,
        /// How long its failed executors are to stay (`CODRIVER_KEEP_FAILED`).
        keep_failed: Duration,
    },
}

/// The pods, listed after the leftovers: who made a leftover was there before it.
#[derive(Debug, Default)]
pub struct Pods {
    /// Pods that are no executors, by their uids.
    pub drivers: HashMap<String, Driver>,
    /// The uids of executors.
    pub executors: HashSet<String>,
    /// Of these, the ones that failed; not known where no driver wants them to stay.
    pub failed: HashSet<String>,
    /// Namespace and application id of all pods that have not ended, executors too.
    pub busy: HashSet<(String, String)>,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    pub older_than: Duration,
    pub orphans: bool,
    pub now: SystemTime,
}

/// What is known of the driver of something that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dead {
    Gone,
    Ended,
    /// Nobody owns it.
    NoOwner,
}

/// What goes of one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    pub namespace: String,
    pub application_id: String,
    /// The driver's name, and what became of it.
    pub driver: Option<String>,
    pub dead: Dead,
    pub oldest: Timestamp,
    /// By kind, in the order of removal: controllers would make executors anew, and claims are in use until their pods are gone.
    pub removals: Vec<Removal>,
}

/// Objects of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    pub kind: Kind,
    pub objects: Vec<Named>,
    /// With one request for all that bear the application id.
    pub together: bool,
}

const ORDER: [Kind; 5] =
    [Kind::StatefulSets, Kind::Deployments, Kind::Pods, Kind::ConfigMaps, Kind::PersistentVolumeClaims];

/// An object, and what became of its driver if it goes.
type Judged<'a> = (&'a Leftover, Option<Dead>);

/// What goes, application by application.
pub fn decide(leftovers: &[Leftover], pods: &Pods, wish: &Wish) -> Vec<Application> {
    let mut groups: BTreeMap<(&str, &str), Vec<Judged<'_>>> = BTreeMap::new();
    for leftover in leftovers {
        let key = (leftover.metadata.namespace.as_str(), leftover.application_id.as_str());
        groups.entry(key).or_default().push((leftover, fate(leftover, pods, wish)));
    }
    groups.into_iter().filter_map(|((namespace, id), group)| application(namespace, id, &group)).collect()
}

fn application(namespace: &str, id: &str, group: &[Judged<'_>]) -> Option<Application> {
    let doomed = || group.iter().filter_map(|(leftover, dead)| Some((*leftover, (*dead)?)));
    let (first, dead) = doomed().min_by_key(|(_, dead)| *dead)?;
    let removals = ORDER.into_iter().filter_map(|kind| {
        let of_kind = doomed().filter(|(leftover, _)| leftover.kind == kind);
        let named = |it: &Metadata| Named { name: it.name.clone(), uid: it.uid.clone() };
        let objects: Vec<_> = of_kind.map(|(leftover, _)| named(&leftover.metadata)).collect();
        let spared = group.iter().any(|(leftover, dead)| leftover.kind == kind && dead.is_none());
        let together = objects.len() >= MANY && !spared && !controllers::KINDS.contains(&kind) && is_one_drivers(id);
        (!objects.is_empty()).then_some(Removal { kind, objects, together })
    });
    Some(Application {
        namespace: namespace.to_owned(),
        application_id: id.to_owned(),
        driver: owning_pods(&first.metadata).next().map(|owner| owner.name.clone()),
        dead,
        oldest: doomed().filter_map(|(leftover, _)| leftover.metadata.creation_timestamp).min()?,
        removals: removals.collect(),
    })
}

/// What its driver is, if it goes.
fn fate(leftover: &Leftover, pods: &Pods, wish: &Wish) -> Option<Dead> {
    let object = &leftover.metadata;
    let is_older = |moment: Timestamp, than: Duration| {
        wish.now.duration_since(SystemTime::from(moment)).is_ok_and(|age| age >= than)
    };
    let is_old = |moment: Timestamp| is_older(moment, wish.older_than);
    // It is leaving: in its grace period, or, if that is long over, on a node that does not answer.
    let is_leaving = object.deletion_timestamp.is_some_and(|until| leftover.kind != Kind::Pods || !is_old(until));
    if is_leaving || !object.creation_timestamp.is_some_and(is_old) {
        return None;
    }
    let mut dead = None;
    for owner in owning_pods(object) {
        dead = match pods.drivers.get(&owner.uid) {
            Some(Driver::Lives) => return None,
            Some(Driver::Ended { at: Some(at), keep_failed }) => {
                let keep = if pods.failed.contains(&object.uid) { *keep_failed } else { Duration::ZERO };
                if !is_older(*at, keep.max(wish.older_than)) {
                    return None;
                }
                Some(Dead::Ended)
            }
            Some(Driver::Ended { at: None, .. }) => Some(Dead::Ended),
            None if pods.executors.contains(&owner.uid) => return None,
            None => dead.or(Some(Dead::Gone)),
        };
    }
    let busy = || pods.busy.contains(&(object.namespace.clone(), leftover.application_id.clone()));
    let is_orphan = wish.orphans && object.owner_references.is_empty() && !busy();
    dead.or_else(|| is_orphan.then_some(Dead::NoOwner))
}

fn owning_pods(object: &Metadata) -> impl Iterator<Item = &codriver_kube::OwnerReference> {
    object.owner_references.iter().filter(|owner| owner.kind == "Pod")
}

/// Whether the id holds a uid, as Spark's own (`spark-` and 32 hexadecimal digits) and codriver's do, so that no other driver
/// bears it, now or later.
fn is_one_drivers(application_id: &str) -> bool {
    let Some(rest) = application_id.strip_prefix("spark-") else { return false };
    let (uid, attempt) = rest.split_once('-').unwrap_or((rest, "0"));
    uid.len() == 32
        && uid.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !attempt.is_empty()
        && attempt.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
