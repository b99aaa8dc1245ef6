//! What goes wrong, and how little of it stays.

use std::time::Duration;

use crate::objects::{APPLICATION, claim, config_map, executor, executors};
use crate::world::{Fault, World};
use crate::{DEADLINE, clean};

#[tokio::test(start_paused = true)]
async fn a_kind_that_is_forbidden_does_not_hold_the_others_and_its_rule_is_said() {
    let world =
        World::with(executors(APPLICATION, 2).into_iter().chain([config_map(APPLICATION), claim(APPLICATION, "c")]))
            .forbidding("deletecollection configmaps");
    let outcome = clean(&world).await;
    assert_eq!((outcome.pods.left, outcome.claims.left, outcome.config_maps.left), (Some(0), Some(0), None));
    assert_eq!(world.names().len(), 1);
    assert_eq!(outcome.problems.len(), 1);
    let rule = "- apiGroups: [\"\"]\n  resources: [\"configmaps\"]\n  verbs: [\"deletecollection\"]";
    assert!(outcome.problems[0].ends_with(rule), "{}", outcome.problems[0]);
    assert!(outcome.took < Duration::from_secs(2) && !outcome.is_complete());
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn without_any_permission_it_ends_at_once_and_says_each_rule_once() {
    let all = ["deletecollection pods", "deletecollection configmaps", "deletecollection persistentvolumeclaims"];
    let world = all.into_iter().fold(World::with(executors(APPLICATION, 2)), World::forbidding).forbidding("list pods");
    let outcome = clean(&world).await;
    assert_eq!((outcome.requests, outcome.problems.len(), outcome.pods.left), (4, 4, None));
    assert!(outcome.took < Duration::from_secs(1));
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_to_come_back_later_is_given_that_time() {
    let world = World::with(executors(APPLICATION, 1_200))
        .faulty("deletecollection pods", &[Fault::ComeBackIn(3)])
        .faulty("list configmaps", &[Fault::ComeBackIn(2), Fault::Status(503)]);
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!(outcome.took.as_secs(), 5);
    // 7 without anything to remove from maps and claims, 2 more pages, 3 faults.
    assert_eq!((outcome.pods.removed, outcome.requests), (1_200, 12));
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn a_list_that_expires_between_two_pages_is_begun_anew() {
    let world = World::with(executors("job", 700).into_iter().chain(executors(APPLICATION, 1)));
    // The look around has two pages here: the first breaks off, then its second has expired.
    let world = world.faulty("list pods", &[Fault::Cut, Fault::None, Fault::Status(410)]);
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((outcome.pods.removed, world.names().len()), (701, 0));
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_rotated_is_read_anew_and_one_that_is_refused_twice_is_said() {
    for (faults, complete) in [(&[Fault::Status(401)][..], true), (&[Fault::Status(401); 2][..], false)] {
        let world = World::with(executors(APPLICATION, 2)).faulty("deletecollection pods", faults);
        let outcome = clean(&world).await;
        assert_eq!((outcome.is_complete(), outcome.problems.len()), (complete, usize::from(!complete)));
        assert!(complete || outcome.problems[0].contains("does not accept the service account's token"));
        world.requests();
    }
}

#[tokio::test(start_paused = true)]
async fn what_another_has_removed_meanwhile_is_as_good_as_removed() {
    let ours = executor("job", "ours").created("2026-11-22T22:00:05Z");
    for code in [404, 409] {
        let world = World::with([ours.clone(), executor("job", "theirs").owned_by("u-other")])
            .faulty("delete pods", &[Fault::Status(code)]);
        let outcome = clean(&world).await;
        assert!(outcome.is_complete(), "{outcome:?}");
        assert_eq!(world.names(), ["theirs"]);
        world.requests();
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_is_cut_in_its_answer_is_continued_and_nothing_is_counted_twice() {
    let objects = executors(APPLICATION, 700).into_iter().map(|it| it.lingers(Duration::from_millis(150)));
    let world = World::with(objects).faulty("deletecollection pods", &[Fault::Cut]);
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((outcome.pods.removed, world.names().len()), (700, 0));
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_costs_the_deadline_and_no_more() {
    let world = World::with(executors(APPLICATION, 2)).faulty("deletecollection pods", &[Fault::Silence]);
    let outcome = clean(&world).await;
    assert_eq!((outcome.took.as_secs(), outcome.pods.left, outcome.requests), (DEADLINE.as_secs(), None, 1));
    assert!(outcome.problems[0].contains("an unknown number of pods"), "{}", outcome.problems[0]);
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_gone_costs_the_deadline_and_is_named() {
    let world = World::with(executors(APPLICATION, 2)).down_for(DEADLINE * 2);
    let outcome = clean(&world).await;
    assert_eq!(outcome.took.as_secs(), DEADLINE.as_secs());
    assert!(
        outcome.problems[0].contains("at last: cannot reach the API server at in-memory"),
        "{}",
        outcome.problems[0]
    );
    assert!(outcome.requests < 20, "{}", outcome.requests);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_back_in_time_is_used() {
    let world = World::with([executor(APPLICATION, "e")]).down_for(Duration::from_secs(6));
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    assert_eq!((outcome.pods.removed, world.names().len()), (1, 0));
    world.requests();
}

#[tokio::test(start_paused = true)]
async fn what_is_not_found_is_as_good_as_removed() {
    let world = World::default().faulty("deletecollection pods", &[Fault::Status(404)]);
    let outcome = clean(&world).await;
    assert!(outcome.is_complete(), "{outcome:?}");
    world.requests();
}
