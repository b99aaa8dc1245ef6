//! The flags of `codriver probe`.

use std::net::SocketAddr;

use clap::Args;

/// `codriver probe`.
#[derive(Debug, Args)]
pub struct ProbeArgs {
    /// Where the sidecar serves /healthz.
    #[arg(long, env = "CODRIVER_PROBE_ADDRESS", default_value = "127.0.0.1:8686")]
    pub address: SocketAddr,
}
