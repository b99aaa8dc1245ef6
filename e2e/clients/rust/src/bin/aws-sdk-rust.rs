//! The AWS SDK for Rust: puts and gets what each line of the input names, in the bucket of the first argument.

use std::error::Error;
use std::io::{Write as _, stdin, stdout};

use aws_config::BehaviorVersion;
use aws_sdk_s3::{Client, config::Builder, error::DisplayErrorContext};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let bucket = std::env::args().nth(1).expect("a bucket");
    let shared = aws_config::load_defaults(BehaviorVersion::latest()).await;
    let client = Client::from_conf(Builder::from(&shared).force_path_style(true).build());
    for name in stdin().lines().map_while(Result::ok) {
        match round_trip(&client, &bucket, &name).await {
            Ok(()) => println!("ok"),
            Err(error) => println!("failed {}", DisplayErrorContext(&*error)),
        }
        stdout().flush().expect("a reader");
    }
}

async fn round_trip(client: &Client, bucket: &str, name: &str) -> Result<(), Box<dyn Error>> {
    client.put_object().bucket(bucket).key(name).body(name.as_bytes().to_vec().into()).send().await?;
    let found = client.get_object().bucket(bucket).key(name).send().await?.body.collect().await?;
    if found.into_bytes() == name.as_bytes() { Ok(()) } else { Err("another content".into()) }
}
