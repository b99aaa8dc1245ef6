//! The projected token: waited for, read anew, looked at before anybody else sees it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use codriver_creds::{Claims, Token, TokenFault};
use tracing::info;

use crate::failure::{Exit, Failure};
use crate::place::read;
use crate::settings::TokenSettings;

/// How often to look for a token that is late.
const TOKEN_POLL: Duration = Duration::from_millis(100);
/// More than the longest token that STS takes; what is longer is no token.
const TOKEN_READ: u64 = 64 * 1024;

/// A token, and what speaks against it by this node's clock. Whether the clock is right only STS can tell.
pub struct Held {
    /// The token.
    pub token: Token,
    /// The token's time is over, if our clock is right.
    pub doubt: Option<Failure>,
}

/// Waits for the token's file to appear with something in it.
pub async fn wait(settings: &TokenSettings) -> Result<Held, Failure> {
    let deadline = Instant::now() + settings.wait;
    let mut told = false;
    loop {
        let late = match read(&settings.file, TOKEN_READ) {
            Ok(content) => match Token::parse(&content) {
                Err(TokenFault::Empty) => TokenFault::Empty.to_string(),
                Err(fault) => return Err(refused(settings, &fault, None)),
                Ok(token) => {
                    return match token.check(&settings.audience, SystemTime::now()) {
                        Ok(()) => Ok(Held { token, doubt: None }),
                        Err(fault) => {
                            let failure = refused(settings, &fault, Some(token.claims()));
                            let may_be_the_clock = matches!(fault, TokenFault::Expired(_));
                            if may_be_the_clock { Ok(Held { token, doubt: Some(failure) }) } else { Err(failure) }
                        }
                    };
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => "does not exist".to_owned(),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let fault = TokenFault::TooLong(usize::try_from(TOKEN_READ).unwrap_or(usize::MAX));
                return Err(refused(settings, &fault, None));
            }
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
