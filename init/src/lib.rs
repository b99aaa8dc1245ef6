//! codriver-init: the init container of a Spark driver pod.
//!
//! It proves who the pod is before a JVM starts, and writes the configuration with which Spark works on `s3://`. In this
//! order: all settings are judged ([`settings`]); what will be written is decided ([`plan`]); the volume is looked at
//! ([`install::inspect`]); credentials are got and tried ([`prove`]), and beside that the API server is asked what the pod
//! may do ([`preflight`]); the files are written, each whole or not at all ([`place`]); the program `codriver` is installed
//! and started once ([`install`]). So whatever is wrong with the configuration, the identity, the rights or the volume is
//! said before anything is written, and as much of it at once as can be known.
//!
//! Interface: flags and environment variables ([`args`]), files in the shared volume ([`plan`]), JSON lines on stderr, a
//! termination message, and an exit code ([`failure`]). `check` makes the same checks, writes nothing and prints the
//! report on stdout.

pub mod args;
pub mod checks;
pub mod endpoint;
pub mod endpoint_files;
pub mod environment;
pub mod examine;
pub mod executor;
pub mod failure;
pub mod hadoop;
pub mod install;
pub mod lines;
pub mod log;
pub mod place;
pub mod plan;
pub mod preflight;
pub mod prove;
pub mod report;
pub mod settings;
pub mod spark;
pub mod time;
pub mod version;
pub mod volume;
pub mod write;

use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;

use tracing::{info, warn};

use crate::args::{Args, Output, Verb};
use crate::checks::Checks;
use crate::failure::Failure;
use crate::report::Report;

/// Does what was asked for. Blocks for the token, for each service and for the volume, each as long as its own deadline
/// says.
///
/// # Errors
/// The [`Failure`] that the process ends with.
pub fn run(args: &Args) -> Result<(), Failure> {
    let begin = Instant::now();
    info!(version = env!("CARGO_PKG_VERSION"), "codriver-init");
    let mut checks = Checks::default();
    let work = examine::examine(args, &mut checks)?;
    let (settings, plan, proof) = (work.settings.as_ref(), work.plan.as_ref(), work.proof.as_ref());
    let report = Report::new(settings, plan, proof, &checks);
    let json = report.json().map_err(|error| Failure::bug(format!("the report cannot be rendered: {error}")))?;
    if args.verb == Verb::Check {
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let text = if args.output == Output::Json { json } else { report.text(colours) };
        // Whoever closed the pipe has read enough.
        let _ = std::io::stdout().write_all(text.as_bytes());
        return checks.failure().map_or(Ok(()), Err);
    }
    if let Some(failure) = checks.failure() {
        return Err(failure);
    }
    let (Some(settings), Some(plan), Some(proof)) = (settings, plan, proof) else {
        return Err(Failure::bug("nothing failed, and nothing is there"));
    };
    for fault in checks.warnings() {
        warn!(remedy = fault.remedy, "{}", fault.cause);
    }
    report.log();
    write::write(settings, plan, proof, &json)?;
    info!(milliseconds = begin.elapsed().as_millis(), dir = %settings.dir.display(), "done");
    Ok(())
}
