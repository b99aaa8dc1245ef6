//! Where JVMs need keys, temporary ones or a Secret's, nobody else sees them: not in the API, a log, a file, or Spark's UI.

use codriver_e2e::{
    Result,
    driver::{Driver, Script, set},
    kubectl::get,
    spark::Spark,
    stage::Stage,
};
use serde_json::{Value, json};

use crate::{
    Needs, Test, secrets,
    world::{equal, holds, nothing_is_left},
};

pub const ALL: &[Test] = &[
    ("s10_temporary_keys_are_seen_nowhere_while_the_job_runs", Needs::AnyCluster, temporary),
    ("s10_keys_of_a_secret_reach_executors_by_reference_and_are_seen_nowhere", Needs::AnyCluster, of_a_secret),
];

/// The Secret of the second test.
const SECRET: &str = "s10-keys";
const NAMES: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

fn temporary(stage: &Stage) -> Result<()> {
    let script = Script { spark: Spark::OLDER, ..running(stage, "s10-temporary") };
    seen_nowhere(stage, &script, 3).map(drop)
}

fn of_a_secret(stage: &Stage) -> Result<()> {
    let store = get(&["-n", "codriver-store", "secret", "minio"])?;
    let data = json!({NAMES[0]: store["data"]["MINIO_ROOT_USER"], NAMES[1]: store["data"]["MINIO_ROOT_PASSWORD"]});
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "data": data});
    stage.apply(&[secret])?;
    let script = running(stage, "s10-secret").changed(|pod| {
        let environment = &mut pod["spec"]["initContainers"][0]["env"];
        set(environment, "CODRIVER_KEYS_SECRET", SECRET);
        let Some(variables) = environment.as_array_mut() else { return };
        variables
            .retain(|variable| variable["name"] != "AWS_ROLE_ARN" && variable["name"] != "AWS_WEB_IDENTITY_TOKEN_FILE");
        variables.extend(NAMES.map(reference));
    });

    let driver = seen_nowhere(stage, &script, NAMES.len())?;

    for (name, executor) in driver.executors.seen() {
        let pod: Value = serde_json::from_str(&executor.text).map_err(|error| format!("{name}: {error}"))?;
        let environment = pod["spec"]["containers"][0]["env"].as_array().cloned().unwrap_or_default();
        for variable in NAMES.map(reference) {
            holds(&driver, &format!("{name} has {variable}"), environment.contains(&variable))?;
        }
    }
    Ok(())
}

/// A variable of a container that is a key of the Secret.
fn reference(name: &str) -> Value {
    json!({"name": name, "valueFrom": {"secretKeyRef": {"name": SECRET, "key": name}}})
}

/// A job that has read from the store when it says that it runs, and whose UI can be looked at.
fn running(stage: &Stage, name: &str) -> Script {
    let mut script = Script::spark(stage, name, "long.py", &[stage.uri("input")]);
    script.spark_conf.push_str("spark.ui.enabled=true\n");
    script
}

/// Plays it until it runs, and looks for its secrets, of which core-site.xml must hold so many.
fn seen_nowhere(stage: &Stage, script: &Script, secrets: usize) -> Result<Driver> {
    let driver = Driver::start(stage, script)?;
    driver.until_it_says("codriver-e2e: running")?;

    let keys = secrets::in_core_site(stage, &driver)?;
    equal(&driver, "secrets in core-site.xml", keys.len(), secrets)?;
    let public = secrets::public(stage, &driver)?;

    // Only then is it a test of the UI that their values are not there.
    let named =
        public.iter().any(|(place, text)| place.ends_with("/environment") && text.contains("fs.s3a.secret.key"));
    holds(&driver, "Spark's UI names the keys", named)?;
    secrets::seen_nowhere(&keys, &public)?;
    // Waits until the pod is gone.
    stage.kubectl(&["delete", "pod", &driver.name])?;
    nothing_is_left(&driver)?;
    Ok(driver)
}
