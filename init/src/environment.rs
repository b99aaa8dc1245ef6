//! The variables that drivers and executors need, and those that would make them somebody else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::plan::HADOOP_FOLDER;
use crate::settings::Settings;

/// What the driver must not have: every SDK would take these before web identity, and Spark would freeze the keys into
/// its Hadoop configuration.
const ABSENT: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_PROFILE",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// What both have: where STS and S3 are, and that nobody falls back to the node's role when STS is slow.
pub fn of_executors(settings: &Settings) -> BTreeMap<&'static str, String> {
    let region = &settings.store.region;
    let mut variables = BTreeMap::from([
        ("AWS_REGION", region.clone()),
        // The C++ SDK (pyarrow, DuckDB) reads this one only.
        ("AWS_DEFAULT_REGION", region.clone()),
        ("AWS_STS_REGIONAL_ENDPOINTS", "regional".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]);
    if let Some(endpoint) = &settings.sts.endpoint {
        variables.insert("AWS_ENDPOINT_URL_STS", endpoint.to_string());
    }
    if let Some(endpoint) = &settings.store.endpoint {
        variables.insert("AWS_ENDPOINT_URL_S3", endpoint.to_string());
    }
    variables
}

/// The file `env`, which `codriver run` applies to the driver: `NAME=value` sets, `-NAME` removes, no quoting.
pub fn render(settings: &Settings) -> String {
    let mut variables = of_executors(settings);
    variables.insert("AWS_ROLE_ARN", settings.identity.role.to_string());
    variables.insert("AWS_ROLE_SESSION_NAME", settings.identity.session.as_str().to_owned());
    variables.insert("AWS_WEB_IDENTITY_TOKEN_FILE", settings.token.file.to_string_lossy().into_owned());
    variables.insert("HADOOP_CONF_DIR", settings.dir.join(HADOOP_FOLDER).to_string_lossy().into_owned());
    // For `codriver run`, which makes the application id of it.
    variables.insert("POD_UID", settings.pod.uid.clone());
    let mut text = String::from("# Written by codriver-init.\n");
    for (name, value) in variables {
        let _ = writeln!(text, "{name}={value}");
    }
    for name in ABSENT {
        let _ = writeln!(text, "-{name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::minio;

    #[test]
    fn the_driver_is_who_the_report_says() {
        let text = render(&minio());
        for line in [
            "AWS_ROLE_ARN=arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA",
            "AWS_ROLE_SESSION_NAME=etl.daily-0",
            "HADOOP_CONF_DIR=/codriver/hadoop",
            "AWS_ENDPOINT_URL_S3=http://minio.store.svc:9000",
            "-AWS_ACCESS_KEY_ID",
            "-AWS_PROFILE",
        ] {
            assert!(text.lines().any(|have| have == line), "{line} in\n{text}");
        }
    }
}
