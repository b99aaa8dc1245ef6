//! Credentials of the instance: an agent of the pod's, or the machine.

use std::time::SystemTime;

use codriver_creds::{ContainerToken, Credentials, InstanceSettings, Roots, instance_credentials};
use tracing::info;

use crate::checks::Checks;
use crate::failure::{Exit, Failure, Fault};
use crate::place::read;
use crate::settings::{Instance, TokenFrom};
use crate::time::timestamp;

/// The check's name.
const CHECK: &str = "instance";
/// More than the longest token, in bytes.
const LONGEST_TOKEN: u64 = 64 * 1024;

/// Asks for credentials; none when there are none, which is then among the checks. Takes 18 s at most.
pub async fn ask(instance: &Instance, roots: &Roots, checks: &mut Checks) -> Option<Credentials> {
    let token = match token(instance) {
        Ok(token) => token,
        Err(failure) => {
            checks.fail(CHECK, failure);
            return None;
        }
    };
    let mut settings = InstanceSettings::new(instance.source.clone());
    settings.roots = roots.clone();
    match instance_credentials(&settings, token.as_ref(), SystemTime::now()).await {
        Ok(found) => {
            info!(origin = found.origin, role = found.role, "the instance gave credentials");
            let role = found.role.as_ref().map_or_else(String::new, |role| format!(" of the role {role}"));
            let end = found.credentials.expires.map_or_else(String::new, |end| format!(" until {}", timestamp(end)));
            checks.fine(CHECK, format!("{} gave credentials{role}{end}", found.origin));
            if found.first_version {
                let cause = format!("{} answers only without a session (IMDSv1)", found.origin);
                let remedy = "let the node demand IMDSv2 with a hop limit of 2; kube2iam and kiam know no other";
                checks.warn(CHECK, vec![Fault::new(cause, remedy)]);
            }
            Some(found.credentials)
        }
        Err(error) => {
            checks.fail(CHECK, error.into());
            None
        }
    }
}

/// The token, read anew.
fn token(instance: &Instance) -> Result<Option<ContainerToken>, Failure> {
    let path = match &instance.token {
        Some(TokenFrom::File(path)) => path,
        Some(TokenFrom::Variable(token)) => return Ok(Some(token.clone())),
        None => return Ok(None),
    };
    let wrong = |problem: String| {
        Failure::new(
            Exit::Configuration,
            format!("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE {} {problem}", path.display()),
            "mount what the agent's webhook mounts into codriver-init too; a pod that has it nowhere was made before \
             its pod identity association",
        )
    };
    let content = read(path, LONGEST_TOKEN).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    ContainerToken::parse(&content).map(Some).map_err(wrong)
}
