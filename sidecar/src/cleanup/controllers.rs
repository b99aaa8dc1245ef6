//! The controllers that make executors in place of Spark, with the allocators `statefulset` and `deployment`.
//!
//! They bear no labels (Spark: `StatefulSetPodsAllocator`, `DeploymentPodsAllocator`), so they are known by their names, which
//! hold the application id. They go before their executors, which they would make anew.

use codriver_kube::{Kind, Metadata};

/// Both kinds.
pub(crate) const KINDS: [Kind; 2] = [Kind::StatefulSets, Kind::Deployments];

/// The application id in the name of a controller of Spark's: `spark-s-<id>-<number of the resource profile>`.
pub(crate) fn application_id(kind: Kind, name: &str) -> Option<&str> {
    let prefix = if kind == Kind::Deployments { "spark-d-" } else { "spark-s-" };
    let (id, profile) = name.strip_prefix(prefix)?.rsplit_once('-')?;
    (!id.is_empty() && !profile.is_empty() && profile.bytes().all(|byte| byte.is_ascii_digit())).then_some(id)
}

/// Whether a controller has made this pod; a deployment does it by a replica set.
pub(crate) fn has_made(pod: &Metadata) -> bool {
    pod.owner_references.iter().any(|owner| matches!(owner.kind.as_str(), "StatefulSet" | "ReplicaSet"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_application_id_stands_in_the_name() {
        for (kind, name, id) in [
            (Kind::StatefulSets, "spark-s-spark-1f-2-0", Some("spark-1f-2")),
            (Kind::Deployments, "spark-d-job-12", Some("job")),
            (Kind::Deployments, "spark-s-job-0", None),
            (Kind::StatefulSets, "spark-s-job-x", None),
            (Kind::StatefulSets, "spark-s-job-", None),
            (Kind::StatefulSets, "spark-s-0", None),
            (Kind::StatefulSets, "database", None),
        ] {
            assert_eq!(application_id(kind, name), id, "{name}");
        }
    }
}
