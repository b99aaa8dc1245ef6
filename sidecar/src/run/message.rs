//! What the wrapper leaves as its termination message.
//!
//! A provisional one is written at the start: if the kernel kills the whole container, it is the last word and says so.

use std::path::Path;

use serde::Serialize;

use crate::{
    protocol::Attempt, run::memory::OutOfMemory, spark_codes::meaning, termination_log::write, verdict::Verdict,
};

/// What is known of the driver's end beside the verdict.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Circumstances {
    /// The kernel killed one of its processes.
    pub out_of_memory: Option<OutOfMemory>,
    /// The last exception in its output, if it failed.
    pub last_words: Option<String>,
    /// The container's own exit code, where the exit map made another of it.
    pub mapped: Option<u8>,
}

#[derive(Default, Serialize)]
struct Message<'a> {
    verdict: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    whose: Option<&'a str>,
    /// The container's own exit code, where the exit map made another of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    mapped: Option<u8>,
    /// What Spark means by the driver's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_of_memory: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_words: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<&'a str>,
}

/// Written before the driver starts.
pub fn write_provisional(path: &Path, attempt: Option<&Attempt>) {
    let verdict =
        "running; if this is the last word, the whole container was killed at once (out of memory, or SIGKILL)";
    write(path, &Message { verdict, attempt: number(attempt), application_id: id(attempt), ..Message::default() });
}

/// Written when the verdict is known.
pub fn write_final(path: &Path, attempt: Option<&Attempt>, verdict: &Verdict, circumstances: &Circumstances) {
    let code_of_driver = match verdict {
        Verdict::Exited(code) => Some(i32::from(*code)),
        _ => None,
    };
    let message = Message {
        verdict: &verdict.to_string(),
        code: verdict.code(),
        whose: Some(verdict.whose()),
        mapped: circumstances.mapped,
        meaning: code_of_driver.and_then(meaning),
        out_of_memory: circumstances.out_of_memory.as_ref().map(ToString::to_string),
        last_words: circumstances.last_words.as_deref(),
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

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn it_says_how_why_and_with_which_last_words() {
        let path = tempfile::NamedTempFile::new().unwrap();
        let attempt = Attempt { number: 2, application_id: "spark-x-2".into(), since: 5 };
        let out_of_memory = Some(OutOfMemory { kills: 1, limit: Some(64 << 20), peak: None });
        let circumstances = Circumstances {
            out_of_memory,
            last_words: Some("Exception in thread \"main\" a.B".into()),
            mapped: Some(0),
        };
        write_final(path.path(), Some(&attempt), &Verdict::Exited(101), &circumstances);
        let mut said: Value = serde_json::from_slice(&fs::read(path.path()).unwrap()).unwrap();
        let memory = said["out_of_memory"].take();
        assert!(memory.as_str().unwrap().contains("at its limit of 64 MiB"), "{memory}");
        assert_eq!(
            said,
            json!({"verdict": "exited with code 101", "code": 101, "whose": "driver", "mapped": 0, "out_of_memory": null,
                "meaning": "the main class or the application's jar was not found",
                "last_words": "Exception in thread \"main\" a.B", "attempt": 2, "application_id": "spark-x-2"})
        );
    }

    #[test]
    fn what_is_not_known_is_not_there() {
        let path = tempfile::NamedTempFile::new().unwrap();
        write_final(path.path(), None, &Verdict::Exited(7), &Circumstances::default());
        let said = fs::read_to_string(path.path()).unwrap();
        assert_eq!(said, r#"{"code":7,"verdict":"exited with code 7","whose":"driver"}"#);
    }
}
