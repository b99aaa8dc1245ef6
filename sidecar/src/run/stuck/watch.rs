//! How long the driver's port has been closed that was open once.

use std::time::Duration;

/// What was seen so far. Times count from the watch's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    after: Duration,
    seen: Seen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// The driver has not come so far.
    Nothing,
    Open,
    /// At this time for the first time after it was open.
    Closed(Duration),
}

impl Watch {
    /// For a port that may be closed for so long.
    #[must_use]
    pub fn new(after: Duration) -> Self {
        Self { after, seen: Seen::Nothing }
    }

    /// Takes a look at the port; true when it has been closed for too long. A second SparkContext opens it anew.
    pub fn look(&mut self, open: bool, now: Duration) -> bool {
        self.seen = match self.seen {
            _ if open => Seen::Open,
            Seen::Open => Seen::Closed(now),
            seen => seen,
        };
        matches!(self.seen, Seen::Closed(since) if now.saturating_sub(since) >= self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks once a second; the second in which it has been closed for three.
    fn found(looks: &str) -> Option<usize> {
        let mut watch = Watch::new(Duration::from_secs(3));
        looks.chars().zip(0_u64..).position(|(look, now)| watch.look(look == 'o', Duration::from_secs(now)))
    }

    #[test]
    fn it_counts_from_the_last_time_that_the_port_was_open() {
        for (looks, second) in [
            ("ooo---", None),
            ("ooo----", Some(6)),
            ("--o----", Some(6)),
            ("o---o---", None),
            ("o---o----", Some(8)),
            ("----------", None),
            ("oooooooooo", None),
            ("", None),
        ] {
            assert_eq!(found(looks), second, "{looks}");
        }
    }

    #[test]
    fn a_late_look_counts_the_time_and_not_the_looks() {
        let mut watch = Watch::new(Duration::from_secs(60));
        let looks = [(true, 0), (false, 5), (false, 64), (false, 900)];
        assert_eq!(looks.map(|(open, now)| watch.look(open, Duration::from_secs(now))), [false, false, false, true]);
    }
}
