//! Any bytes as the answer of STS, through the SDK's own parser: no panic, an end in time, and errors without the secrets
//! of the request and of the answer.
//!
//! The first byte says which call it answers and how much of HTTP is there already.
#![no_main]

use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use codriver_creds::{
    Credentials, Identity, Proxies, RoleArn, Roots, Secret, SessionName, Sts, StsKind, StsSettings, Token,
};
use codriver_fuzz::never_said;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

/// What the request holds, and an answer may repeat.
const SIGNATURE: &str = "c2lnbmF0dXJlIG9mIHRoZSB0b2tlbg";
const KEY: &str = "wJalrXUtnFEMI/EXAMPLESECRETKEY/0001";
/// An answer that is there at once is judged at once.
const PATIENCE: Duration = Duration::from_secs(5);

static WORLD: LazyLock<(Runtime, TcpListener, Sts)> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let settings = StsSettings {
        region: "eu-west-1".into(),
        endpoint: Some(format!("http://{}", listener.local_addr().unwrap())),
        roots: Roots::default(),
        attempts: 1,
        backoff: Duration::from_millis(1),
        fips: false,
        dual_stack: false,
        proxy: Proxies::default(),
    };
    (runtime, listener, Sts::new(&settings))
});

fn token() -> Token {
    let claims = r#"{"iss":"https://oidc.example.org","sub":"system:serviceaccount:etl:spark-driver","aud":["sts.amazonaws.com"],"exp":4102444800}"#;
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    Token::parse(format!("{}.{}.{SIGNATURE}", part(r#"{"alg":"RS256"}"#), part(claims)).as_bytes()).unwrap()
}

fn identity() -> Identity {
    Identity {
        role: RoleArn::parse("arn:aws:iam::123456789012:role/spark", StsKind::Aws).unwrap(),
        session: SessionName::of_pod("etl", "daily-0"),
        duration: Duration::from_secs(3600),
        policy: None,
        policy_arns: Vec::new(),
    }
}

fn keys() -> Credentials {
    let secret = |text: &str| Secret::new(text.to_owned());
    Credentials {
        access_key_id: secret("AKIAEXAMPLEKEYID0001"),
        secret_access_key: secret(KEY),
        session_token: None,
        expires: None,
    }
}

/// The bytes on the wire.
fn answer(how: u8, rest: &[u8]) -> Vec<u8> {
    let status = match how / 3 % 4 {
        0 => return rest.to_vec(),
        1 => "200 OK",
        2 => "400 Bad Request",
        _ => "403 Forbidden",
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n", rest.len());
    [head.as_bytes(), rest].concat()
}

/// Answers every connection so, once it has been asked.
async fn serve(listener: &TcpListener, answer: &[u8]) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        let mut request = [0; 8192];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(answer).await;
        let _ = stream.shutdown().await;
        // Until the client has closed too: otherwise the answer is lost with what was not read of the request.
        while stream.read(&mut request).await.is_ok_and(|length| length > 0) {}
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((&how, rest)) = input.split_first() else { return };
    let (runtime, listener, sts) = &*WORLD;
    let answer = answer(how, rest);
    let call = async {
        match how % 3 {
            0 => {
                sts.assume_with_token(&identity(), &token(), SystemTime::UNIX_EPOCH).await.map(|all| format!("{all:?}"))
            }
            1 => sts.assume_with(&identity(), &keys(), SystemTime::UNIX_EPOCH).await.map(|all| format!("{all:?}")),
            _ => sts.caller(&keys(), SystemTime::UNIX_EPOCH).await.map(|all| format!("{all:?}")),
        }
    };
    let outcome = runtime.block_on(async {
        tokio::select! {
            outcome = tokio::time::timeout(PATIENCE, call) => outcome.expect("the answer was there at once"),
            () = serve(listener, &answer) => unreachable!("the server serves for ever"),
        }
    });
    let said = outcome.unwrap_or_else(|error| format!("{error} {error:?}"));
    for secret in [SIGNATURE, KEY] {
        assert!(!said.contains(secret), "a secret of the request is said: {said}");
    }
    assert!(said.len() < 64 * 1024, "a message of {} bytes", said.len());
    never_said(&said, rest, b"<SecretAccessKey>");
});
