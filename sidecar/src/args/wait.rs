//! The flags of `codriver wait`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, builder::BoolishValueParser};

use super::{SERVICE_ACCOUNT, seconds};

/// What stands under the flags.
pub const AFTER_HELP: &str = "\
Exit codes: the driver's own 0-255; 75 the pod was lost and a retry may help; 69 the API server did not answer for too long;
77 RBAC refuses; 78 no such pod, or wrong settings; 124 --timeout passed; 143, 130 SIGTERM or SIGINT (the driver goes on).

A step of Argo Workflows or a KubernetesPodOperator of Airflow, which believes this container's exit code:

  spark-submit --deploy-mode cluster --name daily --conf spark.kubernetes.submission.waitAppCompletion=false \\
    --conf spark.kubernetes.driver.label.run=$RUN_ID ... &&
  codriver wait --selector spark-role=driver,run=$RUN_ID --follow-log";

/// `codriver wait`.
#[derive(Debug, Args)]
pub struct WaitArgs {
    /// The driver's pod.
    #[arg(env = "CODRIVER_WAIT_POD", required_unless_present = "selector", conflicts_with = "selector")]
    pub pod: Option<String>,
    /// Its labels, in place of its name: the newest pod that has them. spark-submit's cluster mode gives its driver
    /// spark-role=driver, spark-app-name=… and spark-app-selector=….
    #[arg(long, value_name = "LABELS", env = "CODRIVER_WAIT_SELECTOR")]
    pub selector: Option<String>,
    /// Its namespace [default: that of this pod's service account].
    #[arg(long, value_name = "NAME", env = "CODRIVER_WAIT_NAMESPACE")]
    pub namespace: Option<String>,
    /// Its driver's container [default: spark-kubernetes-driver, driver, or the only one].
    #[arg(long, value_name = "NAME", env = "CODRIVER_WAIT_CONTAINER")]
    pub container: Option<String>,
    /// Show on stdout what the driver writes. No line is lost or doubled by a connection that breaks off.
    #[arg(long, env = "CODRIVER_WAIT_FOLLOW_LOG", value_parser = BoolishValueParser::new())]
    pub follow_log: bool,
    /// Seconds until the driver must have ended [default: no end].
    #[arg(long, value_name = "SECONDS", env = "CODRIVER_WAIT_TIMEOUT", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// Seconds until the pod must be there, from when the API server first says that it is not.
    #[arg(long, value_name = "SECONDS", env = "CODRIVER_WAIT_FOR_POD", default_value = "60", value_parser = seconds)]
    pub for_pod: Duration,
    /// Seconds for which the API server may be away.
    #[arg(long, value_name = "SECONDS", env = "CODRIVER_WAIT_PATIENCE", default_value = "300", value_parser = seconds)]
    pub patience: Duration,
    /// The mounted service account: token, ca.crt, namespace.
    #[arg(long, value_name = "DIR", env = "CODRIVER_SERVICE_ACCOUNT_DIR", default_value = SERVICE_ACCOUNT)]
    pub service_account: PathBuf,
}
