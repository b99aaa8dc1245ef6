//! What the fuzz targets share: a pod, a server that plays bytes, and secrets that must not be seen.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use codriver_init::args::Args;
use codriver_init::failure::Failure;
use codriver_init::settings::{Settings, Surroundings};

/// Stands for a secret. Nobody makes it up by chance.
pub const SECRET: &str = "hunter2-wJalrXUtnFEMI-0001";

/// The least that a pod beside MinIO says.
pub fn pod() -> Args {
    let some = |text: &str| Some(text.to_owned());
    Args {
        role_arn: some("arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA"),
        token_file: some("/var/run/secrets/codriver/identity/token"),
        endpoint: some("http://minio.store.svc:9000"),
        executor_image: some("spark:4.3.0"),
        executor_service_account: some("spark-executor"),
        pod_name: some("daily-0"),
        pod_namespace: some("etl"),
        pod_uid: some("5f3c6f6e-0c7d-4b6e-9d8a-1f2e3d4c5b6a"),
        pod_ip: some("10.1.2.3"),
        ..Args::default()
    }
}

/// Judges settings; every file has this content.
///
/// # Errors
/// As [`Settings::parse`] says.
pub fn judge(args: &Args, variables: BTreeMap<String, String>, content: &[u8]) -> Result<Settings, Failure> {
    let read = |_: &Path, bound: u64| {
        let fits = u64::try_from(content.len()).is_ok_and(|length| length <= bound);
        if fits { Ok(content.to_vec()) } else { Err(io::Error::from(io::ErrorKind::FileTooLarge)) }
    };
    Settings::parse(args, &Surroundings { variables, read: &read })
}

/// What a failure says to people, all of it.
pub fn said(failure: &Failure) -> String {
    assert!(!failure.faults.is_empty(), "a failure without a fault");
    let said = format!("{failure} {failure:?}");
    assert!(said.len() < 1 << 20, "a failure of {} bytes", said.len());
    said
}

/// Fails when a text holds the secret. For what is said about input in which the secret stands only where `before` does
/// right before it: elsewhere it is not known to be one, and may be quoted.
pub fn never_said(said: &str, input: &[u8], before: &[u8]) {
    let secret = SECRET.as_bytes();
    let places = input.windows(secret.len()).enumerate().filter(|(_, window)| *window == secret);
    if places.into_iter().all(|(at, _)| input[..at].ends_with(before)) {
        assert!(!said.contains(SECRET), "a secret is said: {said}");
    }
}
