//! The flags of `codriver run`.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::{Args, builder::BoolishValueParser};

use super::{KEEP_FAILED, SERVICE_ACCOUNT, VOLUME, seconds};
use crate::termination_log::DEFAULT_PATH;

/// `codriver run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The shared volume that codriver-init has written. Without it the command runs all the same, only supervised.
    #[arg(long = "dir", value_name = "DIR", env = "CODRIVER_DIR", default_value = VOLUME)]
    pub volume: PathBuf,
    /// The pod's uid (metadata.uid); the application id is made of it. codriver-init hands it over in the volume.
    #[arg(long, value_name = "UID", env = "POD_UID")]
    pub pod_uid: Option<String>,
    /// Seconds between a request to stop and SIGKILL to the driver's process group, and between the driver's own end and SIGKILL
    /// to what it left running. Keep it below
    /// terminationGracePeriodSeconds (30 by default), so that the cleanup has what is left.
    #[arg(long, value_name = "SECONDS", env = "CODRIVER_GRACE", default_value = "24", value_parser = seconds)]
    pub grace: Duration,
    /// There is no sidecar (a cluster without native sidecars): clean up after the driver's end. No help if the kernel kills
    /// the whole container at once; then executors stay until the pod is deleted, or `codriver sweep` runs.
    #[arg(long, env = "CODRIVER_ALONE", value_parser = BoolishValueParser::new())]
    pub alone: bool,
    /// With --alone, seconds that the cleanup may take. This and the grace period together must be below
    /// terminationGracePeriodSeconds, or the kubelet's SIGKILL costs the driver's exit code.
    #[arg(long, value_name = "SECONDS", env = "CODRIVER_CLEANUP", default_value = "5", value_parser = seconds)]
    pub cleanup: Duration,
    /// With --alone, seconds that executors which failed stay after the driver's end, for a look at their logs; 0 removes them
    /// with the others. `codriver sweep` removes them then, which reads this variable (not the flag) off the pod; they go with the
    /// pod in any case.
    #[arg(long, value_name = "SECONDS", env = KEEP_FAILED, default_value = "0", value_parser = seconds)]
    pub keep_failed: Duration,
    /// With --alone, the mounted service account: token, ca.crt.
    #[arg(long, value_name = "DIR", env = "CODRIVER_SERVICE_ACCOUNT_DIR", default_value = SERVICE_ACCOUNT)]
    pub service_account: PathBuf,
    /// End with another code than the driver's, for schedulers that take a code such as 143 for a failure: `143=0`. May be
    /// repeated, or separated by commas. Log, event and termination message keep the truth.
    #[arg(long = "map", value_name = "FROM=TO", env = "CODRIVER_MAP", value_delimiter = ',')]
    pub map: Vec<String>,
    /// Read the driver's output along, copying it byte for byte, and tell the last exception of a driver that failed in the
    /// termination message. Standard output too, unless it is a terminal: spark-submit prints its python's stderr there.
    #[arg(long, env = "CODRIVER_LAST_WORDS", value_parser = BoolishValueParser::new())]
    pub last_words: bool,
    /// End a driver whose SparkContext has been stopped for so many seconds, with the code that its main method has earned: a
    /// thread that is no daemon keeps a JVM alive for ever. Such as 60; not for programs that work on after stop(), and not for
    /// notebooks. Reads the driver's stderr along, as --last-words does.
    #[arg(long, value_name = "SECONDS", env = "CODRIVER_STUCK_AFTER", value_parser = seconds)]
    pub stuck_after: Option<Duration>,
    /// Where the kubelet reads the termination message (terminationMessagePath).
    #[arg(long, value_name = "FILE", env = "CODRIVER_TERMINATION_LOG", default_value = DEFAULT_PATH)]
    pub termination_log: PathBuf,
    /// The driver's command and its arguments, after `--`.
    #[arg(required = true, last = true)]
    pub command: Vec<OsString>,
}
