//! Why a request came to nothing: sorted by what the caller can do about it, worded for the person who reads the log.

use std::time::Duration;

use serde::Deserialize;

use crate::Subject;

/// A request that failed. Its text names what was tried, the cause and, where there is one, the remedy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No connection.
    #[error("cannot reach the API server at {server}: {cause} — hint: is a NetworkPolicy or a mesh between?")]
    Unreachable {
        /// Host and port.
        server: String,
        /// What the system said.
        cause: String,
    },
    /// The server showed a certificate that the service account's authority did not sign.
    #[error(
        "the API server at {server} is not to be trusted: {cause} — hint: the authority in the service account's \
         ca.crt is the only one trusted; is a proxy between that shows its own certificate?"
    )]
    Untrusted {
        /// Host and port.
        server: String,
        /// What is wrong with the certificate.
        cause: String,
    },
    /// The server did not do its part in time.
    #[error("cannot {subject}: no {what} within {} s", .deadline.as_secs_f32())]
    TimedOut {
        /// The request.
        subject: Subject,
        /// What was waited for: `connection`, `answer`, `more of the body` or `end of the body`.
        what: &'static str,
        /// How long.
        deadline: Duration,
    },
    /// The connection broke off after the request was sent; part of it may have been carried out.
    #[error("cannot {subject}: the connection broke off: {cause}")]
    Cut {
        /// The request.
        subject: Subject,
        /// How it broke.
        cause: String,
    },
    /// The token file cannot be read.
    #[error(
        "cannot read the service account's token {path}: {cause} — hint: automountServiceAccountToken must not be \
         false, and the user of the container must be able to read the file"
    )]
    Token {
        /// Which file.
        path: String,
        /// What the system said.
        cause: String,
    },
    /// 401, twice, the token read anew between.
    #[error("cannot {subject}: the API server does not accept the service account's token: {message}")]
    Unauthorized {
        /// The request.
        subject: Subject,
        /// What the server said.
        message: String,
    },
    /// 403: lasting until somebody changes the role.
    #[error("cannot {subject}: forbidden: {message} — hint: the service account's Role lacks this rule:\n{}", rule(.subject))]
    Forbidden {
        /// The request, and so the permission that is missing.
        subject: Subject,
        /// What the server said.
        message: String,
    },
    /// 404.
    #[error("cannot {subject}: not found: {message}")]
    NotFound {
        /// The request.
        subject: Subject,
        /// What the server said.
        message: String,
    },
    /// 409: the object is another one than the one that was meant, or has just been changed.
    #[error("cannot {subject}: conflict: {message}")]
    Conflict {
        /// The request.
        subject: Subject,
        /// What the server said.
        message: String,
    },
    /// 410: the `continue` token is too old; begin again without it.
    #[error("cannot {subject}: the list has expired: {message}")]
    Gone {
        /// The request.
        subject: Subject,
        /// What the server said.
        message: String,
    },
    /// 429, or an error of the server with `Retry-After`.
    #[error("cannot {subject}: the API server asks to come back later: {message}")]
    Throttled {
        /// The request.
        subject: Subject,
        /// How long to wait at least, when it said so.
        retry_after: Option<Duration>,
        /// What the server said.
        message: String,
    },
    /// Any other answer that is not a success.
    #[error("cannot {subject}: the API server answered {code}: {message}")]
    Server {
        /// The request.
        subject: Subject,
        /// The HTTP status.
        code: u16,
        /// What the server said.
        message: String,
    },
    /// The answer is not what the API describes.
    #[error(
        "cannot {subject}: the answer makes no sense: {cause} — hint: is this the API server, or a proxy before it?"
    )]
    Malformed {
        /// The request.
        subject: Subject,
        /// What is wrong with it.
        cause: String,
    },
}

impl Error {
    /// Whether the same request may succeed a little later with nobody's help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TimedOut { .. } | Self::Cut { .. } | Self::Throttled { .. } => true,
            Self::Server { code, .. } => *code >= 500,
            _ => false,
        }
    }

    /// Sorts an answer that is not a success.
    pub(crate) fn of_answer(subject: Subject, code: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let message = message(body);
        match code {
            401 => Self::Unauthorized { subject, message },
            403 => Self::Forbidden { subject, message },
            404 => Self::NotFound { subject, message },
            409 => Self::Conflict { subject, message },
            410 => Self::Gone { subject, message },
            429 => Self::Throttled { subject, retry_after, message },
            500.. if retry_after.is_some() => Self::Throttled { subject, retry_after, message },
            _ => Self::Server { subject, code, message },
        }
    }

    /// A connection that ended too early, or bytes on it that are not HTTP.
    pub(crate) fn broken(subject: &Subject, error: &hyper::Error) -> Self {
        // hyper's own text is general ("connection error"); the cause under it says what happened.
        let cause =
            std::error::Error::source(error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        if error.is_parse() {
            Self::Malformed { subject: subject.clone(), cause }
        } else {
            Self::Cut { subject: subject.clone(), cause }
        }
    }
}

/// The RBAC rule that allows what was refused, to paste into a Role.
fn rule(subject: &Subject) -> String {
    let Subject { verb, kind, .. } = subject;
    format!("- apiGroups: [\"{}\"]\n  resources: [\"{kind}\"]\n  verbs: [\"{verb}\"]", kind.group())
}

/// What a person needs of the body of a failure: the `Status` object's words, or else the beginning of whatever it is.
fn message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Status {
        message: Option<String>,
        reason: Option<String>,
    }
    let said = serde_json::from_slice::<Status>(body).ok().and_then(|status| status.message.or(status.reason));
    let text = said.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    let mut words: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() {
        words.push_str("(no reason given)");
    }
    if let Some((end, _)) = words.char_indices().nth(LONGEST_MESSAGE) {
        words.truncate(end);
        words.push('…');
    }
    words
}

/// Characters of the server's words that are kept; some webhooks answer with whole pages.
const LONGEST_MESSAGE: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Verb};

    fn subject() -> Subject {
        Subject { verb: Verb::DeleteCollection, kind: Kind::Pods, namespace: "etl".into(), name: None }
    }

    #[test]
    fn a_refusal_prints_the_rule_to_paste() {
        let body = br#"{"kind":"Status","status":"Failure","reason":"Forbidden","code":403,
            "message":"pods is forbidden: User \"system:serviceaccount:etl:d\" cannot deletecollection resource"}"#;
        let text = Error::of_answer(subject(), 403, None, body).to_string();
        assert!(
            text.starts_with("cannot deletecollection pods in namespace etl: forbidden: pods is forbidden"),
            "{text}"
        );
        assert!(
            text.ends_with(
                "Role lacks this rule:\n- apiGroups: [\"\"]\n  resources: [\"pods\"]\n  verbs: [\"deletecollection\"]"
            ),
            "{text}"
        );
    }

    #[test]
    fn answers_are_sorted_by_what_can_be_done() {
        let after = Some(Duration::from_secs(3));
        for (code, retry_after, transient, name) in [
            (401, None, false, "Unauthorized"),
            (403, None, false, "Forbidden"),
            (404, None, false, "NotFound"),
            (409, None, false, "Conflict"),
            (410, None, false, "Gone"),
            (429, None, true, "Throttled"),
            (429, after, true, "Throttled"),
            (503, after, true, "Throttled"),
            (500, None, true, "Server"),
            (504, None, true, "Server"),
            (422, after, false, "Server"),
            (302, None, false, "Server"),
        ] {
            let error = Error::of_answer(subject(), code, retry_after, b"{}");
            assert_eq!(error.is_transient(), transient, "{code}");
            assert!(format!("{error:?}").starts_with(name), "{code}: {error:?}");
        }
    }

    #[test]
    fn the_words_of_any_body_are_short_and_on_one_line() {
        for (body, expected) in [
            (&br#"{"message":"no\n\n such","reason":"NotFound"}"#[..], "no such"),
            (br#"{"reason":"NotFound"}"#, "NotFound"),
            (br#"{"message":null}"#, r#"{"message":null}"#),
            (b"<html>\n bad gateway", "<html> bad gateway"),
            (b"", "(no reason given)"),
            (b"\xff\xfe", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(message(body), expected);
        }
        assert_eq!(message("ä".repeat(5000).as_bytes()).chars().count(), LONGEST_MESSAGE + 1);
    }
}
