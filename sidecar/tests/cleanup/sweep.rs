//! `codriver sweep`: the real program against the stand-in API server.

use std::time::{Duration, SystemTime};

use codriver_kube::Timestamp;
use serde_json::{Value, json};

use crate::cluster::said;
use crate::objects::{Stored, claim, config_map, controller, executor, executors, pod};
use crate::program::cluster_of;
use crate::role::rights;
use crate::world::{Fault, World};

/// Holds a uid, so that many objects may go together.
const ID: &str = "spark-0c1b2d3e000040008000123456789abc-1";
const OLD: &str = "2020-01-01T00:00:00Z";

/// An application of a driver that is gone.
fn dead(id: &str, count: usize) -> Vec<Stored> {
    let of_driver = |it: Stored| it.owned_by("u-gone").created(OLD);
    executors(id, count).into_iter().chain([config_map(id), claim(id, "a-claim")]).map(of_driver).collect()
}

/// What a driver that lives has, an old one too, with a claim of an executor's.
fn alive() -> Vec<Stored> {
    let of_driver = |it: Stored| it.owned_by("u-alive").created(OLD);
    let its = [executor("job", "alive-exec"), config_map("job"), controller("statefulsets", "spark-s-job-0")];
    let of_executor = claim("job", "executors-claim").owned_by("u-pods-alive-exec").created(OLD);
    let unlabelled = pod("notebook", "u-notebook", "Running");
    let driver = pod("alive", "u-alive", "Running");
    its.map(of_driver).into_iter().chain([of_executor, unlabelled, driver]).collect()
}

async fn sweep(world: &World, arguments: &[&str]) -> (String, String, Option<i32>) {
    let cluster = cluster_of(world).await;
    let said = said(&cluster.codriver(&[&["sweep"], arguments].concat()).output().await.unwrap());
    world.requests();
    said
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

#[tokio::test]
async fn what_a_gone_driver_left_goes_and_what_lives_is_not_touched() {
    let world = World::with(dead(ID, 40).into_iter().chain(alive()));
    let untouched = sorted(World::with(alive()).names());
    let (table, log, code) = sweep(&world, &[]).await;
    assert_eq!((sorted(world.names()), code), (untouched, Some(0)), "{log}");
    let row: Vec<_> = table.lines().nth(1).unwrap().split_whitespace().take(8).collect();
    assert_eq!(row, ["etl", ID, "o,", "gone", "40", "1", "1", "0"], "{table}");
    assert_eq!(world.requests().iter().filter(|it| it.starts_with("delete")).count(), 3, "not one for each");
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_touches_nothing() {
    let world = World::with(dead(ID, 40));
    let (json, log, code) = sweep(&world, &["--dry-run", "--output", "json"]).await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json["applications"][0]["executors"].as_u64(), json["removed"].as_u64()), (Some(40), Some(0)));
    assert_eq!((world.names().len(), code), (42, Some(0)), "{log}");
}

#[tokio::test]
async fn where_there_is_nothing_nothing_is_said_and_pods_are_not_even_listed() {
    let world = World::with([pod("web", "u-web", "Running")]);
    let (table, log, code) = sweep(&world, &[]).await;
    assert_eq!((table.as_str(), log.as_str(), code), ("", "", Some(0)));
    assert_eq!(world.requests().len(), 5);
}

fn end(finished: &str) -> Value {
    json!({ "phase": "Failed", "containerStatuses": [{ "name": "driver",
        "state": { "terminated": { "exitCode": 137, "finishedAt": finished } } }] })
}

#[tokio::test]
async fn a_driver_that_has_just_ended_is_left_to_its_sidecar() {
    for (finished, left) in [(OLD, 1), ("2999-01-01T00:00:00Z", 3)] {
        let its = [executor("job", "e"), config_map("job")].map(|it| it.owned_by("u-ended").created(OLD));
        let driver = pod("ended", "u-ended", "Failed").with_status(end(finished));
        let world = World::with(its.into_iter().chain([driver]));
        let (table, log, code) = sweep(&world, &[]).await;
        assert_eq!((world.names().len(), code), (left, Some(0)), "{table}{log}");
    }
}

#[tokio::test]
async fn executors_that_failed_stay_for_as_long_as_their_drivers_pod_says() {
    let of_ended = |it: Stored| it.owned_by("u-ended").created(OLD);
    let an_hour_ago = Timestamp::from(SystemTime::now() - Duration::from_secs(3600)).to_string();
    let keeping = |value: Value| {
        let env = json!([{ "name": "CODRIVER_CLEANUP", "value": "86400" }, value]);
        json!({ "initContainers": [{ "name": "codriver", "env": env }] })
    };
    for (spec, left) in [
        (json!({}), &["ended"][..]),
        (keeping(json!({ "name": "CODRIVER_KEEP_FAILED", "value": "86400" })), &["failed", "ended"]),
        (keeping(json!({ "name": "CODRIVER_KEEP_FAILED", "value": "1800" })), &["ended"]),
        (keeping(json!({ "name": "CODRIVER_KEEP_FAILED", "valueFrom": {} })), &["ended"]),
    ] {
        let failed = executor(ID, "failed").with_status(json!({ "phase": "Failed" }));
        let its = [failed, executor(ID, "other"), config_map(ID)].map(of_ended);
        let driver = pod("ended", "u-ended", "Failed").with_status(end(&an_hour_ago)).with_spec(spec.clone());
        let world = World::with(its.into_iter().chain([driver]));
        let (table, log, code) = sweep(&world, &[]).await;
        assert_eq!(
            (world.names(), code),
            (left.iter().map(ToString::to_string).collect(), Some(0)),
            "{spec}{table}{log}"
        );
    }
}

#[tokio::test]
async fn what_is_young_stays_until_it_is_old_enough() {
    let world = World::with([executor("job", "e").owned_by("u-gone").created("2999-01-01T00:00:00Z")]);
    assert_eq!(sweep(&world, &["--older-than", "0"]).await.2, Some(0));
    assert_eq!(world.names(), ["e"]);
}

#[tokio::test]
async fn what_an_executor_owns_stays_while_that_is_there_however_it_is_labelled_and_whether_it_has_ended() {
    for phase in ["Running", "Succeeded", "Failed"] {
        let owner = pod("odd", "u-odd", phase).with_label("spark-role", "executor").created(OLD);
        let world = World::with([owner, claim("theirs", "data").owned_by("u-odd").created(OLD)]);
        let (table, log, code) = sweep(&world, &[]).await;
        assert_eq!(
            (sorted(world.names()), code),
            (vec!["data".to_owned(), "odd".to_owned()], Some(0)),
            "{phase} {table}{log}"
        );
    }
}

#[tokio::test]
async fn what_nobody_owns_goes_only_with_orphans_and_never_beside_a_pod_at_work() {
    let orphans = || {
        let failed = executor("dead", "failed").with_status(json!({ "phase": "Failed" }));
        let of_running = [executor("unseen", "running"), config_map("unseen")];
        [failed, config_map("dead")].into_iter().chain(of_running).map(|it| it.without_owner().created(OLD))
    };
    for (arguments, left) in [(&[][..], 4), (&["--orphans"][..], 2)] {
        let world = World::with(orphans());
        let (table, log, code) = sweep(&world, arguments).await;
        assert_eq!((world.names().len(), code), (left, Some(0)), "{table}{log}");
    }
}

#[tokio::test]
async fn one_namespace_is_swept_or_all() {
    for (arguments, left) in [(&[][..], 1), (&["--namespace", "other"][..], 2), (&["--all-namespaces"][..], 0)] {
        let elsewhere = executor("job", "elsewhere").in_namespace("other").owned_by("u-gone").created(OLD);
        let here = [executor("job", "e"), config_map("job")].map(|it| it.owned_by("u-gone").created(OLD));
        let world = World::with(here.into_iter().chain([elsewhere]));
        let (table, log, code) = sweep(&world, arguments).await;
        assert_eq!((world.names().len(), code), (left, Some(0)), "{arguments:?} {table}{log}");
    }
}

#[tokio::test]
async fn controllers_of_dead_drivers_go_and_their_pods_are_left_to_the_garbage_collector() {
    let set = controller("statefulsets", "spark-s-job-0").with_uid("u-set").owned_by("u-gone").created(OLD);
    let its = executor("job", "e").owned_by_a("StatefulSet", "u-set").created(OLD);
    let world = World::with([set, its, controller("deployments", "web").owned_by("u-gone").created(OLD)]);
    let (table, log, code) = sweep(&world, &[]).await;
    assert_eq!((world.names(), code), (vec!["e".to_owned(), "web".to_owned()], Some(0)), "{table}{log}");
}

#[tokio::test]
async fn each_trouble_has_its_code_and_what_can_be_done_is_done() {
    for (world, code, words, left) in [
        (World::with(dead("job", 2)).forbidding("list configmaps"), 77, "resources: [\"configmaps\"]", 1),
        (World::with(dead("job", 2)).forbidding("delete pods"), 77, "verbs: [\"delete\"]", 2),
        (World::with(dead(ID, 20)).faulty("deletecollection pods", &[Fault::Status(500); 9]), 75, "answered 500", 20),
        (World::with(dead(ID, 20)).faulty("deletecollection pods", &[Fault::Status(500)]), 0, "swept", 0),
        (World::with(dead(ID, 20)).faulty("list pods", &[Fault::Cut, Fault::ComeBackIn(0)]), 0, "swept", 0),
    ] {
        let (_, log, ended) = sweep(&world, &[]).await;
        assert_eq!((ended, world.names().len()), (Some(code), left), "{log}");
        assert!(log.contains(&words.replace('"', "\\\"")), "{log}");
    }
}

#[tokio::test]
async fn a_missing_right_on_controllers_costs_the_code_only_where_a_controller_is_at_work() {
    let controlled = executor("job-2", "controlled").owned_by_a("StatefulSet", "u-set").created(OLD);
    for (more, code, left) in [(None, 0, 0), (Some(controlled), 77, 1)] {
        let world = World::with(dead(ID, 2).into_iter().chain(more));
        let world = world.forbidding("list statefulsets").forbidding("list deployments");
        let (_, log, ended) = sweep(&world, &[]).await;
        assert_eq!((ended, world.names().len()), (Some(code), left), "{log}");
        for kind in ["statefulsets", "deployments"] {
            assert!(log.contains(&format!("resources: [\\\"{kind}\\\"]")), "{log}");
        }
    }
}

#[tokio::test]
async fn the_manifests_allow_what_a_sweep_does_and_no_more() {
    let mut asked = Vec::new();
    let controllers = ["statefulsets", "deployments"].map(|kind| {
        let letter = &kind[..1];
        controller(kind, &format!("spark-{letter}-job-0")).owned_by("u-gone").created(OLD)
    });
    for objects in [dead(ID, 40), dead("job", 2), controllers.to_vec()] {
        let world = World::with(objects);
        assert_eq!(sweep(&world, &[]).await.2, Some(0));
        asked.extend(world.requests());
    }
    asked.sort();
    asked.dedup();
    for page in [
        include_str!("../../../manifests/sweep/cronjob.yaml"),
        include_str!("../../../manifests/sweep/all-namespaces.yaml"),
    ] {
        let mut allowed = rights(page);
        // Of many ConfigMaps or claims of one application there is no case here.
        allowed
            .retain(|it| !["deletecollection configmaps", "deletecollection persistentvolumeclaims"].contains(&&**it));
        assert_eq!(asked, allowed);
    }
}

#[tokio::test]
async fn without_knowing_who_lives_nothing_goes() {
    // The executors are listed; then the list of pods fails for good.
    let world = World::with(dead(ID, 2)).faulty("list pods", &[Fault::None, Fault::Status(403)]);
    let (table, log, code) = sweep(&world, &[]).await;
    assert_eq!((table.as_str(), code, world.names().len()), ("", Some(77), 4), "{log}");
}

#[tokio::test]
async fn an_api_server_that_is_not_there_is_69_and_a_missing_account_78() {
    let cluster = cluster_of(&World::default()).await;
    for (name, value, code) in
        [("KUBERNETES_SERVICE_PORT", "1", 69), ("CODRIVER_SERVICE_ACCOUNT_DIR", "/nonexistent", 78)]
    {
        let output = cluster.codriver(&["sweep"]).env(name, value).output().await.unwrap();
        assert_eq!(said(&output).2, Some(code), "{output:?}");
    }
}
