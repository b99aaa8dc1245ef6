//! What stays because it was asked for.

use codriver::cleanup::{Keep, Outcome, Target, Wishes, cleanup, remove_kept};
use serde_json::json;

use crate::world::{APPLICATION, Stored, World, claim, config_map, executor};
use crate::{DEADLINE, target};

fn keeping(keep: Keep) -> Target {
    Target { wishes: Wishes { keep, ..Wishes::default() }, ..target() }
}

async fn clean(world: &World, keep: Keep) -> Outcome {
    cleanup(&world.client(), &keeping(keep), DEADLINE).await
}

fn failed(name: &str, code: i32, finished: &str) -> Stored {
    executor(APPLICATION, name).with_status(json!({ "phase": "Failed", "containerStatuses": [{ "name": "executor",
        "state": { "terminated": { "exitCode": code, "reason": "Error", "finishedAt": finished } } }] }))
}

const BEFORE: &str = "2026-11-22T22:00:05Z";
const AFTER: &str = "2026-11-22T22:00:11Z";

#[tokio::test(start_paused = true)]
async fn without_deletion_on_termination_only_claims_go_as_with_spark_itself() {
    let world = World::with([executor(APPLICATION, "e"), config_map(APPLICATION), claim(APPLICATION, "c")]);
    let outcome = clean(&world, Keep::All).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!(world.names(), ["e", "spark-exec-spark-1-conf-map"]);
    assert_eq!((outcome.claims.removed, outcome.executors_gone_after), (1, None));
    let words = "executors and ConfigMap, since spark.kubernetes.executor.deleteOnTermination=false";
    assert_eq!(outcome.kept_in_words().as_deref(), Some(words));
    assert!(!world.requests().iter().any(|it| it.contains("pods")));
}

#[tokio::test(start_paused = true)]
async fn executors_that_failed_by_themselves_stay_until_their_time_is_over() {
    let world = World::with([
        failed("out-of-memory", 52, BEFORE),
        failed("lost-its-driver", 1, AFTER),
        executor(APPLICATION, "running"),
        config_map(APPLICATION),
    ]);
    let outcome = clean(&world, Keep::Failed).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!(world.names(), ["out-of-memory", "lost-its-driver"], "one request for each would be too many");
    assert_eq!((outcome.kept_failed, outcome.failures.total, outcome.pods.removed), (2, 1, 1));
    assert_eq!(outcome.kept_in_words().as_deref(), Some("2 executors that failed"));
    remove_kept(&world.client(), &keeping(Keep::Failed), DEADLINE).await;
    assert_eq!(world.names(), [] as [&str; 0]);
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn executors_that_only_lost_their_driver_are_not_worth_a_look() {
    let world = World::with([failed("lost-its-driver", 1, AFTER), executor(APPLICATION, "running")]);
    let outcome = clean(&world, Keep::Failed).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((world.names().len(), outcome.kept_failed, outcome.kept_in_words()), (0, 0, None));
    world.requests();
}
