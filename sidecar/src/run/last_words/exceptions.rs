//! The exceptions in one stream of lines.
//!
//! Java's form is that of `Throwable.printStackTrace` and of the thread's default handler (`Exception in thread "main" …`),
//! Python's that of its `traceback` module, with Java's in it where py4j tells one (`Py4JJavaError`); Spark's own is a log line
//! of level ERROR. The JVM's log may come in the midst of a traceback, since two processes write to one stream.

use crate::run::secrets::masked;

/// Characters of what is kept.
const KEPT: usize = 400;
/// Lines in a traceback that are not its own, until it is given up: the log of a JVM, and the stack that goes with it.
const FOREIGN: usize = 100;

const TRACEBACK: &str = "Traceback (most recent call last):";
/// That of an `ExceptionGroup` (Python 3.11, PEP 654), whose lines have a margin.
const GROUP: &str = "  + Exception Group Traceback (most recent call last):";
/// Words before a colon that are no exceptions.
const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "WARNING", "ERROR"];

/// What was read so far.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Exceptions {
    place: Place,
    exception: Option<String>,
    cause: Option<String>,
    count: usize,
    error: Option<String>,
    /// The JVM's main thread died of an exception.
    main_has_thrown: bool,
    /// `SparkContext is stopping with exitCode …` (Spark 3.4 and later).
    stopping_with: Option<u8>,
}

/// Where in the text the next line is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Anywhere,
    /// After Python's `Traceback`, with so many lines of others.
    Traceback(usize),
    /// After the place of a syntax error, which has no traceback: it was not in a call.
    Syntax,
    /// In the traceback of a group of exceptions.
    Group,
    /// After what the group said of itself: the first exception of it is to come.
    Grouped,
    /// After the exception that ends a traceback with so many lines of others.
    Told(usize),
    /// After an exception that ends with a colon: its message is in a line to come.
    Exception,
    /// After such a cause.
    Cause,
}

impl Exceptions {
    /// The last one, with its last cause.
    pub fn exception(&self) -> Option<String> {
        let exception = self.exception.as_ref()?;
        Some(match &self.cause {
            Some(cause) => format!("{exception} — {cause}"),
            None => exception.clone(),
        })
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The last error that was logged.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// What Spark said of the exit code, or else 1 after an uncaught exception, and 0.
    pub fn earned(&self) -> u8 {
        match self.stopping_with {
            Some(code) if code != 0 => code,
            _ => u8::from(self.main_has_thrown),
        }
    }

    /// Takes the next line, without what ends it.
    pub fn read(&mut self, line: &str) {
        self.place = match self.place {
            Place::Anywhere => self.anywhere(line),
            place if line.is_empty() => place,
            Place::Traceback(foreign) => self.in_traceback(line, foreign),
            Place::Group => self.in_group(line, "  | "),
            Place::Grouped => self.in_group(line, "    | "),
            Place::Syntax if line.starts_with(' ') => Place::Syntax,
            Place::Syntax if is_syntax_error(line) => self.tell(line, Place::Told(0)),
            Place::Told(foreign) => self.after_traceback(line, foreign),
            place @ (Place::Exception | Place::Cause) => self.message(line, place),
            Place::Syntax => self.anywhere(line),
        };
    }

    fn anywhere(&mut self, line: &str) -> Place {
        if line.starts_with(TRACEBACK) {
            return Place::Traceback(0);
        } else if line == GROUP {
            return Place::Group;
        } else if is_place_of_syntax_error(line) {
            return Place::Syntax;
        } else if line.starts_with("Exception in thread ") {
            self.main_has_thrown |= line.starts_with("Exception in thread \"main\" ");
            return self.tell(line, Place::Anywhere);
        } else if line.starts_with("Caused by: ") && self.exception.is_some() {
            self.cause = Some(kept(line));
            return if awaits_message(line) { Place::Cause } else { Place::Anywhere };
        } else if let Some((_, code)) = line.split_once("SparkContext is stopping with exitCode ") {
            let digits: String = code.chars().take_while(char::is_ascii_digit).collect();
            self.stopping_with = digits.parse().ok();
        } else if line.contains(" ERROR ") || line.starts_with("Error: ") {
            self.error = Some(kept(line));
        }
        Place::Anywhere
    }

    /// An exception; its message may follow, if nothing else does.
    fn tell(&mut self, line: &str, place: Place) -> Place {
        (self.exception, self.cause) = (Some(kept(line)), None);
        self.count += 1;
        if awaits_message(line) { Place::Exception } else { place }
    }

    fn in_traceback(&mut self, line: &str, foreign: usize) -> Place {
        if line.starts_with(' ') {
            Place::Traceback(foreign)
        } else if is_pythons(line) {
            self.tell(line, Place::Told(foreign))
        } else {
            match self.anywhere(line) {
                Place::Anywhere if foreign < FOREIGN => Place::Traceback(foreign + 1),
                place => place,
            }
        }
    }

    /// The group's own exception comes after its traceback, and then those that are in it, further in: the first is its cause.
    fn in_group(&mut self, line: &str, margin: &str) -> Place {
        let place = self.place;
        match line.strip_prefix(margin).filter(|line| is_pythons(line)) {
            Some(exception) if place == Place::Group => self.tell(exception, Place::Grouped),
            Some(exception) => {
                self.cause = Some(kept(exception));
                Place::Anywhere
            }
            None => match self.anywhere(line) {
                Place::Anywhere => place,
                other => other,
            },
        }
    }

    fn after_traceback(&mut self, line: &str, foreign: usize) -> Place {
        let is_py4j = self.exception.as_deref().is_some_and(|told| told.starts_with("py4j."));
        match line.strip_prefix(": ") {
            Some(java) if is_py4j => {
                // It is the same exception, in Java's words.
                self.count -= 1;
                self.tell(java, Place::Anywhere)
            }
            // It was the exception of a log line before it, and the traceback goes on.
            _ if foreign > 0 && line.starts_with("\tat ") => Place::Traceback(foreign),
            _ => self.anywhere(line),
        }
    }

    /// What an exception, or a cause, has to say comes in the first line that is not indented: Python's of an executor after
    /// its own traceback, a parser's after an empty line.
    fn message(&mut self, line: &str, place: Place) -> Place {
        if line.starts_with(' ') || is_log(line) || line.chars().all(|c| c == '^') {
            return place;
        }
        if line.starts_with('\t') || line.starts_with(TRACEBACK) || line.starts_with("Caused by: ") {
            return self.anywhere(line);
        }
        let told = if place == Place::Cause { &mut self.cause } else { &mut self.exception };
        if let Some(told) = told {
            *told = shortened(format!("{told} {}", masked(line)));
        }
        Place::Anywhere
    }
}

/// `KeyError: 'x'`, `KeyboardInterrupt`, `pyspark.errors.AnalysisException: …`, `__main__.main.<locals>.Late`.
fn is_pythons(line: &str) -> bool {
    let name = line.split(": ").next().unwrap_or_default().trim_end_matches(':');
    let is_part = |c: char| c.is_alphanumeric() || "_.<>".contains(c);
    name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(is_part) && !LEVELS.contains(&name)
}

/// `  File "job.py", line 4`; within a traceback a name follows.
fn is_place_of_syntax_error(line: &str) -> bool {
    let place = line.strip_prefix("  File \"").and_then(|place| place.rsplit_once("\", line "));
    place.is_some_and(|(_, number)| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

fn is_syntax_error(line: &str) -> bool {
    ["SyntaxError", "IndentationError", "TabError"].contains(&line.split(':').next().unwrap_or_default())
}

/// By its date, as all of Spark's layouts begin, or as JSON.
fn is_log(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_digit()) || line.starts_with("{\"ts\":")
}

/// An exception without one, or with an executor's traceback for it.
fn awaits_message(line: &str) -> bool {
    line.ends_with(':')
}

/// What is kept of a line: its beginning, without values that may be secrets.
fn kept(line: &str) -> String {
    shortened(masked(line.strip_suffix(TRACEBACK).unwrap_or(line).trim_end()))
}

fn shortened(mut words: String) -> String {
    if let Some((end, _)) = words.char_indices().nth(KEPT) {
        words.truncate(end);
        words.push('…');
    }
    words
}
