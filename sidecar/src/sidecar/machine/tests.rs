mod any_order;
mod evidence;
mod executors;

use super::{Effect::*, *};

fn attempt(number: u32) -> Attempt {
    Attempt { number, application_id: format!("spark-pod-{number}"), since: 1_000 + u64::from(number) }
}

fn ended(number: u32, verdict: Verdict, evidence: Evidence) -> Ended {
    Ended { attempt: attempt(number), verdict, evidence, mapped: None, reason: None }
}

/// The effects without the notes: most tests are about what happens, one is about what is written down.
fn acts(supervisor: &mut Supervisor, event: Event) -> Vec<Effect> {
    supervisor.step(event).into_iter().filter(|effect| !matches!(effect, Remember(_))).collect()
}

fn new() -> Supervisor {
    Supervisor::new(attempt(0))
}

fn alive() -> Supervisor {
    let mut supervisor = new();
    assert_eq!(acts(&mut supervisor, Event::Awake(Memory::default())), [Arm(Timer::Alone)]);
    assert_eq!(acts(&mut supervisor, Event::Hello(attempt(1))), []);
    supervisor
}

fn settling() -> Supervisor {
    let mut supervisor = alive();
    assert_eq!(acts(&mut supervisor, Event::StreamEnded), [AskStatus(attempt(1)), Arm(Timer::Settle)]);
    supervisor
}

fn clean(number: u32, verdict: Verdict, evidence: Evidence) -> Effect {
    Clean { ended: ended(number, verdict, evidence), spare: None }
}

fn quit(number: u32, verdict: Verdict, evidence: Evidence) -> Effect {
    Quit(ended(number, verdict, evidence))
}

fn farewell(verdict: Verdict) -> Event {
    Event::Farewell { verdict, mapped: None }
}

const KILLED: Verdict = Verdict::Signalled(9);
const RUNS: Event = Event::Status(Status::Running { deleting: false });
const DYING: Event = Event::Status(Status::Running { deleting: true });
const SILENT: Event = Event::Status(Status::Unknown);

fn oom() -> Event {
    Event::Status(Status::Ended { verdict: KILLED, reason: Some("OOMKilled".into()) })
}

#[test]
fn a_farewell_is_a_verdict_and_cleans_up_at_once() {
    for verdict in [Verdict::Exited(0), Verdict::Exited(7), Verdict::Signalled(15)] {
        let mut supervisor = alive();
        assert_eq!(acts(&mut supervisor, farewell(verdict.clone())), [clean(1, verdict, Evidence::Farewell)]);
        assert_eq!(acts(&mut supervisor, Event::StreamEnded), []);
    }
}

#[test]
fn after_an_end_of_stream_the_container_status_says_how() {
    let mut supervisor = settling();
    assert_eq!(acts(&mut supervisor, SILENT), [AskAgain(attempt(1))]);
    let expected = Ended { reason: Some("OOMKilled".into()), ..ended(1, KILLED, Evidence::ContainerStatus) };
    assert_eq!(acts(&mut supervisor, oom()), [Clean { ended: expected, spare: None }]);
}

#[test]
fn what_a_wrapper_said_may_be_heard_after_the_status_and_changes_nothing() {
    let mut supervisor = settling();
    assert!(!acts(&mut supervisor, oom()).is_empty());
    for late in [Event::Hello(attempt(1)), farewell(Verdict::Exited(7)), Event::StreamEnded] {
        assert_eq!(acts(&mut supervisor, late.clone()), [], "{late:?}");
    }
}

#[test]
fn a_wrapper_that_comes_back_after_nobody_could_say_how_it_ended_is_believed() {
    let mut supervisor = settling();
    let _ = supervisor.step(Event::Overdue(Timer::Settle));
    assert_eq!(acts(&mut supervisor, Event::Hello(attempt(1))), []);
    assert_eq!(acts(&mut supervisor, farewell(KILLED)), [], "one cleanup after the other");
    assert_eq!(acts(&mut supervisor, Event::CleanupEnded), [clean(1, KILLED, Evidence::Farewell)]);
}

#[test]
fn the_first_wrapper_takes_the_place_of_its_stand_in() {
    let mut supervisor = new();
    assert_eq!(acts(&mut supervisor, Event::Terminated), [AskStatus(attempt(0)), Arm(Timer::LastSettle)]);
    assert_eq!(acts(&mut supervisor, Event::Hello(attempt(1))), [AskStatus(attempt(1)), Arm(Timer::LastSettle)]);
}

#[test]
fn a_status_that_never_comes_is_waited_for_only_so_long() {
    let mut supervisor = settling();
    assert_eq!(acts(&mut supervisor, SILENT), [AskAgain(attempt(1))]);
    let expected = [clean(1, Verdict::Unknown, Evidence::EndOfStream)];
    assert_eq!(acts(&mut supervisor, Event::Overdue(Timer::Settle)), expected);
}

#[test]
fn a_driver_that_runs_is_never_cleaned_up_after() {
    let mut supervisor = settling();
    assert_eq!(acts(&mut supervisor, RUNS), [AskAgain(attempt(1))]);
    assert_eq!(acts(&mut supervisor, Event::Overdue(Timer::Settle)), [Arm(Timer::Settle)]);
}

#[test]
fn a_wrapper_that_comes_back_ends_the_doubt() {
    let mut supervisor = settling();
    assert_eq!(acts(&mut supervisor, Event::Hello(attempt(1))), []);
    assert_eq!(acts(&mut supervisor, oom()), []);
    assert_eq!(acts(&mut supervisor, Event::Overdue(Timer::Settle)), []);
}

#[test]
fn sigterm_while_settling_shortens_the_wait() {
    let mut supervisor = settling();
    assert_eq!(acts(&mut supervisor, Event::Terminated), [AskStatus(attempt(1)), Arm(Timer::LastSettle)]);
    assert_eq!(acts(&mut supervisor, Event::Overdue(Timer::Settle)), []);
    let expected = [clean(1, Verdict::Unknown, Evidence::EndOfStream)];
    assert_eq!(acts(&mut supervisor, Event::Overdue(Timer::LastSettle)), expected);
}

#[test]
fn sigterm_while_cleaning_waits_for_the_cleanup_and_leaves_with_0() {
    let mut supervisor = alive();
    let _ = supervisor.step(farewell(Verdict::Exited(7)));
    assert_eq!(acts(&mut supervisor, Event::Terminated), []);
    assert_eq!(acts(&mut supervisor, Event::CleanupEnded), [Exit(Why::AllDone)]);
}

#[test]
fn without_sigterm_it_stays_for_the_next_attempt() {
    let mut supervisor = alive();
    let _ = supervisor.step(farewell(Verdict::Exited(7)));
    let asked = [quit(1, Verdict::Exited(7), Evidence::Farewell)];
    assert_eq!(acts(&mut supervisor, Event::CleanupEnded), asked);
    assert_eq!(acts(&mut supervisor, Event::QuitEnded), []);
    assert_eq!(acts(&mut supervisor, Event::Hello(attempt(2))), []);
    assert_eq!(acts(&mut supervisor, farewell(Verdict::Exited(0))), [clean(2, Verdict::Exited(0), Evidence::Farewell)]);
    let asked = [quit(2, Verdict::Exited(0), Evidence::Farewell)];
    assert_eq!(acts(&mut supervisor, Event::CleanupEnded), asked);
    assert_eq!(acts(&mut supervisor, Event::QuitEnded), []);
    assert_eq!(acts(&mut supervisor, Event::Terminated), [Exit(Why::AllDone)]);
}

#[test]
fn sigterm_while_the_proxies_are_asked_leaves_at_once() {
    let mut supervisor = alive();
    let _ = supervisor.step(farewell(Verdict::Exited(0)));
    let _ = supervisor.step(Event::CleanupEnded);
    assert_eq!(acts(&mut supervisor, Event::Terminated), [StopQuitting, Exit(Why::AllDone)]);
}

#[test]
fn a_next_attempt_keeps_its_proxies() {
    let mut supervisor = alive();
    let _ = supervisor.step(farewell(Verdict::Exited(7)));
    let mut before = supervisor.clone();
    let _ = supervisor.step(Event::CleanupEnded);
    assert_eq!(acts(&mut supervisor, Event::Hello(attempt(2))), [StopQuitting]);
    assert_eq!(acts(&mut supervisor, Event::QuitEnded), [], "it was on its way");
    let _ = before.step(Event::Hello(attempt(2)));
    assert_eq!(acts(&mut before, Event::CleanupEnded), [], "it came during the cleanup");
}

#[test]
fn proxies_that_a_restart_left_unasked_are_asked_after_another_cleanup() {
    let mut before = alive();
    let Some(Remember(memory)) = before.step(farewell(Verdict::Exited(7))).into_iter().next() else {
        panic!("nothing was written down before the cleanup")
    };
    let asked = [quit(1, Verdict::Exited(7), Evidence::Farewell)];
    assert_eq!(acts(&mut before, Event::CleanupEnded), asked);
    let mut after = new();
    let _ = after.step(Event::Awake(memory));
    assert_eq!(acts(&mut after, Event::CleanupEnded), asked);
}

#[test]
fn sigterm_to_the_sidecar_alone_leaves_a_running_driver_in_peace() {
    let mut supervisor = alive();
    assert_eq!(acts(&mut supervisor, Event::Terminated), [AskStatus(attempt(1)), Arm(Timer::LastSettle)]);
    assert_eq!(acts(&mut supervisor, RUNS), [Exit(Why::DriverLives)]);
}

#[test]
fn sigterm_under_a_deleted_pod_whose_driver_lives_still_cleans_up_at_once() {
    let mut supervisor = alive();
    let _ = supervisor.step(Event::Terminated);
    assert_eq!(acts(&mut supervisor, DYING), [clean(1, Verdict::Unknown, Evidence::Termination)]);
}

#[test]
fn without_any_wrapper_sigterm_and_the_status_are_the_evidence() {
    let mut supervisor = new();
    assert_eq!(acts(&mut supervisor, Event::Terminated), [AskStatus(attempt(0)), Arm(Timer::LastSettle)]);
    let mut silent = supervisor.clone();
    let status = Event::Status(Status::Ended { verdict: Verdict::Exited(3), reason: None });
    assert_eq!(acts(&mut supervisor, status), [clean(0, Verdict::Exited(3), Evidence::ContainerStatus)]);
    let expected = [clean(0, Verdict::Unknown, Evidence::Termination)];
    assert_eq!(acts(&mut silent, Event::Overdue(Timer::LastSettle)), expected);
}

#[test]
fn a_next_attempt_is_spared_by_the_cleanup_of_the_one_before() {
    let mut supervisor = alive();
    let expected = [clean(1, Verdict::Unknown, Evidence::EndOfStream)];
    assert_eq!(acts(&mut supervisor, Event::Hello(attempt(2))), expected);
    assert_eq!(acts(&mut supervisor, farewell(Verdict::Exited(0))), []);
    assert_eq!(acts(&mut supervisor, Event::CleanupEnded), [clean(2, Verdict::Exited(0), Evidence::Farewell)]);

    let mut restarted = new();
    let memory = Memory {
        current: Some(attempt(2)),
        ended: [ended(1, Verdict::Exited(1), Evidence::Farewell)].into(),
        met: true,
        decided: 1,
        served: None,
    };
    let Some(Clean { spare, .. }) = acts(&mut restarted, Event::Awake(memory)).into_iter().next() else {
        panic!("no cleanup")
    };
    assert_eq!(spare, Some("spark-pod-2".into()));
}

#[test]
fn a_restarted_sidecar_goes_on_where_it_was() {
    let mut before = alive();
    let Some(Remember(memory)) = before.step(Event::Hello(attempt(1))).pop() else {
        panic!("nothing was written down")
    };
    let mut after = new();
    assert_eq!(acts(&mut after, Event::Awake(memory)), [AskStatus(attempt(1)), Arm(Timer::Settle)]);
    assert_eq!(acts(&mut after, Event::Hello(attempt(1))), []);
    assert_eq!(acts(&mut after, farewell(Verdict::Exited(0))), [clean(1, Verdict::Exited(0), Evidence::Farewell)]);
}

#[test]
fn a_cleanup_that_a_restart_cut_off_is_begun_again() {
    let mut before = alive();
    let Some(Remember(memory)) = before.step(farewell(Verdict::Exited(7))).into_iter().next() else {
        panic!("nothing was written down before the cleanup")
    };
    assert_eq!(acts(&mut new(), Event::Awake(memory)), [clean(1, Verdict::Exited(7), Evidence::Farewell)]);
}
