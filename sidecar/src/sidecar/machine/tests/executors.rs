//! Executors are looked after, and a driver that waits for them in vain is given up.

use super::*;

#[test]
fn executors_are_looked_after_from_the_drivers_start_to_its_end() {
    let mut supervisor = alive();
    assert_eq!(acts(&mut supervisor, Event::Started), [WatchExecutors(attempt(1))]);
    assert_eq!(acts(&mut supervisor, Event::Started), []);
    let cleanup = clean(1, Verdict::Exited(0), Evidence::Farewell);
    assert_eq!(acts(&mut supervisor, farewell(Verdict::Exited(0))), [StopWatching, cleanup]);
    // The next attempt has executors of its own.
    let _ = supervisor.step(Event::Hello(attempt(2)));
    assert_eq!(acts(&mut supervisor, Event::Started), [WatchExecutors(attempt(2))]);
}

#[test]
fn executors_of_a_driver_without_a_wrapper_are_looked_after_once_it_runs() {
    let mut supervisor = new();
    let _ = supervisor.step(Event::Overdue(Timer::Alone));
    assert_eq!(acts(&mut supervisor, RUNS), [WatchExecutors(attempt(0)), Arm(Timer::Alone)]);
    assert_eq!(acts(&mut supervisor, RUNS), [Arm(Timer::Alone)]);
    let why = Event::NoExecutors { attempt: 0, why: "why".into() };
    assert_eq!(acts(&mut supervisor, why), [], "nobody can end it");
}

#[test]
fn executors_that_came_once_are_not_missed_after_a_restart() {
    let mut before = alive();
    let _ = before.step(Event::Started);
    assert_eq!(before.step(Event::ExecutorsCame(2)), [], "of another attempt");
    let Some(Remember(memory)) = before.step(Event::ExecutorsCame(1)).pop() else { panic!("it is not written down") };
    let mut after = new();
    let _ = after.step(Event::Awake(memory));
    let _ = after.step(Event::Hello(attempt(1)));
    assert_eq!(acts(&mut after, Event::Started), []);
}

#[test]
fn a_driver_is_given_up_by_its_wrapper_and_only_while_it_is_the_one() {
    let why = |attempt| Event::NoExecutors { attempt, why: "no executor came".into() };
    let mut supervisor = alive();
    assert_eq!(acts(&mut supervisor, why(1)), [GiveUp("no executor came".into())]);
    let given_up = Verdict::GivenUp { code: 75, why: "no executor came".into() };
    let cleanup = clean(1, given_up.clone(), Evidence::Farewell);
    assert_eq!(acts(&mut supervisor, farewell(given_up)), [cleanup]);
    assert_eq!(acts(&mut supervisor, why(1)), [], "it has ended");
    for (mut supervisor, case) in [(settling(), "its wrapper is lost"), (alive(), "it is another attempt")] {
        let number = if case == "its wrapper is lost" { 1 } else { 2 };
        assert_eq!(acts(&mut supervisor, why(number)), [], "{case}");
    }
    let mut supervisor = alive();
    let _ = supervisor.step(Event::Terminated);
    assert_eq!(acts(&mut supervisor, why(1)), [], "the pod ends");
}
