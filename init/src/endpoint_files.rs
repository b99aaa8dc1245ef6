//! What the sidecar's endpoint for credentials finds in the volume in the mode `endpoint`: `endpoint/endpoint.json`, which
//! says as whom to ask and where to listen, and `endpoint/token`, which clients must show.
//!
//! The token is the boundary between the driver's container and the others of the pod, which share loopback with it: they
//! do not mount this volume. It is made once and stays: a restarted sidecar must serve who knows the old one.

use std::fs;
use std::path::Path;

use codriver_creds::random_token;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::settings::{Mode, Settings, Way};
use crate::version::Version;

/// Where the endpoint listens: the literal address that every SDK takes for loopback.
const ADDRESS: &str = "127.0.0.1:8687";
/// The one path that it serves.
const PATH: &str = "/v1/credentials";
/// Both together, as clients are told.
pub const URL: &str = "http://127.0.0.1:8687/v1/credentials";
/// The folder in the volume.
pub const FOLDER: &str = "endpoint";
/// The token's file in the volume.
pub const TOKEN: &str = "endpoint/token";
/// The file in the volume with the token of executors that have it in their specification.
pub const EXECUTORS_TOKEN: &str = "endpoint/executors-token";
/// The description's file in the volume.
pub const DESCRIPTION: &str = "endpoint/endpoint.json";
/// What an earlier run in this mode may have left, and its sidecar: the last good credentials are in `last.json`.
pub const ALL: [&str; 4] = [TOKEN, EXECUTORS_TOKEN, DESCRIPTION, "endpoint/last.json"];
/// The first Hadoop whose SDK reads the token from a file, too.
const SDK_V2: Version = Version(3, 4, 0);
/// Of a token.
const TOKEN_DIGITS: usize = 64;

/// The path of the token's file, as clients see it.
pub fn token(settings: &Settings) -> String {
    settings.dir.join(TOKEN).to_string_lossy().into_owned()
}

/// What the driver's sidecar needs to know. No secret: keys it takes from where codriver-init took them.
pub fn of_driver(settings: &Settings) -> String {
    let source = match &settings.way {
        Way::Keys(_) => json!({}),
        Way::WebIdentity(identity) => json!({
            "role": identity.role.as_str(),
            "token_file": identity.token.file.to_string_lossy(),
            "audience": identity.token.audience,
        }),
        // Not the path of an agent, which is a secret on ECS: the sidecar has it from the same variables.
        Way::Instance(_) => json!({}),
    };
    let mut description = describe(settings, source);
    description["bundles"] = json!(settings.sts.bundles);
    format!("{description:#}\n")
}

/// What the sidecars of executors need to know, for a variable. Without a role and a token's file they take what the webhook of
/// EKS has set for them.
pub fn of_executors(settings: &Settings, token_file: Option<&str>) -> String {
    let source = match &settings.way {
        Way::Keys(_) | Way::Instance(_) => json!({}),
        Way::WebIdentity(identity) => json!({
            "role": token_file.and(settings.executor.role.as_ref().or(Some(&identity.role))).map(|role| role.as_str()),
            "token_file": token_file,
            "audience": identity.token.audience,
        }),
    };
    let mut description = describe(settings, source);
    // Files of this container are not there.
    description["certificates"] = json!(settings.executor.certificates);
    description.to_string()
}

fn describe(settings: &Settings, mut source: Value) -> Value {
    source["way"] = json!(settings.way.name());
    json!({
        "address": ADDRESS,
        "path": PATH,
        "token_file": token(settings),
        "source": source,
        "assume_role": settings.assume.as_ref().map(|role| role.as_str()),
        "session_policy": settings.policy.as_ref().map(|policy| policy.as_str()),
        "session_policy_arns": settings.policy_arns,
        "session": settings.session.as_str(),
        "duration_seconds": settings.duration.as_secs(),
        "region": settings.store.region,
        "sts_endpoint": settings.sts.endpoint.as_ref().map(|endpoint| endpoint.url()),
        "fips": settings.sts.fips,
        "dual_stack": settings.sts.dual_stack,
    })
}

/// Must the executors' token stand in their pods' specification? The SDK of Hadoop before 3.4 reads it from a variable only, and
/// nobody is in an executor's container who could set one. It is good for nothing outside of the executors' pods.
pub fn is_in_the_template(settings: &Settings) -> bool {
    settings.mode == Mode::Endpoint && settings.hadoop.is_none_or(|version| version < SDK_V2)
}

/// The token that is in this file already, or a new one: 64 hexadecimal digits, without a line feed, which SDKs would refuse.
///
/// # Errors
/// [`Failure`] when the system gives no random bytes.
pub fn token_content(dir: &Path, name: &str) -> Result<String, Failure> {
    let valid = |text: &String| text.len() == TOKEN_DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(token) = fs::read_to_string(dir.join(name)).ok().filter(valid) {
        return Ok(token);
    }
    let token = random_token().ok_or_else(|| Failure::bug("the system gives no random bytes".to_owned()))?;
    Ok(token.expose().to_owned())
}
