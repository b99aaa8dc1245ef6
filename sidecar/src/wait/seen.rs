//! Which lines of a log were shown: a log that is taken up again begins with the whole second of the last line.

/// When a line was written, to the nanosecond, as it stands before the line (kubelet: RFC 3339, in the node's zone).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    /// Up to the second.
    second: String,
    /// Nine digits.
    fraction: String,
    zone: String,
}

impl Stamp {
    /// `2026-11-22T22:00:00.123456789Z` or `…+01:00`; the fraction may be shorter or absent.
    fn parse(text: &str) -> Option<Self> {
        let (second, rest) = text.split_at_checked("2026-11-22T22:00:00".len())?;
        let is_time = second.bytes().zip(b"0000-00-00T00:00:00".iter()).all(|(byte, like)| match like {
            b'0' => byte.is_ascii_digit(),
            _ => byte == *like,
        });
        let zone = rest.find(['Z', '+', '-'])?;
        let (fraction, zone) = rest.split_at(zone);
        let fraction = format!("{:0<9}", fraction.strip_prefix('.').unwrap_or_default());
        (is_time && fraction.bytes().all(|byte| byte.is_ascii_digit())).then(|| Self {
            second: second.to_owned(),
            fraction,
            zone: zone.to_owned(),
        })
    }
}

/// How far a log was shown.
#[derive(Debug, Default)]
pub struct Seen {
    last: Option<Stamp>,
    /// Lines shown that were written at that very moment.
    at_last: usize,
    /// The same since the log was taken up again.
    again: usize,
    /// Whether the line that comes is one that was shown.
    old: bool,
}

impl Seen {
    /// Where to take the log up, in whole seconds; empty for its begin.
    #[must_use]
    pub fn since(&self) -> String {
        self.last.as_ref().map_or_else(String::new, |last| format!("{}{}", last.second, last.zone))
    }

    /// The log is taken up again there.
    pub fn begin_again(&mut self) {
        (self.again, self.old) = (0, false);
    }

    /// What is to be shown of this line: all behind its time, or nothing when it was shown. A piece of a line that has no
    /// time goes with the one before it; where the connection breaks within such a line, the rest of it is lost.
    pub fn show<'a>(&mut self, line: &'a [u8]) -> Option<&'a [u8]> {
        let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
        let stamp = std::str::from_utf8(&line[..end]).ok().and_then(Stamp::parse);
        let Some(stamp) = stamp else {
            return (!self.old).then_some(line);
        };
        // A node that changes its zone writes times that cannot be compared: better twice than never.
        let order = self.last.as_ref().filter(|last| last.zone == stamp.zone).map(|last| stamp.cmp(last));
        self.old = match order {
            Some(std::cmp::Ordering::Less) => true,
            Some(std::cmp::Ordering::Equal) => {
                self.again += 1;
                self.again <= self.at_last
            }
            Some(std::cmp::Ordering::Greater) | None => {
                (self.last, self.at_last, self.again) = (Some(stamp), 0, 1);
                false
            }
        };
        if !self.old {
            self.at_last = self.at_last.max(self.again);
        }
        (!self.old).then_some(line.get(end + 1..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(seen: &mut Seen, lines: &[&str]) -> Vec<String> {
        let shown = lines.iter().filter_map(|line| seen.show(line.as_bytes()));
        shown.map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    #[test]
    fn a_log_taken_up_again_loses_and_doubles_nothing() {
        let log = [
            "2026-11-22T22:00:00.5Z a",
            "2026-11-22T22:00:01.100000000Z b",
            "2026-11-22T22:00:01.12Z c",
            "2026-11-22T22:00:01.12Z c",
            "a piece of it",
            "2026-11-22T22:00:01.12Z ",
            "2026-11-22T22:00:02Z e",
        ];
        let expected = ["a", "b", "c", "c", "a piece of it", "", "e"];
        // After 4 it would break within a line: the rest of that one is lost.
        for broken_after in (0..=log.len()).filter(|after| *after != 4) {
            let mut seen = Seen::default();
            let mut shown = show(&mut seen, &log[..broken_after]);
            let since = seen.since();
            let from = log.iter().position(|line| since.is_empty() || line.get(..19) >= since.get(..19)).unwrap();
            seen.begin_again();
            shown.extend(show(&mut seen, &log[from..]));
            assert_eq!(shown, expected, "broken off after {broken_after} lines");
        }
    }

    #[test]
    fn it_is_taken_up_at_the_whole_second_in_the_nodes_own_zone() {
        for (line, since) in [
            ("2026-11-22T22:00:01.999999999Z x", "2026-11-22T22:00:01Z"),
            ("2026-11-22T23:00:01.9+01:00 x", "2026-11-22T23:00:01+01:00"),
            ("no time", ""),
        ] {
            let mut seen = Seen::default();
            show(&mut seen, &[line]);
            assert_eq!(seen.since(), since);
        }
    }

    #[test]
    fn what_is_no_time_is_shown_as_it_is() {
        for line in
            ["", " ", "2026-11-22T22:00:01 x", "2026-11-22T22:00:01.x1Z x", "unable to retrieve container logs", "ü"]
        {
            assert_eq!(show(&mut Seen::default(), &[line]), [line]);
        }
    }
}
