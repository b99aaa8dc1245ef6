//! The executors' pod template: who they are to S3, and the restricted Pod Security Standard.
//!
//! JSON is YAML, so the file is written without a YAML library. Spark adds to it: image, command, resources, labels,
//! owner, service account and its own variables.

mod harden;
mod identity;
pub mod merge;
mod sidecar;
pub mod template;
pub mod yaml;

use serde_json::{Value, json};

pub use self::identity::Proof;
use self::identity::identity;
use self::merge::Ours;
use crate::environment;
use crate::failure::{Fault, shown};
use crate::settings::Settings;

/// The name that Spark would give the container.
const CONTAINER: &str = "spark-kubernetes-executor";

/// Renders the template: ours, merged into the user's own where there is one. `token`: of the endpoint, where executors can have
/// it from their specification only.
///
/// # Errors
/// Each field of the user's that would make executors somebody else.
pub fn render(settings: &Settings, token: Option<&str>) -> Result<String, Vec<Fault>> {
    let theirs = settings.executor.template.clone().unwrap_or_else(|| json!({ "apiVersion": "v1", "kind": "Pod" }));
    let container = settings.executor.container.as_deref();
    let ours = Ours {
        identity: identity(settings, merge::name(&theirs, container).unwrap_or(CONTAINER), token),
        defaults: defaults(settings),
        absent: environment::absent(settings),
    };
    if let (Some(account), Some(theirs)) = (settings.executor_account(), theirs["spec"]["serviceAccount"].as_str())
        && account != theirs
    {
        return Err(vec![Fault::new(
            format!(
                "spec.serviceAccount of the executors' pod template is \"{}\", and executors are {account}",
                shown(theirs)
            ),
            "take it out: CODRIVER_EXECUTOR_SERVICE_ACCOUNT says who executors are",
        )]);
    }
    let pod = merge::merge(theirs, &ours, container)?;
    Ok(format!("{pod:#}\n"))
}

/// What a pod template may say otherwise: where things are, and what makes executors pass the restricted Pod Security
/// Standard.
fn defaults(settings: &Settings) -> Value {
    let mut pod = json!({
        "spec": {
            // Executors talk to the driver, not to the API server.
            "automountServiceAccountToken": false,
            "securityContext": {
                "runAsNonRoot": true,
                "seccompProfile": { "type": "RuntimeDefault" },
            },
            "containers": [{
                "name": CONTAINER,
                "env": variables(settings, |name| !environment::is_identity(name)),
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "capabilities": { "drop": ["ALL"] },
                },
            }],
        },
    });
    if let Some(user) = settings.executor.user {
        pod["spec"]["securityContext"]["runAsUser"] = json!(user);
    }
    pod
}

/// Those of the executors' variables that are wanted.
fn variables(settings: &Settings, wanted: impl Fn(&str) -> bool) -> Vec<Value> {
    let all = environment::of_executors(settings);
    all.iter().filter(|(name, _)| wanted(name)).map(|(name, value)| variable(name, value)).collect()
}

fn variable(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

#[cfg(test)]
mod tests;
