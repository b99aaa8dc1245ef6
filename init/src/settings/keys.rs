//! Keys from a Secret: as variables, as the files of a mounted Secret, or as a credentials file of AWS's command line.

use std::path::Path;

use codriver_creds::{Credentials, Secret};

use super::reader::Reader;
use super::surroundings::Surroundings;
use super::{given, is_name};
use crate::args::Args;
use crate::failure::shown;

/// The names of variables and files, in the order id, secret, token.
pub const NAMES: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
/// More than any of the three.
const LONGEST: u64 = 64 * 1024;
/// More than any credentials file.
const LONGEST_FILE: u64 = 1024 * 1024;

/// Static keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The keys themselves.
    pub credentials: Credentials,
    /// Where executors get them; none when they come with the driver's Hadoop configuration.
    pub secret: Option<SecretReference>,
}

/// Where in which Secret of Kubernetes executors find the three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretReference {
    /// The Secret, in the pod's namespace.
    pub name: String,
    /// Its key for each of [`NAMES`] that is used.
    pub keys: Vec<(&'static str, String)>,
}

/// Reads the keys from where they are configured.
pub fn read(reader: &mut Reader, args: &Args, around: &Surroundings<'_>) -> Option<Keys> {
    let parts = if NAMES[..2].iter().any(|name| around.variable(name).is_some()) {
        NAMES.map(|name| around.variable(name).map(str::to_owned))
    } else if let Some(folder) = given(&args.keys_dir) {
        from_folder(reader, Path::new(folder), around)?
    } else if let Some(file) = given(&args.credentials_file) {
        from_credentials_file(reader, Path::new(file), given(&args.profile).unwrap_or("default"), around)?
    } else {
        [None, None, None]
    };
    let credentials = credentials(reader, parts);
    let secret = reference(reader, args, credentials.as_ref().is_some_and(|keys| keys.session_token.is_some()));
    Some(Keys { credentials: credentials?, secret: secret? })
}

fn credentials(reader: &mut Reader, parts: [Option<String>; 3]) -> Option<Credentials> {
    let mut whole = true;
    for (name, part) in NAMES.iter().zip(&parts) {
        match part {
            None if *name != NAMES[2] => {
                reader.mistake(
                    format!("{name} is not set"),
                    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY together, from a Secret (valueFrom.secretKeyRef)",
                );
                whole = false;
            }
            Some(text) if !text.bytes().all(|b| b.is_ascii_graphic()) => {
                reader.mistake(
                    format!("{name} has blanks or characters that no key has"),
                    "make the Secret anew: `kubectl create secret generic` takes the value as it is, line feeds too",
                );
                whole = false;
            }
            _ => {}
        }
    }
    let [id, secret, token] = parts;
    let (id, secret) = whole.then_some((id?, secret?))?;
    Some(Credentials {
        access_key_id: Secret::new(id),
        secret_access_key: Secret::new(secret),
        session_token: token.map(Secret::new),
        expires: None,
    })
}

fn from_folder(reader: &mut Reader, folder: &Path, around: &Surroundings<'_>) -> Option<[Option<String>; 3]> {
    let mut parts = [None, None, None];
    for (name, part) in NAMES.iter().zip(&mut parts) {
        let path = folder.join(name);
        match around.text(&path, LONGEST) {
            Ok(text) => *part = Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Err(_) if *name == NAMES[2] => {}
            Err(problem) => reader.mistake(
                format!("CODRIVER_KEYS_DIR: {} {problem}", path.display()),
                format!("mount the Secret there with a key named {name} (volumes.secret.items gives keys other names)"),
            ),
        }
    }
    parts[..2].iter().all(Option::is_some).then_some(parts)
}

fn from_credentials_file(
    reader: &mut Reader,
    path: &Path,
    profile: &str,
    around: &Surroundings<'_>,
) -> Option<[Option<String>; 3]> {
    let text = match around.text(path, LONGEST_FILE) {
        Ok(text) => text,
        Err(problem) => {
            reader.mistake(
                format!("AWS_SHARED_CREDENTIALS_FILE {} {problem}", path.display()),
                "mount the Secret that holds the file into codriver-init",
            );
            return None;
        }
    };
    let parts = of_profile(&text, profile);
    if parts.is_none() {
        reader.mistake(
            format!("AWS_SHARED_CREDENTIALS_FILE {} has no profile `{}`", path.display(), shown(profile)),
            "set AWS_PROFILE to one that it has",
        );
    }
    let parts = parts?;
    if parts[..2].iter().any(Option::is_none) {
        reader.mistake(
            format!(
                "AWS_SHARED_CREDENTIALS_FILE {}: the profile `{}` has no aws_access_key_id and aws_secret_access_key",
                path.display(),
                shown(profile)
            ),
            "take a profile with both; those with role_arn, sso or credential_process are for command lines",
        );
        return None;
    }
    Some(parts)
}

/// The three of one profile, as `[profile]` and `name = value` lines have them.
fn of_profile(text: &str, profile: &str) -> Option<[Option<String>; 3]> {
    let mut parts = None;
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            inside = section.trim() == profile;
            if inside {
                parts.get_or_insert([None, None, None]);
            }
        } else if let (true, Some((name, value)), Some(parts)) = (inside, line.split_once('='), parts.as_mut()) {
            let name = name.trim().to_ascii_uppercase();
            if let Some(at) = NAMES.iter().position(|known| *known == name) {
                parts[at] = Some(value.trim().to_owned());
            }
        }
    }
    parts
}

/// `NAME` or `NAME:ID:SECRET[:TOKEN]`. None inside when it is not set, none at all when it is wrong.
#[allow(clippy::option_option, reason = "not set and wrong are two things")]
fn reference(reader: &mut Reader, args: &Args, with_token: bool) -> Option<Option<SecretReference>> {
    let Some(text) = given(&args.keys_secret) else { return Some(None) };
    let parts: Vec<&str> = text.split(':').collect();
    let fields: &[&str] = match parts.len() {
        1 if with_token => &NAMES,
        1 => &NAMES[..2],
        3 | 4 => &parts[1..],
        _ => &[],
    };
    if fields.is_empty() || !parts.iter().all(|part| !part.is_empty() && is_name(part)) {
        reader.mistake(
            format!("CODRIVER_KEYS_SECRET `{}` is no reference to a Secret", shown(text)),
            "write NAME, or NAME:ID:SECRET or NAME:ID:SECRET:TOKEN with the names of its keys",
        );
        return None;
    }
    let keys = NAMES.iter().copied().zip(fields.iter().map(|field| (*field).to_owned())).collect();
    Some(Some(SecretReference { name: parts[0].to_owned(), keys }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_of_a_credentials_file_is_found() {
        let text = "# mine\n[default]\naws_access_key_id = AKIA1\naws_secret_access_key=s1\n\n[ etl ]\n\
                    AWS_ACCESS_KEY_ID=AKIA2\naws_secret_access_key = a=b\naws_session_token = t\nregion = x\n";
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of_profile(text, "default"), Some([some("AKIA1"), some("s1"), None]));
        assert_eq!(of_profile(text, "etl"), Some([some("AKIA2"), some("a=b"), some("t")]));
        assert_eq!(of_profile(text, "other"), None);
    }
}
