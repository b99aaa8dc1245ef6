//! Why there are no credentials: five kinds, since callers do five different things about them.

use crate::identity::RoleArn;
use crate::refusal;
use crate::token::Claims;

/// Why STS gave no credentials. `Display` is the cause in one line; [`Error::remedy`] is what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// STS understood and said no. Asking again changes nothing until somebody changes the token or the role.
    #[error("STS at {} refused the role {}: {}: {}", .0.endpoint, .0.role, .0.code, .0.message)]
    Refused(Box<Refusal>),
    /// Nothing that speaks for STS answered in time.
    #[error("cannot reach STS at {endpoint}: {cause}")]
    Unreachable {
        /// The URL that was tried.
        endpoint: String,
        /// What happened on the way, outermost first.
        cause: String,
    },
    /// STS asked to come later, as often as it was asked.
    #[error("STS at {endpoint} throttled each of {attempts} attempts: {message}")]
    Throttled {
        /// The URL that was tried.
        endpoint: String,
        /// How often.
        attempts: u32,
        /// What STS said the last time.
        message: String,
    },
    /// What was asked can never be granted: the request itself is wrong.
    #[error("the request to STS is wrong: {problem}")]
    Configuration {
        /// What STS or we object to.
        problem: String,
    },
    /// Something answered, but not as STS does.
    #[error("STS at {endpoint} gave an answer that is of no use: {problem}")]
    Malformed {
        /// The URL that answered.
        endpoint: String,
        /// What is wrong with the answer.
        problem: String,
    },
}

/// What STS said no to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The URL that was asked.
    pub endpoint: String,
    /// The role that was asked for.
    pub role: RoleArn,
    /// The code of STS, such as `AccessDenied`.
    pub code: String,
    /// STS's own words.
    pub message: String,
    /// Who the bearer of the token is.
    pub claims: Claims,
}

impl Error {
    /// What to do, in one or a few lines; may hold a policy statement to paste.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal::remedy(refusal),
            Self::Unreachable { endpoint, .. } => format!(
                "check that {endpoint} is right (AWS_ENDPOINT_URL_STS, AWS_REGION) and that this namespace's network \
                 policies let the pod out; in a private VPC create an STS interface endpoint with private DNS"
            ),
            Self::Throttled { .. } => "run again later; a longer CODRIVER_DURATION and pods that do not all start at \
                 once make fewer calls"
                .to_owned(),
            Self::Configuration { .. } => {
                "check AWS_ROLE_ARN and CODRIVER_DURATION against the role's maximum session duration".to_owned()
            }
            Self::Malformed { endpoint, .. } => format!(
                "check that {endpoint} is an STS endpoint and not a console, a proxy or an ingress (AWS_ENDPOINT_URL_STS)"
            ),
        }
    }
}
