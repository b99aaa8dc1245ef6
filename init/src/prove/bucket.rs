//! Reads a prefix once, with the credentials that the JVMs would have.

use std::time::SystemTime;

use codriver_creds::{Credentials, Roots, StoreSettings, read_prefix};
use tracing::info;

use crate::checks::Checks;
use crate::settings::Settings;

/// The check's name.
const CHECK: &str = "bucket";

/// Reads what `CODRIVER_PROBE` says; none when it cannot be read, which is then among the checks. Takes 30 s at most.
pub async fn read(settings: &Settings, credentials: &Credentials, roots: Roots, checks: &mut Checks) -> Option<()> {
    let Some(uri) = &settings.probe else { return Some(()) };
    let store = StoreSettings {
        endpoint: settings.store.endpoint.as_ref().map(|endpoint| endpoint.url().to_owned()),
        path_style: settings.store.path_style,
        fips: settings.sts.fips,
        dual_stack: settings.sts.dual_stack,
        roots,
        proxies: settings.sts.proxies.clone(),
        ..StoreSettings::of_region(&settings.store.region)
    };
    match read_prefix(&store, credentials, uri, SystemTime::now()).await {
        Ok(seen) => {
            let found = if seen.found { "has keys" } else { "can be read, and is empty" };
            info!(endpoint = seen.endpoint, "the prefix {found}");
            checks.fine(CHECK, format!("{uri} {found}, at {}", seen.endpoint));
            Some(())
        }
        Err(error) => {
            checks.fail(CHECK, error.into());
            None
        }
    }
}
