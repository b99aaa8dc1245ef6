//! The sidecar when something starts again, or there is no wrapper.

use codriver_e2e::{
    Result,
    containers::kill,
    driver::{Driver, Script, container},
    stage::Stage,
};

use crate::{
    Needs, Test,
    world::{equal, leave_behind, nothing_is_left},
};

pub const ALL: &[Test] = &[
    ("s05_a_killed_sidecar_comes_back_the_driver_goes_on_and_nothing_is_left", Needs::OurCluster, killed),
    ("s05_without_the_wrapper_the_container_status_is_the_evidence", Needs::AnyCluster, no_wrapper),
    ("s05_a_driver_restarted_in_place_is_another_attempt_with_an_id_of_its_own", Needs::AnyCluster, restarted_in_place),
];

fn killed(stage: &Stage) -> Result<()> {
    let script = "echo waiting; until [ -e /tmp/end ]; do sleep 0.2; done; exit 4";
    let driver = Driver::start(stage, &Script::shell("s05", script))?;
    driver.until_it_says("waiting")?;
    leave_behind(stage, &driver, 1)?;
    kill(&driver.container_id("codriver")?)?;
    let restarted = |pod: &serde_json::Value| {
        let status = container(pod, "codriver");
        (status["restartCount"] == 1 && status["started"] == true).then_some(())
    };
    driver.until(restarted)?;
    equal(&driver, "still there", driver.leftovers()?.len(), 3)?;
    stage.kubectl(&["exec", &driver.name, "-c", "driver", "--", "touch", "/tmp/end"])?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(4))?;
    equal(&driver, "driver restarts", container(&end.pod, "driver")["restartCount"].as_i64(), Some(0))?;
    equal(&driver, "evidence", end.report["evidence"].as_str(), Some("farewell"))?;
    nothing_is_left(&driver)
}

fn no_wrapper(stage: &Stage) -> Result<()> {
    let script = Script::shell("s05-bare", "").changed(|pod| {
        let driver = &mut pod["spec"]["containers"][0];
        driver["command"] = serde_json::json!(["sh", "-c", "exit 6"]);
        driver["args"] = serde_json::json!([]);
    });
    let driver = Driver::start(stage, &script)?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(6))?;
    equal(&driver, "verdict", end.report["verdict"].as_str(), Some("exited with code 6"))?;
    equal(&driver, "evidence", end.report["evidence"].as_str(), Some("container status"))
}

fn restarted_in_place(stage: &Stage) -> Result<()> {
    let once =
        "case $SPARK_CONF_DIR in */attempts/1/*) exit 9;; esac; grep spark.app.id $SPARK_CONF_DIR/spark-defaults.conf";
    let script =
        Script::shell("s05-again", once).changed(|pod| pod["spec"]["restartPolicy"] = serde_json::json!("OnFailure"));
    let driver = Driver::start(stage, &script)?;
    let end = driver.end()?;
    equal(&driver, "exit code", end.code, Some(0))?;
    equal(&driver, "restarts", container(&end.pod, "driver")["restartCount"].as_i64(), Some(1))?;
    let second = format!("{}-2", driver.application);
    equal(&driver, "application id", end.report["application_id"].as_str(), Some(second.as_str()))?;
    let last = driver.log("driver")?.lines().rfind(|line| line.starts_with("spark.app.id=")).map(str::to_owned);
    equal(&driver, "what Spark would read", last, Some(format!("spark.app.id={second}")))?;
    let first =
        driver.log("codriver")?.lines().any(|line| line.contains("exited with code 9") && line.contains("-1\""));
    equal(&driver, "the first attempt was cleaned up after", first, true)
}
