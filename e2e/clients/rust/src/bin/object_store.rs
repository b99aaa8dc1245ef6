//! The object_store crate: puts and gets what each line of the input names, in the bucket of the first argument.

use std::error::Error;
use std::io::{Write as _, stdin, stdout};

use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::{ObjectStoreExt as _, path::Path};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let bucket = std::env::args().nth(1).expect("a bucket");
    let store = AmazonS3Builder::from_env().with_bucket_name(bucket).with_allow_http(true).build().expect("settings");
    for name in stdin().lines().map_while(Result::ok) {
        match round_trip(&store, &name).await {
            Ok(()) => println!("ok"),
            Err(error) => println!("failed {}", format!("{error:?}").replace('\n', " ")),
        }
        stdout().flush().expect("a reader");
    }
}

async fn round_trip(store: &AmazonS3, name: &str) -> Result<(), Box<dyn Error>> {
    let path = Path::from(name);
    store.put(&path, name.as_bytes().to_vec().into()).await?;
    let found = store.get(&path).await?.bytes().await?;
    if found == name.as_bytes() { Ok(()) } else { Err("another content".into()) }
}
