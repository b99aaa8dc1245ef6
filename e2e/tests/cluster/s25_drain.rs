//! `kubectl drain` while executors work: an eviction, as the Eviction API does it.

use std::time::{Duration, Instant};

use codriver_e2e::{
    Result,
    driver::{Driver, Script},
    stage::Stage,
};

use crate::{
    Needs, Test,
    cases::evict,
    world::{equal, holds, nothing_is_left},
};

pub const ALL: &[Test] =
    &[("s25_a_driver_drained_at_work_takes_its_executors_along_within_its_grace_period", Needs::AnyCluster, drained)];

/// The pod's terminationGracePeriodSeconds.
const GRACE: Duration = Duration::from_secs(30);

fn drained(stage: &Stage) -> Result<()> {
    let driver = Driver::start(stage, &Script::spark(stage, "s25", "long.py", &[stage.uri("input")]))?;
    driver.until_it_says("codriver-e2e: running")?;
    let asked = Instant::now();
    let end = driver.taken_away(|| evict(stage, &driver.name))?;
    let took = asked.elapsed();
    holds(&driver, &format!("it was gone after {took:?}"), took < GRACE)?;
    equal(&driver, "exit code", end.code, Some(143))?;
    equal(&driver, "verdict", end.report["verdict"].as_str(), Some("exited with code 143"))?;
    equal(&driver, "evidence", end.report["evidence"].as_str(), Some("farewell"))?;
    equal(&driver, "executors", driver.executors.seen().len(), 2)?;
    holds(&driver, "they are gone", driver.executors.seen().values().all(|executor| executor.gone.is_some()))?;
    nothing_is_left(&driver)
}
