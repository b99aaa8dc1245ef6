//! What to do when STS says no: the codes of AWS, and of the stores that imitate it.

use serde_json::{Value, json};

use crate::error::Refusal;
use crate::identity::RoleArn;
use crate::token::Claims;

/// What STS means by a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Come later.
    Throttled,
    /// The request can never work.
    Configuration,
    /// Not with this token or role.
    Refused,
}

/// Sorts an error code. Codes that nobody knows are refusals: STS did answer, and did not grant.
pub fn meaning(code: &str) -> Meaning {
    match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "SlowDown" => Meaning::Throttled,
        "ValidationError"
        | "MissingParameter"
        | "MissingAction"
        | "InvalidAction"
        | "PackedPolicyTooLarge"
        | "MalformedPolicyDocument" => Meaning::Configuration,
        _ => Meaning::Refused,
    }
}

/// What the reader should do about a refusal, with the decoded claims in it.
pub fn remedy(refusal: &Refusal) -> String {
    let Refusal { role, code, claims, message, .. } = refusal;
    let advice = match code.as_str() {
        _ if message.contains("No OpenIDConnect provider found") => format!(
            "account {} has no IAM OIDC provider for {}: create one there, with the client ID {}",
            role.account(),
            claims.issuer,
            claims.audiences.join(", ")
        ),
        _ if message.contains("audience") => format!(
            "the audience {:?} is not among the client IDs that the provider knows: add it there, or set \
             CODRIVER_TOKEN_AUDIENCE and the volume's audience to one that it knows",
            claims.audiences
        ),
        "AccessDenied" if role.partition().starts_with("aws") => format!(
            "check that the role exists, and that its trust policy has this statement: {}",
            trust_statement(role, claims)
        ),
        "ExpiredTokenException" | "ExpiredToken" => {
            "the token's time is over by the clock of STS: check that the kubelet renews the projected volume, and the \
             clock of the node"
                .to_owned()
        }
        "IDPCommunicationError" => format!(
            "STS cannot read {}/.well-known/openid-configuration: it must be reachable from outside of the cluster",
            claims.issuer
        ),
        "InvalidIdentityToken" => format!(
            "STS cannot verify tokens of {}: check the identity provider's keys (JWKS), thumbprint and client IDs",
            claims.issuer
        ),
        "RegionDisabledException" => "enable STS for this region in the account, or set another AWS_REGION".to_owned(),
        _ => "check what the store's own log says, that its client ID is the token's audience, that it reads the keys \
              of the token's issuer, and that the role exists there with a policy"
            .to_owned(),
    };
    format!("{advice}; the token says {}", summary(claims))
}

/// Who a token's bearer is, in one line. Never the token.
pub fn summary(claims: &Claims) -> String {
    format!(
        "iss={} sub={} aud={} exp={}",
        claims.issuer,
        claims.subject,
        claims.audiences.join(","),
        claims.expires.map_or_else(|| "none".to_owned(), |seconds| seconds.to_string()),
    )
}

/// The statement that lets exactly this service account assume the role.
fn trust_statement(role: &RoleArn, claims: &Claims) -> Value {
    let provider = claims.issuer.trim_start_matches("https://");
    let audience = claims.audiences.first().map_or("sts.amazonaws.com", String::as_str);
    json!({
        "Effect": "Allow",
        "Principal": {
            "Federated": format!("arn:{}:iam::{}:oidc-provider/{provider}", role.partition(), role.account()),
        },
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                format!("{provider}:sub"): claims.subject,
                format!("{provider}:aud"): audience,
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::StsKind;

    fn refusal(code: &str, message: &str) -> Refusal {
        Refusal {
            endpoint: "https://sts.eu-west-1.amazonaws.com".into(),
            role: RoleArn::parse("arn:aws:iam::123456789012:role/spark", StsKind::Aws).unwrap(),
            code: code.into(),
            message: message.into(),
            claims: Claims {
                issuer: "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC".into(),
                subject: "system:serviceaccount:etl:spark-driver".into(),
                audiences: vec!["sts.amazonaws.com".into()],
                expires: Some(1000),
                kubernetes: None,
            },
        }
    }

    #[test]
    fn every_code_has_its_remedy() {
        for (code, message, expected) in [
            (
                "AccessDenied",
                "Not authorized",
                "\"oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub\":\"system:serviceaccount:etl:spark-driver\"",
            ),
            (
                "AccessDenied",
                "Not authorized",
                "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC",
            ),
            (
                "InvalidIdentityToken",
                "No OpenIDConnect provider found in your account for https://x",
                "account 123456789012 has no",
            ),
            ("InvalidIdentityToken", "Incorrect token audience", "add it there"),
            ("InvalidIdentityToken", "Couldn't retrieve verification key", "JWKS"),
            ("ExpiredToken", "", "clock of the node"),
            ("IDPCommunicationError", "", "/.well-known/openid-configuration"),
            ("RegionDisabledException", "", "another AWS_REGION"),
            ("InvalidParameterValue", "None of the given policies are defined", "client ID"),
        ] {
            let text = remedy(&refusal(code, message));
            assert!(text.contains(expected), "{code}: {text}");
            assert!(text.ends_with(
                "the token says iss=https://oidc.eks.eu-west-1.amazonaws.com/id/ABC \
                 sub=system:serviceaccount:etl:spark-driver aud=sts.amazonaws.com exp=1000"
            ));
        }
    }

    #[test]
    fn codes_are_sorted() {
        for (code, expected) in [
            ("Throttling", Meaning::Throttled),
            ("SlowDown", Meaning::Throttled),
            ("ValidationError", Meaning::Configuration),
            ("AccessDenied", Meaning::Refused),
            ("Whatever", Meaning::Refused),
        ] {
            assert_eq!(meaning(code), expected, "{code}");
        }
    }
}
