//! One end of the driver in plain words: the event that `kubectl describe pod` shows.

use crate::{
    cleanup::Outcome,
    sidecar::{
        events::{Note, Reason},
        machine::Ended,
    },
};

/// Failed executors that are named; of the others only the number is.
const NAMED: usize = 3;

/// What is to be told of it, the most important first, since an event is short.
#[must_use]
pub fn note(ended: &Ended, outcome: &Outcome) -> Note {
    let well = ended.verdict.code() == Some(0);
    let reason = ended.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    let mut message =
        format!("The driver {} (evidence: {}{reason}). {}", ended.verdict, ended.evidence, removed(outcome));
    let failures = &outcome.failures;
    if failures.total > 0 {
        let named: Vec<_> = failures.kept.iter().take(NAMED).map(ToString::to_string).collect();
        let more = if failures.total > named.len() { "; …" } else { "" };
        message.push_str(&format!(" Executors that had failed: {}: {}{more}.", failures.total, named.join("; ")));
    }
    for problem in &outcome.problems {
        message.push_str(&format!(" Problem: {problem}."));
    }
    Note {
        reason: if well { Reason::DriverEnded } else { Reason::DriverFailed },
        is_warning: !well || !outcome.is_complete(),
        key: format!("end-{}", ended.attempt.number),
        message,
    }
}

fn removed(outcome: &Outcome) -> String {
    let kinds = [
        (outcome.pods, "executors"),
        (outcome.config_maps, "ConfigMaps"),
        (outcome.claims, "volume claims"),
        (outcome.controllers, "controllers"),
    ];
    let listed = |count: &dyn Fn(&crate::cleanup::Tally) -> usize| {
        let some: Vec<_> =
            kinds.iter().map(|(tally, kind)| (count(tally), kind)).filter(|(count, _)| *count > 0).collect();
        some.iter().map(|(count, kind)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
    };
    let (gone, left) = (listed(&|tally| tally.removed), listed(&|tally| tally.left.unwrap_or(0)));
    let unknown = kinds.iter().any(|(tally, _)| tally.left.is_none());
    let gone = if gone.is_empty() { "Nothing was left to remove".to_owned() } else { format!("Removed {gone}") };
    let kept = outcome.kept_in_words().map_or_else(String::new, |kept| format!(" Kept: {kept}."));
    match (left.as_str(), unknown) {
        ("", false) => format!("{gone}.{kept}"),
        ("", true) => format!("{gone}; nobody could look at what is left.{kept}"),
        (left, _) => format!("{gone}; left: {left}.{kept}"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        cleanup::{ExecutorFailure, Failures, Keep, Tally},
        protocol::Attempt,
        verdict::{Evidence, Verdict},
    };

    const CLEAN: Tally = Tally { removed: 0, left: Some(0) };

    fn ended(verdict: Verdict, evidence: Evidence, reason: Option<&str>) -> Ended {
        let attempt = Attempt { number: 2, application_id: "spark-x-2".into(), since: 5 };
        Ended { attempt, verdict, evidence, mapped: None, reason: reason.map(str::to_owned) }
    }

    fn outcome() -> Outcome {
        Outcome {
            pods: CLEAN,
            config_maps: CLEAN,
            claims: CLEAN,
            controllers: CLEAN,
            kept: Keep::Nothing,
            kept_failed: 0,
            executors_gone_after: Some(Duration::ZERO),
            took: Duration::from_millis(200),
            requests: 8,
            failures: Failures::default(),
            problems: Vec::new(),
        }
    }

    #[test]
    fn a_good_end_is_short_and_normal() {
        let note = note(&ended(Verdict::Exited(0), Evidence::Farewell, None), &outcome());
        assert_eq!((note.reason, note.is_warning, note.key.as_str()), (Reason::DriverEnded, false, "end-2"));
        assert_eq!(note.message, "The driver exited with code 0 (evidence: farewell). Nothing was left to remove.");
    }

    #[test]
    fn a_bad_end_says_why_and_what_became_of_the_executors() {
        let failure =
            ExecutorFailure { pod: "e-1".into(), reason: "OOMKilled".into(), exit_code: Some(137), message: None };
        let outcome = Outcome {
            pods: Tally { removed: 3, left: Some(0) },
            config_maps: Tally { removed: 1, left: Some(0) },
            failures: Failures { kept: vec![failure; 4], total: 7 },
            ..outcome()
        };
        let note = note(&ended(Verdict::Signalled(9), Evidence::ContainerStatus, Some("OOMKilled")), &outcome);
        assert_eq!((note.reason, note.is_warning), (Reason::DriverFailed, true));
        assert_eq!(
            note.message,
            "The driver was killed by signal 9 (SIGKILL) (evidence: container status: OOMKilled). Removed 3 executors, 1 \
             ConfigMaps. Executors that had failed: 7: e-1: OOMKilled, exit code 137; e-1: OOMKilled, exit code 137; e-1: \
             OOMKilled, exit code 137; …."
        );
    }

    #[test]
    fn a_driver_that_was_given_up_says_why_before_all_else() {
        let why = "no executor came within 60 s (CODRIVER_EXECUTORS_DEADLINE): the quota is used up".into();
        let note = note(&ended(Verdict::GivenUp { code: 75, why }, Evidence::Farewell, None), &outcome());
        assert_eq!((note.reason, note.is_warning), (Reason::DriverFailed, true));
        let words = "The driver was given up (code 75): no executor came within 60 s (CODRIVER_EXECUTORS_DEADLINE): the \
                     quota is used up (evidence: farewell).";
        assert!(note.message.starts_with(words), "{}", note.message);
    }

    #[test]
    fn what_is_kept_is_said() {
        let outcome = Outcome { kept: Keep::Failed, kept_failed: 2, ..outcome() };
        let note = note(&ended(Verdict::Exited(0), Evidence::Farewell, None), &outcome);
        assert!(
            note.message.ends_with("Nothing was left to remove. Kept: 2 executors that failed."),
            "{}",
            note.message
        );
    }

    #[test]
    fn a_good_end_with_something_left_is_a_warning() {
        for (outcome, words) in [
            (
                Outcome { pods: Tally { removed: 2, left: Some(1) }, ..outcome() },
                "Removed 2 executors; left: 1 executors.",
            ),
            (Outcome { claims: Tally { removed: 0, left: None }, ..outcome() }, "nobody could look at what is left."),
            (Outcome { problems: vec!["forbidden".into()], ..outcome() }, "Problem: forbidden."),
        ] {
            let note = note(&ended(Verdict::Exited(0), Evidence::Farewell, None), &outcome);
            assert_eq!((note.reason, note.is_warning), (Reason::DriverEnded, true), "{words}");
            assert!(note.message.ends_with(words), "{}", note.message);
        }
    }
}
