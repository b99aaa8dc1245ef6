//! The flags of `codriver credentials`.

use std::net::SocketAddr;

use clap::Args;

/// `codriver credentials`.
#[derive(Debug, Args)]
pub struct CredentialsArgs {
    /// What to serve and whom to ask for it, as JSON: what codriver-init writes into `endpoint/endpoint.json` for the driver's
    /// sidecar. No secret is in it.
    #[arg(long, value_name = "JSON", env = "CODRIVER_ENDPOINT")]
    pub endpoint: String,
    /// Where /healthz, /readyz and /metrics are served; nothing secret is.
    #[arg(long, value_name = "ADDRESS", env = "CODRIVER_HEALTH_ADDRESS", default_value = "0.0.0.0:8686")]
    pub health: SocketAddr,
}
