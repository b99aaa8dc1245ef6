//! The real parsers and the real S3A of several Hadoop versions, on what codriver-init writes; without Kubernetes.
//!
//! It runs twice. Outside it gets what needs the network: the jars, MinIO, codriver-init. Then it starts itself again inside
//! of namespaces of its own (`e2e/jvm/inside.sh`), where AWS's names lead to a store on loopback and everything ends with it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::exit, reason = "a test fails by panicking")]

mod init;
#[path = "../shared/inside.rs"]
mod inside;
mod java;
mod outside;
mod round_trips;
mod s3;
mod sources;
#[path = "../shared/store.rs"]
mod store;
mod stuck;
mod world;

use std::path::Path;

use libtest_mimic::{Arguments, Trial};
use world::{Hadoop, World};

/// Each has a JVM of its own.
const SIDE_BY_SIDE: usize = 2;

type Test = (&'static str, fn(&World, &Hadoop) -> Result<(), String>);

type SparkTest = (&'static str, fn(&World, &Path) -> Result<(), String>);

const SPARKS: [SparkTest; 3] = [
    ("spark-submit reads spark-defaults.conf as it was meant", round_trips::spark_submit_reads_as_meant),
    ("a stuck driver whose main method returned ends with 0", stuck::after_main_returned),
    ("a stuck driver whose main method threw ends with 1", stuck::after_main_threw),
];

const ALL: [&[Test]; 3] = [round_trips::ALL, s3::ALL, sources::ALL];

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or(Some(SIDE_BY_SIDE));
    if inside::folder().is_none() && !arguments.list {
        match inside::start_again(outside::get) {
            Ok(code) => std::process::exit(code),
            Err(why) => eprintln!("\nSKIPPED: every test with a real JVM, since {why}\n"),
        }
    }
    let world = World::inside();
    let trial = |hadoop: Hadoop, (name, test): Test| {
        let world = world.clone();
        Trial::test(format!("hadoop {}: {name}", hadoop.version), move || test(&world, &hadoop).map_err(Into::into))
            .with_ignored_flag(inside::folder().is_none())
    };
    let tests = ALL.concat();
    let trials = world.hadoops.iter().flat_map(|hadoop| tests.iter().map(|test| trial(hadoop.clone(), *test)));
    let mut trials: Vec<Trial> = trials.collect();
    for (version, home) in &world.sparks {
        let spark = |name: &str, test: fn(&World, &Path) -> Result<(), String>| {
            let (world, home) = (world.clone(), home.clone());
            Trial::test(format!("spark {version}: {name}"), move || test(&world, &home).map_err(Into::into))
                .with_ignored_flag(inside::folder().is_none())
        };
        trials.extend(SPARKS.map(|(name, test)| spark(name, test)));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    drop(world);
    conclusion.exit();
}
