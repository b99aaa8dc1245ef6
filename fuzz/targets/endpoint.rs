//! Any bytes to the credentials' endpoint: no panic, no credentials for who does not show the token, and the next client is
//! served. Also any bytes as a description, and as what an earlier start left behind.
//!
//! The first byte says which.
#![no_main]

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, SystemTime};

use codriver_creds::{Credentials, Secret};
use codriver_endpoint::{Description, gate::Gate, page, serve, shelf::Shelf};
use codriver_fuzz::SECRET;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// What a client must show. The fuzzer does not know it.
const TOKEN: &str = "5d41402abc4b2a76b9719d911017c592";
/// For it, in the input.
const SHOWN: &[u8] = b"TOKEN";
/// An answer that is there at once is read at once.
const PATIENCE: Duration = Duration::from_secs(3);
/// No answer of ours is longer.
const LONGEST: usize = 4096;

static WORLD: LazyLock<(Runtime, SocketAddr)> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let address = runtime.block_on(async {
        let shelf = Shelf::default();
        shelf.stock(credentials(), SystemTime::now());
        let listener = serve::bind("127.0.0.1:0".parse().unwrap()).unwrap().remove(0);
        let address = listener.local_addr().unwrap();
        let gate = Gate::new(TOKEN.as_bytes(), "/v1/credentials", address.port());
        tokio::spawn(Arc::new(serve::Server { gate, shelf, crowd: Mutex::default() }).serve(listener));
        address
    });
    (runtime, address)
});

fn credentials() -> Credentials {
    let secret = |text: &str| Secret::new(text.to_owned());
    Credentials {
        access_key_id: secret("ASIAEXAMPLE"),
        secret_access_key: secret(SECRET),
        session_token: Some(secret("session")),
        expires: None,
    }
}

/// All that the server says to it.
async fn answer(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that has heard enough may close before all is said.
    let _ = stream.write_all(request).await;
    let _ = stream.shutdown().await;
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said).await;
    said
}

fn request(input: &[u8]) {
    let (runtime, address) = &*WORLD;
    let text = String::from_utf8_lossy(input);
    // The port is another one each time, the token unknown: seeds have words for both.
    let shows = input.windows(SHOWN.len()).any(|window| window == SHOWN);
    let request = text.replace("TOKEN", TOKEN).replace("PORT", &address.port().to_string());
    let good = format!(
        "GET /v1/credentials HTTP/1.1\r\nHost: {address}\r\nAuthorization: {TOKEN}\r\nConnection: close\r\n\r\n"
    );
    runtime.block_on(async {
        let both = async { (answer(*address, request.as_bytes()).await, answer(*address, good.as_bytes()).await) };
        let (said, next) = tokio::time::timeout(PATIENCE, both).await.expect("an answer in time");
        let said = String::from_utf8_lossy(&said);
        assert!(shows || !said.contains(SECRET), "credentials without the token: {said}");
        assert!(shows || said.len() < LONGEST, "an answer of {} bytes", said.len());
        assert!(String::from_utf8_lossy(&next).contains(SECRET), "the next client is not served");
    });
}

fn earlier(input: &[u8]) {
    let Some(credentials) = page::parse(input) else { return };
    let said = format!("{credentials:?}");
    assert!(!said.contains(SECRET), "a secret is shown: {said}");
    // Our own pages have whole seconds since 1970, others need not.
    let ours = |credentials| page::parse(&page::credentials(credentials, SystemTime::UNIX_EPOCH)).unwrap();
    let once = ours(&credentials);
    assert_eq!(ours(&once), once);
}

fuzz_target!(|input: &[u8]| {
    let Some((&how, rest)) = input.split_first() else { return };
    match how % 3 {
        0 => request(rest),
        1 => earlier(rest),
        _ => {
            if let Ok(description) = Description::parse(rest) {
                assert!(description.address.ip().is_loopback() && description.path.starts_with('/'));
            }
        }
    }
});
