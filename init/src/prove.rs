//! Proves the identity: waits for the token, looks at it, and has STS say yes.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use codriver_creds::{Claims, Roots, Sts, StsSettings, Token, TokenFault};
use tracing::info;

use crate::failure::{Exit, Failure};
use crate::settings::{Settings, TokenSettings};

/// How often to look for a token that is late.
const TOKEN_POLL: Duration = Duration::from_millis(100);
/// More than the longest token that STS takes; what is longer is no token.
const TOKEN_READ: u64 = 64 * 1024;
/// More than any bundle of certificates.
const BUNDLE_READ: u64 = 4 * 1024 * 1024;

/// What STS said yes to. The credentials themselves are dropped: every JVM gets its own, and renews them.
#[derive(Debug, Clone)]
pub struct Proof {
    /// Who the pod is.
    pub claims: Claims,
    /// When credentials that are given now end.
    pub credentials_expire: SystemTime,
}

/// Waits for the token as long as the settings say, then asks STS, for a minute at most.
///
/// # Errors
/// [`Failure`] with the exit code that its cause deserves.
pub async fn prove(settings: &Settings) -> Result<Proof, Failure> {
    let roots = roots(settings)?;
    let token = token(&settings.token).await?;
    let sts = Sts::new(&StsSettings {
        region: settings.store.region.clone(),
        endpoint: settings.sts.endpoint.as_ref().map(|endpoint| endpoint.url().to_owned()),
        roots,
        attempts: settings.sts.attempts,
        backoff: settings.sts.backoff,
    });
    let credentials = sts.assume(&settings.identity, &token, SystemTime::now()).await?;
    info!(
        role = settings.identity.role.as_str(),
        subject = token.claims().subject,
        session = settings.identity.session.as_str(),
        "STS gave credentials"
    );
    Ok(Proof { claims: token.claims().clone(), credentials_expire: credentials.expires })
}

/// Reads the bundles of certificates that are to be trusted.
fn roots(settings: &Settings) -> Result<Roots, Failure> {
    let mut roots = Roots::default();
    for path in &settings.sts.bundles {
        let wrong = |problem: String| {
            Failure::new(
                Exit::Configuration,
                format!("{} {problem}", path.display()),
                "set AWS_CA_BUNDLE or SSL_CERT_FILE to a file of PEM certificates, mounted into this container",
            )
        };
        let pem = read(path, BUNDLE_READ).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        roots.add_pem(&pem).map_err(|error| wrong(error.to_string()))?;
    }
    Ok(roots)
}

/// Waits for the token's file to appear with something in it.
async fn token(settings: &TokenSettings) -> Result<Token, Failure> {
    let deadline = Instant::now() + settings.wait;
    let mut told = false;
    loop {
        let late = match read(&settings.file, TOKEN_READ) {
            Ok(content) => match Token::parse(&content) {
                Err(TokenFault::Empty) => TokenFault::Empty.to_string(),
                Err(fault) => return Err(refused(settings, &fault, None)),
                Ok(token) => {
                    return match token.check(&settings.audience, SystemTime::now()) {
                        Ok(()) => Ok(token),
                        Err(fault) => Err(refused(settings, &fault, Some(token.claims()))),
                    };
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => "does not exist".to_owned(),
            Err(error) => return Err(unreadable(&settings.file, &error)),
        };
        if Instant::now() >= deadline {
            return Err(absent(settings, &late));
        }
        if !told {
            told = true;
            info!(
                file = %settings.file.display(),
                seconds = settings.wait.as_secs(),
                "waiting for the token: its file {late}"
            );
        }
        tokio::time::sleep(TOKEN_POLL).await;
    }
}

/// Opens the file anew, since the kubelet replaces it, and reads no more than the bound.
fn read(path: &Path, bound: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(bound).read_to_end(&mut content)?;
    Ok(content)
}

fn refused(settings: &TokenSettings, fault: &TokenFault, claims: Option<&Claims>) -> Failure {
    let file = settings.file.display();
    let says =
        claims.map_or_else(String::new, |claims| format!("; it says iss={} sub={}", claims.issuer, claims.subject));
    let remedy = match fault {
        TokenFault::Expired(_) => format!(
            "check that the kubelet renews {file} (a projected volume, no copy of it, no subPath) and that the clocks \
             of node and control plane agree; it was written {}",
            written(&settings.file)
        ),
        TokenFault::Audience { have, .. } => match have.first() {
            Some(have) => format!(
                "set the audience of the projected volume to `{}`, or CODRIVER_TOKEN_AUDIENCE to `{have}` if STS knows \
                 that one",
                settings.audience
            ),
            None => format!("set the audience of the projected volume to `{}`", settings.audience),
        },
        _ => format!("mount a projected serviceAccountToken at {file}"),
    };
    Failure::new(Exit::Refused, format!("the token {file} {fault}{says}"), remedy)
}

/// When the token's file was last changed, in words.
fn written(path: &Path) -> String {
    let age = fs::metadata(path).and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
    age.map_or_else(|| "at an unknown time".to_owned(), |age| format!("{} s ago", age.as_secs()))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let owner = fs::metadata(path).map_or_else(
        |_| String::new(),
        |meta| format!(": it is mode {:o} of user {} and group {}", meta.mode() & 0o777, meta.uid(), meta.gid()),
    );
    let me = fs::metadata("/proc/self").map_or_else(|_| String::new(), |meta| format!(", I am user {}", meta.uid()));
    Failure::new(
        Exit::Configuration,
        format!("the token {} cannot be read: {error}{owner}{me}", path.display()),
        "set securityContext.fsGroup, or the same runAsUser for all containers of the pod",
    )
}

/// A volume that is not mounted will not come; a file in it may.
fn absent(settings: &TokenSettings, late: &str) -> Failure {
    let (file, wait) = (settings.file.display(), settings.wait.as_secs());
    let cause = format!("the token {file} {late} after a wait of {wait} s");
    if settings.file.parent().is_some_and(Path::is_dir) {
        let remedy = format!("check what writes it and its `path`; set CODRIVER_TOKEN_WAIT above {wait} if it is slow");
        Failure::new(Exit::Temporary, cause, remedy)
    } else {
        let remedy = "mount the projected serviceAccountToken volume into this container at the folder of \
                      AWS_WEB_IDENTITY_TOKEN_FILE";
        Failure::new(Exit::Configuration, format!("{cause}: its folder does not exist either"), remedy)
    }
}
