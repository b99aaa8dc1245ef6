use codriver_creds::Secret;
use proptest::prelude::*;

use super::*;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Both clocks agree.
fn at(seconds: u64) -> Moment {
    jumped(seconds, 0)
}

/// The wall clock has jumped.
fn jumped(seconds: u64, jump: i64) -> Moment {
    let wall = seconds.checked_add_signed(1_000_000 + jump).unwrap();
    Moment { wall: SystemTime::UNIX_EPOCH + s(wall), steady: s(seconds) }
}

/// Credentials until then.
fn until(seconds: u64) -> Credentials {
    let secret = |text: &str| Secret::new(text.to_owned());
    Credentials {
        access_key_id: secret("ASIA"),
        secret_access_key: secret("key"),
        session_token: Some(secret("token")),
        expires: Some(at(seconds).wall),
    }
}

/// A keeper that got credentials of this life at second 0.
fn keeper(life: u64) -> (Keeper, Vec<Effect>) {
    let mut keeper = Keeper::default();
    assert_eq!(keeper.step(Event::Begun(None), at(0), 0.0), [Effect::Ask]);
    let effects = keeper.step(Event::Granted(until(life)), at(0), 0.0);
    (keeper, effects)
}

/// Wakes as it wishes until it asks; the second at which it does.
fn asks_at(keeper: &mut Keeper, mut effects: Vec<Effect>) -> u64 {
    let mut second = 0;
    loop {
        match effects.last() {
            Some(Effect::Ask) => return second,
            Some(Effect::Wake(after)) => second += after.as_secs().max(1),
            other => panic!("{other:?} at {second}"),
        }
        effects = keeper.step(Event::Woken, at(second), 0.0);
    }
}

#[test]
fn new_ones_are_asked_for_while_clients_are_still_content() {
    for (life, asked) in [
        (12 * HOUR, 12 * HOUR - 20 * MINUTE),
        (HOUR, 40 * MINUTE),
        (30 * MINUTE, 10 * MINUTE),
        // More than 15 minutes are left as long as that can be.
        (24 * MINUTE, 6 * MINUTE),
        (21 * MINUTE, 21 * MINUTE / 4),
        // No client is content with these.
        (15 * MINUTE, 15 * MINUTE / 2),
        (MINUTE, MINUTE / 2),
        (2, 1),
    ] {
        let (mut keeper, effects) = keeper(life);
        assert_eq!(effects[0], Effect::Publish(until(life)));
        assert_eq!(asks_at(&mut keeper, effects), asked, "life of {life} s");
    }
}

#[test]
fn credentials_that_never_end_are_looked_at_again_every_five_minutes() {
    let mut keeper = Keeper::default();
    keeper.step(Event::Begun(None), at(0), 0.0);
    let keys = Credentials { expires: None, ..until(0) };
    let wake = Effect::Wake(LONGEST_PAUSE);
    assert_eq!(keeper.step(Event::Granted(keys.clone()), at(0), 0.5), [Effect::Publish(keys), wake.clone()]);
    assert_eq!(keeper.step(Event::Woken, at(4 * MINUTE), 0.5), [wake]);
    assert_eq!(keeper.step(Event::Woken, at(5 * MINUTE), 0.5), [Effect::Ask]);
    // A Secret that is not there for a moment does no harm.
    assert_eq!(keeper.step(Event::Failed(ErrorKind::Configuration), at(5 * MINUTE), 1.0), [Effect::Wake(s(5))]);
    assert!(keeper.is_alive(at(100 * 24 * HOUR)));
}

#[test]
fn what_is_over_when_it_comes_is_not_asked_for_without_a_pause() {
    let (_, effects) = keeper(0);
    assert_eq!(effects[1..], [Effect::Wake(s(1))]);
}

#[test]
fn luck_spreads_pods_that_started_together_and_only_forward() {
    for (luck, left) in [(0.0, 20 * MINUTE), (0.5, 22 * MINUTE), (1.0, 24 * MINUTE), (7.0, 24 * MINUTE)] {
        assert_eq!(enough(s(HOUR), luck), s(left), "{luck}");
    }
}

#[test]
fn one_call_is_under_way_at_a_time() {
    let (mut keeper, _) = keeper(HOUR);
    assert_eq!(keeper.step(Event::Woken, at(40 * MINUTE), 0.0), [Effect::Ask]);
    for second in [40 * MINUTE + 1, HOUR, 2 * HOUR] {
        assert_eq!(keeper.step(Event::Woken, at(second), 0.0), []);
    }
}

#[test]
fn failures_are_asked_again_after_pauses_that_double() {
    for (kind, luck, pauses) in [
        (ErrorKind::Temporary, 1.0, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000, 10_000]),
        (ErrorKind::Unreachable, 0.0, [500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000]),
        (ErrorKind::Refused, 1.0, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000, 60_000]),
    ] {
        let (mut keeper, mut now) = (Keeper::default(), Duration::ZERO);
        let moment = |now| Moment { wall: at(0).wall + now, steady: now };
        keeper.step(Event::Begun(None), moment(now), luck);
        for pause in pauses.map(Duration::from_millis) {
            assert_eq!(keeper.step(Event::Failed(kind), moment(now), luck), [Effect::Wake(pause)], "{kind:?}");
            now += pause;
            assert_eq!(keeper.step(Event::Woken, moment(now), luck), [Effect::Ask], "{kind:?}");
        }
    }
}

#[test]
fn with_credentials_that_live_it_is_in_no_hurry() {
    for (left, longest) in [(11 * MINUTE, 60), (9 * MINUTE, 10)] {
        let (mut keeper, _) = keeper(HOUR);
        let second = HOUR - left;
        keeper.step(Event::Woken, at(second), 1.0);
        let mut pause = None;
        for _ in 0..10 {
            pause = keeper.step(Event::Failed(ErrorKind::Temporary), at(second), 1.0).pop();
            keeper.asking = true;
        }
        assert_eq!(pause, Some(Effect::Wake(s(longest))), "{left} s left");
    }
}

#[test]
fn a_shortage_is_warned_of_once_and_again_after_a_success() {
    let (mut keeper, _) = keeper(HOUR);
    keeper.step(Event::Woken, at(40 * MINUTE), 0.0);
    assert_eq!(keeper.step(Event::Failed(ErrorKind::Temporary), at(41 * MINUTE), 1.0), [Effect::Wake(s(1))]);
    keeper.step(Event::Woken, at(51 * MINUTE), 1.0);
    let effects = keeper.step(Event::Failed(ErrorKind::Temporary), at(51 * MINUTE), 1.0);
    assert_eq!(effects, [Effect::Warn(s(9 * MINUTE)), Effect::Wake(s(2))]);
    keeper.step(Event::Woken, at(52 * MINUTE), 1.0);
    assert_eq!(keeper.step(Event::Failed(ErrorKind::Temporary), at(52 * MINUTE), 1.0), [Effect::Wake(s(4))]);
    keeper.step(Event::Woken, at(53 * MINUTE), 1.0);
    keeper.step(Event::Granted(until(54 * MINUTE)), at(53 * MINUTE), 0.0);
    keeper.step(Event::Woken, at(53 * MINUTE + 30), 0.0);
    let effects = keeper.step(Event::Failed(ErrorKind::Refused), at(53 * MINUTE + 30), 1.0);
    assert_eq!(effects, [Effect::Warn(s(30)), Effect::Wake(s(5))]);
}

#[test]
fn a_clock_that_jumps_is_noticed_by_the_other_one() {
    let hour = i64::try_from(HOUR).unwrap();
    for (second, jump, asks) in [
        (10 * MINUTE, 0, false),
        // Somebody set the clock: whoever compares with it finds the credentials over.
        (10 * MINUTE, hour, true),
        (10 * MINUTE, 31 * 60, true),
        // Set back, it makes them seem to live longer than they do.
        (41 * MINUTE, -hour / 2, true),
        (39 * MINUTE, -hour / 2, false),
    ] {
        let (mut keeper, _) = keeper(HOUR);
        let effects = keeper.step(Event::Woken, jumped(second, jump), 0.0);
        assert_eq!(effects == [Effect::Ask], asks, "{second} {jump}: {effects:?}");
    }
}

#[test]
fn a_restart_serves_what_is_left_and_asks_when_that_is_too_little() {
    for (left, served, asks) in
        [(50 * MINUTE, true, false), (20 * MINUTE, true, true), (1, true, true), (0, false, true)]
    {
        let mut keeper = Keeper::default();
        let effects = keeper.step(Event::Begun(Some(until(left))), at(0), 0.0);
        assert_eq!(effects.contains(&Effect::Publish(until(left))), served, "{left}");
        assert_eq!(effects.contains(&Effect::Ask), asks, "{left}");
    }
}

fn events() -> impl Strategy<Value = Vec<(u64, u8, f64)>> {
    prop::collection::vec((0..2 * HOUR, 0..4_u8, 0.0..1.0), 1..60)
}

proptest! {
    #[test]
    fn in_any_order_it_either_asks_or_comes_back_and_never_asks_twice(events in events()) {
        let (mut keeper, mut second, mut asking) = (Keeper::default(), 0, false);
        let mut last = keeper.step(Event::Begun(None), at(0), 0.0);
        for (after, what, luck) in events {
            prop_assert!(!(asking && last.contains(&Effect::Ask)), "asked twice");
            asking |= last.contains(&Effect::Ask);
            let wakes = last.iter().any(|effect| matches!(effect, Effect::Wake(after) if *after <= LONGEST_PAUSE));
            prop_assert!(asking || wakes, "neither asks nor comes back: {last:?}");
            second += after;
            let answer = match what {
                0 => Event::Failed(ErrorKind::Refused),
                1 => Event::Failed(ErrorKind::Unreachable),
                2 => Event::Granted(until(second + after + 1)),
                _ => Event::Woken,
            };
            // Answers come only to questions.
            let event = if asking { answer } else { Event::Woken };
            asking &= event == Event::Woken;
            last = keeper.step(event, at(second), luck);
        }
    }
}
