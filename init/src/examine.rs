//! Everything but writing: settings, plan, volume, credentials and rights, each noted as a check.

use std::collections::BTreeMap;
use std::path::Path;

use codriver_creds::Token;
use tracing::warn;

use crate::args::{Args, Verb};
use crate::checks::Checks;
use crate::failure::{Failure, Fault};
use crate::plan::Plan;
use crate::prove::{self, Proof};
use crate::settings::{Settings, Surroundings};
use crate::{install, place, preflight};

/// Where the kubelet puts what a pod needs for the API server.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// More than the longest token of a service account, in bytes.
const LONGEST_TOKEN: u64 = 64 * 1024;

/// What came of the work, as far as it came.
#[derive(Debug, Default)]
pub struct Work {
    /// What was meant.
    pub settings: Option<Settings>,
    /// What will be written.
    pub plan: Option<Plan>,
    /// Who we are.
    pub proof: Option<Proof>,
}

/// Does it. What is wrong is among the checks.
///
/// # Errors
/// A bug of ours.
pub fn examine(args: &Args, checks: &mut Checks) -> Result<Work, Failure> {
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
    if let Err(failure) = install::look_for(settings.wrapper_source.as_deref()) {
        checks.fail("settings", failure);
        return Ok(work);
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
    // Not dropped: that would wait for a name that is still being looked up.
    runtime.shutdown_background();
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
    let allocator = preflight::Allocator::of(settings.spark("spark.kubernetes.allocation.pods.allocator"));
    let outcome = preflight::check(lookup, folder, namespace, allocator).await;
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
