//! Who the pod says it is: a role, a session name and how long the session shall last.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::policy::SessionPolicy;

/// What AWS accepts as `DurationSeconds`; the role's own maximum may be lower.
pub const DURATION_SECONDS: RangeInclusive<u64> = 900..=43_200;

/// Which rules a role ARN has to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StsKind {
    /// AWS itself: twelve digits of account, a role by name.
    Aws,
    /// A store with an STS of its own (MinIO, Ceph, SeaweedFS, …): other partitions, empty accounts.
    Other,
}

/// What is asked of STS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The role to assume.
    pub role: RoleArn,
    /// How the session is called in audit logs.
    pub session: SessionName,
    /// How long the credentials shall live. Always sent: without it MinIO ends them together with the token.
    pub duration: Duration,
    /// Narrows the session; none for all that the role may.
    pub policy: Option<SessionPolicy>,
    /// ARNs of managed policies that narrow the session, 10 at most.
    pub policy_arns: Vec<String>,
}

/// The ARN of an IAM role, its shape checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleArn(String);

impl RoleArn {
    /// Checks the shape `arn:<partition>:iam:<region>:<account>:role/<name>`.
    ///
    /// # Errors
    /// What is wrong with the text, as the end of a sentence that begins with the setting's name.
    pub fn parse(text: &str, kind: StsKind) -> Result<Self, String> {
        let wrong = |what: &str| {
            let pattern = match kind {
                StsKind::Aws => "arn:aws:iam::<12 digits>:role/<name>",
                StsKind::Other => "arn:<partition>:iam:<region>:<account>:role/<name>",
            };
            Err(format!("`{text}` is no role ARN: {what}; the pattern is `{pattern}`"))
        };
        if !(20..=2048).contains(&text.len()) {
            return wrong("it must have 20 to 2048 characters");
        }
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next().unwrap_or_default();
        let (arn, partition, service, region, account, resource) = (part(), part(), part(), part(), part(), part());
        if arn != "arn" || partition.is_empty() || !partition.bytes().all(is_label) {
            return wrong("it must begin with `arn:<partition>:`");
        }
        if service != "iam" {
            return wrong("the service must be `iam`");
        }
        let Some(name) = resource.strip_prefix("role/") else {
            return wrong("the resource must begin with `role/`");
        };
        if name.is_empty() || !name.bytes().all(|b| is_session(b) || b == b'/') {
            return wrong("the role's name has letters, digits and `_+=,.@-/`");
        }
        match kind {
            StsKind::Aws if !partition.starts_with("aws") => wrong("the partition must be one of AWS's"),
            StsKind::Aws if !region.is_empty() => wrong("a role has no region"),
            StsKind::Aws if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) => {
                wrong("the account must have 12 digits")
            }
            StsKind::Other if !region.bytes().chain(account.bytes()).all(is_label) => {
                wrong("region and account have lower-case letters, digits and `-`")
            }
            StsKind::Aws | StsKind::Other => Ok(Self(text.to_owned())),
        }
    }

    /// The ARN as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition, `aws` for most.
    #[must_use]
    pub fn partition(&self) -> &str {
        self.0.split(':').nth(1).unwrap_or_default()
    }

    /// Is the role of the partition that this region of AWS is in?
    ///
    /// # Errors
    /// The mismatch in one sentence.
    pub fn fits(&self, region: &str) -> Result<(), String> {
        let partition = partition_of(region);
        if self.partition() == partition {
            return Ok(());
        }
        Err(format!(
            "the role {self} is of the partition {}, but the region {region} is of {partition}",
            self.partition()
        ))
    }

    /// The account; empty for some stores that are not AWS.
    #[must_use]
    pub fn account(&self) -> &str {
        self.0.split(':').nth(4).unwrap_or_default()
    }
}

impl fmt::Display for RoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The partition of a region of AWS: partitions share neither accounts nor endpoints.
#[must_use]
pub fn partition_of(region: &str) -> &'static str {
    const PREFIXES: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    PREFIXES.iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |&(_, partition)| partition)
}

/// The longest session name that STS takes.
const SESSION_LONGEST: usize = 64;

/// A session name that STS takes: 2 to 64 characters of `[\w+=,.@-]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionName(String);

impl SessionName {
    /// Makes any text valid: other characters become `-`, and of a long text the end is kept, since the end of a pod's
    /// name is what tells it from its siblings.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut name: Vec<u8> = text.bytes().map(|b| if is_session(b) { b } else { b'-' }).collect();
        let surplus = name.len().saturating_sub(SESSION_LONGEST);
        name.drain(..surplus);
        while name.len() < 2 {
            name.push(b'-');
        }
        Self(name.into_iter().map(char::from).collect())
    }

    /// `<namespace>.<pod>`, or the pod alone where both together are too long.
    #[must_use]
    pub fn of_pod(namespace: &str, pod: &str) -> Self {
        if namespace.len() + pod.len() < SESSION_LONGEST {
            Self::new(&format!("{namespace}.{pod}"))
        } else {
            Self::new(pod)
        }
    }

    /// The name as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_session(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)
}

fn is_label(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_arns_of_aws() {
        for good in [
            "arn:aws:iam::123456789012:role/spark",
            "arn:aws-cn:iam::123456789012:role/team/etl/spark@prod",
            "arn:aws-us-gov:iam::123456789012:role/a+b=c,d.e-f_g",
        ] {
            let arn = RoleArn::parse(good, StsKind::Aws).unwrap();
            assert_eq!(arn.account(), "123456789012");
            assert_eq!(arn.as_str(), good);
        }
        for (bad, why) in [
            ("", "20 to 2048"),
            ("spark-reader-role-of-etl", "must begin with"),
            ("arn:aws:iam::::123456789012:role/spark", "must begin with `role/`"),
            ("arn:aws:iam::12345678901:role/spark", "12 digits"),
            ("arn:aws:iam::123456789012:user/spark", "must begin with `role/`"),
            ("arn:aws:sts::123456789012:role/spark", "must be `iam`"),
            ("arn:aws:iam::123456789012:role/spa rk", "letters, digits"),
            ("arn:aws:iam::123456789012:role/", "letters, digits"),
            ("arn:aws:iam:eu-west-1:123456789012:role/spark", "no region"),
            ("arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA", "one of AWS's"),
        ] {
            let error = RoleArn::parse(bad, StsKind::Aws).unwrap_err();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    #[test]
    fn a_role_fits_the_regions_of_its_partition() {
        for (partition, region, fits) in [
            ("aws", "eu-west-1", true),
            ("aws", "us-east-1", true),
            ("aws", "cn-north-1", false),
            ("aws-cn", "cn-northwest-1", true),
            ("aws-cn", "eu-west-1", false),
            ("aws-us-gov", "us-gov-west-1", true),
            ("aws", "us-gov-east-1", false),
            ("aws-iso", "us-iso-east-1", true),
            ("aws-iso-b", "us-isob-east-1", true),
            ("aws-eusc", "eusc-de-east-1", true),
        ] {
            let role = RoleArn::parse(&format!("arn:{partition}:iam::123456789012:role/spark"), StsKind::Aws).unwrap();
            assert_eq!(role.fits(region).is_ok(), fits, "{partition} {region}");
        }
    }

    #[test]
    fn role_arns_of_other_stores() {
        for good in [
            "arn:minio:iam:::role/oxnUw3DAuQF1uggjXGxI2AmW8IA",
            "arn:minio:iam:us-east-1::role/MHR2BeH2-q1dHO2yx5U9Mf-tP9Q",
            "arn:aws:iam:::role/S3Access",
            "arn:aws:iam::123456789012:role/spark",
        ] {
            assert!(RoleArn::parse(good, StsKind::Other).is_ok(), "{good}");
        }
        assert!(RoleArn::parse("arn:minio:iam::a b:role/oxnUw3DAuQF1", StsKind::Other).is_err());
    }

    #[test]
    fn session_names_are_always_valid() {
        let long_pod = format!("{}-x7k2p", "p".repeat(60));
        for (namespace, pod, expected) in [
            ("etl", "daily-0", "etl.daily-0".to_owned()),
            ("", "", ".-".to_owned()),
            ("etl", "d ä\n", "etl.d----".to_owned()),
            ("etl", long_pod.as_str(), format!("{}-x7k2p", "p".repeat(58))),
        ] {
            let name = SessionName::of_pod(namespace, pod);
            assert_eq!(name.as_str(), expected);
            assert!((2..=SESSION_LONGEST).contains(&name.as_str().len()));
        }
    }
}
