//! codriver-init: the init container of a Spark driver pod.
//!
//! It proves who the pod is before a JVM starts, and writes the configuration with which Spark works on `s3://`. In this
//! order: all settings are judged ([`settings`]); what will be written is decided ([`plan`]); the volume is looked at
//! ([`install::inspect`]); the token is waited for and STS is asked ([`prove`]); the files are written, each whole or not
//! at all ([`place`]); the program `codriver` is installed and started once ([`install`]). So whatever is wrong with the
//! configuration, the identity or the volume is said before anything is written.
//!
//! Interface: flags and environment variables ([`args`]), files in the shared volume ([`plan`]), JSON lines on stderr, a
//! termination message, and an exit code ([`failure`]). `check` makes the same checks, writes nothing and prints the
//! report on stdout.

pub mod args;
pub mod endpoint;
pub mod environment;
pub mod executor;
pub mod failure;
pub mod hadoop;
pub mod install;
pub mod lines;
pub mod log;
pub mod place;
pub mod plan;
pub mod prove;
pub mod report;
pub mod settings;
pub mod spark;
pub mod version;

use std::io::Write as _;
use std::time::Instant;

use tracing::{info, warn};

use crate::args::{Args, Output, Verb};
use crate::failure::Failure;
use crate::plan::{Plan, SHARED_FOLDERS};
use crate::report::Report;
use crate::settings::Settings;

/// Does what was asked for. Blocks for the token, for STS and for the volume, each as long as its own deadline says.
///
/// # Errors
/// The [`Failure`] that the process ends with.
pub fn run(args: &Args) -> Result<(), Failure> {
    let begin = Instant::now();
    info!(version = env!("CARGO_PKG_VERSION"), "codriver-init");
    let static_keys = std::env::var_os("AWS_ACCESS_KEY_ID").is_some_and(|key| !key.is_empty());
    let settings = Settings::parse(args, static_keys)?;
    let plan = Plan::new(&settings)?;
    for warning in &plan.warnings {
        warn!("{warning}");
    }
    install::inspect(&settings.dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::bug(format!("no event loop: {error}")))?;
    let proof = runtime.block_on(prove::prove(&settings))?;
    let report = Report::new(&settings, &plan, &proof);
    let json = report.json().map_err(|error| Failure::bug(format!("the report cannot be rendered: {error}")))?;
    report.log();
    match args.verb {
        Verb::Configure => {
            write(&settings, &plan, &json)?;
            info!(milliseconds = begin.elapsed().as_millis(), dir = %settings.dir.display(), "done");
        }
        Verb::Check => {
            let text = if args.output == Output::Json { json } else { report.text() };
            // Whoever closed the pipe has read enough.
            let _ = std::io::stdout().write_all(text.as_bytes());
        }
    }
    Ok(())
}

/// The report comes last: where it is, everything is.
fn write(settings: &Settings, plan: &Plan, report: &str) -> Result<(), Failure> {
    let dir = &settings.dir;
    for name in ["bin", "hadoop", "spark"] {
        place::folder(&dir.join(name), place::FOLDER)?;
    }
    for name in SHARED_FOLDERS {
        place::folder(&dir.join(name), place::SHARED)?;
    }
    for (path, content) in &plan.files {
        place::file(&dir.join(path), place::READABLE, &mut content.as_bytes())?;
        info!(file = %path.display(), "written");
    }
    install::install(settings.wrapper_source.as_deref(), dir)?;
    info!(file = "bin/codriver", "installed");
    place::file(&dir.join("report.json"), place::READABLE, &mut report.as_bytes())
}
