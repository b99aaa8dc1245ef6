//! What executors of each way and mode get.

use codriver_creds::{RoleArn, StsKind};

use super::identity::{ROLE_ANNOTATION, SKIP_ANNOTATION, TOKEN_FOLDER};
use super::*;
use crate::settings::tests::{aws, keys, kube2iam, minio, mode};
use crate::settings::{Mode, SecretReference, Way};

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
