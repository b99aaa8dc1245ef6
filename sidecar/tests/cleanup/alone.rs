//! `codriver run --alone`: the wrapper cleans up itself.

use std::fs;

use serde_json::json;
use tokio::time::Instant;

use crate::cluster::said;
use crate::objects::{DRIVER, config_map, executor, executors};
use crate::program::cluster_of;
use crate::world::World;

/// The attempt's, by the uid of the world's driver pod.
const ID: &str = "spark-udriver-1";

fn volume() -> tempfile::TempDir {
    let volume = tempfile::tempdir().unwrap();
    for folder in ["attempts", "spark"] {
        fs::create_dir(volume.path().join(folder)).unwrap();
    }
    fs::write(volume.path().join("spark/spark-defaults.conf"), "spark.kubernetes.namespace=etl\n").unwrap();
    fs::write(volume.path().join("env"), format!("POD_UID={DRIVER}\n")).unwrap();
    volume
}

#[tokio::test]
async fn after_the_drivers_end_nothing_is_left_and_the_code_is_the_drivers() {
    let earlier = executor("spark-udriver-0", "of-an-attempt-whose-wrapper-was-killed").created("2020-01-01T00:00:00Z");
    let world = World::with(executors(ID, 3).into_iter().chain([config_map(ID), earlier]));
    let (cluster, volume) = (cluster_of(&world).await, volume());
    let mut command = cluster.codriver(&["run", "--alone", "--", "sh", "-c", "exit 7"]);
    let output = command.env("CODRIVER_DIR", volume.path()).output().await.unwrap();
    let (_, log, code) = said(&output);
    assert_eq!((code, world.names().len()), (Some(7), 0), "{log}");
    assert!(log.contains("cleaned up after the driver") && log.contains(r#""removed":5"#), "{log}");
    assert!(log.contains("alone, without a sidecar"), "{log}");
    world.requests();
}

#[tokio::test]
async fn executors_that_failed_stay_for_a_sweep_where_that_is_asked_for() {
    let status = json!({ "phase": "Failed", "containerStatuses": [{ "name": "executor",
        "state": { "terminated": { "exitCode": 52, "reason": "Error", "finishedAt": "2020-01-01T00:00:00Z" } } }] });
    let world = World::with([executor(ID, "failed").with_status(status), executor(ID, "running"), config_map(ID)]);
    let (cluster, volume) = (cluster_of(&world).await, volume());
    let mut command = cluster.codriver(&["run", "--alone", "--keep-failed", "600", "--", "true"]);
    let (_, log, code) = said(&command.env("CODRIVER_DIR", volume.path()).output().await.unwrap());
    assert_eq!((code, world.names()), (Some(0), vec!["failed".to_owned()]), "{log}");
    assert!(log.contains("1 executors that failed"), "{log}");
    world.requests();
}

#[tokio::test]
async fn a_cleanup_that_cannot_be_done_costs_its_deadline_and_no_code() {
    let world = World::with(executors(ID, 3));
    let (cluster, volume) = (cluster_of(&world).await, volume());
    let mut command = cluster.codriver(&["run", "--alone", "--cleanup", "1", "--", "true"]);
    // Nobody listens there.
    command.env("KUBERNETES_SERVICE_PORT", "1").env("CODRIVER_DIR", volume.path());
    let begin = Instant::now();
    let (_, log, code) = said(&command.output().await.unwrap());
    assert_eq!((code, begin.elapsed().as_secs() < 10), (Some(0), true), "{log}");
    assert!(log.contains("not done in time") && log.contains("cannot reach the API server"), "{log}");
}

#[tokio::test]
async fn without_a_service_account_or_a_volume_the_driver_runs_all_the_same() {
    let world = World::default();
    let (cluster, volume) = (cluster_of(&world).await, volume());
    for (name, value, words) in [
        ("CODRIVER_SERVICE_ACCOUNT_DIR", "/nonexistent", "executors go when the pod is deleted"),
        ("CODRIVER_DIR", "/nonexistent", "no application id is known"),
    ] {
        let mut command = cluster.codriver(&["run", "--alone", "--", "sh", "-c", "exit 3"]);
        let output = command.env("CODRIVER_DIR", volume.path()).env(name, value).output().await.unwrap();
        let (_, log, code) = said(&output);
        assert!(code == Some(3) && log.contains(words), "{log}");
    }
}
