//! The projected service-account token: looked at before it is sent, and never shown.

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize};

use crate::credentials::Secret;

/// The longest token that STS takes, in bytes.
const LONGEST: usize = 20_000;

/// A JSON web token with the shape that STS wants. Its signature is for STS to judge.
#[derive(Debug, Clone)]
pub struct Token {
    text: Secret,
    claims: Claims,
}

/// What a token says about its bearer. None of it is secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer: the URL under which STS looks for the keys.
    #[serde(default, rename = "iss")]
    pub issuer: String,
    /// Subject: `system:serviceaccount:<namespace>:<name>`.
    #[serde(default, rename = "sub")]
    pub subject: String,
    /// Audiences: for whom the token is meant.
    #[serde(default, rename = "aud", deserialize_with = "one_or_many")]
    pub audiences: Vec<String>,
    /// Expiry, in seconds since 1970.
    #[serde(default, rename = "exp", skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
    /// What Kubernetes adds about the pod.
    #[serde(default, rename = "kubernetes.io", skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<KubernetesClaims>,
}

/// The claims of a token that is bound to a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KubernetesClaims {
    /// Namespace of the pod.
    #[serde(default)]
    pub namespace: String,
    /// The pod.
    #[serde(default)]
    pub pod: Named,
    /// Its service account.
    #[serde(default, rename = "serviceaccount")]
    pub service_account: Named,
}

/// An object by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The name.
    #[serde(default)]
    pub name: String,
}

/// Why a token is of no use. Each begins a sentence with "the token".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Nothing but blanks.
    #[error("is empty")]
    Empty,
    /// More than STS takes.
    #[error("has {0} bytes; STS takes at most {LONGEST}")]
    TooLong(usize),
    /// Not a JWT at all.
    #[error("is not a JSON web token: {0}")]
    NotAToken(&'static str),
    /// A key that everybody knows, or none.
    #[error("is signed with `{0}`; STS takes RS256, ES256 and their longer forms")]
    Algorithm(String),
    /// Its time is over.
    #[error("expired {} ago", minutes(*.0))]
    Expired(Duration),
    /// Meant for somebody else.
    #[error("is meant for the audience {have:?} and not for `{want}`")]
    Audience {
        /// What STS is known to accept.
        want: String,
        /// What the token says.
        have: Vec<String>,
    },
}

impl Token {
    /// Reads a token from the content of its file; blanks around it do not matter.
    ///
    /// # Errors
    /// [`TokenFault`] when it cannot be one.
    pub fn parse(content: &[u8]) -> Result<Self, TokenFault> {
        let text = content.trim_ascii();
        if text.is_empty() {
            return Err(TokenFault::Empty);
        }
        if text.len() > LONGEST {
            return Err(TokenFault::TooLong(text.len()));
        }
        let text = str::from_utf8(text).map_err(|_| TokenFault::NotAToken("it is not text"))?;
        let parts: Vec<&str> = text.split('.').collect();
        let [header, claims, _signature] = parts[..] else {
            return Err(TokenFault::NotAToken("it has not three parts with dots between"));
        };
        let header: Header = decode(header, "its header is not JSON in base64url")?;
        if !["RS", "ES", "PS"].iter().any(|family| header.algorithm.starts_with(family)) {
            return Err(TokenFault::Algorithm(header.algorithm.chars().take(16).collect()));
        }
        let claims: Claims = decode(claims, "its claims are not JSON in base64url")?;
        // They are shown, also on terminals.
        if claims.texts().any(|text| text.chars().any(char::is_control)) {
            return Err(TokenFault::NotAToken("its claims have control characters"));
        }
        Ok(Self { text: Secret::new(text.to_owned()), claims })
    }

    /// Looks for what STS would refuse anyway, so that the message can say more than STS does.
    ///
    /// # Errors
    /// [`TokenFault::Expired`] or [`TokenFault::Audience`].
    pub fn check(&self, audience: &str, now: SystemTime) -> Result<(), TokenFault> {
        if let Some(age) = self.claims.expiry().and_then(|expiry| now.duration_since(expiry).ok()) {
            return Err(TokenFault::Expired(age));
        }
        if !self.claims.audiences.iter().any(|have| have == audience) {
            return Err(TokenFault::Audience { want: audience.to_owned(), have: self.claims.audiences.clone() });
        }
        Ok(())
    }

    /// What the token says.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The token itself, for the request.
    #[must_use]
    pub fn text(&self) -> &Secret {
        &self.text
    }
}

impl Claims {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let pod = self.kubernetes.iter().flat_map(|k| [&k.namespace, &k.pod.name, &k.service_account.name]);
        [&self.issuer, &self.subject].into_iter().chain(&self.audiences).chain(pod).map(String::as_str)
    }

    /// When the token ends, if it says so.
    #[must_use]
    pub fn expiry(&self) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.expires?))
    }
}

/// Who the bearer is, in one line. Never the token.
impl fmt::Display for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, subject, audiences, .. } = self;
        write!(f, "iss={issuer} sub={subject} aud={}", audiences.join(","))?;
        match self.expires {
            Some(seconds) => write!(f, " exp={seconds}"),
            None => f.write_str(" exp=none"),
        }
    }
}

#[derive(Deserialize)]
struct Header {
    #[serde(rename = "alg")]
    algorithm: String,
}

fn decode<T: for<'de> Deserialize<'de>>(part: &str, fault: &'static str) -> Result<T, TokenFault> {
    URL_SAFE_NO_PAD
        .decode(part)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or(TokenFault::NotAToken(fault))
}

/// `aud` is one text or a list of them.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(one) => vec![one],
        OneOrMany::Many(many) => many,
    })
}

/// A duration as people say it, to the minute.
fn minutes(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(header: &str, claims: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims))
    }

    fn token(claims: &str) -> Token {
        Token::parse(jwt(r#"{"alg":"RS256"}"#, claims).as_bytes()).unwrap()
    }

    fn at_1000() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1000)
    }

    #[test]
    fn a_kubernetes_token_is_understood() {
        let token = token(
            r#"{"iss":"https://kubernetes.default.svc","sub":"system:serviceaccount:etl:spark-driver",
                "aud":["sts.amazonaws.com"],"exp":2000,"iat":1,"nbf":1,"kubernetes.io":{"namespace":"etl",
                "pod":{"name":"daily-0","uid":"1"},"serviceaccount":{"name":"spark-driver","uid":"2"}}}"#,
        );
        let claims = token.claims();
        assert_eq!(claims.subject, "system:serviceaccount:etl:spark-driver");
        assert_eq!(claims.kubernetes.as_ref().unwrap().pod.name, "daily-0");
        assert_eq!(claims.kubernetes.as_ref().unwrap().service_account.name, "spark-driver");
        assert_eq!(token.check("sts.amazonaws.com", at_1000()), Ok(()));
    }

    #[test]
    fn blanks_around_a_token_do_not_matter() {
        let text = jwt(r#"{"alg":"ES384"}"#, "{}");
        let parsed = Token::parse(format!("\n {text}\r\n").as_bytes()).unwrap();
        assert_eq!(parsed.text().expose(), text);
    }

    #[test]
    fn the_audience_may_be_one_text() {
        assert_eq!(token(r#"{"aud":"minio","exp":2000}"#).check("minio", at_1000()), Ok(()));
    }

    #[test]
    fn what_sts_would_refuse_is_said_before() {
        for (claims, fault) in [
            (r#"{"aud":"a","exp":880}"#, TokenFault::Expired(Duration::from_secs(120))),
            (r#"{"aud":"a","exp":1000}"#, TokenFault::Expired(Duration::ZERO)),
            (r#"{"aud":["b","c"]}"#, TokenFault::Audience { want: "a".into(), have: vec!["b".into(), "c".into()] }),
            (r"{}", TokenFault::Audience { want: "a".into(), have: Vec::new() }),
        ] {
            assert_eq!(token(claims).check("a", at_1000()), Err(fault));
        }
        assert_eq!(TokenFault::Expired(Duration::from_secs(7260)).to_string(), "expired 121 min ago");
    }

    #[test]
    fn rubbish_is_not_a_token() {
        for (content, fault) in [
            (b" \n".to_vec(), "is empty"),
            (vec![b'a'; LONGEST + 1], "has 20001 bytes"),
            (b"hello".to_vec(), "three parts"),
            (b"a.b.c.d".to_vec(), "three parts"),
            (b"a.b.c".to_vec(), "header is not JSON"),
            (vec![0xff, 0xfe], "not text"),
            (jwt(r#"{"alg":"RS256"}"#, "[]x").into_bytes(), "claims are not JSON"),
            (jwt(r#"{"alg":"RS256"}"#, r#"{"exp":"soon"}"#).into_bytes(), "claims are not JSON"),
            (jwt(r#"{"alg":"RS256"}"#, r#"{"sub":"a\u001bb"}"#).into_bytes(), "control characters"),
            (jwt(r#"{"alg":"none"}"#, "{}").into_bytes(), "signed with `none`"),
            (jwt(r#"{"alg":"HS256"}"#, "{}").into_bytes(), "signed with `HS256`"),
        ] {
            let error = Token::parse(&content).unwrap_err().to_string();
            assert!(error.contains(fault), "{error}");
        }
    }

    #[test]
    fn the_token_does_not_show_in_debug_output() {
        let token = token(r#"{"aud":"a"}"#);
        assert!(!format!("{token:?}").contains(token.text().expose()));
    }
}
