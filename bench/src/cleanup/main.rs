//! Removes executors on a real API server in three ways, one after the other, and notes how long each took.
//!
//! Usage: bench-cleanup RESULTS EXECUTORS RUNS WAY…
//!
//! RESULTS is a file to which each removal adds a line of JSON; a WAY is `codriver`, `raw` or `kubectl` ([`ways`]).
//! `BENCH_API`, `BENCH_CA`, `BENCH_TOKEN` and `BENCH_NAMESPACE` say where (URL, two files, a namespace that goes with
//! everything in it when the caller is done), `BENCH_KUBECTL` what calls kubectl there.
//!
//! The executors are pods that no scheduler takes: an object in the API server is what a cleanup removes, and 5 000
//! containers would not fit. All ways remove as many, made anew for each, and a watch of its own tells when the last one
//! was gone, the same for all. The order changes with each run, so that no way always finds the server as another left it.

mod cluster;
mod executors;
mod watch;
mod ways;

use std::{env, fs::OpenOptions, io::Write as _};

use cluster::Cluster;
use executors::Application;
use watch::Watch;
use ways::Way;

/// What went wrong, for the person who reads the step's log.
type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [results, executors, runs, ways @ ..] = arguments.as_slice() else {
        return Err("usage: bench-cleanup RESULTS EXECUTORS RUNS WAY…".into());
    };
    let (executors, runs): (usize, usize) = (executors.parse()?, runs.parse()?);
    let mut ways = ways.iter().map(|name| Way::named(name)).collect::<Result<Vec<_>, _>>()?;
    let cluster = Cluster::from_environment()?;
    let driver_uid = executors::make_driver(&cluster, &format!("driver-{executors}")).await?;
    for run in 1..=runs {
        for way in &ways {
            let application_id = format!("spark-{executors}-{run}-{way}");
            let application = Application { application_id, driver_uid: driver_uid.clone(), executors };
            let line = measure(*way, &cluster, &application).await?;
            println!("{line}");
            writeln!(OpenOptions::new().create(true).append(true).open(results)?, "{line}")?;
        }
        ways.rotate_left(1);
    }
    Ok(())
}

/// Makes the executors, removes them this way, and tells of it in a line of JSON: seconds until the last was gone and until
/// the way was done, and its requests.
async fn measure(way: Way, cluster: &Cluster, application: &Application) -> Result<serde_json::Value, Error> {
    executors::make(cluster, application).await?;
    let mut watch = Watch::start(cluster, application)?;
    let removal = way.remove(cluster, application).await?;
    let gone = watch.last_one_gone()?.duration_since(removal.began);
    Ok(serde_json::json!({
        "way": way.to_string(),
        "executors": application.executors,
        "gone": gone.as_secs_f64(),
        "done": removal.took.as_secs_f64(),
        "requests": removal.requests,
    }))
}
