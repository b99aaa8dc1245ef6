//! The metrics that there are. `docs/monitoring.md`, the dashboard and the alerts are compared with this list by tests.

use super::{
    Kind::{Counter, Gauge},
    Metric,
};

/// All of them, in the order of the page.
pub static ALL: [&Metric; 21] = [
    &BUILD_INFO,
    &READY,
    &WRAPPER_CONNECTED,
    &DRIVER_ATTEMPT,
    &DRIVER_START,
    &DRIVER_ENDS,
    &DRIVER_EXIT_CODE,
    &DRIVER_END,
    &CLEANUPS,
    &CLEANUP_DURATION,
    &CLEANUP_EXECUTORS_GONE,
    &CLEANUP_REMOVED,
    &CLEANUP_LEFT,
    &CLEANUP_REQUESTS,
    &EXECUTOR_FAILURES,
    &PROXY_QUITS,
    &API_ERRORS,
    &CREDENTIALS_START,
    &CREDENTIALS_EXPIRATION,
    &CREDENTIALS_REFRESHES,
    &CREDENTIALS_REQUESTS,
];

const fn metric(name: &'static str, kind: super::Kind, labels: &'static [&'static str], help: &'static str) -> Metric {
    Metric { name, kind, help, labels }
}

/// Which codriver this is.
pub static BUILD_INFO: Metric = metric("codriver_build_info", Gauge, &["version"], "Which codriver this is; always 1.");
/// As `/readyz` says.
pub static READY: Metric = metric(
    "codriver_ready",
    Gauge,
    &[],
    "1 once the API server has told this pod: a driver's end could be cleaned up after.",
);
/// A wrapper vouches for the driver.
pub static WRAPPER_CONNECTED: Metric =
    metric("codriver_wrapper_connected", Gauge, &[], "1 while a wrapper in the driver's container is connected.");
/// The newest attempt's number.
pub static DRIVER_ATTEMPT: Metric = metric(
    "codriver_driver_attempt",
    Gauge,
    &[],
    "Number of the driver's newest attempt: 1, and one more for each restart in place.",
);
/// When it began.
pub static DRIVER_START: Metric = metric(
    "codriver_driver_start_timestamp_seconds",
    Gauge,
    &[],
    "When the newest attempt began, in seconds since 1970.",
);
/// Ends of the driver.
pub static DRIVER_ENDS: Metric = metric(
    "codriver_driver_ends_total",
    Counter,
    &["verdict", "evidence"],
    "Ends of the driver, by how it ended and how that is known.",
);
/// The last end's code.
pub static DRIVER_EXIT_CODE: Metric = metric(
    "codriver_driver_exit_code",
    Gauge,
    &[],
    "Exit code of the driver's last end, 128+n after signal n; -1 when nobody knows it.",
);
/// When it was.
pub static DRIVER_END: Metric =
    metric("codriver_driver_end_timestamp_seconds", Gauge, &[], "When the driver last ended, in seconds since 1970.");
/// Cleanups.
pub static CLEANUPS: Metric = metric(
    "codriver_cleanups_total",
    Counter,
    &["result"],
    "Cleanups after an end of the driver: complete or incomplete.",
);
/// How long the last cleanup took.
pub static CLEANUP_DURATION: Metric =
    metric("codriver_cleanup_duration_seconds", Gauge, &[], "How long the last cleanup took.");
/// How long executors outlived their driver.
pub static CLEANUP_EXECUTORS_GONE: Metric = metric(
    "codriver_cleanup_executors_gone_seconds",
    Gauge,
    &[],
    "From the begin of the last cleanup until its last executor was seen to be gone.",
);
/// What was removed.
pub static CLEANUP_REMOVED: Metric =
    metric("codriver_cleanup_removed_total", Counter, &["kind"], "Objects that cleanups removed.");
/// What stayed.
pub static CLEANUP_LEFT: Metric =
    metric("codriver_cleanup_left", Gauge, &["kind"], "Objects that the last cleanup left, as far as it could see.");
/// What it cost the API server.
pub static CLEANUP_REQUESTS: Metric =
    metric("codriver_cleanup_requests_total", Counter, &[], "Requests to the API server that cleanups made.");
/// Executors that failed.
pub static EXECUTOR_FAILURES: Metric = metric(
    "codriver_executor_failures_total",
    Counter,
    &[],
    "Executors that had failed by themselves before their driver ended, as cleanups found them.",
);
/// Proxies that were asked to quit.
pub static PROXY_QUITS: Metric = metric(
    "codriver_proxy_quits_total",
    Counter,
    &["proxy", "result"],
    "Proxies asked to quit after the driver's end, by what came of it: quit, absent, refused, silent or stays.",
);
/// Requests that failed.
pub static API_ERRORS: Metric = metric(
    "codriver_api_errors_total",
    Counter,
    &[],
    "Requests to the API server that failed, but for objects that were not there or there already.",
);
/// When the present credentials came.
pub static CREDENTIALS_START: Metric = metric(
    "codriver_credentials_start_timestamp_seconds",
    Gauge,
    &[],
    "When the credentials that are served came, in seconds since 1970.",
);
/// When they end.
pub static CREDENTIALS_EXPIRATION: Metric = metric(
    "codriver_credentials_expiration_timestamp_seconds",
    Gauge,
    &[],
    "When the credentials that are served end, in seconds since 1970.",
);
/// Calls for new ones.
pub static CREDENTIALS_REFRESHES: Metric = metric(
    "codriver_credentials_refreshes_total",
    Counter,
    &["result"],
    "Calls for new credentials: ok, or why they failed.",
);
/// Answers to clients.
pub static CREDENTIALS_REQUESTS: Metric = metric(
    "codriver_credentials_requests_total",
    Counter,
    &["code"],
    "Answers of the credentials' endpoint, by HTTP status.",
);
