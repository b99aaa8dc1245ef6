//! Who S3A is: `fs.s3a.aws.credentials.provider` and what belongs to it, for each way, mode and version of Hadoop.
//!
//! Hadoop before 3.4 has version 1 of the Java SDK, 3.4 and later version 2, and each knows the other's classes not at all.
//! Where the version is unknown the name of version 1 is written together with
//! `fs.s3a.aws.credentials.provider.mapping`, by which the later ones translate it, and which the earlier ones ignore.

use codriver_creds::Credentials;

use super::{Properties, Value};
use crate::settings::{Mode, Settings, Way};
use crate::version::Version;

/// The setting.
pub const PROVIDER: &str = "fs.s3a.aws.credentials.provider";
/// The translation of names of version 1 for Hadoop that has version 2.
const MAPPING: &str = "fs.s3a.aws.credentials.provider.mapping";
/// Keys from Hadoop's configuration, with a session token and without. In every Hadoop since 3.2.
const TEMPORARY: &str = "org.apache.hadoop.fs.s3a.TemporaryAWSCredentialsProvider";
const SIMPLE: &str = "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider";
/// S3A's own provider of a second role, at any STS; renews, needs others to prove itself with.
const ASSUMED: &str = "org.apache.hadoop.fs.s3a.auth.AssumedRoleCredentialProvider";

/// A class of version 1 with what replaces it in version 2.
struct Class {
    v1: &'static str,
    v2: &'static str,
}

const WEB_IDENTITY: Class = Class {
    v1: "com.amazonaws.auth.WebIdentityTokenCredentialsProvider",
    v2: "software.amazon.awssdk.auth.credentials.WebIdentityTokenFileCredentialsProvider",
};
/// The whole chain of each SDK. The environment, which codriver makes, leaves it one source only. S3A's own
/// `IAMInstanceCredentialsProvider` would be the shorter name, but after one refused call it asks the machine for ever.
const CHAIN: Class = Class {
    v1: "com.amazonaws.auth.DefaultAWSCredentialsProviderChain",
    v2: "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider",
};
const VARIABLES: Class = Class {
    v1: "com.amazonaws.auth.EnvironmentVariableCredentialsProvider",
    v2: "software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider",
};

/// The first Hadoop with version 2 of the SDK.
const SDK_V2: Version = Version(3, 4, 0);

impl Class {
    /// Its name in this Hadoop; with an unknown one the mapping is noted as well.
    fn name(&self, hadoop: Option<Version>, properties: &mut Properties) -> &'static str {
        match hadoop {
            Some(version) if version < SDK_V2 => self.v1,
            Some(_) => self.v2,
            None => {
                properties.insert(MAPPING.to_owned(), Value::new(format!("{}={}", self.v1, self.v2)));
                self.v1
            }
        }
    }
}

/// The settings that say who S3A is, without any secret.
pub fn properties(settings: &Settings) -> Properties {
    let mut properties = Properties::new();
    let source = match (settings.mode, &settings.way) {
        // Keys as they are, or what an instance gives, may have no session token; then the first in the list passes.
        (Mode::Session, Way::Keys(_) | Way::Instance(_)) if settings.assume.is_none() => {
            format!("{TEMPORARY},{SIMPLE}")
        }
        (Mode::Session, _) => TEMPORARY.to_owned(),
        (Mode::Endpoint, _) | (Mode::Provider, Way::Instance(_)) => {
            CHAIN.name(settings.hadoop, &mut properties).to_owned()
        }
        (Mode::Provider, Way::WebIdentity(_)) => WEB_IDENTITY.name(settings.hadoop, &mut properties).to_owned(),
        (Mode::Provider, Way::Keys(keys)) => {
            let own = if keys.credentials.session_token.is_some() { TEMPORARY } else { SIMPLE };
            match keys.secret {
                // Executors have them as variables, also where they make a Hadoop configuration of their own.
                Some(_) => format!("{own},{}", VARIABLES.name(settings.hadoop, &mut properties)),
                None => own.to_owned(),
            }
        }
    };
    match &settings.assume {
        Some(role) if settings.mode == Mode::Provider => {
            let mut set = |key: &str, value: &str| properties.insert(key.to_owned(), Value::new(value));
            set(PROVIDER, ASSUMED);
            set("fs.s3a.assumed.role.arn", role.as_str());
            set("fs.s3a.assumed.role.credentials.provider", &source);
            set("fs.s3a.assumed.role.session.name", settings.session.as_str());
            // S3A's own bounds are 15 min and 1 h.
            set("fs.s3a.assumed.role.session.duration", "1h");
            if let Some(policy) = &settings.policy {
                set("fs.s3a.assumed.role.policy", policy.as_str());
            }
            // Both or neither.
            set("fs.s3a.assumed.role.sts.endpoint.region", &settings.store.region);
            set("fs.s3a.assumed.role.sts.endpoint", &settings.sts_host());
        }
        _ => {
            properties.insert(PROVIDER.to_owned(), Value::new(source));
        }
    }
    properties
}

/// Will keys of ours stand in `core-site.xml`?
pub fn holds_keys(settings: &Settings) -> bool {
    matches!((settings.mode, &settings.way), (Mode::Session, _) | (Mode::Provider, Way::Keys(_)))
}

/// The settings that hold secrets, for `core-site.xml` alone: the user's keys, or the session that STS gave.
pub fn secrets(settings: &Settings, session: &Credentials) -> Properties {
    let credentials = match (settings.mode, &settings.way) {
        (Mode::Session, _) => session,
        (Mode::Provider, Way::Keys(keys)) => &keys.credentials,
        _ => return Properties::new(),
    };
    let mut secrets = Properties::from([
        ("fs.s3a.access.key".to_owned(), Value::secret(credentials.access_key_id.expose())),
        ("fs.s3a.secret.key".to_owned(), Value::secret(credentials.secret_access_key.expose())),
    ]);
    if let Some(token) = &credentials.session_token {
        secrets.insert("fs.s3a.session.token".to_owned(), Value::secret(token.expose()));
    }
    secrets
}

#[cfg(test)]
mod tests {
    use codriver_creds::Secret;

    use super::*;
    use crate::settings::SecretReference;
    use crate::settings::tests::{aws, keys, mode};

    const OLD: Option<Version> = Some(Version(3, 3, 4));
    const NEW: Option<Version> = Some(Version(3, 4, 0));

    fn provider(settings: &Settings, key: &str) -> (String, Option<String>) {
        let properties = properties(settings);
        (properties[key].text().to_owned(), properties.get(MAPPING).map(|value| value.text().to_owned()))
    }

    #[test]
    fn the_provider_follows_mode_way_and_version() {
        let of = |class: &Class| Some(format!("{}={}", class.v1, class.v2));
        for (settings, hadoop, name, mapping) in [
            (aws(), OLD, WEB_IDENTITY.v1, None),
            (aws(), NEW, WEB_IDENTITY.v2, None),
            (aws(), None, WEB_IDENTITY.v1, of(&WEB_IDENTITY)),
            (mode("session"), OLD, TEMPORARY, None),
            (mode("session"), None, TEMPORARY, None),
            (mode("endpoint"), OLD, CHAIN.v1, None),
            (mode("endpoint"), NEW, CHAIN.v2, None),
            (mode("endpoint"), None, CHAIN.v1, of(&CHAIN)),
            (keys(), OLD, SIMPLE, None),
            (keys(), None, SIMPLE, None),
        ] {
            let case = format!("{:?} {hadoop:?}", settings.mode);
            let found = provider(&Settings { hadoop, ..settings }, PROVIDER);
            assert_eq!(found, (name.to_owned(), mapping), "{case}");
        }
    }

    #[test]
    fn executors_with_a_secret_of_their_own_may_also_take_their_variables() {
        let mut settings = Settings { hadoop: NEW, ..keys() };
        let Way::Keys(keys) = &mut settings.way else { panic!("no keys") };
        keys.secret = Some(SecretReference { name: "s3".into(), keys: Vec::new() });
        assert_eq!(provider(&settings, PROVIDER).0, format!("{SIMPLE},{}", VARIABLES.v2));
    }

    #[test]
    fn a_second_role_is_assumed_by_the_jvm_itself() {
        let mut settings = Settings { hadoop: None, ..aws() };
        settings.assume = settings.executor.role.clone();
        let (name, mapping) = provider(&settings, PROVIDER);
        assert_eq!(name, ASSUMED);
        assert!(mapping.is_some());
        assert_eq!(provider(&settings, "fs.s3a.assumed.role.credentials.provider").0, WEB_IDENTITY.v1);
        assert_eq!(provider(&settings, "fs.s3a.assumed.role.sts.endpoint").0, "sts.eu-west-1.amazonaws.com");
        assert_eq!(provider(&settings, "fs.s3a.assumed.role.sts.endpoint.region").0, "eu-west-1");
    }

    #[test]
    fn keys_stand_in_core_site_in_the_modes_that_need_them() {
        let session = Credentials {
            access_key_id: Secret::new("ASIA".into()),
            secret_access_key: Secret::new("secret".into()),
            session_token: Some(Secret::new("token".into())),
            expires: None,
        };
        for (settings, names) in [
            (aws(), vec![]),
            (mode("endpoint"), vec![]),
            (mode("session"), vec![("access.key", "ASIA"), ("secret.key", "secret"), ("session.token", "token")]),
            (keys(), vec![("access.key", "AKIAEXAMPLE"), ("secret.key", "hunter2")]),
        ] {
            let found = secrets(&settings, &session);
            assert_eq!(found.len(), names.len());
            assert_eq!(holds_keys(&settings), !names.is_empty());
            for (name, text) in names {
                let value = &found[&format!("fs.s3a.{name}")];
                assert_eq!((value.text(), value.is_secret()), (text, true));
            }
        }
    }
}
