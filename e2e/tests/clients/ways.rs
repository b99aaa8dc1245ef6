//! Each way in which credentials come to codriver, with one client.

use std::path::Path;

use crate::Test;
use crate::client::Client;
use crate::expiries::goes_on;
use crate::pod::Pod;
use crate::world::{Known, World};

/// Their names and themselves; all other tests are by web identity.
pub const ALL: [(&str, Test); 3] = [
    ("keys: served as they are", keys),
    ("role chaining: the second role's credentials are renewed", role_chaining),
    ("instance: what an agent gives is renewed", instance),
];

fn keys(world: &World, client: &Known) -> Result<(), String> {
    let folder = world.store.join("own.keys");
    let pod = Pod::start(world, 1, &from_keys(&folder))?;
    Client::start(&pod, &called("keys", client)).round()?;
    let used = world.door.keys("/keys/");
    let given = std::fs::read_to_string(folder.join("AWS_ACCESS_KEY_ID")).unwrap();
    if used.iter().eq([given.trim()]) { Ok(()) } else { Err(format!("{used:?} was used, not {given}")) }
}

fn role_chaining(world: &World, client: &Known) -> Result<(), String> {
    let folder = world.store.join("own.keys");
    let settings = [&from_keys(&folder)[..], &[("CODRIVER_ASSUME_ROLE", "arn:minio:iam:::role/second")]].concat();
    let pod = Pod::start(world, 2, &settings)?;
    goes_on(world, &pod, &called("role-chaining", client))
}

fn instance(world: &World, client: &Known) -> Result<(), String> {
    // Another codriver is the agent.
    let token = world.pod()?.path("endpoint/token");
    let settings = [
        ("CODRIVER_WAY", "instance"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:8687/v1/credentials"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.to_str().unwrap()),
    ];
    let pod = Pod::start(world, 3, &settings)?;
    goes_on(world, &pod, &called("instance", client))
}

fn from_keys(folder: &Path) -> [(&'static str, &str); 3] {
    [("CODRIVER_WAY", "keys"), ("CODRIVER_KEYS_DIR", folder.to_str().unwrap()), ("CODRIVER_KEYS_SECRET", "s3-keys")]
}

fn called(name: &str, client: &Known) -> Known {
    Known { name: name.to_owned(), ..client.clone() }
}
