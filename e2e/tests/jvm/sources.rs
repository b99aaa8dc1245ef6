//! S3A works with keys of a Secret, and with what a container's endpoint gives.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::thread;

use crate::Test;
use crate::init::{Place, Volume};
use crate::java::Java;
use crate::world::{BUCKET, Hadoop, World};

/// The tests.
pub const ALL: &[Test] =
    &[("S3A works with the keys of a Secret", keys), ("S3A works with what a container's endpoint gives", container)];

const SIMPLE: &str = "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider";
const CHAINS: [&str; 2] = [
    "com.amazonaws.auth.DefaultAWSCredentialsProviderChain",
    "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider",
];
/// What the endpoint wants to see. Version 1 of the SDK takes it from a variable only.
const TOKEN: &str = "a-token-of-the-endpoint";

fn keys(world: &World, hadoop: &Hadoop) -> Result<(), String> {
    let folder = world.store.join("own.keys");
    for (version, secret) in [(hadoop.version.as_str(), ""), ("", "s3-keys")] {
        let settings = [
            ("CODRIVER_WAY", "keys"),
            ("CODRIVER_KEYS_DIR", folder.to_str().unwrap()),
            ("CODRIVER_KEYS_SECRET", secret),
            ("CODRIVER_HADOOP_VERSION", version),
        ];
        let volume = Volume::write(world, Place::Own, &settings)?;
        let mut java = Java::start(&hadoop.class_path, &volume.environment(), None);
        works(&mut java, &volume, hadoop, "keys", SIMPLE).map_err(|error| format!("version `{version}`: {error}"))?;
    }
    Ok(())
}

fn container(world: &World, hadoop: &Hadoop) -> Result<(), String> {
    let session = Volume::write(world, Place::Own, &[("CODRIVER_MODE", "session")])?;
    let core_site = fs::read_to_string(session.path("hadoop/core-site.xml")).unwrap();
    let url = serve(&core_site);
    let told = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", url.as_str()), ("AWS_CONTAINER_AUTHORIZATION_TOKEN", TOKEN)];
    for version in [hadoop.version.as_str(), ""] {
        let settings = [&told[..], &[("CODRIVER_WAY", "instance"), ("CODRIVER_HADOOP_VERSION", version)]].concat();
        let volume = Volume::write(world, Place::Own, &settings)?;
        let mut environment: BTreeMap<String, String> = volume.environment();
        // As the pod's specification gives them to the driver too.
        environment.extend(told.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let mut java = Java::start(&hadoop.class_path, &environment, None);
        let chain = CHAINS[usize::from(hadoop.numbers()[..] >= [3, 4, 0][..])];
        works(&mut java, &volume, hadoop, "container", chain)
            .map_err(|error| format!("version `{version}`: {error}"))?;
    }
    Ok(())
}

fn works(java: &mut Java, volume: &Volume, hadoop: &Hadoop, case: &str, provider: &str) -> Result<(), String> {
    let file = format!("s3://{BUCKET}/{}/{case}/file", hadoop.version);
    let found = java.ask("s3", &[volume.path("hadoop").to_str().unwrap(), &file])?;
    let expected = ["org.apache.hadoop.fs.s3a.S3AFileSystem", &format!("s3://{BUCKET}"), provider];
    if found == expected { Ok(()) } else { Err(format!("S3 was reached by {found:?}")) }
}

/// Serves the session that stands in a `core-site.xml`, as EKS Pod Identity and ECS serve theirs. Lives as long as the test.
fn serve(core_site: &str) -> String {
    let value = |name: &str| {
        let after = core_site.split_once(&format!("<name>{name}</name><value>")).unwrap().1;
        after.split_once('<').unwrap().0.to_owned()
    };
    let body = serde_json::json!({
        "AccessKeyId": value("fs.s3a.access.key"),
        "SecretAccessKey": value("fs.s3a.secret.key"),
        "Token": value("fs.s3a.session.token"),
        "Expiration": "2099-01-01T00:00:00Z",
    })
    .to_string();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/credentials", listener.local_addr().unwrap());
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|read| read > 0) {}
            let knows = head.to_ascii_lowercase().contains(&format!("\r\nauthorization: {TOKEN}\r\n"));
            let (status, body) = if knows { ("200 OK", body.as_str()) } else { ("401 Unauthorized", "{}") };
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n\
                 content-length: {length}\r\n\r\n{body}"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}
