//! JSON lines on stderr, and the termination message.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use tracing::error;
use tracing::level_filters::LevelFilter;

use crate::args::Verb;
use crate::failure::Failure;

/// The kubelet reads no more of a termination message, in bytes.
const LONGEST_MESSAGE: usize = 4096;

/// Sends log lines to stderr; `check` says everything in its report. Never below INFO: the SDK's finer lines hold
/// requests, and requests hold the token.
pub fn init(verb: Verb) {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_current_span(false)
        .with_span_list(false)
        .with_max_level(if verb == Verb::Check { LevelFilter::OFF } else { LevelFilter::INFO })
        .with_writer(std::io::stderr)
        // It would tell its own trouble with eprintln!, which panics where stderr is full or closed.
        .log_internal_errors(false)
        .init();
}

/// Tells a failure: one log line per fault, the last line with the code, and the termination message if the kubelet
/// wants one.
pub fn tell(failure: &Failure, termination_log: &Path) {
    for fault in &failure.faults {
        error!(remedy = fault.remedy, "{}", fault.cause);
    }
    error!(code = failure.code(), "codriver-init failed; the driver will not start");
    let message = shortened(failure.to_string());
    // Only the kubelet makes this file; where it is not there, nobody would read it.
    let file = OpenOptions::new().write(true).truncate(true).open(termination_log);
    let _ = file.and_then(|mut file| file.write_all(message.as_bytes()));
}

/// A message that the kubelet takes whole; of a longer one it says where the rest is.
fn shortened(mut message: String) -> String {
    const REST: &str = "…\nthe rest is in the log";
    if message.len() > LONGEST_MESSAGE {
        let mut end = LONGEST_MESSAGE - REST.len();
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
        message.push_str(REST);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_says_where_the_rest_is() {
        assert_eq!(shortened("short".into()), "short");
        let message = shortened("ä".repeat(LONGEST_MESSAGE));
        assert!(message.len() <= LONGEST_MESSAGE && message.ends_with("ä…\nthe rest is in the log"));
    }
}
