//! The command line. Every flag has an environment variable; times are whole seconds, as in pod specs.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};

use crate::termination_log::DEFAULT_PATH;

/// Makes any Kubernetes pod a well-behaved Spark driver: supervises the driver process, tells the truth about its exit code,
/// and leaves no executor behind.
#[derive(Debug, Parser)]
#[command(name = "codriver", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
    /// How much to log: off, error, warn, info, debug.
    #[arg(long, env = "CODRIVER_LOG", default_value = "info", global = true)]
    pub log: String,
}

const EXIT_CODES: &str = "\
Exit codes of `codriver run`: the driver's own 0-255 unchanged; 128+n when signal n killed it; 126 found but not executable;
127 not found; of codriver itself: 70 a bug, 73 files cannot be written, 78 configuration wrong. The last line of the log says
whose code it was. `codriver sidecar` ends with 0 on SIGTERM, `codriver probe` with 0 or 69.";

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
    /// Ask the sidecar's /healthz: what startupProbe calls, since a scratch image has no curl.
    Probe(ProbeArgs),
}

/// The shared volume.
pub const VOLUME: &str = "/codriver";

/// `codriver run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The shared volume that codriver-init has written. Without it the command runs all the same, only supervised.
    #[arg(long = "dir", value_name = "DIR", env = "CODRIVER_DIR", default_value = VOLUME)]
    pub volume: PathBuf,
    /// The pod's uid (metadata.uid); the application id is made of it. codriver-init hands it over in the volume.
    #[arg(long, env = "POD_UID")]
    pub pod_uid: Option<String>,
    /// Seconds between a request to stop and SIGKILL to the driver's process group. Keep it below
    /// terminationGracePeriodSeconds (30 by default), so that the cleanup has what is left.
    #[arg(long, value_name = "SECONDS", env = "CODRIVER_GRACE", default_value = "24", value_parser = seconds)]
    pub grace: Duration,
    /// Where the kubelet reads the termination message (terminationMessagePath).
    #[arg(long, env = "CODRIVER_TERMINATION_LOG", default_value = DEFAULT_PATH)]
    pub termination_log: PathBuf,
    /// The driver's command and its arguments, after `--`.
    #[arg(required = true, last = true)]
    pub command: Vec<OsString>,
}

/// `codriver sidecar`.
#[derive(Debug, Args)]
pub struct SidecarArgs {
    /// The shared volume; the socket and the sidecar's state are in its folder `run`.
    #[arg(long = "dir", value_name = "DIR", env = "CODRIVER_DIR", default_value = VOLUME)]
    pub volume: PathBuf,
    /// The pod's name (downward API: metadata.name).
    #[arg(long, env = "POD_NAME")]
    pub pod_name: String,
    /// The pod's namespace (downward API: metadata.namespace).
    #[arg(long, env = "POD_NAMESPACE")]
    pub pod_namespace: String,
    /// The pod's uid (downward API: metadata.uid).
    #[arg(long, env = "POD_UID")]
    pub pod_uid: String,
    /// The name of the driver's container in the pod.
    #[arg(long, env = "CODRIVER_DRIVER_CONTAINER", default_value = "driver")]
    pub container: String,
    /// Where /healthz is served; nothing secret is.
    #[arg(long, env = "CODRIVER_HEALTH_ADDRESS", default_value = "0.0.0.0:8686")]
    pub health: SocketAddr,
    /// Seconds that the container's status may take to say why the wrapper was killed.
    #[arg(long, value_name = "SECONDS", env = "CODRIVER_SETTLE", default_value = "10", value_parser = seconds)]
    pub settle: Duration,
    /// Seconds that one cleanup may take in all.
    #[arg(long, value_name = "SECONDS", env = "CODRIVER_CLEANUP", default_value = "20", value_parser = seconds)]
    pub cleanup: Duration,
    /// The mounted service account: token, ca.crt.
    #[arg(long, env = "CODRIVER_SERVICE_ACCOUNT_DIR", default_value = "/var/run/secrets/kubernetes.io/serviceaccount")]
    pub service_account: PathBuf,
    /// Where the kubelet reads the termination message (terminationMessagePath).
    #[arg(long, env = "CODRIVER_TERMINATION_LOG", default_value = DEFAULT_PATH)]
    pub termination_log: PathBuf,
}

/// `codriver probe`.
#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// Where the sidecar serves /healthz.
    #[arg(long, env = "CODRIVER_PROBE_ADDRESS", default_value = "127.0.0.1:8686")]
    pub address: SocketAddr,
}

/// As good as for ever, and still a moment that the clock can count to.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Any whole number of seconds.
fn seconds(text: &str) -> Result<Duration, String> {
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
