//! Every setting with rubbish in it: no panic, all mistakes at once, and no secret in a message or in a file for everybody.
//!
//! The input is a list `NAME=value`, divided by NUL; `FILE` is the content of every file that a setting names.
#![no_main]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::CommandFactory as _;
use codriver_creds::{Credentials, Secret};
use codriver_fuzz::{SECRET, judge, pod, said};
use codriver_init::args::Args;
use codriver_init::plan::Plan;
use libfuzzer_sys::fuzz_target;

/// Variables without flags.
const VARIABLES: [&str; 14] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "NO_PROXY",
    "KUBERNETES_SERVICE_HOST",
];

/// The flags by the variables that say the same. The environment of this process stays as it is.
static FLAGS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let command = Args::command();
    let named = command.get_arguments().filter_map(|flag| Some((flag.get_env()?.to_str()?, flag.get_long()?)));
    named.map(|(name, long)| (name.to_owned(), format!("--{long}="))).collect()
});

/// As clap reads them, with what a pod says where nothing else is said.
fn args(flags: &[OsString]) -> Option<Args> {
    let said = Args::read([OsString::from("codriver-init")].into_iter().chain(flags.iter().cloned())).ok()?;
    let base = pod();
    Some(Args {
        role_arn: said.role_arn.or(base.role_arn),
        token_file: said.token_file.or(base.token_file),
        endpoint: said.endpoint.or(base.endpoint),
        executor_image: said.executor_image.or(base.executor_image),
        executor_service_account: said.executor_service_account.or(base.executor_service_account),
        pod_name: said.pod_name.or(base.pod_name),
        pod_namespace: said.pod_namespace.or(base.pod_namespace),
        pod_uid: said.pod_uid.or(base.pod_uid),
        pod_ip: said.pod_ip.or(base.pod_ip),
        ..said
    })
}

fuzz_target!(|input: &[u8]| {
    let mut flags = BTreeMap::new();
    let mut variables = BTreeMap::new();
    let mut content = Vec::new();
    for part in input.split(|&byte| byte == 0) {
        let text = String::from_utf8_lossy(part);
        let Some((name, value)) = text.split_once('=') else { continue };
        if name == "FILE" {
            content = value.as_bytes().to_vec();
        } else if let Some(flag) = FLAGS.get(name) {
            flags.insert(flag, OsString::from(format!("{flag}{value}")));
        } else if VARIABLES.contains(&name) {
            variables.insert(name.to_owned(), value.to_owned());
        }
    }
    let with_keys = variables.contains_key("AWS_ACCESS_KEY_ID");
    if with_keys {
        variables.insert("AWS_SECRET_ACCESS_KEY".to_owned(), SECRET.to_owned());
    }
    let Some(args) = args(&flags.into_values().collect::<Vec<_>>()) else { return };
    let mut settings = match judge(&args, variables, &content) {
        Ok(settings) => settings,
        Err(failure) => {
            assert_eq!(failure.code(), 78, "{failure}");
            assert!(!said(&failure).contains(SECRET), "a secret is said: {failure}");
            return;
        }
    };
    assert!(!format!("{settings:?}").contains(SECRET), "a secret is in Debug output");
    // The endpoint's token is kept from run to run, in this folder; here there is none.
    settings.dir = PathBuf::from("/nowhere/codriver");
    let plan = match Plan::new(&settings) {
        Ok(plan) => plan,
        Err(failure) => {
            assert!(!said(&failure).contains(SECRET), "a secret is said: {failure}");
            return;
        }
    };
    let secret = || Secret::new(SECRET.to_owned());
    let session = Credentials {
        access_key_id: secret(),
        secret_access_key: secret(),
        session_token: Some(secret()),
        expires: None,
    };
    let core_site = plan.core_site(&settings, &session);
    assert!(!format!("{plan:?} {core_site:?}").contains(SECRET), "a secret is in Debug output");
    for file in plan.files.iter().chain(core_site.as_ref().ok()) {
        if file.content.expose().contains(SECRET) {
            assert_eq!(file.mode & 0o007, 0, "{} shows a secret to everybody", file.path.display());
            assert_eq!(file.path, PathBuf::from("hadoop/core-site.xml"));
        }
    }
});
