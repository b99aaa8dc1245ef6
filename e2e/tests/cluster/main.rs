//! End to end: the paste of `manifests/raw` on a real cluster, with a real store and real Spark. One promise each.
//!
//! Without root and without CONTEXT there is no cluster: every test is counted as skipped then, and it is said why.

mod s01_main_job;
mod s02_codes;
mod s03_kills;
mod s04_cleanup;
mod s05_sidecar;
mod s06_identity;
mod world;

use codriver_e2e::{
    Result,
    stage::{Stage, cannot_be_had},
};
use libtest_mimic::{Arguments, Trial};

type Test = (&'static str, fn(&Stage) -> Result<()>);

fn main() {
    let tests: Vec<Test> =
        [s01_main_job::ALL, s02_codes::ALL, s03_kills::ALL, s04_cleanup::ALL, s05_sidecar::ALL, s06_identity::ALL]
            .concat();
    let mut arguments = Arguments::from_args();
    // Each test has a JVM or two on its own; more at once only wait for each other.
    arguments.test_threads = arguments.test_threads.or(Some(2));
    let missing = cannot_be_had();
    if let Some(why) = &missing {
        eprintln!("\nSKIPPED: all {} end-to-end tests, since there is {why}\n", tests.len());
    }
    let stage = match missing.is_none() && !arguments.list {
        false => None,
        true => match Stage::prepare("e2e") {
            Ok(stage) => Some(stage),
            Err(error) => {
                eprintln!("the stage for the end-to-end tests could not be prepared: {error}");
                libtest_mimic::Conclusion {
                    num_filtered_out: 0,
                    num_passed: 0,
                    num_failed: tests.len() as u64,
                    num_ignored: 0,
                    num_measured: 0,
                }
                .exit()
            }
        },
    };
    let trial = |(name, test): Test| {
        let (skipped, stage) = (stage.is_none(), stage.clone());
        let run = move || stage.map_or(Ok(()), |stage| test(&stage).map_err(Into::into));
        Trial::test(name, run).with_ignored_flag(skipped)
    };
    libtest_mimic::run(&arguments, tests.into_iter().map(trial).collect()).exit();
}
