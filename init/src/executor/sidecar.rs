//! The executors' part of the mode `endpoint`: a small sidecar that serves them credentials, and the folder with its token.

use serde_json::{Value, json};

use super::variable;
use crate::endpoint_files;
use crate::settings::Settings;

/// The small sidecar that serves credentials to an executor. `identity`: the file of its token, where our template mounts one;
/// `token`: what executors show it, where that must stand in their specification.
pub fn container(settings: &Settings, identity: Option<&str>, token: Option<&str>) -> Value {
    let mut variables = vec![variable("CODRIVER_ENDPOINT", &endpoint_files::of_executors(settings, identity))];
    variables.extend(token.map(|token| variable("CODRIVER_ENDPOINT_TOKEN", token)));
    json!({
        "name": "codriver",
        "image": settings.executor.codriver_image,
        "command": ["/bin/codriver", "credentials"],
        "restartPolicy": "Always",
        "startupProbe": {
            "exec": { "command": ["/bin/codriver", "probe"] },
            "periodSeconds": 1,
            // Longer than the sidecar waits for its first credentials, 120 s, or the kubelet would start it again and again.
            "failureThreshold": 150,
        },
        "env": variables,
        // Five hundred of them ask for 2.5 cores and 4 GiB.
        "resources": { "requests": { "cpu": "5m", "memory": "8Mi" }, "limits": { "memory": "16Mi" } },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "readOnlyRootFilesystem": true,
            "capabilities": { "drop": ["ALL"] },
        },
    })
}

/// The folder with the endpoint's token, in the executor's container and in its sidecar alone.
pub fn share_endpoint(settings: &Settings, spec: &mut Value) {
    let folder = settings.dir.join(endpoint_files::FOLDER);
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            let mount = json!({ "name": "codriver-endpoint", "mountPath": folder });
            match container["volumeMounts"].as_array_mut() {
                Some(mounts) => mounts.push(mount),
                None => container["volumeMounts"] = json!([mount]),
            }
        }
    }
    let volume = json!({ "name": "codriver-endpoint", "emptyDir": { "medium": "Memory", "sizeLimit": "1Mi" } });
    match spec["volumes"].as_array_mut() {
        Some(volumes) => volumes.push(volume),
        None => spec["volumes"] = json!([volume]),
    }
}
