//! `s3://` means S3A: the Hadoop settings that make it so, by version. Never a setting below S3A's own default.

use super::{Properties, Value, provider};
use crate::endpoint::Endpoint;
use crate::settings::{Mode, Settings, Way};
use crate::version::{Version, at_least};

/// Schemes that people write and that Hadoop 3 does not know; `s3a` it knows.
const SCHEMES: [&str; 2] = ["s3", "s3n"];

/// The first Hadoop whose S3A takes the scheme that it was asked with (HADOOP-18684).
const ANY_SCHEME: Version = Version(3, 3, 6);
/// The first that reads `fs.s3a.endpoint.region` (HADOOP-17705).
const REGION: Version = Version(3, 3, 2);
/// The first that reads `fs.s3a.endpoint.fips` (HADOOP-18975).
const FIPS: Version = Version(3, 4, 1);

/// All Hadoop settings: ours and then the user's, which win. No secret of ours is among them; the user's may be.
pub fn properties(settings: &Settings) -> Properties {
    let mut properties = ours(settings);
    properties.extend(settings.hadoop_conf.iter().map(|(key, value)| (key.clone(), value.clone())));
    properties
}

/// What codriver says.
pub fn ours(settings: &Settings) -> Properties {
    let mut properties = provider::properties(settings);
    let mut set = |key: &str, value: &str| {
        properties.insert(key.to_owned(), Value::new(value));
    };
    // Before that S3A insists on its own scheme here, and Spark's checkpoints do without only when there is no mapping.
    let file_context = at_least(settings.hadoop, ANY_SCHEME);
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
    let store = &settings.store;
    set("fs.s3a.endpoint.region", &store.region);
    if let Some(endpoint) = &store.endpoint {
        set("fs.s3a.endpoint", endpoint.url());
        set("fs.s3a.connection.ssl.enabled", if endpoint.tls() { "true" } else { "false" });
    } else if let Some(host) = aws_host(settings) {
        set("fs.s3a.endpoint", &host);
    }
    if settings.sts.fips && store.endpoint.is_none() && at_least(settings.hadoop, FIPS) {
        set("fs.s3a.endpoint.fips", "true");
    }
    if store.path_style {
        set("fs.s3a.path.style.access", "true");
    }
    // S3A reads no variables, and has no list of hosts without a proxy.
    if let Some((host, port, _)) = settings.sts.proxies.parts_for_url(&settings.s3_url()) {
        set("fs.s3a.proxy.host", host);
        set("fs.s3a.proxy.port", &port.to_string());
    }
    properties
}

/// AWS's endpoint, where S3A does not find the right one by the region: before 3.3.2 it knows the global one only, which
/// leads nowhere from China or GovCloud, and before 3.4.1 it knows nothing of FIPS. An endpoint that is set costs later
/// versions the access to buckets of other regions: then none is written.
fn aws_host(settings: &Settings) -> Option<String> {
    let region = &settings.store.region;
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let standard = !["cn-", "us-gov-", "us-iso"].iter().any(|partition| region.starts_with(partition));
    if settings.sts.fips && !at_least(settings.hadoop, FIPS) {
        return Some(format!("s3-fips.{region}.{suffix}"));
    }
    match settings.hadoop {
        Some(version) if version >= REGION => None,
        None if standard => None,
        _ => Some(format!("s3.{region}.{suffix}")),
    }
}

/// What will not work, or not as one might think, with this version of Hadoop and in this mode.
pub fn warnings(settings: &Settings) -> Vec<String> {
    let mut warnings = Vec::new();
    match settings.hadoop {
        None => warnings.push(
            "CODRIVER_HADOOP_VERSION is not set: only what Hadoop 3.2 to 3.5 all understand is written; checkpoints of \
             Structured Streaming must use s3a://"
                .to_owned(),
        ),
        Some(version) if version < ANY_SCHEME => warnings.push(format!(
            "Hadoop {version} has no FileContext for s3://: checkpoints of Structured Streaming must use s3a://"
        )),
        Some(_) => {}
    }
    let reason = &settings.mode_reason;
    match (settings.mode, &settings.way) {
        (Mode::Session, Way::Keys(_)) if settings.assume.is_none() => {}
        (Mode::Session, _) => warnings.push(format!(
            "mode session ({reason}): the JVMs get one session and cannot renew it; a longer job needs a longer \
             CODRIVER_DURATION, or CODRIVER_MODE=endpoint, in which codriver renews it for them"
        )),
        (Mode::Provider, Way::WebIdentity(_)) => {
            if let Some(obstacle) = &settings.obstacle {
                warnings.push(format!("mode web-identity may not work: {obstacle}"));
            }
        }
        (Mode::Endpoint | Mode::Provider, _) => {}
    }
    if let Some((host, _, true)) = settings.sts.proxies.parts_for_url(&settings.s3_url()) {
        warnings.push(format!(
            "the proxy {host} wants a password, which is not written anywhere: set fs.s3a.proxy.username and \
             fs.s3a.proxy.password in the file of CODRIVER_HADOOP_CONF_FILE"
        ));
    }
    if settings.hadoop_conf.contains_key(provider::PROVIDER) {
        warnings.push(format!(
            "{} is yours: whether JVMs get credentials, and renew them, is not for codriver-init to say",
            provider::PROVIDER
        ));
    }
    let own_tls =
        |endpoint: &Option<Endpoint>| endpoint.as_ref().is_some_and(|endpoint| endpoint.tls() && !endpoint.is_aws());
    if !settings.sts.bundles.is_empty() && (own_tls(&settings.store.endpoint) || own_tls(&settings.sts.endpoint)) {
        warnings.push(
            "AWS_CA_BUNDLE is known to codriver-init only: JVMs need the same certificates in a trust store \
             (-Djavax.net.ssl.trustStore in spark.driver.extraJavaOptions and spark.executor.extraJavaOptions)"
                .to_owned(),
        );
    }
    let asks_sts = settings.mode == Mode::Provider && matches!(settings.way, Way::WebIdentity(_));
    if asks_sts && settings.sts.proxies.for_url(&settings.sts_url()).is_some() {
        warnings.push(
            "the proxy is told to S3A for S3, but JVMs ask STS by themselves: set HTTPS_PROXY, and NO_PROXY with \
             kubernetes.default.svc, in the driver's container and by spark.executorEnv"
                .to_owned(),
        );
    }
    if settings.mode == Mode::Session && settings.executor.own_role {
        warnings.push(
            "CODRIVER_EXECUTOR_ROLE_ARN has no effect on S3A in mode session: executors work with the driver's session"
                .to_owned(),
        );
    }
    warnings
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::settings::tests::{aws, minio};

    const VERSIONS: [Option<Version>; 5] =
        [None, Some(Version(3, 2, 4)), Some(Version(3, 3, 4)), Some(Version(3, 4, 1)), Some(Version(3, 5, 0))];

    fn texts(settings: &Settings) -> BTreeMap<String, String> {
        properties(settings).iter().map(|(key, value)| (key.clone(), value.text().to_owned())).collect()
    }

    fn of(hadoop: Option<Version>) -> BTreeMap<String, String> {
        texts(&Settings { hadoop, ..minio() })
    }

    #[test]
    fn s3_means_s3a_on_every_version() {
        for hadoop in VERSIONS {
            let properties = of(hadoop);
            for scheme in SCHEMES {
                assert_eq!(properties[&format!("fs.{scheme}.impl")], "org.apache.hadoop.fs.s3a.S3AFileSystem");
                assert_eq!(
                    properties[&format!("mapreduce.outputcommitter.factory.scheme.{scheme}")],
                    "org.apache.hadoop.fs.s3a.commit.S3ACommitterFactory"
                );
            }
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
    fn a_store_of_ones_own_has_endpoint_path_style_and_no_tls_on_every_version() {
        for hadoop in VERSIONS {
            let properties = of(hadoop);
            assert_eq!(properties["fs.s3a.endpoint"], "http://minio.store.svc:9000");
            assert_eq!(properties["fs.s3a.path.style.access"], "true");
            assert_eq!(properties["fs.s3a.connection.ssl.enabled"], "false");
            assert_eq!(properties["fs.s3a.endpoint.region"], "us-east-1");
        }
    }

    #[test]
    fn aws_has_a_region_and_an_endpoint_only_where_the_region_is_not_enough() {
        for (region, hadoop, fips, endpoint) in [
            ("eu-west-1", Some(Version(3, 5, 0)), false, None),
            ("eu-west-1", Some(Version(3, 3, 2)), false, None),
            ("eu-west-1", None, false, None),
            ("eu-west-1", Some(Version(3, 3, 1)), false, Some("s3.eu-west-1.amazonaws.com")),
            ("eu-west-1", Some(Version(3, 2, 4)), false, Some("s3.eu-west-1.amazonaws.com")),
            ("cn-north-1", Some(Version(3, 2, 4)), false, Some("s3.cn-north-1.amazonaws.com.cn")),
            ("cn-north-1", None, false, Some("s3.cn-north-1.amazonaws.com.cn")),
            ("us-gov-west-1", None, false, Some("s3.us-gov-west-1.amazonaws.com")),
            ("us-gov-west-1", Some(Version(3, 5, 0)), false, None),
            ("us-east-1", Some(Version(3, 3, 6)), true, Some("s3-fips.us-east-1.amazonaws.com")),
            ("us-east-1", None, true, Some("s3-fips.us-east-1.amazonaws.com")),
            ("us-east-1", Some(Version(3, 4, 1)), true, None),
        ] {
            let mut settings = Settings { hadoop, ..aws() };
            settings.store.region = region.to_owned();
            settings.sts.fips = fips;
            let properties = texts(&settings);
            let case = format!("{region} {hadoop:?} {fips}");
            assert_eq!(properties.get("fs.s3a.endpoint").map(String::as_str), endpoint, "{case}");
            assert_eq!(properties["fs.s3a.endpoint.region"], region, "{case}");
            let by_setting = fips && endpoint.is_none();
            assert_eq!(properties.contains_key("fs.s3a.endpoint.fips"), by_setting, "{case}");
            assert!(!properties.contains_key("fs.s3a.path.style.access"), "{case}");
        }
    }

    #[test]
    fn the_users_settings_win() {
        let hadoop_conf = Properties::from([("fs.s3a.path.style.access".to_owned(), Value::new("false"))]);
        assert_eq!(texts(&Settings { hadoop_conf, ..minio() })["fs.s3a.path.style.access"], "false");
    }

    #[test]
    fn what_cannot_work_is_said() {
        let said = |hadoop| warnings(&Settings { hadoop, ..aws() }).join("\n");
        assert!(said(None).contains("CODRIVER_HADOOP_VERSION"));
        assert!(said(Some(Version(3, 3, 4))).contains("no FileContext for s3://"));
        assert_eq!(said(Some(Version(3, 5, 0))), "");
        assert!(warnings(&minio()).join("\n").contains("cannot renew it"));
        let hadoop_conf = Properties::from([(provider::PROVIDER.to_owned(), Value::new("x"))]);
        assert!(warnings(&Settings { hadoop_conf, ..minio() }).join("\n").contains("credentials.provider is yours"));
    }
}
