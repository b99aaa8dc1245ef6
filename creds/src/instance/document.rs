//! The JSON that both kinds of servers answer with: credentials, or an error of theirs.

use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Map, Value};

use crate::credentials::{Credentials, Secret};

/// What stands in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// Credentials that are not over.
    Credentials(Credentials),
    /// Credentials that were over so long ago. Servers that lost theirs upstream hand out the last ones.
    Over(Duration),
    /// An error: a code other than `Success`, with a message.
    Said {
        /// Such as `AssumeRoleUnauthorizedAccess`.
        code: String,
        /// For people; may be empty.
        message: String,
    },
    /// Neither; what is wrong with it, as the end of a sentence that begins with "its answer". Quotes nothing.
    Wrong(String),
}

impl Document {
    /// Reads a document. Names are matched as Rust's and Java's SDKs do, in any case.
    pub fn read(body: &[u8], now: SystemTime) -> Self {
        let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
            let html = body.trim_ascii_start().starts_with(b"<");
            return Self::Wrong(if html { "is HTML and not JSON" } else { "is no JSON object" }.to_owned());
        };
        let text = |name: &str| field(&fields, name).and_then(Value::as_str);
        if let Some(code) = text("Code").filter(|code| *code != "Success") {
            return Self::Said { code: code.to_owned(), message: text("Message").unwrap_or_default().to_owned() };
        }
        let part = |names: &[&str]| names.iter().find_map(|name| text(name)).filter(|text| !text.is_empty());
        let (Some(id), Some(key)) = (part(&["AccessKeyId"]), part(&["SecretAccessKey"])) else {
            return Self::Wrong("has no AccessKeyId or no SecretAccessKey".to_owned());
        };
        let token = part(&["Token", "SessionToken"]);
        let is_word = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
        if ![Some(id), Some(key), token].into_iter().flatten().all(is_word) {
            return Self::Wrong("has credentials with a blank or a line end in them".to_owned());
        }
        let expires = match part(&["Expiration", "ExpiresAt"]).map(date) {
            None => None,
            Some(None) => return Self::Wrong("has an Expiration that is no date".to_owned()),
            Some(Some(expires)) => Some(expires),
        };
        if let Some(over) = expires.and_then(|expires| now.duration_since(expires).ok()) {
            return Self::Over(over);
        }
        let secret = |text: &str| Secret::new(text.to_owned());
        Self::Credentials(Credentials {
            access_key_id: secret(id),
            secret_access_key: secret(key),
            session_token: token.map(secret),
            expires,
        })
    }
}

fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).or_else(|| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

fn date(text: &str) -> Option<SystemTime> {
    DateTime::from_str(text, Format::DateTimeWithOffset).ok().and_then(|date| SystemTime::try_from(date).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> SystemTime {
        date("2026-01-02T03:04:05Z").unwrap()
    }

    fn credentials(token: Option<&str>, expires: Option<&str>) -> Document {
        Document::Credentials(Credentials {
            access_key_id: Secret::new("ASIAX".into()),
            secret_access_key: Secret::new("key".into()),
            session_token: token.map(|token| Secret::new(token.into())),
            expires: expires.map(|expires| date(expires).unwrap()),
        })
    }

    #[test]
    fn credentials_of_every_dialect_are_read() {
        for (body, expected) in [
            // IMDS
            (
                r#"{"Code":"Success","LastUpdated":"2026-01-02T03:00:00Z","Type":"AWS-HMAC","AccessKeyId":"ASIAX",
                    "SecretAccessKey":"key","Token":"token","Expiration":"2026-01-02T09:00:00Z"}"#,
                credentials(Some("token"), Some("2026-01-02T09:00:00Z")),
            ),
            // EKS Pod Identity
            (
                r#"{"AccessKeyId":"ASIAX","SecretAccessKey":"key","Token":"token","AccountId":"1",
                    "Expiration":"2026-01-02T09:00:00.25Z"}"#,
                credentials(Some("token"), Some("2026-01-02T09:00:00.25Z")),
            ),
            // Other names, another zone
            (
                r#"{"accessKeyId":"ASIAX","secretAccessKey":"key","sessionToken":"token",
                    "expiresAt":"2026-01-02T10:00:00+01:00"}"#,
                credentials(Some("token"), Some("2026-01-02T09:00:00Z")),
            ),
            // Keys for ever
            (r#"{"AccessKeyId":"ASIAX","SecretAccessKey":"key","Token":""}"#, credentials(None, None)),
        ] {
            assert_eq!(Document::read(body.as_bytes(), now()), expected, "{body}");
        }
    }

    #[test]
    fn everything_else_is_no_credentials() {
        let wrong = |what: &str| Document::Wrong(what.to_owned());
        let said = |code: &str, message: &str| Document::Said { code: code.into(), message: message.into() };
        let whole = |part: &str| format!(r#"{{"AccessKeyId":"ASIAX","SecretAccessKey":"key",{part}}}"#);
        for (body, expected) in [
            (whole(r#""Expiration":"2026-01-02T03:04:05Z""#), Document::Over(Duration::ZERO)),
            (whole(r#""Expiration":"2026-01-02T02:04:05Z""#), Document::Over(Duration::from_secs(3600))),
            (whole(r#""Expiration":"soon""#), wrong("has an Expiration that is no date")),
            (whole(r#""Token":"a\nb""#), wrong("has credentials with a blank or a line end in them")),
            (whole(r#""Code":"Failed""#), said("Failed", "")),
            (r#"{"code":"AccessDenied","message":"no role"}"#.into(), said("AccessDenied", "no role")),
            (r#"{"AccessKeyId":"ASIAX"}"#.into(), wrong("has no AccessKeyId or no SecretAccessKey")),
            (r#"{"AccessKeyId":"","SecretAccessKey":"key"}"#.into(), wrong("has no AccessKeyId or no SecretAccessKey")),
            (r#"{"AccessKeyId":1,"SecretAccessKey":[]}"#.into(), wrong("has no AccessKeyId or no SecretAccessKey")),
            ("[]".into(), wrong("is no JSON object")),
            ("{".into(), wrong("is no JSON object")),
            (" <html>".into(), wrong("is HTML and not JSON")),
            ("[".repeat(60_000), wrong("is no JSON object")),
        ] {
            assert_eq!(Document::read(body.as_bytes(), now()), expected);
        }
    }
}
