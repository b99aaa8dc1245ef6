//! A session policy: narrows what a role may do for this one session.

use serde_json::Value;

/// The longest policy that STS takes, in characters, without blanks that mean nothing.
const LONGEST: usize = 2048;

/// A policy of one session, its shape checked, without blanks that mean nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPolicy(String);

impl SessionPolicy {
    /// Reads a policy document.
    ///
    /// # Errors
    /// What is wrong with the text, as the end of a sentence that begins with the setting's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
        let Some(document) = value.as_object() else {
            return Err("is no policy: it must be a JSON object".to_owned());
        };
        if !document.get("Statement").is_some_and(|statement| statement.is_array() || statement.is_object()) {
            return Err("is no policy: it has no `Statement`".to_owned());
        }
        let text = value.to_string();
        match text.chars().count() {
            0..=LONGEST => Ok(Self(text)),
            long => Err(format!("has {long} characters; STS takes at most {LONGEST}")),
        }
    }

    /// The policy as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_loses_its_blanks() {
        let policy = SessionPolicy::parse("{\n  \"Statement\": [ ]\n}\n").unwrap();
        assert_eq!(policy.as_str(), r#"{"Statement":[]}"#);
    }

    #[test]
    fn what_is_no_policy() {
        let long = format!(r#"{{"Statement":[],"Id":"{}"}}"#, "x".repeat(LONGEST));
        for (text, why) in [
            ("", "is no JSON"),
            ("{", "is no JSON"),
            ("[]", "must be a JSON object"),
            ("\"arn:aws:iam::aws:policy/ReadOnlyAccess\"", "must be a JSON object"),
            ("{}", "no `Statement`"),
            (r#"{"Statement":"x"}"#, "no `Statement`"),
            (long.as_str(), "2072 characters"),
        ] {
            let error = SessionPolicy::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
