//! What stays because it was asked for.

use std::{sync::Arc, time::Duration};

use codriver::cleanup::{Keep, Outcome, Target, Wishes, cleanup, remove_kept};
use codriver::protocol::Attempt;
use codriver::sidecar::{Pod, cleaning::Cleaner, events::Events, machine::Ended, told::Told};
use codriver::verdict::{Evidence, Verdict};
use serde_json::json;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::objects::{APPLICATION, DRIVER, NAMESPACE, Stored, claim, config_map, executor};
use crate::program::cluster_of;
use crate::world::World;
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
async fn the_sidecar_goes_on_and_removes_what_it_has_kept_when_the_time_since_the_drivers_end_is_over() {
    let world = World::with([failed("out-of-memory", 52, BEFORE), executor(APPLICATION, "running")]);
    let pod = Pod { namespace: NAMESPACE.into(), name: "p".into(), uid: DRIVER.into(), container: "driver".into() };
    let volume = tempfile::tempdir().unwrap();
    let cleaner = Cleaner {
        client: Some(Arc::new(world.client())),
        pod: pod.clone(),
        deadline: DEADLINE,
        keep_failed: Duration::from_secs(600),
        volume: volume.path().to_owned(),
        told: Told::new(volume.path().join("termination-log"), volume.path(), DRIVER),
        events: Arc::new(Events::new(None, pod)),
        metrics: Arc::default(),
    };
    let attempt = Attempt { number: 1, application_id: APPLICATION.into(), since: 0 };
    let ended =
        Ended { attempt, verdict: Verdict::Exited(1), evidence: Evidence::Farewell, mapped: None, reason: None };
    let end = Instant::now();
    cleaner.clean(&ended, None, end).await;
    assert!(end.elapsed() < Duration::from_secs(1));
    for (second, left) in [(599, &["out-of-memory"][..]), (601, &[])] {
        sleep_until(end + Duration::from_secs(second)).await;
        assert_eq!(world.names(), left, "after {second} s");
    }
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

#[tokio::test]
async fn the_sidecar_hears_of_sparks_settings_by_the_attempts_configuration_and_the_command_line() {
    let keep = "spark.kubernetes.executor.deleteOnTermination=false";
    let id = "spark-udriver-1";
    for (defaults, command, left) in [
        ("", "spark-submit job.py".to_owned(), 0),
        (keep, "spark-submit job.py".to_owned(), 2),
        ("", format!("spark-submit --conf {keep} job.py"), 2),
        // The command line wins, in Spark and here.
        (keep, format!("spark-submit --conf {} job.py", keep.replace("false", "true")), 0),
    ] {
        let world = World::with([executor(id, "e"), config_map(id), claim(id, "c")]);
        let (cluster, volume) = (cluster_of(&world).await, tempfile::tempdir().unwrap());
        for folder in ["attempts", "run", "spark", "bin"] {
            std::fs::create_dir(volume.path().join(folder)).unwrap();
        }
        std::fs::write(volume.path().join("spark/spark-defaults.conf"), defaults).unwrap();
        // Stands for Spark, which is left out here.
        std::os::unix::fs::symlink("/bin/true", volume.path().join("bin/spark-submit")).unwrap();
        let codriver = |arguments: &[&str]| {
            let mut command = cluster.codriver(arguments);
            command.env("CODRIVER_LOG", "off").env("CODRIVER_DIR", volume.path()).envs([
                ("POD_NAME", "p"),
                ("POD_NAMESPACE", "etl"),
                ("POD_UID", DRIVER),
            ]);
            command
        };
        let mut sidecar = codriver(&["sidecar", "--health", "127.0.0.1:0"]).kill_on_drop(true).spawn().unwrap();
        let listens = async {
            while !volume.path().join("run/sidecar.sock").exists() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(DEADLINE, listens).await.unwrap();
        let words: Vec<_> = ["run", "--"].into_iter().chain(command.split_whitespace()).collect();
        let path = format!("{}:/usr/bin:/bin", volume.path().join("bin").display());
        assert!(codriver(&words).env("PATH", path).status().await.unwrap().success());
        let pid = nix::unistd::Pid::from_raw(sidecar.id().unwrap().cast_signed());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        assert!(sidecar.wait().await.unwrap().success());
        assert_eq!(world.names().len(), left, "{defaults} {command}");
    }
}
