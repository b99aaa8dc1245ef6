//! The flags of `codriver sidecar`.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;

use super::{KEEP_FAILED, SERVICE_ACCOUNT, VOLUME, seconds};
use crate::{mesh::wish::Wish, termination_log::DEFAULT_PATH};

/// `codriver sidecar`.
#[derive(Debug, Args)]
pub struct SidecarArgs {
    /// The shared volume; the socket and the sidecar's state are in its folder `run`.
    #[arg(long = "dir", value_name = "DIR", env = "CODRIVER_DIR", default_value = VOLUME)]
    pub volume: PathBuf,
    /// The pod's name (downward API: metadata.name).
    #[arg(long, value_name = "NAME", env = "POD_NAME")]
    pub pod_name: String,
    /// The pod's namespace (downward API: metadata.namespace).
    #[arg(long, value_name = "NAME", env = "POD_NAMESPACE")]
    pub pod_namespace: String,
    /// The pod's uid (downward API: metadata.uid).
    #[arg(long, value_name = "UID", env = "POD_UID")]
    pub pod_uid: String,
    /// The name of the driver's container in the pod.
    #[arg(long, value_name = "NAME", env = "CODRIVER_DRIVER_CONTAINER", default_value = "driver")]
    pub container: String,
    /// Where /healthz, /readyz and /metrics are served; nothing secret is.
    #[arg(long, value_name = "ADDRESS", env = "CODRIVER_HEALTH_ADDRESS", default_value = "0.0.0.0:8686")]
    pub health: SocketAddr,
    /// Seconds that the container's status may take to say why the wrapper was killed.
    #[arg(long, value_name = "SECONDS", env = "CODRIVER_SETTLE", default_value = "10", value_parser = seconds)]
    pub settle: Duration,
    /// Seconds from the driver's start after which it is told, in the log and as an event, why no executor is ready; 0 for never.
    #[arg(long, value_name = "SECONDS", env = "CODRIVER_EXECUTORS_AFTER", default_value = "60", value_parser = seconds)]
    pub executors_after: Duration,
    /// Seconds from the driver's start after which it is ended with code 75 when no executor is ready. Without this it may wait
    /// for ever. It needs `codriver run`, and never happens while the API server is away or before an executor was asked for.
    #[arg(long, value_name = "SECONDS", env = "CODRIVER_EXECUTORS_DEADLINE", value_parser = seconds)]
    pub executors_deadline: Option<Duration>,
    /// Seconds that one cleanup may take in all.
    #[arg(long, value_name = "SECONDS", env = "CODRIVER_CLEANUP", default_value = "20", value_parser = seconds)]
    pub cleanup: Duration,
    /// Seconds that executors which failed stay after their driver's end, for a look at their logs; 0 removes them with the
    /// others. The sidecar removes them in time if its pod still runs then, and never holds the pod's end for it. Of a pod that
    /// has ended `codriver sweep` removes them, which reads this variable (not the flag) off the pod; they go with the
    /// pod in any case.
    #[arg(long, value_name = "SECONDS", env = KEEP_FAILED, default_value = "0", value_parser = seconds)]
    pub keep_failed: Duration,
    /// Proxies to ask to quit after the driver's last end, where they are ordinary containers that would keep the pod
    /// alive. auto: those that are known among the pod's containers; none; or a list with `;` between of auto, names
    /// (istio, linkerd, consul, cloud-sql, alloydb, vault, dapr), and requests such as
    /// `POST http://127.0.0.1:9000/stop expect=204 timeout=10`. Native sidecars are never asked.
    #[arg(long, value_name = "LIST", env = "CODRIVER_QUIT", default_value = "auto")]
    pub quit: Wish,
    /// The mounted service account: token, ca.crt.
    #[arg(long, value_name = "DIR", env = "CODRIVER_SERVICE_ACCOUNT_DIR", default_value = SERVICE_ACCOUNT)]
    pub service_account: PathBuf,
    /// Where the kubelet reads the termination message (terminationMessagePath).
    #[arg(long, value_name = "FILE", env = "CODRIVER_TERMINATION_LOG", default_value = DEFAULT_PATH)]
    pub termination_log: PathBuf,
}
