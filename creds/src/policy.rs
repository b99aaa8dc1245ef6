//! A session policy: it narrows what a role session may do, below what the role may.

use serde_json::Value;

/// The most that STS takes, in characters.
const LONGEST: usize = 2048;

/// An IAM policy document, without needless blanks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPolicy(String);

impl SessionPolicy {
    /// Reads a policy and leaves out the blanks, which count for STS.
    ///
    /// # Errors
    /// What is wrong with the text, as the end of a sentence that begins with the setting's name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let json: Value = serde_json::from_str(text)
            .map_err(|error| format!("is no JSON: line {}, column {} cannot be read", error.line(), error.column()))?;
        if !json["Statement"].is_array() && !json["Statement"].is_object() {
            return Err("is no policy: it has no Statement".to_owned());
        }
        let short = json.to_string();
        match short.chars().count() {
            count @ ..=LONGEST if count > 0 => Ok(Self(short)),
            count => Err(format!("has {count} characters without blanks; STS takes at most {LONGEST}")),
        }
    }

    /// The document as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_left_out_and_what_is_no_policy_is_refused() {
        let policy = SessionPolicy::parse("{ \"Statement\" : [ ] }").unwrap();
        assert_eq!(policy.as_str(), "{\"Statement\":[]}");
        for (text, why) in [
            ("", "is no JSON"),
            ("{\"Statement\":", "is no JSON: line 1"),
            ("{}", "has no Statement"),
            ("[]", "has no Statement"),
            (&format!("{{\"Statement\":[],\"Id\":\"{}\"}}", "x".repeat(2048)), "characters without blanks"),
        ] {
            assert!(SessionPolicy::parse(text).unwrap_err().contains(why), "{text}");
        }
    }
}
