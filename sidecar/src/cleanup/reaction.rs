//! What to do about a request that failed.

use std::time::Duration;

use codriver_kube::Error;

/// The first pause after a failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause that we choose ourselves. The API server may ask for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reaction {
    /// Try again after this pause.
    Wait(Duration),
    /// What was to be removed is not there: as good as an empty answer.
    NothingThere,
    /// Waiting does not help.
    GiveUp,
}

/// Decides by the error, and by how many failures there were in a row before it.
pub(crate) fn react(error: &Error, before: u32) -> Reaction {
    let pause = FIRST_PAUSE.saturating_mul(1 << before.min(16)).min(LONGEST_PAUSE);
    match error {
        Error::Throttled { retry_after: Some(after), .. } => Reaction::Wait(*after),
        // The token for the next page is too old: the list begins anew.
        Error::Gone { .. } => Reaction::Wait(pause),
        Error::NotFound { .. } | Error::Conflict { .. } => Reaction::NothingThere,
        error if error.is_transient() => Reaction::Wait(pause),
        _ => Reaction::GiveUp,
    }
}

#[cfg(test)]
mod tests {
    use codriver_kube::{Kind, Subject, Verb};

    use super::*;

    #[test]
    fn each_failure_has_its_reaction() {
        let subject = || Subject { verb: Verb::List, kind: Kind::Pods, namespace: "etl".into(), name: None };
        let text = String::new;
        let (message, cause) = (text(), text());
        let ms = Duration::from_millis;
        let throttled = |seconds: Option<u64>| Error::Throttled {
            subject: subject(),
            retry_after: seconds.map(Duration::from_secs),
            message: text(),
        };
        for (error, before, expected) in [
            (throttled(Some(7)), 0, Reaction::Wait(ms(7_000))),
            (throttled(Some(0)), 9, Reaction::Wait(ms(0))),
            (throttled(None), 2, Reaction::Wait(ms(400))),
            (Error::Gone { subject: subject(), message: text() }, 0, Reaction::Wait(ms(100))),
            (Error::Unreachable { server: text(), cause: text() }, 3, Reaction::Wait(ms(800))),
            (Error::Cut { subject: subject(), cause }, 99, Reaction::Wait(ms(2_000))),
            (Error::Server { subject: subject(), code: 500, message: text() }, 0, Reaction::Wait(ms(100))),
            (Error::NotFound { subject: subject(), message: text() }, 0, Reaction::NothingThere),
            (Error::Conflict { subject: subject(), message: text() }, 0, Reaction::NothingThere),
            (Error::Forbidden { subject: subject(), message: text() }, 0, Reaction::GiveUp),
            (Error::Unauthorized { subject: subject(), message: text() }, 0, Reaction::GiveUp),
            (Error::Server { subject: subject(), code: 400, message }, 0, Reaction::GiveUp),
            (Error::Malformed { subject: subject(), cause: text() }, 0, Reaction::GiveUp),
        ] {
            assert_eq!(react(&error, before), expected, "{error}");
        }
    }
}
