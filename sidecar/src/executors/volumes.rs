//! The volumes of Spark's settings that a Pod Security Standard refuses: `hostPath` (baseline) and `nfs` (restricted).
//!
//! Others are allowed by each of them (Kubernetes: "Pod Security Standards"), so that the trial does without.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::spark_conf::SparkConf;

/// The prefix of volumes for executors; then `TYPE.NAME.options.OPTION` (Spark: `KubernetesVolumeUtils`).
const VOLUMES: &str = "spark.kubernetes.executor.volumes.";
/// Spark's names of types, which are Kubernetes' own, as are the options'.
const REFUSED: [&str; 2] = ["hostPath", "nfs"];

/// These volumes, as they stand in a pod's `spec.volumes`.
pub fn refused(conf: &SparkConf) -> Vec<Value> {
    let mut volumes: BTreeMap<(&str, &str), Map<String, Value>> = BTreeMap::new();
    for (key, value) in conf.under(VOLUMES) {
        let mut words = key.splitn(3, '.');
        let (Some(kind), Some(name), Some(rest)) = (words.next(), words.next(), words.next()) else { continue };
        if let Some(option) = rest.strip_prefix("options.").filter(|_| REFUSED.contains(&kind)) {
            volumes.entry((kind, name)).or_default().insert(option.to_owned(), json!(value));
        }
    }
    volumes.into_iter().map(|((kind, name), options)| json!({ "name": name, kind: options })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_that_a_standard_refuses_are_found_with_their_options() {
        let conf = SparkConf::read(
            "spark.kubernetes.executor.volumes.hostPath.spark-local-dir-1.mount.path=/scratch\n\
             spark.kubernetes.executor.volumes.hostPath.spark-local-dir-1.options.path=/mnt/nvme\n\
             spark.kubernetes.executor.volumes.nfs.in.options.server=nfs.example\n\
             spark.kubernetes.executor.volumes.nfs.in.options.path=/in\n\
             spark.kubernetes.executor.volumes.persistentVolumeClaim.data.options.claimName=OnDemand\n\
             spark.kubernetes.executor.volumes.emptyDir.tmp.mount.path=/tmp\n\
             spark.kubernetes.executor.volumes.odd=x",
        );
        assert_eq!(
            refused(&conf),
            [
                json!({ "name": "spark-local-dir-1", "hostPath": { "path": "/mnt/nvme" } }),
                json!({ "name": "in", "nfs": { "path": "/in", "server": "nfs.example" } }),
            ]
        );
    }
}
