//! What was decided and what was seen, for people, for the sidecar and for tickets. Nothing in it is secret.

mod text;

use codriver_creds::Claims;
use serde::Serialize;
use tracing::info;

use crate::checks::{Check, Checks};
use crate::executor;
use crate::failure::Failure;
use crate::plan::Plan;
use crate::prove::Proof;
use crate::settings::{Settings, Way};
use crate::time::timestamp;

/// The content of report.json, and of what `check` prints.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    codriver: &'static str,
    code: u8,
    #[serde(flatten)]
    facts: Option<Facts<'a>>,
    /// What was planned and may not be what one thinks; what was seen stands with its check.
    warnings: &'a [String],
    checks: &'a [Check],
}

/// What is known once the settings are right.
#[derive(Debug, Serialize)]
struct Facts<'a> {
    pod: String,
    node: Option<&'a str>,
    way: &'static str,
    way_reason: &'a str,
    mode: &'static str,
    mode_reason: &'a str,
    role: Option<&'a str>,
    assumed_role: Option<&'a str>,
    session: &'a str,
    duration_seconds: u64,
    token: Option<&'a Claims>,
    caller: Option<&'a str>,
    credentials_expire: Option<String>,
    region: &'a str,
    sts_endpoint: &'a str,
    s3_endpoint: &'a str,
    path_style: bool,
    committer: &'static str,
    hadoop_version: Option<String>,
    spark_version: Option<String>,
    application_id: String,
    executor_image: Option<&'a str>,
    executor_service_account: Option<&'a str>,
    executor_role: Option<&'a str>,
    executor_identity: &'static str,
    executor_template: &'static str,
    replaced: Vec<String>,
}

impl<'a> Report<'a> {
    /// Puts together what was meant, what was planned and what was seen. What did not come so far is left out.
    pub fn new(
        settings: Option<&'a Settings>,
        plan: Option<&'a Plan>,
        proof: Option<&'a Proof>,
        checks: &'a Checks,
    ) -> Self {
        Self {
            codriver: env!("CARGO_PKG_VERSION"),
            code: checks.failure().as_ref().map_or(0, Failure::code),
            facts: settings.map(|settings| Facts::new(settings, proof)),
            warnings: plan.map(|plan| plan.warnings.as_slice()).unwrap_or_default(),
            checks: checks.all(),
        }
    }

    /// What was decided, a log line for each matter.
    pub fn log(&self) {
        let Some(facts) = &self.facts else { return };
        info!(
            way = facts.way,
            reason = facts.way_reason,
            role = facts.role,
            caller = facts.caller,
            "who the driver is"
        );
        info!(
            mode = facts.mode,
            reason = facts.mode_reason,
            endpoint = facts.s3_endpoint,
            region = facts.region,
            path_style = facts.path_style,
            committer = facts.committer,
            hadoop = facts.hadoop_version.as_deref().unwrap_or("unknown"),
            "s3:// means S3A"
        );
        info!(
            image = facts.executor_image,
            service_account = facts.executor_service_account,
            role = facts.executor_role,
            identity = facts.executor_identity,
            template = facts.executor_template,
            "executors are who their template says"
        );
    }

    /// As JSON.
    ///
    /// # Errors
    /// None that is known of.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

impl<'a> Facts<'a> {
    fn new(settings: &'a Settings, proof: Option<&'a Proof>) -> Self {
        let role = match &settings.way {
            Way::WebIdentity(identity) => Some(identity.role.as_str()),
            Way::Instance(instance) => instance.role.as_ref().map(|role| role.as_str()),
            Way::Keys(_) => None,
        };
        let executor = &settings.executor;
        Self {
            pod: format!("{}/{}", settings.pod.namespace, settings.pod.name),
            node: settings.pod.node.as_deref(),
            way: settings.way.name(),
            way_reason: &settings.way_reason,
            mode: settings.mode.name(&settings.way),
            mode_reason: &settings.mode_reason,
            role,
            assumed_role: settings.assume.as_ref().map(|role| role.as_str()),
            session: settings.session.as_str(),
            duration_seconds: settings.duration.as_secs(),
            token: proof.and_then(|proof| proof.claims.as_ref()),
            caller: proof.and_then(|proof| proof.caller.as_deref()),
            credentials_expire: proof.and_then(|proof| proof.credentials.expires).map(timestamp),
            region: &settings.store.region,
            sts_endpoint: settings.sts.endpoint.as_ref().map_or("the region's", |endpoint| endpoint.url()),
            s3_endpoint: settings.store.endpoint.as_ref().map_or("the region's", |endpoint| endpoint.url()),
            path_style: settings.store.path_style,
            committer: if settings.magic_committer { "magic" } else { "file" },
            hadoop_version: settings.hadoop.map(|version| version.to_string()),
            spark_version: settings.spark.map(|version| version.to_string()),
            application_id: settings.application_id(),
            executor_image: settings
                .spark("spark.kubernetes.executor.container.image")
                .or(settings.spark("spark.kubernetes.container.image").filter(|_| executor.image.is_none()))
                .or(executor.image.as_deref()),
            executor_service_account: settings.executor_account(),
            executor_role: executor.role.as_ref().map(|role| role.as_str()),
            executor_identity: executor::Proof::of(settings).name(),
            executor_template: if executor.template.is_some() {
                "yours, with codriver's merged in"
            } else {
                "codriver's"
            },
            replaced: Plan::replaced(settings),
        }
    }
}
