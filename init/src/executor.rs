//! The executors' pod template: who they are to S3, and the restricted Pod Security Standard.
//!
//! JSON is YAML, so the file is written without a YAML library. Spark adds to it: image, command, resources, labels,
//! owner, service account and its own variables.

mod harden;
pub mod merge;
pub mod template;
pub mod yaml;

use serde_json::{Value, json};

use crate::endpoint_files;
use crate::environment;
use crate::settings::{Mode, Settings, Way};

/// Where executors find their token, the same place as in the driver's manifest.
const TOKEN_FOLDER: &str = "/var/run/secrets/codriver/identity";
/// Life of an executor's token in seconds. The kubelet renews it at four fifths of that.
const TOKEN_SECONDS: u32 = 3600;
/// Tokens of the EKS webhook lie below this; where it made the driver's, it makes the executors' too.
const WEBHOOK_FOLDER: &str = "/var/run/secrets/eks.amazonaws.com/";
/// The name that Spark would give the container.
const CONTAINER: &str = "spark-kubernetes-executor";
/// The annotation by which kube2iam and kiam choose a role.
const ROLE_ANNOTATION: &str = "iam.amazonaws.com/role";

/// How executors prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A token that our template projects.
    ProjectedToken,
    /// A token that the EKS webhook mounts. It takes the role from their service account; a role that is set here, other
    /// than the driver's, needs a token of ours, which the webhook then leaves alone.
    Webhook,
    /// Keys by reference to a Secret.
    SecretReference,
    /// What stands in the driver's Hadoop configuration, which Spark gives them with each task that reads files.
    DriversConfiguration,
    /// What their node, or an agent on it, gives them.
    Instance,
}

impl Proof {
    /// What these settings mean.
    pub fn of(settings: &Settings) -> Self {
        match &settings.way {
            Way::WebIdentity(identity)
                if identity.token.file.starts_with(WEBHOOK_FOLDER) && !settings.executor.own_role =>
            {
                Self::Webhook
            }
            Way::WebIdentity(_) => Self::ProjectedToken,
            Way::Keys(keys) if keys.secret.is_some() => Self::SecretReference,
            Way::Keys(_) => Self::DriversConfiguration,
            Way::Instance(_) => Self::Instance,
        }
    }

    /// In words, for reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProjectedToken => "projected token",
            Self::Webhook => "webhook",
            Self::SecretReference => "reference to a Secret",
            Self::DriversConfiguration => "the driver's Hadoop configuration",
            Self::Instance => "instance",
        }
    }
}

/// Renders the template.
///
/// # Errors
/// What is wrong with the user's own template, or does not go together with ours.
pub fn render(settings: &Settings) -> Result<String, Vec<crate::failure::Fault>> {
    let (mut pod, mut ours) = (hardening(settings), identity(settings));
    for (part, target) in [("env", true), ("volumeMounts", true), ("volumes", false), ("initContainers", false)] {
        if target {
            pod["spec"]["containers"][0][part] = ours["spec"]["containers"][0][part].take();
        } else {
            pod["spec"][part] = ours["spec"][part].take();
        }
    }
    pod["metadata"] = ours["metadata"].take();
    Ok(format!("{pod:#}\n"))
}

/// What must hold in every executor's pod: a pod template that says otherwise would make it somebody else.
pub fn identity(settings: &Settings) -> Value {
    let mut variables: Vec<Value> =
        environment::of_executors(settings).iter().map(|(name, value)| variable(name, value)).collect();
    let mut pod = json!({ "spec": { "containers": [{ "name": CONTAINER }] } });
    match (Proof::of(settings), &settings.way) {
        (Proof::ProjectedToken, Way::WebIdentity(web_identity)) => {
            let own = settings.executor.role.as_ref().unwrap_or(&web_identity.role);
            let holder = if settings.mode == Mode::Endpoint {
                pod["spec"]["initContainers"] = json!([sidecar(settings, own.as_str())]);
                &mut pod["spec"]["initContainers"][0]
            } else {
                variables.push(variable("AWS_ROLE_ARN", own.as_str()));
                variables.push(variable("AWS_WEB_IDENTITY_TOKEN_FILE", &format!("{TOKEN_FOLDER}/token")));
                &mut pod["spec"]["containers"][0]
            };
            let mount = json!({ "name": "codriver-identity", "mountPath": TOKEN_FOLDER, "readOnly": true });
            match holder["volumeMounts"].as_array_mut() {
                Some(mounts) => mounts.push(mount),
                None => holder["volumeMounts"] = json!([mount]),
            }
            pod["spec"]["volumes"] = json!([projected(&web_identity.token.audience)]);
        }
        (Proof::SecretReference, Way::Keys(keys)) => {
            for (name, key) in keys.secret.iter().flat_map(|secret| &secret.keys) {
                let secret = keys.secret.as_ref().map(|secret| secret.name.as_str());
                variables.push(json!({
                    "name": name,
                    "valueFrom": { "secretKeyRef": { "name": secret, "key": key } },
                }));
            }
        }
        (Proof::Instance, Way::Instance(instance)) if instance.container.is_none() => {
            if let Some(role) = &settings.executor.role {
                pod["metadata"] = json!({ "annotations": { ROLE_ANNOTATION: role.as_str() } });
            }
        }
        _ => {}
    }
    variables.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    pod["spec"]["containers"][0]["env"] = Value::Array(variables);
    if settings.mode == Mode::Endpoint {
        share_endpoint(settings, &mut pod["spec"]);
    }
    pod
}

/// What a pod template may say otherwise: it makes executors pass the restricted Pod Security Standard.
pub fn hardening(settings: &Settings) -> Value {
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "spec": {
            // Executors talk to the driver, not to the API server.
            "automountServiceAccountToken": false,
            "securityContext": {
                "runAsNonRoot": true,
                "seccompProfile": { "type": "RuntimeDefault" },
            },
            "containers": [{
                "name": CONTAINER,
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

fn variable(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

fn projected(audience: &str) -> Value {
    json!({
        "name": "codriver-identity",
        "projected": {
            "sources": [{
                "serviceAccountToken": { "audience": audience, "expirationSeconds": TOKEN_SECONDS, "path": "token" },
            }],
        },
    })
}

/// The small sidecar that serves credentials to an executor.
fn sidecar(settings: &Settings, role: &str) -> Value {
    let mut variables = vec![
        variable("AWS_REGION", &settings.store.region),
        variable("AWS_ROLE_ARN", role),
        variable("AWS_WEB_IDENTITY_TOKEN_FILE", &format!("{TOKEN_FOLDER}/token")),
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
fn share_endpoint(settings: &Settings, spec: &mut Value) {
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
