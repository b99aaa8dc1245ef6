//! The user's own executor pod template, as a file that is mounted into codriver-init's container.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use serde_json::Value;

use super::yaml;
use crate::failure::Fault;

/// The largest template in bytes. A ConfigMap, where it usually comes from, holds 1 MiB; a pod is a few KiB.
pub const LARGEST: u64 = 256 << 10;

/// Reads a template, YAML or JSON: one Pod. `setting` is what names the file.
///
/// # Errors
/// Why it cannot be used, with the remedy. Its values are not quoted.
pub fn load(setting: &str, file: &Path) -> Result<Value, Fault> {
    let fault = |cause: String, remedy: &str| Fault::new(format!("{setting} ({}): {cause}", file.display()), remedy);
    let text = read(file).map_err(|error| {
        fault(
            format!("cannot be read: {error}"),
            "mount the template, usually from a ConfigMap, into codriver-init's container, readable for its user",
        )
    })?;
    let pod = yaml::read(&text).map_err(|problem| {
        fault(format!("cannot be read as YAML: {problem}"), "try it with: kubectl apply --dry-run=server -f FILE")
    })?;
    let field = |name: &str| pod.get(name).and_then(Value::as_str).unwrap_or("none");
    if field("kind") != "Pod" || field("apiVersion") != "v1" {
        let cause = format!("its kind is {}, its apiVersion {}", field("kind"), field("apiVersion"));
        return Err(fault(cause, "begin it with `apiVersion: v1` and `kind: Pod`: it is a pod, not a Deployment"));
    }
    Ok(pod)
}

fn read(file: &Path) -> io::Result<String> {
    let opened = File::open(file)?;
    if !opened.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut text = String::new();
    opened.take(LARGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("it is larger than {} KiB", LARGEST >> 10)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn load_text(text: &[u8]) -> Result<Value, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("t.yaml");
        std::fs::write(&file, text).unwrap();
        load("TEMPLATE", &file).map_err(|fault| fault.cause.replace(&*file.to_string_lossy(), "FILE"))
    }

    #[test]
    fn a_pod_is_read_from_yaml_and_from_json() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": {"priorityClassName": "low"}});
        let yaml = "# ours\napiVersion: v1\nkind: Pod\nspec:\n  priorityClassName: low\n";
        assert_eq!(load_text(yaml.as_bytes()), Ok(pod.clone()));
        assert_eq!(load_text(pod.to_string().as_bytes()), Ok(pod));
    }

    #[test]
    fn what_is_no_pod_is_refused_with_the_reason() {
        let large = "#".repeat(256 << 10) + "\n";
        for (text, cause) in [
            (&b"apiVersion: v1\nkind: PodTemplate\n"[..], "its kind is PodTemplate, its apiVersion v1"),
            (b"apiVersion: apps/v1\nkind: Pod\n", "its kind is Pod, its apiVersion apps/v1"),
            (b"spec: {}\n", "its kind is none, its apiVersion none"),
            (b"- 1\n", "its kind is none, its apiVersion none"),
            (b"kind: Pod\npassword: hunter2: x\n", "cannot be read as YAML: line 2: "),
            (b"\xff", "cannot be read: "),
            (large.as_bytes(), "cannot be read: it is larger than 256 KiB"),
        ] {
            let found = load_text(text).unwrap_err();
            assert!(found.starts_with(&format!("TEMPLATE (FILE): {cause}")), "{found}");
            assert!(!found.contains("hunter2"), "{found}");
        }
    }

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        for path in ["/nowhere/t.yaml", "/", "/dev/zero", "s3://bucket/t.yaml"] {
            let fault = load("TEMPLATE", Path::new(path)).unwrap_err();
            assert!(fault.cause.contains(path) && fault.remedy.starts_with("mount the template"), "{fault}");
        }
    }
}
