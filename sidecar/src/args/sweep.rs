//! The flags of `codriver sweep`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum, builder::BoolishValueParser};

use super::{SERVICE_ACCOUNT, seconds};

/// `codriver sweep`.
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// The namespace to sweep [default: that of the service account].
    #[arg(long, short, value_name = "NAME", env = "CODRIVER_SWEEP_NAMESPACE", conflicts_with = "all_namespaces")]
    pub namespace: Option<String>,
    /// Sweep all namespaces at once; it takes a ClusterRole.
    #[arg(long, short = 'A', env = "CODRIVER_SWEEP_ALL_NAMESPACES", value_parser = BoolishValueParser::new())]
    pub all_namespaces: bool,
    /// Seconds that an object must be old, and its driver's end must be past.
    #[arg(long, value_name = "SECONDS", env = "CODRIVER_SWEEP_OLDER_THAN", default_value = "600", value_parser = seconds)]
    pub older_than: Duration,
    /// Say what would be removed, and remove nothing.
    #[arg(long, env = "CODRIVER_SWEEP_DRY_RUN", value_parser = BoolishValueParser::new())]
    pub dry_run: bool,
    /// Sweep what has no owner too, where no pod of the application is left that has not ended. A driver outside of the
    /// cluster, or one without spark.kubernetes.driver.pod.name, may be alive and cannot be seen: only where there are none.
    #[arg(long, env = "CODRIVER_SWEEP_ORPHANS", value_parser = BoolishValueParser::new())]
    pub orphans: bool,
    /// How to say it on standard output: table, for people, or json.
    #[arg(long, short, value_name = "FORMAT", env = "CODRIVER_SWEEP_OUTPUT", value_enum, default_value = "table")]
    pub output: Output,
    /// The mounted service account: token, ca.crt, namespace.
    #[arg(long, value_name = "DIR", env = "CODRIVER_SERVICE_ACCOUNT_DIR", default_value = SERVICE_ACCOUNT)]
    pub service_account: PathBuf,
}

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A table; nothing when there is nothing to sweep.
    Table,
    /// One JSON object.
    Json,
}
