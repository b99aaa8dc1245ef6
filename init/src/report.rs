//! What was decided, for people, for the sidecar and for `check`. Nothing in it is secret.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use codriver_creds::Claims;
use serde::Serialize;
use tracing::info;

use crate::executor;
use crate::plan::Plan;
use crate::prove::Proof;
use crate::settings::Settings;

/// The content of report.json.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    codriver: &'static str,
    way: &'static str,
    mode: &'static str,
    role: &'a str,
    session: &'a str,
    token: &'a Claims,
    credentials_expire: String,
    region: &'a str,
    sts_endpoint: &'a str,
    s3_endpoint: &'a str,
    path_style: bool,
    committer: &'static str,
    hadoop_version: Option<String>,
    spark_version: Option<String>,
    application_id: String,
    pod: String,
    node: Option<&'a str>,
    executor_image: Option<&'a str>,
    executor_service_account: Option<&'a str>,
    executor_role: &'a str,
    executor_identity: &'static str,
    warnings: &'a [String],
}

impl<'a> Report<'a> {
    /// Puts together what was meant, what was planned and what STS said.
    pub fn new(settings: &'a Settings, plan: &'a Plan, proof: &'a Proof) -> Self {
        let endpoint = settings.store.endpoint.as_ref();
        Self {
            codriver: env!("CARGO_PKG_VERSION"),
            way: "web-identity",
            mode: "web-identity",
            role: settings.identity.role.as_str(),
            session: settings.identity.session.as_str(),
            token: &proof.claims,
            credentials_expire: timestamp(proof.credentials_expire),
            region: &settings.store.region,
            sts_endpoint: settings.sts.endpoint.as_ref().map_or("the region's", |endpoint| endpoint.url()),
            s3_endpoint: endpoint.map_or("the region's", |endpoint| endpoint.url()),
            path_style: settings.store.path_style,
            committer: if settings.magic_committer { "magic" } else { "file" },
            hadoop_version: settings.hadoop.map(|version| version.to_string()),
            spark_version: settings.spark.map(|version| version.to_string()),
            application_id: settings.application_id(),
            pod: format!("{}/{}", settings.pod.namespace, settings.pod.name),
            node: settings.pod.node.as_deref(),
            executor_image: settings.executor.image.as_deref(),
            executor_service_account: settings.executor.service_account.as_deref(),
            executor_role: settings.executor.role.as_str(),
            executor_identity: if executor::by_webhook(settings) { "webhook" } else { "projected token" },
            warnings: &plan.warnings,
        }
    }

    /// What was decided, a log line for each matter.
    pub fn log(&self) {
        info!(
            endpoint = self.s3_endpoint,
            region = self.region,
            path_style = self.path_style,
            committer = self.committer,
            hadoop = self.hadoop_version.as_deref().unwrap_or("unknown"),
            "s3:// means S3A"
        );
        info!(
            image = self.executor_image,
            service_account = self.executor_service_account,
            role = self.executor_role,
            identity = self.executor_identity,
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

    /// As lines for people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (name, value) in [
            ("role", self.role),
            ("session", self.session),
            ("subject", &self.token.subject),
            ("credentials until", &self.credentials_expire),
            ("region", self.region),
            ("STS", self.sts_endpoint),
            ("S3", self.s3_endpoint),
            ("committer", self.committer),
            ("application", &self.application_id),
            ("executors' image", self.executor_image.unwrap_or("from CODRIVER_SPARK_CONF")),
            ("executors' account", self.executor_service_account.unwrap_or("from CODRIVER_SPARK_CONF")),
            ("executors' role", self.executor_role),
            ("executors' identity", self.executor_identity),
        ] {
            let _ = writeln!(text, "{name:20}{value}");
        }
        for warning in self.warnings {
            let _ = writeln!(text, "warning: {warning}");
        }
        text
    }
}

/// RFC 3339 in UTC, to the second.
fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Days since 1970 to a date, counting years from March so that the leap day comes last.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!(
        "{:04}-{month:02}-{day_of_month:02}T{:02}:{:02}:{:02}Z",
        era * 400 + year + carry,
        second / 3600,
        second / 60 % 60,
        second % 60,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (4_102_444_800, "2100-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(timestamp(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }
}
