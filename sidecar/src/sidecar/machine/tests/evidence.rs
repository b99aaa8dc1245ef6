//! Each way in which a driver's end can be told, as a row: one verdict, on one evidence, wherever the sidecar is restarted.

use super::*;

const ALONE: Event = Event::Overdue(Timer::Alone);
const SETTLE: Event = Event::Overdue(Timer::Settle);
const LAST_SETTLE: Event = Event::Overdue(Timer::LastSettle);
const END: Event = Event::StreamEnded;
const SIGTERM: Event = Event::Terminated;

fn hello() -> Event {
    Event::Hello(attempt(1))
}

fn farewell(code: u8) -> Event {
    super::farewell(Verdict::Exited(code))
}

fn ended_with(code: u8) -> Event {
    Event::Status(Status::Ended { verdict: Verdict::Exited(code), reason: None })
}

/// What is told, and what the sidecar makes of it: of which attempt, how it ended, on what evidence.
type Row = (&'static str, Vec<Event>, Option<(u32, Verdict, Evidence)>);

fn rows() -> Vec<Row> {
    let exited = Verdict::Exited;
    let of = |number, verdict, evidence| Some((number, verdict, evidence));
    vec![
        ("a farewell", vec![hello(), farewell(7), END], of(1, exited(7), Evidence::Farewell)),
        ("the status says otherwise", vec![hello(), farewell(0), END, oom()], of(1, exited(0), Evidence::Farewell)),
        ("two farewells", vec![hello(), farewell(0), farewell(7)], of(1, exited(0), Evidence::Farewell)),
        ("hello after the farewell", vec![hello(), farewell(7), hello(), END], of(1, exited(7), Evidence::Farewell)),
        ("the status in time", vec![hello(), END, oom()], of(1, KILLED, Evidence::ContainerStatus)),
        ("a late status", vec![hello(), END, SILENT, RUNS, oom()], of(1, KILLED, Evidence::ContainerStatus)),
        ("later than settled", vec![hello(), END, RUNS, SETTLE, oom()], of(1, KILLED, Evidence::ContainerStatus)),
        ("two statuses", vec![hello(), END, oom(), ended_with(0)], of(1, KILLED, Evidence::ContainerStatus)),
        ("no status", vec![hello(), END, SILENT, SETTLE], of(1, Verdict::Unknown, Evidence::EndOfStream)),
        ("no answer at all", vec![hello(), END, SETTLE], of(1, Verdict::Unknown, Evidence::EndOfStream)),
        ("a stream that was only lost", vec![hello(), END, hello(), farewell(7)], of(1, exited(7), Evidence::Farewell)),
        ("SIGTERM before a farewell", vec![hello(), SIGTERM, farewell(7)], of(1, exited(7), Evidence::Farewell)),
        ("SIGTERM and no farewell", vec![hello(), END, SIGTERM, oom()], of(1, KILLED, Evidence::ContainerStatus)),
        (
            "SIGTERM, and the status still says that it runs",
            vec![hello(), END, SIGTERM, RUNS, LAST_SETTLE],
            of(1, Verdict::Unknown, Evidence::EndOfStream),
        ),
        ("SIGTERM, then the end", vec![hello(), SIGTERM, END, oom()], of(1, KILLED, Evidence::ContainerStatus)),
        ("a pod that is deleted", vec![hello(), SIGTERM, DYING], of(1, Verdict::Unknown, Evidence::Termination)),
        ("SIGTERM before hello", vec![SIGTERM, hello(), farewell(7)], of(1, exited(7), Evidence::Farewell)),
        ("SIGTERM to the sidecar alone", vec![hello(), SIGTERM, RUNS], None),
        ("no wrapper", vec![ALONE, RUNS, ALONE, ended_with(3)], of(0, exited(3), Evidence::ContainerStatus)),
        (
            "no wrapper, and SIGTERM long after the end",
            vec![ALONE, ended_with(3), Event::CleanupEnded, Event::QuitEnded, SIGTERM],
            of(0, exited(3), Evidence::ContainerStatus),
        ),
        ("no wrapper, only SIGTERM", vec![SIGTERM, ended_with(3)], of(0, exited(3), Evidence::ContainerStatus)),
        ("no wrapper, no status", vec![SIGTERM, SILENT, LAST_SETTLE], of(0, Verdict::Unknown, Evidence::Termination)),
        (
            "no wrapper, a deleted pod",
            vec![SIGTERM, DYING, LAST_SETTLE],
            of(0, Verdict::Unknown, Evidence::Termination),
        ),
        (
            "no wrapper, a status that is late for SIGTERM",
            vec![ALONE, RUNS, SIGTERM, RUNS, LAST_SETTLE, ended_with(3)],
            of(0, exited(3), Evidence::ContainerStatus),
        ),
        ("no wrapper, SIGTERM to the sidecar alone", vec![ALONE, RUNS, SIGTERM, RUNS, LAST_SETTLE, RUNS, SETTLE], None),
        ("a wrapper that comes late", vec![ALONE, RUNS, hello(), farewell(7)], of(1, exited(7), Evidence::Farewell)),
    ]
}

/// The verdicts that are acted on. A restart begins a cleanup again, so the same one may come twice in a row.
fn verdicts(effects: &[Effect]) -> Vec<(u32, Verdict, Evidence)> {
    let cleaned = effects.iter().filter_map(|effect| match effect {
        Clean { ended, .. } => Some((ended.attempt.number, ended.verdict.clone(), ended.evidence)),
        _ => None,
    });
    let mut verdicts: Vec<_> = cleaned.collect();
    verdicts.dedup();
    verdicts
}

fn noted(effects: &[Effect]) -> Memory {
    let mut notes = effects.iter().filter_map(|effect| match effect {
        Remember(memory) => Some(memory.clone()),
        _ => None,
    });
    notes.next_back().unwrap_or_default()
}

#[test]
fn each_way_to_end_has_one_verdict_and_its_evidence() {
    for (story, events, expected) in rows() {
        let mut supervisor = new();
        let events = [Event::Awake(Memory::default())].into_iter().chain(events);
        let effects: Vec<_> = events.flat_map(|event| supervisor.step(event)).collect();
        assert_eq!(verdicts(&effects), Vec::from_iter(expected.clone()), "{story}");
        let lives = effects.contains(&Exit(Why::DriverLives));
        assert_eq!(lives, expected.is_none(), "{story}: it leaves a driver in peace exactly when there is no verdict");
    }
}

#[test]
fn a_restart_of_the_sidecar_between_any_two_events_changes_no_verdict() {
    for (story, events, expected) in rows() {
        // After SIGTERM the kubelet starts it again only for a driver that lives.
        let until = events.iter().position(|event| *event == SIGTERM).unwrap_or(events.len());
        for at in 0..=until {
            let (before, after) = events.split_at(at);
            let mut first = new();
            let awake = Event::Awake(Memory::default());
            let mut effects: Vec<_> =
                [awake].iter().chain(before).cloned().flat_map(|event| first.step(event)).collect();
            let mut second = new();
            let mut again = vec![Event::Awake(noted(&effects))];
            // Who is connected connects again; and who is asked about is asked about again.
            let connected =
                before.iter().rposition(|event| *event == hello()) > before.iter().rposition(|event| *event == END);
            again.extend(connected.then(hello));
            again.extend(before.contains(&ALONE).then_some(ALONE));
            again.extend(before.iter().rfind(|event| matches!(event, Event::Status(_))).cloned());
            effects.extend(again.iter().chain(after).cloned().flat_map(|event| second.step(event)));
            assert_eq!(verdicts(&effects), Vec::from_iter(expected.clone()), "{story}, restarted before event {at}");
        }
    }
}
