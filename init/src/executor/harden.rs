//! Which of codriver's security defaults fit a pod of the user's.
//!
//! A default that is left out by the user is not always a default that can be filled in: beside some settings the API
//! server refuses it, and beside others the container would not start.

use serde_json::Value;

/// Takes out of the defaults what would break this pod. Both hold the executor's container at the index `at` and at 0.
pub fn fit(defaults: &mut Value, pod: &Value, at: usize) {
    let theirs = &pod["spec"]["containers"][at]["securityContext"];
    let is_root = |context: &Value| context["runAsUser"] == 0;
    let anybody_is_root = is_root(&pod["spec"]["securityContext"])
        || ["containers", "initContainers"].iter().any(|list| {
            pod["spec"][*list].as_array().is_some_and(|list| list.iter().any(|it| is_root(&it["securityContext"])))
        });
    if anybody_is_root {
        remove(&mut defaults["spec"]["securityContext"], "runAsNonRoot");
    }
    let ours = &mut defaults["spec"]["containers"][0]["securityContext"];
    // The two are refused together.
    if theirs["privileged"] == true || adds_sys_admin(&theirs["capabilities"]) {
        remove(ours, "allowPrivilegeEscalation");
    }
    // Capabilities are one decision: who adds one counts on those that a container has anyway.
    if !theirs["capabilities"].is_null() {
        remove(ours, "capabilities");
    }
}

fn adds_sys_admin(capabilities: &Value) -> bool {
    let added = capabilities["add"].as_array();
    added.is_some_and(|list| list.iter().any(|it| it == "SYS_ADMIN" || it == "CAP_SYS_ADMIN" || it == "ALL"))
}

fn remove(from: &mut Value, field: &str) {
    if let Some(fields) = from.as_object_mut() {
        fields.remove(field);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fitted(pod: &Value) -> Value {
        let mut defaults = json!({"spec": {
            "securityContext": {"runAsNonRoot": true, "runAsUser": 185},
            "containers": [{"securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}}}],
        }});
        fit(&mut defaults, pod, 0);
        defaults["spec"].take()
    }

    #[test]
    fn what_breaks_nothing_stays() {
        for spec in [
            json!({}),
            json!({"securityContext": {"runAsUser": 1000, "fsGroup": 0}}),
            json!({"containers": [{"securityContext": {"readOnlyRootFilesystem": true}}]}),
        ] {
            let left = fitted(&json!({"spec": spec}));
            assert_eq!(left, fitted(&json!({})), "{spec}");
            assert_eq!(left["securityContext"]["runAsNonRoot"], true);
            assert_eq!(left["containers"][0]["securityContext"]["capabilities"]["drop"], json!(["ALL"]));
        }
    }

    #[test]
    fn a_root_user_of_theirs_may_start() {
        for spec in [
            json!({"securityContext": {"runAsUser": 0}}),
            json!({"containers": [{}, {"securityContext": {"runAsUser": 0}}]}),
            json!({"initContainers": [{"securityContext": {"runAsUser": 0}}]}),
        ] {
            assert_eq!(fitted(&json!({"spec": spec}))["securityContext"], json!({"runAsUser": 185}), "{spec}");
        }
    }

    #[test]
    fn privileges_of_theirs_are_not_contradicted() {
        for (context, left) in [
            (json!({"privileged": true}), json!({"capabilities": {"drop": ["ALL"]}})),
            (json!({"capabilities": {"add": ["SYS_ADMIN"]}}), json!({})),
            (json!({"capabilities": {"add": ["NET_RAW"]}}), json!({"allowPrivilegeEscalation": false})),
        ] {
            let pod = json!({"spec": {"containers": [{"securityContext": context}]}});
            assert_eq!(fitted(&pod)["containers"][0]["securityContext"], left, "{context}");
        }
    }
}
