//! What holds whatever happens, in whatever order.

use proptest::prelude::*;

use super::*;

fn any_event() -> impl Strategy<Value = Event> {
    let verdict = any::<u8>().prop_map(Verdict::Exited);
    prop_oneof![
        (1..4u32).prop_map(|number| Event::Hello(attempt(number))),
        verdict.clone().prop_map(farewell),
        Just(Event::StreamEnded),
        any::<bool>().prop_map(|deleting| Event::Status(Status::Running { deleting })),
        verdict.prop_map(|verdict| Event::Status(Status::Ended { verdict, reason: None })),
        Just(SILENT),
        prop::sample::select(vec![Timer::Settle, Timer::LastSettle, Timer::Alone]).prop_map(Event::Overdue),
        Just(Event::Started),
        (1..4u32).prop_map(Event::ExecutorsCame),
        (1..4u32).prop_map(|attempt| Event::NoExecutors { attempt, why: "why".into() }),
        Just(Event::CleanupEnded),
        Just(Event::QuitEnded),
        Just(Event::Terminated),
    ]
}

proptest! {
    #[test]
    fn whatever_the_order_one_cleanup_runs_at_a_time_and_no_ended_attempt_is_skipped(events in prop::collection::vec(any_event(), 0..60)) {
        let mut supervisor = new();
        let (mut cleaning, mut quitting) = (false, false);
        for event in events {
            // The world says that something ended only when it runs.
            if event == Event::CleanupEnded && !std::mem::take(&mut cleaning)
                || event == Event::QuitEnded && !std::mem::take(&mut quitting)
            {
                continue;
            }
            for effect in supervisor.step(event) {
                match effect {
                    Clean { .. } => {
                        prop_assert!(!cleaning, "two cleanups at once");
                        cleaning = true;
                    }
                    Quit(_) => {
                        prop_assert!(!cleaning && !quitting, "proxies asked in the middle of something");
                        quitting = true;
                    }
                    StopQuitting => quitting = false,
                    Exit(Why::AllDone) => prop_assert!(!cleaning && !quitting, "left in the middle of something"),
                    _ => {}
                }
            }
            prop_assert_eq!(cleaning || quitting, !supervisor.ended.is_empty(), "an ended attempt waits for nobody");
            prop_assert!(!quitting || supervisor.current.is_none(), "a driver that lives loses its proxies");
        }
    }

    #[test]
    fn it_leaves_from_anywhere_once_sigterm_came_and_the_deadlines_ring(events in prop::collection::vec(any_event(), 0..60)) {
        let mut supervisor = new();
        for event in events {
            let _ = supervisor.step(event);
        }
        let mut last = vec![Event::Terminated, Event::StreamEnded, Event::Overdue(Timer::LastSettle)];
        last.extend(std::iter::repeat_n(Event::CleanupEnded, 61));
        let exits = last.into_iter().flat_map(|event| supervisor.step(event)).filter(|effect| matches!(effect, Exit(_)));
        prop_assert!(exits.count() >= 1);
    }
}
