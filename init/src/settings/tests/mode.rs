//! Which mode is taken, and why.

use super::*;

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
