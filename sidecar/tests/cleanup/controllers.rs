//! Executors that a controller makes: Spark's allocators `statefulset` and `deployment`.

use codriver::cleanup::{Outcome, Target, Wishes, cleanup};

use crate::objects::{APPLICATION, Stored, controller, executors};
use crate::world::World;
use crate::{DEADLINE, clean, target};

async fn clean_as_told(world: &World) -> Outcome {
    let wishes = Wishes { controllers: true, ..Wishes::default() };
    cleanup(&world.client(), &Target { wishes, ..target() }, DEADLINE).await
}

/// A set of three executors; it makes each anew that is deleted.
fn set(application_id: &str) -> Vec<Stored> {
    let set = controller("statefulsets", &format!("spark-s-{application_id}-0")).with_uid("u-set");
    let made = executors(application_id, 3).into_iter().map(|it| it.owned_by_a("StatefulSet", "u-set"));
    made.chain([set]).collect()
}

/// Somebody else's, in the same namespace.
fn others() -> [Stored; 3] {
    let of_other = |name| controller("statefulsets", name).owned_by("u-other");
    [of_other("database"), of_other("spark-s-other-0"), controller("deployments", "web").owned_by("u-other")]
}

const OTHERS: [&str; 3] = ["database", "spark-s-other-0", "web"];

#[tokio::test(start_paused = true)]
async fn where_sparks_settings_tell_of_a_controller_it_goes_before_its_executors() {
    let world = World::with(others().into_iter().chain(set(APPLICATION)));
    let outcome = clean_as_told(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((outcome.controllers.removed, outcome.pods.removed), (1, 3));
    assert_eq!(world.names(), OTHERS);
    let first = ["list statefulsets", "list deployments", "delete statefulsets", "deletecollection pods"];
    assert_eq!(world.requests()[..4], first);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_known_by_its_name_too() {
    let world = World::with([controller("deployments", &format!("spark-d-{APPLICATION}-0"))]);
    let outcome = clean_as_told(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((outcome.controllers.removed, world.names().len()), (1, 0));
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn where_nobody_tells_the_executors_owner_does() {
    let world = World::with(others().into_iter().chain(set(APPLICATION)));
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((outcome.controllers.removed, outcome.pods.removed), (1, 6), "three were made anew");
    assert_eq!(world.names(), OTHERS);
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn under_an_id_of_the_jobs_own_only_the_drivers_controllers_go() {
    let theirs = controller("statefulsets", "spark-s-job-1").owned_by("u-other");
    let world = World::with(set("job").into_iter().chain([theirs]));
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!(world.names(), ["spark-s-job-1"]);
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_on_controllers_is_said_and_the_rest_is_done() {
    let world = World::with(executors(APPLICATION, 3)).forbidding("list statefulsets").forbidding("list deployments");
    let outcome = clean_as_told(&world).await;
    assert_eq!((outcome.pods.left, outcome.controllers.left, outcome.problems.len()), (Some(0), None, 2));
    let rule = "- apiGroups: [\"apps\"]\n  resources: [\"statefulsets\"]\n  verbs: [\"list\"]";
    assert!(outcome.problems[0].ends_with(rule), "{}", outcome.problems[0]);
    world.requests();
}
