//! One look into a bucket: what S3, stores like it, and servers that are none of it answer.

use codriver_creds::{Credentials, Error, ErrorKind, Patience, S3Uri, Secret, Seen, Skew, StoreSettings, read_prefix};

use crate::server::{Reply, Server};
use crate::{now, patience, run};

const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "FwoGZXIvYXdzEXAMPLETOKEN";

fn look(endpoint: &str, path_style: bool, patience: Patience) -> Result<Seen, Error> {
    let credentials = Credentials {
        access_key_id: Secret::new("ASIAIOSFODNN7EXAMPLE".into()),
        secret_access_key: Secret::new(KEY.into()),
        session_token: Some(Secret::new(TOKEN.into())),
        expires: None,
    };
    let settings = StoreSettings {
        endpoint: Some(endpoint.to_owned()),
        path_style,
        patience,
        ..StoreSettings::of_region("eu-west-1")
    };
    run(read_prefix(&settings, &credentials, &S3Uri::parse("s3://data/jobs/ä b").unwrap(), now()))
}

fn error_xml(code: &str, message: &str, rest: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{rest}</Error>")
}

fn list(contents: &str) -> String {
    format!("<?xml version=\"1.0\"?><ListBucketResult><Name>data</Name>{contents}</ListBucketResult>")
}

#[test]
fn a_prefix_is_listed_with_a_signature() {
    for (contents, found) in [("<Contents><Key>jobs/a</Key></Contents>", true), ("", false)] {
        let server = Server::start(vec![Reply::plain(200, &list(contents))]);
        let seen = look(&server.url(), true, server.patience).unwrap();
        assert_eq!(seen, Seen { endpoint: server.url(), found, clock: None });
        let head = &server.asked()[0];
        assert!(
            head.starts_with("GET /data?list-type=2&max-keys=1&prefix=jobs%2F%C3%A4%20b%2F HTTP/1.1\r\n"),
            "{head}"
        );
        assert!(
            head.contains("authorization: AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE/20260102/eu-west-1/s3/")
        );
        assert!(head.contains(&format!("x-amz-security-token: {TOKEN}\r\n")));
        assert!(!head.contains(KEY));
    }
}

#[test]
fn what_can_pass_is_tried_again() {
    for first in [
        Reply::plain(503, &error_xml("SlowDown", "Please reduce your request rate.", "")),
        Reply::plain(503, &error_xml("XMinioServerNotInitialized", "Server not initialized yet.", "")),
        Reply::plain(500, ""),
        Reply::plain(502, "<html>bad gateway</html>"),
        Reply::plain(400, &error_xml("RequestTimeout", "", "")),
        Reply::Bytes(Vec::new()),
    ] {
        let server = Server::start(vec![first.clone(), Reply::plain(200, &list(""))]);
        assert!(look(&server.url(), true, server.patience).is_ok(), "{first:?}");
        assert_eq!(server.asked().len(), 2);
    }
}

/// A reply, and what is told about it: requests, kind, cause, remedy.
type Row<'a> = (Reply, usize, ErrorKind, &'a str, &'a str);

fn expect(rows: Vec<Row<'_>>) {
    for (reply, requests, kind, cause, remedy) in rows {
        let server = Server::start(vec![reply.clone()]);
        let error = look(&server.url(), true, server.patience).unwrap_err();
        let told = format!("{error}; {}", error.remedy());
        assert_eq!((error.kind(), server.asked().len()), (kind, requests), "{told}");
        assert!(error.to_string().contains(cause), "{told}");
        assert!(error.remedy().contains(remedy), "{told}");
        assert!(told.len() < 1500 && !told.contains('\n'), "{told}");
        for secret in [KEY, TOKEN, &KEY[10..30]] {
            assert!(!told.contains(secret), "{told}");
        }
    }
}

#[test]
fn what_a_store_refuses_has_its_cause_and_remedy() {
    use ErrorKind::{Configuration, Malformed, Refused, Temporary};
    let error = |status, code: &str, message: &str| Reply::plain(status, &error_xml(code, message, ""));
    let not = "User: arn:aws:sts::1:assumed-role/spark/x is not authorized to perform: s3:ListBucket on resource: \
               \"arn:aws:s3:::data\" because no identity-based policy allows the s3:ListBucket action";
    expect(vec![
        (
            error(404, "NoSuchBucket", "The specified bucket does not exist"),
            1,
            Configuration,
            "has no bucket `data`",
            "create it",
        ),
        (
            error(403, "AccessDenied", "Access Denied."),
            1,
            Refused,
            "refused to list s3://data/jobs/ä b: AccessDenied: Access Denied.",
            r#""s3:prefix":["jobs/ä b","jobs/ä b/*"]"#,
        ),
        (
            error(403, "AccessDenied", not),
            1,
            Refused,
            "not authorized to perform: s3:ListBucket",
            r#""Resource":"arn:aws:s3:::data""#,
        ),
        (
            error(403, "InvalidAccessKeyId", "does not exist in our records"),
            1,
            Refused,
            "InvalidAccessKeyId",
            "does not know the keys",
        ),
        (error(400, "ExpiredToken", "The provided token has expired."), 1, Refused, "ExpiredToken", "are over"),
        (error(400, "InvalidToken", "malformed or otherwise invalid"), 1, Refused, "InvalidToken", "session token"),
        (
            error(403, "SignatureDoesNotMatch", &format!("check your key {KEY}")),
            1,
            Refused,
            "check your key …",
            "a line end",
        ),
        (error(400, "InvalidBucketName", "not valid"), 1, Configuration, "InvalidBucketName", "CODRIVER_PROBE"),
        (error(405, "MethodNotAllowed", "not allowed"), 1, Malformed, "MethodNotAllowed", "the S3 API"),
        (error(501, "NotImplemented", "not implemented"), 1, Malformed, "NotImplemented", "the S3 API"),
        (
            error(400, "InvalidArgument", "S3 API Requests must be made to API port."),
            1,
            Configuration,
            "API port",
            "the store's console",
        ),
        (error(503, "SlowDown", "reduce"), 3, Temporary, "SlowDown: reduce (3 attempts in", "later"),
        (error(418, "Teapot", "short and stout"), 1, Refused, "Teapot: short and stout", "documentation"),
        (error(200, "InternalError", "after all"), 3, Temporary, "InternalError: after all", "later"),
    ]);
}

#[test]
fn the_right_region_is_told() {
    let region = "<Region>us-west-2</Region>";
    let redirect =
        error_xml("PermanentRedirect", "use another endpoint", "<Endpoint>data.s3.us-west-2.amazonaws.com</Endpoint>");
    let header = [("x-amz-bucket-region", "us-west-2")];
    let wrong = "in the region us-west-2 and not in eu-west-1";
    for reply in [
        Reply::new(301, &header, &redirect),
        Reply::new(301, &header, ""),
        Reply::plain(400, &error_xml("AuthorizationHeaderMalformed", "the region is wrong", region)),
        Reply::plain(
            400,
            &error_xml(
                "AuthorizationHeaderMalformed",
                "the region &#39;eu-west-1&#39; is wrong; expecting 'us-west-2'",
                "",
            ),
        ),
        Reply::new(400, &header, &error_xml("IllegalLocationConstraintException", "incompatible", "")),
    ] {
        expect(vec![(reply, 1, ErrorKind::Configuration, wrong, "set AWS_REGION=us-west-2")]);
    }
    // Where nobody tells it.
    expect(vec![(
        Reply::plain(301, &redirect),
        1,
        ErrorKind::Configuration,
        "PermanentRedirect",
        "it names data.s3.us-west-2",
    )]);
}

#[test]
fn clocks_that_disagree_are_told() {
    let skewed = error_xml(
        "RequestTimeTooSkewed",
        "The difference is too large.",
        "<RequestTime>20260102T030405Z</RequestTime><ServerTime>2026-01-02T03:24:05Z</ServerTime>",
    );
    let date = [("Date", "Fri, 02 Jan 2026 03:24:05 GMT")];
    let denied = error_xml("SignatureDoesNotMatch", "no", "");
    expect(vec![
        (
            Reply::new(403, &date, &skewed),
            1,
            ErrorKind::Refused,
            "its clock says 2026-01-02T03:24:05Z and this node's 2026-01-02T03:04:05",
            "chrony",
        ),
        (Reply::new(403, &date, &skewed), 1, ErrorKind::Refused, " s behind the store's", "15 minutes"),
        (Reply::new(403, &date, &denied), 1, ErrorKind::Refused, " s behind the store's", "secret key"),
    ]);
    let server = Server::start(vec![Reply::new(200, &date, &list(""))]);
    let clock = look(&server.url(), true, server.patience).unwrap().clock;
    assert!(matches!(clock, Some(Skew::Behind(1199..=1200))), "{clock:?}");
}

#[test]
fn servers_that_are_no_store_are_recognised() {
    use ErrorKind::{Configuration, Malformed, Unreachable};
    let html = Reply::new(200, &[("Content-Type", "text/html")], "<!doctype html><title>MinIO Console</title>");
    let cut = list("<Contents>").replace("</ListBucketResult>", "");
    expect(vec![
        (html, 1, Malformed, "status 200, type text/html", "MinIO's console"),
        (Reply::plain(404, "404 page not found"), 1, Malformed, "beginning with `404 page not found`", "ingress"),
        (Reply::plain(405, ""), 1, Malformed, "status 405", "the S3 API"),
        (
            Reply::new(302, &[("Location", "https://login.example.org/")], ""),
            1,
            Malformed,
            "sends us to https://login.example.org/",
            "proxy",
        ),
        (
            Reply::plain(400, "Client sent an HTTP request to an HTTPS server."),
            1,
            Configuration,
            "speaks TLS",
            "https://",
        ),
        (Reply::plain(200, &cut), 1, Malformed, "does not answer as S3 does", "S3 API"),
        (Reply::plain(200, &"x".repeat(70_000)), 1, Malformed, "longer than 65536 bytes", "one key"),
        (Reply::Endless, 1, Malformed, "longer than 65536 bytes", "one key"),
        (Reply::silence(), 3, Unreachable, "no complete answer within 100 ms", "is well"),
        (Reply::Bytes(b"SSH-2.0-x\r\n".to_vec()), 3, Unreachable, "the connection broke", "scheme"),
        (
            Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<".to_vec()),
            3,
            Unreachable,
            "the connection broke",
            "is well",
        ),
    ]);
}

#[test]
fn a_store_without_a_host_for_each_bucket_wants_path_style() {
    // A name that no resolver even asks for.
    let host = "s".repeat(64);
    let error = look(&format!("http://{host}:9000"), false, patience(&[])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    assert!(error.to_string().contains(&format!("data.{host}")), "{error}");
    assert!(error.remedy().contains("CODRIVER_PATH_STYLE=true"), "{}", error.remedy());
    let error = look(&format!("http://{host}"), true, patience(&[])).unwrap_err();
    assert!(error.remedy().contains("can resolve names"), "{}", error.remedy());
}

#[test]
fn nobody_there() {
    let error = look("http://127.0.0.1:1", true, patience(&[])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert!(error.remedy().contains("that the store runs"), "{}", error.remedy());
}
