use nix::sys::signal::Signal::{self, *};
use proptest::prelude::*;

use super::{Effect::*, *};

fn running() -> Wrapper {
    let mut wrapper = Wrapper::default();
    assert_eq!(wrapper.step(Event::Started), []);
    wrapper
}

fn stopping() -> Wrapper {
    let mut wrapper = running();
    assert_eq!(wrapper.step(Event::Signal(SIGTERM)), [Forward(SIGTERM), Arm(Timer::Grace)]);
    wrapper
}

fn lingering(verdict: Verdict) -> Wrapper {
    let mut wrapper = running();
    assert_eq!(
        wrapper.step(Event::Ended { verdict: verdict.clone(), leftovers: true }),
        [Announce(verdict), SignalLeftovers(SIGTERM), Arm(Timer::Grace)]
    );
    wrapper
}

#[test]
fn an_end_is_announced_and_then_left_with() {
    for verdict in [Verdict::Exited(0), Verdict::Exited(7), Verdict::Signalled(9)] {
        assert_eq!(
            running().step(Event::Ended { verdict: verdict.clone(), leftovers: false }),
            [Announce(verdict.clone()), Leave(verdict)]
        );
    }
}

/// A wrapper without a sidecar whose driver has just ended.
fn ended_alone(leftovers: bool) -> Wrapper {
    let mut wrapper = Wrapper::alone();
    assert_eq!(wrapper.step(Event::Started), []);
    let effects = wrapper.step(Event::Ended { verdict: Verdict::Exited(7), leftovers });
    assert_eq!(effects[..2], [Announce(Verdict::Exited(7)), CleanUp], "the cleanup waits for no leftover");
    assert_eq!(effects.len(), if leftovers { 4 } else { 2 });
    wrapper
}

#[test]
fn alone_it_leaves_once_the_cleanup_and_the_leftovers_are_over_in_any_order() {
    let leave = [Leave(Verdict::Exited(7))];
    assert_eq!(ended_alone(false).step(Event::CleanedUp), leave);
    for order in [[Event::CleanedUp, Event::AllGone], [Event::AllGone, Event::CleanedUp]] {
        let mut wrapper = ended_alone(true);
        let [first, second] = order;
        assert_eq!((wrapper.step(first), wrapper.step(second)), (vec![], leave.to_vec()));
    }
}

#[test]
fn alone_a_request_to_stop_ends_leftovers_and_not_the_cleanup() {
    let mut wrapper = ended_alone(true);
    assert_eq!(wrapper.step(Event::Signal(SIGTERM)), [SignalLeftovers(SIGKILL), Arm(Timer::LastLook)]);
    assert_eq!(wrapper.step(Event::AllGone), []);
    assert_eq!(wrapper.step(Event::Signal(SIGTERM)), [], "there is nobody to signal any more");
    assert_eq!(wrapper.step(Event::Overdue(Timer::Leftovers)), []);
}

#[test]
fn alone_a_driver_that_never_started_left_nothing() {
    let never = Event::NotStarted { code: 127, why: "no such file".into() };
    assert!(!Wrapper::alone().step(never).contains(&CleanUp));
}

#[test]
fn a_term_is_forwarded_to_the_driver_alone_and_starts_the_grace_period() {
    let _ = stopping();
}

#[test]
fn a_second_request_to_stop_kills_the_group() {
    assert_eq!(stopping().step(Event::Signal(SIGINT)), [SignalGroup(SIGKILL)]);
}

#[test]
fn the_end_of_the_grace_period_kills_the_group() {
    assert_eq!(stopping().step(Event::Overdue(Timer::Grace)), [SignalGroup(SIGKILL)]);
}

#[test]
fn a_sidecar_may_ask_for_the_end() {
    assert_eq!(running().step(Event::Terminate(None)), [Forward(SIGTERM), Arm(Timer::Grace)]);
}

#[test]
fn a_driver_that_was_given_up_has_that_as_its_verdict_unless_it_ended_by_itself() {
    let given_up = Verdict::GivenUp { code: 75, why: "no executor came".into() };
    for (end, verdict) in [
        (Verdict::Exited(143), &given_up),
        (Verdict::Signalled(15), &given_up),
        (Verdict::Signalled(9), &given_up),
        (Verdict::Exited(0), &Verdict::Exited(0)),
        (Verdict::Exited(1), &Verdict::Exited(1)),
    ] {
        let mut wrapper = running();
        let ordered = wrapper.step(Event::Terminate(Some(given_up.clone())));
        assert_eq!(ordered, [Forward(SIGTERM), Arm(Timer::Grace)]);
        let ended = wrapper.step(Event::Ended { verdict: end, leftovers: false });
        assert_eq!(ended, [Announce(verdict.clone()), Leave(verdict.clone())]);
    }
}

#[test]
fn any_other_signal_is_only_forwarded_while_running_and_while_stopping() {
    for signal in [SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT] {
        assert_eq!(running().step(Event::Signal(signal)), [Forward(signal)]);
        assert_eq!(stopping().step(Event::Signal(signal)), [Forward(signal)]);
    }
}

#[test]
fn a_term_before_the_start_wins_over_the_start() {
    let mut wrapper = Wrapper::default();
    let why = "SIGTERM came before the driver was started".to_owned();
    let verdict = Verdict::NeverStarted { code: 143, why };
    assert_eq!(wrapper.step(Event::Signal(SIGTERM)), [Announce(verdict.clone()), Leave(verdict)]);
    assert_eq!(wrapper.step(Event::Started), []);
}

#[test]
fn a_driver_that_cannot_start_is_announced_too() {
    let verdict = Verdict::NeverStarted { code: 127, why: "no such file".into() };
    assert_eq!(
        Wrapper::default().step(Event::NotStarted { code: 127, why: "no such file".into() }),
        [Announce(verdict.clone()), Leave(verdict)]
    );
}

#[test]
fn a_real_time_signal_is_forwarded_by_its_number_while_the_driver_lives() {
    assert_eq!(running().step(Event::RealTime(40)), [ForwardRealTime(40)]);
    assert_eq!(stopping().step(Event::RealTime(40)), [ForwardRealTime(40)]);
    assert_eq!(lingering(Verdict::Exited(0)).step(Event::RealTime(40)), []);
}

#[test]
fn leftovers_get_a_term_and_the_grace_period_then_a_kill_then_are_left_behind() {
    let verdict = Verdict::Exited(3);
    let mut wrapper = lingering(verdict.clone());
    assert_eq!(wrapper.step(Event::Overdue(Timer::Grace)), [SignalLeftovers(SIGKILL), Arm(Timer::LastLook)]);
    assert_eq!(wrapper.step(Event::Overdue(Timer::LastLook)), [Leave(verdict)]);
}

#[test]
fn leftovers_of_a_driver_that_was_asked_to_stop_share_its_grace_period() {
    let verdict = Verdict::Signalled(15);
    let mut wrapper = stopping();
    let ended = wrapper.step(Event::Ended { verdict: verdict.clone(), leftovers: true });
    assert_eq!(ended, [Announce(verdict), SignalLeftovers(SIGTERM)]);
    assert_eq!(wrapper.step(Event::Overdue(Timer::Grace)), [SignalLeftovers(SIGKILL), Arm(Timer::LastLook)]);
}

#[test]
fn leftovers_of_a_driver_that_was_killed_have_a_short_time_of_their_own() {
    for killed_by in [Event::Overdue(Timer::Grace), Event::Signal(SIGTERM)] {
        let mut wrapper = stopping();
        assert_eq!(wrapper.step(killed_by), [SignalGroup(SIGKILL)]);
        let ended = wrapper.step(Event::Ended { verdict: Verdict::Signalled(9), leftovers: true });
        assert_eq!(ended, [Announce(Verdict::Signalled(9)), SignalLeftovers(SIGTERM), Arm(Timer::Leftovers)]);
        assert_eq!(wrapper.step(Event::Overdue(Timer::Leftovers)), [SignalLeftovers(SIGKILL), Arm(Timer::LastLook)]);
    }
}

#[test]
fn a_request_to_stop_kills_the_leftovers_and_the_wait_for_them_has_a_bound() {
    let mut wrapper = lingering(Verdict::Exited(3));
    assert_eq!(wrapper.step(Event::Signal(SIGTERM)), [SignalLeftovers(SIGKILL), Arm(Timer::LastLook)]);
}

#[test]
fn each_end_of_a_leftover_that_is_killed_is_followed_by_a_kill_of_the_children_that_it_had() {
    let mut wrapper = lingering(Verdict::Exited(3));
    assert_eq!(wrapper.step(Event::LeftoverGone), []);
    let _ = wrapper.step(Event::Overdue(Timer::Grace));
    assert_eq!(wrapper.step(Event::LeftoverGone), [SignalLeftovers(SIGKILL)]);
    assert_eq!(wrapper.step(Event::AllGone), [Leave(Verdict::Exited(3))]);
}

#[test]
fn it_leaves_as_soon_as_the_last_leftover_is_gone() {
    assert_eq!(lingering(Verdict::Exited(3)).step(Event::AllGone), [Leave(Verdict::Exited(3))]);
}

fn any_event() -> impl Strategy<Value = Event> {
    let verdict = prop_oneof![any::<u8>().prop_map(Verdict::Exited), (1..=64u8).prop_map(Verdict::Signalled)];
    prop_oneof![
        Just(Event::Started),
        any::<u8>().prop_map(|code| Event::NotStarted { code, why: String::new() }),
        prop::sample::select(Signal::iterator().collect::<Vec<_>>()).prop_map(Event::Signal),
        Just(Event::Terminate(None)),
        Just(Event::Terminate(Some(Verdict::GivenUp { code: 75, why: String::new() }))),
        (verdict, any::<bool>()).prop_map(|(verdict, leftovers)| Event::Ended { verdict, leftovers }),
        (34..=64).prop_map(Event::RealTime),
        Just(Event::LeftoverGone),
        Just(Event::AllGone),
        Just(Event::CleanedUp),
        prop::sample::select(vec![Timer::Grace, Timer::Leftovers, Timer::LastLook]).prop_map(Event::Overdue),
    ]
}

proptest! {
    #[test]
    fn whatever_the_order_there_is_one_verdict_and_no_signal_to_a_driver_that_is_gone(events in prop::collection::vec(any_event(), 0..40), alone: bool) {
        let mut wrapper = Wrapper { alone, ..Wrapper::default() };
        let mut announced: Option<Verdict> = None;
        let mut left = false;
        for event in events {
            for effect in wrapper.step(event) {
                prop_assert!(!left, "{effect:?} after the end");
                match &effect {
                    Announce(verdict) => {
                        prop_assert_eq!(&announced, &None, "a second verdict");
                        announced = Some(verdict.clone());
                    }
                    Leave(verdict) => {
                        prop_assert_eq!(announced.as_ref(), Some(verdict), "left with another verdict than was told");
                        left = true;
                    }
                    Forward(_) | ForwardRealTime(_) | SignalGroup(_) => {
                        prop_assert!(announced.is_none(), "{effect:?} to a driver that is gone");
                    }
                    SignalLeftovers(_) => prop_assert!(announced.is_some(), "{effect:?} while the driver lives"),
                    CleanUp => prop_assert!(alone && announced.is_some()),
                    Arm(_) => {}
                }
            }
        }
    }

    #[test]
    fn it_ends_from_anywhere_once_the_driver_is_gone_and_the_deadlines_ring(events in prop::collection::vec(any_event(), 0..40), alone: bool) {
        let mut wrapper = Wrapper { alone, ..Wrapper::default() };
        let last = [
            Event::Started,
            Event::Ended { verdict: Verdict::Exited(0), leftovers: true },
            Event::Overdue(Timer::Grace),
            Event::Overdue(Timer::LastLook),
            Event::CleanedUp,
        ];
        let leaves = events.into_iter().chain(last).flat_map(|event| wrapper.step(event)).filter(|effect| matches!(effect, Leave(_)));
        prop_assert_eq!(leaves.count(), 1);
    }
}
