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

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Instant;

use codriver_creds::Token;
use tracing::{info, warn};

use crate::args::{Args, Output, Verb};
use crate::checks::Checks;
use crate::failure::{Failure, Fault};
use crate::plan::{File, Plan, SHARED_FOLDERS};
use crate::prove::Proof;
use crate::report::Report;
use crate::settings::{Settings, Surroundings};

/// Where the kubelet puts what a pod needs for the API server.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// More than the longest token of a service account, in bytes.
const LONGEST_TOKEN: u64 = 64 * 1024;

/// Does what was asked for. Blocks for the token, for each service and for the volume, each as long as its own deadline
/// says.
///
/// # Errors
/// The [`Failure`] that the process ends with.
pub fn run(args: &Args) -> Result<(), Failure> {
    let begin = Instant::now();
    info!(version = env!("CARGO_PKG_VERSION"), "codriver-init");
    let mut checks = Checks::default();
    let work = examine(args, &mut checks)?;
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
    write(settings, plan, proof, &json)?;
    info!(milliseconds = begin.elapsed().as_millis(), dir = %settings.dir.display(), "done");
    Ok(())
}

/// What came of the work, as far as it came.
#[derive(Debug, Default)]
struct Work {
    settings: Option<Settings>,
    plan: Option<Plan>,
    proof: Option<Proof>,
}

/// Everything but writing. What is wrong is among the checks.
fn examine(args: &Args, checks: &mut Checks) -> Result<Work, Failure> {
    let mut work = Work::default();
    let variables: BTreeMap<String, String> = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect();
    let around = Surroundings { variables, read: &place::read };
    let settings = match Settings::parse(args, &around) {
        Ok(settings) => settings,
        Err(failure) => {
            checks.fail("settings", failure);
            return Ok(work);
        }
    };
    let settings = work.settings.insert(settings);
    let plan = match Plan::new(settings) {
        Ok(plan) => plan,
        Err(failure) => {
            checks.fail("settings", failure);
            return Ok(work);
        }
    };
    checks.fine("settings", format!("{}, since {}", settings.way.name(), settings.way_reason));
    let plan = work.plan.insert(plan);
    for warning in &plan.warnings {
        warn!("{warning}");
    }
    match install::inspect(&settings.dir) {
        Err(failure) => {
            checks.fail("volume", failure);
            if args.verb == Verb::Configure {
                // Nobody is asked for what could not be written down.
                return Ok(work);
            }
        }
        Ok(()) if plan.holds_keys(settings) && !place::hands_its_group_down(&settings.dir) => {
            checks.warn("volume", vec![private(settings)]);
        }
        Ok(()) => checks.fine("volume", settings.dir.display().to_string()),
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::bug(format!("no event loop: {error}")))?;
    let mut rights = Checks::default();
    work.proof = runtime.block_on(async {
        // At once: the API server and STS have nothing to do with each other.
        tokio::join!(prove::prove(settings, checks), may_it(settings, &around, &mut rights)).0
    });
    checks.append(rights);
    Ok(work)
}

/// Asks what the pod's service account may do.
async fn may_it(settings: &Settings, around: &Surroundings<'_>, checks: &mut Checks) {
    if !settings.preflight {
        return checks.skip(preflight::CHECK, "CODRIVER_PREFLIGHT is false");
    }
    if around.variable("KUBERNETES_SERVICE_HOST").is_none() {
        return checks.skip(preflight::CHECK, "this is no pod: KUBERNETES_SERVICE_HOST is not set");
    }
    let folder = Path::new(SERVICE_ACCOUNT);
    let lookup = |name: &str| around.variable(name).map(str::to_owned);
    let namespace = &settings.pod.namespace;
    let outcome = preflight::check(lookup, folder, namespace).await;
    // Its own token knows its name, whatever the token for STS says.
    let token = place::read(&folder.join("token"), LONGEST_TOKEN).ok();
    let subject = token.and_then(|token| Some(Token::parse(&token).ok()?.claims().subject.clone())).unwrap_or_default();
    let account = subject.rsplit(':').next().filter(|name| !name.is_empty()).unwrap_or("default");
    preflight::note(outcome, namespace, account, checks);
}

/// Keys are for one group alone, and that must be the driver's.
fn private(settings: &Settings) -> Fault {
    Fault::new(
        format!(
            "{} has no fsGroup, and hadoop/core-site.xml holds keys, so only this container's own user can read it",
            settings.dir.display()
        ),
        "set securityContext.fsGroup of the pod (to 185, say), or the same runAsUser for this container and the driver",
    )
}

/// The report comes last: where it is, everything is.
fn write(settings: &Settings, plan: &Plan, proof: &Proof, report: &str) -> Result<(), Failure> {
    let dir = &settings.dir;
    let core_site = plan.core_site(settings, &proof.credentials)?;
    let files: Vec<&File> = plan.files.iter().chain([&core_site]).collect();
    let folders = files.iter().filter_map(|file| file.path.parent());
    for name in folders.chain([Path::new("bin")]).collect::<BTreeSet<_>>() {
        place::folder(&dir.join(name), place::FOLDER)?;
    }
    for name in SHARED_FOLDERS {
        place::folder(&dir.join(name), place::SHARED)?;
    }
    for file in files {
        place::file(&dir.join(&file.path), file.mode, &mut file.content.expose().as_bytes())?;
        info!(file = %file.path.display(), "written");
    }
    install::install(settings.wrapper_source.as_deref(), dir)?;
    info!(file = "bin/codriver", "installed");
    place::file(&dir.join("report.json"), place::READABLE, &mut report.as_bytes())
}
