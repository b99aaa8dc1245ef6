//! What STS hands out, and the type that keeps it out of logs.

use std::fmt;
use std::time::SystemTime;

/// Text that must not be seen: neither `Debug` nor anything else prints it; [`Secret::expose`] is the only way to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text out of sight.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// Credentials: a role session's, which end, or a user's keys, which do not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name of the key pair (`ASIA…`). It identifies and proves nothing, yet it is kept out of logs as well.
    pub access_key_id: Secret,
    /// The key that signs.
    pub secret_access_key: Secret,
    /// Goes with every request of a session; its length is not bounded by AWS. Keys of a user have none.
    pub session_token: Option<Secret>,
    /// When all three end, if they do.
    pub expires: Option<SystemTime>,
}

/// What STS gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The credentials.
    pub credentials: Credentials,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_shows_in_debug_output() {
        let credentials = Credentials {
            access_key_id: Secret::new("ASIAEXAMPLE".into()),
            secret_access_key: Secret::new("hunter2".into()),
            session_token: Some(Secret::new("FwoGZXIvYXdzEXAMPLE".into())),
            expires: None,
        };
        let shown = format!("{credentials:?} {credentials:#?}");
        for secret in ["ASIAEXAMPLE", "hunter2", "FwoGZXIvYXdzEXAMPLE"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
