//! What STS granted, beside what it was asked for.

use std::time::{Duration, SystemTime};

use crate::clock::Skew;
use crate::credentials::{Credentials, Secret};

/// What AWS gives at most when a role is assumed by the credentials of another, and what every role allows.
pub(crate) const ONE_HOUR: Duration = Duration::from_secs(3600);
/// Lives that differ by no more are the same: requests take time, and clocks tick in seconds.
const ORDINARY: Duration = Duration::from_secs(90);

/// Credentials, and how they compare with what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// What signs requests from now on.
    pub credentials: Credentials,
    /// How long they should have lived.
    pub asked: Duration,
    /// How long they live, when that is notably less; by this node's clock.
    pub granted: Option<Duration>,
    /// Who made it less.
    pub limit: Option<Limit>,
    /// The ARN of the session (`arn:aws:sts::…:assumed-role/…`), where STS tells one. Some stores do not.
    pub role_session: Option<String>,
    /// How far this node's clock is from that of STS, when that makes trouble.
    pub clock: Option<Skew>,
}

/// Why credentials live shorter than was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The role's maximum session duration is lower; so one hour was asked for, which every role allows.
    Role,
    /// A role that is assumed by the credentials of another role lasts one hour at most.
    Chaining,
    /// STS gave less, and did not say why.
    Server,
}

impl Granted {
    /// Both numbers with the reason, and what to do about it; none when the life is as it was asked.
    #[must_use]
    pub fn note(&self) -> Option<(String, &'static str)> {
        let (granted, asked) = (self.granted?.as_secs(), self.asked.as_secs());
        let (why, remedy) = match self.limit? {
            Limit::Role => (
                "the role allows no more than one hour, or less than was asked",
                "raise the role's maximum session duration in IAM, or lower CODRIVER_DURATION",
            ),
            Limit::Chaining => (
                "a role that is assumed by the credentials of another lasts one hour at most",
                "set CODRIVER_DURATION to 3600, or let the service account assume the second role itself",
            ),
            Limit::Server => (
                "STS decided so, by its own settings or because the token ends then",
                "lower CODRIVER_DURATION, or raise what the server allows",
            ),
        };
        Some((format!("credentials of {asked} s were asked for, and of {granted} s given: {why}"), remedy))
    }
}

/// The answer of STS, judged by this node's clock; `Err` is the end of a sentence about the answer.
pub(crate) struct Judged {
    pub asked: Duration,
    pub limit: Option<Limit>,
    pub now: SystemTime,
    pub clock: Option<Skew>,
}

impl Judged {
    /// Looks at each part of what STS gave.
    pub fn grant(
        self,
        given: Option<aws_sdk_sts::types::Credentials>,
        role_session: Option<String>,
    ) -> Result<Granted, &'static str> {
        let given = given.ok_or("there are no credentials in it")?;
        let seconds = given.expiration.secs();
        let stated = SystemTime::try_from(given.expiration).map_err(|_| "its expiration is no date")?;
        // What the SDK makes of an expiration that is not there.
        if seconds == 0 {
            return Err("its credentials have no expiration");
        }
        let expires = self.by_our_clock(stated);
        let life = expires.duration_since(self.now).map_err(|_| "its credentials expired before they were given")?;
        if life.is_zero() {
            return Err("its credentials expired before they were given");
        }
        let parts = [given.access_key_id, given.secret_access_key, given.session_token];
        if parts.iter().any(String::is_empty) {
            return Err("a part of its credentials is empty");
        }
        if parts.iter().any(|part| !part.bytes().all(|b| b.is_ascii_graphic())) {
            return Err("a part of its credentials has blanks or other characters that no header can carry");
        }
        let [access_key_id, secret_access_key, session_token] = parts.map(Secret::new);
        let shorter = life + ORDINARY < self.asked;
        Ok(Granted {
            credentials: Credentials {
                access_key_id,
                secret_access_key,
                session_token: Some(session_token),
                expires: Some(expires),
            },
            asked: self.asked,
            granted: shorter.then(|| Duration::from_secs(life.as_secs())),
            limit: shorter.then_some(self.limit.unwrap_or(Limit::Server)),
            role_session: role_session.filter(|arn| is_arn(arn)),
            clock: self.clock,
        })
    }
}

impl Judged {
    /// Where the clocks differ, the end as this node's clock will show it: that is the one with which clients compare. No later
    /// than was asked for, since a `Date` may be wrong, too.
    fn by_our_clock(&self, stated: SystemTime) -> SystemTime {
        let ours = match self.clock {
            None => None,
            Some(Skew::Ahead(seconds)) => stated.checked_add(Duration::from_secs(seconds)),
            Some(Skew::Behind(seconds)) => stated.checked_sub(Duration::from_secs(seconds)),
        };
        let ours = ours.map(|ends| ends.min(self.now + self.asked));
        // What would have been over when it was given was not meant so.
        ours.filter(|ends| *ends > self.now).unwrap_or(stated)
    }
}

/// MinIO sends an empty one.
fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") && text.len() <= 2048 && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sts::primitives::DateTime;
    use aws_sdk_sts::types::Credentials as Given;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn judged(limit: Option<Limit>) -> Judged {
        Judged { asked: Duration::from_secs(7200), limit, now: at(10_000), clock: None }
    }

    fn given(parts: [&str; 3], expires: i64) -> Given {
        let [id, key, token] = parts;
        let given = Given::builder().access_key_id(id).secret_access_key(key).session_token(token);
        given.expiration(DateTime::from_secs(expires)).build().unwrap()
    }

    #[test]
    fn what_is_shorter_than_asked_is_told() {
        for (limit, expires, granted, told) in [
            (None, 17_200, None, None),
            (None, 17_120, None, None),
            (None, 100_000, None, None),
            (None, 10_600, Some(600), Some(Limit::Server)),
            (Some(Limit::Role), 13_600, Some(3600), Some(Limit::Role)),
            (Some(Limit::Chaining), 13_600, Some(3600), Some(Limit::Chaining)),
        ] {
            let answer = judged(limit).grant(Some(given(["ASIA", "key", "token"], expires)), None).unwrap();
            assert_eq!((answer.granted.map(|life| life.as_secs()), answer.limit), (granted, told), "{expires}");
            assert_eq!(answer.note().is_some(), told.is_some());
        }
        let answer = judged(None).grant(Some(given(["ASIA", "key", "token"], 10_600)), None).unwrap();
        assert!(answer.note().unwrap().0.starts_with("credentials of 7200 s were asked for, and of 600 s given: "));
    }

    #[test]
    fn the_end_is_that_of_this_nodes_clock() {
        for (clock, stated, expected) in [
            (None, 13_600, 13_600),
            // STS gave an hour.
            (Some(Skew::Behind(3600)), 17_200, 13_600),
            (Some(Skew::Ahead(3600)), 10_000, 13_600),
            (Some(Skew::Ahead(3600)), 9_000, 12_600),
            // Its Date alone is wrong.
            (Some(Skew::Behind(3600)), 13_600, 13_600),
            (Some(Skew::Ahead(86_400)), 13_600, 17_200),
        ] {
            let judged = Judged { clock, ..judged(None) };
            let answer = judged.grant(Some(given(["ASIA", "key", "token"], stated)), None).unwrap();
            assert_eq!(answer.credentials.expires, Some(at(expected.try_into().unwrap())), "{clock:?} {stated}");
        }
    }

    #[test]
    fn credentials_that_are_none_are_refused() {
        let good = ["ASIA", "key", "token"];
        for (answer, why) in [
            (None, "no credentials"),
            (Some(given(good, 0)), "no expiration"),
            (Some(given(good, 9_999)), "expired before"),
            (Some(given(good, 10_000)), "expired before"),
            (Some(given(good, -5)), "expired before"),
            (Some(given(["", "key", "token"], 13_600)), "is empty"),
            (Some(given(["ASIA", "k\ney", "token"], 13_600)), "has blanks"),
            (Some(given(["ASIA", "key", " token"], 13_600)), "has blanks"),
            (Some(given(["ASIÄ", "key", "token"], 13_600)), "no header can carry"),
        ] {
            let error = judged(None).grant(answer, None).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn the_session_is_told_where_it_is_one() {
        for (told, expected) in [
            (Some("arn:aws:sts::123456789012:assumed-role/spark/etl.daily-0"), true),
            (Some(""), false),
            (Some("arn: x"), false),
            (None, false),
        ] {
            let answer = judged(None).grant(Some(given(["A", "k", "t"], 99_999)), told.map(str::to_owned)).unwrap();
            assert_eq!(answer.role_session.is_some(), expected, "{told:?}");
        }
    }
}
