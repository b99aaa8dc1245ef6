//! Days of refreshes in simulated time: STS gives and fails, answers take their time, and somebody sets the clock.

use codriver_creds::Secret;
use proptest::prelude::*;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);
const DAYS: u32 = 3;
/// An answer takes at most as long as its deadline upstream.
const SLOWEST: Duration = Duration::from_secs(60);

/// What the pod meets.
#[derive(Debug, Clone)]
struct World {
    life: Duration,
    /// From the beginning; STS fails from the first to the second.
    outages: Vec<(Duration, Duration)>,
    /// When somebody sets the clock, and by how many seconds.
    jumps: Vec<(Duration, i64)>,
    seed: u64,
}

fn worlds() -> impl Strategy<Value = World> {
    let seconds = |range: std::ops::Range<u64>| range.prop_map(Duration::from_secs);
    let life = prop_oneof![Just(60), Just(900), Just(3600), Just(43_200), Just(365 * 24 * 3600), 1..50_000_u64];
    let outages = prop::collection::vec((seconds(0..3 * 86_400), seconds(0..7200)), 0..4)
        .prop_map(|all| all.into_iter().map(|(from, long)| (from, from + long)).collect());
    let jumps = prop::collection::vec((seconds(0..3 * 86_400), -3600..3600_i64), 0..3);
    (life, outages, jumps, any::<u64>()).prop_map(|(life, outages, jumps, seed)| World {
        life: Duration::from_secs(life),
        outages,
        jumps,
        seed,
    })
}

impl World {
    fn now(&self, steady: Duration) -> Moment {
        let jumped: i64 = self.jumps.iter().filter(|(at, _)| *at <= steady).map(|(_, by)| by).sum();
        let wall = 1_000_000_000_u64.saturating_add_signed(jumped);
        Moment { wall: SystemTime::UNIX_EPOCH + Duration::from_secs(wall) + steady, steady }
    }

    fn is_away(&self, steady: Duration) -> bool {
        self.outages.iter().any(|(from, to)| (*from..*to).contains(&steady))
    }

    /// Whether something went wrong in so long a time before.
    fn was_troubled(&self, steady: Duration, before: Duration) -> bool {
        let begin = steady.saturating_sub(before);
        self.outages.iter().any(|(from, to)| *from <= steady && *to >= begin)
            || self.jumps.iter().any(|(at, _)| (begin..=steady).contains(at))
    }

    fn answer(&self, asked: Duration, given: Moment) -> Event {
        if self.is_away(asked) {
            return Event::Failed(ErrorKind::Temporary);
        }
        let secret = || Secret::new("x".to_owned());
        Event::Granted(Credentials {
            access_key_id: secret(),
            secret_access_key: secret(),
            session_token: None,
            expires: Some(given.wall + self.life),
        })
    }

    /// How often STS may be asked in a day: each half of a life at the worst (what is short), or with the pauses of a storm.
    fn most_calls(&self) -> u32 {
        let used = enough(self.life, 1.0);
        let calm = DAY.as_secs_f64() / (self.life - used).max(PAUSE).as_secs_f64();
        let outage: f64 = self.outages.iter().map(|(from, to)| (*to - *from).as_secs_f64() / 5.0 + 10.0).sum();
        // The clock that is set means one call more.
        (calm + outage) as u32 + 10
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn no_day_is_without_credentials_and_none_has_too_many_calls(world in worlds()) {
        let mut luck = fastrand::Rng::with_seed(world.seed);
        let (mut keeper, mut steady, mut calls) = (Keeper::default(), Duration::ZERO, 0);
        let (mut wake, mut answer): (Option<Duration>, Option<(Duration, Duration)>) = (None, None);
        let mut event = Event::Begun(None);
        while steady < DAY * DAYS {
            let now = world.now(steady);
            for effect in keeper.step(event, now, luck.f64()) {
                match effect {
                    Effect::Ask => {
                        prop_assert!(answer.is_none(), "two calls at once");
                        calls += 1;
                        let takes = if luck.u8(..) < 8 { SLOWEST } else { Duration::from_millis(200) };
                        answer = Some((steady, steady + takes));
                    }
                    Effect::Wake(after) => wake = Some(steady + after),
                    Effect::Publish(credentials) => prop_assert!(credentials.expires > Some(now.wall)),
                    Effect::Warn(left) => prop_assert!(left < LITTLE && world.was_troubled(steady, DAY)),
                }
            }
            // Clients are content, unless the life is too short for that or something has happened.
            let calm = !world.was_troubled(steady, LONGEST_PAUSE + SLOWEST * 2) && steady > SLOWEST;
            if calm && world.life > SLOWEST * 4 {
                prop_assert!(keeper.is_alive(now), "nothing to serve after {steady:?}");
            }
            let next = answer.map(|(_, at)| at).into_iter().chain(wake).min();
            prop_assert!(next.is_some(), "neither asks nor comes back");
            steady = next.unwrap_or_default();
            event = match answer {
                Some((asked, at)) if at == steady => {
                    answer = None;
                    world.answer(asked, world.now(steady))
                }
                _ => {
                    wake = None;
                    Event::Woken
                }
            };
        }
        prop_assert!(calls <= world.most_calls() * DAYS, "{calls} calls, at most {} a day", world.most_calls());
    }
}
