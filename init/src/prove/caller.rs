//! Asks STS who we are: keys and instances tell nothing about it, and the answer may be a surprise.

use std::time::SystemTime;

use codriver_creds::{Caller, Credentials, ErrorKind, Sts};
use tracing::info;

use crate::checks::Checks;
use crate::endpoint::Endpoint;
use crate::failure::{Exit, Failure, Fault};
use crate::settings::{Settings, Way};

/// The check's name.
const CHECK: &str = "identity";

/// Who we are, where STS can tell; none inside where it cannot, none at all when we are nobody, or somebody else.
#[allow(clippy::option_option, reason = "unknown and wrong are two things")]
pub async fn ask(
    settings: &Settings,
    credentials: &Credentials,
    sts: &Sts,
    checks: &mut Checks,
) -> Option<Option<String>> {
    if matches!(settings.way, Way::WebIdentity(_)) || settings.assume.is_some() {
        // STS has just said it.
        return Some(None);
    }
    let own_store = settings.store.endpoint.as_ref().is_some_and(|endpoint| !endpoint.is_aws());
    if own_store && settings.sts.endpoint.as_ref().is_none_or(Endpoint::is_aws) {
        checks.skip(
            CHECK,
            "S3 is not AWS's and has no STS (AWS_ENDPOINT_URL_STS); CODRIVER_PROBE=s3://… would try the keys",
        );
        return Some(None);
    }
    match sts.caller(credentials, SystemTime::now()).await {
        Ok(caller) => {
            info!(arn = caller.arn, "STS says who we are");
            judge(settings, &caller, checks).then_some(Some(caller.arn))
        }
        Err(error) if own_store && error.kind() == ErrorKind::Unsupported => {
            checks.skip(CHECK, "this STS has no GetCallerIdentity; CODRIVER_PROBE=s3://… would try the keys");
            Some(None)
        }
        Err(error) => {
            checks.fail(CHECK, error.into());
            None
        }
    }
}

/// Is it who is expected?
fn judge(settings: &Settings, caller: &Caller, checks: &mut Checks) -> bool {
    let Way::Instance(instance) = &settings.way else {
        checks.fine(CHECK, caller.arn.clone());
        return true;
    };
    let expected = instance.role.as_ref();
    let is_expected = expected.is_none_or(|role| caller.role_name() == role.as_str().rsplit('/').next());
    let node = if caller.is_node() { ", the role of the node" } else { "" };
    if !is_expected {
        let role = expected.map_or("", |role| role.as_str());
        checks.fail(
            CHECK,
            Failure::new(
                Exit::Refused,
                format!("the pod is {}{node}, and not {role}", caller.arn),
                "check what should give it the role: the annotation iam.amazonaws.com/role for kube2iam and kiam, the \
                 pod identity association (and a pod made after it) for EKS; where it is the node that answers, keep \
                 pods from asking it",
            ),
        );
        return false;
    }
    checks.fine(CHECK, caller.arn.clone());
    if caller.is_node() {
        checks.warn(
            CHECK,
            vec![Fault::new(
                format!("{} is the role of the node: every pod on it has the same rights", caller.arn),
                "give the pod an identity of its own (web identity or EKS Pod Identity), and set AWS_ROLE_ARN to the \
                 role that it should have, so that another one is an error",
            )],
        );
    }
    true
}
