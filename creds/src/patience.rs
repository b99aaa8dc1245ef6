//! Asking again: what can pass is tried a few times, what only needs its time is waited for, and all of it ends.

use std::time::{Duration, Instant};

use crate::error::Error;

/// How patient to be with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Until a connection stands.
    pub connect: Duration,
    /// From the request until the last byte of its answer.
    pub answer: Duration,
    /// How many requests of one sort to send at most, where what failed can pass by itself.
    pub attempts: u32,
    /// The first pause between two of them. It doubles each time, up to eight times itself.
    pub pause: Duration,
    /// For everything together. No request is begun after it; one that was begun keeps its own bounds.
    pub total: Duration,
}

/// What to make of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It will be the same the next time.
    Never,
    /// It may have been bad luck: as many attempts as were set.
    Few,
    /// It needs time, as a role does that was attached a moment ago: until the total is used up.
    UntilTotal,
}

/// An attempt that failed.
#[derive(Debug)]
pub(crate) struct Failed {
    /// Why.
    pub error: Error,
    /// Whether to try again.
    pub again: Again,
}

impl Failed {
    /// Failed for good.
    pub fn never(error: Error) -> Self {
        Self { error, again: Again::Never }
    }

    /// Failed perhaps by bad luck.
    pub fn few(error: Error) -> Self {
        Self { error, again: Again::Few }
    }
}

impl Patience {
    /// Asks until there is a result, or patience ends. `begun` is when the first question of all was asked.
    ///
    /// # Errors
    /// That of the last attempt, with how often and how long it was tried when that was more than once.
    pub(crate) async fn ask<T>(
        &self,
        begun: Instant,
        mut question: impl AsyncFnMut() -> Result<T, Failed>,
    ) -> Result<T, Error> {
        let mut attempt = 1;
        loop {
            let Failed { error, again } = match question().await {
                Ok(result) => return Ok(result),
                Err(failed) => failed,
            };
            let Some(pause) = self.next(again, attempt, begun.elapsed()) else {
                return Err(if attempt > 1 { told(&error, attempt, begun.elapsed()) } else { error });
            };
            tracing::debug!(attempt, cause = %error, "asking again");
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// How long to wait before the next attempt, if there shall be one. `attempt` counts from 1.
    fn next(&self, again: Again, attempt: u32, elapsed: Duration) -> Option<Duration> {
        let pause = self.pause * (1 << (attempt - 1).min(3));
        let more = match again {
            Again::Never => false,
            Again::Few => attempt < self.attempts,
            Again::UntilTotal => true,
        };
        (more && elapsed + pause < self.total).then_some(pause)
    }
}

/// The same error, with how hard it was tried.
fn told(error: &Error, attempts: u32, elapsed: Duration) -> Error {
    let seconds = elapsed.as_secs_f32();
    Error::new(error.kind(), format!("{error} ({attempts} attempts in {seconds:.1} s)"), error.remedy())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        connect: Duration::from_secs(1),
        answer: Duration::from_secs(2),
        attempts: 3,
        pause: Duration::from_millis(250),
        total: Duration::from_secs(10),
    };

    #[test]
    fn patience_ends_with_the_attempts_or_with_the_total() {
        let ms = Duration::from_millis;
        for (again, attempt, elapsed, expected) in [
            (Again::Never, 1, 0, None),
            (Again::Few, 1, 0, Some(250)),
            (Again::Few, 2, 0, Some(500)),
            (Again::Few, 3, 0, None),
            (Again::Few, 1, 9749, Some(250)),
            (Again::Few, 1, 9750, None),
            (Again::UntilTotal, 3, 0, Some(1000)),
            (Again::UntilTotal, 4, 0, Some(2000)),
            (Again::UntilTotal, 40, 0, Some(2000)),
            (Again::UntilTotal, 40, 8000, None),
        ] {
            let next = PATIENCE.next(again, attempt, ms(elapsed));
            assert_eq!(next, expected.map(ms), "{again:?} {attempt} {elapsed}");
        }
    }
}
