//! End to end: the paste of `manifests/raw` on a real cluster, with a real store and real Spark. One promise each.
//!
//! Without root and without CONTEXT there is no cluster: every test is counted as skipped then, and it is said why.

mod cases;
mod s01_main_job;
mod s02_codes;
mod s03_kills;
mod s04_cleanup;
mod s05_sidecar;
mod s06_identity;
mod s07_api_away;
mod s08_spark_3_5;
mod s09_preflight;
mod s10_keys;
mod s11_api_faults;
mod s12_odd_moments;
mod s13_meshes;
mod s14_attempts;
mod s15_alone;
mod s16_odd_drivers;
mod s17_rights;
mod s18_no_executors;
mod s20_wait;
mod s21_stuck;
mod s22_allocators;
mod s23_black_hole;
mod s24_cut_short;
mod s25_drain;
mod s26_refusals;
mod s27_endpoint;
mod secrets;
mod submission;
mod waiter;
mod world;

use codriver_e2e::{
    Result, containers,
    stage::{Stage, cannot_be_had},
};
use libtest_mimic::{Arguments, Trial};

/// What a test needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// A cluster, the store and the images.
    AnyCluster,
    /// Also a way under the cluster: containerd and the components themselves.
    OurCluster,
}

type Test = (&'static str, Needs, fn(&Stage) -> Result<()>);

/// Side by side; each has a JVM or three of its own, so more at once would only wait for each other.
const TOGETHER: [&[Test]; 25] = [
    s01_main_job::ALL,
    s02_codes::ALL,
    s03_kills::ALL,
    s04_cleanup::ALL,
    s05_sidecar::ALL,
    s06_identity::ALL,
    s08_spark_3_5::ALL,
    s09_preflight::ALL,
    s10_keys::ALL,
    s11_api_faults::ALL,
    s12_odd_moments::ALL,
    s13_meshes::ALL,
    s14_attempts::ALL,
    s15_alone::ALL,
    s16_odd_drivers::ALL,
    s17_rights::ALL,
    s18_no_executors::ALL,
    s20_wait::ALL,
    s21_stuck::ALL,
    s22_allocators::ALL,
    s23_black_hole::ALL,
    s24_cut_short::ALL,
    s25_drain::ALL,
    s26_refusals::ALL,
    s27_endpoint::ALL,
];
const SIDE_BY_SIDE: usize = 2;
/// One after another, when all others are done: they touch what all share.
const ALONE: [&[Test]; 2] = [s17_rights::ALONE, s07_api_away::ALL];

fn main() {
    let mut arguments = Arguments::from_args();
    let missing = cannot_be_had();
    if let Some(why) = &missing {
        eprintln!("\nSKIPPED: every end-to-end test, since there is {why}\n");
    }
    let stage = match missing.is_none() && !arguments.list {
        false => None,
        true => match Stage::prepare("e2e") {
            Ok(stage) => Some(stage),
            Err(error) => {
                eprintln!("\nthe stage for the end-to-end tests could not be prepared: {error}");
                std::process::exit(101);
            }
        },
    };
    let trial = |(name, needs, test): Test| {
        let skipped = stage.is_none() || (needs == Needs::OurCluster && !containers::are_reached());
        let stage = stage.clone();
        let run = move || stage.map_or(Ok(()), |stage| test(&stage).map_err(Into::into));
        Trial::test(name, run).with_ignored_flag(skipped)
    };
    let trials = |tests: &[&[Test]]| tests.concat().into_iter().map(trial).collect();
    arguments.test_threads = arguments.test_threads.or(Some(SIDE_BY_SIDE));
    let together = libtest_mimic::run(&arguments, trials(&TOGETHER));
    arguments.test_threads = Some(1);
    let alone = libtest_mimic::run(&arguments, trials(&ALONE));
    together.exit_if_failed();
    alone.exit();
}
