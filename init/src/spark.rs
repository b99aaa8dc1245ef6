//! What stands in `spark-defaults.conf`: a driver in client mode, inside of a pod.

pub mod near_misses;
pub mod overlay;
pub mod properties;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::hadoop::Properties;
use crate::settings::{Settings, TEMPLATE_KEY};
use crate::version::{Version, at_least};
use crate::volume::EXECUTOR_TEMPLATE;

/// Puts the driver pod's uid on executors: codriver finds them by it, should the job choose an application id of its own.
/// A prefix without a dot is nobody's domain (Kubernetes: label keys).
const DRIVER_LABEL: &str = "spark.kubernetes.executor.label.codriver/driver-uid";

/// All Spark settings, ours and then the user's, which win.
pub fn properties(settings: &Settings, hadoop: &Properties) -> BTreeMap<String, String> {
    let mut properties = ours(settings, hadoop);
    properties.extend(settings.spark_conf.iter().cloned());
    // The sidecar cleans up by it; the wrapper makes one for each attempt.
    properties.insert("spark.app.id".to_owned(), settings.application_id());
    // Into ours the user's own has been merged.
    properties.insert(TEMPLATE_KEY.to_owned(), settings.dir.join(EXECUTOR_TEMPLATE).to_string_lossy().into_owned());
    properties
}

/// What codriver says. The Hadoop settings are among them, since executors that build a Hadoop configuration of their own
/// see nothing else; secrets are not.
pub fn ours(settings: &Settings, hadoop: &Properties) -> BTreeMap<String, String> {
    let pod = &settings.pod;
    let open = hadoop.iter().filter(|(_, value)| !value.is_secret());
    let mut properties: BTreeMap<String, String> =
        open.map(|(key, value)| (format!("spark.hadoop.{key}"), value.text().to_owned())).collect();
    let mut set = |key: &str, value: &str| {
        properties.insert(key.to_owned(), value.to_owned());
    };
    set("spark.master", "k8s://https://kubernetes.default.svc:443");
    set("spark.submit.deployMode", "client");
    set("spark.app.id", &settings.application_id());
    set("spark.kubernetes.namespace", &pod.namespace);
    // The owner of what Spark creates: Kubernetes removes it with this pod, should nobody else.
    set("spark.kubernetes.driver.pod.name", &pod.name);
    set(DRIVER_LABEL, &pod.uid);
    let host = match pod.ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    set("spark.driver.host", &host);
    // Not 0.0.0.0: from Spark 4.1 executors may connect to this one (spark.kubernetes.executor.useDriverPodIP).
    set("spark.driver.bindAddress", &host);
    set("spark.driver.port", "7078");
    set("spark.driver.blockManager.port", "7079");
    if let Some(image) = &settings.executor.image {
        set("spark.kubernetes.executor.container.image", image);
    }
    if let Some(account) = &settings.executor.service_account {
        set("spark.kubernetes.authenticate.executor.serviceAccountName", account);
    }
    // A thread of the user's must not keep a finished driver alive; earlier versions do not know the setting.
    if at_least(settings.spark, Version(4, 1, 0)) {
        set("spark.submit.callSystemExitOnMainExit", "true");
    }
    if settings.magic_committer {
        set("spark.sql.sources.commitProtocolClass", "org.apache.spark.internal.io.cloud.PathOutputCommitProtocol");
        set(
            "spark.sql.parquet.output.committer.class",
            "org.apache.spark.internal.io.cloud.BindingParquetOutputCommitter",
        );
    }
    properties
}

/// What the user's settings probably do not mean.
pub fn warnings(settings: &Settings) -> Vec<String> {
    let mut warnings: Vec<String> =
        settings.spark_conf.iter().filter_map(|(key, _)| near_misses::advice(key)).collect();
    let pod = &settings.pod;
    for (key, ours) in [
        ("spark.submit.deployMode", "client"),
        ("spark.kubernetes.namespace", &pod.namespace),
        ("spark.kubernetes.driver.pod.name", &pod.name),
    ] {
        if settings.spark(key).is_some_and(|theirs| theirs != ours) {
            warnings.push(format!("`{key}` is not `{ours}`: executors will not be found, nor removed, as this pod's"));
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hadoop::Value;
    use crate::settings::tests::minio;

    fn of(settings: &Settings) -> BTreeMap<String, String> {
        let secret = Value::secret("hunter2");
        let hadoop = [("fs.s3.impl".to_owned(), Value::new("x")), ("fs.s3a.secret.key".to_owned(), secret)];
        properties(settings, &hadoop.into())
    }

    #[test]
    fn the_driver_is_found_by_its_executors() {
        let mut settings = minio();
        for (ip, host) in [("10.1.2.3", "10.1.2.3"), ("fd00::7", "[fd00::7]")] {
            settings.pod.ip = ip.parse().unwrap();
            for key in ["spark.driver.host", "spark.driver.bindAddress"] {
                assert_eq!(of(&settings)[key], host, "{key}");
            }
        }
    }

    #[test]
    fn hadoop_settings_reach_executors() {
        assert_eq!(of(&minio())["spark.hadoop.fs.s3.impl"], "x");
    }

    #[test]
    fn secrets_do_not() {
        assert!(!of(&minio()).contains_key("spark.hadoop.fs.s3a.secret.key"));
    }

    #[test]
    fn the_exit_on_main_exit_is_set_where_spark_knows_it() {
        for (spark, known) in [
            (None, false),
            (Some(Version(3, 5, 9)), false),
            (Some(Version(4, 0, 5)), false),
            (Some(Version(4, 1, 0)), true),
        ] {
            let settings = Settings { spark, ..minio() };
            assert_eq!(of(&settings).contains_key("spark.submit.callSystemExitOnMainExit"), known, "{spark:?}");
        }
    }

    #[test]
    fn the_application_id_is_a_label_value() {
        let id = &of(&minio())["spark.app.id"];
        assert_eq!(id, "spark-5f3c6f6e0c7d4b6e9d8a1f2e3d4c5b6a");
        assert!(id.len() <= 63);
    }

    #[test]
    fn the_users_lines_win() {
        let line = ("spark.driver.port".to_owned(), "1234".to_owned());
        assert_eq!(of(&Settings { spark_conf: vec![line], ..minio() })["spark.driver.port"], "1234");
    }
}
