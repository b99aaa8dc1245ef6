//! What clients read: the JSON of the container-credentials contract, exactly as the strictest of them wants it.

use std::{borrow::Cow, time::SystemTime};

use aws_smithy_types::{DateTime, date_time::Format};
use codriver_creds::{Credentials, Error, ErrorKind, Secret};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// So much is reserved for an answer at once, in bytes: a text that grows leaves copies of itself behind. Session tokens have
/// about 1 KiB, and no bound.
const USUAL: usize = 4096;

/// The contract's names. All four are in every answer: botocore, Rust's SDK and object_store fail without one of them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contract<'a> {
    access_key_id: Cow<'a, str>,
    secret_access_key: Cow<'a, str>,
    token: Cow<'a, str>,
    expiration: String,
}

/// A refusal, as Go's SDK and botocore show it to people.
#[derive(Serialize)]
struct Refused<'a> {
    code: &'a str,
    message: &'a str,
}

/// The answer with these credentials, whose end is that of the second argument where they have none of their own. It is wiped
/// when it is dropped.
#[must_use]
pub fn credentials(credentials: &Credentials, otherwise: SystemTime) -> Zeroizing<Vec<u8>> {
    let mut answer = Zeroizing::new(Vec::with_capacity(USUAL));
    write(
        &mut answer,
        &Contract {
            access_key_id: credentials.access_key_id.expose().into(),
            secret_access_key: credentials.secret_access_key.expose().into(),
            token: credentials.session_token.as_ref().map_or("", Secret::expose).into(),
            expiration: timestamp(credentials.expires.unwrap_or(otherwise)),
        },
    );
    answer
}

/// The answer without any.
#[must_use]
pub fn refusal(code: &str, message: &str) -> Vec<u8> {
    let mut answer = Vec::new();
    write(&mut answer, &Refused { code, message });
    answer
}

/// The status and the answer when credentials cannot be had for this reason. What can pass is 503, which SDKs ask again; what
/// cannot is 400, at which they stop and say what is in it.
#[must_use]
pub fn trouble(error: &Error) -> (u16, Vec<u8>) {
    let (status, code) = match error.kind() {
        ErrorKind::Refused => (400, "AccessDenied"),
        ErrorKind::Configuration | ErrorKind::Unsupported => (400, "InvalidConfiguration"),
        ErrorKind::Unreachable => (503, "Unreachable"),
        ErrorKind::Temporary => (503, "Throttling"),
        ErrorKind::Malformed => (503, "InvalidAnswer"),
    };
    (status, refusal(code, &format!("codriver has no credentials: {error}; hint: {}", error.remedy())))
}

/// Credentials from such an answer; none when it is not one of ours.
#[must_use]
pub fn parse(answer: &[u8]) -> Option<Credentials> {
    let read: Contract<'_> = serde_json::from_slice(answer).ok()?;
    let expires = DateTime::from_str(&read.expiration, Format::DateTime).ok()?;
    let secret = |text: Cow<'_, str>| Secret::new(text.into_owned());
    Some(Credentials {
        access_key_id: secret(read.access_key_id),
        secret_access_key: secret(read.secret_access_key),
        session_token: Some(secret(read.token)).filter(|token| !token.expose().is_empty()),
        expires: Some(SystemTime::try_from(expires).ok()?),
    })
}

/// Whole seconds and `Z`: Java's SDK v1 reads no fractions, C++'s no offsets. Rounded down, since later would be a lie.
fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let time = DateTime::from_secs(seconds.try_into().unwrap_or(i64::MAX));
    // Years of more than four digits cannot be written.
    time.fmt(Format::DateTime).unwrap_or_else(|_| "9999-12-31T23:59:59Z".to_owned())
}

fn write(answer: &mut Vec<u8>, value: &impl Serialize) {
    // Texts in a struct always serialise, and memory takes them.
    let _ = serde_json::to_writer(answer, value);
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn given(expires: Option<Duration>) -> Credentials {
        let secret = |text: &str| Secret::new(text.to_owned());
        Credentials {
            access_key_id: secret("ASIA"),
            secret_access_key: secret("a/b+c"),
            session_token: Some(secret("to\"ken")),
            expires: expires.map(|expires| UNIX_EPOCH + expires),
        }
    }

    #[test]
    fn the_body_is_that_of_the_contract_to_the_letter() {
        let body = credentials(&given(Some(Duration::from_millis(1_795_435_445_999))), UNIX_EPOCH);
        let expected =
            r#"{"AccessKeyId":"ASIA","SecretAccessKey":"a/b+c","Token":"to\"ken","Expiration":"2026-11-23T12:04:05Z"}"#;
        assert_eq!(String::from_utf8(body.to_vec()).unwrap(), expected);
    }

    #[test]
    fn keys_have_every_member_too() {
        let keys = Credentials { session_token: None, ..given(None) };
        let body = credentials(&keys, UNIX_EPOCH + Duration::from_secs(3600));
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.ends_with(r#""Token":"","Expiration":"1970-01-01T01:00:00Z"}"#), "{text}");
    }

    #[test]
    fn what_was_served_is_read_back() {
        let whole = given(Some(Duration::from_secs(1_795_435_445)));
        assert_eq!(parse(&credentials(&whole, UNIX_EPOCH)), Some(whole));
        for other in ["", "{}", r#"{"AccessKeyId":"A","SecretAccessKey":"B","Token":"C","Expiration":"soon"}"#] {
            assert_eq!(parse(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn what_can_pass_is_503_and_the_rest_400() {
        for (kind, status, code) in [
            (ErrorKind::Refused, 400, "AccessDenied"),
            (ErrorKind::Configuration, 400, "InvalidConfiguration"),
            (ErrorKind::Unreachable, 503, "Unreachable"),
            (ErrorKind::Temporary, 503, "Throttling"),
        ] {
            let (found, body) = trouble(&Error::new(kind, "the role x", "trust it"));
            let expected =
                format!(r#"{{"code":"{code}","message":"codriver has no credentials: the role x; hint: trust it"}}"#);
            assert_eq!((found, String::from_utf8(body).unwrap()), (status, expected));
        }
    }
}
