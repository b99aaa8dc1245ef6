//! What there is: the leftovers first, and then the pods that may own them.

use std::time::{Duration, SystemTime};

use codriver_kube::{Client, Collection, Error, Kind, Object, View};

use super::decide::{Driver, Leftover, Pods};
use crate::{
    args::{KEEP_FAILED, seconds},
    cleanup::{
        controllers,
        reaction::{Reaction, react},
        requests::{How, Requests},
        strays::{APPLICATION, ROLE},
    },
};

/// Tries of a list in a row; the API server may be starting.
const TRIES: u32 = 4;
/// Also pods without the label.
const NOT_EXECUTORS: &str = "spark-role!=executor";
/// In the words of a field selector.
const NOT_ENDED: &str = "status.phase!=Succeeded,status.phase!=Failed";
const ENDED: &str = "status.phase!=Pending,status.phase!=Running,status.phase!=Unknown";
const FAILED: &str = "status.phase=Failed";

/// Looks around in one namespace, or in all (`""`).
pub struct Survey<'a> {
    pub requests: Requests<'a>,
    namespace: &'a str,
}

impl<'a> Survey<'a> {
    pub fn new(client: &'a Client, namespace: &'a str) -> Self {
        Self { requests: Requests::new(client), namespace }
    }

    /// All objects of applications. A kind that may not be listed is left out, with its error in `problems`; or only in a
    /// warning, if it is one of controllers and none of the executors is made by one: most namespaces never see them.
    ///
    /// # Errors
    /// When the server does not answer, or pods may not be listed: then nothing can be decided.
    pub async fn leftovers(&mut self, problems: &mut Vec<Error>) -> Result<Vec<Leftover>, Error> {
        let executors = format!("{ROLE},{APPLICATION}");
        let (mut leftovers, mut unseen) = (Vec::new(), Vec::new());
        // Owners come last: what is not among them later was gone before, and not made since.
        for (kind, selector) in [
            (Kind::StatefulSets, ""),
            (Kind::Deployments, ""),
            (Kind::PersistentVolumeClaims, APPLICATION),
            (Kind::ConfigMaps, &executors),
            (Kind::Pods, &executors),
        ] {
            match self.list(kind, selector, "", View::Metadata, |object| leftover(kind, object)).await {
                Ok(found) => leftovers.extend(found),
                Err(error @ Error::Forbidden { .. }) if controllers::KINDS.contains(&kind) => unseen.push(error),
                Err(error @ Error::Forbidden { .. }) if kind != Kind::Pods => problems.push(error),
                Err(error) => return Err(error),
            }
        }
        let is_controlled = |it: &Leftover| it.kind == Kind::Pods && controllers::has_made(&it.metadata);
        if leftovers.iter().any(is_controlled) {
            problems.extend(unseen);
        } else {
            for problem in unseen {
                tracing::warn!(%problem, "not swept: controllers of executors, if there are any");
            }
        }
        Ok(leftovers)
    }

    /// The pods that may own them. A pod that ends between the two lists is among those that live.
    ///
    /// # Errors
    /// Then nothing can be decided.
    pub async fn pods(&mut self, leftovers: &[Leftover]) -> Result<Pods, Error> {
        let mut pods = Pods::default();
        for it in leftovers.iter().filter(|it| it.kind == Kind::Pods) {
            pods.executors.insert(it.metadata.uid.clone());
        }
        for pod in self.list(Kind::Pods, "", NOT_ENDED, View::Metadata, Some).await? {
            let pod = pod.metadata;
            if let Some(id) = pod.labels.get(APPLICATION) {
                pods.busy.insert((pod.namespace, id.clone()));
            }
            if pod.labels.get("spark-role").is_some_and(|role| role == "executor") {
                pods.executors.insert(pod.uid);
            } else {
                pods.drivers.insert(pod.uid, Driver::Lives);
            }
        }
        // Executors that have ended are no drivers, and are there all the same: what they own is not without an owner.
        let uid = |pod: Object| Some(pod.metadata.uid);
        pods.executors.extend(self.list(Kind::Pods, ROLE, ENDED, View::Metadata, uid).await?);
        let ended = |pod: Object| {
            let driver = Driver::Ended { at: ended_at(&pod), keep_failed: keep_failed(&pod) };
            Some((pod.metadata.uid, driver))
        };
        for (uid, driver) in self.list(Kind::Pods, NOT_EXECUTORS, ENDED, View::Full, ended).await? {
            pods.drivers.entry(uid).or_insert(driver);
        }
        let wants = |driver: &Driver| matches!(driver, Driver::Ended { keep_failed, .. } if !keep_failed.is_zero());
        if pods.drivers.values().any(wants) {
            pods.failed.extend(self.list(Kind::Pods, ROLE, FAILED, View::Metadata, uid).await?);
        }
        Ok(pods)
    }

    /// All pages, begun anew when something breaks.
    async fn list<T: Send>(
        &mut self,
        kind: Kind,
        selector: &str,
        fields: &str,
        view: View,
        keep: impl Fn(Object) -> Option<T> + Send + Sync,
    ) -> Result<Vec<T>, Error> {
        let of = Collection { kind, namespace: self.namespace, selector, fields };
        let mut tries = 0;
        loop {
            let mut found = Vec::new();
            let mut each = |object| found.extend(keep(object));
            match self.requests.pages(&of, How::List(view), &mut each).await {
                Ok(()) => return Ok(found),
                Err(error) => match react(&error, self.requests.failed_in_a_row()) {
                    Reaction::Wait(pause) if tries + 1 < TRIES => self.requests.wait(error, pause).await,
                    _ => return Err(error),
                },
            }
            tries += 1;
        }
    }
}

fn leftover(kind: Kind, object: Object) -> Option<Leftover> {
    let metadata = object.metadata;
    let application_id = if controllers::KINDS.contains(&kind) {
        controllers::application_id(kind, &metadata.name)?.to_owned()
    } else {
        metadata.labels.get(APPLICATION)?.clone()
    };
    Some(Leftover { kind, application_id, metadata })
}

/// When the last of its containers ended, as far as the kubelet said it.
fn ended_at(pod: &Object) -> Option<codriver_kube::Timestamp> {
    let ends = pod.status.container_statuses.iter().filter_map(|status| status.state.terminated.as_ref());
    ends.filter_map(|end| end.finished_at).max_by_key(|at| SystemTime::from(*at))
}

/// How long the driver's pod wants failed executors to stay: the longest, should several containers say it.
fn keep_failed(pod: &Object) -> Duration {
    let containers = pod.spec.init_containers.iter().chain(&pod.spec.containers);
    let told = containers.flat_map(|container| &container.env).filter(|variable| variable.name == KEEP_FAILED);
    told.filter_map(|variable| seconds(variable.value.as_deref()?).ok()).max().unwrap_or_default()
}
