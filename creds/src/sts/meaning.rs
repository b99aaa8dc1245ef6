//! What an error of STS means: codes and messages of AWS, and of the stores that imitate it.

/// The causes that have remedies of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Too many requests.
    Throttled,
    /// The server has trouble of its own, or just starts.
    NotReady,
    /// The server does not know this kind of request.
    Unsupported,
    /// No OIDC provider for the token's issuer.
    NoProvider,
    /// The provider does not take the token's audience.
    Audience,
    /// The issuer's keys cannot be had, or the token's key is not among them.
    Keys,
    /// The provider's certificate is not the one that was registered.
    Thumbprint,
    /// The token's time is over.
    Expired,
    /// The token's time has not come.
    TooEarly,
    /// The provider rejects what the token claims.
    Claim,
    /// The role's trust policy, or there is no such role.
    Trust,
    /// One role may not assume another.
    Chain,
    /// A role ARN that is none, or that the store does not know.
    Role,
    /// More seconds than the role allows.
    Duration,
    /// The policies of the session are too long.
    PolicySize,
    /// The policy of the session is none.
    Policy,
    /// STS is switched off in this region.
    Region,
    /// The access key is not known here.
    AccessKey,
    /// The secret key is another one, or the clocks differ.
    Signature,
    /// The time of the signing credentials is over.
    KeysExpired,
    /// The store grants the role nothing.
    NoPolicy,
    /// Some part of the request is wrong.
    Request,
    /// Refused, and nobody knows why.
    Other,
}

/// Sorts an error. The words count before the code, since stores put most things under one code.
pub(crate) fn meaning(code: &str, message: &str, status: u16) -> Meaning {
    let by_words = by_message(message);
    // Who is refused is not wrong: such an answer may name every part of the request.
    let refused = ["AccessDenied", "AccessDeniedException"].contains(&code);
    let by_words = by_words.filter(|words| !refused || !matches!(words, Meaning::Role | Meaning::Duration));
    by_words.or_else(|| by_code(code)).unwrap_or(match status {
        429 => Meaning::Throttled,
        405 | 501 => Meaning::Unsupported,
        500.. => Meaning::NotReady,
        _ => Meaning::Other,
    })
}

/// Parts of messages, in small letters, most telling first.
const WORDS: [(&str, Meaning); 34] = [
    ("rate exceeded", Meaning::Throttled),
    ("unsupported action", Meaning::Unsupported),
    ("no openidconnect provider", Meaning::NoProvider),
    ("incorrect token audience", Meaning::Audience),
    ("must match configured openid client id", Meaning::Audience),
    ("couldn't retrieve verification key", Meaning::Keys),
    ("no public key found for kid", Meaning::Keys),
    ("thumbprint", Meaning::Thumbprint),
    ("token expired: current date", Meaning::Expired),
    ("token is expired", Meaning::Expired),
    ("token has expired", Meaning::Expired),
    ("jwt expired", Meaning::Expired),
    ("used before issued", Meaning::TooEarly),
    ("not valid yet", Meaning::TooEarly),
    ("issued in the future", Meaning::TooEarly),
    ("signature we calculated does not match", Meaning::Signature),
    ("access key id you provided does not exist", Meaning::AccessKey),
    ("signature expired", Meaning::Signature),
    ("signature not yet current", Meaning::Signature),
    ("sts:assumerolewithwebidentity", Meaning::Trust),
    ("sts:assumerole", Meaning::Chain),
    ("sts:tagsession", Meaning::Chain),
    ("sts:setsourceidentity", Meaning::Chain),
    ("request arn is invalid", Meaning::Role),
    ("rolearn", Meaning::Role),
    ("durationseconds", Meaning::Duration),
    ("session limit for roles assumed by role chaining", Meaning::Duration),
    ("none of the given policies", Meaning::NoPolicy),
    ("no mapped policies", Meaning::NoPolicy),
    ("not activated in this region", Meaning::Region),
    ("not initialized", Meaning::NotReady),
    ("verification error", Meaning::Keys),
    ("signature is invalid", Meaning::Keys),
    ("security token included in the request is invalid", Meaning::AccessKey),
];

fn by_message(message: &str) -> Option<Meaning> {
    let message = message.to_ascii_lowercase();
    WORDS.iter().find(|(words, _)| message.contains(words)).map(|&(_, meaning)| meaning)
}

fn by_code(code: &str) -> Option<Meaning> {
    Some(match code {
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "RequestThrottled"
        | "SlowDown" => Meaning::Throttled,
        "STSNotInitialized" | "STSIAMNotInitialized" | "ServiceUnavailable" | "InternalError" | "InternalFailure" => {
            Meaning::NotReady
        }
        "InvalidAction" | "NotImplemented" | "MethodNotAllowed" | "UnsupportedOperation" => Meaning::Unsupported,
        "IDPCommunicationError" | "InvalidIdentityToken" => Meaning::Keys,
        "IDPRejectedClaim" => Meaning::Claim,
        "ExpiredTokenException" | "ExpiredToken" => Meaning::Expired,
        "AccessDenied" | "AccessDeniedException" => Meaning::Trust,
        "NoSuchEntity" | "NoSuchRole" => Meaning::Role,
        "PackedPolicyTooLarge" => Meaning::PolicySize,
        "MalformedPolicyDocument" | "MalformedPolicy" => Meaning::Policy,
        "RegionDisabledException" => Meaning::Region,
        "InvalidClientTokenId" | "InvalidAccessKeyId" | "UnrecognizedClientException" | "AuthFailure" => {
            Meaning::AccessKey
        }
        "SignatureDoesNotMatch" | "RequestTimeTooSkewed" | "RequestExpired" | "IncompleteSignature" => {
            Meaning::Signature
        }
        "ValidationError" | "MissingParameter" | "MissingAction" => Meaning::Request,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_aws() {
        for (code, message, expected) in [
            ("Throttling", "Rate exceeded", Meaning::Throttled),
            (
                "InvalidIdentityToken",
                "No OpenIDConnect provider found in your account for https://x",
                Meaning::NoProvider,
            ),
            ("InvalidIdentityToken", "Incorrect token audience", Meaning::Audience),
            (
                "InvalidIdentityToken",
                "Couldn't retrieve verification key from your identity provider,  please reference \
                 AssumeRoleWithWebIdentity documentation for requirements",
                Meaning::Keys,
            ),
            (
                "InvalidIdentityToken",
                "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
                Meaning::Thumbprint,
            ),
            (
                "ExpiredTokenException",
                "Token expired: current date/time 1700000000 must be before the expiration date/time 1699999000",
                Meaning::Expired,
            ),
            ("IDPCommunicationError", "", Meaning::Keys),
            ("IDPRejectedClaim", "", Meaning::Claim),
            ("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", Meaning::Trust),
            (
                "AccessDenied",
                "User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: sts:AssumeRole on resource: x",
                Meaning::Chain,
            ),
            ("ValidationError", "Request ARN is invalid", Meaning::Role),
            (
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
                Meaning::Duration,
            ),
            (
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
                Meaning::Duration,
            ),
            ("ValidationError", "1 validation error detected: Value 'x' at 'roleSessionName' failed", Meaning::Request),
            ("PackedPolicyTooLarge", "Packed policy consumes 103% of allotted space", Meaning::PolicySize),
            ("MalformedPolicyDocument", "Syntax errors in policy", Meaning::Policy),
            ("RegionDisabledException", "STS is not activated in this region for account:1.", Meaning::Region),
            ("InvalidClientTokenId", "The security token included in the request is invalid.", Meaning::AccessKey),
            ("SignatureDoesNotMatch", "The request signature we calculated does not match", Meaning::Signature),
            ("SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than x", Meaning::Signature),
            ("AccessDenied", "cannot use RoleArn x for DurationSeconds 3600", Meaning::Trust),
            ("InvalidAction", "Could not find operation X for version 2011-06-15", Meaning::Unsupported),
        ] {
            assert_eq!(meaning(code, message, 400), expected, "{code} {message}");
        }
    }

    #[test]
    fn errors_of_other_stores() {
        for (status, code, message, expected) in [
            (
                400,
                "InvalidParameterValue",
                "STS JWT Token has `azp` claim invalid, `azp` must match configured OpenID Client ID",
                Meaning::Audience,
            ),
            (400, "InvalidParameterValue", "No public key found for kid abc", Meaning::Keys),
            (400, "InvalidParameterValue", "crypto/rsa: verification error", Meaning::Keys),
            (400, "InvalidParameterValue", "token is expired by 5m0s", Meaning::Expired),
            (400, "InvalidParameterValue", "Token used before issued", Meaning::TooEarly),
            (400, "InvalidParameterValue", "Error processing RoleArn parameter: no", Meaning::Role),
            (400, "InvalidParameterValue", "None of the given policies (`x`) are defined", Meaning::NoPolicy),
            (400, "InvalidParameterValue", "Unsupported action GetCallerIdentity", Meaning::Unsupported),
            (403, "AccessDenied", "The request signature we calculated does not match the one", Meaning::Signature),
            (403, "AccessDenied", "The Access Key Id you provided does not exist in our records.", Meaning::AccessKey),
            (400, "ExpiredToken", "", Meaning::Expired),
            (503, "STSNotInitialized", "STS API not initialized, please try again.", Meaning::NotReady),
            (500, "Whatever", "", Meaning::NotReady),
            (405, "Whatever", "", Meaning::Unsupported),
            (429, "Whatever", "", Meaning::Throttled),
            (403, "Whatever", "", Meaning::Other),
            (404, "NoSuchEntity", "", Meaning::Role),
            (400, "InvalidParameterValue", "hm", Meaning::Other),
        ] {
            assert_eq!(meaning(code, message, status), expected, "{code} {message}");
        }
    }
}
