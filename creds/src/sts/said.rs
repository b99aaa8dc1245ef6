//! What came of a request to STS, taken out of the SDK's many shapes of errors.

use std::error::Error as StdError;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use http_body_util::LengthLimitError;

use crate::quote::Mask;
use crate::wire::{WireFault, causes, chain};

/// Why there is no good answer. All text in it has been masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// STS answered with an error of its own.
    Error {
        /// The code, such as `AccessDenied`.
        code: String,
        /// In its words; may be empty.
        message: String,
        /// The status of HTTP.
        status: u16,
    },
    /// Something answered that is not STS, or not well.
    Strange(Strange),
    /// It never came to an answer.
    Wire(WireFault),
    /// The SDK's time for all attempts was over.
    OutOfTime,
    /// The answer broke its bound.
    TooLong,
    /// The request could not even be made.
    Unsent(String),
}

/// An answer that is not the XML of STS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strange {
    /// The status of HTTP.
    pub status: u16,
    /// Its content type.
    pub kind: String,
    /// Where it sends us instead.
    pub location: Option<String>,
    /// What the SDK dislikes, or how the body begins.
    pub detail: String,
}

impl Said {
    /// Looks into the SDK's error.
    pub fn of<E>(error: &SdkError<E, HttpResponse>, mask: &Mask) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        let own = match error {
            SdkError::ServiceError(service) => service.err().code().map(|code| (code, service.err().message())),
            _ => None,
        };
        let out_of_time = matches!(error, SdkError::TimeoutError(_));
        Self::from_parts(error, error.raw_response(), own, out_of_time, mask)
    }

    /// The same for all operations, so compiled once.
    fn from_parts(
        error: &(dyn StdError + 'static),
        answer: Option<&HttpResponse>,
        own: Option<(&str, Option<&str>)>,
        out_of_time: bool,
        mask: &Mask,
    ) -> Self {
        if causes(error).any(|cause| cause.is::<LengthLimitError>()) {
            return Self::TooLong;
        }
        if let Some(fault) = causes(error).find_map(|cause| cause.downcast_ref::<WireFault>()) {
            return Self::Wire(fault.clone());
        }
        let Some(answer) = answer else {
            return if out_of_time { Self::OutOfTime } else { Self::Unsent(mask.quote(&chain(error))) };
        };
        let status = answer.status().as_u16();
        let body = answer.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        let found = own.map(|(code, message)| (code, message.unwrap_or_default())).or_else(|| error_in(&body));
        if let Some((code, message)) = found {
            return Self::Error { code: mask.quote(code), message: mask.quote(message), status };
        }
        let header = |name| answer.headers().get(name).map(|value| mask.quote(value));
        let looks_like_xml = body.trim_start().starts_with('<') && !is_html(&body);
        let detail = if looks_like_xml && status < 300 {
            mask.quote(&chain(error))
        } else if holds_credentials(&body) {
            // Credentials in another form than the one that was expected.
            String::new()
        } else {
            beginning(&body, mask)
        };
        Self::Strange(Strange {
            status,
            kind: header("content-type").unwrap_or_else(|| "unknown".to_owned()),
            // What follows the path may be a secret of a login's.
            location: header("location").map(|url| url.split(['?', '#']).next().unwrap_or_default().to_owned()),
            detail,
        })
    }

    /// Did STS object to how long the credentials should live? Ceph says only that an argument is wrong.
    pub fn blames_duration(&self) -> bool {
        let Self::Error { code, message, .. } = self else { return false };
        let of_this_kind = ["ValidationError", "InvalidParameterValue", "InvalidArgument"].contains(&code.as_str());
        of_this_kind && (message.is_empty() || message.contains("DurationSeconds") || message.contains("duration"))
    }
}

/// Does a text look as if it held what nobody may see?
pub(crate) fn holds_credentials(body: &str) -> bool {
    let body = body.to_ascii_lowercase();
    // As JSON and as XML name them.
    let names = ["secretaccesskey\"", "<secretaccesskey", "sessiontoken\"", "<sessiontoken", "\"token\""];
    names.iter().any(|name| body.contains(name))
}

/// The code and the message of an error in XML where the SDK expected none, or of another shape than STS's.
fn error_in(body: &str) -> Option<(&str, &str)> {
    if is_html(body) {
        return None;
    }
    let within = |tag: &str| {
        let rest = body.split_once(&format!("<{tag}>"))?.1;
        rest.split_once('<').map(|(text, _)| text)
    };
    let code = within("Code").filter(|code| is_code(code))?;
    Some((code, within("Message").unwrap_or_default()))
}

fn is_html(body: &str) -> bool {
    let start: String = body.trim_start().chars().take(14).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// A word, and not the token in the mouth of a strange server.
pub(crate) fn is_code(code: &str) -> bool {
    (1..=64).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.')
}

/// So much of a strange body that a reader may recognise it.
fn beginning(body: &str, mask: &Mask) -> String {
    let quoted = mask.quote(body);
    match quoted.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &quoted[..end]),
        None => quoted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_in_any_form() {
        for (body, expected) in [
            (r#"{"Credentials":{"SecretAccessKey":"s"}}"#, true),
            (r#"{"AccessKeyId":"a","Token":"t"}"#, true),
            ("<SessionToken>t</SessionToken>", true),
            ("cannot read the session token", false),
        ] {
            assert_eq!(holds_credentials(body), expected, "{body}");
        }
    }

    #[test]
    fn errors_are_found_in_xml_of_any_shape() {
        for (body, expected) in [
            ("<Error><Code>SlowDown</Code><Message>later</Message></Error>", Some(("SlowDown", "later"))),
            ("<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>", Some(("AccessDenied", ""))),
            ("<html><Code>x</Code></html>", None),
            ("<!DOCTYPE html><Code>x</Code>", None),
            ("<Code>not a word</Code>", None),
            ("<Code>", None),
            ("{\"Code\":\"x\"}", None),
            ("", None),
        ] {
            assert_eq!(error_in(body), expected, "{body}");
        }
    }

    #[test]
    fn a_duration_that_is_too_long_is_recognised() {
        let said = |code: &str, message: &str| Said::Error { code: code.into(), message: message.into(), status: 400 };
        for (said, expected) in [
            (
                said(
                    "ValidationError",
                    "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                ),
                true,
            ),
            (said("InvalidArgument", ""), true),
            (said("ValidationError", "Request ARN is invalid"), false),
            (said("AccessDenied", "DurationSeconds"), false),
            (Said::OutOfTime, false),
        ] {
            assert_eq!(said.blames_duration(), expected, "{said:?}");
        }
    }
}
