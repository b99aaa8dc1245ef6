//! The variables that drivers and executors need, and those that would make them somebody else.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::endpoint_files;
use crate::settings::{Mode, Settings, Way};
use crate::volume::HADOOP_FOLDER;

/// Static keys. Every SDK takes them first, and Spark freezes them into its Hadoop configuration.
const KEYS: [&str; 4] = ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
/// Web identity. Every SDK takes it before a container's endpoint.
const WEB_IDENTITY: [&str; 3] = ["AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE"];
/// A container's endpoint.
const CONTAINER: [&str; 2] = ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];

/// Both spellings are read.
const NO_PROXY: [&str; 2] = ["NO_PROXY", "no_proxy"];
/// Whom to ask without a proxy: SDKs would ask the endpoint through one.
const LOOPBACK: &str = "127.0.0.1,localhost";

/// What both have: where STS and S3 are, and that nobody falls back to the node's role when STS is slow.
pub fn of_both(settings: &Settings) -> BTreeMap<&'static str, String> {
    let region = &settings.store.region;
    let mut variables = BTreeMap::from([
        ("AWS_REGION", region.clone()),
        // The C++ SDK (pyarrow, DuckDB) reads this one only.
        ("AWS_DEFAULT_REGION", region.clone()),
        ("AWS_STS_REGIONAL_ENDPOINTS", "regional".to_owned()),
    ]);
    let from_the_machine = matches!(&settings.way, Way::Instance(instance) if instance.is_machine());
    if !from_the_machine || settings.mode == Mode::Endpoint {
        variables.insert("AWS_EC2_METADATA_DISABLED", "true".to_owned());
    }
    if settings.sts.fips {
        variables.insert("AWS_USE_FIPS_ENDPOINT", "true".to_owned());
    }
    if settings.sts.dual_stack {
        variables.insert("AWS_USE_DUALSTACK_ENDPOINT", "true".to_owned());
    }
    if let Some(endpoint) = &settings.sts.endpoint {
        variables.insert("AWS_ENDPOINT_URL_STS", endpoint.to_string());
    }
    if let Some(endpoint) = &settings.store.endpoint {
        variables.insert("AWS_ENDPOINT_URL_S3", endpoint.to_string());
    }
    if settings.mode == Mode::Endpoint {
        variables.insert("AWS_CONTAINER_CREDENTIALS_FULL_URI", endpoint_files::URL.to_owned());
        variables.insert("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", endpoint_files::token(settings));
    }
    variables
}

/// What executors have besides: where codriver-init asks through a proxy they may, too.
pub fn of_executors(settings: &Settings) -> BTreeMap<&'static str, String> {
    let mut variables = of_both(settings);
    if let (Mode::Endpoint, Some(no_proxy)) = (settings.mode, &settings.sts.no_proxy) {
        let list = [no_proxy, LOOPBACK].into_iter().filter(|list| !list.is_empty()).collect::<Vec<_>>().join(",");
        variables.extend(NO_PROXY.map(|name| (name, list.clone())));
    }
    variables
}

/// Does a variable say who a process is? The others, region and endpoints, a pod template may say otherwise.
pub fn is_identity(name: &str) -> bool {
    name.starts_with("AWS_CONTAINER_") || name == "AWS_EC2_METADATA_DISABLED" || WEB_IDENTITY.contains(&name)
}

/// Would a variable, set by others, change who a process is?
pub fn says_who(name: &str) -> bool {
    is_identity(name) || KEYS.contains(&name)
}

/// What driver and executors must not have: all that would make it somebody else than the way and the mode say.
pub fn absent(settings: &Settings) -> Vec<&'static str> {
    let (relative, session_token) = (&CONTAINER[1..], &KEYS[3..]);
    let lists: &[&[&'static str]] = match (settings.mode, &settings.way) {
        (Mode::Endpoint, _) => &[&KEYS, &WEB_IDENTITY, relative],
        (_, Way::WebIdentity(_)) => &[&KEYS, &CONTAINER],
        (_, Way::Instance(_)) => &[&KEYS, &WEB_IDENTITY],
        (Mode::Session, Way::Keys(_)) => &[&KEYS, &WEB_IDENTITY, &CONTAINER],
        // Keys of the driver's own are the same ones, from the same Secret; a session token would not belong to them.
        (Mode::Provider, Way::Keys(keys)) if keys.credentials.session_token.is_none() => {
            &[session_token, &WEB_IDENTITY, &CONTAINER]
        }
        (Mode::Provider, Way::Keys(_)) => &[&WEB_IDENTITY, &CONTAINER],
    };
    lists.concat()
}

/// The file `env`, which `codriver run` applies to the driver: `NAME=value` sets, `NAME+=a,b` adds to a list with commas,
/// `NAME<FILE` sets to what the file holds, `-NAME` removes; no quoting.
pub fn render(settings: &Settings) -> String {
    let mut variables = of_both(settings);
    if let (Mode::Provider | Mode::Session, Way::WebIdentity(identity)) = (settings.mode, &settings.way) {
        variables.insert("AWS_ROLE_ARN", identity.role.to_string());
        variables.insert("AWS_ROLE_SESSION_NAME", settings.session.as_str().to_owned());
        variables.insert("AWS_WEB_IDENTITY_TOKEN_FILE", identity.token.file.to_string_lossy().into_owned());
    }
    variables.insert("HADOOP_CONF_DIR", settings.dir.join(HADOOP_FOLDER).to_string_lossy().into_owned());
    // For `codriver run`, which makes the application id of it.
    variables.insert("POD_UID", settings.pod.uid.clone());
    let mut text = String::from("# Written by codriver-init.\n");
    for (name, value) in variables {
        let _ = writeln!(text, "{name}={value}");
    }
    if settings.mode == Mode::Endpoint {
        for name in NO_PROXY {
            let _ = writeln!(text, "{name}+={LOOPBACK}");
        }
        // Hadoop before 3.4 reads the token from here only.
        let _ = writeln!(text, "AWS_CONTAINER_AUTHORIZATION_TOKEN<{}", endpoint_files::token(settings));
    }
    for name in absent(settings) {
        let _ = writeln!(text, "-{name}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::{keys, minio, mode};

    fn has(text: &str, line: &str) -> bool {
        text.lines().any(|have| have == line)
    }

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
            assert!(has(&text, line), "{line} in\n{text}");
        }
    }

    #[test]
    fn keys_of_the_drivers_own_stay_and_an_identity_goes() {
        let text = render(&keys());
        assert!(!text.contains("AWS_ACCESS_KEY_ID") && !text.contains("AKIAEXAMPLE"), "{text}");
        for line in ["-AWS_SESSION_TOKEN", "-AWS_ROLE_ARN", "-AWS_WEB_IDENTITY_TOKEN_FILE"] {
            assert!(has(&text, line), "{line} in\n{text}");
        }
    }

    #[test]
    fn in_the_mode_endpoint_nothing_comes_before_the_endpoint() {
        let text = render(&mode("endpoint"));
        for line in [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:8687/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/codriver/endpoint/token",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN</codriver/endpoint/token",
            "NO_PROXY+=127.0.0.1,localhost",
            "AWS_EC2_METADATA_DISABLED=true",
            "-AWS_ROLE_ARN",
            "-AWS_WEB_IDENTITY_TOKEN_FILE",
            "-AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "-AWS_ACCESS_KEY_ID",
        ] {
            assert!(has(&text, line), "{line} in\n{text}");
        }
        assert!(!text.contains("\nAWS_ROLE_ARN="), "{text}");
    }
}
