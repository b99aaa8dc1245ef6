//! Any bytes as an answer of the API server: no panic, an end in time, and messages with a bound.
//!
//! The first byte says what was asked, and how much of HTTP is there already.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use codriver_init::preflight;
use codriver_kube::{Client, Collection, Config, Kind};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::runtime::{Builder, Runtime};

/// An answer that is there at once is judged at once.
const PATIENCE: Duration = Duration::from_secs(5);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());

fn answer(how: u8, rest: &[u8]) -> Vec<u8> {
    let status = match how / 3 % 4 {
        0 => return rest.to_vec(),
        1 => "200 OK",
        2 => "403 Forbidden",
        _ => "409 Conflict",
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", rest.len());
    [head.as_bytes(), rest].concat()
}

async fn serve(mut stream: DuplexStream, answer: Vec<u8>) {
    let mut request = [0; 8192];
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(&answer).await;
}

fuzz_target!(|input: &[u8]| {
    let Some((&how, rest)) = input.split_first() else { return };
    let answer = answer(how, rest);
    let config = Config::over(move || {
        let (ours, theirs) = tokio::io::duplex(16 * 1024);
        tokio::spawn(serve(theirs, answer.clone()));
        Ok(ours)
    });
    let ask = async {
        let client = Client::new(config);
        match how % 3 {
            0 => client.self_subject_rules("etl").await.map(|rules| {
                preflight::missing(&rules, preflight::Allocator::of(None)).map_or(String::new(), |missing| {
                    let _ = missing.severity();
                    missing.cause("etl", "spark-driver") + &missing.yaml("etl", "spark-driver")
                })
            }),
            1 => client.pod("etl", "daily-0").await.map(|_| String::new()),
            _ => {
                let pods =
                    Collection { kind: Kind::Pods, namespace: "etl", selector: "spark-role=executor", fields: "" };
                client.list_metadata(&pods, None, &mut |_| {}).await.map(|_| String::new())
            }
        }
    };
    let outcome = RUNTIME.block_on(async { tokio::time::timeout(PATIENCE, ask).await });
    let said = outcome.expect("the answer was there at once").unwrap_or_else(|error| error.to_string());
    assert!(said.len() < 64 * 1024, "a message of {} bytes", said.len());
});
