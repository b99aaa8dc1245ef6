//! The user's own executor pod template.

use std::path::Path;

use serde_json::Value;

use super::yaml;
use crate::failure::{Fault, shown};

/// Reads a template, YAML or JSON: one Pod. `setting` is what names the file.
///
/// # Errors
/// Why it cannot be used, with the remedy. Its values are not quoted.
pub fn parse(setting: &str, file: &Path, text: &str) -> Result<Value, Fault> {
    let fault = |cause: String, remedy: &str| Fault::new(format!("{setting} ({}): {cause}", file.display()), remedy);
    let pod = yaml::read(text).map_err(|problem| {
        fault(format!("cannot be read as YAML: {problem}"), "try it with: kubectl apply --dry-run=server -f FILE")
    })?;
    let field = |name: &str| pod.get(name).and_then(Value::as_str).unwrap_or("none");
    if field("kind") != "Pod" || field("apiVersion") != "v1" {
        let cause = format!("its kind is {}, its apiVersion {}", shown(field("kind")), shown(field("apiVersion")));
        return Err(fault(cause, "begin it with `apiVersion: v1` and `kind: Pod`: it is a pod, not a Deployment"));
    }
    Ok(pod)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(text: &str) -> Result<Value, String> {
        parse("TEMPLATE", Path::new("FILE"), text).map_err(|fault| fault.cause)
    }

    #[test]
    fn a_pod_is_read_from_yaml_and_from_json() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "spec": {"priorityClassName": "low"}});
        let yaml = "# ours\napiVersion: v1\nkind: Pod\nspec:\n  priorityClassName: low\n";
        assert_eq!(parsed(yaml), Ok(pod.clone()));
        assert_eq!(parsed(&pod.to_string()), Ok(pod));
    }

    #[test]
    fn what_is_no_pod_is_refused_with_the_reason() {
        for (text, cause) in [
            ("apiVersion: v1\nkind: PodTemplate\n", "its kind is PodTemplate, its apiVersion v1"),
            ("apiVersion: apps/v1\nkind: Pod\n", "its kind is Pod, its apiVersion apps/v1"),
            ("spec: {}\n", "its kind is none, its apiVersion none"),
            ("- 1\n", "its kind is none, its apiVersion none"),
            ("kind: Pod\npassword: hunter2: x\n", "cannot be read as YAML: line 2: "),
        ] {
            let found = parsed(text).unwrap_err();
            assert!(found.starts_with(&format!("TEMPLATE (FILE): {cause}")), "{found}");
            assert!(!found.contains("hunter2"), "{found}");
        }
    }
}
