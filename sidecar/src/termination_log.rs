//! The file whose content `kubectl describe pod` shows of an ended container (Kubernetes: `terminationMessagePath`).

use std::{fs::OpenOptions, io::Write, path::Path};

use serde::Serialize;
use serde_json::Value;

/// Where the kubelet mounts it unless the pod says otherwise.
pub const DEFAULT_PATH: &str = "/dev/termination-log";
/// Bytes of a message. The kubelet reads 4096 of each container's, but 12 KiB of all in a pod (Kubernetes: "Determine the Reason
/// for Pod Failure"; kubelet: `normalizeStatus`): with this, six containers keep theirs whole.
pub const LONGEST: usize = 2048;

/// Replaces the message by this one.
pub fn write(path: &Path, message: &impl Serialize) {
    put(path, &text(message));
}

/// The message as text. One that is too long loses the ends of its longest texts, and stays JSON.
#[must_use]
pub fn text(message: &impl Serialize) -> String {
    fitting(serde_json::to_value(message).unwrap_or_default())
}

/// Replaces the message by this text. The file is mounted by the kubelet, so it can neither be renamed nor made: where there is
/// none (a laptop), nothing is written. A message that cannot be written changes nothing else.
pub fn put(path: &Path, text: &str) {
    if let Ok(mut file) = OpenOptions::new().write(true).truncate(true).open(path)
        && let Err(error) = file.write_all(text.as_bytes())
    {
        tracing::warn!(path = %path.display(), %error, "cannot write the termination message");
    }
}

/// The message as text of at most [`LONGEST`] bytes.
fn fitting(mut message: Value) -> String {
    loop {
        let text = message.to_string();
        if text.len() <= LONGEST {
            return text;
        }
        let Some(largest) = largest(&mut message) else { return text };
        match largest {
            Value::String(text) => {
                text.truncate(text.floor_char_boundary(text.len() / 2));
                text.push('…');
            }
            Value::Array(items) => items.truncate(items.len() / 2),
            _ => return text,
        }
    }
}

/// A list of many parts, or else the longest text in it.
fn largest(value: &mut Value) -> Option<&mut Value> {
    match value {
        Value::Array(items) if items.len() > 8 => Some(value),
        Value::Array(items) => items.iter_mut().filter_map(largest).max_by_key(|part| part.to_string().len()),
        Value::Object(fields) => fields.values_mut().filter_map(largest).max_by_key(|part| part.to_string().len()),
        Value::String(_) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_that_fits_is_left_alone() {
        let message = json!({"verdict": "exited with code 0", "code": 0});
        assert_eq!(fitting(message.clone()), message.to_string());
    }

    #[test]
    fn a_message_that_is_too_long_loses_the_ends_of_its_longest_parts_and_stays_json() {
        let failures: Vec<String> =
            (0..200).map(|number| format!("job-exec-{number}: OOMKilled, exit code 137")).collect();
        for message in [
            json!({"verdict": "exited with code 1", "last_words": "x".repeat(100_000)}),
            json!({"verdict": "exited with code 1", "last_words": "\u{1}".repeat(4000)}),
            json!({"verdict": "exited with code 1", "problems": ["ä".repeat(3000), "y".repeat(5000)], "code": 1}),
            json!({"verdict": "exited with code 1", "executor_failures": failures}),
        ] {
            let text = fitting(message);
            assert!(text.len() <= LONGEST, "{}", text.len());
            let read: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read["verdict"], "exited with code 1");
        }
    }
}
