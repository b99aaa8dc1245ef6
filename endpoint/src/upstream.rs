//! Asks for credentials, the way that was decided. Files and variables are read anew each time: tokens rotate, and Secrets
//! that are mounted change.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use codriver_creds::{
    ContainerToken, Credentials, Error, ErrorKind, Granted, Identity, InstanceSettings, Proxies, ProxyVariables,
    RoleArn, Roots, Secret, SessionName, SessionPolicy, SourceVariables, Sts, StsKind, StsSettings, Token,
    instance_credentials,
};
use zeroize::Zeroizing;

use crate::description::{Description, Source};

/// How often STS is asked in one call. The keeper asks again, and it alone spreads many pods well when STS throttles.
const ATTEMPTS: u32 = 1;
/// What a second role is assumed with need not live long.
const FIRST_OF_TWO: Duration = Duration::from_secs(3600);
/// More than any token, key or bundle of certificates.
const LONGEST: u64 = 1024 * 1024;

/// Whom to ask, and as whom.
pub struct Upstream {
    sts: Sts,
    roots: Roots,
    asked: Asked,
    /// Assumed with the first credentials.
    second: Option<RoleArn>,
    session: SessionName,
    duration: Duration,
    policy: Option<SessionPolicy>,
    policy_arns: Vec<String>,
}

enum Asked {
    Keys,
    WebIdentity { role: RoleArn, token: PathBuf, audience: String },
    Instance(codriver_creds::Source),
}

impl Upstream {
    /// Prepares it; nothing is sent.
    ///
    /// # Errors
    /// All that is wrong with the description and with this process's variables, each in a sentence.
    pub fn new(description: &Description) -> Result<Self, Vec<String>> {
        let mut mistakes = Vec::new();
        let role = |text: &str| {
            let kind = if description.sts_endpoint.is_some() { StsKind::Other } else { StsKind::Aws };
            RoleArn::parse(text, kind).map_err(|wrong| vec![format!("the role {wrong}")])
        };
        let second = note(&mut mistakes, description.assume_role.as_deref().map(role).transpose());
        let asked = note(&mut mistakes, asked(&description.source, role));
        let policy = description.session_policy.as_deref().map(SessionPolicy::parse).transpose();
        let policy = note(&mut mistakes, policy.map_err(|wrong| vec![format!("the session policy {wrong}")]));
        let roots = note(&mut mistakes, roots(description));
        let proxy = note(&mut mistakes, proxies());
        let (Some(second), Some(asked), Some(policy), Some(roots), Some(proxy)) = (second, asked, policy, roots, proxy)
        else {
            return Err(mistakes);
        };
        let sts = Sts::new(&StsSettings {
            region: description.region.clone(),
            endpoint: description.sts_endpoint.clone(),
            roots: roots.clone(),
            attempts: ATTEMPTS,
            backoff: Duration::ZERO,
            fips: description.fips,
            dual_stack: description.dual_stack,
            proxy,
        });
        Ok(Self {
            sts,
            roots,
            asked,
            second,
            session: SessionName::new(&description.session),
            duration: Duration::from_secs(description.duration_seconds),
            policy,
            policy_arns: description.session_policy_arns.clone(),
        })
    }

    /// Asks once. Waits up to 10 s for each answer.
    ///
    /// # Errors
    /// [`Error`], which knows the remedy, without any secret.
    pub async fn ask(&self) -> Result<Credentials, Error> {
        let first = match &self.asked {
            Asked::Keys => keys(|name| env::var(name).ok())?,
            Asked::WebIdentity { role, token, audience } => {
                let now = SystemTime::now();
                let held = web_identity_token(token, audience, now)?;
                let identity = if self.second.is_some() { self.first_of_two(role) } else { self.last(role) };
                told(self.sts.assume_with_token(&identity, &held, now).await?)
            }
            Asked::Instance(source) => {
                let mut settings = InstanceSettings::new(source.clone());
                settings.roots = self.roots.clone();
                let token = container_token(|name| env::var(name).ok())?;
                instance_credentials(&settings, token.as_ref(), SystemTime::now()).await?.credentials
            }
        };
        match &self.second {
            Some(role) => Ok(told(self.sts.assume_with(&self.last(role), &first, SystemTime::now()).await?)),
            None => Ok(first),
        }
    }

    /// The session that clients get.
    fn last(&self, role: &RoleArn) -> Identity {
        Identity {
            role: role.clone(),
            session: self.session.clone(),
            duration: self.duration,
            policy: self.policy.clone(),
            policy_arns: self.policy_arns.clone(),
        }
    }

    fn first_of_two(&self, role: &RoleArn) -> Identity {
        let duration = self.duration.min(FIRST_OF_TWO);
        Identity { duration, policy: None, policy_arns: Vec::new(), ..self.last(role) }
    }
}

/// The credentials. A clock that is wrong is told: stores refuse what is signed by it.
fn told(granted: Granted) -> Credentials {
    if let Some(clock) = granted.clock {
        tracing::warn!(
            "this node's clock is {clock} that of STS; hint: set it (NTP), S3 refuses requests that are 15 min off"
        );
    }
    granted.credentials
}

/// What is right; what is wrong joins the mistakes.
fn note<T>(mistakes: &mut Vec<String>, result: Result<T, Vec<String>>) -> Option<T> {
    result.map_err(|wrong| mistakes.extend(wrong)).ok()
}

fn asked(source: &Source, role: impl Fn(&str) -> Result<RoleArn, Vec<String>>) -> Result<Asked, Vec<String>> {
    Ok(match source {
        Source::Keys {} => Asked::Keys,
        Source::WebIdentity { role: arn, token_file, audience } => {
            let arn = arn.clone().or_else(|| variable(ROLE)).ok_or_else(|| not_set(ROLE));
            let token =
                token_file.clone().or_else(|| variable(TOKEN_FILE).map(Into::into)).ok_or_else(|| not_set(TOKEN_FILE));
            let mut mistakes = Vec::new();
            match (note(&mut mistakes, arn.and_then(|arn| role(&arn))), note(&mut mistakes, token)) {
                (Some(role), Some(token)) => Asked::WebIdentity { role, token, audience: audience.clone() },
                _ => return Err(mistakes),
            }
        }
        Source::Instance {} => Asked::Instance(instance()?),
    })
}

/// What the webhook of EKS sets.
const ROLE: &str = "AWS_ROLE_ARN";
const TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn not_set(name: &str) -> Vec<String> {
    vec![format!(
        "{name} is not set; hint: the webhook of EKS sets it for pods whose service account has the annotation \
         eks.amazonaws.com/role-arn"
    )]
}

/// Keys out of the folder of a mounted Secret, or out of variables.
fn keys(variable: impl Fn(&str) -> Option<String>) -> Result<Credentials, Error> {
    let folder = variable("CODRIVER_KEYS_DIR").filter(|folder| !folder.is_empty());
    let part = |name: &str| {
        let text = match &folder {
            Some(folder) => read(&Path::new(folder).join(name)).ok(),
            None => variable(name).map(|text| Zeroizing::new(text.into_bytes())),
        };
        let text = text.as_deref().and_then(|text| str::from_utf8(text).ok()).unwrap_or_default().trim();
        (!text.is_empty()).then(|| Secret::new(text.to_owned()))
    };
    let missing = |name: &str| {
        let place = folder
            .as_deref()
            .map_or_else(|| "the sidecar's variables".to_owned(), |folder| format!("the folder {folder}"));
        Error::new(
            ErrorKind::Configuration,
            format!("{name} is not in {place}"),
            "give the codriver container the same Secret as codriver-init (env with secretKeyRef, or CODRIVER_KEYS_DIR)",
        )
    };
    let [id, secret] =
        ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map(|name| part(name).ok_or_else(|| missing(name)));
    Ok(Credentials {
        access_key_id: id?,
        secret_access_key: secret?,
        session_token: part("AWS_SESSION_TOKEN"),
        expires: None,
    })
}

fn web_identity_token(file: &Path, audience: &str, now: SystemTime) -> Result<Token, Error> {
    let remedy = "mount the projected serviceAccountToken into the codriver container too";
    let shown = file.display();
    let content = read(file).map_err(|error| {
        Error::new(ErrorKind::Temporary, format!("the token {shown} cannot be read: {error}"), remedy)
    })?;
    let token = Token::parse(&content)
        .map_err(|fault| Error::new(ErrorKind::Refused, format!("the token {shown} {fault}"), remedy))?;
    if let Err(fault) = token.check(audience, now) {
        // STS judges, since it may be our clock that is wrong.
        tracing::warn!(file = %shown, "the token {fault}");
    }
    Ok(token)
}

/// The token that a container's endpoint wants to see.
fn container_token(variable: impl Fn(&str) -> Option<String>) -> Result<Option<ContainerToken>, Error> {
    const FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
    let given = |name: &str| variable(name).filter(|value| !value.is_empty());
    let wrong = |what: String| {
        Error::new(
            ErrorKind::Configuration,
            what,
            "mount what the agent's webhook mounts into the codriver container too",
        )
    };
    match (given(FILE), given(TOKEN)) {
        (Some(file), _) => {
            let content =
                read(Path::new(&file)).map_err(|error| wrong(format!("{FILE} {file} cannot be read: {error}")))?;
            ContainerToken::parse(&content).map(Some).map_err(|problem| wrong(format!("{FILE} {file} {problem}")))
        }
        (None, Some(token)) => {
            ContainerToken::parse(token.as_bytes()).map(Some).map_err(|problem| wrong(format!("{TOKEN} {problem}")))
        }
        (None, None) => Ok(None),
    }
}

fn instance() -> Result<codriver_creds::Source, Vec<String>> {
    let value = |name: &str| env::var(name).unwrap_or_default();
    codriver_creds::Source::choose(&SourceVariables {
        relative_uri: &value("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
        full_uri: &value("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
        endpoint: &value("AWS_EC2_METADATA_SERVICE_ENDPOINT"),
        endpoint_mode: &value("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"),
        disabled: &value("AWS_EC2_METADATA_DISABLED"),
        first_version_disabled: &value("AWS_EC2_METADATA_V1_DISABLED"),
    })
}

fn roots(description: &Description) -> Result<Roots, Vec<String>> {
    let (mut roots, mut wrong) = (Roots::default(), Vec::new());
    for path in &description.bundles {
        let added = match read(path) {
            Ok(pem) => roots.add_pem(&pem).map_err(|error| error.to_string()),
            Err(error) => Err(format!("cannot be read: {error}")),
        };
        if let Err(problem) = added {
            wrong.push(format!("{} {problem}; hint: mount it into the codriver container too", path.display()));
        }
    }
    if let Some(pem) = &description.certificates
        && let Err(problem) = roots.add_pem(pem.as_bytes())
    {
        wrong.push(format!("what AWS_CA_BUNDLE of codriver-init held {problem}"));
    }
    if wrong.is_empty() { Ok(roots) } else { Err(wrong) }
}

fn proxies() -> Result<Proxies, Vec<String>> {
    let value = |name: &str| env::var(name.to_lowercase()).or_else(|_| env::var(name)).unwrap_or_default();
    Proxies::parse(ProxyVariables {
        https: &value("HTTPS_PROXY"),
        http: &value("HTTP_PROXY"),
        all: &value("ALL_PROXY"),
        no: &value("NO_PROXY"),
    })
}

/// A file, no longer than anything that is sensible here. What was read is wiped when it is dropped.
fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    if fs::metadata(path)?.len() > LONGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    fs::read(path).map(Zeroizing::new)
}
