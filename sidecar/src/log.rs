//! JSON lines on stderr: the driver's own output owns stdout.

mod bounded;

use std::{
    io::{self, Write},
    panic,
    sync::Mutex,
};

use tracing::level_filters::LevelFilter;

use crate::failure::{BUG, Failure};

use self::bounded::Bounded;

/// Starts the log of this process. A panic is a line of it, too. No line takes longer than [`bounded::PATIENCE`].
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
        .with_writer(Mutex::new(Bounded::new(io::stderr())))
        // It would tell its own trouble with eprintln!, and that panics where stderr is closed, and blocks where it is full: no
        // driver may lose its code to a line of log.
        .log_internal_errors(false)
        .init();
    // For the same reason; the default hook writes as eprintln! does.
    panic::set_hook(Box::new(|panic| tracing::error!(code = BUG, whose = "codriver", "a bug of codriver: {panic}")));
    Ok(())
}

/// Says something before there is a log. Waits as shortly as that does.
pub fn say(text: &str) {
    // It never fails: what cannot be written is dropped.
    let _ = Bounded::new(io::stderr()).write(text.as_bytes());
}
