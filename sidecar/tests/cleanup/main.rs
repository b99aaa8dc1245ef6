//! The cleanup against an API server that keeps objects, with the clock paused.

#![allow(clippy::unwrap_used, reason = "clippy knows only test functions as tests, not what they call")]

mod alone;
#[path = "../shared/answer.rs"]
mod answer;
mod asked;
#[path = "../shared/cluster.rs"]
mod cluster;
mod controllers;
mod faults;
mod kept;
mod objects;
mod program;
#[path = "../shared/role.rs"]
mod role;
mod strays;
mod sweep;
mod world;

use std::time::Duration;

use codriver::cleanup::{Outcome, Target, Wishes, cleanup};
use objects::{APPLICATION, DRIVER, LABEL, NAMESPACE, claim, config_map, ended_at, executor, executors};
use serde_json::json;
use world::World;

const DEADLINE: Duration = Duration::from_secs(20);

fn target() -> Target {
    Target {
        namespace: NAMESPACE.into(),
        application_id: APPLICATION.into(),
        driver_uid: DRIVER.into(),
        ended_at: ended_at(),
        live: Vec::new(),
        grace: 0,
        wishes: Wishes::default(),
    }
}

async fn clean(world: &World) -> Outcome {
    cleanup(&world.client(), &target(), DEADLINE).await
}

#[tokio::test(start_paused = true)]
async fn after_a_killed_driver_nothing_is_left_and_eight_requests_did_it() {
    let world = World::with(executors(APPLICATION, 50).into_iter().chain([config_map(APPLICATION)]));
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((outcome.pods.removed, outcome.config_maps.removed, outcome.claims.removed), (50, 1, 0));
    assert_eq!(world.names(), [] as [&str; 0]);
    assert_eq!(
        world.requests(),
        [
            "deletecollection pods",
            "deletecollection configmaps",
            "deletecollection persistentvolumeclaims",
            "list pods",
            "list configmaps",
            "list pods",
            "list configmaps",
            "list persistentvolumeclaims",
        ]
    );
    assert_eq!(outcome.requests, 8);
    assert_eq!(outcome.took.as_millis() / 10, 20, "one pause of 200 ms");
    assert_eq!(outcome.executors_gone_after.unwrap().as_millis() / 10, 0);
}

#[tokio::test(start_paused = true)]
async fn five_thousand_executors_take_one_more_request_for_each_further_five_hundred() {
    let world = World::with(executors(APPLICATION, 5_000).into_iter().chain([config_map(APPLICATION)]));
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((outcome.pods.removed, outcome.requests), (5_000, 17));
    assert_eq!(world.requests().len(), 17);
}

#[tokio::test(start_paused = true)]
async fn thousands_of_executors_of_others_cost_no_request() {
    let others = executors("spark-2", 3_000).into_iter().map(|it| it.owned_by("u-other"));
    let world = World::with(others.chain(executors(APPLICATION, 50)));
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((outcome.pods.removed, outcome.requests, world.names().len()), (50, 7, 3_000));
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn executors_without_codrivers_label_are_looked_at_by_their_application_id() {
    let unlabelled = executors(APPLICATION, 3).into_iter().map(|it| it.without_label(LABEL));
    let late = executor(APPLICATION, "late").without_label(LABEL).arrives_after(Duration::from_millis(100));
    let world = World::with(unlabelled.chain([late]));
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((outcome.pods.removed, world.names().len()), (4, 0));
    assert_eq!(world.requests()[..5][3..], ["list pods", "list pods"]);
}

#[tokio::test(start_paused = true)]
async fn after_a_driver_that_cleaned_up_by_itself_it_only_looks() {
    let world = World::default();
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((outcome.pods.removed, outcome.requests), (0, 7));
    assert!(outcome.executors_gone_after.is_some());
}

#[tokio::test(start_paused = true)]
async fn other_applications_and_drivers_of_cluster_mode_are_not_touched() {
    let others = [
        executor("spark-2", "other-exec-1").owned_by("u-other"),
        config_map("spark-2").owned_by("u-other"),
        claim("spark-2", "other-claim").owned_by("u-other"),
        executor(APPLICATION, "driver").with_label("spark-role", "driver"),
    ];
    let world = World::with(others.into_iter().chain(executors(APPLICATION, 2)));
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!(world.names(), ["other-exec-1", "spark-exec-spark-2-conf-map", "other-claim", "driver"]);
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn an_executor_that_lands_after_the_first_empty_look_is_removed_too() {
    let late = executor(APPLICATION, "late").arrives_after(Duration::from_millis(100));
    let world = World::with([late]);
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((outcome.pods.removed, world.names().len()), (1, 0));
    // Gone at first, there again at the second look, and seen to be gone at the third.
    assert_eq!(outcome.executors_gone_after.unwrap().as_millis() / 100, 6);
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn executors_in_their_grace_period_are_waited_for_and_counted_once() {
    let world = World::with(executors(APPLICATION, 3));
    let outcome = cleanup(&world.client(), &Target { grace: 5, ..target() }, DEADLINE).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!(outcome.pods.removed, 3);
    let gone = outcome.executors_gone_after.unwrap().as_secs_f32();
    assert!((5.0..7.0).contains(&gone), "{gone}");
    assert_eq!(world.requests().iter().filter(|it| *it == "deletecollection pods").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn claims_in_use_are_waited_for() {
    let claims =
        [1, 2].map(|number| claim(APPLICATION, &format!("claim-{number}")).lingers(Duration::from_millis(300)));
    let world = World::with(claims.into_iter().chain(executors(APPLICATION, 2)));
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((outcome.claims.removed, outcome.pods.removed), (2, 2));
    // They were seen leaving twice.
    assert_eq!((outcome.requests, world.requests().len()), (10, 10));
}

#[tokio::test(start_paused = true)]
async fn an_executor_that_stays_is_left_and_said_with_the_command_to_remove_it() {
    let world = World::with([executor(APPLICATION, "stuck").lingers(Duration::from_secs(600))]);
    let outcome = clean(&world).await;
    assert_eq!((outcome.pods.removed, outcome.pods.left), (0, Some(1)));
    assert_eq!((outcome.executors_gone_after, outcome.took.as_secs()), (None, DEADLINE.as_secs()));
    assert_eq!(
        outcome.problems,
        [
            "the cleanup was not done within its 20 s, and leaves 1 pods, 0 configmaps, 0 persistentvolumeclaims — hint: what \
          the driver's pod owns goes with it; to remove it now: kubectl delete pods,configmaps,persistentvolumeclaims -n \
          etl -l spark-app-selector=spark-1"
        ]
    );
    assert!(world.requests().len() < 25, "{:?}", world.requests());
}

#[tokio::test(start_paused = true)]
async fn the_reasons_of_failed_executors_come_with_their_removal() {
    let status = |code: u32, reason: &str, finished: &str| {
        json!({ "phase": "Failed", "containerStatuses": [{ "name": "executor", "state": { "terminated":
            { "exitCode": code, "reason": reason, "finishedAt": finished } } }] })
    };
    let before = "2026-11-22T22:00:05Z";
    let world = World::with([
        executor(APPLICATION, "exec-1").with_status(status(137, "OOMKilled", before)),
        executor(APPLICATION, "exec-2").with_status(status(1, "Error", "2026-11-22T22:00:11Z")),
        executor(APPLICATION, "exec-3").with_status(json!({ "phase": "Running" })),
    ]);
    let outcome = clean(&world).await;
    let words: Vec<_> = outcome.failures.kept.iter().map(ToString::to_string).collect();
    assert_eq!(words, ["exec-1: OOMKilled, exit code 137"]);
    assert_eq!((outcome.failures.total, outcome.requests), (1, 7));
}
