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
fn the_first_way_that_is_configured_is_taken_and_the_others_are_told() {
    let pod_identity = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials");
    let none = Args { role_arn: None, token_file: None, ..minio_args() };
    let only = |way: &str| Args { way: Some(way.to_owned()), ..minio_args() };
    for (args, variables, way, reason, passed_over) in [
        (minio_args(), vec![], "web-identity", "AWS_WEB_IDENTITY_TOKEN_FILE is set", 0),
        (minio_args(), KEYS.to_vec(), "keys", "AWS_ACCESS_KEY_ID is set", 1),
        (minio_args(), vec![KEYS[0], KEYS[1], pod_identity], "keys", "AWS_ACCESS_KEY_ID is set", 2),
        (minio_args(), vec![pod_identity], "web-identity", "AWS_WEB_IDENTITY_TOKEN_FILE is set", 1),
        (none, vec![pod_identity], "instance", "AWS_CONTAINER_CREDENTIALS_FULL_URI is set", 0),
        (only("instance"), vec![], "instance", "CODRIVER_WAY says so", 1),
        (only("web-identity"), KEYS.to_vec(), "web-identity", "CODRIVER_WAY says so", 1),
    ] {
        let settings = parse_with(&args, &variables, &[]).unwrap();
        assert_eq!((settings.way.name(), settings.way_reason.as_str()), (way, reason));
        assert_eq!(settings.notes.len(), passed_over, "{:?}", settings.notes);
    }
}

#[test]
fn a_way_that_is_half_configured_is_a_mistake_and_no_other_is_taken() {
    let none = Args { role_arn: None, token_file: None, ..minio_args() };
    for (args, variables, cause) in [
        (none.clone(), vec![KEYS[0]], "AWS_SECRET_ACCESS_KEY is not set"),
        (minio_args(), vec![KEYS[1]], "AWS_ACCESS_KEY_ID is not set"),
        (none.clone(), vec![KEYS[0], ("AWS_SECRET_ACCESS_KEY", "hun ter2")], "AWS_SECRET_ACCESS_KEY has blanks"),
        (Args { token_file: None, ..minio_args() }, vec![], "AWS_WEB_IDENTITY_TOKEN_FILE is not set"),
        (Args { role_arn: None, ..minio_args() }, vec![], "AWS_ROLE_ARN is not set"),
        (Args { keys_dir: Some("/keys".into()), ..none.clone() }, vec![], "/keys/AWS_ACCESS_KEY_ID cannot be read"),
        (Args { credentials_file: Some("/c".into()), ..none }, vec![], "AWS_SHARED_CREDENTIALS_FILE /c cannot"),
        (Args { way: Some("role".into()), ..minio_args() }, vec![], "CODRIVER_WAY `role` is not known"),
    ] {
        let failure = parse_with(&args, &variables, &[]).unwrap_err();
        assert!(failure.faults.iter().any(|fault| fault.cause.contains(cause)), "{cause} in {failure}");
        assert!(!failure.to_string().contains("hun"), "{failure}");
    }
}

#[test]
fn keys_may_come_as_files() {
    let none = Args { role_arn: None, token_file: None, ..minio_args() };
    let folder = Args { keys_dir: Some("/keys".into()), ..none.clone() };
    let file = Args { credentials_file: Some("/c".into()), profile: Some("etl".into()), ..none };
    let files = [
        ("/keys/AWS_ACCESS_KEY_ID", "AKIAEXAMPLE\n"),
        ("/keys/AWS_SECRET_ACCESS_KEY", "hunter2\n"),
        ("/c", "[etl]\naws_access_key_id=AKIAEXAMPLE\naws_secret_access_key=hunter2\n"),
    ];
    for args in [folder, file] {
        let Way::Keys(keys) = parse_with(&args, &[], &files).unwrap().way else { panic!("no keys") };
        assert_eq!(keys.credentials.access_key_id.expose(), "AKIAEXAMPLE");
        assert_eq!(keys.credentials.secret_access_key.expose(), "hunter2");
        assert!(keys.credentials.session_token.is_none());
    }
}

#[test]
fn the_mode_is_what_the_jvm_can_do_and_the_reason_is_told() {
    let said = |text: &str| Some(text.to_owned());
    let hadoop = |version: &str| Args { hadoop_version: said(version), ..minio_args() };
    let aws = |version: &str| Args { hadoop_version: said(version), ..aws_args() };
    let policy = said("{\"Version\":\"2012-10-17\",\"Statement\":[]}");
    for (args, mode, reason) in [
        (hadoop("3.5.0"), Mode::Provider, "renews"),
        (hadoop("3.4.2"), Mode::Provider, "renews"),
        (hadoop("3.4.1"), Mode::Session, "asks AWS's STS only"),
        (hadoop("3.3.4"), Mode::Session, "asks AWS's STS only"),
        (minio_args(), Mode::Session, "CODRIVER_HADOOP_VERSION is not set"),
        (aws_args(), Mode::Provider, "renews"),
        (aws("3.3.4"), Mode::Provider, "renews"),
        (aws("3.2.0"), Mode::Session, "has no web identity"),
        (aws("3.3.0"), Mode::Session, "has no web identity"),
        (Args { session_policy: policy.clone(), ..aws("3.5.0") }, Mode::Session, "session policy"),
        (Args { session_policy: policy, assume_role: aws_args().role_arn, ..aws("3.5.0") }, Mode::Provider, "renews"),
        (
            Args { session_policy_arns: said("arn:aws:iam::aws:policy/ReadOnlyAccess"), ..aws("3.5.0") },
            Mode::Session,
            "session policy",
        ),
        (Args { mode: said("session"), ..hadoop("3.5.0") }, Mode::Session, "CODRIVER_MODE says so"),
    ] {
        let settings = parse(&args).unwrap();
        assert_eq!(settings.mode, mode, "{}", settings.mode_reason);
        assert!(settings.mode_reason.contains(reason), "{reason} in {}", settings.mode_reason);
    }
}

#[test]
fn a_mode_that_cannot_work_is_a_mistake() {
    let said = |text: &str| Some(text.to_owned());
    for (args, cause) in [
        (
            Args { mode: said("web-identity"), hadoop_version: said("3.3.4"), ..minio_args() },
            "CODRIVER_MODE web-identity cannot work: the AWS SDK of Hadoop 3.3.4",
        ),
        (Args { mode: said("keys"), ..minio_args() }, "CODRIVER_MODE keys does not fit the way, which is web-identity"),
        (Args { mode: said("endpoint"), ..minio_args() }, "CODRIVER_IMAGE is not set"),
        (Args { mode: said("magic"), ..minio_args() }, "CODRIVER_MODE `magic` is not known"),
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

#[test]
fn a_second_role_without_tls_is_for_old_hadoops_only() {
    for (hadoop, mode) in [("3.3.4", Mode::Session), ("3.5.0", Mode::Session)] {
        let role = minio_args().role_arn;
        let args = Args { assume_role: role, hadoop_version: Some(hadoop.to_owned()), ..minio_args() };
        assert_eq!(parse(&args).unwrap().mode, mode, "{hadoop}");
    }
    let args = Args { hadoop_version: Some("3.3.4".into()), assume_role: minio_args().role_arn, ..minio_args() };
    let keys = Args { role_arn: None, token_file: None, ..args };
    assert_eq!(parse_with(&keys, &KEYS, &[]).unwrap().mode, Mode::Provider);
}

#[test]
fn overlays_are_files_and_then_lines() {
    let said = |text: &str| Some(text.to_owned());
    let args = Args {
        spark_conf_file: said("/etc/spark.conf"),
        hadoop_conf_file: said("/etc/core-site.xml"),
        spark_conf: said("spark.a=line"),
        hadoop_conf: said("fs.a=line"),
        ..minio_args()
    };
    let xml = "<configuration><property><name>fs.a</name><value>file</value></property>\
               <property><name>fs.s3a.secret.key</name><value>hunter2</value></property>\
               <property><name>fs.b</name><value>${env.B}</value></property></configuration>";
    let files = [("/etc/spark.conf", "spark.a file\nspark.b : file\nother 1\n"), ("/etc/core-site.xml", xml)];
    let settings = parse_with(&args, &[], &files).unwrap();
    let pairs = [("spark.a", "file"), ("spark.b", "file"), ("spark.a", "line")];
    assert_eq!(settings.spark_conf, pairs.map(|(key, value)| (key.to_owned(), value.to_owned())));
    assert_eq!(settings.hadoop_conf["fs.a"].text(), "line");
    assert!(settings.hadoop_conf["fs.b"].expands());
    assert!(settings.hadoop_conf["fs.s3a.secret.key"].is_secret());
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn overlays_that_cannot_be_used_are_told_without_what_is_in_them() {
    let said = |text: &str| Some(text.to_owned());
    let spark = Args { spark_conf_file: said("/f"), ..minio_args() };
    let hadoop = Args { hadoop_conf_file: said("/f"), ..minio_args() };
    for (args, text, cause) in [
        (&spark, Some("spark.x=hunter2\\u12"), "CODRIVER_SPARK_CONF_FILE /f line 1: `\\u` wants four"),
        (&spark, Some("spark.ssl.keyPassword=hunter2"), "`spark.ssl.keyPassword`, a secret"),
        (&spark, None, "CODRIVER_SPARK_CONF_FILE /f cannot be read"),
        (&hadoop, Some("<configuration><property>hunter2"), "ends in the middle"),
        (&hadoop, Some("hunter2"), "has no <configuration>"),
        (&hadoop, Some("<!DOCTYPE x><configuration/>"), "has a document type"),
        (&hadoop, Some("<configuration><xi:include href=\"hunter2\"/></configuration>"), "includes another file"),
    ] {
        let files: Vec<(&str, &str)> = text.map(|text| ("/f", text)).into_iter().collect();
        let failure = parse_with(args, &[], &files).unwrap_err();
        assert!(failure.to_string().contains(cause), "{cause} in {failure}");
        assert!(!failure.to_string().contains("hunter2"), "{failure}");
    }
}

#[test]
fn the_users_spark_lines_may_name_image_and_service_account() {
    let args = Args {
        executor_image: None,
        executor_service_account: None,
        spark_conf: Some(
            "spark.kubernetes.container.image=mine:1\nspark.kubernetes.authenticate.executor.serviceAccountName=x"
                .into(),
        ),
        ..minio_args()
    };
    let settings = parse(&args).unwrap();
    assert_eq!((settings.executor.image, settings.executor.service_account), (None, None));
}
