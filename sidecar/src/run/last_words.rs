//! What of the driver's stderr is worth keeping: its last exception, and what it says of its own end.
//!
//! Bytes come in pieces and lines may be long or no text at all, so only the beginning of each line is looked at, and little is
//! kept. Java's form is that of `Throwable.printStackTrace` and of the thread's default handler (`Exception in thread "main" …`),
//! Python's that of its `traceback` module; Spark's own is a log line of level ERROR.

use std::mem;

use crate::run::secrets::masked;

/// Bytes of a line that are looked at.
const LINE: usize = 1024;
/// Characters of what is kept.
const KEPT: usize = 400;

/// What was read so far.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct LastWords {
    line: Vec<u8>,
    /// After Python's `Traceback`: the next line that is not indented is the exception.
    in_traceback: bool,
    exception: Option<String>,
    cause: Option<String>,
    error: Option<String>,
    /// The JVM's main thread died of an exception.
    main_has_thrown: bool,
    /// `SparkContext is stopping with exitCode …` (Spark 3.4 and later).
    stopping_with: Option<u8>,
}

impl LastWords {
    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE.saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.end_of_line();
            }
        }
    }

    /// The last exception with its last cause, or else the last error that was logged; what may be a secret is left out.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let cause = |exception: &String| match &self.cause {
            Some(cause) => format!("{exception} — {cause}"),
            None => exception.clone(),
        };
        self.exception.as_ref().map(cause).or_else(|| self.error.clone())
    }

    /// The code that the application has earned so far, if its main method has returned or thrown: what Spark said of it, or
    /// else 1 after an uncaught exception, and 0.
    #[must_use]
    pub fn earned(&self) -> u8 {
        match self.stopping_with {
            Some(code) if code != 0 => code,
            _ => u8::from(self.main_has_thrown),
        }
    }

    fn end_of_line(&mut self) {
        let line = mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&line);
        self.read(text.trim_end());
        self.line = line;
        self.line.clear();
    }

    fn read(&mut self, line: &str) {
        if mem::take(&mut self.in_traceback) {
            // Indented, or empty: the traceback goes on.
            if line.is_empty() || line.starts_with(' ') {
                self.in_traceback = true;
            } else {
                (self.exception, self.cause) = (Some(kept(line)), None);
            }
        } else if line.starts_with("Traceback (most recent call last)") {
            self.in_traceback = true;
        } else if line.starts_with("Exception in thread ") {
            (self.exception, self.cause) = (Some(kept(line)), None);
            self.main_has_thrown |= line.starts_with("Exception in thread \"main\" ");
        } else if line.starts_with("Caused by: ") && self.exception.is_some() {
            self.cause = Some(kept(line));
        } else if let Some((_, code)) = line.split_once("SparkContext is stopping with exitCode ") {
            let digits: String = code.chars().take_while(char::is_ascii_digit).collect();
            self.stopping_with = digits.parse().ok();
        } else if line.contains(" ERROR ") {
            self.error = Some(kept(line));
        }
    }
}

/// What is kept of a line: its beginning, without values that may be secrets.
fn kept(line: &str) -> String {
    let mut words = masked(line);
    if let Some((end, _)) = words.char_indices().nth(KEPT) {
        words.truncate(end);
        words.push('…');
    }
    words
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn after(text: &str) -> LastWords {
        let mut words = LastWords::default();
        words.feed(text.as_bytes());
        words
    }

    const JAVA: &str = "26/11/23 05:00:00 ERROR Executor: something\n\
        Exception in thread \"main\" org.apache.spark.SparkException: Job aborted\n\tat a.B.c(B.scala:1)\n\
        Caused by: java.io.IOException: first\n\t... 3 more\nCaused by: java.net.ConnectException: refused\n\tat d.E\n";
    const PYTHON: &str = "Traceback (most recent call last):\n  File \"job.py\", line 3, in <module>\n    1 / 0\n\
        ZeroDivisionError: division by zero\n26/11/23 INFO SparkContext: SparkContext is stopping with exitCode 0 from stop at\n";

    #[test]
    fn the_last_exception_is_kept_with_its_last_cause() {
        for (text, words) in [
            (
                JAVA,
                Some(
                    "Exception in thread \"main\" org.apache.spark.SparkException: Job aborted — Caused by: \
                     java.net.ConnectException: refused",
                ),
            ),
            (PYTHON, Some("ZeroDivisionError: division by zero")),
            (
                "a\n26/11/23 05:00:00 ERROR Utils: Aborting task\nINFO b\n",
                Some("26/11/23 05:00:00 ERROR Utils: Aborting task"),
            ),
            ("Caused by: nothing before\n", None),
            ("all is well\n", None),
            ("Traceback (most recent call last):\n  File\n", None),
            ("ExpiredToken without an end of line", None),
        ] {
            assert_eq!(after(text).words().as_deref(), words, "{text}");
        }
    }

    #[test]
    fn a_later_exception_takes_the_place_of_an_earlier_one() {
        assert_eq!(after(&format!("{JAVA}{PYTHON}")).words().as_deref(), Some("ZeroDivisionError: division by zero"));
    }

    #[test]
    fn what_the_application_earned_is_read() {
        for (text, code) in [
            ("", 0),
            (JAVA, 1),
            (PYTHON, 0),
            ("Exception in thread \"pool-1\" java.lang.Error\n", 0),
            ("INFO SparkContext: SparkContext is stopping with exitCode 1 from stop at X.\n", 1),
            ("INFO SparkContext: SparkContext is stopping with exitCode 7.\n", 7),
        ] {
            assert_eq!(after(text).earned(), code, "{text}");
        }
    }

    #[test]
    fn secrets_are_left_out() {
        let words = after("Traceback (most recent call last):\nError: {\"password\": \"hunter2\"}\n").words();
        assert_eq!(words.as_deref(), Some("Error: {\"password\": \"…\"}"));
    }

    #[test]
    fn little_is_kept_of_lines_that_are_long_or_no_text() {
        let mut words = after("Exception in thread \"x\" ");
        words.feed(&vec![b'a'; 1 << 20]);
        words.feed(b"\nCaused by: \xff\xfe\n");
        assert_eq!(words.words().unwrap().chars().count(), KEPT + " … — Caused by: ".chars().count() + 1);
        assert!(words.line.capacity() <= 2 * LINE);
    }

    proptest! {
        #[test]
        fn the_pieces_in_which_bytes_come_do_not_matter(cuts in prop::collection::vec(0..JAVA.len(), 0..20)) {
            let mut words = LastWords::default();
            let mut cuts = cuts;
            cuts.extend([0, JAVA.len()]);
            cuts.sort_unstable();
            for pair in cuts.windows(2) {
                words.feed(&JAVA.as_bytes()[pair[0]..pair[1]]);
            }
            prop_assert_eq!(words, after(JAVA));
        }
    }
}
