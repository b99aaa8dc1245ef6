//! Times as the API server writes them: RFC 3339, in UTC, whole seconds.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, de::Error};

/// Seconds since 1970-01-01T00:00:00Z. A `SystemTime` loses its fraction, as it does in the API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// Reads `2026-11-22T22:10:31Z`; a fraction of a second is dropped, and any zone but `Z` is refused, since the API
    /// server writes no other.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let [year, month, day] = numbers(date, '-')?;
        let time = time.split_once('.').map_or(time, |(whole, _)| whole);
        let [hour, minute, second] = numbers(time, ':')?;
        let in_range = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        in_range.then(|| Self(((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second))
    }
}

/// Exactly three numbers between separators.
fn numbers(text: &str, separator: char) -> Option<[u64; 3]> {
    let mut parts = text.split(separator);
    let mut next = || parts.next().filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok();
    let found = [next()?, next()?, next()?];
    parts.next().is_none().then_some(found)
}

/// Days since 1970-01-01 in the Gregorian calendar. The year is taken to begin in March, so that the leap day is its
/// last: the days before a month are then `(153 * month + 2) / 5`.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year / 4 - year / 100 + year / 400;
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// The inverse of [`days`].
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

impl fmt::Display for Timestamp {
    /// As [`Timestamp::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (minutes, second) = (self.0 / 60, self.0 % 60);
        let (hours, minute) = (minutes / 60, minutes % 60);
        let ((year, month, day), hour) = (date(hours / 24), hours % 24);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(Timestamp(seconds): Timestamp) -> Self {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format_args!("{text:?} is not a time in RFC 3339, UTC")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times_are_read() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1972-02-29T12:00:00Z", 68_212_800),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-11-22T22:10:31Z", 1_795_385_431),
            ("2026-11-22T22:10:31.987654Z", 1_795_385_431),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
        ] {
            assert_eq!(Timestamp::parse(text), Some(Timestamp(seconds)), "{text}");
        }
    }

    #[test]
    fn every_day_is_written_as_it_is_read() {
        // From 1970 until after the leap day of 2400, which closes the calendar's longest circle.
        for day in 0..157_200 {
            let time = Timestamp(day * 86_400 + 86_399);
            let text = time.to_string();
            assert!(text.ends_with("T23:59:59Z"), "{text}");
            assert_eq!(Timestamp::parse(&text), Some(time), "{text}");
        }
        assert_eq!(Timestamp(951_868_799).to_string(), "2000-02-29T23:59:59Z");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "Z",
            "2026-11-22",
            "2026-11-22T22:10:31",
            "2026-11-22T22:10:31+01:00",
            "2026-13-22T22:10:31Z",
            "2026-11-22T22:10Z",
            "2026-11-22T22:10:31:00Z",
            "-026-11-22T22:10:31Z",
            "2026-11-+2T22:10:31Z",
            "99999999999999999999-11-22T22:10:31Z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_system_time_loses_its_fraction() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_385_431_999);
        assert_eq!(Timestamp::from(time), Timestamp(1_795_385_431));
        assert_eq!(SystemTime::from(Timestamp(5)), UNIX_EPOCH + Duration::from_secs(5));
    }
}
