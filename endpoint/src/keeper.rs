//! Decides when to ask for new credentials: early enough that clients find more than a quarter of an hour of life, which is
//! below what some ask at every operation, and one call at a time, however many wait.
//!
//! Pure: clocks, luck and answers come in with each event, and what is to be done comes out.

use std::time::{Duration, SystemTime};

use codriver_creds::{Credentials, ErrorKind};

/// So much life is left when new credentials are asked for. boto3 and Java's SDK ask again below 15 minutes (measured); five
/// more are for an STS that is away.
const AHEAD: Duration = Duration::from_secs(20 * 60);
/// The first pause after a failure that can pass; it doubles each time.
const PAUSE: Duration = Duration::from_secs(1);
/// The same after a refusal: it lasts until somebody changes the role or its trust.
const REFUSED_PAUSE: Duration = Duration::from_secs(5);
/// No pause is longer while there is little or nothing to serve and the failure can pass. So 500 pods that start together get
/// theirs in little more time than a throttling STS needs for 500 answers (measured: docs/endpoint.md).
const LONGEST_PAUSE_IN_NEED: Duration = Duration::from_secs(10);
/// No pause is longer. It is also how often clocks are compared: after a jump they are wrong no longer than this.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// What has no end is asked for again after so long: keys in a mounted Secret may have been replaced.
const ENDLESS: Duration = Duration::from_secs(5 * 60);
/// With less life than this a failure is worth a warning.
const LITTLE: Duration = Duration::from_secs(10 * 60);

/// When something happens, by both clocks: a wall clock may jump, a monotonic one stands still while a machine sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// By the clock that clients compare with.
    pub wall: SystemTime,
    /// Since an arbitrary beginning.
    pub steady: Duration,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It begins, with the last good credentials of an earlier start, if there are any.
    Begun(Option<Credentials>),
    /// The call was answered.
    Granted(Credentials),
    /// The call failed.
    Failed(ErrorKind),
    /// The time that was asked for has come.
    Woken,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask for new ones; one answer, or one failure, will come.
    Ask,
    /// Serve these from now on, and keep them for the next start.
    Publish(Credentials),
    /// Say that the credentials are about to end, with what is left, and that no new ones can be had. Once for each shortage.
    Warn(Duration),
    /// Come back after so long.
    Wake(Duration),
}

/// The decisions.
#[derive(Debug, Default)]
pub struct Keeper {
    held: Option<Held>,
    asking: bool,
    failures: u32,
    /// Nothing is asked before.
    not_before: Duration,
    warned: bool,
}

#[derive(Debug)]
struct Held {
    /// When it came, by the steady clock.
    since: Duration,
    ends: Option<SystemTime>,
    /// The same by the steady clock.
    ends_steady: Option<Duration>,
    /// When new ones should be asked for, as what is left then.
    enough: Duration,
}

impl Held {
    fn new(credentials: &Credentials, now: Moment, luck: f64) -> Self {
        let life = credentials.expires.map(|ends| ends.duration_since(now.wall).unwrap_or_default());
        Self {
            since: now.steady,
            ends: credentials.expires,
            ends_steady: life.map(|life| now.steady + life),
            enough: life.map(|life| enough(life, luck)).unwrap_or_default(),
        }
    }

    /// By the clock that is worse; none when they never end.
    fn left(&self, now: Moment) -> Option<Duration> {
        let wall = self.ends?.duration_since(now.wall).unwrap_or_default();
        Some(wall.min(self.ends_steady?.saturating_sub(now.steady)))
    }
}

/// How much may be left of this life when new credentials are asked for. Short lives are used for a quarter at least, and
/// what cannot satisfy any client for a half; luck (0 to 1) brings each pod forward by up to a tenth of its time, so that what
/// started together does not ask together for ever.
fn enough(life: Duration, luck: f64) -> Duration {
    let used = if life > AHEAD { (life - AHEAD).max(life / 4) } else { life / 2 };
    life - used.mul_f64(1.0 - luck.clamp(0.0, 1.0) / 10.0)
}

impl Keeper {
    /// Takes the next event; `luck` is a number from 0 to 1 by chance.
    pub fn step(&mut self, event: Event, now: Moment, luck: f64) -> Vec<Effect> {
        let mut effects = Vec::new();
        match event {
            Event::Begun(None) | Event::Woken => {}
            Event::Begun(Some(credentials)) => {
                // Nobody knows how long they were to live.
                self.held = Some(Held { enough: AHEAD, ..Held::new(&credentials, now, luck) });
                if self.is_alive(now) {
                    effects.push(Effect::Publish(credentials));
                }
            }
            Event::Granted(credentials) => {
                self.held = Some(Held::new(&credentials, now, luck));
                (self.asking, self.failures, self.warned) = (false, 0, false);
                // However short they live: no server is asked without a pause.
                self.not_before = now.steady + PAUSE;
                effects.push(Effect::Publish(credentials));
            }
            Event::Failed(kind) => {
                self.asking = false;
                self.failures = self.failures.saturating_add(1);
                let left = self.held.as_ref().map(|held| held.left(now).unwrap_or(Duration::MAX));
                let is_in_need = left.is_none_or(|left| left < LITTLE);
                self.not_before = now.steady + pause(kind, is_in_need, self.failures, luck);
                if let Some(left) = left.filter(|_| is_in_need && !self.warned) {
                    self.warned = true;
                    effects.push(Effect::Warn(left));
                }
            }
        }
        if !self.asking {
            let wait = self.until_due(now).max(self.not_before.saturating_sub(now.steady));
            if wait.is_zero() {
                self.asking = true;
                effects.push(Effect::Ask);
            } else {
                effects.push(Effect::Wake(wait.min(LONGEST_PAUSE)));
            }
        }
        effects
    }

    /// Whether what is held may be served.
    fn is_alive(&self, now: Moment) -> bool {
        self.held.as_ref().is_some_and(|held| held.left(now).is_none_or(|left| !left.is_zero()))
    }

    fn until_due(&self, now: Moment) -> Duration {
        match &self.held {
            None => Duration::ZERO,
            Some(held) => match held.left(now) {
                Some(left) => left.saturating_sub(held.enough),
                None => (held.since + ENDLESS).saturating_sub(now.steady),
            },
        }
    }
}

/// Between a half and the whole of what doubles each time, so that pods that failed together do not come back together.
fn pause(kind: ErrorKind, is_in_need: bool, failures: u32, luck: f64) -> Duration {
    let (first, longest) = match kind {
        ErrorKind::Unreachable | ErrorKind::Temporary | ErrorKind::Malformed => {
            (PAUSE, if is_in_need { LONGEST_PAUSE_IN_NEED } else { LONGEST_PAUSE })
        }
        ErrorKind::Refused | ErrorKind::Configuration | ErrorKind::Unsupported => (REFUSED_PAUSE, LONGEST_PAUSE),
    };
    let whole = (first * 2_u32.pow(failures.saturating_sub(1).min(6))).min(longest);
    whole.mul_f64(0.5 + luck.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod days;
#[cfg(test)]
mod tests;
