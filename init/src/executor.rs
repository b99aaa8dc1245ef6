//! The executors' pod template: who they are to S3, and the restricted Pod Security Standard.
//!
//! JSON is YAML, so the file is written without a YAML library. Spark adds to it: image, command, resources, labels,
//! owner, service account and its own variables.

mod harden;
pub mod merge;
mod sidecar;
pub mod template;
pub mod yaml;

use serde_json::{Value, json};

use crate::environment;
use crate::executor::merge::Ours;
use crate::failure::{Fault, shown};
use crate::settings::{Mode, Settings, Way};

/// Where executors find their token, the same place as in the driver's manifest.
const TOKEN_FOLDER: &str = "/var/run/secrets/codriver/identity";
/// Life of an executor's token in seconds. The kubelet renews it at four fifths of that.
const TOKEN_SECONDS: u32 = 3600;
/// Tokens of the EKS webhook lie below this; where it made the driver's, it makes the executors' too.
const WEBHOOK_FOLDER: &str = "/var/run/secrets/eks.amazonaws.com/";
/// The name that Spark would give the container.
const CONTAINER: &str = "spark-kubernetes-executor";
/// The annotation by which EKS's webhook leaves containers alone.
const SKIP_ANNOTATION: &str = "eks.amazonaws.com/skip-containers";
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

/// What must hold in every executor's pod: a pod template that says otherwise would make it somebody else. `container`: the
/// executor's, as it will be called.
fn identity(settings: &Settings, container: &str, token: Option<&str>) -> Value {
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

#[cfg(test)]
mod tests {
    use codriver_creds::{RoleArn, StsKind};

    use super::*;
    use crate::settings::SecretReference;
    use crate::settings::tests::{aws, keys, kube2iam, minio, mode};

    fn template(settings: &Settings) -> Value {
        serde_json::from_str(&render(settings, None).unwrap()).unwrap()
    }

    fn variable<'a>(template: &'a Value, name: &str) -> Option<&'a Value> {
        template["spec"]["containers"][0]["env"].as_array().unwrap().iter().find(|entry| entry["name"] == name)
    }

    #[test]
    fn executors_prove_themselves_with_a_token_of_their_own() {
        let template = template(&minio());
        let token = &template["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"];
        assert_eq!(token["audience"], "sts.amazonaws.com");
        assert_eq!(template["spec"]["containers"][0]["volumeMounts"][0]["mountPath"], TOKEN_FOLDER);
        let role = variable(&template, "AWS_ROLE_ARN").unwrap();
        assert_eq!(role["value"], "arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA");
    }

    #[test]
    fn what_a_webhook_does_is_not_done_twice_but_for_a_role_of_their_own() {
        let mut settings = aws();
        assert!(template(&settings)["spec"]["volumes"].is_null());
        assert_eq!(variable(&template(&settings), "AWS_ROLE_ARN"), None);
        let role = "arn:aws:iam::123456789012:role/readers";
        settings.executor.role = RoleArn::parse(role, StsKind::Aws).ok();
        settings.executor.own_role = true;
        assert_eq!(variable(&template(&settings), "AWS_ROLE_ARN").unwrap()["value"], role);
        assert!(!template(&settings)["spec"]["volumes"].is_null());
    }

    #[test]
    fn keys_are_given_by_reference_and_never_by_value() {
        let mut settings = keys();
        assert!(!render(&settings, None).unwrap().contains("AWS_ACCESS_KEY_ID"));
        let Way::Keys(keys) = &mut settings.way else { panic!("no keys") };
        let names = vec![("AWS_ACCESS_KEY_ID", "id".to_owned()), ("AWS_SECRET_ACCESS_KEY", "secret".to_owned())];
        keys.secret = Some(SecretReference { name: "s3-keys".into(), keys: names });
        let reference = json!({ "secretKeyRef": { "name": "s3-keys", "key": "secret" } });
        assert_eq!(variable(&template(&settings), "AWS_SECRET_ACCESS_KEY").unwrap()["valueFrom"], reference);
        assert!(!render(&settings, None).unwrap().contains("hunter2"));
    }

    #[test]
    fn with_kube2iam_they_are_annotated() {
        let settings = kube2iam();
        let annotation = &template(&settings)["metadata"]["annotations"][ROLE_ANNOTATION];
        assert_eq!(annotation, "arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA");
    }

    #[test]
    fn in_the_mode_endpoint_a_sidecar_has_the_identity_and_they_have_not() {
        let template = template(&mode("endpoint"));
        let sidecar = &template["spec"]["initContainers"][0];
        assert_eq!((&sidecar["name"], &sidecar["restartPolicy"]), (&json!("codriver"), &json!("Always")));
        assert_eq!(variable(&template, "AWS_ROLE_ARN"), None);
        let file = variable(&template, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").unwrap();
        assert_eq!(file["value"], "/codriver/endpoint/token");
        assert_eq!(variable(&template, "AWS_CONTAINER_AUTHORIZATION_TOKEN"), None);
        let source = &described(&template)["source"];
        assert_eq!(source["token_file"], "/var/run/secrets/codriver/identity/token");
        assert_eq!(source["role"], "arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA");
    }

    /// What the executors' sidecar is told.
    fn described(template: &Value) -> Value {
        let variable = &template["spec"]["initContainers"][0]["env"][0];
        assert_eq!(variable["name"], "CODRIVER_ENDPOINT");
        serde_json::from_str(variable["value"].as_str().unwrap()).unwrap()
    }

    #[test]
    fn the_webhook_of_eks_serves_the_sidecar_and_leaves_the_executor_alone() {
        let mut settings = Settings { mode: Mode::Endpoint, ..aws() };
        let pod = template(&settings);
        assert_eq!(pod["metadata"]["annotations"][SKIP_ANNOTATION], CONTAINER);
        let source = &described(&pod)["source"];
        assert_eq!((&source["role"], &source["token_file"]), (&Value::Null, &Value::Null));
        settings.executor.template = Some(json!({ "spec": { "containers": [{ "name": "mine" }] } }));
        assert_eq!(template(&settings)["metadata"]["annotations"][SKIP_ANNOTATION], "mine");
    }

    #[test]
    fn an_old_hadoop_has_its_token_in_the_specification_and_so_has_its_sidecar() {
        let rendered = render(&mode("endpoint"), Some("hunter2")).unwrap();
        let template: Value = serde_json::from_str(&rendered).unwrap();
        assert_eq!(variable(&template, "AWS_CONTAINER_AUTHORIZATION_TOKEN").unwrap()["value"], "hunter2");
        let sidecar = &template["spec"]["initContainers"][0]["env"];
        assert_eq!(sidecar[1], json!({ "name": "CODRIVER_ENDPOINT_TOKEN", "value": "hunter2" }));
    }

    #[test]
    fn a_template_of_the_users_own_is_merged_and_may_not_change_who_they_are() {
        let mut settings = minio();
        let theirs = |env: Value| {
            json!({ "apiVersion": "v1", "kind": "Pod",
                "spec": { "nodeSelector": { "disk": "ssd" }, "containers": [{ "name": "x", "env": [env] }] } })
        };
        settings.executor.template = Some(theirs(json!({ "name": "AWS_REGION", "value": "eu-west-3" })));
        let merged = template(&settings);
        assert_eq!(merged["spec"]["nodeSelector"]["disk"], "ssd");
        assert_eq!(variable(&merged, "AWS_REGION").unwrap()["value"], "eu-west-3");
        assert!(variable(&merged, "AWS_ROLE_ARN").is_some());
        for field in ["serviceAccountName", "serviceAccount"] {
            let mut theirs = json!({ "apiVersion": "v1", "kind": "Pod", "spec": {} });
            theirs["spec"][field] = json!("other");
            settings.executor.template = Some(theirs);
            let faults = render(&settings, None).unwrap_err();
            assert!(faults[0].cause.contains(&format!("spec.{field}")), "{faults:?}");
        }
        for name in ["AWS_ROLE_ARN", "AWS_ACCESS_KEY_ID"] {
            settings.executor.template = Some(theirs(json!({ "name": name, "value": "other" })));
            let faults = render(&settings, None).unwrap_err();
            assert_eq!(faults.len(), 1);
            assert!(faults[0].cause.contains(&format!("spec.containers[x].env[{name}]")), "{faults:?}");
        }
    }

    #[test]
    fn executors_meet_the_restricted_standard_and_the_user_may_be_left_to_the_image() {
        let mut settings = minio();
        let pod = template(&settings);
        assert_eq!(pod["spec"]["securityContext"]["runAsNonRoot"], true);
        assert_eq!(pod["spec"]["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
        assert_eq!(pod["spec"]["securityContext"]["runAsUser"], 185);
        let container = &pod["spec"]["containers"][0]["securityContext"];
        assert_eq!(container["allowPrivilegeEscalation"], false);
        assert_eq!(container["capabilities"]["drop"], json!(["ALL"]));
        settings.executor.user = None;
        assert!(template(&settings)["spec"]["securityContext"]["runAsUser"].is_null());
    }
}
