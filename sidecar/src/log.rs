//! JSON lines on stderr: the driver's own output owns stdout.

use tracing::level_filters::LevelFilter;

use crate::failure::Failure;

/// Starts the log of this process.
///
/// # Errors
/// When the level is none of the known ones.
pub fn start(level: &str) -> Result<(), Failure> {
    let level: LevelFilter = level.parse().map_err(|_| {
        Failure::Configuration(vec![format!("CODRIVER_LOG is `{level}`; hint: one of off, error, warn, info, debug")])
    })?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_max_level(level)
        .with_writer(std::io::stderr)
        // It would tell its own trouble with eprintln!, and that panics where stderr is full, closed or would block: no driver
        // may lose its code to a line of log.
        .log_internal_errors(false)
        .init();
    Ok(())
}
