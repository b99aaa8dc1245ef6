mod mode;
mod overlays;
mod way;

use std::io;
use std::path::Path;

use super::*;

/// Judges these settings with these variables and files beside them.
fn parse_with(args: &Args, variables: &[(&str, &str)], files: &[(&str, &str)]) -> Result<Settings, Failure> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let read = |path: &Path, _: u64| {
        let found = files.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    };
    Settings::parse(args, &Surroundings { variables, read: &read })
}

fn parse(args: &Args) -> Result<Settings, Failure> {
    parse_with(args, &[], &[])
}

/// The least that a pod beside MinIO says.
pub fn minio_args() -> Args {
    let some = |text: &str| Some(text.to_owned());
    Args {
        role_arn: some("arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA"),
        token_file: some("/var/run/secrets/codriver/identity/token"),
        endpoint: some("http://minio.store.svc:9000"),
        executor_image: some("spark:4.3.0"),
        executor_service_account: some("spark-executor"),
        pod_name: some("daily-0"),
        pod_namespace: some("etl"),
        pod_uid: some("5f3c6f6e-0c7d-4b6e-9d8a-1f2e3d4c5b6a"),
        pod_ip: some("10.1.2.3"),
        ..Args::default()
    }
}

/// What that means.
pub fn minio() -> Settings {
    parse(&minio_args()).unwrap()
}

/// A pod on EKS, with the webhook's token.
pub fn aws_args() -> Args {
    Args {
        role_arn: Some("arn:aws:iam::123456789012:role/spark".to_owned()),
        token_file: Some("/var/run/secrets/eks.amazonaws.com/serviceaccount/token".to_owned()),
        region: Some("eu-west-1".to_owned()),
        endpoint: None,
        ..minio_args()
    }
}

/// What that means.
pub fn aws() -> Settings {
    parse(&aws_args()).unwrap()
}

/// A pod with keys from a Secret, beside MinIO.
pub fn keys() -> Settings {
    let args = Args { role_arn: None, token_file: None, ..minio_args() };
    parse_with(&args, &KEYS, &[]).unwrap()
}

/// A pod on a node with kube2iam, which should give it a role.
pub fn kube2iam() -> Settings {
    let args = Args { way: Some("instance".to_owned()), token_file: None, ..minio_args() };
    parse(&args).unwrap()
}

/// The pod beside MinIO, in this mode.
pub fn mode(mode: &str) -> Settings {
    let some = |text: &str| Some(text.to_owned());
    let args = Args { mode: some(mode), hadoop_version: some("3.5.0"), image: some("codriver:0.1.0"), ..minio_args() };
    parse(&args).unwrap()
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "hunter2")];

/// The causes of all mistakes.
fn mistakes(args: &Args) -> Vec<String> {
    let failure = parse(args).unwrap_err();
    assert_eq!(failure.exit, Exit::Configuration);
    failure.faults.into_iter().map(|fault| fault.cause).collect()
}

#[test]
fn the_defaults_are_those_of_the_help() {
    let settings = minio();
    assert_eq!(settings.dir, PathBuf::from("/codriver"));
    assert_eq!(settings.duration, Duration::from_secs(3600));
    assert_eq!(settings.session.as_str(), "etl.daily-0");
    let Way::WebIdentity(identity) = &settings.way else { panic!("{:?}", settings.way) };
    assert_eq!(identity.token.audience, "sts.amazonaws.com");
    assert_eq!(identity.token.wait, Duration::from_secs(30));
    assert_eq!((settings.sts.attempts, settings.sts.backoff), (6, Duration::from_secs(1)));
    assert_eq!((settings.hadoop, settings.spark, settings.magic_committer), (None, None, false));
    assert_eq!(settings.executor.user, Some(185));
    assert_eq!(settings.executor.role.as_ref(), Some(&identity.role));
    assert!(settings.preflight && !settings.executor.own_role);
}

#[test]
fn one_endpoint_serves_both_unless_they_have_their_own() {
    let settings = minio();
    assert_eq!(settings.sts.endpoint, settings.store.endpoint);
    let args = Args { sts_endpoint: Some("https://sts.store.svc".into()), ..minio_args() };
    let settings = parse(&args).unwrap();
    assert_eq!(settings.sts.endpoint.unwrap().url(), "https://sts.store.svc");
    assert_eq!(settings.store.endpoint.unwrap().url(), "http://minio.store.svc:9000");
}

#[test]
fn stores_of_ones_own_have_path_style_and_a_region_by_themselves() {
    let store = minio().store;
    assert_eq!((store.path_style, store.region.as_str()), (true, "us-east-1"));
    let store = aws().store;
    assert_eq!((store.path_style, store.region.as_str()), (false, "eu-west-1"));
}

#[test]
fn a_variable_that_is_set_to_nothing_is_not_set() {
    let nothing = || Some(" ".to_owned());
    let args = Args { duration: nothing(), region: nothing(), committer: nothing(), dir: nothing(), ..minio_args() };
    assert_eq!(parse(&args).unwrap(), minio());
}

#[test]
fn all_that_is_missing_is_told_together() {
    let causes = mistakes(&Args::default());
    for expected in [
        "AWS_REGION is not set",
        "POD_NAME is not set",
        "POD_NAMESPACE is not set",
        "POD_UID is not set",
        "POD_IP is not set",
        "nothing says who the pod is: neither AWS_WEB_IDENTITY_TOKEN_FILE nor keys nor AWS_CONTAINER_CREDENTIALS_* are set",
        "CODRIVER_EXECUTOR_IMAGE is not set",
        "CODRIVER_EXECUTOR_SERVICE_ACCOUNT is not set",
    ] {
        assert!(causes.iter().any(|cause| cause == expected), "{expected} in {causes:#?}");
    }
    assert_eq!(causes.len(), 8, "{causes:#?}");
}

#[test]
fn each_mistake_names_its_setting_and_what_was_said() {
    let said = |text: &str| Some(text.to_owned());
    let args = minio_args;
    for (args, cause) in [
        (Args { role_arn: said("spark"), ..args() }, "AWS_ROLE_ARN `spark` is no role ARN"),
        (Args { executor_role_arn: said("x"), ..args() }, "CODRIVER_EXECUTOR_ROLE_ARN `x` is no role ARN"),
        (Args { token_file: said("token"), ..args() }, "AWS_WEB_IDENTITY_TOKEN_FILE `token` is no absolute path"),
        (Args { dir: said("x"), ..args() }, "CODRIVER_DIR `x` is no absolute path"),
        (Args { duration: said("899"), ..args() }, "CODRIVER_DURATION `899` is no number from 900 to 43200"),
        (Args { duration: said("1h"), ..args() }, "CODRIVER_DURATION `1h`"),
        (Args { token_wait: said("-1"), ..args() }, "CODRIVER_TOKEN_WAIT `-1`"),
        (Args { max_attempts: said("0"), ..args() }, "AWS_MAX_ATTEMPTS `0`"),
        (Args { region: said("EU West"), ..args() }, "AWS_REGION `EU West` is no region"),
        (Args { s3_endpoint: said("minio:9000"), ..args() }, "AWS_ENDPOINT_URL_S3 must begin with"),
        (Args { path_style: said("yes"), ..args() }, "CODRIVER_PATH_STYLE `yes` is not known"),
        (Args { committer: said("fast"), ..args() }, "CODRIVER_COMMITTER `fast` is not known"),
        (Args { hadoop_version: said("2.7.4"), ..args() }, "CODRIVER_HADOOP_VERSION 2.7.4 is too old"),
        (Args { spark_version: said("latest"), ..args() }, "CODRIVER_SPARK_VERSION `latest` is no version"),
        (Args { executor_user: said("0"), ..args() }, "CODRIVER_EXECUTOR_USER `0` is no number from 1"),
        (Args { pod_ip: said("10.1.2"), ..args() }, "POD_IP is not what Kubernetes gives"),
        (Args { pod_name: said("a\nb"), ..args() }, "POD_NAME is not what Kubernetes gives"),
        (
            Args { session_policy_arns: said("arn:aws:iam::1:policy/a,role"), ..args() },
            "CODRIVER_SESSION_POLICY_ARNS `arn:aws:iam::1:policy/a,role` is no list",
        ),
        (Args { spark_conf: said("spark.x"), ..args() }, "CODRIVER_SPARK_CONF line 1: it is not key=value"),
        (Args { spark_conf: said("fs.s3a.x=1"), ..args() }, "CODRIVER_SPARK_CONF has `fs.s3a.x`"),
        (Args { hadoop_conf: said("spark.hadoop.x=1"), ..args() }, "CODRIVER_HADOOP_CONF has `spark.hadoop.x`"),
        (Args { hadoop_conf: said("fs.s3a.secret.key=1"), ..args() }, "`fs.s3a.secret.key` is a secret"),
    ] {
        let causes = mistakes(&args);
        assert_eq!(causes.len(), 1, "{causes:#?}");
        assert!(causes[0].contains(cause), "{cause} in {causes:#?}");
    }
}

#[test]
fn what_would_be_ignored_or_go_wrong_later_is_a_mistake() {
    let said = |text: &str| Some(text.to_owned());
    let policy = said("{\"Statement\":[]}");
    let none = Args { role_arn: None, token_file: None, ..minio_args() };
    for (args, cause) in [
        (Args { session_policy: policy, ..none.clone() }, "a session policy is set, but the way keys makes no session"),
        (
            Args { mode: said("endpoint"), image: said("codriver:1"), ..none.clone() },
            "CODRIVER_KEYS_SECRET is not set, which the mode endpoint needs",
        ),
        (Args { fips: said("true"), ..none.clone() }, "AWS_USE_FIPS_ENDPOINT is true, and the endpoint is said to be"),
        (Args { hadoop_version: said("3.3"), ..none.clone() }, "CODRIVER_HADOOP_VERSION `3.3` has no third number"),
        (
            Args { spark_conf: said("spark.executorEnv.AWS_ROLE_ARN=x"), ..none.clone() },
            "`spark.executorEnv.AWS_ROLE_ARN` would make executors somebody else",
        ),
        (
            Args { spark_conf: said("spark.hadoop.fs.azure.account.key.me.net=x"), ..none },
            "`spark.hadoop.fs.azure.account.key.me.net` is a secret",
        ),
    ] {
        let failure = parse_with(&args, &KEYS, &[]).unwrap_err();
        assert_eq!(failure.faults.len(), 1, "{failure}");
        assert!(failure.faults[0].cause.contains(cause), "{cause} in {failure}");
    }
}

#[test]
fn a_variable_that_resembles_ours_is_told() {
    let variables = [("CODRIVER_PROBES", "s3://x"), ("CODRIVER_UI_SERVICE_HOST", "1"), ("CODRIVER_DIR", "/x")];
    let notes = parse_with(&minio_args(), &variables, &[]).unwrap().notes;
    assert_eq!(notes, ["CODRIVER_PROBES is set, and codriver-init does not know it"]);
}
