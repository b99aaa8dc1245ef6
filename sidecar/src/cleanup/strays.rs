//! Whose an object is, by its labels, its owner and its age.

use std::collections::BTreeSet;

use codriver_kube::{Kind, Metadata};

use super::Target;

/// The label that Spark puts on everything an application makes, with the application id.
pub(crate) const APPLICATION: &str = "spark-app-selector";
/// The label that tells executors, and their ConfigMap, from a driver's.
pub(crate) const ROLE: &str = "spark-role=executor";

/// The label that codriver-init has Spark put on executors, with the uid of the driver's pod.
const DRIVER: &str = "codriver/driver-uid";

/// The executors of a driver's pod, whatever application id they bear. Others of the namespace are not among them, so their
/// number does not matter.
pub(crate) fn all_executors(driver_uid: &str) -> String {
    format!("{ROLE},{DRIVER}={driver_uid}")
}

/// Whether a look by that label finds this executor.
pub(super) fn is_labelled(executor: &Metadata, driver_uid: &str) -> bool {
    executor.labels.get(DRIVER).is_some_and(|uid| uid == driver_uid)
}

/// What this application has of this kind. Claims bear no role. With the role a driver's own pod and ConfigMap are never
/// meant: in cluster mode they bear the application id too. Controllers bear no label at all.
pub(crate) fn selector(kind: Kind, application_id: &str) -> String {
    match kind {
        Kind::Deployments | Kind::StatefulSets => String::new(),
        Kind::Pods | Kind::ConfigMaps => format!("{ROLE},{APPLICATION}={application_id}"),
        _ => format!("{APPLICATION}={application_id}"),
    }
}

/// Enough to delete one object and no other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) uid: String,
}

/// What a look at the objects of one kind and application found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// To be removed.
    pub(super) ours: Vec<Named>,
    /// Removed already, but still there: a pod in its grace period, a claim in use.
    pub(super) leaving: usize,
    /// There are others that bear the same application id and are not to be removed.
    pub(super) others: bool,
}

impl Seen {
    pub(super) fn add(&mut self, object: &Metadata, is_ours: bool) {
        if !is_ours {
            self.others = true;
        } else if object.deletion_timestamp.is_some() {
            self.leaving += 1;
        } else {
            self.ours.push(Named { name: object.name.clone(), uid: object.uid.clone() });
        }
    }
}

/// Whether the ended attempt made this object, whatever application id it bears: its pod owns it, or its pod's label is on
/// it (a controller's pods are the controller's own), and it is not younger than the attempt's end.
pub(super) fn is_of_attempt(object: &Metadata, target: &Target) -> bool {
    (object.is_owned_by(&target.driver_uid) || is_labelled(object, &target.driver_uid))
        && object.creation_timestamp.is_some_and(|made| made <= target.ended_at)
}

/// What one look at all executors of the namespace found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Around {
    /// Of the attempt's own application id.
    pub(super) own: Seen,
    /// Other application ids under which the attempt made executors.
    pub(super) strays: BTreeSet<String>,
}

impl Around {
    pub(super) fn add(&mut self, executor: &Metadata, target: &Target) {
        let Some(application_id) = executor.labels.get(APPLICATION) else { return };
        if *application_id == target.application_id {
            self.own.add(executor, true);
        } else if !target.live.contains(application_id) && is_of_attempt(executor, target) {
            self.strays.insert(application_id.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use codriver_kube::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::cleanup::Wishes;

    fn target() -> Target {
        Target {
            namespace: "etl".into(),
            application_id: "spark-1".into(),
            driver_uid: "u-driver".into(),
            ended_at: Timestamp::parse("2026-11-22T22:00:10Z").unwrap(),
            live: vec!["spark-2".into()],
            grace: 0,
            wishes: Wishes::default(),
        }
    }

    fn executor(application_id: Option<&str>, owner: &str, second: u32) -> Metadata {
        let labels = application_id.map_or(json!({}), |id| json!({ APPLICATION: id }));
        serde_json::from_value(
            json!({ "name": "e", "uid": "u-e", "labels": labels, "ownerReferences": [{ "uid": owner }],
            "creationTimestamp": format!("2026-11-22T22:00:{second:02}Z") }),
        )
        .unwrap()
    }

    #[test]
    fn executors_are_told_apart_by_label_owner_and_age() {
        for (executor, own, stray) in [
            (executor(Some("spark-1"), "u-driver", 5), true, false),
            // The label is ours alone, so the owner does not matter: Spark sets none without a driver pod's name.
            (executor(Some("spark-1"), "u-none", 15), true, false),
            (executor(Some("job"), "u-driver", 10), false, true),
            (executor(Some("job"), "u-driver", 11), false, false),
            (executor(Some("job"), "u-other", 5), false, false),
            (executor(Some("spark-2"), "u-driver", 5), false, false),
            (executor(None, "u-driver", 5), false, false),
        ] {
            let mut around = Around::default();
            around.add(&executor, &target());
            assert_eq!((!around.own.ours.is_empty(), !around.strays.is_empty()), (own, stray), "{executor:?}");
        }
    }

    #[test]
    fn an_executor_of_a_controller_is_known_by_its_label() {
        let mut executor = executor(Some("job"), "u-stateful-set", 5);
        assert!(!is_of_attempt(&executor, &target()));
        executor.labels.insert(DRIVER.into(), "u-driver".into());
        assert!(is_of_attempt(&executor, &target()));
        assert_eq!(all_executors("u-driver"), "spark-role=executor,codriver/driver-uid=u-driver");
    }

    #[test]
    fn a_driver_of_cluster_mode_is_never_selected() {
        assert_eq!(selector(Kind::Pods, "a"), "spark-role=executor,spark-app-selector=a");
        assert_eq!(selector(Kind::ConfigMaps, "a"), "spark-role=executor,spark-app-selector=a");
        assert_eq!(selector(Kind::PersistentVolumeClaims, "a"), "spark-app-selector=a");
    }

    #[test]
    fn what_is_leaving_is_counted_apart() {
        let mut seen = Seen::default();
        let (mut leaving, there) = (executor(None, "o", 1), executor(None, "o", 1));
        leaving.deletion_timestamp = leaving.creation_timestamp;
        for (object, ours) in [(&leaving, true), (&there, true), (&leaving, false)] {
            seen.add(object, ours);
        }
        assert_eq!((seen.ours.len(), seen.leaving, seen.others), (1, 1, true));
    }
}
