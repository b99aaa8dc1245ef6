//! The three calls: what is sent, and what is made of good answers and of plain refusals.

use codriver_creds::{ErrorKind, Limit, RoleArn, Secret, SessionPolicy, StsKind};

use crate::server::{Reply, Server, http};
use crate::world::{credentials, error, granted, identity, now, sts, token};

fn answering(status: u16, body: &str) -> Server {
    Server::play(vec![Reply::Bytes(http(status, "", body))])
}

#[tokio::test]
async fn a_token_becomes_credentials_without_a_signature() {
    let server = answering(200, &granted("AssumeRoleWithWebIdentity", "2026-11-23T03:00:00Z"));
    let mut identity = identity(3600);
    identity.policy = SessionPolicy::parse(r#"{"Statement":[]}"#).ok();
    identity.policy_arns = vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".into()];
    let answer = sts(&server.address).assume_with_token(&identity, &token(), now()).await.unwrap();
    assert_eq!(answer.credentials.access_key_id.expose(), "ASIAGIVEN");
    assert_eq!(answer.role_session.as_deref(), Some("arn:aws:sts::123456789012:assumed-role/spark/etl.daily-0"));
    assert_eq!((answer.granted, answer.limit, answer.clock), (None, None, None));
    let request = &server.requests()[0];
    assert!(!request.to_ascii_lowercase().contains("\r\nauthorization:"), "{request}");
    for part in [
        "POST / HTTP/1.1\r\n",
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&",
        "&DurationSeconds=3600",
        "&Policy=%7B%22Statement%22%3A%5B%5D%7D",
        "&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
}

#[tokio::test]
async fn credentials_become_those_of_another_role_for_one_hour() {
    let server = answering(200, &granted("AssumeRole", "2026-11-23T03:00:00Z"));
    let answer = sts(&server.address).assume_with(&identity(43_200), &credentials(true), now()).await.unwrap();
    assert_eq!((answer.asked.as_secs(), answer.granted.unwrap().as_secs().div_ceil(10)), (43_200, 360));
    assert_eq!(answer.limit, Some(Limit::Chaining));
    let request = server.requests()[0].to_ascii_lowercase();
    for part in [
        "action=assumerole&version=2011-06-15&",
        "&durationseconds=3600",
        "\r\nauthorization: aws4-hmac-sha256 credential=asiaexamplekeyid0001/",
        "/eu-west-1/sts/aws4_request, ",
        "\r\nx-amz-security-token: fwogzxivyxdzexamplesessiontoken0001==\r\n",
    ] {
        assert!(request.contains(part), "{part} in {request}");
    }
}

#[tokio::test]
async fn keys_of_a_user_may_have_more_than_one_hour() {
    let server = answering(200, &granted("AssumeRole", "2026-11-23T14:00:00Z"));
    let answer = sts(&server.address).assume_with(&identity(43_200), &credentials(false), now()).await.unwrap();
    assert_eq!((answer.granted, answer.limit), (None, None));
    let request = server.requests()[0].to_ascii_lowercase();
    assert!(request.contains("durationseconds=43200") && !request.contains("x-amz-security-token"), "{request}");
}

#[tokio::test]
async fn what_the_role_does_not_allow_is_asked_for_one_hour() {
    let refusal =
        error("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    let good = granted("AssumeRoleWithWebIdentity", "2026-11-23T03:00:00Z");
    let server = Server::play(vec![Reply::Bytes(http(400, "", &refusal)), Reply::Bytes(http(200, "", &good))]);
    let answer = sts(&server.address).assume_with_token(&identity(7200), &token(), now()).await.unwrap();
    assert_eq!(answer.limit, Some(Limit::Role));
    let (cause, _) = answer.note().unwrap();
    assert!(cause.starts_with("credentials of 7200 s were asked for, and of 3"), "{cause}");
    let durations: Vec<bool> = server.requests().iter().map(|r| r.contains("DurationSeconds=3600")).collect();
    assert_eq!(durations, [false, true]);
}

#[tokio::test]
async fn an_hour_that_is_refused_is_not_asked_for_again() {
    let refusal =
        error("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    let server = answering(400, &refusal);
    let error = sts(&server.address).assume_with_token(&identity(3600), &token(), now()).await.unwrap_err();
    assert_eq!((error.kind(), server.requests().len()), (ErrorKind::Configuration, 1));
}

#[tokio::test]
async fn a_caller_is_told() {
    let body = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                <Arn>arn:aws:sts::123456789012:assumed-role/node/i-0abcdef1234567890</Arn><UserId>AROA:i-0abc</UserId>\
                <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
    let server = answering(200, body);
    let caller = sts(&server.address).caller(&credentials(true), now()).await.unwrap();
    assert_eq!((caller.account.as_str(), caller.role_name(), caller.is_node()), ("123456789012", Some("node"), true));
    let request = &server.requests()[0];
    assert!(request.ends_with("Action=GetCallerIdentity&Version=2011-06-15"), "{request}");
}

#[tokio::test]
async fn refusals_of_keys_have_their_kinds_and_remedies() {
    for (status, body, kind, cause, remedy) in [
        (
            403,
            error("InvalidClientTokenId", "The security token included in the request is invalid."),
            ErrorKind::Refused,
            "refused to say whose the credentials are: InvalidClientTokenId",
            "AWS_SESSION_TOKEN",
        ),
        (
            403,
            error("SignatureDoesNotMatch", "The request signature we calculated does not match"),
            ErrorKind::Refused,
            "SignatureDoesNotMatch",
            "AWS_SECRET_ACCESS_KEY",
        ),
        (
            403,
            error("ExpiredToken", "The security token included in the request is expired"),
            ErrorKind::Refused,
            "ExpiredToken",
            "their time is over",
        ),
        (
            400,
            error("InvalidParameterValue", "Unsupported action GetCallerIdentity"),
            ErrorKind::Unsupported,
            "does not know GetCallerIdentity",
            "is an STS endpoint",
        ),
        (405, String::new(), ErrorKind::Unsupported, "does not know GetCallerIdentity: 405", "is an STS endpoint"),
        (
            200,
            "<GetCallerIdentityResponse><GetCallerIdentityResult/></GetCallerIdentityResponse>".to_owned(),
            ErrorKind::Malformed,
            "does not say whose",
            "is an STS endpoint",
        ),
    ] {
        let server = answering(status, &body);
        let error = sts(&server.address).caller(&credentials(true), now()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(cause), "{cause} in {error}");
        assert!(error.remedy().contains(remedy), "{remedy} in {}", error.remedy());
    }
}

#[tokio::test]
async fn a_chain_that_is_refused_shows_the_statements_of_both_sides() {
    let message = "User: arn:aws:sts::123456789012:assumed-role/first/etl.daily-0 is not authorized to perform: \
                   sts:AssumeRole on resource: arn:aws:iam::123456789012:role/spark";
    let server = answering(403, &error("AccessDenied", message));
    let error = sts(&server.address).assume_with(&identity(3600), &credentials(true), now()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    for part in [
        r#"a policy of arn:aws:iam::123456789012:role/first needs {"Action":"sts:AssumeRole","Effect":"Allow","Resource":"arn:aws:iam::123456789012:role/spark"}"#,
        r#"{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/first"}}"#,
    ] {
        assert!(error.remedy().contains(part), "{part} in {}", error.remedy());
    }
}

#[tokio::test]
async fn a_role_of_another_partition_is_refused_before_anything_is_sent() {
    let mut settings = crate::world::settings("");
    settings.endpoint = None;
    let mut identity = identity(3600);
    identity.role = RoleArn::parse("arn:aws-cn:iam::123456789012:role/spark", StsKind::Aws).unwrap();
    let sts = codriver_creds::Sts::new(&settings);
    let error = sts.assume_with_token(&identity, &token(), now()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().ends_with("is of the partition aws-cn, but the region eu-west-1 is of aws"), "{error}");
}

#[tokio::test]
async fn fips_and_an_endpoint_of_ones_own_exclude_each_other() {
    let mut settings = crate::world::settings("http://127.0.0.1:1");
    settings.fips = true;
    let sts = codriver_creds::Sts::new(&settings);
    let error = sts.assume_with_token(&identity(3600), &token(), now()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    assert!(error.remedy().contains("AWS_USE_FIPS_ENDPOINT"), "{error}: {}", error.remedy());
}

#[tokio::test]
async fn credentials_that_no_header_can_carry_are_not_sent() {
    let sts = sts("127.0.0.1:1");
    for wrong in ["", "with blank", "line\n", "ümlaut", "nul\0"] {
        for part in 0..3 {
            let mut by = credentials(true);
            let wrong = Secret::new(wrong.to_owned());
            match part {
                0 => by.access_key_id = wrong,
                1 => by.secret_access_key = wrong,
                _ => by.session_token = Some(wrong),
            }
            let error = sts.assume_with(&identity(3600), &by, now()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
            assert_eq!(sts.caller(&by, now()).await.unwrap_err(), error);
        }
    }
}
