//! The alarms of a machine: one of each kind, the earliest rings first.

use std::{collections::BTreeMap, future::pending, time::Duration};

use tokio::time::{Instant, sleep_until};

/// Alarms that were armed and have not rung.
#[derive(Debug)]
pub struct Timers<T>(BTreeMap<T, Instant>);

impl<T: Ord> Default for Timers<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord + Copy> Timers<T> {
    /// Sets an alarm; one of the same kind is set anew.
    pub fn arm(&mut self, timer: T, length: Duration) {
        self.0.insert(timer, Instant::now() + length);
    }

    /// Waits for the next alarm; for ever when there is none. Losing a `select!` loses no alarm.
    pub async fn ring(&mut self) -> T {
        match self.0.iter().min_by_key(|(_, at)| **at).map(|(timer, at)| (*timer, *at)) {
            Some((timer, at)) => {
                sleep_until(at).await;
                self.0.remove(&timer);
                timer
            }
            None => pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_earliest_rings_first_and_arming_again_sets_anew() {
        let mut timers = Timers::default();
        timers.arm('a', Duration::from_secs(1));
        timers.arm('b', Duration::from_secs(2));
        timers.arm('a', Duration::from_secs(3));
        let start = Instant::now();
        assert_eq!((timers.ring().await, start.elapsed().as_secs()), ('b', 2));
        assert_eq!((timers.ring().await, start.elapsed().as_secs()), ('a', 3));
    }
}
