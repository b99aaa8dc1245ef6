//! Scenarios: a folder each, with what the pod says (`env.json`), its token (`token.json`, the claims), what STS answers
//! (`exchange.json`), what is mounted beside (`files/`), how it must end (`expected.json`), and what must then stand in the
//! volume (`volume/`).
//!
//! The real program runs against a real server. Each request is compared with the expected one, each file with the
//! golden one, and everything that was written is searched for the token and for the credentials.
//! `UPDATE_GOLDEN=1 cargo test` writes the golden files anew.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::world::run::{Ended, Pod};
use crate::world::sts::Sts;
use crate::world::{self};

macro_rules! scenarios {
    ($($name:ident)*) => { $(
        #[test]
        fn $name() {
            play(stringify!($name));
        }
    )* };
}

scenarios! {
    happy_beside_minio
    happy_session_for_an_old_hadoop
    happy_keys_on_aws
    happy_keys_beside_minio
    happy_keys_of_an_sts_that_knows_nobody
    happy_with_a_second_role
    second_role_refused
    keys_refused
    happy_pod_identity
    pod_identity_of_another_role
    pod_identity_token_missing
    node_instead_of_the_pod
    nothing_configured
    happy_with_a_probe
    probe_without_permission
    probe_of_no_bucket
    probe_of_another_region
    probe_that_is_none
    proxy_wrong
    partition_of_another_region
    template_in_conflict
    happy_endpoint
    happy_with_overlays
    happy_on_aws_with_unknown_versions
    happy_after_two_throttles
    happy_over_tls_with_a_bundle
    role_missing
    role_malformed_and_other_mistakes
    keys_with_a_blank
    token_missing
    token_volume_missing
    token_late
    token_expired
    token_for_another_audience
    token_that_is_none
    refused_by_the_trust_policy
    refused_by_minio
    refused_with_the_token_in_the_answer
    duration_too_long
    duration_too_long_for_the_role
    sts_down
    sts_unavailable
    sts_not_trusted
    sts_throttles_for_ever
    sts_answers_html
    sts_answers_an_error_in_html
    sts_answers_ten_megabytes
    sts_answers_empty_keys
    sts_answers_expired_credentials
    issuer_without_a_provider
    issuer_inside_of_the_cluster
    issuer_with_unreadable_keys
    issuer_out_of_reach_for_sts
    issuer_with_a_new_certificate
    audience_unknown_to_the_provider
    claim_rejected
    token_expired_for_sts
    token_too_new_for_a_slow_clock
    token_expired_by_a_clock_that_is_wrong
    token_expired_and_refused
    role_with_a_typo
    region_not_activated
    session_policy_too_large
    session_policy_malformed
    minio_for_another_audience
    minio_without_the_key
    minio_without_the_role
    happy_after_minio_has_started
    minio_that_never_starts
    refused_by_the_trust_policy_in_china
    refused_by_the_trust_policy_in_gov_cloud
    second_role_refused_by_aws
    keys_with_another_secret
    keys_and_a_clock_that_is_wrong
    keys_that_expired
    sts_redirects
    sts_answers_json
    sts_answers_half
    sts_answers_keys_with_a_line_feed
    sts_speaks_tls_only
    sts_of_an_unknown_name
    happy_through_a_proxy
    proxy_away
    bundle_that_is_none
    program_missing
}

fn play(name: &str) {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(name);
    let claims = world::read_json(&scenario.join("token.json"));
    let token = world::jwt(claims.as_ref().unwrap_or(&json!({})));
    let expected = world::read_json(&scenario.join("expected.json")).unwrap();
    let sts = world::read_json(&scenario.join("exchange.json"))
        .map(|exchange| Sts::play(&exchange, &token, expected["tls"] == true));
    let url = sts.as_ref().map_or_else(Sts::nobody, |sts| sts.url.clone());

    let mut pod = Pod::new(&url);
    if let Some(certificate) = sts.as_ref().and_then(|sts| sts.certificate.as_ref()) {
        fs::write(pod.folder.path().join("ca.pem"), certificate).unwrap();
    }
    if let Some(env) = world::read_json(&scenario.join("env.json")) {
        pod.set(&env, &url);
    }
    for file in world::files(&scenario.join("files")) {
        fs::copy(scenario.join("files").join(&file), pod.folder.path().join(&file)).unwrap();
    }
    if claims.is_some() && expected["late"] != true {
        pod.bring_token(expected["token"].as_str().unwrap_or(&token));
    }

    let program = Command::new(env!("CARGO_BIN_EXE_codriver-init"));
    let ended = pod.finish(program, |line, _| {
        if expected["late"] == true && line.contains("waiting for the token") {
            pod.bring_token(&token);
        }
    });

    assert_eq!(ended.code, expected["code"].as_i64().unwrap() as i32, "{}", ended.log);
    log_is_as_expected(&ended, &expected);
    let requests = sts.as_ref().map_or_else(Vec::new, Sts::requests);
    requests_are_as_expected(&requests, &expected);
    volume_is_as_expected(&pod, &scenario.join("volume"), &url, ended.code);
    let mut secrets = vec![token.clone(), token.rsplit('.').next().unwrap().to_owned()];
    secrets.extend(expected["secrets"].as_array().into_iter().flatten().map(|it| it.as_str().unwrap().to_owned()));
    nothing_tells_the_secrets(&pod, &ended, secrets, &scenario);
}

/// Every line is JSON; each expected text is in a line; the message and the last line tell the code.
fn log_is_as_expected(ended: &Ended, expected: &Value) {
    let lines: Vec<Value> = ended.log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let texts: Vec<&str> = lines
        .iter()
        .flat_map(|line| [line["message"].as_str().unwrap(), line["remedy"].as_str().unwrap_or_default()])
        .collect();
    for text in expected["log"].as_array().unwrap() {
        let text = text.as_str().unwrap();
        assert!(texts.iter().any(|have| have.contains(text)), "`{text}` in\n{}", ended.log);
        // What the log says of a failure, the termination message says too.
        assert!(ended.code == 0 || ended.message.contains(text), "`{text}` in\n{}", ended.message);
    }
    if ended.code == 0 {
        assert_eq!(ended.message, "");
    } else {
        assert_eq!(lines.last().unwrap()["code"], ended.code, "{}", ended.log);
        assert!(ended.message.starts_with(&format!("codriver-init ended with {}: ", ended.code)), "{}", ended.message);
    }
}

/// As many requests as expected, field by field; `forms` has what differs from `form`, request by
/// request, with null for what is not there.
fn requests_are_as_expected(requests: &[String], expected: &Value) {
    let count = expected["requests"].as_u64().unwrap_or(0) as usize;
    assert_eq!(requests.len(), count, "{requests:#?}");
    let Some(form) = expected["form"].as_object() else { return };
    for (at, request) in requests.iter().enumerate() {
        let mut form = form.clone();
        form.extend(expected["forms"][at].as_object().cloned().unwrap_or_default());
        let fields = form.iter().filter(|(_, value)| !value.is_null());
        let fields = fields.map(|(name, value)| format!("{name}={}", value.as_str().unwrap()));
        assert_eq!(request.lines().collect::<Vec<_>>(), fields.collect::<Vec<_>>());
    }
}

/// After success exactly the golden files; after a failure nothing at all, or for a late one nothing half-written.
fn volume_is_as_expected(pod: &Pod, golden: &Path, url: &str, code: i32) {
    let volume = pod.volume();
    let written = world::files(&volume);
    let readable = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        text.replace(pod.folder.path().to_str().unwrap(), "{FOLDER}").replace(url, "{STS}")
    };
    if std::env::var_os("UPDATE_GOLDEN").is_some() && code == 0 && golden.exists() {
        for path in written.iter().filter(|path| !path.starts_with("bin") && !path.ends_with("token")) {
            fs::create_dir_all(golden.join(path).parent().unwrap()).unwrap();
            fs::write(golden.join(path), readable(&volume.join(path))).unwrap();
        }
    }
    assert!(written.iter().all(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.')), "{written:?}");
    if code != 0 {
        assert!(!written.iter().any(|path| path.ends_with("report.json")), "{written:?}");
        return;
    }
    let names: BTreeSet<&str> = written.iter().map(|path| path.to_str().unwrap()).collect();
    let mut expected = BTreeSet::from([
        "bin/codriver",
        "env",
        "hadoop/core-site.xml",
        "report.json",
        "spark/executor.yaml",
        "spark/spark-defaults.conf",
    ]);
    if golden.join("endpoint").exists() {
        expected.extend(["endpoint/endpoint.json", "endpoint/token"]);
    }
    assert_eq!(names, expected);
    for path in &written {
        let mode = fs::metadata(volume.join(path)).unwrap().permissions().mode() & 0o7777;
        let expected = if path.starts_with("bin") {
            0o555
        } else if holds_keys(&volume.join(path)) {
            0o440
        } else {
            0o444
        };
        assert_eq!(mode, expected, "{}", path.display());
    }
    for folder in ["run", "attempts"] {
        assert_eq!(fs::metadata(volume.join(folder)).unwrap().permissions().mode() & 0o7777, 0o1777);
    }
    for path in world::files(golden) {
        assert_eq!(
            readable(&volume.join(&path)),
            fs::read_to_string(golden.join(&path)).unwrap(),
            "{}",
            path.display()
        );
    }
}

/// May secrets stand in this file?
fn holds_keys(path: &Path) -> bool {
    path.ends_with("endpoint/token")
        || path.ends_with("hadoop/core-site.xml") && fs::read_to_string(path).unwrap().contains(".secret.key<")
}

/// Neither the token nor its signature, nor anything that STS gave, is anywhere; but in `core-site.xml` in its modes.
fn nothing_tells_the_secrets(pod: &Pod, ended: &Ended, mut secrets: Vec<String>, scenario: &Path) {
    let recorded = fs::read_to_string(scenario.join("exchange.json")).unwrap_or_default();
    for tag in ["<AccessKeyId>", "<SecretAccessKey>", "<SessionToken>"] {
        secrets.extend(recorded.split(tag).skip(1).filter_map(|rest| Some(rest.split_once('<')?.0.to_owned())));
    }
    secrets.retain(|secret| !secret.is_empty());
    let mut said = vec![ended.log.clone(), ended.message.clone(), ended.stdout.clone()];
    let volume = pod.volume();
    let files = world::files(&volume).into_iter().map(|path| volume.join(path)).filter(|path| !holds_keys(path));
    said.extend(files.map(|path| fs::read_to_string(path).unwrap()));
    for name in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        secrets.extend(pod.env.get(name).cloned());
    }
    for text in said {
        for secret in &secrets {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
