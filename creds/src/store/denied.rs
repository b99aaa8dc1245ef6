//! What to do about `AccessDenied`: the statement that is missing, and which of AWS's many policies said no.

use serde_json::{Value, json};

use crate::identity::partition_of;
use crate::store::S3Uri;

/// The policies that AWS names in its messages, and what to do about each.
const POLICIES: [(&str, &str); 7] = [
    ("session policy", "the session policy that was sent along narrows the role: widen it"),
    ("permissions boundary", "the role's permissions boundary must allow it as well"),
    ("VPC endpoint policy", "the policy of the VPC endpoint for S3 must allow it as well"),
    ("service control policy", "a service control policy of the organization forbids it: ask who manages that"),
    ("resource control policy", "a resource control policy of the organization forbids it: ask who manages that"),
    ("resource-based policy", "the bucket's own policy must allow it, since it belongs to another account"),
    ("bucket policy", "look at the bucket's own policy"),
];

/// The remedy, with the statement to paste. `message` is what the store said.
pub fn remedy(uri: &S3Uri, region: &str, message: &str) -> String {
    if message.contains("explicit deny") {
        let which = POLICIES.iter().map(|(name, _)| *name).find(|name| message.contains(name));
        return format!(
            "a statement with \"Deny\" in {} wins over every \"Allow\": change it so that it leaves out s3:ListBucket on \
             this bucket for this role",
            which.map_or_else(|| "a policy of the role".to_owned(), |which| format!("a {which}"))
        );
    }
    let policy = POLICIES.iter().find(|(name, _)| message.contains(name)).map(|(_, advice)| format!("{advice}; "));
    format!(
        "{}the role or user needs this statement (and for a bucket of another account the bucket's policy needs it too, \
         with the role as its principal): {}",
        policy.unwrap_or_default(),
        statement(uri, region)
    )
}

/// What lets S3A list the prefix, and nothing else.
fn statement(uri: &S3Uri, region: &str) -> Value {
    let mut statement = json!({
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": format!("arn:{}:s3:::{}", partition_of(region), uri.bucket()),
    });
    let folder = uri.folder();
    if !folder.is_empty() {
        let prefixes = [folder.trim_end_matches('/').to_owned(), format!("{folder}*")];
        statement["Condition"] = json!({ "StringLike": { "s3:prefix": prefixes } });
    }
    statement
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_fits_the_prefix_and_the_partition() {
        for (uri, region, expected) in [
            (
                "s3://data/jobs",
                "eu-west-1",
                r#"{"Action":"s3:ListBucket","Condition":{"StringLike":{"s3:prefix":["jobs","jobs/*"]}},"Effect":"Allow","Resource":"arn:aws:s3:::data"}"#,
            ),
            (
                "s3://data",
                "us-gov-west-1",
                r#"{"Action":"s3:ListBucket","Effect":"Allow","Resource":"arn:aws-us-gov:s3:::data"}"#,
            ),
        ] {
            let remedy = remedy(&S3Uri::parse(uri).unwrap(), region, "Access Denied");
            assert!(remedy.ends_with(expected), "{remedy}");
            assert!(remedy.starts_with("the role or user needs"), "{remedy}");
        }
    }

    #[test]
    fn the_policy_that_aws_names_is_told() {
        let not = "User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: s3:ListBucket on resource: \
                   \"arn:aws:s3:::data\"";
        for (because, expected) in [
            ("because no identity-based policy allows the s3:ListBucket action", "the role or user needs"),
            ("because no session policy allows the s3:ListBucket action", "the session policy that was sent"),
            ("because no VPC endpoint policy allows the s3:ListBucket action", "the policy of the VPC endpoint"),
            ("because no permissions boundary allows the s3:ListBucket action", "the role's permissions boundary"),
            ("because no resource-based policy allows the s3:ListBucket action", "the bucket's own policy must"),
            ("with an explicit deny in a service control policy", "\"Deny\" in a service control policy wins"),
            ("with an explicit deny in an identity-based policy", "\"Deny\" in a policy of the role wins"),
        ] {
            let remedy = remedy(&S3Uri::parse("s3://data").unwrap(), "eu-west-1", &format!("{not} {because}"));
            assert!(remedy.contains(expected), "{because}: {remedy}");
        }
    }
}
