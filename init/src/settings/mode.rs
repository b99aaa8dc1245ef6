//! The mode: how credentials reach the JVMs. Best is what the JVM gets and renews by itself; where it cannot, the reason is
//! told, and the next best is taken.

use super::way::Way;
use crate::version::Version;

/// How credentials reach the JVMs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Each JVM gets its own from the same source, and renews them; keys stand in core-site.xml.
    Provider,
    /// Temporary ones in core-site.xml, for the driver and through it for its executors. They end.
    Session,
    /// From codriver's endpoint on loopback.
    Endpoint,
}

/// What decides about the mode.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// The way.
    pub way: &'a Way,
    /// Hadoop's version, if told.
    pub hadoop: Option<Version>,
    /// Is STS another than AWS's?
    pub own_sts: bool,
    /// Is there a second role?
    pub chained: bool,
    /// Is there a session policy that S3A cannot ask for by itself?
    pub policy: bool,
    /// Is STS asked without TLS?
    pub plain_sts: bool,
}

/// The first Hadoop 3.2 and 3.3 whose SDK has web identity (1.11.704), and the first whose SDK lets STS be elsewhere
/// (2.28).
const WEB_IDENTITY_3_2: Version = Version(3, 2, 3);
const WEB_IDENTITY_3_3: Version = Version(3, 3, 1);
const OWN_STS: Version = Version(3, 4, 2);
/// The first whose SDK (2.23) asks the agent of EKS Pod Identity.
const POD_IDENTITY: Version = Version(3, 4, 0);
/// The first with version 2 of the SDK, whose S3A writes `https://` before the endpoint of STS (`STSClientFactory`).
const SDK_V2: Version = Version(3, 4, 0);

impl Case<'_> {
    /// Why the JVMs cannot get credentials by themselves; none when they can.
    pub fn obstacle(&self) -> Option<String> {
        if self.policy {
            return Some("no provider of the JVM's can ask for this session policy".to_owned());
        }
        if self.chained && self.plain_sts && self.hadoop.is_none_or(|version| version >= SDK_V2) {
            return Some(format!("S3A of Hadoop {SDK_V2} and later asks for a second role with TLS only"));
        }
        match self.way {
            Way::Keys(_) => None,
            Way::WebIdentity(_) => match self.hadoop {
                Some(version) if version < WEB_IDENTITY_3_2 => Some(format!(
                    "the AWS SDK of Hadoop {version} has no web identity ({WEB_IDENTITY_3_2} is the first)"
                )),
                Some(version) if version >= Version(3, 3, 0) && version < WEB_IDENTITY_3_3 => Some(format!(
                    "the AWS SDK of Hadoop {version} has no web identity ({WEB_IDENTITY_3_3} is the first)"
                )),
                Some(version) if self.own_sts && version < OWN_STS => Some(format!(
                    "the AWS SDK of Hadoop {version} asks AWS's STS only ({OWN_STS} is the first that reads \
                     AWS_ENDPOINT_URL_STS)"
                )),
                None if self.own_sts => Some(format!(
                    "CODRIVER_HADOOP_VERSION is not set, and before {OWN_STS} the AWS SDK asks AWS's STS only"
                )),
                _ => None,
            },
            Way::Instance(instance) => {
                let agent = !instance.is_machine() && !is_old(instance.source.origin());
                match self.hadoop {
                    Some(version) if agent && version < POD_IDENTITY => Some(format!(
                        "the AWS SDK of Hadoop {version} cannot ask the agent of EKS Pod Identity ({POD_IDENTITY} is \
                         the first)"
                    )),
                    None if agent => Some(format!(
                        "CODRIVER_HADOOP_VERSION is not set, and before {POD_IDENTITY} the AWS SDK cannot ask the agent \
                         of EKS Pod Identity"
                    )),
                    _ => None,
                }
            }
        }
    }
}

/// Endpoints that every SDK knows: ECS's own, and loopback.
fn is_old(origin: &str) -> bool {
    let local = ["http://127.0.0.1", "http://localhost", "https://"];
    origin == "http://169.254.170.2" || local.iter().any(|old| origin.starts_with(old))
}

impl Mode {
    /// As reports have it: the provider's mode goes by the name of its way.
    pub fn name(self, way: &Way) -> &'static str {
        match self {
            Self::Provider => way.name(),
            Self::Session => "session",
            Self::Endpoint => "endpoint",
        }
    }

    /// Chooses. `asked`: what `CODRIVER_MODE` says, if anything.
    ///
    /// # Errors
    /// Why the mode that was asked for cannot work.
    pub fn choose(asked: Option<Self>, case: &Case<'_>) -> Result<(Self, String), String> {
        match (asked, case.obstacle()) {
            (Some(Self::Provider), Some(obstacle)) if case.hadoop.is_some() || case.policy => Err(obstacle),
            (Some(mode), _) => Ok((mode, "CODRIVER_MODE says so".to_owned())),
            (None, Some(obstacle)) => Ok((Self::Session, obstacle)),
            (None, None) => Ok((
                Self::Provider,
                match case.way {
                    Way::Keys(_) => "keys do not end",
                    Way::WebIdentity(_) | Way::Instance(_) => "each JVM renews its own",
                }
                .to_owned(),
            )),
        }
    }
}
