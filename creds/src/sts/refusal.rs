//! What to do when STS says no: one remedy for each meaning, with the names and statements to paste.

use crate::identity::RoleArn;
use crate::sts::asked::{Asked, What};
use crate::sts::meaning::Meaning;
use crate::sts::statement;
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
    if meaning != Meaning::Chain {
        return None;
    }
    // MinIO takes a user's keys for it, and nobody's session.
    if !role.partition().starts_with("aws") {
        return Some(format!(
            "the store does not let these credentials assume {role}: unset CODRIVER_ASSUME_ROLE, unless the store \
             documents role chaining"
        ));
    }
    let first = statement::first_role(message);
    let (from, to) = statement::chain(first.as_deref(), role);
    let first = first.as_deref().unwrap_or("the first role");
    Some(format!(
        "both sides must allow it: a policy of {first} needs {from}, and the trust policy of {role} needs {to}"
    ))
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
             token's audience, that it reads the keys of the token's issuer, that the role exists there with a \
             policy, and that a session policy is valid if there is one"
            .to_owned(),
        _ => "check what the server's own log says, and that the keys are for this server".to_owned(),
    }
}

/// A name that nobody outside of the cluster can resolve.
fn is_private(issuer: &str) -> bool {
    let host = issuer.split("://").nth(1).unwrap_or(issuer).split(['/', ':']).next().unwrap_or_default();
    host == "kubernetes" || host == "localhost" || [".svc", ".local", ".internal"].iter().any(|end| host.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Skew;
    use crate::identity::StsKind;

    fn claims(issuer: &str) -> Claims {
        Claims {
            issuer: issuer.into(),
            subject: "system:serviceaccount:etl:spark-driver".into(),
            audiences: vec!["sts.amazonaws.com".into()],
            expires: Some(1000),
            kubernetes: None,
        }
    }

    fn asked(what: What<'_>) -> Asked<'_> {
        Asked {
            endpoint: "https://sts.eu-west-1.amazonaws.com".into(),
            region: "eu-west-1",
            regional: true,
            proxy: None,
            what,
            attempts: 1,
            skew: None,
        }
    }

    const EKS: &str = "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC";

    #[test]
    fn every_meaning_has_its_remedy_for_a_token() {
        let aws = RoleArn::parse("arn:aws:iam::123456789012:role/spark", StsKind::Aws).unwrap();
        let minio = RoleArn::parse("arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA", StsKind::Other).unwrap();
        let inside = "https://kubernetes.default.svc.cluster.local";
        for (meaning, role, issuer, expected) in [
            (Meaning::NoProvider, &aws, EKS, "account 123456789012 has no IAM OIDC provider for https://oidc.eks"),
            (Meaning::NoProvider, &aws, inside, "a public --service-account-issuer"),
            (Meaning::Audience, &aws, EKS, "set CODRIVER_TOKEN_AUDIENCE"),
            (
                Meaning::Keys,
                &aws,
                EKS,
                "read https://oidc.eks.eu-west-1.amazonaws.com/id/ABC/.well-known/openid-configuration",
            ),
            (Meaning::Keys, &minio, inside, "system:service-account-issuer-discovery"),
            (Meaning::Thumbprint, &aws, EKS, "thumbprint of the IAM OIDC provider in account 123456789012"),
            (Meaning::Expired, &aws, EKS, "the kubelet renews"),
            (Meaning::TooEarly, &aws, EKS, "has not come"),
            (Meaning::Claim, &aws, EKS, "rejects what the token claims"),
            (Meaning::Trust, &aws, EKS, "trust policy has this statement: {"),
            (Meaning::Trust, &minio, EKS, "store's own log"),
            (
                Meaning::Role,
                &aws,
                EKS,
                "check account 123456789012 and the name in arn:aws:iam::123456789012:role/spark",
            ),
            (Meaning::Role, &minio, EKS, "mc admin idp openid info"),
            (Meaning::Duration, &aws, EKS, "CODRIVER_DURATION"),
            (Meaning::PolicySize, &aws, EKS, "shorten the session policy"),
            (Meaning::Policy, &aws, EKS, "check the session policy"),
            (Meaning::Region, &aws, EKS, "activate STS for eu-west-1"),
            (Meaning::Throttled, &aws, EKS, "run again later"),
            (Meaning::NotReady, &aws, EKS, "run again later"),
            (Meaning::Unsupported, &minio, EKS, "has AssumeRoleWithWebIdentity switched on"),
            (Meaning::NoPolicy, &minio, EKS, "create the policy"),
            (Meaning::Request, &aws, EKS, "AWS_ROLE_SESSION_NAME"),
            (Meaning::Other, &minio, EKS, "store's own log"),
        ] {
            let claims = claims(issuer);
            let text = remedy(meaning, "", &asked(What::WithToken(role, &claims)));
            assert!(text.contains(expected), "{meaning:?}: {text}");
            let bearer = format!(
                "; the token says iss={issuer} sub=system:serviceaccount:etl:spark-driver aud=sts.amazonaws.com exp=1000"
            );
            assert!(text.ends_with(&bearer), "{text}");
        }
    }

    #[test]
    fn keys_have_remedies_of_their_own() {
        let aws = RoleArn::parse("arn:aws:iam::123456789012:role/spark", StsKind::Aws).unwrap();
        let minio = RoleArn::parse("arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA", StsKind::Other).unwrap();
        for (meaning, what, expected) in [
            (Meaning::Chain, What::WithKeys(&aws), "both sides must allow it"),
            (Meaning::Chain, What::WithKeys(&minio), "unset CODRIVER_ASSUME_ROLE"),
            (Meaning::AccessKey, What::Caller, "not known to https://sts.eu-west-1.amazonaws.com"),
            (Meaning::Signature, What::Caller, "AWS_SECRET_ACCESS_KEY"),
            (Meaning::KeysExpired, What::Caller, "renew them"),
            (Meaning::Other, What::Caller, "the keys are for this server"),
        ] {
            let text = remedy(meaning, "", &asked(what));
            assert!(text.contains(expected) && !text.contains("token says"), "{meaning:?}: {text}");
        }
    }

    #[test]
    fn a_wrong_clock_comes_first_where_time_matters() {
        for meaning in [Meaning::Signature, Meaning::KeysExpired] {
            let text = remedy(meaning, "", &Asked { skew: Some(Skew::Behind(300)), ..asked(What::Caller) });
            assert!(text.starts_with("set this node's clock (NTP); "), "{text}");
        }
        let text = remedy(Meaning::AccessKey, "", &Asked { skew: Some(Skew::Behind(300)), ..asked(What::Caller) });
        assert!(!text.contains("clock"), "{text}");
    }

    #[test]
    fn the_same_code_means_another_thing_for_keys() {
        let role = RoleArn::parse("arn:aws:iam::123456789012:role/spark", StsKind::Aws).unwrap();
        let claims = claims(EKS);
        let (token, keys) = (What::WithToken(&role, &claims), What::WithKeys(&role));
        for (meaning, what, expected) in [
            (Meaning::Expired, token, Meaning::Expired),
            (Meaning::Expired, keys, Meaning::KeysExpired),
            (Meaning::Expired, What::Caller, Meaning::KeysExpired),
            (Meaning::Trust, keys, Meaning::Chain),
            (Meaning::Chain, token, Meaning::Trust),
            (Meaning::Trust, What::Caller, Meaning::Other),
            (Meaning::Role, keys, Meaning::Role),
        ] {
            assert_eq!(in_context(meaning, what), expected, "{meaning:?} {what:?}");
        }
    }
}
