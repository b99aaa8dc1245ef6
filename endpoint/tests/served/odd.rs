//! STSs that are odd: a clock of their own, no end or one that is over, one that is far away.

use std::time::{Duration, SystemTime};

use aws_smithy_types::{DateTime, date_time::Format};

use crate::{
    Running,
    sts::{Answer, Sts},
    until,
};

const HOUR: Duration = Duration::from_secs(3600);

/// Seconds until the end of the credentials in an answer.
fn left(body: &str) -> u64 {
    let ends = body.split_once("\"Expiration\":\"").unwrap().1.split('"').next().unwrap();
    let ends = SystemTime::try_from(DateTime::from_str(ends, Format::DateTime).unwrap()).unwrap();
    ends.duration_since(SystemTime::now()).unwrap().as_secs()
}

#[test]
fn clients_compare_the_end_with_their_own_clock() {
    let life = Duration::from_secs(900);
    for (answer, least, most) in [
        (Answer::For(life), 890, 900),
        (Answer::Ahead(3600, life), 890, 900),
        (Answer::Ahead(-3600, life), 890, 900),
        // Who gives more than was asked for is taken at its word.
        (Answer::For(365 * 24 * HOUR), 365 * 86_400 - 10, 365 * 86_400),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let running = Running::start(folder.path(), &Sts::always(answer.clone()), 0);
        let (status, body) = running.get();
        assert_eq!(status, 200, "{answer:?}: {body}");
        assert!((least..=most).contains(&left(&body)), "{answer:?}: {body}");
    }
}

#[test]
fn what_is_over_or_has_no_end_is_never_served() {
    for (ends, why) in [
        (Some("2001-01-01T00:00:00Z"), "its credentials expired before they were given"),
        (None, "its credentials have no expiration"),
        (Some("tomorrow"), "STS"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let running = Running::start(folder.path(), &Sts::always(Answer::Until(ends)), 0);
        until("it is told", || (running.standing)().trouble.is_some());
        let standing = (running.standing)();
        let trouble = standing.trouble.unwrap();
        assert!(trouble.contains(why) && !trouble.contains("secret1"), "{trouble}");
        assert_eq!((standing.since, standing.expires, standing.refreshes), (None, None, 0), "nothing is on the shelf");
    }
}
