//! The wait for a copy that is under way: for as long as it moves.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Between two bytes that a slow reader takes.
pub const STALL: Duration = Duration::from_secs(1);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until it is idle; gives up when nothing moves for [`STALL`], and after `longest`. Whether it is idle.
pub async fn settle(idle: impl Fn() -> bool, moved: impl Fn() -> u64, longest: Duration) -> bool {
    let begin = Instant::now();
    let (mut last, mut since) = (moved(), begin);
    while !idle() {
        if since.elapsed() >= STALL || begin.elapsed() >= longest {
            return false;
        }
        sleep(PAUSE).await;
        let now = moved();
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: Duration = Duration::from_secs(10);

    /// Whether it settled and how long that took, if bytes come until the first moment and it is idle from the second on.
    async fn settled(moving: Duration, idle: Duration) -> (bool, Duration) {
        let begin = Instant::now();
        let moved = || begin.elapsed().min(moving).as_millis() as u64;
        let settled = settle(|| begin.elapsed() >= idle, moved, LONGEST).await;
        (settled, begin.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn it_takes_as_long_as_bytes_move_and_not_longer_than_it_may() {
        let seconds = Duration::from_secs;
        for (moving, idle, expected) in [
            (seconds(0), seconds(0), (true, seconds(0))),
            (seconds(5), seconds(5), (true, seconds(5))),
            (seconds(0), seconds(60), (false, STALL)),
            (seconds(5), seconds(60), (false, seconds(5) + STALL)),
            (seconds(60), seconds(60), (false, LONGEST)),
        ] {
            let (settled, took) = settled(moving, idle).await;
            let late = took.saturating_sub(expected.1);
            assert!(
                settled == expected.0 && took >= expected.1 && late < 3 * PAUSE,
                "{settled} after {took:?}: {expected:?}"
            );
        }
    }
}
