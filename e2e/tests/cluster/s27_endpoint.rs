//! The mode `endpoint`: nobody in the driver's and the executors' containers has an identity, and all have credentials.

use codriver_e2e::{
    Result,
    driver::{Driver, Script, set},
    spark::Spark,
    stage::{Stage, keys},
};
use serde_json::{Value, json};

use crate::{
    Needs, Test,
    cases::push,
    world::{equal, holds, nothing_is_left},
};

pub const ALL: &[Test] = &[
    ("s27_a_job_works_on_credentials_that_codriver_serves", Needs::AnyCluster, |stage| {
        works(stage, "s27", Spark::NEWEST)
    }),
    // Its SDK takes the endpoint's token from a variable only.
    ("s27_a_job_of_spark_3_5_works_on_credentials_that_codriver_serves", Needs::AnyCluster, |stage| {
        works(stage, "s27-older", Spark::OLDER)
    }),
];

fn works(stage: &Stage, name: &str, spark: Spark) -> Result<()> {
    let output = stage.uri(&format!("{name}/output"));
    let image = stage.codriver_image.clone();
    let script = Script { spark, ..Script::spark(stage, name, "wordstats.py", &[stage.uri("input"), output.clone()]) };
    let script = script.changed(move |pod| {
        let init = &mut pod["spec"]["initContainers"][0]["env"];
        set(init, "CODRIVER_MODE", "endpoint");
        set(init, "CODRIVER_IMAGE", &image);
        // The identity is the sidecar's, and no longer the driver's.
        let driver = &mut pod["spec"]["containers"][0]["volumeMounts"];
        let identity = driver.as_array_mut().and_then(|mounts| {
            let at = mounts.iter().position(|mount| mount["name"] == "codriver-identity")?;
            Some(mounts.remove(at))
        });
        push(&mut pod["spec"]["initContainers"][1]["volumeMounts"], identity.unwrap_or_default());
    });
    let driver = Driver::start(stage, &script)?;

    let end = driver.end()?;

    equal(&driver, "exit code", end.code, Some(0))?;
    holds(&driver, "the job checked its own result", driver.log("driver")?.contains("read back the same"))?;
    holds(&driver, "parquet was written", keys(&output)?.iter().any(|key| key.ends_with(".parquet")))?;
    holds(&driver, "credentials were served", driver.log("codriver")?.contains("serving new credentials"))?;
    let executors = driver.executors.seen();
    equal(&driver, "executors", executors.len(), 2)?;
    for (name, executor) in executors {
        let pod: Value = serde_json::from_str(&executor.text).map_err(|error| format!("{name}: {error}"))?;
        let sidecar = &pod["spec"]["initContainers"][0];
        equal(&driver, &name, &sidecar["command"], &json!(["/bin/codriver", "credentials"]))?;
        let is_identity = |variable: &Value| variable["name"] == "AWS_WEB_IDENTITY_TOKEN_FILE";
        let variables = pod["spec"]["containers"][0]["env"].as_array().cloned().unwrap_or_default();
        holds(&driver, &format!("{name} has no identity"), !variables.iter().any(is_identity))?;
    }
    nothing_is_left(&driver)
}
