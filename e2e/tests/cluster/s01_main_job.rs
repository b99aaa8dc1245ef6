//! The main job: a UDF, a shuffle, parquet on `s3://` as the service account, and nothing left.

use codriver_e2e::{
    Result,
    driver::{Driver, Script},
    kubectl::get,
    stage::{Stage, keys},
};

use crate::{
    Needs, Test,
    world::{equal, holds, nothing_is_left},
};

pub const ALL: &[Test] =
    &[("s01_a_pyspark_job_works_on_s3_as_its_service_account_and_leaves_nothing", Needs::AnyCluster, works)];

fn works(stage: &Stage) -> Result<()> {
    let output = stage.uri("s01/output");
    let driver =
        Driver::start(stage, &Script::spark(stage, "s01", "wordstats.py", &[stage.uri("input"), output.clone()]))?;
    driver.until_it_says("supervising the driver")?;
    let objects = get(&["-n", &stage.namespace, "pods,configmaps"])?.to_string();

    let end = driver.end()?;

    equal(&driver, "exit code", end.code, Some(0))?;
    holds(&driver, "the job checked its own result", driver.log("driver")?.contains("read back the same"))?;
    holds(&driver, "parquet was written", keys(&output)?.iter().any(|key| key.ends_with(".parquet")))?;
    let executors = driver.executors.seen();
    equal(&driver, "executors", executors.len(), 2)?;
    for (name, executor) in &executors {
        equal(&driver, name, executor.service_account.as_str(), "spark-executor")?;
    }
    // Nothing of what was in the API or in a log is a key: web identity needs none.
    let mut public = vec![objects, end.pod.to_string()];
    public.extend(executors.into_values().map(|executor| executor.text));
    for container in ["codriver-init", "codriver", "driver"] {
        public.push(driver.log(container)?);
    }
    for word in ["SecretAccessKey", "AWS_SECRET_ACCESS_KEY\",\"value", "fs.s3a.secret.key", "eyJ"] {
        holds(&driver, &format!("`{word}` is nowhere"), !public.iter().any(|text| text.contains(word)))?;
    }
    equal(&driver, "evidence", end.report["evidence"].as_str(), Some("farewell"))?;
    nothing_is_left(&driver)
}
