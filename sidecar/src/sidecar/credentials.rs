//! The pod's credentials in the mode `endpoint`: served from before the driver starts, and an event when they are about to end.

use std::{fs, io, path::Path, sync::Arc, time::Duration};

use codriver_endpoint::{Description, Endpoint, Standing};

use crate::{
    credentials,
    failure::Failure,
    sidecar::events::{Events, Note, Reason},
};

/// Where codriver-init describes the endpoint, in the volume.
const DESCRIPTION: &str = "endpoint/endpoint.json";

/// Listens, if the volume says so; none in the other modes.
///
/// # Errors
/// All that is wrong. The startup probe fails then, and the driver does not start: it would become somebody else.
pub fn bind(volume: &Path) -> Result<Option<Endpoint>, Failure> {
    let path = volume.join(DESCRIPTION);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::Configuration(vec![format!("{} cannot be read: {error}", path.display())])),
    };
    let description = Description::parse(&text)
        .map_err(|error| Failure::Configuration(vec![format!("{} is wrong: {error}", path.display())]))?;
    credentials::bind(&description).map(Some)
}

/// Serves for ever; without an endpoint it only waits.
pub async fn serve(endpoint: Option<Endpoint>, events: Arc<Events>) {
    let Some(endpoint) = endpoint else { return std::future::pending().await };
    endpoint
        .run(move |standing, left| {
            let (events, note) = (Arc::clone(&events), note(standing, left));
            tokio::spawn(async move { events.tell(&note).await });
        })
        .await;
}

/// Says what is the matter with these credentials, once for each set of them.
fn note(standing: &Standing, left: Duration) -> Note {
    let minutes = left.as_secs().div_ceil(60);
    let why = standing.trouble.as_deref().unwrap_or("nobody knows why");
    Note {
        reason: Reason::NoNewCredentials,
        is_warning: true,
        key: format!("credentials-{}", credentials::seconds(standing.expires)),
        message: format!(
            "The driver's credentials end in {minutes} min, and no new ones can be had: {why}. codriver goes on asking; the \
             driver's reads and writes fail when they have ended."
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn without_a_description_nothing_is_served() {
        let volume = tempfile::tempdir().unwrap();
        assert!(bind(volume.path()).unwrap().is_none());
        fs::create_dir(volume.path().join("endpoint")).unwrap();
        fs::write(volume.path().join(DESCRIPTION), "{}").unwrap();
        let error = bind(volume.path()).err().unwrap().to_string();
        assert!(error.contains("endpoint/endpoint.json is wrong: missing field"), "{error}");
    }

    #[test]
    fn a_shortage_says_when_and_why_once_for_each_set() {
        let standing = Standing {
            expires: Some(UNIX_EPOCH + Duration::from_secs(1_795_435_445)),
            trouble: Some("STS http://minio:9000 does not answer".into()),
            ..Standing::default()
        };
        let note = note(&standing, Duration::from_secs(541));
        assert_eq!(
            (note.reason, note.is_warning, note.key.as_str()),
            (Reason::NoNewCredentials, true, "credentials-1795435445")
        );
        assert!(
            note.message
                .starts_with("The driver's credentials end in 10 min, and no new ones can be had: STS http://minio")
        );
    }
}
