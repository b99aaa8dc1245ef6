//! What the wrapper leaves as its termination message.
//!
//! A provisional one is written at the start: if the kernel kills the whole container, it is the last word and says so.

use std::path::Path;

use serde::Serialize;

use crate::{protocol::Attempt, termination_log::write, verdict::Verdict};

#[derive(Serialize)]
struct Message<'a> {
    verdict: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    whose: Option<&'a str>,
    /// The container's own exit code, where the exit map made another of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mapped: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<&'a str>,
}

/// Written before the driver starts.
pub fn write_provisional(path: &Path, attempt: Option<&Attempt>) {
    let verdict =
        "running; if this is the last word, the whole container was killed at once (out of memory, or SIGKILL)";
    write(
        path,
        &Message {
            verdict,
            code: None,
            whose: None,
            mapped: None,
            attempt: number(attempt),
            application_id: id(attempt),
        },
    );
}

/// Written when the verdict is known.
pub fn write_final(path: &Path, attempt: Option<&Attempt>, verdict: &Verdict, mapped: Option<u8>) {
    let message = Message {
        verdict: &verdict.to_string(),
        code: verdict.code(),
        whose: Some(verdict.whose()),
        mapped,
        attempt: number(attempt),
        application_id: id(attempt),
    };
    write(path, &message);
}

fn number(attempt: Option<&Attempt>) -> Option<u32> {
    attempt.map(|attempt| attempt.number)
}

fn id(attempt: Option<&Attempt>) -> Option<&str> {
    attempt.map(|attempt| attempt.application_id.as_str())
}
