//! The executors' pod template: who they are to STS, and the restricted Pod Security Standard.
//!
//! JSON is YAML, so the file is written without a YAML library. Spark adds to it: image, command, resources, labels,
//! owner, service account and its own variables.

use serde_json::{Map, Value, json};

use crate::environment;
use crate::settings::Settings;

/// Where executors find their token, the same place as in the driver's manifest.
const TOKEN_FOLDER: &str = "/var/run/secrets/codriver/identity";
/// Life of an executor's token in seconds. The kubelet renews it at four fifths of that.
const TOKEN_SECONDS: u32 = 3600;
/// Tokens of the EKS webhook lie below this; where it made the driver's, it makes the executors' too.
const WEBHOOK_FOLDER: &str = "/var/run/secrets/eks.amazonaws.com/";
/// The name that Spark would give the container.
const CONTAINER: &str = "spark-kubernetes-executor";

/// Do executors get their identity from a webhook? It takes the role from their service account; a role that is set
/// here, other than the driver's, needs a token of ours, which the webhook then leaves alone.
pub fn by_webhook(settings: &Settings) -> bool {
    settings.token.file.starts_with(WEBHOOK_FOLDER) && settings.executor.role == settings.identity.role
}

/// Renders the template.
pub fn render(settings: &Settings) -> String {
    let mut variables = environment::of_executors(settings);
    let mut container = json!({
        "name": CONTAINER,
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": { "drop": ["ALL"] },
        },
    });
    let mut spec = json!({
        // Executors talk to the driver, not to the API server.
        "automountServiceAccountToken": false,
        "securityContext": {
            "runAsNonRoot": true,
            "seccompProfile": { "type": "RuntimeDefault" },
        },
    });
    if let Some(user) = settings.executor.user {
        spec["securityContext"]["runAsUser"] = json!(user);
    }
    if !by_webhook(settings) {
        variables.insert("AWS_ROLE_ARN", settings.executor.role.to_string());
        variables.insert("AWS_WEB_IDENTITY_TOKEN_FILE", format!("{TOKEN_FOLDER}/token"));
        container["volumeMounts"] =
            json!([{ "name": "codriver-identity", "mountPath": TOKEN_FOLDER, "readOnly": true }]);
        spec["volumes"] = json!([{
            "name": "codriver-identity",
            "projected": {
                "sources": [{
                    "serviceAccountToken": {
                        "audience": settings.token.audience,
                        "expirationSeconds": TOKEN_SECONDS,
                        "path": "token",
                    },
                }],
            },
        }]);
    }
    container["env"] = variables.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    spec["containers"] = json!([container]);
    let pod = Value::Object(Map::from_iter([
        ("apiVersion".to_owned(), json!("v1")),
        ("kind".to_owned(), json!("Pod")),
        ("spec".to_owned(), spec),
    ]));
    format!("{pod:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::{aws, minio};
    use codriver_creds::{RoleArn, StsKind};

    fn template(settings: &Settings) -> Value {
        serde_json::from_str(&render(settings)).unwrap()
    }

    fn variable<'a>(template: &'a Value, name: &str) -> Option<&'a str> {
        let env = template["spec"]["containers"][0]["env"].as_array().unwrap();
        env.iter().find(|entry| entry["name"] == name)?["value"].as_str()
    }

    #[test]
    fn executors_meet_the_restricted_standard() {
        let template = template(&minio());
        let pod = &template["spec"]["securityContext"];
        assert_eq!(pod["runAsNonRoot"], true);
        assert_eq!(pod["seccompProfile"]["type"], "RuntimeDefault");
        assert_eq!(pod["runAsUser"], 185);
        let container = &template["spec"]["containers"][0]["securityContext"];
        assert_eq!(container["allowPrivilegeEscalation"], false);
        assert_eq!(container["capabilities"]["drop"], json!(["ALL"]));
    }

    #[test]
    fn executors_prove_themselves_with_a_token_of_their_own() {
        let template = template(&minio());
        let token = &template["spec"]["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"];
        assert_eq!(token["audience"], "sts.amazonaws.com");
        assert_eq!(template["spec"]["containers"][0]["volumeMounts"][0]["mountPath"], TOKEN_FOLDER);
        assert_eq!(
            variable(&template, "AWS_WEB_IDENTITY_TOKEN_FILE"),
            Some("/var/run/secrets/codriver/identity/token")
        );
        assert_eq!(variable(&template, "AWS_ROLE_ARN"), Some("arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA"));
        assert_eq!(variable(&template, "AWS_ENDPOINT_URL_STS"), Some("http://minio.store.svc:9000"));
    }

    #[test]
    fn what_a_webhook_does_is_not_done_twice() {
        let template = template(&aws());
        assert!(template["spec"]["volumes"].is_null());
        assert_eq!(variable(&template, "AWS_ROLE_ARN"), None);
        assert_eq!(variable(&template, "AWS_REGION"), Some("eu-west-1"));
    }

    #[test]
    fn a_role_of_their_own_needs_a_token_of_ours_even_with_a_webhook() {
        let mut settings = aws();
        settings.executor.role = RoleArn::parse("arn:aws:iam::123456789012:role/readers", StsKind::Aws).unwrap();
        let template = template(&settings);
        assert_eq!(variable(&template, "AWS_ROLE_ARN"), Some("arn:aws:iam::123456789012:role/readers"));
        assert!(!template["spec"]["volumes"].is_null());
    }

    #[test]
    fn the_user_may_be_left_to_the_image() {
        let mut settings = minio();
        settings.executor.user = None;
        assert!(template(&settings)["spec"]["securityContext"]["runAsUser"].is_null());
    }
}
