//! The flags of `codriver run`.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::Args;

use super::{VOLUME, seconds};
use crate::termination_log::DEFAULT_PATH;

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
