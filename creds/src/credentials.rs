//! What STS hands out, and the type that keeps it out of logs.

use std::fmt;
use std::time::SystemTime;

use zeroize::Zeroize as _;

/// Text that must not be seen: neither `Debug` nor anything else prints it; [`Secret::expose`] is the only way to it. Its memory
/// is wiped when it is dropped; what libraries have copied on the way is not.
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

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What signs requests: the temporary credentials of a role session, or keys that have neither token nor end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name of the key pair (`ASIA…`, `AKIA…`). It identifies and proves nothing, yet it is kept out of logs too.
    pub access_key_id: Secret,
    /// The key that signs.
    pub secret_access_key: Secret,
    /// Goes with every request; its length is not bounded by AWS. Keys have none.
    pub session_token: Option<Secret>,
    /// When all end. Keys do not.
    pub expires: Option<SystemTime>,
}

impl Credentials {
    /// All parts that must not be seen.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        [Some(&self.access_key_id), Some(&self.secret_access_key), self.session_token.as_ref()]
            .into_iter()
            .flatten()
            .map(Secret::expose)
    }
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
            expires: Some(SystemTime::UNIX_EPOCH),
        };
        let shown = format!("{credentials:?} {credentials:#?}");
        for secret in ["ASIAEXAMPLE", "hunter2", "FwoGZXIvYXdzEXAMPLE"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
