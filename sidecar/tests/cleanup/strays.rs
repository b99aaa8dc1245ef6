//! Jobs that choose their own application id.

use codriver::cleanup::{Target, cleanup};

use crate::objects::{APPLICATION, claim, config_map, executor, executors};
use crate::world::World;
use crate::{DEADLINE, clean, target};

#[tokio::test(start_paused = true)]
async fn executors_of_the_driver_under_another_id_are_removed_by_that_id() {
    let world = World::with(executors("job", 1_200).into_iter().chain([config_map("job"), claim("job", "c")]));
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((outcome.pods.removed, outcome.config_maps.removed, outcome.claims.removed), (1_200, 1, 1));
    assert_eq!(world.names(), [] as [&str; 0]);
    assert!(!world.requests().iter().any(|it| it == "delete pods"), "no request for each executor");
    assert!(outcome.requests < 30, "{}", outcome.requests);
}

#[tokio::test(start_paused = true)]
async fn of_an_id_that_two_drivers_chose_only_our_own_objects_are_removed() {
    let world = World::with([
        executor("job", "ours"),
        executor("job", "theirs").owned_by("u-other"),
        config_map("job"),
        claim("job", "our-claim"),
        claim("job", "their-claim").owned_by("u-other"),
    ]);
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!(world.names(), ["theirs", "their-claim"]);
    let one_by_one = ["delete pods", "delete persistentvolumeclaims"];
    assert_eq!(one_by_one.map(|what| world.requests().iter().filter(|it| *it == what).count()), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn the_executors_of_the_next_attempt_are_spared_whatever_their_id() {
    let world = World::with([
        executor("job", "first-attempt"),
        executor("job", "second-attempt").created("2026-11-22T22:00:14Z"),
        executor("spark-2", "second-attempt-by-its-own-id"),
        executor(APPLICATION, "first-attempt-by-its-own-id"),
    ]);
    let target = Target { live: vec!["spark-2".into()], ..target() };
    let outcome = cleanup(&world.client(), &target, DEADLINE).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!(world.names(), ["second-attempt", "second-attempt-by-its-own-id"]);
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn with_another_attempt_alive_a_stray_id_is_never_removed_by_its_label() {
    let world = World::with([executor("job", "first-attempt")]);
    let target = Target { live: vec!["spark-2".into()], ..target() };
    let outcome = cleanup(&world.client(), &target, DEADLINE).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!(world.names(), [] as [&str; 0]);
    assert!(world.requests().contains(&"delete pods".to_owned()));
}
