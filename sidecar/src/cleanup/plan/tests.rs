use proptest::prelude::*;

use super::*;

const NOTHING: fn() -> Seen = Seen::default;

fn seen(ours: usize, leaving: usize, others: bool) -> Seen {
    let named = |number| Named { name: format!("e-{number}"), uid: format!("u-{number}") };
    Seen { ours: (0..ours).map(named).collect(), leaving, others }
}

fn around(own: Seen, strays: &[&str]) -> Around {
    Around { own, strays: strays.iter().map(ToString::to_string).collect() }
}

fn pause(milliseconds: u64) -> Step {
    Step::Pause(Duration::from_millis(milliseconds))
}

fn plan() -> Plan {
    Plan::new("spark-1", false, Wishes::default())
}

/// A plan whose first round is behind it, nothing being left.
fn after_the_first_round() -> Plan {
    let mut plan = plan();
    for goal in 0..3 {
        assert_eq!(plan.next(), Step::Remove(goal));
        plan.removed(goal, 0);
    }
    assert_eq!(plan.next(), Step::LookAround);
    plan.looked_around(around(NOTHING(), &[]), true);
    plan
}

#[test]
fn after_a_killed_driver_eight_requests_do() {
    let mut plan = plan();
    for (goal, found) in [(0, 50), (1, 1), (2, 0)] {
        assert_eq!(plan.next(), Step::Remove(goal));
        plan.removed(goal, found);
        assert!(!plan.executors_are_gone());
    }
    assert_eq!(plan.next(), Step::LookAround);
    plan.looked_around(around(NOTHING(), &[]), true);
    assert!(plan.executors_are_gone());
    assert_eq!(plan.next(), Step::Look(1), "the claims' empty answer was a look already");
    plan.looked(1, NOTHING());
    assert_eq!(plan.next(), pause(200));
    for goal in 0..3 {
        assert_eq!(plan.next(), Step::Look(goal));
        plan.looked(goal, NOTHING());
    }
    assert_eq!(plan.next(), Step::Done);
    assert_eq!(Kind::ALL.map(|kind| plan.left(kind)), [Some(0); 3]);
}

#[test]
fn a_step_that_is_not_answered_comes_again() {
    let mut plan = plan();
    assert_eq!(plan.next(), plan.next());
    let mut plan = after_the_first_round();
    assert_eq!(plan.next(), pause(200));
    assert_eq!((plan.next(), plan.next()), (Step::Look(0), Step::Look(0)));
}

#[test]
fn what_comes_late_is_removed_and_two_more_looks_are_taken() {
    let mut plan = after_the_first_round();
    assert_eq!(plan.next(), pause(200));
    assert_eq!(plan.next(), Step::Look(0));
    plan.looked(0, seen(1, 0, false));
    assert!(!plan.executors_are_gone());
    assert_eq!(plan.next(), Step::Remove(0));
    plan.removed(0, 1);
    for goal in 1..3 {
        assert_eq!(plan.next(), Step::Look(goal));
        plan.looked(goal, NOTHING());
    }
    for milliseconds in [400, 800] {
        assert_eq!(plan.next(), pause(milliseconds));
        assert_eq!(plan.next(), Step::Look(0));
        plan.looked(0, NOTHING());
    }
    assert_eq!(plan.next(), Step::Done);
}

#[test]
fn what_is_leaving_is_waited_for_and_not_removed_again() {
    let mut plan = after_the_first_round();
    let mut pauses = Vec::new();
    while pauses.len() < 6 {
        match plan.next() {
            Step::Pause(pause) => pauses.push(pause.as_millis()),
            Step::Look(0) => plan.looked(0, seen(0, 3, false)),
            Step::Look(goal) => plan.looked(goal, NOTHING()),
            step => panic!("{step:?}"),
        }
    }
    assert_eq!(pauses, [200, 400, 800, 1_600, 2_000, 2_000]);
    assert_eq!(plan.left(Kind::Pods), Some(3));
}

#[test]
fn a_kind_that_is_refused_does_not_hold_the_others() {
    let mut plan = plan();
    assert_eq!(plan.next(), Step::Remove(0));
    plan.refused(0);
    for goal in 1..3 {
        assert_eq!(plan.next(), Step::Remove(goal));
        plan.removed(goal, 0);
    }
    assert_eq!(plan.next(), Step::LookAround);
    plan.cannot_look_around();
    assert_eq!(plan.next(), pause(200));
    for goal in 1..3 {
        assert_eq!(plan.next(), Step::Look(goal));
        plan.looked(goal, NOTHING());
    }
    assert_eq!(plan.next(), Step::Done);
    assert_eq!(Kind::ALL.map(|kind| plan.left(kind)), [None, Some(0), Some(0)]);
}

#[test]
fn a_stray_id_that_only_this_attempt_uses_is_removed_together() {
    let mut plan = after_the_first_round();
    plan.looked_around(around(NOTHING(), &["job"]), true);
    assert_eq!(plan.goal(3), &Goal { kind: Kind::Pods, application_id: "job".into(), is_stray: true });
    assert!(!plan.executors_are_gone());
    assert_eq!(plan.next(), Step::Look(3));
    plan.looked(3, seen(50, 0, false));
    assert_eq!(plan.next(), Step::Remove(3));
    plan.removed(3, 50);
    assert_eq!(plan.next(), Step::Look(4));
}

#[test]
fn a_stray_id_that_others_use_or_may_use_is_removed_one_by_one() {
    for (others_live, others) in [(true, false), (false, true)] {
        let mut plan = Plan { others_live, ..after_the_first_round() };
        plan.looked_around(around(NOTHING(), &["job"]), true);
        assert_eq!(plan.next(), Step::Look(3));
        plan.looked(3, seen(2, 1, others));
        assert_eq!(plan.next(), Step::RemoveEach(3, seen(2, 0, false).ours));
        plan.removed(3, 2);
        assert_eq!(plan.next(), Step::Look(4));
    }
}

#[test]
fn others_do_not_matter_under_the_attempts_own_id() {
    let mut plan = Plan { others_live: true, ..after_the_first_round() };
    assert_eq!(plan.next(), pause(200));
    assert_eq!(plan.next(), Step::Look(0));
    plan.looked(0, seen(1, 0, true));
    assert_eq!(plan.next(), Step::Remove(0));
}

#[test]
fn controllers_go_before_what_they_would_make_anew() {
    let mut plan = Plan::new("spark-1", false, Wishes { controllers: true, ..Wishes::default() });
    for goal in 3..5 {
        assert_eq!(plan.next(), Step::Look(goal));
        plan.looked(goal, seen(1, 0, false));
    }
    for goal in 3..5 {
        assert_eq!(plan.next(), Step::RemoveEach(goal, seen(1, 0, false).ours), "never by a label: they have none");
        plan.removed(goal, 1);
    }
    assert_eq!(plan.next(), Step::Remove(0));
}

#[test]
fn controllers_that_show_late_are_looked_for_before_the_next_step_and_only_once() {
    let mut plan = after_the_first_round();
    plan.has_controllers(0);
    plan.has_controllers(0);
    assert_eq!((plan.next(), plan.goals.len()), (Step::Look(3), 5));
}

#[test]
fn a_look_around_by_a_label_that_executors_lack_is_no_look_at_them() {
    let mut plan = plan();
    for (goal, found) in [(0, 1), (1, 0), (2, 0)] {
        assert_eq!(plan.next(), Step::Remove(goal));
        plan.removed(goal, found);
    }
    assert_eq!(plan.next(), Step::LookAround);
    plan.looked_around(around(NOTHING(), &[]), false);
    assert!(!plan.executors_are_gone());
    assert_eq!(plan.next(), Step::Look(0));
}

proptest! {
    /// Objects may come at any moment, also after the driver's end.
    #[test]
    fn it_ends_once_each_kind_was_found_empty_twice_with_a_pause_between(
        mut late in prop::collection::vec((0_usize..40, 0_usize..3), 0..12),
    ) {
        let mut plan = plan();
        let mut there = [5_usize, 1, 2];
        // What each kind's answers found, and after how many pauses.
        let mut answers = [(); 3].map(|()| Vec::new());
        let mut pauses = 0;
        for moment in 0.. {
            prop_assert!(moment < 200, "it does not end");
            late.retain(|&(when, goal)| {
                there[goal] += usize::from(when == moment);
                when != moment
            });
            let goal = match plan.next() {
                Step::Remove(goal) | Step::Look(goal) => goal,
                Step::LookAround => OWN_EXECUTORS,
                Step::Pause(_) => {
                    pauses += 1;
                    continue;
                }
                Step::Done => break,
                step @ (Step::RemoveEach(..) | Step::LookAtFailed) => panic!("{step:?}"),
            };
            answers[goal].push((there[goal], pauses));
            match plan.next() {
                Step::Remove(_) => plan.removed(goal, std::mem::take(&mut there[goal])),
                Step::Look(_) => plan.looked(goal, seen(there[goal], 0, false)),
                _ => plan.looked_around(around(seen(there[goal], 0, false), &[]), true),
            }
        }
        for answers in answers {
            let [.., (before, before_pause), (last, last_pause)] = answers[..] else { panic!("{answers:?}") };
            prop_assert_eq!((before, last), (0, 0));
            prop_assert!(before_pause < last_pause);
        }
    }
}
