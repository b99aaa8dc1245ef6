//! When to speak of executors that do not come, and when to give up: a machine without a clock.

use std::{collections::BTreeSet, mem, time::Duration};

use super::{
    reason::{Kind, Reason},
    trial::Wanted,
};

/// Between two looks.
pub const PERIOD: Duration = Duration::from_secs(15);

/// Said of executors that end between two looks.
const GONE: &str = "others are there than at the look before, and none is ready";

/// What one look found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The uids of executors that are ready.
    pub ready: BTreeSet<String>,
    /// The uids of the others, as far as they are known.
    pub waiting: BTreeSet<String>,
    /// Executors in all.
    pub pods: usize,
    /// Why none is ready, if something is wrong.
    pub reason: Option<Reason>,
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an effect not carried out is a promise not kept"]
pub enum Step {
    /// Tell the reason; it is another than before.
    Say(Reason),
    /// An executor serves: no more looks.
    Came,
    /// The deadline has passed, for this reason if it is known: no more looks.
    GiveUp(Option<Reason>),
    /// Look again after this.
    Wait(Duration),
}

/// How long to wait for executors, and what was said of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    wanted: Wanted,
    after: Duration,
    deadline: Option<Duration>,
    told: Option<Kind>,
    /// Those that were ready at the last look; before the first one nobody knows.
    ready: Option<BTreeSet<String>>,
    /// Those that were there and not ready, at the last look that found any.
    waiting: BTreeSet<String>,
}

impl Patience {
    /// `after` and `deadline` count from the driver's start. With an `after` of zero nothing is told.
    #[must_use]
    pub fn new(wanted: Wanted, after: Duration, deadline: Option<Duration>) -> Self {
        Self { wanted, after, deadline, told: None, ready: None, waiting: BTreeSet::new() }
    }

    /// When the first look is, from the driver's start; none if nobody wants one.
    #[must_use]
    pub fn first_look(&self) -> Option<Duration> {
        let after = Some(self.after).filter(|after| !after.is_zero());
        after.into_iter().chain(self.deadline).min()
    }

    /// What follows from a look, at this time since the driver's start. A look that failed found nothing, and nothing follows
    /// but another one: an API server that is away ends no driver.
    pub fn step(&mut self, elapsed: Duration, looked: Option<Looked>) -> Vec<Step> {
        let Some(mut looked) = looked else { return vec![Step::Wait(PERIOD)] };
        let before = self.ready.replace(looked.ready.clone());
        // A container that has just started is ready too, and may end in the next second (executors have no readiness probe).
        if before.as_ref().is_some_and(|before| !before.is_disjoint(&looked.ready)) {
            return vec![Step::Came];
        }
        // Others than before are ready now, and one has failed: they come and go.
        let fleeting = looked.reason.as_ref().is_some_and(|reason| reason.kind == Kind::Failing) && before.is_some();
        if !looked.ready.is_empty() && !fleeting {
            return vec![Step::Wait(PERIOD)];
        }
        if self.all_are_gone(&looked) {
            looked.reason = Some(Reason::new(Kind::Failing, None, GONE));
        }
        let overdue = self.deadline.is_some_and(|deadline| elapsed >= deadline);
        let waits_for_some = looked.pods > 0 || (looked.reason.is_some() && self.wanted == Wanted::Now);
        let mut steps = Vec::new();
        let is_new = |reason: &&Reason| !self.after.is_zero() && self.told != Some(reason.kind);
        if let Some(reason) = looked.reason.as_ref().filter(is_new) {
            self.told = Some(reason.kind);
            steps.push(Step::Say(reason.clone()));
        }
        if overdue && waits_for_some {
            steps.push(Step::GiveUp(looked.reason));
            return steps;
        }
        let left = self.deadline.and_then(|deadline| deadline.checked_sub(elapsed)).filter(|left| !left.is_zero());
        steps.push(Step::Wait(left.unwrap_or(PERIOD).min(PERIOD)));
        steps
    }

    /// Spark removes an executor that has ended, and makes another: what a look finds is always just starting. True when that is
    /// all there is to say, and nobody is left of those who were there before.
    fn all_are_gone(&mut self, looked: &Looked) -> bool {
        if looked.waiting.is_empty() {
            return false;
        }
        let before = mem::replace(&mut self.waiting, looked.waiting.clone());
        let starting = looked.reason.as_ref().is_none_or(|it| matches!(it.kind, Kind::Starting | Kind::Pulling));
        starting && !before.is_empty() && before.is_disjoint(&looked.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: Duration = Duration::from_secs(60);

    fn patience(wanted: Wanted, deadline: Option<u64>) -> Patience {
        Patience::new(wanted, AFTER, deadline.map(Duration::from_secs))
    }

    fn reason(kind: Kind) -> Reason {
        Reason::new(kind, None, "said")
    }

    fn looked(ready: &[&str], pods: usize, kind: Option<Kind>) -> Option<Looked> {
        let ready = ready.iter().map(|&uid| uid.to_owned()).collect();
        Some(Looked { ready, pods, reason: kind.map(reason), ..Looked::default() })
    }

    fn wait(seconds: u64) -> Step {
        Step::Wait(Duration::from_secs(seconds))
    }

    #[test]
    fn a_reason_is_said_once_and_again_only_when_it_is_another() {
        let mut patience = patience(Wanted::Now, None);
        for (kind, said) in [(Kind::Image, true), (Kind::Image, false), (Kind::Quota, true), (Kind::Quota, false)] {
            let steps = patience.step(AFTER, looked(&[], 1, Some(kind)));
            let expected = if said { vec![Step::Say(reason(kind)), wait(15)] } else { vec![wait(15)] };
            assert_eq!(steps, expected, "{kind:?}");
        }
    }

    #[test]
    fn an_executor_has_come_when_it_was_ready_at_two_looks() {
        let mut patience = patience(Wanted::Now, Some(60));
        assert_eq!(patience.step(AFTER, looked(&["a"], 2, Some(Kind::Failing))), [wait(15)]);
        assert_eq!(patience.step(AFTER, looked(&["a", "b"], 2, None)), [Step::Came]);
    }

    #[test]
    fn executors_that_come_and_go_are_no_executors() {
        let mut patience = patience(Wanted::Now, None);
        assert_eq!(patience.step(AFTER, looked(&["a"], 2, Some(Kind::Failing))), [wait(15)]);
        let steps = patience.step(AFTER, looked(&["b"], 2, Some(Kind::Failing)));
        assert_eq!(steps, [Step::Say(reason(Kind::Failing)), wait(15)]);
    }

    #[test]
    fn executors_that_are_others_at_each_look_end_by_themselves() {
        let looked = |uid: &str, kind: Option<Kind>| {
            Some(Looked { waiting: [uid.to_owned()].into(), pods: 1, reason: kind.map(reason), ..Looked::default() })
        };
        let nothing = Some(Looked::default());
        let starting = Some(Kind::Starting);
        for (looks, last) in [
            ([looked("a", starting), looked("b", starting)], Some(Kind::Failing)),
            ([looked("a", None), looked("b", None)], Some(Kind::Failing)),
            ([looked("a", starting), looked("a", starting)], starting),
            // It is known better.
            ([looked("a", starting), looked("b", Some(Kind::Image))], Some(Kind::Image)),
            ([nothing.clone(), looked("b", starting)], starting),
        ] {
            let mut patience = patience(Wanted::Now, Some(60));
            let [first, second] = looks.clone();
            let _ = patience.step(Duration::from_secs(45), first);
            // Between two executors there may be none.
            let _ = patience.step(Duration::from_secs(50), nothing.clone());
            let steps = patience.step(AFTER, second);
            let Some(Step::GiveUp(found)) = steps.last() else { panic!("{steps:?}") };
            assert_eq!(found.as_ref().map(|it| it.kind), last, "{looks:?}");
        }
    }

    #[test]
    fn where_nobody_is_missing_nothing_is_said() {
        let mut patience = patience(Wanted::Later, Some(60));
        assert_eq!(patience.step(AFTER, looked(&[], 0, None)), [wait(15)]);
    }

    #[test]
    fn the_deadline_ends_only_a_driver_that_waits_for_executors() {
        let late = Duration::from_secs(300);
        for (wanted, found, gives_up) in [
            (Wanted::Now, looked(&[], 0, Some(Kind::Quota)), true),
            (Wanted::Now, looked(&[], 2, None), true),
            (Wanted::Later, looked(&[], 2, Some(Kind::Image)), true),
            (Wanted::Later, looked(&[], 0, Some(Kind::Quota)), false),
            // It has not asked for any yet.
            (Wanted::Now, looked(&[], 0, None), false),
            (Wanted::Now, looked(&["a"], 1, None), false),
            // The API server is away.
            (Wanted::Now, None, false),
        ] {
            let steps = patience(wanted, Some(300)).step(late, found.clone());
            assert_eq!(matches!(steps.last(), Some(Step::GiveUp(_))), gives_up, "{wanted:?} {found:?}");
        }
    }

    #[test]
    fn a_reason_that_is_first_known_at_the_deadline_is_told_there_unless_nothing_is() {
        let (say, give_up) = (Step::Say(reason(Kind::Quota)), Step::GiveUp(Some(reason(Kind::Quota))));
        for (after, expected) in [(60, vec![say, give_up.clone()]), (0, vec![give_up])] {
            let mut patience = Patience::new(Wanted::Now, Duration::from_secs(after), Some(Duration::from_secs(60)));
            assert_eq!(patience.step(AFTER, looked(&[], 0, Some(Kind::Quota))), expected, "{after}");
        }
    }

    #[test]
    fn no_look_is_before_its_time_and_one_is_at_the_deadline() {
        for (after, deadline, first) in [
            (60, None, Some(60)),
            (60, Some(300), Some(60)),
            (60, Some(20), Some(20)),
            (0, Some(20), Some(20)),
            (0, None, None),
        ] {
            let seconds = Duration::from_secs;
            let patience = Patience::new(Wanted::Now, seconds(after), deadline.map(seconds));
            assert_eq!(patience.first_look(), first.map(seconds), "{after} {deadline:?}");
        }
        for (elapsed, pause) in [(60, 10), (50, 15), (80, 15)] {
            let steps = patience(Wanted::Now, Some(70)).step(Duration::from_secs(elapsed), looked(&[], 0, None));
            assert_eq!(steps, [wait(pause)], "{elapsed}");
        }
    }
}
