//! How credentials reach the JVMs, and what narrows them.

use codriver_creds::SessionPolicy;

use super::given;
use super::mode::{Case, Mode};
use super::reader::Reader;
use super::surroundings::Surroundings;
use super::way::Way;
use crate::args::Args;
use crate::failure::shown;

/// A mode with the reason for it.
pub struct ChosenMode {
    /// The mode.
    pub mode: Mode,
    /// Why this one.
    pub reason: String,
    /// Why it may not work, where it was asked for all the same.
    pub obstacle: Option<String>,
}

impl Reader {
    /// The mode that is asked for; none for the best.
    pub fn asked_mode(&mut self, args: &Args) -> Option<Mode> {
        let names = [
            ("auto", None),
            ("web-identity", Some(Mode::Provider)),
            ("keys", Some(Mode::Provider)),
            ("instance", Some(Mode::Provider)),
            ("session", Some(Mode::Session)),
            ("endpoint", Some(Mode::Endpoint)),
        ];
        self.one_of("CODRIVER_MODE", &args.mode, &names).flatten()
    }

    /// The mode that is taken.
    pub fn mode(&mut self, args: &Args, asked: Option<Mode>, case: &Case<'_>) -> Option<ChosenMode> {
        let text = given(&args.mode).unwrap_or_default();
        if asked == Some(Mode::Provider) && text != case.way.name() {
            self.mistake(
                format!("CODRIVER_MODE {text} does not fit the way, which is {}", case.way.name()),
                "leave CODRIVER_MODE out, or set CODRIVER_WAY to the same",
            );
            return None;
        }
        let has_policy = given(&args.session_policy).or(given(&args.session_policy_arns)).is_some();
        if has_policy && !case.chained && !matches!(case.way, Way::WebIdentity(_)) {
            self.mistake(
                format!(
                    "a session policy is set, but the way {} makes no session that it could narrow",
                    case.way.name()
                ),
                "set CODRIVER_ASSUME_ROLE too, or take web identity",
            );
            return None;
        }
        if let (Some(Mode::Endpoint), Way::Keys(keys)) = (asked, case.way)
            && keys.secret.is_none()
        {
            self.mistake(
                "CODRIVER_KEYS_SECRET is not set, which the mode endpoint needs: executors' sidecars get the keys from it",
                "set it to the name of the Secret that holds the keys",
            );
        }
        if asked == Some(Mode::Endpoint) && given(&args.image).is_none() {
            self.mistake(
                "CODRIVER_IMAGE is not set, which the mode endpoint needs: executors get a sidecar of this image",
                "set it to codriver's own image, as in this init container",
            );
        }
        match Mode::choose(asked, case) {
            Ok((mode, reason)) => {
                let obstacle = if asked.is_some() { case.obstacle() } else { None };
                Some(ChosenMode { mode, reason, obstacle })
            }
            Err(obstacle) => {
                self.mistake(
                    format!("CODRIVER_MODE {text} cannot work: {obstacle}"),
                    "leave CODRIVER_MODE out, or set it to session",
                );
                None
            }
        }
    }

    /// The session policy.
    pub fn policy(&mut self, args: &Args, around: &Surroundings<'_>) -> Option<SessionPolicy> {
        /// More than the longest policy that STS takes, with blanks that can be left out.
        const LONGEST: u64 = 64 * 1024;
        let given = given(&args.session_policy)?;
        let text = if given.starts_with('/') {
            around.text(given.as_ref(), LONGEST).map_err(|problem| format!("{given} {problem}"))
        } else {
            Ok(given.to_owned())
        };
        match text.and_then(|text| SessionPolicy::parse(&text)) {
            Ok(policy) => Some(policy),
            Err(problem) => {
                self.mistake(
                    format!("CODRIVER_SESSION_POLICY {problem}"),
                    "write an IAM policy as JSON, or the path of a file with one",
                );
                None
            }
        }
    }

    /// The managed policies of the session.
    pub fn policy_arns(&mut self, args: &Args) -> Vec<String> {
        /// What STS takes at most.
        const MOST: usize = 10;
        let text = given(&args.session_policy_arns).unwrap_or_default();
        let arns: Vec<String> =
            text.split(',').map(str::trim).filter(|arn| !arn.is_empty()).map(str::to_owned).collect();
        let is_arn = |arn: &String| arn.starts_with("arn:") && arn.contains(":policy/") && is_graphic(arn);
        if arns.len() > MOST || !arns.iter().all(is_arn) {
            self.mistake(
                format!("CODRIVER_SESSION_POLICY_ARNS `{}` is no list of at most {MOST} ARNs of policies", shown(text)),
                "write them as arn:aws:iam::<12 digits>:policy/<name>, with commas between",
            );
            return Vec::new();
        }
        arns
    }
}

fn is_graphic(text: &str) -> bool {
    text.len() <= 2048 && text.bytes().all(|b| b.is_ascii_graphic())
}
