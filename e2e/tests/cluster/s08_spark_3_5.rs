//! Spark 3.5 with Hadoop 3.3.4: its AWS SDK knows no STS but AWS's, so codriver-init chooses temporary keys for it, unasked.

use codriver_e2e::{
    Result,
    containers::kill,
    driver::{Driver, Script},
    spark::Spark,
    stage::{Stage, keys},
};

use crate::{
    Needs, Test,
    world::{equal, holds, nothing_is_left},
};

pub const ALL: &[Test] = &[
    ("s08_a_job_of_spark_3_5_works_on_s3_and_leaves_nothing", Needs::AnyCluster, works),
    ("s08_a_job_of_spark_3_5_that_exits_7_is_seen_as_7", Needs::AnyCluster, exits_7),
    ("s08_a_killed_driver_of_spark_3_5_is_137_and_leaves_nothing", Needs::OurCluster, killed),
];

fn older(stage: &Stage, name: &str, job: &str, arguments: &[String]) -> Script {
    Script { spark: Spark::OLDER, ..Script::spark(stage, name, job, arguments) }
}

fn works(stage: &Stage) -> Result<()> {
    let output = stage.uri("s08/output");
    let driver = Driver::start(stage, &older(stage, "s08", "wordstats.py", &[stage.uri("input"), output.clone()]))?;

    let end = driver.end()?;

    equal(&driver, "exit code", end.code, Some(0))?;
    holds(&driver, "the job checked its own result", driver.log("driver")?.contains("read back the same"))?;
    holds(&driver, "parquet was written", keys(&output)?.iter().any(|key| key.ends_with(".parquet")))?;
    equal(&driver, "executors", driver.executors.seen().len(), 2)?;
    holds(&driver, "it is said that the keys end", driver.log("codriver-init")?.contains("session"))?;
    nothing_is_left(&driver)
}

fn exits_7(stage: &Stage) -> Result<()> {
    let driver = Driver::start(stage, &older(stage, "s08-7", "fail7.py", &[stage.uri("input")]))?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(7))?;
    equal(&driver, "verdict", end.report["verdict"].as_str(), Some("exited with code 7"))?;
    nothing_is_left(&driver)
}

fn killed(stage: &Stage) -> Result<()> {
    let driver = Driver::start(stage, &older(stage, "s08-killed", "long.py", &[stage.uri("input")]))?;
    driver.until_it_says("codriver-e2e: running")?;
    kill(&driver.container_id("driver")?)?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(137))?;
    equal(&driver, "evidence", end.report["evidence"].as_str(), Some("container status"))?;
    nothing_is_left(&driver)
}
