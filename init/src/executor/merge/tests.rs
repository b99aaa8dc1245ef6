//! What merging keeps, what it refuses, and how it says so.

use super::*;
use proptest::prelude::*;

fn ours() -> Ours {
    let name = "spark-kubernetes-executor";
    Ours {
        identity: json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"annotations": {"iam.amazonaws.com/role": "r"}},
            "spec": {
                "containers": [{
                    "name": name,
                    "env": [
                        {"name": "AWS_ROLE_ARN", "value": "arn:r"},
                        {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "value": "/id/token"},
                        {"name": "X_TOKEN", "value": "5"},
                    ],
                    "volumeMounts": [{"name": "id", "mountPath": "/id", "readOnly": true}],
                }],
                "initContainers": [{"name": "codriver", "image": "codriver:1", "restartPolicy": "Always"}],
                "volumes": [{"name": "id", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}],
            },
        }),
        defaults: json!({"spec": {
            "automountServiceAccountToken": false,
            "securityContext": {"runAsNonRoot": true, "runAsUser": 185},
            "containers": [{
                "name": name,
                "env": [{"name": "AWS_REGION", "value": "eu-west-1"}],
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            }],
        }}),
        absent: vec!["AWS_ACCESS_KEY_ID"],
    }
}

fn pod(spec: Value) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod"});
    pod["spec"] = spec;
    pod
}

fn merged(spec: Value) -> Value {
    merge(pod(spec), &ours(), None).unwrap()
}

/// The causes, without their common words.
fn conflicts(spec: Value) -> Vec<String> {
    let faults = merge(pod(spec), &ours(), None).unwrap_err();
    faults.into_iter().map(|fault| fault.cause.replace(" of the executors' pod template", "")).collect()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap_or("?")).collect()
}

#[test]
fn an_empty_template_becomes_ours() {
    let whole = merged(json!({}));
    let ours = ours();
    assert_eq!(merge(ours.identity.clone(), &ours, None).unwrap(), whole);
    assert_eq!(names(&whole["spec"]["containers"]), ["spark-kubernetes-executor"]);
    assert_eq!(
        names(&whole["spec"]["containers"][0]["env"]),
        ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "X_TOKEN", "AWS_REGION"]
    );
    assert_eq!(whole["spec"]["securityContext"], json!({"runAsNonRoot": true, "runAsUser": 185}));
    assert_eq!(whole["metadata"]["annotations"]["iam.amazonaws.com/role"], "r");
    for null in [json!(null), json!({"containers": null, "volumes": null})] {
        assert_eq!(merged(null), whole);
    }
}

#[test]
fn the_executor_is_the_container_that_spark_would_take() {
    for (containers, wanted, at) in [
        (json!([{"name": "a"}, {"name": "b"}]), None, 0),
        (json!([{"name": "a"}, {"name": "b"}]), Some("b"), 1),
        (json!([{"name": "a"}, {"name": "b"}]), Some("other"), 0),
        (json!([{}, {"name": "b"}]), None, 0),
        (json!([{}, {"name": "b"}]), Some("b"), 1),
        (json!([]), Some("main"), 0),
    ] {
        let whole = merge(pod(json!({"containers": containers.clone()})), &ours(), wanted).unwrap();
        let list = whole["spec"]["containers"].as_array().unwrap();
        let ours: Vec<_> = (0..list.len()).filter(|&at| !list[at]["env"].is_null()).collect();
        assert_eq!(ours, [at], "{containers} {wanted:?}");
        let expected = match containers[at]["name"].as_str() {
            Some(theirs) => theirs,
            None => wanted.filter(|_| containers == json!([])).unwrap_or("spark-kubernetes-executor"),
        };
        assert_eq!(list[at]["name"], expected, "{containers} {wanted:?}");
    }
}

#[test]
fn what_the_user_says_wins_over_defaults() {
    let whole = merged(json!({
        "automountServiceAccountToken": true,
        "securityContext": {"runAsUser": 1000, "fsGroup": 2000},
        "tolerations": [{"key": "spot"}],
        "containers": [{
            "name": "main",
            "env": [{"name": "AWS_REGION", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}],
            "securityContext": {"capabilities": {"add": ["NET_RAW"]}},
        }],
    }));
    let (spec, container) = (&whole["spec"], &whole["spec"]["containers"][0]);
    assert_eq!(spec["automountServiceAccountToken"], true);
    assert_eq!(spec["securityContext"], json!({"runAsNonRoot": true, "runAsUser": 1000, "fsGroup": 2000}));
    assert_eq!(spec["tolerations"], json!([{"key": "spot"}]));
    assert_eq!(container["env"][0]["value"], Value::Null);
    assert_eq!(
        container["securityContext"],
        json!({"capabilities": {"add": ["NET_RAW"]}, "allowPrivilegeEscalation": false})
    );
}

#[test]
fn what_says_the_same_is_no_conflict() {
    let whole = merged(json!({
        "containers": [{
            "name": "main",
            "env": [{"name": "X_TOKEN", "value": 5}, {"name": "AWS_ROLE_ARN", "value": "arn:r"}],
            "volumeMounts": [{"name": "id", "mountPath": "/id/", "readOnly": true}, {"name": "d", "mountPath": "/d"}],
        }],
        "initContainers": [{"name": "codriver", "resources": {"limits": {"memory": "64Mi"}}}],
        "volumes": [{"name": "d", "emptyDir": {}}],
    }));
    let container = &whole["spec"]["containers"][0];
    assert_eq!(names(&container["volumeMounts"]), ["id", "d"]);
    assert_eq!(names(&container["env"]), ["X_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_REGION"]);
    assert_eq!(names(&whole["spec"]["volumes"]), ["d", "id"]);
    let sidecar = &whole["spec"]["initContainers"][0];
    assert_eq!((&sidecar["image"], &sidecar["resources"]["limits"]["memory"]), (&json!("codriver:1"), &json!("64Mi")));
}

#[test]
fn each_contradiction_is_named_by_its_field() {
    let found = conflicts(json!({
        "containers": [{
            "name": "main",
            "env": [
                {"name": "AWS_ROLE_ARN", "value": "arn:x"},
                {"name": "AWS_WEB_IDENTITY_TOKEN_FILE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                {"name": "AWS_ACCESS_KEY_ID", "value": "AKIA"},
            ],
            "volumeMounts": [{"name": "id", "mountPath": "/id"}],
        }],
        "initContainers": [{"name": "codriver", "image": "other"}],
        "volumes": [{"name": "id", "emptyDir": {}}],
    }));
    assert_eq!(
        found,
        [
            r#"spec.containers[main].env[AWS_ROLE_ARN].value: yours "arn:x", codriver's "arn:r""#,
            r#"spec.containers[main].env[AWS_WEB_IDENTITY_TOKEN_FILE].valueFrom: yours {"fieldRef":{"fieldPath":"spec.nodeName"}}, codriver's has none"#,
            r#"spec.containers[main].volumeMounts[/id].readOnly: yours has none, codriver's true"#,
            r#"spec.initContainers[codriver].image: yours "other", codriver's "codriver:1""#,
            r#"spec.volumes[id].emptyDir: yours {}, codriver's has none"#,
            r#"spec.containers[main].env[AWS_ACCESS_KEY_ID]: every SDK would take it before the executors' identity"#,
        ]
    );
    let mut annotated = pod(json!({}));
    annotated["metadata"] = json!({"annotations": {"iam.amazonaws.com/role": "x"}});
    let fault = merge(annotated, &ours(), None).unwrap_err().remove(0);
    assert!(fault.cause.starts_with("metadata.annotations[iam.amazonaws.com/role] of"), "{fault}");
}

#[test]
fn what_looks_like_a_secret_is_not_quoted() {
    let env = json!([{"name": "X_TOKEN", "value": "hunter2"}, {"name": "AWS_ACCESS_KEY_ID", "value": "hunter2"}]);
    let found = conflicts(json!({"containers": [{"env": env}]}));
    assert_eq!(found.len(), 2);
    assert!(!found.concat().contains("hunter2"), "{found:?}");
    for (name, secret) in [
        ("AWS_SECRET_ACCESS_KEY", true),
        ("db_password", true),
        ("GITHUB_TOKEN", true),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", false),
        ("AWS_ROLE_ARN", false),
    ] {
        assert_eq!(looks_secret(name), secret, "{name}");
    }
}

#[test]
fn long_values_are_cut() {
    let env = json!([{"name": "AWS_ROLE_ARN", "value": "ä".repeat(10_000)}]);
    assert!(conflicts(json!({"containers": [{"env": env}]}))[0].len() < 400);
}

#[test]
fn what_has_the_wrong_shape_is_told() {
    for (spec, cause) in [
        (json!("x"), "spec is not a mapping"),
        (json!({"containers": {}}), "spec.containers is not a list"),
        (json!({"containers": ["x"]}), "spec.containers is not a list of containers"),
        (json!({"volumes": {"name": "id"}}), "spec.volumes: yours {\"name\":\"id\"}, codriver's [{"),
        (json!({"containers": [{"env": "x"}]}), "spec.containers[spark-kubernetes-executor].env: yours \"x\""),
    ] {
        let found = conflicts(spec);
        assert!(found[0].starts_with(cause), "{found:?}");
    }
}

/// Pods of all shapes that say nothing about what codriver sets.
fn any_spec() -> impl Strategy<Value = Value> {
    let word =
        prop_oneof![Just(json!(true)), Just(json!(0)), Just(json!("x")), Just(json!([1])), Just(json!({"a": 1}))];
    let entry = |key: &'static str| ("[a-d]", word.clone()).prop_map(move |(name, word)| json!({key: name, "x": word}));
    let list = |key| prop::collection::vec(entry(key), 0..3).prop_map(Value::from);
    let context = prop::collection::btree_map("runAsUser|runAsNonRoot|privileged|fsGroup", word.clone(), 0..3);
    let context = context.prop_map(|it| json!(it)).boxed();
    let container = (list("name"), list("mountPath"), context.clone(), word.clone()).prop_map(
        |(env, mounts, context, word)| json!({"env": env, "volumeMounts": mounts, "securityContext": context, "x": word}),
    );
    (prop::collection::vec(container, 0..3), list("name"), context, word).prop_map(|(containers, volumes, context, word)| {
        json!({"containers": containers, "volumes": volumes, "securityContext": context, "hostNetwork": word})
    })
}

/// Whether everything in `small` is in `large` too, at the same place.
fn is_within(small: &Value, large: &Value) -> bool {
    match (small, large) {
        (Value::Object(small), Value::Object(large)) => {
            small.iter().all(|(key, value)| large.get(key).is_some_and(|large| is_within(value, large)))
        }
        (Value::Array(small), Value::Array(large)) => {
            small.len() <= large.len() && small.iter().zip(large).all(|(small, large)| is_within(small, large))
        }
        (small, large) => small == large,
    }
}

proptest! {
    #[test]
    fn what_does_not_conflict_survives(spec in any_spec()) {
        prop_assert!(is_within(&pod(spec.clone()), &merged(spec)));
    }

    #[test]
    fn what_must_hold_holds(spec in any_spec()) {
        let whole = merged(spec);
        let container = &whole["spec"]["containers"][0];
        prop_assert!(names(&container["env"]).contains(&"AWS_ROLE_ARN"));
        prop_assert!(names(&container["volumeMounts"]).contains(&"id"));
        prop_assert!(names(&whole["spec"]["volumes"]).contains(&"id"));
    }

    #[test]
    fn merging_again_changes_nothing(spec in any_spec()) {
        let once = merged(spec);
        prop_assert_eq!(merge(once.clone(), &ours(), None).unwrap(), once);
    }
}
