//! `s3://` means S3A: the Hadoop settings that make it so, by version. Never a setting below S3A's own default.

use std::collections::BTreeMap;

use crate::settings::Settings;
use crate::version::{Version, at_least};

/// Schemes that people write and that Hadoop 3 does not know; `s3a` it knows.
const SCHEMES: [&str; 2] = ["s3", "s3n"];

/// The provider of Java SDK v1, in Hadoop before 3.4.
const PROVIDER_V1: &str = "com.amazonaws.auth.WebIdentityTokenCredentialsProvider";
/// The provider of Java SDK v2, in Hadoop 3.4 and later.
const PROVIDER_V2: &str = "software.amazon.awssdk.auth.credentials.WebIdentityTokenFileCredentialsProvider";

/// All Hadoop settings, ours and then the user's, which win.
pub fn properties(settings: &Settings) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    let mut set = |key: &str, value: &str| {
        properties.insert(key.to_owned(), value.to_owned());
    };
    // Before 3.3.6 S3A insists on its own scheme here, and Spark's checkpoints do without only when there is no mapping.
    let file_context = at_least(settings.hadoop, Version(3, 3, 6));
    for scheme in SCHEMES {
        set(&format!("fs.{scheme}.impl"), "org.apache.hadoop.fs.s3a.S3AFileSystem");
        if file_context {
            set(&format!("fs.AbstractFileSystem.{scheme}.impl"), "org.apache.hadoop.fs.s3a.S3A");
        }
        // Hadoop has this for s3a only; without it the choice of a committer is silently ignored.
        set(
            &format!("mapreduce.outputcommitter.factory.scheme.{scheme}"),
            "org.apache.hadoop.fs.s3a.commit.S3ACommitterFactory",
        );
    }
    if settings.magic_committer {
        set("fs.s3a.committer.name", "magic");
        set("fs.s3a.committer.magic.enabled", "true");
    }
    match settings.hadoop {
        Some(version) if version < Version(3, 4, 0) => set("fs.s3a.aws.credentials.provider", PROVIDER_V1),
        Some(_) => set("fs.s3a.aws.credentials.provider", PROVIDER_V2),
        // Hadoop 3.4 and later translate the name; earlier ones know it and ignore the mapping.
        None => {
            set("fs.s3a.aws.credentials.provider", PROVIDER_V1);
            set("fs.s3a.aws.credentials.provider.mapping", &format!("{PROVIDER_V1}={PROVIDER_V2}"));
        }
    }
    let store = &settings.store;
    set("fs.s3a.endpoint.region", &store.region);
    if let Some(endpoint) = &store.endpoint {
        set("fs.s3a.endpoint", endpoint.url());
        set("fs.s3a.connection.ssl.enabled", if endpoint.tls() { "true" } else { "false" });
    }
    if store.path_style {
        set("fs.s3a.path.style.access", "true");
    }
    properties.extend(settings.hadoop_conf.iter().cloned());
    properties
}

/// What will not work with this version of Hadoop, for the report.
pub fn warnings(settings: &Settings) -> Vec<String> {
    let mut warnings = Vec::new();
    let own_sts = settings.sts.endpoint.as_ref().is_some_and(|endpoint| !endpoint.is_aws());
    match settings.hadoop {
        None => warnings.push(
            "CODRIVER_HADOOP_VERSION is not set: only what Hadoop 3.2 to 3.5 all understand is written; checkpoints of \
             Structured Streaming must use s3a://"
                .to_owned(),
        ),
        Some(version) if version < Version(3, 3, 6) => warnings.push(format!(
            "Hadoop {version} has no FileContext for s3://: checkpoints of Structured Streaming must use s3a://"
        )),
        Some(_) => {}
    }
    // The service-specific variable came to the Java SDK with 2.28; Hadoop 3.4.2 is the first with a later one.
    if own_sts && settings.hadoop.is_some_and(|version| version < Version(3, 4, 2)) {
        warnings.push(
            "the AWS SDK in this version of Hadoop does not read AWS_ENDPOINT_URL_STS: the JVMs will ask AWS's STS and \
             be refused; Hadoop 3.4.2 and later read it"
                .to_owned(),
        );
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::{aws, minio};

    fn of(hadoop: Option<Version>) -> BTreeMap<String, String> {
        properties(&Settings { hadoop, ..minio() })
    }

    #[test]
    fn s3_means_s3a_on_every_version() {
        for hadoop in
            [None, Some(Version(3, 2, 0)), Some(Version(3, 3, 4)), Some(Version(3, 4, 1)), Some(Version(3, 5, 0))]
        {
            let properties = of(hadoop);
            assert_eq!(properties["fs.s3.impl"], "org.apache.hadoop.fs.s3a.S3AFileSystem");
            assert_eq!(
                properties["mapreduce.outputcommitter.factory.scheme.s3"],
                "org.apache.hadoop.fs.s3a.commit.S3ACommitterFactory"
            );
        }
    }

    #[test]
    fn the_provider_follows_the_version() {
        for (hadoop, provider, mapping) in [
            (Some(Version(3, 2, 0)), PROVIDER_V1, false),
            (Some(Version(3, 3, 6)), PROVIDER_V1, false),
            (Some(Version(3, 4, 0)), PROVIDER_V2, false),
            (Some(Version(3, 5, 0)), PROVIDER_V2, false),
            (None, PROVIDER_V1, true),
        ] {
            let properties = of(hadoop);
            assert_eq!(properties["fs.s3a.aws.credentials.provider"], provider, "{hadoop:?}");
            assert_eq!(properties.contains_key("fs.s3a.aws.credentials.provider.mapping"), mapping, "{hadoop:?}");
        }
    }

    #[test]
    fn the_file_context_is_mapped_only_where_it_works() {
        for (hadoop, mapped) in [
            (None, false),
            (Some(Version(3, 3, 4)), false),
            (Some(Version(3, 3, 6)), true),
            (Some(Version(3, 4, 0)), true),
        ] {
            assert_eq!(of(hadoop).contains_key("fs.AbstractFileSystem.s3.impl"), mapped, "{hadoop:?}");
        }
    }

    #[test]
    fn a_store_of_ones_own_has_endpoint_path_style_and_no_tls() {
        let properties = of(Some(Version(3, 5, 0)));
        assert_eq!(properties["fs.s3a.endpoint"], "http://minio.store.svc:9000");
        assert_eq!(properties["fs.s3a.path.style.access"], "true");
        assert_eq!(properties["fs.s3a.connection.ssl.enabled"], "false");
        assert_eq!(properties["fs.s3a.endpoint.region"], "us-east-1");
    }

    #[test]
    fn aws_has_a_region_and_no_endpoint() {
        let properties = properties(&aws());
        assert_eq!(properties["fs.s3a.endpoint.region"], "eu-west-1");
        for absent in ["fs.s3a.endpoint", "fs.s3a.path.style.access", "fs.s3a.connection.ssl.enabled"] {
            assert!(!properties.contains_key(absent), "{absent}");
        }
    }

    #[test]
    fn the_users_lines_win() {
        let line = ("fs.s3a.path.style.access".to_owned(), "false".to_owned());
        let properties = properties(&Settings { hadoop_conf: vec![line], ..minio() });
        assert_eq!(properties["fs.s3a.path.style.access"], "false");
    }

    #[test]
    fn what_cannot_work_is_said() {
        let texts = |hadoop| warnings(&Settings { hadoop, ..minio() }).join("\n");
        assert!(texts(None).contains("CODRIVER_HADOOP_VERSION"));
        assert!(texts(Some(Version(3, 3, 4))).contains("AWS_ENDPOINT_URL_STS"));
        assert_eq!(texts(Some(Version(3, 5, 0))), "");
        assert!(!warnings(&aws()).join("").contains("AWS_ENDPOINT_URL_STS"));
    }
}
