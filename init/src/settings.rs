//! What is meant: the settings with their types, judged all at once, so that nobody has to start a pod once per mistake.

mod reader;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use codriver_creds::{DURATION_SECONDS, Identity, RoleArn, SessionName, StsKind};

use self::reader::Reader;
use crate::args::Args;
use crate::endpoint::Endpoint;
use crate::failure::{Exit, Failure};
use crate::lines::Lines;
use crate::version::Version;

/// Everything that codriver-init needs to know before it does anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The shared volume.
    pub dir: PathBuf,
    /// What is asked of STS.
    pub identity: Identity,
    /// The token that is shown to STS.
    pub token: TokenSettings,
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
    /// The user's lines for spark-defaults.conf.
    pub spark_conf: Lines,
    /// The user's lines for core-site.xml.
    pub hadoop_conf: Lines,
    /// The pod's own facts.
    pub pod: Pod,
    /// The program to install; none for the one beside this program.
    pub wrapper_source: Option<PathBuf>,
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
    /// Role.
    pub role: RoleArn,
    /// User ID; none to leave it to the image.
    pub user: Option<u32>,
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

impl Settings {
    /// Judges what was said. `static_keys`: is there an `AWS_ACCESS_KEY_ID`?
    ///
    /// # Errors
    /// All mistakes together, with [`Exit::Configuration`].
    pub fn parse(args: &Args, static_keys: bool) -> Result<Self, Failure> {
        let mut reader = Reader::default();
        if static_keys {
            reader.mistake(
                "AWS_ACCESS_KEY_ID is set, but this version supports web identity only",
                "remove AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and set AWS_ROLE_ARN and \
                 AWS_WEB_IDENTITY_TOKEN_FILE",
            );
        }
        let common = reader.endpoint("AWS_ENDPOINT_URL", &args.endpoint);
        let sts_endpoint = reader.endpoint("AWS_ENDPOINT_URL_STS", &args.sts_endpoint).or(common.clone());
        let s3_endpoint = reader.endpoint("AWS_ENDPOINT_URL_S3", &args.s3_endpoint).or(common);
        let store = reader.store(args, s3_endpoint, sts_endpoint.as_ref());
        let sts = StsPart {
            endpoint: sts_endpoint,
            attempts: reader.number("AWS_MAX_ATTEMPTS", &args.max_attempts, 6, 1..=100),
            backoff: Duration::from_millis(reader.number("CODRIVER_STS_BACKOFF", &args.sts_backoff, 1000, 1..=20_000)),
            bundles: [&args.ca_bundle, &args.ssl_cert_file].into_iter().filter_map(given).map(PathBuf::from).collect(),
        };
        let spark_conf = reader.lines("CODRIVER_SPARK_CONF", &args.spark_conf, true);
        let hadoop_conf = reader.lines("CODRIVER_HADOOP_CONF", &args.hadoop_conf, false);
        let pod = reader.pod(args);
        let kind = if sts.endpoint.as_ref().is_none_or(Endpoint::is_aws) { StsKind::Aws } else { StsKind::Other };
        let role = reader.role("AWS_ROLE_ARN", &args.role_arn, kind);
        if role.is_none() && given(&args.role_arn).is_none() {
            reader.mistake(
                "AWS_ROLE_ARN is not set",
                "set it to the role that the pod's service account may assume; where the EKS webhook should have set \
                 it, annotate the service account with eks.amazonaws.com/role-arn and create the pod anew, since the \
                 webhook acts only then",
            );
        }
        let executor = reader.executor(args, kind, role.clone(), &spark_conf);
        let token = reader.token(args);
        let duration = reader.number("CODRIVER_DURATION", &args.duration, 3600, DURATION_SECONDS);
        let session = match (given(&args.session_name), &pod) {
            (Some(name), _) => SessionName::new(name),
            (None, Some(pod)) => SessionName::of_pod(&pod.namespace, &pod.name),
            (None, None) => SessionName::new("codriver"),
        };
        let hadoop = reader.version("CODRIVER_HADOOP_VERSION", &args.hadoop_version, Version(3, 2, 0));
        let spark = reader.version("CODRIVER_SPARK_VERSION", &args.spark_version, Version(3, 1, 0));
        let magic_committer = reader.one_of("CODRIVER_COMMITTER", &args.committer, &[("file", false), ("magic", true)]);
        let dir = reader.absolute("CODRIVER_DIR", given(&args.dir).unwrap_or("/codriver"));
        match (store, role, executor, token, pod, dir) {
            (Some(store), Some(role), Some(executor), Some(token), Some(pod), Some(dir))
                if reader.mistakes.is_empty() =>
            {
                Ok(Self {
                    dir,
                    identity: Identity { role, session, duration: Duration::from_secs(duration) },
                    token,
                    sts,
                    store,
                    hadoop,
                    spark,
                    magic_committer: magic_committer.unwrap_or(false),
                    executor,
                    spark_conf,
                    hadoop_conf,
                    pod,
                    wrapper_source: given(&args.wrapper_source).map(PathBuf::from),
                })
            }
            _ => Err(Failure { exit: Exit::Configuration, faults: reader.mistakes }),
        }
    }

    /// The application's id for a driver that runs without the wrapper; the wrapper makes one per attempt of it.
    pub fn application_id(&self) -> String {
        format!("spark-{}", self.pod.uid.replace('-', ""))
    }
}

/// The parts that need more than one setting.
impl Reader {
    fn store(&mut self, args: &Args, endpoint: Option<Endpoint>, sts: Option<&Endpoint>) -> Option<Store> {
        let is_aws = endpoint.as_ref().is_none_or(Endpoint::is_aws);
        let path_style = self
            .one_of("CODRIVER_PATH_STYLE", &args.path_style, &[("true", true), ("false", false)])
            .unwrap_or(!is_aws);
        let region = match given(&args.region).or(given(&args.default_region)) {
            Some(region) if region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') => region,
            Some(region) => {
                self.mistake(
                    format!("AWS_REGION `{region}` is no region"),
                    "write it as eu-west-1: small letters, digits and -",
                );
                return None;
            }
            None if is_aws || sts.is_none_or(Endpoint::is_aws) => {
                self.mistake("AWS_REGION is not set", "set it to the region of the buckets, such as eu-west-1");
                return None;
            }
            // Other stores do not care, but S3A wants one.
            None => "us-east-1",
        };
        Some(Store { endpoint, region: region.to_owned(), path_style })
    }

    fn token(&mut self, args: &Args) -> Option<TokenSettings> {
        let wait = self.number("CODRIVER_TOKEN_WAIT", &args.token_wait, 30, 0..=3600);
        let Some(file) = given(&args.token_file) else {
            self.mistake(
                "AWS_WEB_IDENTITY_TOKEN_FILE is not set",
                "mount a projected serviceAccountToken volume (audience sts.amazonaws.com) and set it to the path of \
                 the token, such as /var/run/secrets/codriver/identity/token",
            );
            return None;
        };
        Some(TokenSettings {
            file: self.absolute("AWS_WEB_IDENTITY_TOKEN_FILE", file)?,
            audience: given(&args.token_audience).unwrap_or("sts.amazonaws.com").to_owned(),
            wait: Duration::from_secs(wait),
        })
    }

    fn executor(&mut self, args: &Args, kind: StsKind, driver: Option<RoleArn>, spark: &Lines) -> Option<Executor> {
        let said = |keys: &[&str]| spark.iter().any(|(key, _)| keys.contains(&key.as_str()));
        let image = given(&args.executor_image).map(str::to_owned);
        if image.is_none() && !said(&["spark.kubernetes.executor.container.image", "spark.kubernetes.container.image"])
        {
            self.mistake("CODRIVER_EXECUTOR_IMAGE is not set", "set it to the image of the driver's container");
        }
        let service_account = given(&args.executor_service_account).map(str::to_owned);
        if service_account.is_none() && !said(&["spark.kubernetes.authenticate.executor.serviceAccountName"]) {
            self.mistake(
                "CODRIVER_EXECUTOR_SERVICE_ACCOUNT is not set",
                "set it to a service account for the executors; without one they would run as `default`",
            );
        }
        let user = match given(&args.executor_user) {
            Some("image") => None,
            _ => Some(self.number("CODRIVER_EXECUTOR_USER", &args.executor_user, 185, 1..=u64::from(u32::MAX >> 1))),
        };
        let role = match given(&args.executor_role_arn) {
            Some(_) => self.role("CODRIVER_EXECUTOR_ROLE_ARN", &args.executor_role_arn, kind),
            None => driver,
        };
        Some(Executor { image, service_account, role: role?, user })
    }

    fn pod(&mut self, args: &Args) -> Option<Pod> {
        let mut field = |setting: &str, value: &Option<String>, path: &str, valid: fn(&str) -> bool| match given(value)
        {
            Some(text) if valid(text) => Some(text.to_owned()),
            found => {
                let problem = if found.is_some() { "is not what Kubernetes gives" } else { "is not set" };
                self.mistake(
                    format!("{setting} {problem}"),
                    format!("set it by the downward API: valueFrom.fieldRef.fieldPath: {path}"),
                );
                None
            }
        };
        let name = field("POD_NAME", &args.pod_name, "metadata.name", is_name);
        let namespace = field("POD_NAMESPACE", &args.pod_namespace, "metadata.namespace", is_name);
        let uid = field("POD_UID", &args.pod_uid, "metadata.uid", is_name);
        let ip = field("POD_IP", &args.pod_ip, "status.podIP", |text| text.parse::<IpAddr>().is_ok());
        let node = given(&args.node_name).map(str::to_owned);
        Some(Pod { name: name?, namespace: namespace?, uid: uid?, ip: ip?.parse().ok()?, node })
    }
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
