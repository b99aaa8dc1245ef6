//! The executors' part of the mode `endpoint`: a small sidecar that serves them credentials, and the folder with its token.

use serde_json::{Value, json};

use super::variable;
use crate::endpoint_files;
use crate::settings::Settings;

/// The small sidecar that serves credentials to an executor.
pub fn container(settings: &Settings) -> Value {
    let mut variables = vec![
        variable("AWS_REGION", &settings.store.region),
        variable("CODRIVER_DIR", &settings.dir.to_string_lossy()),
        variable("CODRIVER_DURATION", &settings.duration.as_secs().to_string()),
    ];
    if let Some(endpoint) = &settings.sts.endpoint {
        variables.push(variable("AWS_ENDPOINT_URL_STS", endpoint.url()));
    }
    json!({
        "name": "codriver",
        "image": settings.executor.codriver_image,
        "command": ["/bin/codriver", "sidecar"],
        "restartPolicy": "Always",
        "startupProbe": {
            "exec": { "command": ["/bin/codriver", "probe"] },
            "periodSeconds": 1,
            "failureThreshold": 30,
        },
        "env": variables,
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
