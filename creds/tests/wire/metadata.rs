//! The instance metadata service, and kube2iam and kiam in its place.

use codriver_creds::{Error, ErrorKind, Found, InstanceSettings, Source, SourceVariables, instance_credentials};

use crate::server::{Reply, Server};
use crate::{now, run};

const SESSION: &str = "AQAEAHKqsession-of-imds==";
const GOOD: &str = r#"{"Code":"Success","LastUpdated":"2026-01-02T03:00:00Z","Type":"AWS-HMAC","AccessKeyId":"ASIAX",
    "SecretAccessKey":"secret-key","Token":"session-token","Expiration":"2026-01-02T09:00:00Z"}"#;
const NOT_FOUND: &str = "<?xml version=\"1.0\"?><html><head><title>404 - Not Found</title></head></html>";

fn ask(server: &Server, first_version_disabled: &str) -> Result<Found, Error> {
    let endpoint = server.url();
    let variables = SourceVariables { endpoint: &endpoint, first_version_disabled, ..SourceVariables::default() };
    let mut settings = InstanceSettings::new(Source::choose(&variables).unwrap());
    settings.patience = server.patience;
    run(instance_credentials(&settings, None, now()))
}

fn session() -> Reply {
    Reply::new(200, &[("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "60")], SESSION)
}

fn ok(body: &str) -> Reply {
    Reply::plain(200, body)
}

#[test]
fn the_second_version_is_asked_with_a_session() {
    let server = Server::start(vec![session(), ok("node-role\n"), ok(GOOD)]);
    let found = ask(&server, "").unwrap();
    assert_eq!((found.role.as_deref(), found.first_version), (Some("node-role"), false));
    assert_eq!(found.credentials.access_key_id.expose(), "ASIAX");
    let path = "/latest/meta-data/iam/security-credentials/";
    assert_eq!(
        server.lines(),
        [
            "PUT /latest/api/token HTTP/1.1".to_owned(),
            format!("GET {path} HTTP/1.1"),
            format!("GET {path}node-role HTTP/1.1")
        ]
    );
    let asked = server.asked();
    assert!(asked[0].contains("x-aws-ec2-metadata-token-ttl-seconds: 60\r\n"), "{}", asked[0]);
    for head in &asked[1..] {
        assert!(head.contains(&format!("x-aws-ec2-metadata-token: {SESSION}\r\n")), "{head}");
    }
}

#[test]
fn the_first_version_is_asked_where_there_is_no_session() {
    for status in [403, 404, 405] {
        // kube2iam names the role of another account by its ARN.
        let role = "arn:aws:iam::123456789012:role/team/etl";
        let server = Server::start(vec![Reply::plain(status, ""), ok(role), ok(GOOD)]);
        let found = ask(&server, "false").unwrap();
        assert_eq!((found.role.as_deref(), found.first_version), (Some(role), true));
        assert!(!server.asked().concat().contains("x-aws-ec2-metadata-token: "));
        assert!(server.lines()[2].ends_with(&format!("/{role} HTTP/1.1")));
    }
    let server = Server::start(vec![Reply::plain(404, "")]);
    let error = ask(&server, "true").unwrap_err();
    assert_eq!((error.kind(), server.asked().len()), (ErrorKind::Refused, 1));
    assert!(error.remedy().contains("AWS_EC2_METADATA_V1_DISABLED"), "{}", error.remedy());
}

#[test]
fn a_pod_that_kube2iam_does_not_know_yet_is_waited_for() {
    let unknown = Reply::plain(404, "pod with specificed IP not found\n");
    let no_role = Reply::plain(404, "unable to find role for IP 10.0.0.7\n");
    let replies = vec![session(), unknown.clone(), no_role.clone(), unknown, no_role, ok("etl"), ok(GOOD)];
    let server = Server::start(replies);
    assert_eq!(ask(&server, "").unwrap().role.as_deref(), Some("etl"));
    assert_eq!(server.asked().len(), 7);
}

#[test]
fn trouble_is_told_with_its_remedy() {
    let failed = r#"{"Code":"AssumeRoleUnauthorizedAccess","Message":"EC2 cannot assume the role spark."}"#;
    let denied =
        "AccessDenied: User: arn:aws:sts::1:assumed-role/nodes/i-1 is not authorized to perform: sts:AssumeRole";
    let over = GOOD.replace("09:00:00", "03:00:00");
    let leak = format!("no session {SESSION}");
    for (replies, requests, kind, cause, remedy) in [
        (
            vec![Reply::silence()],
            3,
            ErrorKind::Unreachable,
            "no session token within 100 ms",
            "HttpPutResponseHopLimit of the instance to 2",
        ),
        (vec![Reply::plain(400, "")], 1, ErrorKind::Malformed, "to begin a session: 400", "SERVICE_ENDPOINT"),
        (vec![Reply::plain(503, "")], 3, ErrorKind::Temporary, "to begin a session: 503", "later"),
        (vec![ok("two words")], 3, ErrorKind::Malformed, "not with the token of a session", "SERVICE_ENDPOINT"),
        (vec![ok(&"t".repeat(70_000))], 1, ErrorKind::Malformed, "longer than 65536 bytes", "SERVICE_ENDPOINT"),
        (vec![Reply::Endless], 1, ErrorKind::Malformed, "longer than 65536 bytes", "SERVICE_ENDPOINT"),
        (
            vec![session(), Reply::plain(404, NOT_FOUND)],
            4,
            ErrorKind::Refused,
            "knows no role for this pod: 404",
            "instance profile",
        ),
        (vec![session(), ok("")], 4, ErrorKind::Refused, "knows no role for this pod: 200", "instance profile"),
        (vec![session(), ok("<html>")], 4, ErrorKind::Malformed, "not with the name of a role", "between the pod"),
        (vec![session(), ok("../../x")], 4, ErrorKind::Malformed, "not with the name of a role", "between the pod"),
        (vec![session(), Reply::plain(401, "")], 2, ErrorKind::Refused, "to name a role: 401", "IMDSv2"),
        (vec![session(), Reply::plain(401, &leak)], 2, ErrorKind::Refused, "401 no session …", "IMDSv2"),
        (
            vec![session(), ok("etl"), Reply::plain(403, "Invalid role etl")],
            3,
            ErrorKind::Refused,
            "403 Invalid role etl",
            "iam.amazonaws.com/role",
        ),
        (
            vec![session(), ok("etl"), Reply::plain(500, denied)],
            3,
            ErrorKind::Refused,
            "500 AccessDenied: User",
            "trust policy must name the role of the nodes",
        ),
        (
            vec![session(), ok("etl"), Reply::plain(500, "Throttling")],
            5,
            ErrorKind::Temporary,
            "500 Throttling (3 attempts",
            "later",
        ),
        (
            vec![session(), ok("etl"), ok(failed)],
            3,
            ErrorKind::Refused,
            "AssumeRoleUnauthorizedAccess: EC2 cannot",
            "ec2.amazonaws.com",
        ),
        (vec![session(), ok("etl"), ok("{")], 5, ErrorKind::Malformed, "not with credentials", "between the pod"),
    ] {
        let server = Server::start(replies.clone());
        let error = ask(&server, "").unwrap_err();
        let told = error.to_string();
        assert_eq!((error.kind(), server.asked().len()), (kind, requests), "{told}");
        assert!(told.contains(cause), "{told}");
        assert!(error.remedy().contains(remedy), "{told}: {}", error.remedy());
        assert!(told.len() < 800 && !told.contains('\n') && !told.contains(SESSION), "{told}");
    }
    let server = Server::start(vec![session(), ok("etl"), ok(&over), ok(GOOD)]);
    assert!(ask(&server, "").is_ok(), "credentials that are over are asked for again");
}
