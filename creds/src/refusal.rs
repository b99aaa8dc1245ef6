//! What to do when STS says no: one remedy for each meaning, with the names and statements to paste.

use crate::asked::{Asked, What};
use crate::identity::RoleArn;
use crate::meaning::Meaning;
use crate::statement;
use crate::token::Claims;

/// The same code means another thing where keys asked and not a token.
pub(crate) fn in_context(meaning: Meaning, what: What<'_>) -> Meaning {
    match (meaning, what) {
        (Meaning::Expired, What::WithKeys(_) | What::Caller) => Meaning::KeysExpired,
        (Meaning::Trust, What::WithKeys(_)) => Meaning::Chain,
        (Meaning::Trust | Meaning::Chain, What::Caller) => Meaning::Other,
        (Meaning::Chain, What::WithToken(..)) => Meaning::Trust,
        (meaning, _) => meaning,
    }
}

/// May the clocks have to do with it?
pub(crate) fn is_about_time(meaning: Meaning) -> bool {
    use Meaning::{Expired, KeysExpired, Signature, TooEarly};
    matches!(meaning, Expired | KeysExpired | Signature | TooEarly)
}

/// What the reader should do, in one line. `message` has been masked.
pub(crate) fn remedy(meaning: Meaning, message: &str, asked: &Asked<'_>) -> String {
    let advice = match asked.what {
        What::WithToken(role, claims) => with_token(meaning, role, claims),
        What::WithKeys(role) => with_keys(meaning, role, message),
        What::Caller => None,
    };
    let advice = advice.unwrap_or_else(|| anyway(meaning, asked));
    let clock = if is_about_time(meaning) && asked.skew.is_some() { "set this node's clock (NTP); " } else { "" };
    format!("{clock}{advice}{}", asked.what.bearer())
}

/// Remedies that concern the token and its issuer.
fn with_token(meaning: Meaning, role: &RoleArn, claims: &Claims) -> Option<String> {
    let Claims { issuer, audiences, .. } = claims;
    let aws = role.partition().starts_with("aws");
    Some(match meaning {
        Meaning::NoProvider if is_private(issuer) => format!(
            "the issuer {issuer} is a name inside of the cluster, which AWS cannot read: give the API server a public \
             --service-account-issuer, and create an IAM OIDC provider for it in account {}",
            role.account()
        ),
        Meaning::NoProvider => format!(
            "account {} has no IAM OIDC provider for {issuer}: create one there, with the client ID {}, or check the \
             account in AWS_ROLE_ARN",
            role.account(),
            audiences.join(", ")
        ),
        Meaning::Audience => format!(
            "the audience {audiences:?} is not among the client IDs that the provider knows: add it there, or set \
             CODRIVER_TOKEN_AUDIENCE and the volume's audience to one that it knows",
        ),
        Meaning::Keys if aws => format!(
            "STS cannot verify tokens of {issuer}: it must be able to read {issuer}/.well-known/openid-configuration \
             and the keys (JWKS) that are named there, from outside of the cluster, and the token's key must be among \
             them"
        ),
        Meaning::Keys => format!(
            "the store does not know the key of this token: check that its OpenID configuration is that of {issuer}, \
             and that it could read the keys there (its log; the binding of system:service-account-issuer-discovery \
             for anonymous readers; the cluster's CA)"
        ),
        Meaning::Thumbprint => format!(
            "the certificate of {issuer} has changed: set the thumbprint of the IAM OIDC provider in account {} anew",
            role.account()
        ),
        Meaning::Expired => {
            "the token's time is over by the clock of STS: check that the kubelet renews the projected \
                             volume (no copy of it, no subPath), and the clocks of node and control plane"
                .to_owned()
        }
        Meaning::TooEarly => "the token's time has not come by the clock of STS: check the clocks of the control \
                              plane, which issues the token, and of the server"
            .to_owned(),
        Meaning::Claim => format!(
            "the identity provider {issuer} rejects what the token claims: check the conditions there and the role's"
        ),
        Meaning::Trust if aws => format!(
            "check that the role exists, and that its trust policy has this statement: {}",
            statement::trust(role, claims)
        ),
        _ => return None,
    })
}

/// Remedies that concern one role assuming another.
fn with_keys(meaning: Meaning, role: &RoleArn, message: &str) -> Option<String> {
    (meaning == Meaning::Chain).then(|| {
        let first = statement::first_role(message);
        let (from, to) = statement::chain(first.as_deref(), role);
        format!(
            "both sides must allow it: a policy of {} needs {from}, and the trust policy of {role} needs {to}",
            first.as_deref().unwrap_or("the first role"),
        )
    })
}

/// Remedies that do not depend on who asked.
fn anyway(meaning: Meaning, asked: &Asked<'_>) -> String {
    let Asked { endpoint, region, what, .. } = asked;
    let role = what.role();
    match meaning {
        Meaning::Throttled => {
            "run again later; a longer CODRIVER_DURATION and pods that do not all start at once make \
                               fewer calls"
                .to_owned()
        }
        Meaning::NotReady => "run again later; look at the server's own log if it stays so".to_owned(),
        Meaning::Unsupported => format!(
            "check that {endpoint} is an STS endpoint (AWS_ENDPOINT_URL_STS), and that this store has {} switched on",
            what.action()
        ),
        Meaning::Role => match role {
            Some(role) if role.partition().starts_with("aws") => format!(
                "check account {} and the name in {role} against arn:<partition>:iam::<12 digits>:role/<name>; region \
                 {region} is of the partition {}",
                role.account(),
                crate::identity::partition_of(region)
            ),
            _ => "set AWS_ROLE_ARN to the ARN that the store prints for its OpenID provider (MinIO: `mc admin idp \
                  openid info`)"
                .to_owned(),
        },
        Meaning::Duration => "lower CODRIVER_DURATION, or raise the role's maximum session duration".to_owned(),
        Meaning::PolicySize => "shorten the session policy, or name fewer policy ARNs and session tags".to_owned(),
        Meaning::Policy => "check the session policy: it is JSON, but no policy that the server understands".to_owned(),
        Meaning::Region => {
            format!("activate STS for {region} in the account (IAM, account settings), or set another AWS_REGION")
        }
        Meaning::AccessKey => format!(
            "the access key is not known to {endpoint}: check that it exists, is active, is of this partition and \
             store, and that temporary keys come with their AWS_SESSION_TOKEN; region {region}"
        ),
        Meaning::Signature => "check AWS_SECRET_ACCESS_KEY (no blank or line end at its ends), and the clock of this \
                               node"
            .to_owned(),
        Meaning::KeysExpired => "these keys are temporary, and their time is over: renew them".to_owned(),
        Meaning::NoPolicy => "check what the store's own log says, and create the policy that the role stands for, or \
                              correct its name in the OpenID settings of the store"
            .to_owned(),
        Meaning::Request => "check AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME and CODRIVER_DURATION".to_owned(),
        _ if matches!(what, What::WithToken(..)) => "check what the store's own log says, that its client ID is the \
             token's audience, that it reads the keys of the token's issuer, and that the role exists there with a \
             policy"
            .to_owned(),
        _ => "check what the server's own log says, and that the keys are for this server".to_owned(),
    }
}

/// A name that nobody outside of the cluster can resolve.
fn is_private(issuer: &str) -> bool {
    let host = issuer.split("://").nth(1).unwrap_or(issuer).split(['/', ':']).next().unwrap_or_default();
    host == "kubernetes" || host == "localhost" || [".svc", ".local", ".internal"].iter().any(|end| host.ends_with(end))
}
