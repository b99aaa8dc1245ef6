//! Who executors are: how they prove it, and the part of their pod that says so.

use serde_json::{Value, json};

use super::{CONTAINER, sidecar, variable, variables};
use crate::environment;
use crate::settings::{Mode, Settings, Way};

/// Where executors find their token, the same place as in the driver's manifest.
pub const TOKEN_FOLDER: &str = "/var/run/secrets/codriver/identity";
/// Life of an executor's token in seconds. The kubelet renews it at four fifths of that.
const TOKEN_SECONDS: u32 = 3600;
/// Tokens of the EKS webhook lie below this; where it made the driver's, it makes the executors' too.
const WEBHOOK_FOLDER: &str = "/var/run/secrets/eks.amazonaws.com/";
/// The annotation by which EKS's webhook leaves containers alone.
pub const SKIP_ANNOTATION: &str = "eks.amazonaws.com/skip-containers";
/// The annotation by which kube2iam and kiam choose a role.
pub const ROLE_ANNOTATION: &str = "iam.amazonaws.com/role";

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

/// What must hold in every executor's pod: a pod template that says otherwise would make it somebody else. `container`: the
/// executor's, as it will be called.
pub fn identity(settings: &Settings, container: &str, token: Option<&str>) -> Value {
    let proof = Proof::of(settings);
    let mut variables = variables(settings, environment::is_identity);
    let mut pod = json!({ "spec": { "containers": [{ "name": CONTAINER }] } });
    if settings.mode == Mode::Endpoint {
        let file = format!("{TOKEN_FOLDER}/token");
        let file = (proof == Proof::ProjectedToken).then_some(file.as_str());
        pod["spec"]["initContainers"] = json!([sidecar::container(settings, file, token)]);
        variables.extend(token.map(|token| variable("AWS_CONTAINER_AUTHORIZATION_TOKEN", token)));
        if proof == Proof::Webhook {
            // It is for the sidecar alone: SDKs take a web identity before a container's endpoint.
            pod["metadata"] = json!({ "annotations": { SKIP_ANNOTATION: container } });
        }
    }
    if let Some(account) = settings.executor_account() {
        // Spark sets the same; a template that says otherwise would win over Spark.
        pod["spec"]["serviceAccountName"] = json!(account);
    }
    match (proof, &settings.way) {
        (Proof::ProjectedToken, Way::WebIdentity(web_identity)) => {
            let holder = if settings.mode == Mode::Endpoint {
                &mut pod["spec"]["initContainers"][0]
            } else {
                let own = settings.executor.role.as_ref().unwrap_or(&web_identity.role);
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
            let secret = keys.secret.as_ref().map(|secret| secret.name.as_str());
            let references = keys.secret.iter().flat_map(|secret| &secret.keys).map(
                |(name, key)| json!({ "name": name, "valueFrom": { "secretKeyRef": { "name": secret, "key": key } } }),
            );
            if settings.mode == Mode::Endpoint {
                extend(&mut pod["spec"]["initContainers"][0]["env"], references);
            } else {
                variables.extend(references);
            }
        }
        (Proof::Instance, Way::Instance(instance)) if instance.is_machine() => {
            if let Some(role) = &settings.executor.role {
                pod["metadata"] = json!({ "annotations": { ROLE_ANNOTATION: role.as_str() } });
            }
        }
        _ => {}
    }
    variables.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    pod["spec"]["containers"][0]["env"] = Value::Array(variables);
    if settings.mode == Mode::Endpoint {
        sidecar::share_endpoint(settings, &mut pod["spec"]);
    }
    pod
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

fn extend(variables: &mut Value, more: impl IntoIterator<Item = Value>) {
    if let Some(variables) = variables.as_array_mut() {
        variables.extend(more);
    }
}
