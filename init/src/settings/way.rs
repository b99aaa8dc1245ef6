//! The way: where credentials come from. The first that is configured, or the one that is asked for; a way that fails
//! later is an error, and no other is tried: nobody shall become the node by accident.

use std::path::PathBuf;
use std::time::Duration;

use codriver_creds::{ContainerToken, RoleArn, Source, SourceVariables, StsKind};

use super::keys::{self, Keys};
use super::reader::Reader;
use super::surroundings::Surroundings;
use super::{TokenSettings, given};
use crate::args::Args;

/// A container's endpoint wants to see a token; SDKs read the file first.
const TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

/// Where credentials come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// Keys that somebody put into a Secret.
    Keys(Keys),
    /// The pod's service account, proven by its token.
    WebIdentity(WebIdentity),
    /// What the node, or an agent on it, gives to this pod.
    Instance(Instance),
}

/// A role and the token that proves the right to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebIdentity {
    /// The role.
    pub role: RoleArn,
    /// The token.
    pub token: TokenSettings,
}

/// The instance: whom to ask, and who it should say that we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The role that is expected, if one is.
    pub role: Option<RoleArn>,
    /// EKS Pod Identity or ECS; or the metadata service of the machine (or kube2iam and kiam in its place).
    pub source: Source,
    /// What the former wants to see.
    pub token: Option<TokenFrom>,
}

/// Where the token of a container's endpoint is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenFrom {
    /// In a file, which is replaced from time to time.
    File(PathBuf),
    /// In a variable.
    Variable(ContainerToken),
}

impl Instance {
    /// Is it the machine itself that is asked, or what stands in for it?
    pub fn is_machine(&self) -> bool {
        matches!(self.source, Source::Metadata(_))
    }
}

impl Way {
    /// As `CODRIVER_WAY` has it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Keys(_) => "keys",
            Self::WebIdentity(_) => "web-identity",
            Self::Instance(_) => "instance",
        }
    }
}

/// The names of the ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`Way::Keys`]
    Keys,
    /// [`Way::WebIdentity`]
    WebIdentity,
    /// [`Way::Instance`]
    Instance,
}

/// What speaks for each way, in the order in which they are taken: the variable that is set.
fn configured(args: &Args, around: &Surroundings<'_>) -> Vec<(Kind, &'static str)> {
    let mut ways = Vec::new();
    if around.variable("AWS_ACCESS_KEY_ID").is_some() || around.variable("AWS_SECRET_ACCESS_KEY").is_some() {
        ways.push((Kind::Keys, "AWS_ACCESS_KEY_ID"));
    } else if given(&args.keys_dir).is_some() {
        ways.push((Kind::Keys, "CODRIVER_KEYS_DIR"));
    } else if given(&args.credentials_file).is_some() {
        ways.push((Kind::Keys, "AWS_SHARED_CREDENTIALS_FILE"));
    }
    if given(&args.token_file).is_some() {
        ways.push((Kind::WebIdentity, "AWS_WEB_IDENTITY_TOKEN_FILE"));
    } else if given(&args.role_arn).is_some() && ways.is_empty() && !has_container(around) {
        // Half of a web identity: the mistake is told, rather than another way taken.
        ways.push((Kind::WebIdentity, "AWS_ROLE_ARN"));
    }
    if has_container(around) {
        let full = around.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some();
        let name = if full { "AWS_CONTAINER_CREDENTIALS_FULL_URI" } else { "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" };
        ways.push((Kind::Instance, name));
    }
    ways
}

fn has_container(around: &Surroundings<'_>) -> bool {
    around.first_of(&["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]).is_some()
}

/// A way with the reason for it, and what was passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The way.
    pub way: Way,
    /// Why this one, in a few words.
    pub reason: String,
    /// Other ways that are configured too.
    pub passed_over: Vec<String>,
}

impl Reader {
    /// Chooses the way and reads its settings.
    pub fn way(&mut self, args: &Args, around: &Surroundings<'_>, kind: StsKind) -> Option<Chosen> {
        let names = [
            ("auto", None),
            ("keys", Some(Kind::Keys)),
            ("web-identity", Some(Kind::WebIdentity)),
            ("instance", Some(Kind::Instance)),
        ];
        let mistakes = self.mistakes.len();
        let asked = self.one_of("CODRIVER_WAY", &args.way, &names).flatten();
        if self.mistakes.len() > mistakes {
            return None;
        }
        let configured = configured(args, around);
        let (choice, reason) = match (asked, configured.first()) {
            (Some(way), _) => (way, "CODRIVER_WAY says so".to_owned()),
            (None, Some((way, variable))) => (*way, format!("{variable} is set")),
            (None, None) => {
                self.nothing_configured();
                return None;
            }
        };
        // A role is expected of the instance, too.
        let others = configured
            .iter()
            .filter(|(way, name)| *way != choice && !(choice == Kind::Instance && *name == "AWS_ROLE_ARN"));
        let passed_over = others.map(|(_, variable)| format!("{variable} is set too, and is not used")).collect();
        let way = match choice {
            Kind::Keys => Way::Keys(keys::read(self, args, around)?),
            Kind::WebIdentity => Way::WebIdentity(self.web_identity(args, kind)?),
            Kind::Instance => Way::Instance(self.instance(args, around, kind)?),
        };
        Some(Chosen { way, reason, passed_over })
    }

    fn nothing_configured(&mut self) {
        self.mistake(
            "nothing says who the pod is: neither AWS_WEB_IDENTITY_TOKEN_FILE nor keys nor AWS_CONTAINER_CREDENTIALS_* \
             are set",
            "for web identity set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE; where the EKS webhook should have set \
             them, the pod was not mutated: annotate its service account with eks.amazonaws.com/role-arn and create the \
             pod anew, since the webhook acts only then and fails open. For keys set AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY from a Secret. For the machine's own role, or kube2iam's, set CODRIVER_WAY=instance",
        );
    }

    fn web_identity(&mut self, args: &Args, kind: StsKind) -> Option<WebIdentity> {
        let role = self.role("AWS_ROLE_ARN", &args.role_arn, kind);
        if role.is_none() && given(&args.role_arn).is_none() {
            self.mistake(
                "AWS_ROLE_ARN is not set",
                "set it to the role that the pod's service account may assume; where the EKS webhook should have set \
                 it, annotate the service account with eks.amazonaws.com/role-arn and create the pod anew, since the \
                 webhook acts only then",
            );
        }
        let token = self.token(args);
        Some(WebIdentity { role: role?, token: token? })
    }

    fn token(&mut self, args: &Args) -> Option<TokenSettings> {
        let wait = self.number("CODRIVER_TOKEN_WAIT", &args.token_wait, 30, 0..=3600);
        let Some(file) = given(&args.token_file) else {
            self.mistake(
                "AWS_WEB_IDENTITY_TOKEN_FILE is not set",
                "mount a projected serviceAccountToken volume (audience sts.amazonaws.com) and set it to the path of \
                 the token, such as /var/run/secrets/codriver/identity/token",
            );
            return None;
        };
        let audience = self.word("CODRIVER_TOKEN_AUDIENCE", &args.token_audience);
        let file = self.absolute("AWS_WEB_IDENTITY_TOKEN_FILE", file);
        let audience = audience.unwrap_or_else(|| "sts.amazonaws.com".to_owned());
        Some(TokenSettings { file: file?, audience, wait: Duration::from_secs(wait) })
    }

    fn instance(&mut self, args: &Args, around: &Surroundings<'_>, kind: StsKind) -> Option<Instance> {
        let role = self.role("AWS_ROLE_ARN", &args.role_arn, kind);
        if role.is_none() && given(&args.role_arn).is_some() {
            return None;
        }
        let said = |name: &str| around.variable(name).unwrap_or_default();
        let variables = SourceVariables {
            relative_uri: said("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
            full_uri: said("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            endpoint: said("AWS_EC2_METADATA_SERVICE_ENDPOINT"),
            endpoint_mode: said("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"),
            disabled: said("AWS_EC2_METADATA_DISABLED"),
            first_version_disabled: said("AWS_EC2_METADATA_V1_DISABLED"),
        };
        let source = Source::choose(&variables).map_err(|mistakes| {
            for mistake in mistakes {
                self.mistake(mistake, "correct it in codriver-init's container, or take another way (CODRIVER_WAY)");
            }
        });
        let token = match (around.variable(TOKEN_FILE), around.variables.get(TOKEN)) {
            (Some(file), _) => Some(TokenFrom::File(self.absolute(TOKEN_FILE, file)?)),
            (None, Some(token)) if !token.is_empty() => match ContainerToken::parse(token.as_bytes()) {
                Ok(token) => Some(TokenFrom::Variable(token)),
                Err(problem) => {
                    self.mistake(format!("{TOKEN} {problem}"), "give it as it is, without blanks and line ends");
                    return None;
                }
            },
            _ => None,
        };
        Some(Instance { role, source: source.ok()?, token })
    }
}
