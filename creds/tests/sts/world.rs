//! Identities, credentials and answers for the tests.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use codriver_creds::{
    Credentials, Identity, Proxies, RoleArn, Roots, Secret, SessionName, Sts, StsKind, StsSettings, Token,
};

/// What must never be seen.
pub const SECRETS: [&str; 4] = [
    "c2lnbmF0dXJlIG9mIHRoZSB0b2tlbg",
    "ASIAEXAMPLEKEYID0001",
    "wJalrXUtnFEMI/EXAMPLESECRETKEY/0001",
    "FwoGZXIvYXdzEXAMPLESESSIONTOKEN0001==",
];

/// The time by our clock.
pub fn now() -> SystemTime {
    // 2026-11-23T02:00:00Z
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_399_200)
}

/// STS at this URL.
pub fn settings(url: &str) -> StsSettings {
    StsSettings {
        region: "eu-west-1".into(),
        endpoint: Some(url.to_owned()),
        roots: Roots::default(),
        attempts: 1,
        backoff: Duration::from_millis(1),
        fips: false,
        dual_stack: false,
        proxy: Proxies::default(),
    }
}

/// A client of STS at this host and port.
pub fn sts(address: &str) -> Sts {
    Sts::new(&settings(&format!("http://{address}")))
}

/// Who we want to be, for so many seconds.
pub fn identity(seconds: u64) -> Identity {
    Identity {
        role: RoleArn::parse("arn:aws:iam::123456789012:role/spark", StsKind::Aws).unwrap(),
        session: SessionName::of_pod("etl", "daily-0"),
        duration: Duration::from_secs(seconds),
        policy: None,
        policy_arns: Vec::new(),
    }
}

/// The token of a service account.
pub fn token() -> Token {
    let claims = r#"{"iss":"https://oidc.example.org","sub":"system:serviceaccount:etl:spark-driver","aud":["sts.amazonaws.com"],"exp":4102444800}"#;
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    Token::parse(format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(claims), SECRETS[0]).as_bytes()).unwrap()
}

/// Credentials of a role session, or a user's keys.
pub fn credentials(session: bool) -> Credentials {
    let secret = |text: &str| Secret::new(text.to_owned());
    Credentials {
        access_key_id: secret(SECRETS[1]),
        secret_access_key: secret(SECRETS[2]),
        session_token: session.then(|| secret(SECRETS[3])),
        expires: None,
    }
}

/// What STS says when it grants a role.
pub fn granted(action: &str, expiration: &str) -> String {
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>\
         <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/spark/etl.daily-0</Arn>\
         <AssumedRoleId>AROA:etl.daily-0</AssumedRoleId></AssumedRoleUser>\
         <Credentials><AccessKeyId>ASIAGIVEN</AccessKeyId><SecretAccessKey>given</SecretAccessKey>\
         <SessionToken>given-token</SessionToken><Expiration>{expiration}</Expiration></Credentials>\
         </{action}Result></{action}Response>"
    )
}

/// What STS says when it refuses.
pub fn error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )
}
