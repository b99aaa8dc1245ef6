//! Policy statements to paste, compact, each for exactly this role and this service account.

use serde_json::{Value, json};

use crate::identity::RoleArn;
use crate::token::Claims;

/// In a role's trust policy: lets exactly this service account assume it.
pub(crate) fn trust(role: &RoleArn, claims: &Claims) -> Value {
    let provider = claims.issuer.trim_start_matches("https://");
    // Of several audiences the one that AWS's providers know.
    let known = "sts.amazonaws.com";
    let is_known = claims.audiences.iter().any(|audience| audience == known);
    let audience = claims.audiences.first().filter(|_| !is_known).map_or(known, String::as_str);
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

/// For one role to assume another: what the first one's policy needs, and what the second one's trust policy needs.
pub(crate) fn chain(first: Option<&str>, second: &RoleArn) -> (Value, Value) {
    let from = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": second.as_str() });
    let principal = first.unwrap_or("<the ARN of the first role>");
    let to = json!({ "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "sts:AssumeRole" });
    (from, to)
}

/// Who asked, as AWS tells it in `User: arn:… is not authorized to perform: …`: for a role session its role. The path of
/// a role is not in the ARN of its sessions.
pub(crate) fn first_role(message: &str) -> Option<String> {
    let user = message.split_once("User: ")?.1.split_whitespace().next()?;
    let mut parts = user.splitn(6, ':');
    let mut part = || parts.next();
    let (arn, partition, service, _, account, name) = (part()?, part()?, part()?, part()?, part()?, part()?);
    if arn != "arn" {
        return None;
    }
    match name.strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/')) {
        Some((role, _)) if service == "sts" => Some(format!("arn:{partition}:iam::{account}:role/{role}")),
        _ => Some(user.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::StsKind;

    #[test]
    fn the_trust_statement_is_of_the_roles_partition() {
        let claims = Claims {
            issuer: "https://oidc.eks.cn-north-1.amazonaws.com.cn/id/ABC".into(),
            subject: "system:serviceaccount:etl:spark-driver".into(),
            audiences: vec!["sts.amazonaws.com".into()],
            ..Claims::default()
        };
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let role = RoleArn::parse(&format!("arn:{partition}:iam::123456789012:role/spark"), StsKind::Aws).unwrap();
            let provider = "oidc.eks.cn-north-1.amazonaws.com.cn/id/ABC";
            assert_eq!(
                trust(&role, &claims),
                json!({
                    "Effect": "Allow",
                    "Principal": {"Federated": format!("arn:{partition}:iam::123456789012:oidc-provider/{provider}")},
                    "Action": "sts:AssumeRoleWithWebIdentity",
                    "Condition": {"StringEquals": {
                        "oidc.eks.cn-north-1.amazonaws.com.cn/id/ABC:sub": "system:serviceaccount:etl:spark-driver",
                        "oidc.eks.cn-north-1.amazonaws.com.cn/id/ABC:aud": "sts.amazonaws.com",
                    }},
                })
            );
        }
    }

    #[test]
    fn the_first_role_is_found_in_the_message() {
        for (message, expected) in [
            (
                "User: arn:aws-cn:sts::123456789012:assumed-role/first/etl.daily-0 is not authorized to perform: \
                 sts:AssumeRole on resource: arn:aws-cn:iam::123456789012:role/second",
                Some("arn:aws-cn:iam::123456789012:role/first"),
            ),
            ("User: arn:aws:iam::123456789012:user/alice is not", Some("arn:aws:iam::123456789012:user/alice")),
            ("Not authorized to perform sts:AssumeRole", None),
            ("User: ", None),
            ("User: anonymous is not", None),
        ] {
            assert_eq!(first_role(message).as_deref(), expected, "{message}");
        }
    }
}
