//! What is meant: the settings with their types, judged all at once, so that nobody has to start a pod once per mistake.

mod executor;
mod keys;
mod mode;
mod overlays;
mod place;
mod pod;
mod reader;
mod session;
mod surroundings;
mod way;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use codriver_creds::{DURATION_SECONDS, Proxies, RoleArn, S3Uri, SessionName, SessionPolicy, StsKind};
use serde_json::Value;

pub use self::keys::{Keys, SecretReference};
use self::mode::Case;
pub use self::mode::Mode;
pub use self::overlays::TEMPLATE_KEY;
use self::reader::Reader;
pub use self::surroundings::Surroundings;
pub use self::way::{Instance, TokenFrom, Way, WebIdentity};
use crate::args::{self, Args};
use crate::endpoint::Endpoint;
use crate::failure::{Exit, Failure, shown};
use crate::hadoop::Properties;
use crate::hadoop::core_site::has_reference;
use crate::lines::Lines;
use crate::version::Version;

/// Everything that codriver-init needs to know before it does anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The shared volume.
    pub dir: PathBuf,
    /// Where credentials come from.
    pub way: Way,
    /// Why from there.
    pub way_reason: String,
    /// How they reach the JVMs.
    pub mode: Mode,
    /// Why so.
    pub mode_reason: String,
    /// Why the JVMs may not be able to do it by themselves, where that was asked for all the same.
    pub obstacle: Option<String>,
    /// A second role, assumed with what the way gave.
    pub assume: Option<RoleArn>,
    /// What narrows the session.
    pub policy: Option<SessionPolicy>,
    /// Managed policies that narrow it too.
    pub policy_arns: Vec<String>,
    /// How the session is called in audit logs.
    pub session: SessionName,
    /// How long it shall last.
    pub duration: Duration,
    /// Where STS is.
    pub sts: StsPart,
    /// Where S3 is.
    pub store: Store,
    /// Hadoop's version, if told.
    pub hadoop: Option<Version>,
    /// Spark's version, if told.
    pub spark: Option<Version>,
    /// Output by S3A's magic committer.
    pub magic_committer: bool,
    /// How executors are to be.
    pub executor: Executor,
    /// The user's settings for spark-defaults.conf: those of the file, then those of the lines.
    pub spark_conf: Lines,
    /// The user's settings for core-site.xml, merged.
    pub hadoop_conf: Properties,
    /// What to read once before a JVM starts.
    pub probe: Option<S3Uri>,
    /// Ask the API server what the pod may do.
    pub preflight: bool,
    /// The pod's own facts.
    pub pod: Pod,
    /// The program to install; none for the one beside this program.
    pub wrapper_source: Option<PathBuf>,
    /// What the reader should know, though nothing is wrong.
    pub notes: Vec<String>,
}

/// The projected service-account token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// Its file.
    pub file: PathBuf,
    /// Whom it must be meant for.
    pub audience: String,
    /// How long to wait for it.
    pub wait: Duration,
}

/// STS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StsPart {
    /// An endpoint other than the region's.
    pub endpoint: Option<Endpoint>,
    /// Requests at most.
    pub attempts: u32,
    /// The longest first wait after throttling.
    pub backoff: Duration,
    /// Files of certificates to trust, each once.
    pub bundles: BTreeSet<PathBuf>,
    /// The endpoint with FIPS cryptography.
    pub fips: bool,
    /// The endpoint of IPv4 and IPv6.
    pub dual_stack: bool,
    /// Who stands between, for S3 too.
    pub proxies: Proxies,
    /// For whom nobody does, in the user's words; none without any proxy.
    pub no_proxy: Option<String>,
}

/// The object store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// An endpoint other than AWS's.
    pub endpoint: Option<Endpoint>,
    /// The region, of STS too.
    pub region: String,
    /// Buckets in the path.
    pub path_style: bool,
}

/// The executors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executor {
    /// Image; none where the user's Spark lines name one.
    pub image: Option<String>,
    /// Service account; none where the user's Spark lines name one.
    pub service_account: Option<String>,
    /// Role; none where there is none to assume.
    pub role: Option<RoleArn>,
    /// Is it another than the driver's?
    pub own_role: bool,
    /// User ID; none to leave it to the image.
    pub user: Option<u32>,
    /// The user's own pod template.
    pub template: Option<Value>,
    /// The container of it that is the executor's; none for the first one.
    pub container: Option<String>,
    /// codriver's image, for the mode endpoint.
    pub codriver_image: Option<String>,
    /// Certificates for its sidecar to trust, as PEM: it has no file of ours.
    pub certificates: Option<String>,
}

/// The pod's own facts, by the downward API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// metadata.name
    pub name: String,
    /// metadata.namespace
    pub namespace: String,
    /// metadata.uid
    pub uid: String,
    /// status.podIP
    pub ip: IpAddr,
    /// spec.nodeName
    pub node: Option<String>,
}

const TRUE_OR_FALSE: [(&str, bool); 2] = [("true", true), ("false", false)];

impl Settings {
    /// Judges what was said. Reads the files that it names, and nothing else.
    ///
    /// # Errors
    /// All mistakes together, with [`Exit::Configuration`].
    pub fn parse(args: &Args, around: &Surroundings<'_>) -> Result<Self, Failure> {
        let mut reader = Reader::default();
        let common = reader.endpoint("AWS_ENDPOINT_URL", &args.endpoint);
        let sts_endpoint = reader.endpoint("AWS_ENDPOINT_URL_STS", &args.sts_endpoint).or(common.clone());
        let s3_endpoint = reader.endpoint("AWS_ENDPOINT_URL_S3", &args.s3_endpoint).or(common);
        let store = reader.store(args, s3_endpoint, sts_endpoint.as_ref());
        let sts = StsPart {
            endpoint: sts_endpoint,
            attempts: reader.number("AWS_MAX_ATTEMPTS", &args.max_attempts, 6, 1..=100),
            backoff: Duration::from_millis(reader.number("CODRIVER_STS_BACKOFF", &args.sts_backoff, 1000, 1..=20_000)),
            bundles: [&args.ca_bundle, &args.ssl_cert_file].into_iter().filter_map(given).map(PathBuf::from).collect(),
            fips: reader.one_of("AWS_USE_FIPS_ENDPOINT", &args.fips, &TRUE_OR_FALSE).unwrap_or(false),
            dual_stack: reader.one_of("AWS_USE_DUALSTACK_ENDPOINT", &args.dual_stack, &TRUE_OR_FALSE).unwrap_or(false),
            proxies: reader.proxies(around),
            no_proxy: Reader::no_proxy(around),
        };
        let kind = if sts.endpoint.as_ref().is_none_or(Endpoint::is_aws) { StsKind::Aws } else { StsKind::Other };
        reader.endpoints_fit(&sts, store.as_ref());
        let spark_conf = reader.spark_conf(args, around);
        let hadoop_conf = reader.hadoop_conf(args, around);
        let pod = reader.pod(args);
        let chosen = reader.way(args, around, kind);
        let assume = reader.role("CODRIVER_ASSUME_ROLE", &args.assume_role, kind);
        let policy = reader.policy(args, around);
        let policy_arns = reader.policy_arns(args);
        let executor = reader.executor(args, around, kind, chosen.as_ref(), &spark_conf, &sts.bundles);
        reader.partitions(&[&args.role_arn, &args.assume_role], kind, store.as_ref());
        let duration = reader.number("CODRIVER_DURATION", &args.duration, 3600, DURATION_SECONDS);
        let session = match (given(&args.session_name), &pod) {
            (Some(name), _) => SessionName::new(name),
            (None, Some(pod)) => SessionName::of_pod(&pod.namespace, &pod.name),
            (None, None) => SessionName::new("codriver"),
        };
        let hadoop = reader.version("CODRIVER_HADOOP_VERSION", &args.hadoop_version, Version(3, 2, 0));
        reader.whole_version("CODRIVER_HADOOP_VERSION", &args.hadoop_version);
        let spark = reader.version("CODRIVER_SPARK_VERSION", &args.spark_version, Version(3, 1, 0));
        let magic_committer = reader.one_of("CODRIVER_COMMITTER", &args.committer, &[("file", false), ("magic", true)]);
        let probe = reader.probe(args);
        let preflight = reader.one_of("CODRIVER_PREFLIGHT", &args.preflight, &TRUE_OR_FALSE).unwrap_or(true);
        let dir = reader.absolute("CODRIVER_DIR", given(&args.dir).unwrap_or("/codriver"));
        let own_sts = kind == StsKind::Other;
        let asked = reader.asked_mode(args);
        let mode = chosen.as_ref().and_then(|chosen| {
            let chained = assume.is_some();
            // S3A's own provider of a second role takes a policy, but no managed ones, and would expand `${…}` in it.
            let by_s3a = policy.as_ref().is_none_or(|policy| chained && !has_reference(policy.as_str()));
            let plain_sts = sts.endpoint.as_ref().is_some_and(|endpoint| !endpoint.tls());
            let policy = !by_s3a || !policy_arns.is_empty();
            let case = Case { way: &chosen.way, hadoop, own_sts, chained, policy, plain_sts };
            reader.mode(args, asked, &case)
        });
        match (store, chosen, mode, executor, pod, dir) {
            (Some(store), Some(chosen), Some(mode), Some(executor), Some(pod), Some(dir))
                if reader.mistakes.is_empty() =>
            {
                Ok(Self {
                    dir,
                    way: chosen.way,
                    way_reason: chosen.reason,
                    mode: mode.mode,
                    mode_reason: mode.reason,
                    obstacle: mode.obstacle,
                    assume,
                    policy,
                    policy_arns,
                    session,
                    duration: Duration::from_secs(duration),
                    sts,
                    store,
                    hadoop,
                    spark,
                    magic_committer: magic_committer.unwrap_or(false),
                    executor,
                    spark_conf,
                    hadoop_conf,
                    probe,
                    preflight,
                    pod,
                    wrapper_source: given(&args.wrapper_source).map(PathBuf::from),
                    notes: chosen.passed_over.into_iter().chain(unknown(around)).collect(),
                })
            }
            _ => Err(Failure { exit: Exit::Configuration, faults: reader.mistakes }),
        }
    }

    /// The application's id for a driver that runs without the wrapper; the wrapper makes one per attempt of it.
    pub fn application_id(&self) -> String {
        format!("spark-{}", self.pod.uid.replace('-', ""))
    }

    /// The executors' service account: what the user's Spark lines say, or else the setting.
    pub fn executor_account(&self) -> Option<&str> {
        self.spark("spark.kubernetes.authenticate.executor.serviceAccountName")
            .or(self.executor.service_account.as_deref())
    }

    /// The user's own value of a Spark setting; the last one counts.
    pub fn spark(&self, key: &str) -> Option<&str> {
        self.spark_conf.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Where S3 is, roughly: AWS puts the bucket before it.
    pub fn s3_url(&self) -> String {
        let region = &self.store.region;
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let own = self.store.endpoint.as_ref().map(|endpoint| endpoint.url().to_owned());
        own.unwrap_or_else(|| format!("https://s3.{region}.{suffix}"))
    }

    /// Where STS is.
    pub fn sts_url(&self) -> String {
        let own = self.sts.endpoint.as_ref().map(|endpoint| endpoint.url().to_owned());
        own.unwrap_or_else(|| format!("https://{}", self.sts_host()))
    }

    /// Where STS is, as S3A's own settings have it: a URL where it is not `https://`, otherwise the host.
    pub fn sts_host(&self) -> String {
        let region = &self.store.region;
        match &self.sts.endpoint {
            Some(endpoint) => endpoint.url().trim_start_matches("https://").to_owned(),
            None => {
                let service = if self.sts.fips { "sts-fips" } else { "sts" };
                let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
                format!("{service}.{region}.{suffix}")
            }
        }
    }
}

/// Variables that begin as ours do and mean nothing here. What Kubernetes makes of a Service's name does not count.
fn unknown(around: &Surroundings<'_>) -> Vec<String> {
    let known = args::variables();
    let ours = around.variables.keys().filter(|name| name.starts_with("CODRIVER_"));
    ours.filter(|name| !known.contains(name) && !name.contains("_SERVICE_") && !name.contains("_PORT"))
        .map(|name| format!("{} is set, and codriver-init does not know it", shown(name)))
        .collect()
}

/// Manifests often set variables to nothing: that is not set.
pub fn given(value: &Option<String>) -> Option<&str> {
    value.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// What Kubernetes calls a DNS subdomain, loosely: enough that it is safe wherever we write it.
fn is_name(text: &str) -> bool {
    text.len() <= 253 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

#[cfg(test)]
pub(crate) mod tests;
