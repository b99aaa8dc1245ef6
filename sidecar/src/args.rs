//! The command line. Every flag has an environment variable; times are whole seconds, as in pod specs.
//! This file has the verbs; each verb's flags have a file of their own.

mod credentials;
mod probe;
mod run;
mod sidecar;
mod sweep;
mod wait;

use std::time::Duration;

use clap::{Parser, Subcommand};

pub use self::{
    credentials::CredentialsArgs,
    probe::ProbeArgs,
    run::RunArgs,
    sidecar::SidecarArgs,
    sweep::{Output, SweepArgs},
    wait::WaitArgs,
};

/// Makes any Kubernetes pod a well-behaved Spark driver: supervises the driver process, tells the truth about its exit code,
/// and leaves no executor behind.
#[derive(Debug, Parser)]
#[command(name = "codriver", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// How much to log: off, error, warn, info, debug.
    #[arg(long, value_name = "LEVEL", env = "CODRIVER_LOG", default_value = "info", global = true)]
    pub log: String,
}

const EXIT_CODES: &str = "\
Exit codes of `codriver run`: the driver's own 0-255 unchanged; 128+n when signal n killed it; 126 found but not executable;
127 not found; of codriver itself: 70 a bug, 73 files cannot be written, 78 configuration wrong. The last line of the log says
whose code it was. `codriver sidecar` and `codriver credentials` end with 0 on SIGTERM, `codriver probe` with 0 or 69.";

const SWEEP_CODES: &str = "\
Exit codes: 0 nothing is left to sweep (or with --dry-run: it is said); 69 the API server cannot be reached; 75 not done in time, or
the API server has trouble: the next run may do it; 77 forbidden, with the missing rule in the log; 78 configuration wrong.";

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Supervise a command as the driver (in the driver's own container).
    ///
    /// Signals are caught before the command starts and forwarded to it; orphans are reaped; after a request to stop and the
    /// grace period, or at a second request, its whole process group is killed. The exit code is the command's own.
    #[command(after_help = EXIT_CODES)]
    Run(RunArgs),
    /// Watch over the driver and clean up after it (the native sidecar: an init container with restartPolicy: Always).
    ///
    /// After each end of the driver, however it ended, executor pods, their ConfigMap and their volume claims are removed.
    Sidecar(SidecarArgs),
    /// Serve credentials on loopback, and nothing else (the native sidecar of executors in the mode `endpoint`).
    ///
    /// codriver-init puts it into the executors' pod template. New credentials are asked for while the old ones are still good,
    /// and every AWS SDK, S3A and object_store can read them by the container-credentials contract. The driver's pod has the
    /// same from `codriver sidecar`.
    Credentials(CredentialsArgs),
    /// Remove what dead drivers left behind (a CronJob's work).
    ///
    /// Executors, their ConfigMaps, volume claims and controllers go when the pod that owns them is gone or has ended, for nodes
    /// that vanish with their sidecars and pods that are forced away. What belongs to a driver that lives is never touched.
    #[command(after_help = SWEEP_CODES)]
    Sweep(SweepArgs),
    /// Wait for another driver's pod, and end with its driver's exit code (the truth for `spark-submit --deploy-mode cluster`).
    ///
    /// The pod's changes are told as they happen; a pod that is lost (evicted, preempted, its node gone) is told apart from a
    /// driver that fails. Evidence is what the API server says, so this pod's service account must be allowed to list and
    /// watch pods (and to get pods/log with --follow-log) in that namespace.
    #[command(after_help = wait::AFTER_HELP)]
    Wait(WaitArgs),
    /// Ask the sidecar's /healthz: what startupProbe calls, since a scratch image has no curl.
    Probe(ProbeArgs),
}

/// Where Kubernetes mounts a pod's service account.
pub const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// The shared volume.
pub const VOLUME: &str = "/codriver";

/// How long failed executors stay. The sweep reads it off the driver's pod.
pub const KEEP_FAILED: &str = "CODRIVER_KEEP_FAILED";

/// As good as for ever, and still a moment that the clock can count to.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Any whole number of seconds.
///
/// # Errors
/// For anything else.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map(Duration::from_secs).map_err(|_| "expected a whole number of seconds".to_owned())?;
    Ok(seconds.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_has_an_environment_variable() {
        for verb in Cli::command().get_subcommands() {
            for flag in verb.get_arguments().filter(|flag| flag.get_long().is_some_and(|name| name != "help")) {
                assert!(flag.get_env().is_some(), "{} --{}", verb.get_name(), flag.get_id());
            }
        }
    }
}
