//! How one proxy is asked: often enough to be heard, and no more. A machine that knows no clock and no socket; between
//! two of its steps lies a pause of [`PAUSE`].

use std::{fmt, time::Duration};

/// Between two steps.
pub const PAUSE: Duration = Duration::from_secs(1);

/// Requests to one proxy in all: some answer wrongly at first, some are started again by a liveness probe.
const ASKS: u32 = 5;
/// Looks at a port where nobody listens, before the proxy is taken for absent: it may be about to start.
const ABSENT: u32 = 5;
/// Looks at a proxy that agreed, before it is asked again. Istio drains for 5 s.
const DRAINING: u32 = 20;
/// Looks after it is gone, in case it comes back. The kubelet's first restart follows at once, the second after 10 s.
const GONE: u32 = 30;

/// What a step showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It agreed to quit.
    Agreed,
    /// It answered something else: this HTTP status.
    Refused(u16),
    /// It took the connection and gave no answer, or none that is HTTP.
    Silent,
    /// Nobody listens.
    Closed,
    /// Somebody listens.
    Open,
}

/// The next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Ask it; answered by any of [`Seen`] but `Open`.
    Ask,
    /// See whether somebody listens; answered by `Open` or `Closed`.
    Look,
    /// Nothing more.
    Done,
}

/// What came of it, worth a line in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// It is gone. It is watched for a while, since it may come back.
    Quit,
    /// It was never there.
    Absent,
    /// It said no: this HTTP status.
    Refused(u16),
    /// It never answered.
    Silent,
    /// It agreed and did not go, or came back each time.
    Stays,
}

impl Came {
    /// In metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quit => "quit",
            Self::Absent => "absent",
            Self::Refused(_) => "refused",
            Self::Silent => "silent",
            Self::Stays => "stays",
        }
    }
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quit => f.write_str("it is gone"),
            Self::Absent => f.write_str("nobody listens there"),
            Self::Refused(status) => write!(f, "it answers {status}"),
            Self::Silent => f.write_str("it does not answer"),
            Self::Stays => f.write_str("it agrees to quit, and stays or comes back"),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// To be asked; a number of times nobody listened.
    Wanted(u32),
    Draining(u32),
    Gone(u32),
}

/// The asking of one proxy. It begins with [`Next::Ask`].
#[derive(Debug, Clone)]
pub struct Asking {
    stage: Stage,
    asks: u32,
    agreed: bool,
}

impl Default for Asking {
    fn default() -> Self {
        Self { stage: Stage::Wanted(0), asks: 0, agreed: false }
    }
}

impl Asking {
    /// What to do after this, and what is to be told.
    pub fn step(&mut self, seen: Seen) -> (Next, Option<Came>) {
        match (self.stage, seen) {
            (Stage::Wanted(_), Seen::Closed) if self.agreed => self.gone(),
            (Stage::Wanted(looks), Seen::Closed) if looks + 1 < ABSENT => self.at(Stage::Wanted(looks + 1), Next::Ask),
            (Stage::Wanted(_), Seen::Closed) => (Next::Done, Some(Came::Absent)),
            (Stage::Wanted(_), Seen::Agreed) => {
                (self.agreed, self.asks) = (true, self.asks + 1);
                self.at(Stage::Draining(0), Next::Look)
            }
            (Stage::Wanted(_), Seen::Refused(status)) => self.again(Came::Refused(status)),
            (Stage::Wanted(_), _) => self.again(Came::Silent),
            (Stage::Draining(_), Seen::Closed) => self.gone(),
            (Stage::Draining(looks), _) if looks + 1 < DRAINING => self.at(Stage::Draining(looks + 1), Next::Look),
            (Stage::Gone(looks), Seen::Closed) if looks + 1 < GONE => self.at(Stage::Gone(looks + 1), Next::Look),
            (Stage::Gone(_), Seen::Closed) => (Next::Done, None),
            (Stage::Draining(_) | Stage::Gone(_), _) if self.asks < ASKS => self.at(Stage::Wanted(0), Next::Ask),
            (Stage::Draining(_) | Stage::Gone(_), _) => (Next::Done, Some(Came::Stays)),
        }
    }

    fn at(&mut self, stage: Stage, next: Next) -> (Next, Option<Came>) {
        self.stage = stage;
        (next, None)
    }

    fn gone(&mut self) -> (Next, Option<Came>) {
        self.stage = Stage::Gone(0);
        (Next::Look, Some(Came::Quit))
    }

    fn again(&mut self, failed: Came) -> (Next, Option<Came>) {
        self.asks += 1;
        if self.asks < ASKS { self.at(Stage::Wanted(0), Next::Ask) } else { (Next::Done, Some(failed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays a proxy that shows this at each step; what is told, how often it was asked, and the steps it took.
    fn play(mut proxy: impl FnMut(Next, u32) -> Seen) -> (Vec<Came>, u32, u32) {
        let (mut asking, mut next) = (Asking::default(), Next::Ask);
        let (mut told, mut asks, mut steps) = (Vec::new(), 0, 0);
        while next != Next::Done {
            asks += u32::from(next == Next::Ask);
            let (then, came) = asking.step(proxy(next, steps));
            told.extend(came);
            steps += 1;
            next = then;
        }
        (told, asks, steps)
    }

    #[test]
    fn a_proxy_that_agrees_and_goes_is_asked_once() {
        let drains = |next, step| match next {
            Next::Ask => Seen::Agreed,
            _ if step < 6 => Seen::Open,
            _ => Seen::Closed,
        };
        assert_eq!(play(drains), (vec![Came::Quit], 1, 7 + GONE));
    }

    #[test]
    fn one_that_is_not_there_is_looked_for_a_few_times() {
        assert_eq!(play(|_, _| Seen::Closed), (vec![Came::Absent], ABSENT, ABSENT));
    }

    #[test]
    fn one_that_refuses_or_is_silent_is_asked_a_few_times() {
        assert_eq!(play(|_, _| Seen::Refused(404)), (vec![Came::Refused(404)], ASKS, ASKS));
        assert_eq!(play(|_, _| Seen::Silent), (vec![Came::Silent], ASKS, ASKS));
    }

    #[test]
    fn one_that_refuses_at_first_is_heard_when_it_agrees() {
        let late = |next, step| match next {
            Next::Ask if step < 2 => Seen::Refused(503),
            Next::Ask => Seen::Agreed,
            _ => Seen::Closed,
        };
        assert_eq!(play(late).0, [Came::Quit]);
    }

    #[test]
    fn one_that_agrees_and_stays_is_asked_again_and_then_told() {
        let stays = |next, _| if next == Next::Ask { Seen::Agreed } else { Seen::Open };
        assert_eq!(play(stays), (vec![Came::Stays], ASKS, ASKS * (1 + DRAINING)));
    }

    #[test]
    fn one_that_comes_back_is_asked_again_each_time_and_not_for_ever() {
        // It goes at once, and is there again three looks later.
        let (mut since, mut open) = (0, true);
        let comes_back = |next, _| {
            since += 1;
            if next == Next::Ask && open {
                (since, open) = (0, false);
                return Seen::Agreed;
            }
            open |= since > 3;
            if open { Seen::Open } else { Seen::Closed }
        };
        let (told, asks, _) = play(comes_back);
        assert_eq!(told, [Came::Quit, Came::Quit, Came::Quit, Came::Quit, Came::Quit, Came::Stays]);
        assert_eq!(asks, ASKS);
    }

    #[test]
    fn whatever_it_shows_the_asking_ends() {
        let all = [Seen::Agreed, Seen::Refused(500), Seen::Silent, Seen::Closed, Seen::Open];
        for seed in 0..5_000_u32 {
            let mut state = seed;
            let (_, asks, steps) = play(|_, _| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                all[(state >> 16) as usize % all.len()]
            });
            let most = ASKS * (ABSENT + DRAINING + GONE);
            assert!(asks <= ASKS * ABSENT && steps <= most, "{seed}: {asks} {steps}");
        }
    }
}
