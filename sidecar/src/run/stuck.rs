//! Stuck drivers: SparkContext has stopped, and the process lives on.
//!
//! On Kubernetes Spark's main method ends, stops the context and removes the executors, but a thread of the job's own that is
//! no daemon keeps the JVM alive for ever (Spark: `SparkSubmit.runMain`; SPARK-48547). From outside this is: the driver's port
//! was open and is closed, and the driver lives.

mod attach;
mod ports;
pub mod threads;
mod watch;

use std::{
    fmt,
    time::{Duration, Instant},
};

use nix::unistd::Pid;
use tokio::time::{MissedTickBehavior, interval};

use self::{threads::Threads, watch::Watch};
use crate::{run::descendants, spark_conf::SparkConf, verdict::Verdict};

/// Between two looks at the port.
const PAUSE: Duration = Duration::from_secs(5);
/// The same when the time is shorter than that, and never without a pause.
const SHORTEST: Duration = Duration::from_millis(100);

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookout {
    port: u16,
    after: Duration,
}

/// The driver is stuck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    port: u16,
    after: Duration,
    /// Its JVM and what that says, if one was found that does.
    jvm: Option<(Pid, Threads)>,
}

impl Lookout {
    /// For a driver with these settings. None when Spark takes any free port, which nobody can watch: that is said.
    #[must_use]
    pub fn new(conf: &SparkConf, after: Duration) -> Option<Self> {
        let told = conf.get(PORT);
        let port = told.and_then(|port| port.parse().ok()).filter(|port| *port != 0);
        if port.is_none() {
            tracing::warn!(told, "a stuck driver will not be seen: {PORT} is not set to a port; codriver-init sets it");
        }
        Some(Self { port: port?, after })
    }

    /// Returns when the driver is stuck, and never when it is not. Looks at most every [`PAUSE`].
    pub async fn wait(self) -> Stuck {
        let (begin, mut watch) = (Instant::now(), Watch::new(self.after));
        let mut looks = interval(self.after.clamp(SHORTEST, PAUSE));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            match ports::is_open(self.port) {
                Ok(open) if watch.look(open, begin.elapsed()) => break,
                Ok(open) => tracing::debug!(port = self.port, open, "looked at the driver's port"),
                Err(error) => tracing::debug!(%error, "cannot look at the driver's port"),
            }
        }
        Stuck { port: self.port, after: self.after, jvm: jvm().await }
    }
}

/// Where Spark's executors reach the driver; it listens there while there is a SparkContext.
const PORT: &str = "spark.driver.port";

/// The first JVM among our descendants that tells its threads.
async fn jvm() -> Option<(Pid, Threads)> {
    for process in descendants::all().into_iter().filter(|process| process.name == "java") {
        match attach::threads(process.pid).await {
            Ok(threads) => return Some((process.pid, threads)),
            Err(error) => tracing::warn!(pid = %process.pid, %error, "the JVM does not tell its threads"),
        }
    }
    None
}

impl Stuck {
    /// The JVM that has told its threads.
    #[must_use]
    pub fn jvm(&self) -> Option<Pid> {
        self.jvm.as_ref().map(|(pid, _)| *pid)
    }

    /// The verdict if the process does as it is told now; `earned` is the code that belongs to what the driver has printed.
    /// None when its main method is not known to be over: then its process's own end is the truth.
    #[must_use]
    pub fn verdict(&self, earned: u8) -> Option<Verdict> {
        let over = self.jvm.as_ref().is_some_and(|(_, threads)| threads.main_is_over);
        over.then(|| Verdict::Finished { code: earned, why: self.to_string() })
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { port, after, jvm } = self;
        write!(f, "SparkContext had stopped (port {port} was closed for {} s)", after.as_secs())?;
        match jvm {
            Some((_, threads)) if threads.main_is_over => {
                write!(
                    f,
                    " and main was over, but these threads kept the JVM alive: {threads}; hint: make them daemons, or end them"
                )
            }
            Some((_, threads)) => {
                write!(f, ", but main was not over, so its code is not known; these threads lived: {threads}")
            }
            None => f.write_str(", but its process lived; no JVM told why, so its code is not known"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_port_is_the_one_that_spark_was_told() {
        for (conf, port) in [
            ("spark.driver.port=7078", Some(7078)),
            ("spark.driver.port 7078\nspark.driver.port 7079", Some(7079)),
            ("spark.driver.port=0", None),
            ("spark.driver.port=any", None),
            ("spark.ui.port=4040", None),
        ] {
            assert_eq!(Lookout::new(&SparkConf::read(conf), MINUTE).map(|lookout| lookout.port), port, "{conf}");
        }
    }

    fn stuck(dump: Option<&[&str]>) -> Stuck {
        let jvm = dump.map(|lines| {
            let mut threads = Threads::default();
            lines.iter().for_each(|line| threads.hear(line));
            (Pid::from_raw(1), threads)
        });
        Stuck { port: 7078, after: MINUTE, jvm }
    }

    #[test]
    fn what_was_earned_counts_only_when_main_is_over() {
        let over = stuck(Some(&["\"Timer-0\" #13 prio=5", "\"DestroyJavaVM\" #14 prio=5"]));
        let verdict = over.verdict(1).unwrap();
        assert_eq!((verdict.code(), verdict.whose()), (Some(1), "driver"));
        assert_eq!(
            verdict.to_string(),
            "finished with code 1, and its process was ended: SparkContext had stopped (port 7078 was closed for 60 s) and main was \
             over, but these threads kept the JVM alive: `Timer-0`; hint: make them daemons, or end them"
        );
        for (dump, said) in [(Some(&["\"main\" #1 prio=5"][..]), "main was not over"), (None, "no JVM told why")] {
            let stuck = stuck(dump);
            assert_eq!(stuck.verdict(0), None);
            assert!(stuck.to_string().contains(said), "{stuck}");
        }
    }
}
