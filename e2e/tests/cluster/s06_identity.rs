//! What is wrong with the identity is said before any JVM starts, where `kubectl describe pod` shows it.

use codriver_e2e::{
    Result,
    driver::{Driver, Script, container, set},
    stage::Stage,
};
use serde_json::{Value, json};

use crate::{
    Needs, Test,
    world::{equal, holds},
};

pub const ALL: &[Test] = &[
    ("s06_all_configuration_mistakes_are_in_the_pods_status_at_once_with_78", Needs::AnyCluster, mistakes),
    ("s06_a_token_of_the_wrong_audience_is_77_and_its_claims_are_said", Needs::AnyCluster, wrong_audience),
    ("s06_a_store_that_is_not_there_is_69", Needs::AnyCluster, unreachable),
];

/// Ends in codriver-init with this code; returns its message.
fn refused(
    stage: &Stage,
    name: &str,
    code: i64,
    change: impl Fn(&mut Value) + Send + Sync + 'static,
) -> Result<String> {
    let script = Script::shell(name, "echo never").changed(change);
    let driver = Driver::start(stage, &script)?;
    let end = driver.end()?;
    let init = &container(&end.pod, "codriver-init")["state"]["terminated"];
    equal(&driver, "codriver-init's exit code", init["exitCode"].as_i64(), Some(code))?;
    equal(&driver, "the driver's exit code", end.code, None)?;
    let message = init["message"].as_str().unwrap_or_default().to_owned();
    holds(&driver, "no token is shown", !message.contains("eyJ"))?;
    Ok(message)
}

fn says(message: &str, words: &[&str]) -> Result<()> {
    match words.iter().find(|word| !message.contains(**word)) {
        None => Ok(()),
        Some(word) => Err(format!("`{word}` is not in: {message}")),
    }
}

fn mistakes(stage: &Stage) -> Result<()> {
    let message = refused(stage, "s06-mistakes", 78, |pod| {
        let environment = &mut pod["spec"]["initContainers"][0]["env"];
        set(environment, "AWS_ROLE_ARN", "arn:aws:iam::::123:role/x");
        set(environment, "CODRIVER_EXECUTOR_IMAGE", "");
        set(environment, "AWS_ENDPOINT_URL", "minio:9000");
    })?;
    says(&message, &["AWS_ROLE_ARN", "CODRIVER_EXECUTOR_IMAGE", "AWS_ENDPOINT_URL"])
}

fn wrong_audience(stage: &Stage) -> Result<()> {
    let message = refused(stage, "s06-audience", 77, |pod| {
        set(&mut pod["spec"]["initContainers"][0]["env"], "CODRIVER_TOKEN_AUDIENCE", "somebody-else");
        let token =
            json!({"serviceAccountToken": {"path": "token", "audience": "somebody-else", "expirationSeconds": 3600}});
        for volume in pod["spec"]["volumes"].as_array_mut().into_iter().flatten() {
            if volume["name"] == "codriver-identity" {
                volume["projected"]["sources"] = json!([token]);
            }
        }
    })?;
    says(&message, &["somebody-else", "system:serviceaccount:codriver-e2e:spark-driver"])
}

fn unreachable(stage: &Stage) -> Result<()> {
    let message = refused(stage, "s06-unreachable", 69, |pod| {
        set(&mut pod["spec"]["initContainers"][0]["env"], "AWS_ENDPOINT_URL", "http://nobody.codriver-store.svc:9000");
    })?;
    says(&message, &["http://nobody.codriver-store.svc:9000"])
}
