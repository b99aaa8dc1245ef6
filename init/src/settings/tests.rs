use super::*;

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
    Settings::parse(&minio_args(), false).unwrap()
}

/// A pod on EKS, with the webhook's token.
pub fn aws() -> Settings {
    let args = Args {
        role_arn: Some("arn:aws:iam::123456789012:role/spark".to_owned()),
        token_file: Some("/var/run/secrets/eks.amazonaws.com/serviceaccount/token".to_owned()),
        region: Some("eu-west-1".to_owned()),
        endpoint: None,
        ..minio_args()
    };
    Settings::parse(&args, false).unwrap()
}

/// The causes of all mistakes.
fn mistakes(args: &Args) -> Vec<String> {
    let failure = Settings::parse(args, false).unwrap_err();
    assert_eq!(failure.exit, Exit::Configuration);
    failure.faults.into_iter().map(|fault| fault.cause).collect()
}

#[test]
fn the_defaults_are_those_of_the_help() {
    let settings = minio();
    assert_eq!(settings.dir, PathBuf::from("/codriver"));
    assert_eq!(settings.identity.duration, Duration::from_secs(3600));
    assert_eq!(settings.identity.session.as_str(), "etl.daily-0");
    assert_eq!(settings.token.audience, "sts.amazonaws.com");
    assert_eq!(settings.token.wait, Duration::from_secs(30));
    assert_eq!((settings.sts.attempts, settings.sts.backoff), (6, Duration::from_secs(1)));
    assert_eq!((settings.hadoop, settings.spark, settings.magic_committer), (None, None, false));
    assert_eq!(settings.executor.user, Some(185));
    assert_eq!(settings.executor.role, settings.identity.role);
}

#[test]
fn one_endpoint_serves_both_unless_they_have_their_own() {
    let settings = minio();
    assert_eq!(settings.sts.endpoint, settings.store.endpoint);
    let args = Args { sts_endpoint: Some("https://sts.store.svc".into()), ..minio_args() };
    let settings = Settings::parse(&args, false).unwrap();
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
    assert_eq!(Settings::parse(&args, false).unwrap(), minio());
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
        "AWS_ROLE_ARN is not set",
        "CODRIVER_EXECUTOR_IMAGE is not set",
        "CODRIVER_EXECUTOR_SERVICE_ACCOUNT is not set",
        "AWS_WEB_IDENTITY_TOKEN_FILE is not set",
    ] {
        assert!(causes.iter().any(|cause| cause == expected), "{expected} in {causes:#?}");
    }
    assert_eq!(causes.len(), 9, "{causes:#?}");
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
fn keys_are_refused_in_plain_words() {
    let failure = Settings::parse(&minio_args(), true).unwrap_err();
    assert!(failure.faults[0].cause.contains("this version supports web identity only"));
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
    let settings = Settings::parse(&args, false).unwrap();
    assert_eq!((settings.executor.image, settings.executor.service_account), (None, None));
}
