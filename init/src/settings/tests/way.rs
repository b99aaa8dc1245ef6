//! Which way is taken, and what is wrong with one.

use super::*;

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
