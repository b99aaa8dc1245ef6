//! Who credentials are, as `GetCallerIdentity` tells it.

/// The owner of some credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The ARN of a user or of a role session; empty where a store tells none.
    pub arn: String,
    /// The account; empty where a store has none.
    pub account: String,
    /// The unique id, for a role session with the session's name behind it.
    pub user_id: String,
}

impl Caller {
    /// The role, by its name without path, when the caller is a role session.
    #[must_use]
    pub fn role_name(&self) -> Option<&str> {
        self.assumed().map(|(role, _)| role)
    }

    /// The name of the role session, when the caller is one.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        self.assumed().map(|(_, session)| session)
    }

    /// Is it the node's own role? EC2 gives the session of an instance profile the name of the instance.
    #[must_use]
    pub fn is_node(&self) -> bool {
        let id = self.session().and_then(|session| session.strip_prefix("i-")).unwrap_or_default();
        (8..=17).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    }

    fn assumed(&self) -> Option<(&str, &str)> {
        self.arn.splitn(6, ':').nth(5)?.strip_prefix("assumed-role/")?.split_once('/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_are_recognised() {
        for (arn, role, session, node) in [
            ("arn:aws:sts::123456789012:assumed-role/spark/etl.daily-0", Some("spark"), Some("etl.daily-0"), false),
            (
                "arn:aws:sts::123456789012:assumed-role/node/i-0abcdef1234567890",
                Some("node"),
                Some("i-0abcdef1234567890"),
                true,
            ),
            ("arn:aws-cn:sts::123456789012:assumed-role/node/i-1234abcd", Some("node"), Some("i-1234abcd"), true),
            ("arn:aws:sts::123456789012:assumed-role/x/i-love-spark", Some("x"), Some("i-love-spark"), false),
            (
                "arn:aws:sts::123456789012:assumed-role/x/i-0abcdef12345678901",
                Some("x"),
                Some("i-0abcdef12345678901"),
                false,
            ),
            ("arn:aws:sts::123456789012:assumed-role/broken", None, None, false),
            ("arn:aws:iam::123456789012:user/etl/alice", None, None, false),
            ("arn:aws:iam::123456789012:root", None, None, false),
            ("", None, None, false),
        ] {
            let caller = Caller { arn: arn.into(), account: String::new(), user_id: String::new() };
            assert_eq!((caller.role_name(), caller.session(), caller.is_node()), (role, session, node), "{arn}");
        }
    }
}
