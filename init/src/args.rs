//! What the command line and the environment say, still as text: [`crate::settings`] judges it, everything at once.

use std::ffi::OsString;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};

/// Prove who the pod is, and write the configuration with which Spark works on s3://.
///
/// Runs as an init container. It gets credentials the way that the pod is configured for: keys from a Secret, web identity
/// (the service account's token, exchanged at STS), or the instance (EKS Pod Identity, ECS, kube2iam). When they are good it
/// writes into the shared volume: hadoop/core-site.xml, spark/spark-defaults.conf, spark/executor.yaml, env and report.json,
/// and installs the program `codriver` in bin/. When something is wrong it says what, why and what to do, in the log and in
/// the termination message, and writes nothing. `check` does the same, writes nothing, and prints a report for people.
///
/// Exit codes: 0 done, 69 an endpoint cannot be reached, 70 a bug of ours, 73 the volume cannot be used, 75 temporary
/// (throttled, token late), 77 refused (token, role, rights), 78 configuration wrong (all mistakes are listed).
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "codriver-init", version, max_term_width = 120)]
pub struct Args {
    /// What to do.
    #[arg(value_enum, default_value = "configure")]
    pub verb: Verb,

    /// How `check` prints its report.
    #[arg(long, value_enum, default_value = "text")]
    pub output: Output,

    /// The shared volume; all containers must mount it at the same path [default: /codriver].
    #[arg(long, env = "CODRIVER_DIR")]
    pub dir: Option<String>,

    /// Where credentials come from: auto, keys, web-identity or instance. auto takes the first that is configured, in this
    /// order, and never another one when that fails [default: auto].
    #[arg(long, env = "CODRIVER_WAY", help_heading = "Identity")]
    pub way: Option<String>,

    /// How they reach the JVMs: auto, web-identity (or keys, or instance: as the way; the JVM has a provider for it, which
    /// renews), session (temporary ones in core-site.xml, which end) or endpoint (the sidecar serves them on loopback)
    /// [default: auto: as the way, where the JVM can].
    #[arg(long, env = "CODRIVER_MODE", help_heading = "Identity")]
    pub mode: Option<String>,

    /// The role to assume with the token; with the instance, the role that is expected.
    #[arg(long, env = "AWS_ROLE_ARN", help_heading = "Identity")]
    pub role_arn: Option<String>,

    /// A second role, assumed with what the first one, the keys or the instance gave (role chaining: 1 h at most).
    #[arg(long, env = "CODRIVER_ASSUME_ROLE", help_heading = "Identity")]
    pub assume_role: Option<String>,

    /// A policy that narrows the session: JSON, or the path of a file that holds it.
    #[arg(long, env = "CODRIVER_SESSION_POLICY", help_heading = "Identity")]
    pub session_policy: Option<String>,

    /// ARNs of managed policies that narrow the session, at most 10, with commas between.
    #[arg(long, env = "CODRIVER_SESSION_POLICY_ARNS", help_heading = "Identity")]
    pub session_policy_arns: Option<String>,

    /// A mounted Secret with the files AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and perhaps AWS_SESSION_TOKEN, instead of
    /// variables of these names (which have no flags: a command line is no place for a secret).
    #[arg(long, env = "CODRIVER_KEYS_DIR", help_heading = "Identity")]
    pub keys_dir: Option<String>,

    /// A credentials file of AWS's command line, mounted, instead of those.
    #[arg(long, env = "AWS_SHARED_CREDENTIALS_FILE", help_heading = "Identity")]
    pub credentials_file: Option<String>,

    /// The profile in it [default: default].
    #[arg(long, env = "AWS_PROFILE", help_heading = "Identity")]
    pub profile: Option<String>,

    /// The Secret that executors get keys from, by reference: NAME, or NAME:ID:SECRET[:TOKEN] with its keys' names
    /// [default: they get them from the driver, with its Hadoop configuration].
    #[arg(long, env = "CODRIVER_KEYS_SECRET", help_heading = "Identity")]
    pub keys_secret: Option<String>,

    /// The projected service-account token; the driver must mount it at the same path.
    #[arg(long, env = "AWS_WEB_IDENTITY_TOKEN_FILE", help_heading = "Identity")]
    pub token_file: Option<String>,

    /// The audience that the token must have, and that executors' tokens get [default: sts.amazonaws.com].
    #[arg(long, env = "CODRIVER_TOKEN_AUDIENCE", help_heading = "Identity")]
    pub token_audience: Option<String>,

    /// Seconds to wait for a token that is late [default: 30].
    #[arg(long, env = "CODRIVER_TOKEN_WAIT", help_heading = "Identity")]
    pub token_wait: Option<String>,

    /// Session name for audit logs [default: <namespace>.<pod>, made valid].
    #[arg(long, env = "AWS_ROLE_SESSION_NAME", help_heading = "Identity")]
    pub session_name: Option<String>,

    /// Life of the credentials in seconds, 900 to 43200 [default: 3600].
    #[arg(long, env = "CODRIVER_DURATION", help_heading = "Identity")]
    pub duration: Option<String>,

    /// Region of STS and S3 [required for AWS; default for other stores: us-east-1].
    #[arg(long, env = "AWS_REGION", help_heading = "Endpoints")]
    pub region: Option<String>,

    /// Region where --region is not set.
    #[arg(long, env = "AWS_DEFAULT_REGION", help_heading = "Endpoints")]
    pub default_region: Option<String>,

    /// STS endpoint, http:// or https:// [default: the region's].
    #[arg(long, env = "AWS_ENDPOINT_URL_STS", help_heading = "Endpoints")]
    pub sts_endpoint: Option<String>,

    /// S3 endpoint, http:// or https:// [default: the region's].
    #[arg(long, env = "AWS_ENDPOINT_URL_S3", help_heading = "Endpoints")]
    pub s3_endpoint: Option<String>,

    /// Endpoint of both where they have none of their own.
    #[arg(long, env = "AWS_ENDPOINT_URL", help_heading = "Endpoints")]
    pub endpoint: Option<String>,

    /// Buckets in the path and not in the host name, true or false [default: true for stores other than AWS].
    #[arg(long, env = "CODRIVER_PATH_STYLE", help_heading = "Endpoints")]
    pub path_style: Option<String>,

    /// Endpoints with FIPS cryptography, true or false [default: false].
    #[arg(long, env = "AWS_USE_FIPS_ENDPOINT", help_heading = "Endpoints")]
    pub fips: Option<String>,

    /// Endpoints of IPv4 and IPv6, true or false [default: false].
    #[arg(long, env = "AWS_USE_DUALSTACK_ENDPOINT", help_heading = "Endpoints")]
    pub dual_stack: Option<String>,

    /// PEM file of certificates to trust for STS, beside the compiled-in roots of the web.
    #[arg(long, env = "AWS_CA_BUNDLE", help_heading = "Endpoints")]
    pub ca_bundle: Option<String>,

    /// The same, by the name that OpenSSL's users know.
    #[arg(long, env = "SSL_CERT_FILE", help_heading = "Endpoints")]
    pub ssl_cert_file: Option<String>,

    /// How often to ask STS at most [default: 6].
    #[arg(long, env = "AWS_MAX_ATTEMPTS", help_heading = "Endpoints")]
    pub max_attempts: Option<String>,

    /// Milliseconds of the longest first wait after throttling; it doubles with every attempt [default: 1000].
    #[arg(long, env = "CODRIVER_STS_BACKOFF", help_heading = "Endpoints")]
    pub sts_backoff: Option<String>,

    /// Hadoop's version in the image, such as 3.5.0 [default: unknown: only what 3.2 to 3.5 all understand].
    #[arg(long, env = "CODRIVER_HADOOP_VERSION", help_heading = "Spark")]
    pub hadoop_version: Option<String>,

    /// Spark's version in the image, such as 4.3.0 [default: unknown].
    #[arg(long, env = "CODRIVER_SPARK_VERSION", help_heading = "Spark")]
    pub spark_version: Option<String>,

    /// How jobs commit output: file (renames) or magic (no renames, needs spark-hadoop-cloud) [default: file].
    #[arg(long, env = "CODRIVER_COMMITTER", help_heading = "Spark")]
    pub committer: Option<String>,

    /// Image of the executors. Required, unless CODRIVER_SPARK_CONF names one.
    #[arg(long, env = "CODRIVER_EXECUTOR_IMAGE", help_heading = "Spark")]
    pub executor_image: Option<String>,

    /// Service account of the executors. Required, unless CODRIVER_SPARK_CONF names one.
    #[arg(long, env = "CODRIVER_EXECUTOR_SERVICE_ACCOUNT", help_heading = "Spark")]
    pub executor_service_account: Option<String>,

    /// Role of the executors [default: the driver's].
    #[arg(long, env = "CODRIVER_EXECUTOR_ROLE_ARN", help_heading = "Spark")]
    pub executor_role_arn: Option<String>,

    /// User ID of the executors, or `image` where the image's user is a number already [default: 185].
    #[arg(long, env = "CODRIVER_EXECUTOR_USER", help_heading = "Spark")]
    pub executor_user: Option<String>,

    /// The executors' pod template, mounted here; codriver's is merged into it.
    #[arg(long, env = "CODRIVER_EXECUTOR_TEMPLATE", help_heading = "Spark")]
    pub executor_template: Option<String>,

    /// codriver's own image, for executors in the mode endpoint.
    #[arg(long, env = "CODRIVER_IMAGE", help_heading = "Spark")]
    pub image: Option<String>,

    /// A spark-defaults.conf of yours, mounted here; it wins over codriver's.
    #[arg(long, env = "CODRIVER_SPARK_CONF_FILE", help_heading = "Spark")]
    pub spark_conf_file: Option<String>,

    /// A core-site.xml of yours, mounted here; it wins over codriver's. Secrets in it stay in core-site.xml.
    #[arg(long, env = "CODRIVER_HADOOP_CONF_FILE", help_heading = "Spark")]
    pub hadoop_conf_file: Option<String>,

    /// Lines key=value for spark-defaults.conf; they win over the file and over codriver's.
    #[arg(long, env = "CODRIVER_SPARK_CONF", help_heading = "Spark")]
    pub spark_conf: Option<String>,

    /// Lines key=value for core-site.xml and spark.hadoop.*; they win over the file and over codriver's.
    #[arg(long, env = "CODRIVER_HADOOP_CONF", help_heading = "Spark")]
    pub hadoop_conf: Option<String>,

    /// s3://bucket/prefix to read once, with a signed request, before a JVM starts.
    #[arg(long, env = "CODRIVER_PROBE", help_heading = "Checks")]
    pub probe: Option<String>,

    /// Ask the API server whether the pod may do what Spark does, true or false [default: true].
    #[arg(long, env = "CODRIVER_PREFLIGHT", help_heading = "Checks")]
    pub preflight: Option<String>,

    /// metadata.name, by the downward API. Required, as are the next three.
    #[arg(long, env = "POD_NAME", help_heading = "Pod")]
    pub pod_name: Option<String>,

    /// metadata.namespace.
    #[arg(long, env = "POD_NAMESPACE", help_heading = "Pod")]
    pub pod_namespace: Option<String>,

    /// metadata.uid.
    #[arg(long, env = "POD_UID", help_heading = "Pod")]
    pub pod_uid: Option<String>,

    /// status.podIP.
    #[arg(long, env = "POD_IP", help_heading = "Pod")]
    pub pod_ip: Option<String>,

    /// spec.nodeName, for the report.
    #[arg(long, env = "NODE_NAME", help_heading = "Pod")]
    pub node_name: Option<String>,

    /// Where the kubelet reads why we failed; written when it exists [default: /dev/termination-log].
    #[arg(long, env = "CODRIVER_TERMINATION_LOG", help_heading = "Pod")]
    pub termination_log: Option<String>,

    /// The program to install [default: `codriver` beside this one].
    #[arg(long, env = "CODRIVER_WRAPPER_SOURCE", help_heading = "Pod")]
    pub wrapper_source: Option<String>,
}

impl Args {
    /// Reads a command line, its first word being the program, and the environment. What stands in the environment never
    /// shows in the help.
    ///
    /// # Errors
    /// Unknown options, and the requests for help and version, in clap's way.
    pub fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let lossy = || OsStringValueParser::new().map(|text| text.to_string_lossy().into_owned());
        let command = Self::command().mut_args(|arg| match arg.get_id().as_str() {
            "verb" | "output" => arg,
            // What is no text is judged with everything else, and not by clap, which stops at the first mistake.
            _ => arg.hide_env_values(true).value_parser(lossy()),
        });
        Self::from_arg_matches(&command.try_get_matches_from(line)?)
    }
}

/// The names of all variables that flags have.
pub fn variables() -> Vec<String> {
    let command = Args::command();
    let names = command.get_arguments().filter_map(clap::Arg::get_env);
    names.map(|name| name.to_string_lossy().into_owned()).collect()
}

/// The verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Verb {
    /// Check everything, write the files, install `codriver`.
    #[default]
    Configure,
    /// Make the same checks, write nothing, print the report.
    Check,
}

/// Forms of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Output {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object.
    Json,
}
