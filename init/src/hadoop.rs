//! What Hadoop is told: which settings make `s3://` S3A, who S3A is, and how `core-site.xml` carries both.

pub mod core_site;
pub mod overlay;
pub mod provider;
pub mod s3a;

use std::collections::BTreeMap;
use std::fmt;

/// Hadoop settings by their names.
pub type Properties = BTreeMap<String, Value>;

/// The value of a Hadoop setting, and how it may be treated.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    text: String,
    expands: bool,
    secret: bool,
}

impl Value {
    /// A value that Hadoop shall read as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), expands: false, secret: false }
    }

    /// The same; it stands in `core-site.xml`, mode 0440, and nowhere else.
    pub fn secret(text: impl Into<String>) -> Self {
        Self { text: text.into(), expands: false, secret: true }
    }

    /// A value in which `${…}` is meant: Hadoop puts in what it stands for, each time that it reads it.
    pub fn expanding(text: impl Into<String>, secret: bool) -> Self {
        Self { text: text.into(), expands: true, secret }
    }

    /// The value itself.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// May `${…}` stand in it?
    pub fn expands(&self) -> bool {
        self.expands
    }

    /// Must it stay unseen?
    pub fn is_secret(&self) -> bool {
        self.secret
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secret { "…" } else { &self.text })
    }
}

/// Endings of names whose values are secrets. Spark and Hadoop would carry them, in clear, to places that many can read.
const SECRET_NAMES: [&str; 12] = [
    "access_key_id",
    "secret_access_key",
    "session_token",
    "access.key",
    "secret.key",
    "session.token",
    "password",
    "oauthtoken",
    "encryption.key",
    "authenticate.secret",
    "awsaccesskeyid",
    "awssecretaccesskey",
];

/// Does a setting of Hadoop's or Spark's with this name hold a secret?
pub fn names_a_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    // Azure's have the account's name behind.
    lower.contains(".account.key.") || SECRET_NAMES.iter().any(|ending| lower.ends_with(ending))
}
